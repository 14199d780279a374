# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..providers.sandbox import SandboxProvider
from .sms_virtual_phone_messages import REACHED_STATES

CONTACT_LIMIT = 80
QUERY_LIMIT = 64


class SmsVirtualPhone(models.AbstractModel):
    """The virtual phone's list of numbers: contacts, open tickets, conversations.

    Names are read with the user's own rights; the texts are the company's.
    """

    _inherit = "sms.virtual.phone"

    # Contacts
    # ------------------------------------------------------------

    def _get_contacts(self, company, query):
        """Return the numbers to pick from, by a number of queries that is fixed."""
        query = str(query or "").strip()[:QUERY_LIMIT]
        names = self._find_names(company, query)
        last_words = self._get_last_words(company, self._words_condition(query, names))
        unnamed = [number for number in last_words if number not in names]
        names.update(self._names_by_number(company, unnamed))
        numbers = list(dict.fromkeys([*last_words, *names]))[:CONTACT_LIMIT]
        return [self._prepare_contact(number, names, last_words) for number in numbers]

    def _prepare_contact(self, number, names, last_words):
        """Return one number as the list shows it.

        :return: ``number`` (E.164), ``label`` (the same, readable), ``name`` (may be
            empty), ``last_body``, ``last_date`` (UTC or False)
        """
        last_body, last_date = last_words.get(number, ("", False))
        label = self.env["res.partner"]._phone_format(
            number=number, force_format="INTERNATIONAL"
        )
        return {
            "number": number,
            "label": label or number,
            "name": names.get(number, ""),
            "last_body": last_body or "",
            "last_date": last_date and fields.Datetime.to_string(last_date),
        }

    def _find_names(self, company, query):
        """Return names by number, of open tickets and of contacts that match."""
        digits = self._digits(query)
        partner_domain, ticket_domain = Domain.TRUE, Domain.TRUE
        if digits:
            partner_domain = Domain("phone_sanitized", "like", digits)
            ticket_domain = Domain("partner_phone_sanitized", "like", digits)
        elif query:
            partner_domain = Domain("complete_name", "ilike", query)
            ticket_domain = Domain("partner_name", "ilike", query)
        names = self._ticket_names(company, ticket_domain)
        names.update(self._partner_names(company, partner_domain))
        return names

    def _names_by_number(self, company, numbers):
        """Return the names that these numbers have, as far as the user may see them."""
        names = self._ticket_names(
            company, Domain("partner_phone_sanitized", "in", numbers)
        )
        names.update(
            self._partner_names(company, Domain("phone_sanitized", "in", numbers))
        )
        return names

    def _partner_names(self, company, domain):
        """Return contacts' names by number, under the user's own rights."""
        domain &= Domain("phone_sanitized", "!=", False)
        domain &= Domain("company_id", "in", [company.id, False])
        domain &= Domain("id", "!=", company.partner_id.id)
        partners = self.env["res.partner"].search_fetch(
            domain, ["name", "complete_name", "phone_sanitized"], limit=CONTACT_LIMIT
        )
        return {
            number: ", ".join(same.mapped(lambda p: p.name or p.complete_name or ""))
            for number, same in partners.grouped("phone_sanitized").items()
        }

    def _ticket_names(self, company, domain):
        """Return the names on open tickets by number, under the user's own rights."""
        domain &= Domain("partner_phone_sanitized", "!=", False)
        domain &= Domain("company_id", "=", company.id)
        domain &= Domain("closed", "=", False)
        tickets = self.env["helpdesk.ticket"].search_fetch(
            domain, ["partner_name", "partner_phone_sanitized"], limit=CONTACT_LIMIT
        )
        return {
            number: same[0].partner_name or ""
            for number, same in tickets.grouped("partner_phone_sanitized").items()
        }

    def _words_condition(self, query, names):
        """Return the SQL condition on ``number`` that goes with a search."""
        if not query:
            return SQL("number IS NOT NULL")
        known = SQL("number = ANY(%s)", list(names))
        if digits := self._digits(query):
            return SQL("(%s OR number LIKE %s)", known, f"%{digits}%")
        return known

    @staticmethod
    def _digits(query):
        """Return the digits of a query that is a piece of a number, else nothing.

        The leading zeros of national and 00 numbers are not part of E.164.
        """
        is_number = re.fullmatch(r"[\d\s()+./-]+", query)
        return re.sub(r"\D", "", query).lstrip("0") if is_number else ""

    def _get_last_words(self, company, condition):
        """Return the newest text of each number, the newest number first.

        :param SQL condition: on the column ``number``
        :return: ``{number: (body, date)}``
        """
        sms_model, inbound_model = self.env["sms.sms"], self.env["sms.inbound"]
        sms_model.flush_model(
            ["number", "body", "sent_at", "record_company_id", "provider", "state"]
        )
        inbound_model.flush_model(
            ["number", "body", "received_at", "company_id", "provider"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT number, body, date FROM (
                    SELECT DISTINCT ON (number) number, body, date FROM (
                        SELECT number, body, COALESCE(sent_at, create_date) AS date,
                               create_date, 1 AS rank
                          FROM sms_sms
                         WHERE record_company_id = %(company)s
                           AND provider = %(provider)s AND state = ANY(%(states)s)
                        UNION ALL
                        SELECT number, body, COALESCE(received_at, create_date),
                               create_date, 0
                          FROM sms_inbound
                         WHERE company_id = %(company)s AND provider = %(provider)s
                    ) texts
                     WHERE %(condition)s
                     ORDER BY number, date_trunc('second', date) DESC,
                              create_date DESC, rank DESC
                ) newest
                 ORDER BY date DESC LIMIT %(limit)s
                """,
                company=company.id,
                provider=SandboxProvider.code,
                states=list(REACHED_STATES),
                condition=condition,
                limit=CONTACT_LIMIT,
            )
        )
        return {number: (body, date) for number, body, date in rows}
