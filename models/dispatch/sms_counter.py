# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models

from ..core.bulk_insert import insert_many

#: Names of counters.
SENT, DELIVERED, FAILED = ("sent", "delivered", "failed")
#: Key in ``cr.precommit.data`` of the counts that are not written yet.
COUNTED = "helpdesk_mgmt_sms.counted"


class SmsCounter(models.Model):
    """Totals of sent, delivered and failed texts and calls, for a monitor.

    A counter must never decrease, or its reader assumes a restart. So messages cannot
    be counted instead: one that has failed and is sent again no longer counts as
    failed. Rows are only inserted, so that nobody waits for a lock, and merged later.
    """

    _name = "sms.counter"
    _description = "Counter of Text Messages"
    _log_access = False

    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    name = fields.Char(required=True, readonly=True)
    reason = fields.Char(readonly=True, help="The fault, for what has failed.")
    amount = fields.Integer(required=True, readonly=True)

    @api.model
    def _add(self, name, amounts, reason=None):
        """Count messages; a transaction's counts are written once, before its commit.

        :param str name: what is counted
        :param dict amounts: how many, by company (``res.company``)
        """
        precommit = self.env.cr.precommit
        if COUNTED not in precommit.data:
            precommit.data[COUNTED] = Counter()
            precommit.add(self._store)
        for company, amount in amounts.items():
            precommit.data[COUNTED][company.id or None, name, reason] += amount

    @api.model
    def _store(self):
        """Write the pending counts, one row per company, name and reason."""
        counted = self.env.cr.precommit.data.pop(COUNTED, {})
        rows = [
            {"company_id": company_id, "name": name, "reason": reason, "amount": amount}
            for (company_id, name, reason), amount in counted.items()
        ]
        insert_many(self, rows)

    @api.model
    def _merge(self):
        """Merge the rows of each counter, so that they stay few."""
        self._store()
        self.env.cr.execute(
            """
            WITH old AS (DELETE FROM sms_counter RETURNING *)
            INSERT INTO sms_counter (company_id, name, reason, amount)
            SELECT company_id, name, reason, sum(amount) FROM old GROUP BY 1, 2, 3
            """
        )

    @api.model
    def _read(self, company):
        """Return a company's totals: ``{(name, reason or None): amount}``."""
        self._store()
        own, keys = [("company_id", "=", company.id)], ["name", "reason"]
        rows = self._read_group(own, keys, ["amount:sum"])
        return {(name, reason or None): amount for name, reason, amount in rows}
