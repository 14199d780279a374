# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor

from ..common import SmsCase, phone_number

ON_TICKET, CONTACT, STRANGER, LEAVING, ASKING, ASKED = map(phone_number, range(1, 7))
#: Words and number of a text, its query limit, and what the queries are for.
CASES = {
    "on a ticket": (
        ("It jams again", ON_TICKET, 23),
        "store, look up, our texts, serialize, 3 for a savepoint, 8 to post, 5 to "
        "note, 3 to tell",
    ),
    "with a number in it": (
        ("It jams for the 5th time", ON_TICKET, 24),
        "one more: it may name another ticket of theirs",
    ),
    "a contact's first": (
        ("My printer is broken", CONTACT, 35),
        "the ticket itself, and two posts: Odoo says that it was created",
    ),
    "a stranger's first": (
        ("Is this the helpdesk?", STRANGER, 35),
        "as a contact's: the number is the ticket's own",
    ),
    "STOP": (
        ("STOP", LEAVING, 15),
        "store, look up, 4 of the ledger, 1 for what waits, blacklist, contact, "
        "cron of Odoo, confirmation, kind; 3 at the commit",
    ),
    "HELP": (
        ("HELP", ASKING, 10),
        "store, look up, limit, contact, answer, cron, kind; 3",
    ),
    "YES": (
        ("YES", ASKED, 21),
        "the question with its wording, the ledger, who else has waited for it",
    ),
}
#: Gives a ticket's number a year of history: 500 texts of theirs and 500 of ours.
MAKE_HISTORY = """
    WITH posts AS (
        INSERT INTO mail_message
               (model, res_id, message_type, date, body, create_date, create_uid)
        SELECT 'helpdesk.ticket', %(ticket)s, 'sms', now() - place * interval '1 hour',
               'Words', now(), 1
          FROM generate_series(1, 500) AS place
     RETURNING id
    ), theirs AS (
        INSERT INTO sms_inbound
               (company_id, provider, provider_sid, number, body, received_at, kind,
                ticket_id, mail_message_id)
        SELECT %(company)s, 'sandbox', %(number)s || id, %(number)s, 'Words',
               now() - interval '1 day', 'conversation', %(ticket)s, id
          FROM posts
    )
    INSERT INTO sms_sms
           (record_company_id, number, body, state, mail_message_id, purpose_id,
            create_date, gate_verdict, uuid)
    SELECT %(company)s, %(number)s, 'Words', 'sent', id, %(purpose)s, now(), 'send',
           %(number)s || id
      FROM posts
"""


class TestInboundCost(SmsCase):
    """Queries that a received text takes, including those of the commit.

    If you add one, say here what it is for: texts come in by the thousand.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tickets = {}
        for number in (ON_TICKET, LEAVING, ASKING, ASKED):
            cls.record_consent(number)
            contact = cls.make_customer(number, f"Customer {number}")
            values = {"team_id": cls.team.id, "user_id": cls.own_agent.id}
            cls.tickets[number] = cls.make_ticket(contact, **values)
        cls.make_customer(CONTACT, "Customer without a ticket")

    def setUp(self):
        super().setUp()
        # Fill the registry's caches.
        today, ticket = fields.Date.context_today(self.company), self.purposes("ticket")
        rules = self.env["sms.scope.rule"]
        rules._get_ended_purposes(ticket, today, self.company)
        for index, body in enumerate(("Hello", "STOP", "HELP", "START"), 20):
            self.record_consent(phone_number(index))
            self.receive(body, phone_number(index))
        for number in (phone_number(30), ASKED):
            self.ask(number)
        self.receive("YES", phone_number(30))
        self.receive("Hello", ON_TICKET)

    def ask(self, number):
        """Ask a number to confirm that it joins the alerts."""
        self.env["sms.opt.in"]._ask(
            self.company,
            number,
            self.purposes("alert"),
            "web",
            self.customer.browse(),
        )

    def read_queries(self, *text):
        """Return the queries that a text takes in a webhook's worker.

        By then it has read the company and its user, and nothing else.
        """
        self.env.cr.flush()
        # Within the same second the time of the last text would not change.
        self.env.cr.execute(
            "UPDATE helpdesk_ticket"
            "   SET sms_last_inbound_at = sms_last_inbound_at - interval '1 minute'"
        )
        self.env.invalidate_all()
        self.assertTrue(self.company.name and self.env.user.lang)
        queries, execute = [], Cursor.execute

        def note(cursor, query, *others, **options):
            queries.append(" ".join(str(getattr(query, "code", query)).split()))
            return execute(cursor, query, *others, **options)

        with patch.object(Cursor, "execute", note):
            self.receive(*text)
            self.env.cr.flush()
        return queries

    def check_costs(self):
        """Check that no text takes more queries than it may."""
        for name, ((body, number, limit), reason) in CASES.items():
            queries = self.read_queries(body, number)
            with self.subTest(text=name):
                listed = "\n".join(query[:120] for query in queries)
                told = f"{len(queries)}, not {limit} ({reason}):\n{listed}"
                self.assertLessEqual(len(queries), limit, told)

    def test_what_each_text_costs(self):
        self.check_costs()

    def test_a_year_of_texts_costs_no_query_more(self):
        for number, ticket in self.tickets.items():
            values = {
                "number": number,
                "ticket": ticket.id,
                "company": self.company.id,
                "purpose": self.purposes("ticket").id,
            }
            self.env.cr.execute(MAKE_HISTORY, values)
        self.check_costs()

    def test_one_insert_each_into_chatter_and_bus(self):
        """Without the notice to the sandbox's phone, which no other carrier has."""
        ticket = self.tickets[ON_TICKET]
        before = ticket.message_ids
        with patch.object(self.registry["sms.virtual.phone"], "_notify_inbound"):
            queries = self.read_queries("It jams again", ON_TICKET)
        self.assertEqual(len(ticket.message_ids - before), 1)
        for table in ("mail_message", "bus_bus"):
            start = f'INSERT INTO "{table}"'
            self.assertEqual(sum(it.startswith(start) for it in queries), 1, table)
