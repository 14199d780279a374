# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
import base64
from itertools import chain

from psycopg2 import DataError, ProgrammingError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, formatLang, split_every

from ...tools import import_rows, tabular
from ...tools.verdicts import HAVE_GOT, HAVE_OR_WILL
from ..core.bulk_insert import INSERT_SIZE, insert_columns
from ..message.res_partner import NOBODY
from .sms_broadcast import AREAS, CONTACTS, LIST, PAUSED, RUNNING, TICKETS
from .sms_broadcast_recipient import DUPLICATE, MUTED, NEW, NO_NUMBER, WILL
from .sms_incident import RESOLVED

#: Most people of one broadcast, and most characters of a filter.
MAX_PEOPLE = tabular.MAX_ROWS
MAX_FILTER = 10_000
#: What Odoo raises for filters that name missing fields or operators.
BAD_FILTER = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError)
#: Characters kept of a cell of a list.
MAX_NUMBER, MAX_NAME = 64, 200


class SmsBroadcast(models.Model):
    """Selects the recipients: by areas, a filter of contacts or tickets, or a list.

    News about an incident goes to those who were told before.

    A filter is applied with the author's rights, in the broadcast's company. The rows
    of a list become recipients; its file is not kept.
    """

    _inherit = "sms.broadcast"

    audience = fields.Selection(
        [
            (AREAS, "Areas and services"),
            (CONTACTS, "A filter of contacts"),
            (TICKETS, "A filter of tickets"),
            (LIST, "A list (CSV or XLSX)"),
        ],
        "Whom",
        required=True,
        default=AREAS,
    )
    filter_domain = fields.Char(
        "Filter", default="[]", help="It is applied again when the broadcast leaves."
    )
    saved_filter_id = fields.Many2one(
        "ir.filters",
        store=False,
        help="One of the favorites of the list of contacts or tickets. Its conditions "
        "are copied.",
    )
    list_file = fields.Binary(
        "List",
        attachment=True,
        copy=False,
        groups="helpdesk_mgmt.group_helpdesk_manager",
        help="CSV or XLSX with a column of phone numbers, and one of names if you "
        "like. It gives nobody's consent.",
    )
    list_name = fields.Char(copy=False)

    @api.onchange("audience")
    def _onchange_audience(self):
        """Start with an empty filter and a text that fits the audience."""
        self.filter_domain, self.saved_filter_id = "[]", False
        if self.audience != AREAS and self.body == self._default_body():
            self.body = self.env._(
                "[System Alert] A major network outage is affecting our services. Our "
                "team is investigating, and we will send updates."
            )

    @api.onchange("saved_filter_id")
    def _onchange_saved_filter_id(self):
        if self.saved_filter_id:
            self.filter_domain = self.saved_filter_id.domain

    def _check_audience(self):
        if self.audience == AREAS:
            if not self.area_ids:
                raise UserError(self.env._("Choose the areas first."))
        elif self.audience != LIST:
            self._read_filter()
        elif not (self.sudo().list_file or self.sudo().recipient_ids[:1].row):
            raise UserError(self.env._("Upload the list first."))

    def _as_author(self):
        """Return the broadcast with the rights of its author.

        In its company and without the context of whoever presses a button, so that the
        same people are selected when it is sent.
        """
        author, companies = self.user_id, self.company_id | self.user_id.company_ids
        if not self._find_author() and author.id != SUPERUSER_ID:
            words = self.env._(
                "%s, who prepared it, has left the company. Check it again.",
                author.name,
            )
            raise UserError(words)
        # Replacing the whole context is intended here.
        # pylint: disable-next=context-overridden
        return self.with_user(author).with_context(
            {"allowed_company_ids": companies.ids, "lang": author.lang, "tz": author.tz}
        )

    # === Selection ===

    def _check_told(self):
        """Raise a UserError if nobody was told yet, or earlier texts are unfinished."""
        others = self.incident_id.broadcast_ids - self
        if not any(others.mapped("started_at")):
            words = self.env._(
                "Nobody has been told about the incident yet. Announce it first."
            )
            raise UserError(words)
        if obstacle := others._describe_busy():
            raise UserError(obstacle)

    def _describe_busy(self):
        """Return that one of the broadcasts is in progress, or False."""
        busy = self.filtered(lambda it: it.state in (*RUNNING, PAUSED))
        return bool(busy) and self.env._(
            "“%s” is still in progress. Wait for it to finish, or cancel it.",
            busy[0].name,
        )

    def _select_recipients(self):
        """Store those who were told before, or else the whole audience, each once.

        One statement per area. Of several people with one number the first gets it.
        Those who have muted the incident are marked.
        """
        self.sudo().longest = False
        self.env.flush_all()
        if self._is_follow_up():
            self._delete_recipients()
            self._select_told()
        else:
            self._select_audience()
        if self.incident_id:
            self._mark_muted()
        self.env["sms.broadcast.recipient"].invalidate_model()

    def _select_audience(self):
        if self.audience == LIST:
            self._select_listed()
            return
        self._delete_recipients()
        author = self._as_author()
        if self.audience == AREAS:
            for area in author.area_ids:
                domain = area._get_contact_domain()
                self._select_contacts(area.env["res.partner"], domain, area.id)
                if area.takes_subscribers:
                    self._select_subscribers(area)
        else:
            self._select_filtered(author)
        self._mark_unreachable()

    def _delete_recipients(self):
        self.env.cr.execute(
            "DELETE FROM sms_broadcast_recipient WHERE broadcast_id = %s", [self.id]
        )

    def _select_told(self):
        """Store the recipients whom earlier texts about the incident have reached.

        And those who were mailed, who may have agreed to texts since.
        """
        self._store_told(NEW)
        self.env.cr.execute(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, partner_id, area_id, number, lang, outcome)
            SELECT DISTINCT ON (told.partner_id) %(broadcast)s, told.partner_id,
                   told.area_id, NULLIF(partner.phone_sanitized, ''),
                   partner.lang, 'new'
              FROM sms_broadcast_recipient told
              JOIN sms_broadcast before ON before.id = told.broadcast_id
              JOIN res_partner partner ON partner.id = told.partner_id
             WHERE before.incident_id = %(incident)s
               AND before.id != %(broadcast)s AND told.mail_outcome = 'mailed'
          ORDER BY told.partner_id, told.id
                ON CONFLICT (broadcast_id, partner_id) DO NOTHING
            """,
            {"broadcast": self.id, "incident": self.incident_id.id},
        )
        self._mark_unreachable()

    def _add_told(self):
        """Add to the end those whom an earlier text has reached since the check.

        Once the end has begun, texts that still wait are cancelled.

        :return: how many there are
        """
        if self.kind != RESOLVED:
            return 0
        self.env.flush_all()
        count = self._store_told(WILL)
        self.env["sms.broadcast.recipient"].invalidate_model()
        return count

    def _store_told(self, outcome):
        """Store who was told before and is no recipient yet; return their number.

        By the number that was texted last, even if the contact's has changed. Those
        who still wait for an earlier text get news in its place, but not the end; so do
        those for whom news that was cancelled had replaced it.
        """
        states = HAVE_GOT if self.kind == RESOLVED else HAVE_OR_WILL
        self.env.cr.execute(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, partner_id, area_id, number, lang, outcome)
            SELECT DISTINCT ON (last.number) %(broadcast)s, last.partner_id,
                   last.area_id, last.number,
                   COALESCE(partner.lang, last.lang), %(outcome)s
              FROM (
                  SELECT DISTINCT ON (person) told.*,
                         COALESCE(told.partner_id::varchar, told.number) AS person
                    FROM sms_broadcast_recipient told
                    JOIN sms_broadcast before ON before.id = told.broadcast_id
                    JOIN sms_sms sms ON sms.id = told.sms_id
                   WHERE before.incident_id = %(incident)s
                     AND before.id != %(broadcast)s
                     AND told.number IS NOT NULL
                     AND (sms.state = ANY(%(states)s)
                          OR %(is_news)s AND sms.failure_type = 'sms_replaced')
                ORDER BY person, told.id DESC
              ) last
         LEFT JOIN res_partner partner ON partner.id = last.partner_id
             WHERE NOT EXISTS (SELECT 1 FROM sms_broadcast_recipient noted
                                WHERE noted.broadcast_id = %(broadcast)s
                                  AND noted.number = last.number)
          ORDER BY last.number, last.id
                ON CONFLICT (broadcast_id, partner_id) DO NOTHING
            """,
            {
                "broadcast": self.id,
                "outcome": outcome,
                "incident": self.incident_id.id,
                "states": list(states),
                "is_news": self.kind != RESOLVED,
            },
        )
        return self.env.cr.rowcount

    def _select_contacts(self, partners, domain, area_id=None, limit=None):
        """Store a domain's contacts, with rights of ``partners``; return how many."""
        found = partners._search(domain & self._get_company_domain(), limit=limit)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_broadcast_recipient
                       (broadcast_id, partner_id, area_id, number, lang, outcome)
                SELECT %s, partner.id, %s, NULLIF(partner.phone_sanitized, ''),
                       partner.lang, %s
                  FROM res_partner partner
                 WHERE partner.id IN %s
              ORDER BY partner.id
                    ON CONFLICT (broadcast_id, partner_id) DO NOTHING
                """,
                self.id,
                area_id,
                NEW,
                found.subselect(),
            )
        )
        return self.env.cr.rowcount

    def _get_company_domain(self):
        """Return the domain of contacts or tickets that the company may text."""
        return Domain("company_id", "in", [False, self.company_id.id])

    def _select_subscribers(self, area):
        """Store an area's subscribers whose number is not yet a recipient's.

        Nor is it one's whose login has only typed it.
        """
        self.env.cr.execute(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, area_id, number, lang, outcome)
            SELECT %(broadcast)s, %(area)s, sub.number, sub.lang, %(new)s
              FROM sms_subscription sub
             WHERE sub.area_id = ANY(%(areas)s) AND sub.company_id = %(company)s
               AND sub.state = 'active' AND sub.number IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM sms_broadcast_recipient noted
                                WHERE noted.broadcast_id = %(broadcast)s
                                  AND noted.number = sub.number
                                  AND NOT EXISTS (
                                      SELECT 1 FROM sms_number_claim claim
                                       WHERE claim.partner_id = noted.partner_id
                                         AND claim.number = noted.number
                                         AND claim.typed_at IS NOT NULL
                                         AND claim.confirmed_at IS NULL))
          ORDER BY sub.id
            """,
            {
                "broadcast": self.id,
                "area": area.id,
                "areas": area._get_subscribed_ids(),
                "company": self.company_id.id,
                "new": NEW,
            },
        )

    def _mark_unreachable(self):
        """Mark recipients without a number, or with that of an earlier one.

        A number that a login has only typed is rather that of the others.
        """
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient own
               SET outcome = CASE WHEN own.number IS NULL THEN %s ELSE %s END
              FROM (SELECT noted.id,
                           row_number() OVER (
                               PARTITION BY noted.number
                               ORDER BY claim.id IS NOT NULL, noted.id) AS place
                      FROM sms_broadcast_recipient noted
                 LEFT JOIN sms_number_claim claim
                        ON claim.partner_id = noted.partner_id
                       AND claim.number = noted.number
                       AND claim.typed_at IS NOT NULL AND claim.confirmed_at IS NULL
                     WHERE noted.broadcast_id = %s
                   ) AS found
             WHERE own.id = found.id AND (own.number IS NULL OR found.place > 1)
            """,
            [NO_NUMBER, DUPLICATE, self.id],
        )

    def _mark_muted(self):
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient own SET outcome = %s
             WHERE own.broadcast_id = %s AND own.outcome IN (%s, %s)
               AND EXISTS (SELECT 1 FROM sms_incident_mute mute
                            WHERE mute.incident_id = %s AND mute.ended_at IS NULL
                              AND mute.number = own.number)
            """,
            [MUTED, self.id, NEW, DUPLICATE, self.incident_id.id],
        )

    # === Filter ===

    def _read_filter(self):
        """Return the filter as a domain.

        Parsed with ``literal_eval``, so nothing in it is executed.

        :raises UserError: for an invalid filter, and for one that matches everybody
        """
        text = self.filter_domain or "[]"
        try:
            if len(text) > MAX_FILTER:
                raise ValueError
            domain = Domain(ast.literal_eval(text))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            reason = self.env._(
                "The filter cannot be read. Build it again; for dates enter words "
                "such as “today -7d”."
            )
            raise UserError(reason) from None
        if domain.is_true():
            raise UserError(
                self.env._("The filter would be everybody. Add a condition.")
            )
        return domain

    def _select_filtered(self, author):
        """Store the people who match the filter now.

        :raises UserError: if it cannot be applied, or matches nobody or too many
        """
        domain, model = self._read_filter(), author.env[self.audience]
        is_contacts = self.audience == CONTACTS
        select = self._select_contacts if is_contacts else self._select_customers
        try:
            with self.env.cr.savepoint(flush=False):
                count = select(model, domain, limit=MAX_PEOPLE + 1)
        except BAD_FILTER as error:
            words = self.env._(
                "The filter cannot be applied. A field may be gone: %s Build it again.",
                str(error)[:200],
            )
            raise UserError(words) from error
        except (DataError, ProgrammingError) as error:
            reason = self.env._(
                "The filter cannot be applied: a value does not fit its field. "
                "Build it again."
            )
            raise UserError(reason) from error
        if not count:
            raise UserError(self.env._("Nobody matches the filter. Change it."))
        if count > MAX_PEOPLE:
            most = formatLang(self.env, MAX_PEOPLE, 0)
            raise UserError(
                self.env._(
                    "More than %s people match the filter. Add conditions.", most
                )
            )

    def _select_customers(self, tickets, domain, limit):
        """Store the customers of the tickets in a domain, with their newest number.

        A customer without a contact counts by number; a ticket with neither counts
        once, as a recipient without a number.

        :param tickets: ``helpdesk.ticket`` with the rights to apply
        :return: the number of recipients
        """
        own_company = self._get_company_domain()
        partners = tickets.env["res.partner"]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_broadcast_recipient
                       (broadcast_id, partner_id, number, lang, name, outcome)
                SELECT DISTINCT ON (ticket.who) %(broadcast)s, ticket.partner_id,
                       COALESCE(ticket.partner_phone_sanitized,
                                NULLIF(partner.phone_sanitized, '')),
                       partner.lang,
                       CASE WHEN ticket.partner_id IS NULL
                            THEN ticket.partner_name END,
                       %(new)s
                  FROM (
                      SELECT *, COALESCE('contact ' || partner_id,
                                         partner_phone_sanitized,
                                         'ticket ' || id) AS who
                        FROM helpdesk_ticket
                       WHERE id IN %(tickets)s
                  ) AS ticket
             LEFT JOIN res_partner partner ON partner.id = ticket.partner_id
                 WHERE ticket.partner_id IS NULL OR ticket.partner_id IN %(partners)s
              ORDER BY ticket.who, ticket.id DESC
                 LIMIT %(limit)s
                """,
                broadcast=self.id,
                new=NEW,
                tickets=tickets._search(domain & own_company).subselect(),
                partners=partners._search(own_company).subselect(),
                limit=limit,
            )
        )
        return self.env.cr.rowcount

    # === List ===

    def _select_listed(self):
        """Store the rows of a new list, or reset those of a former check.

        The file is deleted, so that erasing a person leaves no copy of their data.
        """
        if self.list_file:
            self._delete_recipients()
            self._store_rows(self._read_list())
            self.write({"list_file": False, "state": self.state})
            return
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient
               SET outcome = CASE WHEN number IS NULL THEN %s ELSE %s END,
                   reason = NULL, mail_outcome = NULL, partner_id = NULL, lang = NULL
             WHERE broadcast_id = %s
            """,
            [NO_NUMBER, NEW, self.id],
        )

    def _read_list(self):
        """Yield line number, phone number and name of each row of the list.

        :raises UserError: for an unreadable file, or one without a column of numbers
        """
        try:
            rows = tabular.iter_rows(base64.b64decode(self.list_file))
            first = next(rows, (0, []))
            numbers, names, is_header = import_rows.find_people_columns(first[1])
            if numbers is None:
                words = self.env._(
                    "The list has no column of phone numbers. Name it “Phone” in "
                    "the first row."
                )
                raise UserError(words)
            for row, cells in rows if is_header else chain([first], rows):
                number = _read_cell(cells, numbers, MAX_NUMBER)
                yield row, number, _read_cell(cells, names, MAX_NAME)
        except tabular.FileRefused as error:
            raise UserError(self.env["sms.consent.import"]._explain(error)) from error

    def _store_rows(self, rows):
        """Store the rows of a list as they are; the job parses their numbers."""
        count = 0
        for chunk in split_every(INSERT_SIZE, rows, list):
            places, numbers, names = zip(*chunk, strict=True)
            columns = {
                "broadcast_id": [self.id] * len(chunk),
                "row": places,
                "number": numbers,
                "name": names,
                "outcome": [NEW if number else NO_NUMBER for number in numbers],
            }
            insert_columns(self.env["sms.broadcast.recipient"], len(chunk), columns)
            count += len(chunk)
        if not count:
            raise UserError(self.env._("The list has no rows."))

    def _address(self, recipients):
        """Convert the numbers of a list's batch to E.164, and find their contacts.

        :return: the recipients whose number no earlier row has
        """
        if self.audience != LIST or self._is_follow_up() or not recipients:
            self._speak(recipients)
            return recipients
        to_e164, company = self.env["sms.sms"]._to_e164, self.company_id
        numbers = {it.id: to_e164(it.number, NOBODY, company) for it in recipients}
        contacts = self._find_contacts(list(numbers.values()))
        seen = self._find_earlier(numbers)
        rows = []
        for row_id, number in numbers.items():
            is_first = number not in seen
            seen.add(number)
            partner_id, lang = is_first and contacts.get(number) or (None, None)
            outcome = NEW if is_first else DUPLICATE
            rows.append((row_id, number, partner_id, lang, outcome))
        recipients._write_rows(rows, "number", "partner_id", "lang", "outcome")
        self._speak(recipients)
        return recipients.filtered(lambda it: it.outcome == NEW)

    def _speak(self, recipients):
        """Set the language of recipients without one, or with an inactive one.

        It is used for the text and for the footer, which the intake adds.
        """
        active = self.company_id._get_sms_active_langs()
        silent = recipients.filtered(lambda it: it.number and it.lang not in active)
        if silent:
            langs = {it.number: it.lang for it in silent}
            found = self.company_id._find_sms_langs(langs)
            silent._write_rows([(it.id, found[it.number]) for it in silent], "lang")

    def _find_contacts(self, numbers):
        """Return ``{number: (contact id, language)}`` of the oldest proven contacts."""
        partners = self._as_author().env["res.partner"]
        typed = self.env["sms.number.claim"]._query_unproven(*numbers)
        domain = self._get_company_domain() & Domain("phone_sanitized", "in", numbers)
        domain &= Domain("id", "not in", typed)
        names = ["phone_sanitized", "lang"]
        found = partners.search_fetch(domain, names, order="id DESC")
        return {it.phone_sanitized: (it.id, it.lang or None) for it in found}

    def _find_earlier(self, numbers):
        """Return which numbers (E.164 by row id) occur in earlier rows than these."""
        domain = Domain("broadcast_id", "=", self.id) & Domain("id", "<", min(numbers))
        domain &= Domain("number", "in", list(numbers.values()))
        earlier = self.env["sms.broadcast.recipient"].search_fetch(domain, ["number"])
        return set(earlier.mapped("number"))


def _read_cell(cells, index, limit):
    """Return a row's value in a column, None if empty or missing."""
    is_there = index is not None and index < len(cells)
    return cells[index][:limit] or None if is_there else None
