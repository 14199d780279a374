# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from functools import partial

from odoo import api, fields, models

from ..tools import TICKET_MODEL
from .batch_retry import try_work_off
from .sms_automation_run import AT_ONCE, DONE, SKIPPED, WAITING

#: Rows that are worked off between two commits.
BATCH_SIZE = 50
#: So long after a fault of the database a ticket's rows are worked off again.
PAUSE = timedelta(minutes=10)


class SmsAutomationRun(models.Model):
    """Works off what was planned, when it is due."""

    _inherit = "sms.automation.run"

    @api.model
    def _run(self):
        """Text what is due (a cron)."""
        self._find_timed()
        self.env["ir.cron"]._commit_progress()
        size = BATCH_SIZE
        while self.search_count(self._get_due_domain(), limit=1):
            done = try_work_off(self, partial(self._work_off_some, size))
            if done is None:
                # One ticket that is locked for long must not keep the others waiting.
                done = self._put_off() if size == 1 else 0
                size = 1
            elif not done:
                break  # somebody else has them
            left = self.search_count(self._get_due_domain())
            if not self.env["ir.cron"]._commit_progress(done, remaining=left):
                break

    @api.model
    def _work_off_some(self, size):
        """Work off some rows that are due; return how many they were."""
        due = self._claim(size)
        due._work_off()
        return len(due)

    @api.model
    def _put_off(self):
        """Let the next ticket's rows wait, so that those after it get their turn."""
        due = self._claim(1)
        due.due_at = fields.Datetime.now() + PAUSE
        return len(due)

    @api.model
    def _get_due_domain(self):
        return [("state", "=", WAITING), ("due_at", "<=", fields.Datetime.now())]

    @api.model
    def _claim(self, size):
        """Return some rows that are due, locked until the next commit.

        With all that are due of their tickets: they may be one piece of work.

        :param int size: rows at most, those of their tickets aside
        """
        domain = self._get_due_domain()
        due = self.search(domain, order="due_at, id", limit=size)
        due |= self.search([*domain, ("res_id", "in", due.mapped("res_id"))])
        return due.sorted("id").try_lock_for_update()

    def _work_off(self):
        """Text about these rows, where what they were planned for still holds."""
        tickets = self.env[TICKET_MODEL].sudo().browse(self.mapped("res_id")).exists()
        known = {ticket.id: ticket for ticket in tickets}
        texted = self.browse()
        for ticket_id, rows in self._group():
            if ticket_id in known:
                texted |= rows._text(known[ticket_id])
        now = fields.Datetime.now()
        texted.write({"state": DONE, "done_at": now})
        (self - texted).write({"state": SKIPPED, "done_at": now})

    def _group(self):
        """Return the rows by what is one piece of work.

        That is what was planned at once in one transaction for one ticket.

        :return: ``[(ticket id, rows)]``
        """
        groups = {}
        for row in self:
            is_at_once = (row.occasion or "").startswith(AT_ONCE)
            key = (row.res_id, row.occasion if is_at_once else row.id)
            groups[key] = groups.get(key, self.browse()) | row
        return [(ticket_id, rows) for (ticket_id, _occasion), rows in groups.items()]

    def _text(self, ticket):
        """Text what one piece of work says about its ticket.

        :return: the rows of which a text was made
        """
        user = self.user_id[:1] or self.env.user
        engine = self.env["sms.automation"].with_user(user).sudo()
        found = [*engine._get_stage_rules(ticket), *engine._get_rules()]
        rules = {rule.automation_id: rule for rule in found}
        # What a shared automation has planned is texted by what took its place since.
        rules |= {
            rule.shared_id: rule
            for rule in found
            if rule.shared_id and rule.company_id == ticket.company_id.id
        }
        holding = {
            rule.automation_id: (rule, row)
            for row in self
            if (rule := rules.get(row.automation_id.id or 0))
            and row.fact == ticket._get_automation_fact(rule.trigger)
        }
        texts = engine._on_due(ticket, [rule for rule, _row in holding.values()])
        return self.browse().union(
            *(holding[text.rule.automation_id][1] for text in texts)
        )
