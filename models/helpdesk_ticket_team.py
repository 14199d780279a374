# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: Days after its closing in which a text goes to a ticket, unless its team says so.
REOPEN_DAYS = 7


class HelpdeskTicketTeam(models.Model):
    """A team says what a customer's text does to its tickets."""

    _inherit = "helpdesk.ticket.team"

    sms_sender_ids = fields.One2many(
        "sms.sender",
        "team_id",
        string="Texted At",
        help="Texts to these numbers that are about no ticket make one for this team, "
        "and the texts of its tickets leave by them.",
    )
    sms_priority = fields.Selection(
        selection="_get_sms_priorities",
        string="Priority of New Tickets",
        required=True,
        default="1",
        help="Of tickets that a text makes.",
    )
    sms_reopen_days = fields.Integer(
        "Days After Closing",
        default=REOPEN_DAYS,
        help="A text within so many days after a ticket was closed goes to that "
        "ticket, if the customer has no open one. 0: it makes a new ticket.",
    )
    sms_reopen = fields.Boolean(
        "Reopen",
        default=True,
        help="A text to a closed ticket opens it again. If not, it stays closed, and "
        "the customer's text waits for an answer on it.",
    )
    sms_reopen_stage_id = fields.Many2one(
        "helpdesk.ticket.stage",
        string="Reopen Into",
        domain="[('closed', '=', False), '|', ('team_ids', '=', False), "
        "('team_ids', '=', id)]",
        help="Empty: the team's first stage that is not closed.",
    )
    sms_answered_stage_ids = fields.Many2many(
        "helpdesk.ticket.stage",
        "helpdesk_ticket_team_sms_stage_rel",
        string="Moves From",
        domain="['|', ('team_ids', '=', False), ('team_ids', '=', id)]",
        help="A text of the customer moves a ticket out of these stages: those in "
        "which you wait for the customer.",
    )
    sms_answered_stage_id = fields.Many2one(
        "helpdesk.ticket.stage",
        string="Moves Into",
        domain="['|', ('team_ids', '=', False), ('team_ids', '=', id)]",
        help="The stage in which it is your turn again.",
    )
    sms_ask_rating = fields.Boolean(
        "Ask How It Went",
        help="When a ticket is closed its customer is asked by text to reply 1 to 5. "
        "That takes the place of the text that tells them that it is closed.",
    )

    _sms_reopen_days_positive = models.Constraint(
        "CHECK (sms_reopen_days BETWEEN 0 AND 3650)",
        "The days after closing cannot be less than none, nor more than ten years.",
    )

    @api.model
    def _get_sms_priorities(self):
        """Return the priorities that a ticket may have."""
        field = self.env["helpdesk.ticket"]._fields["priority"]
        return field._description_selection(self.env)

    @api.constrains("sms_reopen_stage_id")
    def _check_sms_reopen_stage(self):
        """Refuse to reopen into a stage that is closed."""
        if any(team.sms_reopen_stage_id.closed for team in self):
            raise ValidationError(
                self.env._("Choose a stage that is not closed to reopen tickets into.")
            )

    def _get_sms_reopen_stage(self):
        """Return the stage into which a closed ticket of this team is reopened.

        Of no team: the stages that every team has. Empty if none is open.
        """
        chosen = self.sms_reopen_stage_id
        if chosen and chosen.active and not chosen.closed:
            return chosen
        stages = self._get_applicable_stages()
        return stages.filtered(lambda stage: not stage.closed)[:1]

    def _get_sms_answered_stage(self, stage):
        """Return the stage into which a text moves a ticket out of ``stage``, if any.

        What OCA's ``helpdesk_ticket_partner_response`` is told about mails counts for
        texts too, where it is installed and nothing else is said here.
        """
        if stage in self.sms_answered_stage_ids:
            target = self.sms_answered_stage_id
        elif self._fields.get("autoupdate_ticket_stage") and (
            self.autoupdate_ticket_stage and stage in self.autopupdate_src_stage_ids
        ):
            target = self.autopupdate_dest_stage_id
        else:
            target = stage.browse()
        return target.filtered("active")
