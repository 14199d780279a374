# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import uuid

from odoo.exceptions import AccessError, UserError

from odoo.addons.http_routing.tests.common import MockRequest

from ...models.setup.sms_virtual_phone import BUS_CHANNEL
from ...providers import TwilioProvider
from ..common import SmsCase, phone_number

OTHER_NUMBER = phone_number(1)


class PhoneCase(SmsCase):
    """The virtual phone, used by an agent."""

    def phone(self, user=None, company=None):
        """Return the virtual phone's model for a user in one company."""
        phone = self.env["sms.virtual.phone"].with_user(user or self.agent)
        return phone.with_context(allowed_company_ids=(company or self.company).ids)

    def bodies(self, number=None):
        """Return the phone's messages as pairs of direction and body."""
        messages = self.phone().get_messages(number or self.number)
        return [(message["direction"], message["body"]) for message in messages]


class TestWhoMayUseThePhone(PhoneCase):
    """Helpdesk users of a sandbox company: nobody may speak for a real customer."""

    CALLS = (
        ("get_phone_data", ()),
        ("get_contact", ("+13035550100",)),
        ("get_messages", ("+13035550100",)),
        ("send_text", ("+13035550100", "hello")),
        ("get_calls", ()),
    )

    def call_all(self, phone):
        """Yield each of the screen's RPC calls, ready to be made."""
        for name, args in self.CALLS:
            with self.subTest(method=name, user=phone.env.user.login):
                yield lambda name=name, args=args: getattr(phone, name)(*args)

    def test_every_helpdesk_user_may(self):
        for user in self.own_agent | self.team_agent | self.agent | self.manager:
            for call in self.call_all(self.phone(user)):
                self.assertIsNotNone(call())

    def test_nobody_else_may(self):
        public = self.env.ref("base.public_user")
        users = self.employee | self.portal_user | self.compliance_officer | public
        for user in users:
            for call in self.call_all(self.phone(user)):
                with self.assertRaises(AccessError):
                    call()
        self.assertFalse(self.env["sms.inbound"].search([("number", "=", self.number)]))

    def test_a_company_with_a_real_carrier_has_no_phone(self):
        for provider, name in (("twilio", "Twilio"), ("iap", "Odoo")):
            self.company.sms_provider = provider
            data = self.phone().get_phone_data()
            self.assertEqual((data["sandbox"], data["contacts"]), (False, []))
            self.assertEqual(data["provider_label"], name)
            for method, args in self.CALLS[1:]:
                with (
                    self.subTest(provider=provider, method=method),
                    self.assertRaisesRegex(UserError, f"sends through {name}"),
                ):
                    getattr(self.phone(), method)(*args)
        self.assertFalse(self.env["sms.inbound"].search([("number", "=", self.number)]))

    def test_the_current_company_counts_and_not_another_of_the_user(self):
        real = self.make_company("Real", "twilio")
        self.assertTrue(self.phone().get_phone_data()["sandbox"])
        self.assertFalse(self.phone(company=real).get_phone_data()["sandbox"])
        with self.assertRaises(UserError):
            self.phone(company=real).send_text(self.number, "STOP")

    def test_each_company_has_its_own_texts(self):
        other = self.make_company("Other")
        self.phone().send_text(self.number, "to the first")
        self.phone(company=other).send_text(self.number, "to the other")
        bodies = [m["body"] for m in self.phone().get_messages(self.number)]
        self.assertIn("to the first", bodies)
        self.assertNotIn("to the other", bodies)


class TestNumbers(PhoneCase):
    """A number is accepted as people type it, or refused in plain words."""

    def test_it_is_read_in_the_companys_country(self):
        for typed in (
            "(303) 555-0100",
            "303.555.0100",
            "+1 303 555 0100",
            " 3035550100 ",
        ):
            with self.subTest(typed=typed):
                contact = self.phone().get_contact(typed)
                self.assertEqual(contact["number"], self.number)
                self.assertEqual(contact["name"], "Dana Customer")

    def test_an_unknown_number_needs_no_contact(self):
        contact = self.phone().get_contact(OTHER_NUMBER)
        self.assertEqual(
            (contact["number"], contact["name"], contact["last_body"]),
            (OTHER_NUMBER, "", ""),
        )

    def test_what_is_no_number_is_refused(self):
        for typed in (
            "call me",
            "12345",
            "911",
            "+1" + "3" * 40,
            "+",
            "\x00",
            "' OR 1=1 --",
            "{}",
            [1],
            {"number": 1},
            42,
            True,
        ):
            for method, args in (
                ("get_contact", ()),
                ("get_messages", ()),
                ("send_text", ("hello",)),
            ):
                with (
                    self.subTest(typed=typed, method=method),
                    self.assertRaisesRegex(UserError, "not a number that can text"),
                ):
                    getattr(self.phone(), method)(typed, *args)

    def test_nothing_typed_is_said_so(self):
        for typed in ("", "   ", None, False):
            with self.subTest(typed=typed), self.assertRaisesRegex(UserError, "first"):
                self.phone().get_contact(typed)


