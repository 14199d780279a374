# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..tools import verdicts


class SmsAutomationReplayLine(models.TransientModel):
    """A text that would have been sent."""

    _name = "sms.automation.replay.line"
    _description = "Text of a Dry Run"
    _inherit = "sms.personal.data"
    _personal_company = "ticket_id.company_id"
    _is_counted = False
    _order = "happened_at desc, id"

    replay_id = fields.Many2one(
        "sms.automation.replay", required=True, ondelete="cascade"
    )
    happened_at = fields.Datetime("When", readonly=True)
    ticket_id = fields.Many2one("helpdesk.ticket", readonly=True, ondelete="cascade")
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, help="Empty: the text of the stage."
    )
    recipient = fields.Char("To", readonly=True)
    number = fields.Char(readonly=True)
    body = fields.Text("Text", readonly=True)
    verdict = fields.Selection(
        [(verdicts.SEND, "Sent"), (verdicts.HOLD, "Held"), (verdicts.BLOCK, "Blocked")],
        "Today",
        readonly=True,
    )
    reason = fields.Char("Why", readonly=True)
