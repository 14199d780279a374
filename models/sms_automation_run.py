# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import automation

WAITING, DONE, SKIPPED = "waiting", "done", "skipped"

#: What the occasion of a text begins with that is due at once; a transaction follows.
AT_ONCE = "at once "
#: Done ones are kept so long: what a clock has found is not found again meanwhile.
KEPT = timedelta(days=60)


class SmsAutomationRun(models.Model):
    """What an automation, or a ticket's stage, is to text: at once or later.

    Planned in the transaction of what has happened and worked off in the one that
    queues its messages, so a crash leaves either both or nothing. The unique key lets
    nothing be texted twice: for a ticket an automation has one row of each transaction
    in which something happened, one for later (what happens again starts its time
    over), and one for each time that a clock finds. Written by the engine alone.
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
        "Record", model_field="res_model", required=True, readonly=True
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
        ondelete="set null",
        help="Who does it knows it, and is not told.",
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
        """Plan texts; what was planned for later for the same starts over.

        :param list pairs: of ``(ticket, tools.automation.Rule)``
        """
        now = fields.Datetime.now()
        at_once = SQL("%s || pg_current_xact_id()", AT_ONCE)
        values = [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s, 'waiting')",
                rule.automation_id or None,
                record._name,
                record.id,
                "" if rule.delay else at_once,
                record._get_automation_fact(rule.trigger),
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
        self._wake({now + rule.delay for _record, rule in pairs})

    @api.model
    def _wake(self, moments):
        """Wake the cron after some times (UTC): now, or else to the minute."""
        now = fields.Datetime.now()
        minutes = {
            moment
            if moment <= now
            else moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
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

    @api.autovacuum
    def _gc_done(self):
        """Delete what was done long ago."""
        until = fields.Datetime.now() - KEPT
        self.search([("state", "!=", WAITING), ("done_at", "<", until)]).unlink()
