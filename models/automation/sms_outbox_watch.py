# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ...tools import TICKET_MODEL
from ..dispatch.sms_outbox_watch import STANDSTILL
from .sms_automation_run import WAITING


class SmsOutboxWatch(models.AbstractModel):
    """Watches planned texts, which are not in the outbox until they are created."""

    _inherit = "sms.outbox.watch"

    def _get_troubles(self, facts):
        return {
            **super()._get_troubles(facts),
            "automations": facts["planned_too_long"]
            and self.env._(
                "%s texts of automations and stages should have been created 15 "
                "minutes ago. Check that “Text Messages: work off the automations” is "
                "running.",
                facts["planned_too_long"],
            ),
        }

    def _get_facts(self, company):
        """Add how many planned texts are overdue."""
        tickets = self.env[TICKET_MODEL].with_context(active_test=False)
        count = self.env["sms.automation.run"].search_count(
            [
                ("state", "=", WAITING),
                ("due_at", "<", fields.Datetime.now() - STANDSTILL),
                ("res_id", "in", tickets._search([("company_id", "=", company.id)])),
            ]
        )
        return {**super()._get_facts(company), "planned_too_long": count}

    def _get_metric_words(self):
        return {
            **super()._get_metric_words(),
            "planned_too_long": "Texts of automations and stages that nobody makes.",
        }
