# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: A time further away must be a typing error: the text would wait for years.
LATEST = timedelta(days=366)


class SmsSendAt(models.AbstractModel):
    """Mixin for forms in which a user chooses when a text leaves."""

    _name = "sms.send.at"
    _description = "Chosen Time of a Text Message"

    send_at = fields.Datetime()

    @api.constrains("send_at")
    def _check_send_at(self):
        for form in self:
            if fault := form._get_send_at_fault():
                raise ValidationError(fault)

    def _get_send_at_fault(self):
        """Return what is wrong with the time, in words; empty if nothing is."""
        now = fields.Datetime.now()
        if self.send_at and self.send_at <= now:
            return self.env._(
                "“Send at” is in the past. Choose a later time, or leave it empty."
            )
        if self.send_at and self.send_at - now > LATEST:
            return self.env._(
                "“Send at” is more than a year away. Choose an earlier time."
            )
        return ""
