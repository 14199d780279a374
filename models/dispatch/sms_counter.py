# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

#: What is counted.
SENT, DELIVERED, FAILED = ("sent", "delivered", "failed")


class SmsCounter(models.Model):
    """What has become of texts and calls since counting began, for a monitor.

    A counter must never fall, or its reader takes that for a restart. The messages
    cannot be counted for it: one that has failed and is sent again has not failed any
    more. Rows are only ever added, so nobody waits for a lock, and added up later.
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
        """Count something, in one statement.

        :param str name: what
        :param dict amounts: how many, by company (``res.company``)
        """
        if not amounts:
            return
        rows = [
            SQL("(%s, %s, %s, %s)", company.id or None, name, reason, amount)
            for company, amount in amounts.items()
        ]
        self.env.cr.execute(
            SQL(
                "INSERT INTO sms_counter (company_id, name, reason, amount) VALUES %s",
                SQL(", ").join(rows),
            )
        )

    @api.model
    def _merge(self):
        """Add up the rows, so that they stay few."""
        self.env.cr.execute(
            """
            WITH old AS (DELETE FROM sms_counter RETURNING *)
            INSERT INTO sms_counter (company_id, name, reason, amount)
            SELECT company_id, name, reason, sum(amount) FROM old GROUP BY 1, 2, 3
            """
        )

    @api.model
    def _read(self, company):
        """Return what was counted: ``{(name, reason or None): amount}``."""
        rows = self.env.execute_query(
            SQL(
                "SELECT name, reason, sum(amount) FROM sms_counter"
                " WHERE company_id = %s GROUP BY 1, 2",
                company.id,
            )
        )
        return {(name, reason): int(amount) for name, reason, amount in rows}