class TestTexts(PhoneCase):
    """A text from the phone does what a carrier's webhook does, and no more."""

    def receive_from_carrier(self, body, number):
        """Receive a text as a carrier's webhook hands it over."""
        form = {"MessageSid": f"SM{uuid.uuid4().hex}", "From": number, "Body": body}
        env = self.env(user=self.env.ref("base.public_user"), su=True, context={})
        event = TwilioProvider.parse_inbound(form)
        return env["sms.inbound"]._receive(self.company.with_env(env), event)

    def read_ledger(self, number):
        """Return the ledger's entries of a number, without ids."""
        events = self.env["sms.consent.event"].search(
            [("number", "=", number)], order="id"
        )
        return [
            {
                "purpose": event.purpose_id.code,
                **{
                    name: event[name]
                    for name in (
                        "event",
                        "method",
                        "wording",
                        "note",
                        "name",
                        "user_id",
                    )
                },
                "res_model": event.res_model,
            }
            for event in events
        ]

    def test_a_conversation_changes_the_ledger_as_a_carriers_does(self):
        dialogue = ("Support!", "yes", "help", "stop", "STOP", "unstop", "quit", "yes")
        for body in dialogue:
            self.phone().send_text(OTHER_NUMBER, body)
            self.receive_from_carrier(body, phone_number(2))
        ours = self.read_ledger(OTHER_NUMBER)
        self.assertEqual(ours, self.read_ledger(phone_number(2)))
        self.assertEqual(
            [event["event"] for event in ours],
            ["requested"] * 3 + ["confirmed"] * 3
            + ["revoked", "revoked", "restored", "revoked", "restored"],
        )  # fmt: skip
        for name in ("body", "state", "exemption", "gate_verdict"):
            with self.subTest(field=name):
                self.assertEqual(
                    self.messages_to(OTHER_NUMBER).mapped(name),
                    self.messages_to(phone_number(2)).mapped(name),
                )

    def test_the_agent_is_not_who_said_it(self):
        """The ledger must not attribute a customer's text to an agent."""
        self.phone().send_text(self.number, "STOP")
        [event] = self.read_ledger(self.number)
        self.assertNotEqual(event["user_id"], self.agent)
        self.assertEqual((event["method"], event["note"]), ("keyword", "STOP"))
        inbound = self.env["sms.inbound"].search([("number", "=", self.number)])
        self.assertNotEqual(inbound.create_uid, self.agent)

    def test_the_whole_way_is_seen_on_the_phone(self):
        self.phone().send_text(self.number, "SUPPORT")
        self.run_outbox()
        self.phone().send_text(self.number, "YES")
        self.run_outbox()
        self.ticket.with_user(self.own_agent)._message_sms("We are on it.")
        self.run_outbox()
        self.phone().send_text(self.number, "STOP")
        self.run_outbox()
        self.ticket.with_user(self.own_agent)._message_sms("Still there?")
        self.run_outbox()
        # In one transaction all times are equal; the browser test checks the order.
        received = [body for way, body in self.bodies() if way == "received"]
        sent = [body for way, body in self.bodies() if way == "sent"]
        self.assertEqual(sent, ["SUPPORT", "YES", "STOP"])
        for shown, words in zip(
            received,
            ("reply YES", "you have joined", "We are on it.", "you have opted out"),
            strict=True,
        ):
            self.assertIn(words, shown)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_what_waits_or_is_blocked_is_not_on_the_phone(self):
        self.ticket.with_user(self.own_agent)._message_sms("No consent")
        self.record_consent()
        self.ticket.with_user(self.own_agent)._message_sms("Waits")
        self.assertEqual(self.bodies(), [])
        self.run_outbox()
        self.assertEqual(len(self.bodies()), 1)

    def test_an_answer_lands_on_the_ticket(self):
        self.phone().send_text(self.number, "It still jams")
        message = self.ticket.message_ids[0]
        self.assertIn("It still jams", message.body)
        self.assertEqual(message.author_id, self.customer)
        self.assertEqual(message.message_type, "sms")

    def test_each_press_of_the_button_is_a_text(self):
        first = self.phone().send_text(self.number, "hello")
        second = self.phone().send_text(self.number, "hello")
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(self.bodies(), [("sent", "hello")] * 2)

    def test_stop_pressed_twice_is_confirmed_once(self):
        self.phone().send_text(self.number, "STOP")
        self.phone().send_text(self.number, "STOP")
        self.run_outbox()
        self.assertEqual(len(self.messages_to()), 1)
        self.assertEqual(len(self.read_ledger(self.number)), 2)

    def test_hostile_words_are_words(self):
        for body in (
            "<script>alert(1)</script><b>bold</b>",
            "{{ object.company_id.sms_webhook_key }} {company} %(company)s",
            "'; DROP TABLE sms_inbound; --",
            "\u202eevil\u202c 😀 שלום",
        ):
            with self.subTest(body=body):
                shown = self.phone().send_text(self.number, body)
                self.assertEqual(shown["body"], body)
                self.assertEqual(self.bodies()[-1], ("sent", body))
        self.assertNotIn("<script>", " ".join(self.ticket.message_ids.mapped("body")))
        self.assertFalse(self.env["sms.inbound"].search([("error", "!=", False)]))

    def test_a_nul_is_dropped(self):
        shown = self.phone().send_text(self.number, "a\x00b")
        self.assertEqual(shown["body"], "ab")
        self.phone().send_text(self.number, "S\x00TOP")
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_a_text_that_no_carrier_takes_is_refused(self):
        self.assertTrue(self.phone().send_text(self.number, "x" * 1600))
        for body in ("x" * 1601, "x" * 100_000):
            with (
                self.subTest(length=len(body)),
                self.assertRaisesRegex(UserError, str(len(body))),
            ):
                self.phone().send_text(self.number, body)
        self.assertEqual(len(self.bodies()), 1)

    def test_an_empty_text_is_refused(self):
        for body in ("", " \n", "\x00", None, False, 0, [], {}):
            with (
                self.subTest(body=body),
                self.assertRaisesRegex(UserError, "text first"),
            ):
                self.phone().send_text(self.number, body)

    def test_the_phone_shows_the_newest_two_hundred(self):
        self.env["sms.inbound"].create(
            [
                {
                    "company_id": self.company.id,
                    "provider": "sandbox",
                    "provider_sid": f"SB{index}",
                    "number": self.number,
                    "body": str(index),
                    "received_at": f"2026-11-01 {index // 60:02}:{index % 60:02}:00",
                }
                for index in range(250)
            ]
        )
        bodies = [body for _direction, body in self.bodies()]
        self.assertEqual(bodies, [str(index) for index in range(50, 250)])


