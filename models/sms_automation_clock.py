# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import TICKET_MODEL, automation

#: What a clock should have found longer ago is past: the cron stood still.
TOO_LATE = timedelta(days=2)


class SmsAutomationRun(models.Model):
    """What a clock finds: who has waited for too long, whose deadline comes near."""

    _inherit = "sms.automation.run"

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

        The automation's own filters are asked when the row is worked off. What is
        there already is not merely refused: each refusal would use up an id.
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
                   AND NOT EXISTS (SELECT 1 FROM sms_automation_run known
                                    WHERE known.automation_id = rule.id
                                      AND known.res_model = %(model)s
                                      AND known.res_id = ticket.id
                                      AND known.occasion = %(column)s::text)
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
