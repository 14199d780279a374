# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import automation
from .sms_automation import TICKET_MODEL

WAITING, DONE, SKIPPED = "waiting", "done", "skipped"

#: Rows that are worked off between two commits.
BATCH_SIZE = 50
#: Done ones are kept so long: what a clock has found is not found again meanwhile.
KEPT = timedelta(days=60)
#: What a clock should have found longer ago is past: the cron stood still.
TOO_LATE = timedelta(days=2)


class SmsAutomationRun(models.Model):
    """What an automation is to text later, or what a clock has found.

    A row is worked off in the transaction that queues its messages, so a crash leaves
    either both or nothing. An automation has one row for a ticket (what happens again
    starts its time over), and for what a clock finds one for each ``occasion``: the
    unique key lets nothing be texted twice. Written by the engine alone.
    """

    _name = "sms.automation.run"
    _description = "Planned Text of an Automation"
    _order = "due_at desc, id desc"
    _rec_name = "automation_id"
    _log_access = False

    automation_id = fields.Many2one(
        "sms.automation", required=True, readonly=True, ondelete="cascade"
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    occasion = fields.Char(readonly=True, help="What a clock has found: a time (UTC).")
    fact = fields.Char(
        readonly=True, help="What must still be the same when the time has come."
    )
    happened_at = fields.Datetime(required=True, readonly=True)
    due_at = fields.Datetime(required=True, readonly=True)
    done_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            (WAITING, "Waiting"),
            (DONE, "Texted"),
            (SKIPPED, "Not texted: it no longer held, or nobody could get it"),
        ],
        required=True,
        readonly=True,
    )

    _occasion_unique = models.UniqueIndex(
        "(automation_id, res_model, res_id, occasion)"
    )
    _due_index = models.Index("(due_at) WHERE state = 'waiting'")

    # ------------------------------------------------------------------
    # Planning
    # ------------------------------------------------------------------

    @api.model
    def _plan(self, pairs):
        """Plan texts for later; what was planned for the same starts over.

        :param list pairs: of ``(ticket, tools.automation.Rule)``
        """
        now = fields.Datetime.now()
        values = [
            SQL(
                "(%s, %s, %s, '', %s, %s, %s, 'waiting')",
                rule.automation_id,
                record._name,
                record.id,
                record._get_automation_fact(rule.trigger),
                now,
                now + rule.delay,
            )
            for record, rule in pairs
        ]
        self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_automation_run AS planned (automation_id, res_model,
                       res_id, occasion, fact, happened_at, due_at, state)
                VALUES %s
                ON CONFLICT (automation_id, res_model, res_id, occasion)
                DO UPDATE SET fact = EXCLUDED.fact, state = EXCLUDED.state,
                       happened_at = EXCLUDED.happened_at, due_at = EXCLUDED.due_at,
                       done_at = NULL
                RETURNING id
                """,
                SQL(", ").join(values),
            )
        )
        self.invalidate_model(flush=False)
        self._wake({now + rule.delay for _record, rule in pairs})

    @api.model
    def _wake(self, moments):
        """Wake the cron, which is woken to the minute, after some times (UTC)."""
        minutes = {
            moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
            for moment in moments
        }
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_automation")
        cron.sudo()._trigger(sorted(minutes))

    @api.model
    def _wake_for_waiting(self, ticket):
        """Look again when a customer will have waited for too long."""
        rules = self.env["sms.automation"]._get_rules()
        leads = {rule.lead for rule in rules if rule.trigger == automation.NO_ANSWER}
        if leads and ticket.sms_waiting_since:
            self._wake({ticket.sms_waiting_since + lead for lead in leads})

    # ------------------------------------------------------------------
    # What a clock finds
    # ------------------------------------------------------------------

    @api.model
    def _find_timed(self):
        """Plan what the clock has found, for all automations of that kind."""
        self.env.flush_all()
        for rule in self.env["sms.automation"]._get_rules():
            source = rule.trigger in automation.TIMED and self._get_clock(rule)
            if source:
                self._find_by_clock(rule, *source)
        self.invalidate_model(flush=False)

    @api.model
    def _get_clock(self, rule):
        """Return where the times of a rule stand, and which of them have come.

        :return: ``(FROM with the alias "ticket", column of the time, condition)``
        """
        now = fields.Datetime.now()
        if rule.trigger == automation.NO_ANSWER:
            column = SQL("ticket.sms_waiting_since")
            until = now - rule.lead
            condition = SQL("%s BETWEEN %s AND %s", column, until - TOO_LATE, until)
            return SQL("helpdesk_ticket ticket"), column, condition
        source = self.env["sms.automation"]._get_deadline_source()
        if not source:
            return None
        if source == TICKET_MODEL:
            table, column = SQL("helpdesk_ticket ticket"), SQL("ticket.sla_deadline")
            is_open = SQL("TRUE")
        else:
            table = SQL(
                "helpdesk_ticket_sla sla JOIN helpdesk_ticket ticket "
                "ON ticket.id = sla.ticket_id"
            )
            column, is_open = SQL("sla.deadline"), SQL("sla.state = 'in_progress'")
        condition = SQL(
            "%s AND %s BETWEEN %s AND %s", is_open, column, now, now + rule.lead
        )
        return table, column, condition

    @api.model
    def _find_by_clock(self, rule, table, column, condition):
        """Plan one row for each open ticket whose time has come, once for each time.

        The automation's own filters are asked when the row is worked off.
        """
        reached = SQL("+") if rule.trigger == automation.NO_ANSWER else SQL("-")
        self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_automation_run (automation_id, res_model, res_id,
                       occasion, fact, happened_at, due_at, state)
                SELECT DISTINCT rule.id, %(model)s, ticket.id, %(column)s::text,
                       CASE WHEN rule.trigger = 'no_answer' THEN %(column)s::text
                            ELSE 'open' END,
                       %(now)s::timestamp, %(now)s::timestamp, 'waiting'
                  FROM %(table)s
                  JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
                  JOIN sms_automation rule ON rule.id = %(rule_id)s
                 WHERE %(condition)s AND ticket.active AND stage.closed IS NOT TRUE
                   AND %(column)s %(reached)s %(lead)s >= rule.in_force_since
                ON CONFLICT DO NOTHING
                RETURNING id
                """,
                model=TICKET_MODEL,
                table=table,
                column=column,
                condition=condition,
                reached=reached,
                lead=rule.lead,
                rule_id=rule.automation_id,
                now=fields.Datetime.now(),
            )
        )

    # ------------------------------------------------------------------
    # Working off
    # ------------------------------------------------------------------

    @api.model
    def _run(self):
        """Text what is due (a cron)."""
        self._find_timed()
        self.env["ir.cron"]._commit_progress()
        while due := self._claim():
            due._work_off()
            left = self.search_count(self._get_due_domain())
            if not self.env["ir.cron"]._commit_progress(len(due), remaining=left):
                break

    @api.model
    def _get_due_domain(self):
        return [("state", "=", WAITING), ("due_at", "<=", fields.Datetime.now())]

    @api.model
    def _claim(self):
        """Return some rows that are due, locked until the next commit."""
        due = self.search(self._get_due_domain(), order="due_at, id", limit=BATCH_SIZE)
        return due.try_lock_for_update()

    def _work_off(self):
        """Text about these rows, where what they were planned for still holds."""
        engine = self.env["sms.automation"].sudo()
        rules = {rule.automation_id: rule for rule in engine._get_rules()}
        tickets = self.env[TICKET_MODEL].sudo().browse(self.mapped("res_id")).exists()
        known = {ticket.id: ticket for ticket in tickets}
        texted = set()
        for row in self:
            rule, ticket = rules.get(row.automation_id.id), known.get(row.res_id)
            if (
                rule
                and ticket
                and row.fact == ticket._get_automation_fact(rule.trigger)
            ):
                made = engine._on_due(ticket, rule)
                texted.update(row.ids if made else ())
        now = fields.Datetime.now()
        done = self.browse(texted)
        done.write({"state": DONE, "done_at": now})
        (self - done).write({"state": SKIPPED, "done_at": now})

    @api.autovacuum
    def _gc_done(self):
        """Delete what was done long ago."""
        until = fields.Datetime.now() - KEPT
        self.search([("state", "!=", WAITING), ("done_at", "<", until)]).unlink()
