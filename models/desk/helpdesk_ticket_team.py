# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError

from ...tools import verdicts
from ..core.mixins import count_linked
from ..message.res_users import LIMIT_TIME

#: Days after closing in which a text still goes to a ticket without a team; default
#: for teams.
REOPEN_DAYS = 7


def _is_usable(stage):
    """Return whether a stage is in use in the current company, the ticket's."""
    return stage.active and stage.company_id <= stage.env.company


class HelpdeskTicketTeam(models.Model):
    """Sets how a customer's text moves a team's tickets, and the team's limit."""

    _inherit = "helpdesk.ticket.team"

    sms_sender_ids = fields.One2many(
        "sms.sender",
        "team_id",
        string="Phone Numbers",
        groups="helpdesk_mgmt.group_helpdesk_user,"
        "helpdesk_mgmt_sms.group_sms_compliance",
        help="Texts to these numbers that are not about a ticket create one for this "
        "team, and the team's own texts are sent from them.",
    )
    sms_priority = fields.Selection(
        selection=lambda self: (
            self.env["helpdesk.ticket"]
            ._fields["priority"]
            ._description_selection(self.env)
        ),
        string="Priority of New Tickets",
        required=True,
        default="1",
        help="Priority of tickets created from texts.",
    )
    sms_reopen_days = fields.Integer(
        "Days After Closing",
        default=REOPEN_DAYS,
        help="If the customer has no open ticket, a text received within this many "
        "days after closing goes to the closed ticket. 0 to always create a new "
        "ticket.",
    )
    sms_reopen = fields.Boolean(
        "Reopen",
        default=True,
        help="A text to a closed ticket reopens it. Otherwise the ticket stays "
        "closed, and the text waits there for an answer.",
    )
    sms_reopen_stage_id = fields.Many2one(
        "helpdesk.ticket.stage",
        string="Reopen Into",
        domain="[('closed', '=', False), '|', ('team_ids', '=', False), "
        "('team_ids', '=', id)]",
        help="Leave empty for the team's first open stage.",
    )
    sms_answered_stage_ids = fields.Many2many(
        "helpdesk.ticket.stage",
        "helpdesk_ticket_team_sms_stage_rel",
        string="Moves From",
        domain="['|', ('team_ids', '=', False), ('team_ids', '=', id)]",
        help="A text from the customer moves the ticket out of these stages, where "
        "you are waiting for the customer.",
    )
    sms_answered_stage_id = fields.Many2one(
        "helpdesk.ticket.stage",
        string="Moves Into",
        domain="['|', ('team_ids', '=', False), ('team_ids', '=', id)]",
        help="The stage where it is your turn again.",
    )
    sms_ask_rating = fields.Boolean(
        "Ask for a Rating",
        help="When a ticket is closed, the customer is asked by text to reply with a "
        "rating from 1 to 5, instead of being told that it is closed.",
    )

    sms_unread_ticket_count = fields.Integer(
        "Conversations with Unread Texts", compute="_compute_sms_ticket_counts"
    )
    sms_waiting_ticket_count = fields.Integer(
        "Conversations Waiting for an Answer", compute="_compute_sms_ticket_counts"
    )
    sms_daily_limit = fields.Integer(
        "Texts in 24 Hours",
        help="Texts written by people on the team's tickets. Automatic texts do not "
        "count. 0 for no limit.",
    )

    _sms_reopen_days_positive = models.Constraint(
        "CHECK (sms_reopen_days BETWEEN 0 AND 3650)",
        "The days after closing cannot be negative, nor exceed ten years.",
    )

    def _compute_sms_ticket_counts(self):
        by = ("helpdesk.ticket", "team_id")
        count_linked(self, "sms_unread_ticket_count", *by, ("sms_unread_count", ">", 0))
        is_waiting = ("sms_waiting_since", "!=", False)
        count_linked(self, "sms_waiting_ticket_count", *by, is_waiting)

    @api.constrains("sms_reopen_stage_id")
    def _check_sms_reopen_stage(self):
        if any(team.sms_reopen_stage_id.closed for team in self):
            raise ValidationError(
                self.env._("Choose an open stage to reopen tickets into.")
            )

    def _get_sms_reopen_stage(self):
        """Return the stage, if any, into which closed tickets are reopened."""
        chosen = self.sms_reopen_stage_id.filtered(_is_usable)
        if chosen and not chosen.closed:
            return chosen
        stages = self._get_applicable_stages()
        return stages.filtered(lambda stage: not stage.closed)[:1]

    def _get_sms_answered_stage(self, stage):
        """Return the stage into which a text moves a ticket out of ``stage``, if any.

        Falls back to the settings for e-mails of OCA's
        ``helpdesk_ticket_partner_response``, if it is installed.
        """
        target = stage.browse()
        if self.sms_answered_stage_id and stage in self.sms_answered_stage_ids:
            target = self.sms_answered_stage_id
        elif "autoupdate_ticket_stage" in self._fields and (
            self.autoupdate_ticket_stage and stage in self.autopupdate_src_stage_ids
        ):
            target = self.autopupdate_dest_stage_id
        return target.filtered(_is_usable)

    def _count_sms_lately(self):
        """Count users' texts from the team's tickets in the last 24 hours."""
        self.ensure_one()
        tickets_sudo = self.env["helpdesk.ticket"].sudo()
        tickets_sudo = tickets_sudo.with_context(active_test=False)
        tickets = tickets_sudo._search([("team_id", "=", self.id)])
        domain = [
            ("mail_message_id.model", "=", "helpdesk.ticket"),
            ("mail_message_id.res_id", "in", tickets.subselect()),
            ("create_uid", "!=", SUPERUSER_ID),
            ("create_uid.share", "=", False),
            ("create_date", ">", fields.Datetime.now() - LIMIT_TIME),
            ("gate_verdict", "!=", verdicts.BLOCK),
        ]
        return self.env["sms.sms"].sudo().search_count(domain)
