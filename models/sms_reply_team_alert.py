# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..tools import replies

ACKNOWLEDGED = "alert_acknowledged"
RESOLVED = "alert_resolved"
ESCALATED = "alert_escalated"
LATE = "alert_late"
WHICH = "alert_which"
TAKEN_BY_OTHER = "alert_taken_by_other"
RESOLVED_BY_OTHER = "alert_resolved_by_other"

#: What is said to who has done something.
DONE = {
    replies.ACKNOWLEDGE: ACKNOWLEDGED,
    replies.RESOLVE: RESOLVED,
    replies.ESCALATE: ESCALATED,
}


class SmsReply(models.Model):
    """Answers to what a colleague has answered about a team alert.

    Placeholders besides: {alert}, {name} (who has taken or resolved it), {time},
    {acknowledge}, {resolve}, {escalate} (its codes), {choices} (one alert a line).
    """

    _inherit = "sms.reply"

    code = fields.Selection(
        selection_add=[
            (ACKNOWLEDGED, "After a team alert is taken"),
            (RESOLVED, "After a team alert is resolved"),
            (ESCALATED, "After a team alert is passed on"),
            (LATE, "After an answer to a team alert that comes too late"),
            (WHICH, "After an answer that is no code of an open team alert"),
            (TAKEN_BY_OTHER, "To the others, when a team alert is taken"),
            (RESOLVED_BY_OTHER, "To the others, when a team alert is resolved"),
        ],
        ondelete=dict.fromkeys(
            (*DONE.values(), LATE, WHICH, TAKEN_BY_OTHER, RESOLVED_BY_OTHER), "cascade"
        ),
    )
