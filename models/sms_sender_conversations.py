# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

from .sql_array import as_array


class SmsSender(models.Model):
    """People go on with the sender with which they have texted."""

    _inherit = "sms.sender"

    def _find_conversations(self, company, numbers, sender_ids):
        """Look at the texts of both sides, the newest first."""
        self.env["sms.sms"].flush_model()
        self.env["sms.inbound"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT person.number, texted.to_number, texted.received_at,
                       told.sender_id, told.claimed_at
                  FROM unnest(%(numbers)s) AS person (number)
             LEFT JOIN LATERAL (
                           SELECT to_number, received_at FROM sms_inbound
                            WHERE company_id = %(company)s
                              AND number = person.number
                              AND to_number = ANY(%(addresses)s)
                         ORDER BY id DESC LIMIT 1
                       ) AS texted ON TRUE
             LEFT JOIN LATERAL (
                           SELECT sender_id, claimed_at FROM sms_sms
                            WHERE record_company_id = %(company)s
                              AND number = person.number
                              AND sender_id = ANY(%(ids)s)
                              AND claimed_at IS NOT NULL
                         ORDER BY id DESC LIMIT 1
                       ) AS told ON TRUE
                """,
                numbers=as_array({number for number in numbers if number}, "varchar"),
                company=company.id,
                addresses=list(sender_ids),
                ids=list(sender_ids.values()),
            )
        )
        found = super()._find_conversations(company, numbers, sender_ids)
        return found | {
            number: sender_ids[to_number]
            if to_number and not (told_at and told_at > texted_at)
            else sender_id
            for number, to_number, texted_at, sender_id, told_at in rows
            if to_number or sender_id
        }
