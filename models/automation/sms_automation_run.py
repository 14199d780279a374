# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, automation
from ..core.batch_jobs import try_work_off
from ..core.ir_cron import to_minutes

WAITING, DONE, SKIPPED = "waiting", "done", "skipped"
#: Prefix of the occasion of a text due at once, followed by the transaction's id.
AT_ONCE = "at once "
#: How long finished rows are kept, and longer until the time is past that a time-based
#: rule has found, or it would find the same deadline again.
KEPT = timedelta(days=60)
#: Rows processed between two commits.
BATCH_SIZE = 50
#: Delay before a ticket's rows are retried after a database error.
PAUSE = timedelta(minutes=10)
#: Occasions of waiting customers older than this, after a downtime, are skipped.
TOO_LATE = timedelta(days=2)


class SmsAutomationRun(models.Model):
    """A text planned by an automation or a ticket's stage, for at once or later.

    Planned in the transaction of the change, and marked as done in the one that queues
    its messages, so a crash leaves either both or nothing. The unique key prevents
    duplicates: for each ticket an automation has one row per transaction with a change,
    one for a delayed text (another change restarts its delay), and one per time found
    by a time-based rule. Written only by the engine.
    """

    _name = "sms.automation.run"
    _description = "Planned Text of an Automation"
    _order = "due_at desc, id desc"
    _rec_name = "automation_id"
    _log_access = False

    automation_id = fields.Many2one(
        "sms.automation",
        readonly=True,
        ondelete="cascade",
        help="Empty: the text of the stage that the ticket has reached.",
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Related Record", model_field="res_model", required=True, readonly=True
    )
    occasion = fields.Char(
        readonly=True,
        help="What a clock has found: a time (UTC). At once: in which transaction.",
    )
    fact = fields.Char(
        readonly=True, help="What must still be the same when the time has come."
    )
    user_id = fields.Many2one(
        "res.users",
        "Done By",
        readonly=True,
        help="The user who made the change is not texted.",
    )
    happened_at = fields.Datetime(required=True, readonly=True)
    due_at = fields.Datetime(required=True, readonly=True)
    done_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            (WAITING, "Waiting"),
            (DONE, "Texted"),
            (SKIPPED, "Not sent: conditions no longer met, or nobody could get it"),
        ],
        required=True,
        readonly=True,
    )

    _occasion_unique = models.UniqueIndex(
        "(automation_id, res_model, res_id, occasion)"
    )
    _due_index = models.Index("(due_at) WHERE state = 'waiting'")

    # === Planning ===

    @api.model
    def _plan(self, pairs):
        """Plan the texts of ``(ticket, Rule)`` pairs, and restart their delays."""
        self.flush_model()
        now = fields.Datetime.now()
        at_once = SQL("%s || pg_current_xact_id()", AT_ONCE)
        values = [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s, 'waiting')",
                rule.automation_id or None,
                record._name,
                record.id,
                "" if rule.delay else at_once,
                record._get_sms_fact(rule.trigger),
                self.env.uid,
                now,
                now + rule.delay,
            )
            for record, rule in pairs
        ]
        self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_automation_run AS planned (automation_id, res_model,
                       res_id, occasion, fact, user_id, happened_at, due_at, state)
                VALUES %s
                ON CONFLICT (automation_id, res_model, res_id, occasion)
                DO UPDATE SET fact = EXCLUDED.fact, state = EXCLUDED.state,
                       user_id = EXCLUDED.user_id, done_at = NULL,
                       happened_at = EXCLUDED.happened_at, due_at = EXCLUDED.due_at
                RETURNING id
                """,
                SQL(", ").join(values),
            )
        )
        self.invalidate_model(flush=False)
        self._skip_replaced(pairs)
        self._wake({now + rule.delay for _record, rule in pairs})

    @api.model
    def _skip_replaced(self, pairs):
        """Skip delayed texts of shared automations whose company's own begin anew."""
        begun = {
            (record.id, rule.shared_id)
            for record, rule in pairs
            if rule.delay and rule.shared_id
        }
        if begun:
            ticket_ids, automation_ids = zip(*begun, strict=True)
            again = Domain("occasion", "=", "") & Domain("res_id", "in", ticket_ids)
            waiting = self._find_waiting(automation_ids, again)
            waiting.filtered(
                lambda it: (it.res_id, it.automation_id.id) in begun
            )._skip()

    @api.model
    def _hand_back(self, rule):
        """Give the delayed texts of a company's own automation to the shared one."""
        shared, delayed = rule.shared_id, Domain("occasion", "=", "")
        if rule.trigger == shared.trigger:
            rows = self._find_waiting(rule.ids, delayed)
            former = delayed & Domain("automation_id", "=", shared.id)
            self.search(former & Domain("res_id", "in", rows.mapped("res_id"))).unlink()
            rows.automation_id = shared

    @api.model
    def _find_waiting(self, automation_ids, domain=Domain.TRUE):
        """Return the waiting rows of automations."""
        waiting = Domain("state", "=", WAITING)
        waiting &= Domain("automation_id", "in", automation_ids)
        return self.search(waiting & domain)

    def _skip(self):
        """Mark rows as not sent."""
        self.write({"state": SKIPPED, "done_at": fields.Datetime.now()})

    @api.model
    def _wake(self, moments):
        self.env["ir.cron"]._wake_sms("ir_cron_sms_automation", to_minutes(moments))

    @api.model
    def _wake_for_waiting(self, ticket):
        rules = self.env["sms.automation"]._get_rules()
        leads = {rule.lead for rule in rules if rule.trigger == automation.NO_ANSWER}
        if leads and ticket.sms_waiting_since:
            self._wake({ticket.sms_waiting_since + lead for lead in leads})

    @api.autovacuum
    def _gc_done(self):
        now = fields.Datetime.now()
        is_past = Domain("occasion", "<", fields.Datetime.to_string(now))
        is_past |= Domain("occasion", "=like", f"{AT_ONCE}%")
        is_done = Domain("state", "!=", WAITING) & Domain("done_at", "<", now - KEPT)
        self.search(is_done & is_past).unlink()

    # === Processing ===

    @api.model
    def _run(self):
        self._find_timed()
        self.env["ir.cron"]._commit_progress()
        size = BATCH_SIZE
        while self.search_count(self._get_due_domain(), limit=1):
            done = try_work_off(self, partial(self._work_off_some, size))
            if done is None:
                # A ticket that stays locked must not delay the others.
                done = self._put_off() if size == 1 else 0
                size = 1
            elif not done:
                break  # locked by another worker
            left = self.search_count(self._get_due_domain())
            if not self.env["ir.cron"]._commit_progress(done, remaining=left):
                break

    @api.model
    def _work_off_some(self, size):
        due = self._claim(size)
        due._work_off()
        return len(due)

    @api.model
    def _put_off(self):
        """Postpone the next ticket's rows, so that the following ones get a turn."""
        due = self._claim(1)
        due.due_at = fields.Datetime.now() + PAUSE
        return len(due)

    @api.model
    def _get_due_domain(self):
        return [("state", "=", WAITING), ("due_at", "<=", fields.Datetime.now())]

    @api.model
    def _claim(self, size):
        """Lock and return due rows, with all due rows of the same tickets."""
        domain = self._get_due_domain()
        due = self.search(domain, order="due_at, id", limit=size)
        due |= self.search([*domain, ("res_id", "in", due.mapped("res_id"))])
        return due.sorted("id").try_lock_for_update()

    def _work_off(self):
        """Send the texts of these rows whose fact still holds."""
        tickets = self.env[TICKET_MODEL].sudo().browse(self.mapped("res_id")).exists()
        known = {ticket.id: ticket for ticket in tickets}
        texted = self.browse()
        for (ticket_id, _turn), rows in self.grouped(lambda it: it._get_turn()).items():
            if ticket_id in known:
                texted |= rows._text(known[ticket_id])
        texted.write({"state": DONE, "done_at": fields.Datetime.now()})
        (self - texted)._skip()

    def _get_turn(self):
        """Return what rows of a ticket planned in the same transaction have alike."""
        is_at_once = (self.occasion or "").startswith(AT_ONCE)
        return self.res_id, self.occasion if is_at_once else self.id

    def _text(self, ticket):
        """Send the texts of one group, and return the rows that were sent."""
        user = self.user_id[:1] or self.env.user
        engine = self.env["sms.automation"].with_user(user).sudo()
        found = engine._get_rules()
        rules = {rule.automation_id: rule for rule in found}
        copies = {
            rule.shared_id: rule
            for rule in found
            if rule.shared_id and rule.company_id == ticket.company_id.id
        }
        holding = {
            rule.automation_id: (rule, row)
            for row in self
            if (rule := row._find_rule(ticket, rules, copies))
            and row.fact == ticket._get_sms_fact(rule.trigger)
        }
        texts = engine._on_due(ticket, [rule for rule, _row in holding.values()])
        sent = [holding[text.rule.automation_id][1] for text in texts]
        return self.browse().union(*sent)

    def _find_rule(self, ticket, rules, copies):
        """Return the rule that sends a row, or None.

        A row of a shared automation is sent by the company's copy, if made since.

        :param dict rules: by automation id
        :param dict copies: the company's own rules, by the id of the one they replace
        """
        automation_id = self.automation_id.id
        if not automation_id:
            is_first = (self.fact or "").startswith("first:")
            trigger = automation.FIRST_STAGE if is_first else automation.STAGE
            own = self.env["sms.automation"]._get_stage_rules(ticket, trigger)
            return next(iter(own), None)
        copy = copies.get(automation_id)
        is_alike = copy and copy.trigger == self.automation_id.trigger
        if is_alike and not self._is_left_to_clock(copy):
            return copy
        return rules.get(automation_id)

    def _is_left_to_clock(self, rule):
        """Return whether a time-based rule finds by itself what this row is about.

        It finds nothing whose time had come before it was in force.
        """
        occasion = self.occasion or ""
        is_timed = occasion and not occasion.startswith(AT_ONCE)
        if not is_timed or rule.trigger not in automation.TIMED:
            return False
        moment = fields.Datetime.to_datetime(occasion.partition(".")[0])
        is_after = rule.trigger == automation.NO_ANSWER
        reached = moment + rule.lead if is_after else moment - rule.lead
        own_sudo = self.env["sms.automation"].sudo().browse(rule.automation_id)
        since = own_sudo.in_force_since
        return bool(since and reached >= since)

    # === Time-based rules: waiting customers and deadlines ===

    @api.model
    def _find_timed(self):
        self.env.flush_all()
        for rule in self.env["sms.automation"]._get_rules():
            source = rule.trigger in automation.TIMED and self._get_clock(rule)
            if source:
                self._find_by_clock(rule, *source)
        self.invalidate_model(flush=False)

    @api.model
    def _get_clock(self, rule):
        """Return a rule's SQL: FROM (alias ``ticket``), time column, condition."""
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
        """Plan a row for each ticket whose time has come, once per time.

        A company's copy, even an archived one, replaces a shared automation here, since
        the copy has a time of its own. The filters are checked when the row is
        processed. Known rows are excluded rather than left to ON CONFLICT, which would
        use up ids. What was skipped is checked again once its ticket has changed.
        """
        reached = SQL("+") if rule.trigger == automation.NO_ANSWER else SQL("-")
        self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_automation_run AS known_run (automation_id, res_model,
                       res_id, occasion, fact, happened_at, due_at, state)
                SELECT DISTINCT rule.id, %(model)s, ticket.id, %(column)s::text,
                       CASE WHEN rule.trigger = 'no_answer' THEN %(column)s::text
                            ELSE 'open' END,
                       %(now)s::timestamp, %(now)s::timestamp, 'waiting'
                  FROM %(table)s
                  JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
                  JOIN sms_automation rule ON rule.id = %(rule_id)s
                 WHERE %(condition)s AND ticket.active
                   AND (stage.closed IS NOT TRUE OR rule.trigger = 'no_answer')
                   AND (rule.company_id IS NULL
                        OR rule.company_id = ticket.company_id)
                   AND NOT EXISTS (SELECT 1 FROM sms_automation own
                                    WHERE own.shared_id = rule.id
                                      AND own.company_id = ticket.company_id)
                   AND %(column)s %(reached)s %(lead)s >= rule.in_force_since
                   AND NOT EXISTS (SELECT 1 FROM sms_automation_run known
                                    WHERE known.automation_id = rule.id
                                      AND known.res_model = %(model)s
                                      AND known.res_id = ticket.id
                                      AND known.occasion = %(column)s::text
                                      AND (known.state != 'skipped'
                                           OR known.done_at >= ticket.write_date))
                ON CONFLICT (automation_id, res_model, res_id, occasion)
                DO UPDATE SET state = EXCLUDED.state, done_at = NULL,
                       due_at = EXCLUDED.due_at
                 WHERE known_run.state = 'skipped'
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
