# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .sms_redaction import FAILED, WAITING

REMOVED_WITHIN = timedelta(days=1)


class SmsOutboxWatch(models.AbstractModel):
    """Watches that texts are removed at the carrier within a day."""

    _inherit = "sms.outbox.watch"

    @api.model
    def _get_troubles(self, facts):
        """Add forgotten texts that are still at the carrier."""
        return {
            **super()._get_troubles(facts),
            "redaction": facts["not_removed"]
            and self.env._(
                "%s texts that were erased here are still at the carrier. See why "
                "under “Removal at the carrier”.",
                facts["not_removed"],
            ),
        }

    @api.model
    def _get_facts(self, company):
        """Add how many texts wait to be removed, and how many are overdue."""
        redactions = self.env["sms.redaction"].sudo()
        waiting = redactions.search_count(
            [("company_id", "=", company.id), ("state", "=", WAITING)]
        )
        limit = fields.Datetime.now() - REMOVED_WITHIN
        late = redactions.search_count(
            Domain("company_id", "=", company.id)
            & (
                Domain("state", "=", FAILED)
                | Domain([("state", "=", WAITING), ("queued_at", "<", limit)])
            )
        )
        facts = {"to_be_removed": waiting, "not_removed": late}
        return {**super()._get_facts(company), **facts}