class TestContacts(PhoneCase):
    """The list shows the company's contacts, and stays fast with many."""

    def find(self, query="", user=None):
        """Return the names in the list by number."""
        contacts = self.phone(user).get_phone_data(query)["contacts"]
        return {contact["number"]: contact["name"] for contact in contacts}

    def test_contacts_open_tickets_and_strangers_are_listed(self):
        self.make_ticket(partner_phone=OTHER_NUMBER, partner_name="Walk-in")
        self.phone().send_text(phone_number(2), "hello")
        found = self.find()
        self.assertEqual(found[self.number], "Dana Customer")
        self.assertEqual(found[OTHER_NUMBER], "Walk-in")
        self.assertEqual(found[phone_number(2)], "")
        self.assertEqual(next(iter(found)), phone_number(2), "the newest words first")

    def test_it_is_searched_by_name_and_by_any_writing_of_the_number(self):
        self.make_customer(OTHER_NUMBER, "Luis Ortega")
        for query in ("luis", "ORTEGA", "303 555 0101", "(303) 555-0101", "0101"):
            with self.subTest(query=query):
                self.assertEqual(self.find(query), {OTHER_NUMBER: "Luis Ortega"})

    def test_a_hostile_query_finds_nothing_and_breaks_nothing(self):
        for query in (
            "%",
            "_",
            "\\",
            "'",
            "x" * 100_000,
            "\u202e",
            "((((",
            "+",
            "0" * 99,
        ):
            with self.subTest(query=query[:10]):
                self.assertNotIn(phone_number(9), self.find(query))

    def test_a_closed_ticket_is_not_listed(self):
        self.make_ticket(
            partner_phone=OTHER_NUMBER,
            stage_id=self.closed_stage.id,
            partner_name="Old",
        )
        self.assertNotIn(OTHER_NUMBER, self.find())

    def test_an_agent_sees_no_name_of_a_ticket_that_they_may_not_read(self):
        self.make_ticket(
            partner_phone=OTHER_NUMBER, partner_name="Secret", user_id=self.agent.id
        )
        self.assertEqual(self.find(user=self.agent)[OTHER_NUMBER], "Secret")
        self.assertNotIn("Secret", self.find(user=self.own_agent).values())

    def test_contacts_of_another_company_are_not_listed(self):
        other = self.make_company("Other")
        self.make_customer(OTHER_NUMBER, "Elsewhere", company_id=other.id)
        self.assertNotIn(OTHER_NUMBER, self.find())

    def test_a_list_of_many_takes_no_more_queries_than_one_of_few(self):
        def count_queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            contacts = self.phone().get_phone_data()["contacts"]
            return len(contacts), self.env.cr.sql_log_count - before

        self.phone().send_text(self.number, "hello")
        self.phone().send_text(phone_number(160), "nobody's number")
        count_queries()
        few, queries = count_queries()
        for index in range(100, 150):
            self.make_customer(phone_number(index), f"Customer {index}")
        for index in range(120, 160):
            self.phone().send_text(phone_number(index), "hello")
        many, more_queries = count_queries()
        self.assertGreaterEqual(many, few + 50)
        self.assertEqual(more_queries, queries)


