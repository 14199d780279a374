# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS

#: Messages that are ended between two commits.
END_SIZE = 500


class SmsDispatcher(models.AbstractModel):
    """What waits beyond the time at which it makes sense: it ends then.

    Not only at its turn, which may be far: its sender has stopped, its next try comes
    later. Until it ended it would be shown as waiting.
    """

    _inherit = "sms.dispatcher"

    @api.model
    def _get_expiring_source(self):
        """Return which messages end by time in the outbox: ``FROM … WHERE …``.

        :rtype: SQL
        """
        return SQL(
            """
                  FROM sms_sms sms
                  JOIN res_company company ON company.id = sms.record_company_id
                   AND company.sms_provider = ANY(%s)
                 WHERE sms.expires_at IS NOT NULL AND sms.state = 'outgoing'
            """,
            list(PROVIDERS),
        )

    @api.model
    def _end_expired(self):
        """End what has waited too long; what another worker is at is left to it."""
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.id %s AND sms.expires_at <= %s
              ORDER BY sms.expires_at
                 LIMIT %s
                   FOR UPDATE OF sms SKIP LOCKED
                """,
                self._get_expiring_source(),
                fields.Datetime.now(),
                END_SIZE,
            )
        )
        if rows:
            self._browse(rows)._ask_gate()
