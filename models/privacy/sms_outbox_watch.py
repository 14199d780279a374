# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .sms_redaction import IS_IN_USE

REMOVED_WITHIN = timedelta(days=1)


class SmsOutboxWatch(models.AbstractModel):
    """Watches that erased texts are removed at the carrier within a day."""

    _inherit = "sms.outbox.watch"

    def _get_troubles(self, facts):
        return {
            **super()._get_troubles(facts),
            "redaction": facts["not_removed"]
            and self.env._(
                "%s texts that were erased here are still at the carrier. See why "
                "under “Removal at the carrier”.",
                facts["not_removed"],
            ),
        }

    def _get_facts(self, company):
        """Add how many texts are to be removed, and how many are overdue.

        Without those at a carrier that the company has left: nobody can remove them.
        """
        self.env.flush_all()
        query = """
            SELECT count(*) FILTER (WHERE state = 'waiting'),
                   count(*) FILTER (WHERE state = 'failed' OR queued_at < %s)
              FROM sms_redaction
             WHERE company_id = %s AND state IN ('waiting', 'failed') AND %s
        """
        limit = fields.Datetime.now() - REMOVED_WITHIN
        query = SQL(query, limit, company.id, IS_IN_USE)
        [[waiting, late]] = self.env.execute_query(query)
        facts = {"to_be_removed": waiting, "not_removed": late}
        return {**super()._get_facts(company), **facts}

    def _get_metric_words(self):
        words = "Erased texts that are still at the carrier after a day."
        return {**super()._get_metric_words(), "not_removed": words}
