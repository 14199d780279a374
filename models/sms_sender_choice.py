# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS
from .sql_array import as_array


class SmsSender(models.Model):
    """Of several senders: for which countries one is, and who texts with it."""

    _inherit = "sms.sender"

    country_ids = fields.Many2many(
        "res.country",
        "sms_sender_country_rel",
        string="For Countries",
        help="Texts to these countries leave by it. Empty: to its own country, and to "
        "those for which there is no other.",
    )

    carrier_name = fields.Char("Carried By", compute="_compute_carrier_name")

    @api.depends("provider")
    def _compute_carrier_name(self):
        for sender in self:
            known = PROVIDERS.get(sender.provider)
            sender.carrier_name = known.name if known else sender.provider

    def _find_conversations(self, company, numbers, sender_ids):
        """Return by which sender each of some people has texted with us last.

        :param company: ``res.company``
        :param numbers: of people, E.164
        :param dict sender_ids: the ids of the senders that it may be, by address
        :return: id of a sender by number, without those who have not texted with any
        :rtype: dict
        """
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
        return {
            number: sender_ids[to_number]
            if to_number and not (told_at and told_at > texted_at)
            else sender_id
            for number, to_number, texted_at, sender_id, told_at in rows
            if to_number or sender_id
        }
