# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

KNOWN = "incident_known"
MUTED = "incident_muted"
MUTE_NOTHING = "incident_mute_nothing"
UNMUTED = "incident_unmuted"
UNMUTE_NOTHING = "incident_unmute_nothing"


class SmsReply(models.Model):
    """Answers about an incident.

    Placeholders besides: {incident} (what has failed), {status_page}.
    """

    _inherit = "sms.reply"

    code = fields.Selection(
        selection_add=[
            (KNOWN, "To who texts in, or opens a ticket, during an incident"),
            (MUTED, "After MUTE"),
            (MUTE_NOTHING, "After MUTE, where they were texted of no incident"),
            (UNMUTED, "After UNMUTE"),
            (UNMUTE_NOTHING, "After UNMUTE, nothing is muted"),
        ],
        ondelete={
            code: "cascade"
            for code in (KNOWN, MUTED, MUTE_NOTHING, UNMUTED, UNMUTE_NOTHING)
        },
    )
