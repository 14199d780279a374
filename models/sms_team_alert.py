# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import replies, texts

OPEN, ACKNOWLEDGED, RESOLVED = ("open", "acknowledged", "resolved")

#: Characters of what is wrong: with codes and footer it stays within three segments.
WORDS_LIMIT = 300


class SmsTeamAlert(models.Model):
    """Something urgent that somebody of a team must take: told until they do.

    Raised by a person, an automation or a mail, never typed in as a record: raising it
    texts people. Whom it tells, and when next, is its plan's; it is answered by codes
    that are its own while it is open and some days after.
    """

    _name = "sms.team.alert"
    _description = "Team Alert"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char("What Is Wrong", required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    team_id = fields.Many2one(
        "helpdesk.ticket.team", required=True, readonly=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "sms.team.alert.plan", required=True, readonly=True, ondelete="restrict"
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket", readonly=True, ondelete="set null", index="btree_not_null"
    )
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, ondelete="set null", index="btree_not_null"
    )
    user_id = fields.Many2one(
        "res.users", "Raised By", readonly=True, help="Empty: nobody of us did."
    )
    origin = fields.Selection(
        [
            ("person", "A person"),
            ("automation", "An automation"),
            ("mail", "A mail"),
        ],
        required=True,
        readonly=True,
        default="person",
    )
    repeat_count = fields.Integer(
        "Reported Again", readonly=True, help="The same came again while it was open."
    )
    state = fields.Selection(
        [
            (OPEN, "Nobody has taken it"),
            (ACKNOWLEDGED, "Taken"),
            (RESOLVED, "Resolved"),
        ],
        required=True,
        readonly=True,
        default=OPEN,
        index=True,
        group_expand=True,
    )
    code_block = fields.Integer(
        readonly=True, help="Says which codes are its own: 0 has 4, 6, 8; 1 has 14 …"
    )

    created_at = fields.Datetime(
        "Raised", required=True, readonly=True, default=fields.Datetime.now
    )
    acknowledged_at = fields.Datetime("Taken", readonly=True)
    acknowledged_by_id = fields.Many2one("res.users", "Taken By", readonly=True)
    resolved_at = fields.Datetime("Resolved", readonly=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True)
    target_minutes = fields.Integer(
        "To Be Taken Within", readonly=True, help="Minutes, as its plan said."
    )
    is_in_time = fields.Boolean(
        "Taken in Time",
        compute="_compute_is_in_time",
        store=True,
        help="Somebody has taken it within the time that its plan wants.",
    )
    minutes_to_acknowledge = fields.Float(
        compute="_compute_is_in_time", store=True, aggregator="avg"
    )

    escalating_since = fields.Datetime(
        readonly=True,
        default=fields.Datetime.now,
        help="From when on the steps of the plan are counted.",
    )
    done_minutes = fields.Integer(
        readonly=True, default=-1, help="The steps up to this minute are done."
    )
    next_at = fields.Datetime(
        "Next Told", readonly=True, help="When the next step of the plan is due."
    )
    entry_ids = fields.One2many(
        "sms.team.alert.entry", "alert_id", "Timeline", readonly=True
    )

    _next_index = models.Index("(next_at) WHERE state = 'open' AND next_at IS NOT NULL")
    _code_index = models.Index("(company_id, code_block)")

    @api.depends("acknowledged_at", "created_at", "target_minutes")
    def _compute_is_in_time(self):
        for alert in self:
            if not alert.acknowledged_at:
                alert.is_in_time = False
                alert.minutes_to_acknowledge = 0
                continue
            took = alert.acknowledged_at - alert.created_at
            alert.is_in_time = took <= timedelta(minutes=alert.target_minutes)
            alert.minutes_to_acknowledge = took.total_seconds() / 60

    @api.model_create_multi
    def create(self, vals_list):
        """Give each alert codes of its own."""
        for vals in vals_list:
            vals["code_block"] = self._take_code_block(vals["company_id"])
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Keep what happened: it is on record who was told, and who took it."""
        raise UserError(self.env._("A team alert is kept."))

    # ------------------------------------------------------------------
    # Raising one
    # ------------------------------------------------------------------

    @api.model
    def _raise(self, team, words, **values):
        """Raise an alert and tell who is on call, all in this transaction.

        :param team: ``helpdesk.ticket.team`` whose people are told
        :param str words: what is wrong; put on one line
        :param values: further fields: ``plan_id``, ``ticket_id``, ``user_id`` …
        :return: the alert, in sudo
        :raises UserError: without words
        """
        plans = self.env["sms.team.alert.plan"].sudo()
        plan = plans.browse(values.get("plan_id") or ())
        ticket = (
            self.env["helpdesk.ticket"].sudo().browse(values.get("ticket_id") or ())
        )
        company = plan.company_id or ticket.company_id or team.sudo().company_id
        company = company or self.env.company
        name = texts.clean(texts.shorten(words, WORDS_LIMIT, sign="..."))
        if not name:
            raise UserError(self.env._("Say what is wrong."))
        plan = plan or plans._find(team, company)
        alert = self.sudo().create(
            {
                **values,
                "name": name,
                "company_id": company.id,
                "team_id": team.id,
                "plan_id": plan.id,
                "target_minutes": plan.target_minutes,
            }
        )
        alert._note_on_ticket(self.env._("Team alert raised: %s", name))
        alert._escalate(fields.Datetime.now())
        return alert

    def _note_again(self):
        """Note that the same was reported once more; nobody is told twice."""
        self.ensure_one()
        self.repeat_count += 1

    def _note_on_ticket(self, words):
        """Say on the ticket what becomes of its alert."""
        for ticket in self.ticket_id:
            ticket._message_log(body=words)

    # ------------------------------------------------------------------
    # Codes
    # ------------------------------------------------------------------

    @api.model
    def _take_code_block(self, company_id):
        """Return the lowest block of codes that no other alert has now.

        An alert keeps its codes while it is open and some days after. Two that are
        raised at once meet at a counter, so that the second one sees the first.
        """
        self.env["sms.rate.limit"].sudo()._is_over("team_alerts", str(company_id))
        self.flush_model(["company_id", "code_block", "state", "resolved_at"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT code_block FROM sms_team_alert
                 WHERE company_id = %s
                   AND (state != %s OR resolved_at > %s)
                """,
                company_id,
                RESOLVED,
                fields.Datetime.now() - replies.KEPT,
            )
        )
        return replies.find_free(block for (block,) in rows)

    def _get_codes(self):
        """Return the codes by what they do.

        :rtype: dict[str, str]
        """
        self.ensure_one()
        return replies.get_codes(self.code_block)
