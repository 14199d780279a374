# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..tools import timing, verdicts

#: Why the gate blocks what it would let pass at another time.
TIME_REASONS = {verdicts.EXPIRED, verdicts.TOO_MANY}


class SmsComposer(models.TransientModel):
    """Sends later: at a time that its author chooses, or when quiet hours end."""

    _name = "sms.composer"
    _inherit = ["sms.composer", "sms.send.at"]

    send_at = fields.Datetime(
        help="Leave it empty to send as soon as possible. Quiet hours may hold it."
    )
    sms_time_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="When it would leave, by the clock where the person is, if not at once.",
    )

    is_time_wrong = fields.Boolean(
        compute="_compute_sms_block_reason",
        help="It would not be sent at this time, and may be at another.",
    )

    def _get_time_note(self, decision, labels):
        """Return when a held message would leave, and why not before."""
        note = self.env["sms.sms"]._get_zone_note(
            decision.until, decision.when.place.zones
        )
        if decision.reason == timing.SCHEDULED:
            return note
        return f"{note}: {labels[decision.reason]}" if note else labels[decision.reason]