class TestBus(PhoneCase):
    """Texts reach the open phones of their company, and no other screens."""

    def setUp(self):
        super().setUp()
        self.env["bus.bus"].sudo().search([]).unlink()

    def subscribe(self, user, channels):
        """Return the channels that a user's web client is finally subscribed to."""
        env = self.env(user=user, context={})
        with MockRequest(env) as request:
            request.session.uid = user.id
            data = env["ir.websocket"]._prepare_subscribe_data(channels, 0)
        # Odoo's own channels are records, or tuples that begin with one.
        return [
            channel
            for channel in data["channels"]
            if isinstance(channel[0] if isinstance(channel, tuple) else channel, str)
        ]

    def get_channel(self, company):
        """Return a company's channel as the bus stores it."""
        return (self.env.cr.dbname, BUS_CHANNEL, company.id)

    def get_notifications(self):
        """Return the bus notifications as pairs of channel and payload."""
        self.env.cr.precommit.run()
        return [
            (tuple(json.loads(row.channel)), json.loads(row.message)["payload"])
            for row in self.env["bus.bus"].sudo().search([], order="id")
            if BUS_CHANNEL in row.channel
        ]

    def test_an_agent_listens_to_the_own_sandbox_companies(self):
        other = self.make_company("Other")
        real = self.make_company("Real", "twilio")
        channels = self.subscribe(self.agent, [BUS_CHANNEL])
        self.assertIn(self.get_channel(self.company), channels)
        self.assertIn(self.get_channel(other), channels)
        self.assertNotIn(self.get_channel(real), channels)
        self.assertNotIn(BUS_CHANNEL, channels)

    def test_an_agent_of_another_company_does_not(self):
        other = self.make_company("Other")
        self.agent.company_ids = self.company
        channels = self.subscribe(self.agent, [BUS_CHANNEL])
        self.assertNotIn(self.get_channel(other), channels)

    def test_who_does_not_ask_is_not_told(self):
        self.assertNotIn(
            self.get_channel(self.company), self.subscribe(self.agent, ["something"])
        )

    def test_nobody_else_listens_whatever_they_call_it(self):
        channel = self.get_channel(self.company)
        wanted = [
            BUS_CHANNEL,
            f"{BUS_CHANNEL}_{self.company.id}",
            json.dumps(channel),
            str(channel),
        ]
        for user in (
            self.employee,
            self.portal_user,
            self.compliance_officer,
            self.env.ref("base.public_user"),
        ):
            with self.subTest(user=user.login):
                self.assertNotIn(channel, self.subscribe(user, wanted))

    def test_a_channel_that_is_no_text_is_refused(self):
        for channel in (list(self.get_channel(self.company)), None, 5):
            with self.subTest(channel=channel), self.assertRaises(ValueError):
                self.subscribe(self.agent, [channel])

    def test_a_text_of_the_phone_and_its_answer_are_told_to_the_company_only(self):
        self.phone().send_text(self.number, "HELP")
        self.env.cr.precommit.run()
        self.run_outbox()
        told = self.get_notifications()
        self.assertEqual(
            [(channel, payload["message"]["direction"]) for channel, payload in told],
            [
                (self.get_channel(self.company), "sent"),
                (self.get_channel(self.company), "received"),
            ],
        )
        for _channel, payload in told:
            self.assertEqual(payload["number"], self.number)
            self.assertEqual(payload["company_id"], self.company.id)

    def test_a_carriers_texts_are_told_to_nobody(self):
        self.company.sms_provider = "twilio"
        form = {"MessageSid": "SM1", "From": self.number, "Body": "private"}
        self.env["sms.inbound"]._receive(
            self.company, TwilioProvider.parse_inbound(form)
        )
        self.assertEqual(self.get_notifications(), [])
