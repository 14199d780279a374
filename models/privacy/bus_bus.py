# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class BusBus(models.Model):
    """Erases bus messages, which keep for a day what screens were told of a text."""

    _name = "bus.bus"
    _inherit = ["bus.bus", "sms.personal.data"]
    _forgets_last = True
    _is_counted = False

    @api.model
    def _find_personal(self, company, numbers):
        """Return the messages whose JSON contains a number or the body of a text."""
        messages = self.env["mail.message"]
        for name in ("sms.sms", "sms.inbound"):
            texts = self.env[name]._find_personal(company, numbers)
            messages |= texts.mail_message_id._filter_sms()
        bodies = {json.dumps(str(body)) for body in messages.mapped("body") if body}
        return self.search(
            Domain.custom(
                to_sql=lambda _model, alias, _query: SQL(
                    "EXISTS (SELECT 1 FROM unnest(%s) said"
                    " WHERE position(said IN %s) > 0)",
                    [*numbers, *bodies],
                    SQL.identifier(alias, "message"),
                )
            )
        )
