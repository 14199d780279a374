# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from ...providers import account
from ..core.bulk_insert import as_array


class SmsSender(models.Model):
    """Our numbers, as people text to them.

    A number may be that of one team. It may send for several companies, one of which
    receives the answers: to the people that it texts they are one sender, so what
    people text to it applies to all of these companies.
    """

    _inherit = "sms.sender"

    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        ondelete="set null",
        index="btree_not_null",
        domain="[('company_id', 'in', (company_id, False))]",
        help="Texts to this number that are not about a ticket create one for this "
        "team, and the team's own texts are sent from it.",
    )

    @api.model
    def _query_team(self, company, addresses):
        """Return the query for the company's active team whose number was texted.

        A number may have been given back and bought again: the one in use decides.
        """
        return SQL(
            """
            (SELECT team.id
               FROM (SELECT DISTINCT ON (address) address, team_id
                       FROM sms_sender
                      WHERE company_id = %(company)s AND address = ANY(%(addresses)s)
                        AND team_id IS NOT NULL
                   ORDER BY address, active DESC NULLS LAST, id DESC) AS own
               JOIN helpdesk_ticket_team team ON team.id = own.team_id
              WHERE team.active
                AND COALESCE(team.company_id, %(company)s) = %(company)s
           ORDER BY array_position(%(addresses)s, own.address::text) LIMIT 1)
            """,
            company=company.id,
            addresses=SQL("%s::text[]", addresses),
        )

    @api.model
    def _find_companies(self, inbound):
        """Return the companies that send from the texted number, the text's first."""
        ids = self._get_company_ids(inbound.provider, tuple(inbound._get_addresses()))
        return inbound.company_id | inbound.company_id.browse(ids)

    @api.model
    @ormcache("provider", "addresses")
    def _get_company_ids(self, provider, addresses):
        shared = Domain("provider", "=", provider) & Domain("address", "in", addresses)
        shared &= Domain("kind", "!=", account.SANDBOX)
        return self.sudo().search(shared).company_id._ids

    def _find_conversations(self, company, numbers, sender_ids):
        """Find the sender with which each person has texted last, either way."""
        self.env["sms.sms"].flush_model()
        self.env["sms.inbound"].flush_model()
        query = """
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
                          AND is_call IS NOT TRUE
                     ORDER BY id DESC LIMIT 1
                   ) AS told ON TRUE
        """
        people = {"numbers": as_array(set(filter(None, numbers)), "varchar")}
        ours = {"addresses": list(sender_ids), "ids": list(sender_ids.values())}
        rows = self.env.execute_query(SQL(query, company=company.id, **people, **ours))
        return super()._find_conversations(company, numbers, sender_ids) | {
            number: sender_ids[to_number]
            if to_number and not (told_at and told_at > texted_at)
            else sender_id
            for number, to_number, texted_at, sender_id, told_at in rows
            if to_number or sender_id
        }
