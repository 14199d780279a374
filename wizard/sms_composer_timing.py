# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import timing


class SmsComposer(models.TransientModel):
    """Sends later: at a time that its author chooses, or when quiet hours end."""

    _inherit = "sms.composer"

    send_at = fields.Datetime(
        help="Leave it empty to send as soon as possible. Quiet hours may hold it."
    )
    sms_time_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="When it would leave, by the clock where the person is, if not at once.",
    )

    @api.constrains("send_at")
    def _check_send_at(self):
        """Refuse a time that has passed."""
        now = fields.Datetime.now()
        if any(composer.send_at and composer.send_at <= now for composer in self):
            raise ValidationError(
                self.env._(
                    "“Send at” has passed: choose a time that is still to come, or "
                    "leave it empty."
                )
            )

    def _get_time_note(self, decision, labels):
        """Return when a held message would leave, and why not before.

        :param tools.gate.Decision decision: a hold
        :param dict labels: the gate's reasons in words
        """
        note = self.env["sms.sms"]._get_zone_note(
            decision.until, decision.when.place.zones
        )
        if decision.reason == timing.SCHEDULED:
            return note
        return f"{note}: {labels[decision.reason]}" if note else labels[decision.reason]
