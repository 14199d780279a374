# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

from ...providers import faults
from ...providers.twilio import fields_of
from ...tools.links import MASK
from ...tools.segments import count_segments
from ..common import SmsCase, phone_number
from ..peer.telnyx import API_KEY, PROFILE_ID, PUBLIC_KEY
from .common import BRITISH, FIRST, SECOND, SendersCase

BRITON = "+447700900172"
NAME, FRENCH, GERMAN = "NORTHWIND", "+33612345678", "+491713920012"


class TestWhichSender(SendersCase):
    """Which of several numbers sends a text."""

    def test_the_first_number_of_the_country(self):
        self.assertEqual(self.text(self.ticket).sender_id.address, FIRST)
        self.assertEqual(self.text(number=BRITON).sender_id.address, BRITISH)

    def test_countries_that_a_manager_gives_to_a_number(self):
        sender = self.sender(SECOND).with_user(self.manager)
        sender.country_ids = self.env.ref("base.uk")
        self.assertEqual(self.text(number=BRITON).sender_id.address, SECOND)
        sender.country_ids = False
        self.assertEqual(self.text(number=BRITON).sender_id.address, BRITISH)

    def test_an_agent_cannot_give_a_number_away(self):
        with self.assertRaises(AccessError):
            self.sender(SECOND).with_user(self.agent).team_id = self.team

    def test_the_number_of_the_tickets_team(self):
        self.sender(SECOND).with_user(self.manager).team_id = self.team
        self.assertEqual(self.text(self.ticket).sender_id.address, SECOND)
        elsewhere = self.make_ticket(self.customer, team_id=self.other_team.id)
        self.assertEqual(self.text(elsewhere).sender_id.address, FIRST)
        self.assertEqual(self.text().sender_id.address, FIRST)

    def test_a_ticket_that_changes_its_team_changes_the_number(self):
        self.sender(SECOND).team_id = self.team
        self.text(self.ticket)
        self.ticket.team_id = self.other_team
        self.assertEqual(self.text(self.ticket).sender_id.address, FIRST)

    def test_the_answer_leaves_by_the_number_that_was_texted(self):
        self.receive_at(SECOND)
        self.assertEqual(self.text(self.ticket).sender_id.address, SECOND)
        self.assertEqual(self.text().sender_id.address, SECOND)
        self.assertEqual(self.text(number=phone_number(1)).sender_id.address, FIRST)

    def test_the_newest_of_what_was_said_decides(self):
        self.receive_at(SECOND).received_at = "2020-01-01"
        sent = self.text(self.ticket)
        sent.write({"sender_id": self.sender(FIRST).id, "claimed_at": "2021-01-01"})
        self.assertEqual(self.text(self.ticket).sender_id.address, FIRST)
        sent.claimed_at = "2019-01-01"
        self.assertEqual(self.text(self.ticket).sender_id.address, SECOND)

    def test_a_number_that_was_given_back_is_not_used(self):
        self.receive_at(SECOND)
        numbers = self.company.sms_twilio_number_ids
        numbers.filtered(lambda it: it.number == SECOND).unlink()
        self.assertFalse(self.sender(SECOND).active)
        self.assertEqual(self.text(self.ticket).sender_id.address, FIRST)

    def test_a_number_with_blanks_is_the_number_that_people_text(self):
        number = self.company.sms_twilio_number_ids[0]
        number.number = " +1 (303) 555-0172 "
        self.assertEqual(number.number, "+13035550172")
        self.assertTrue(self.sender("+13035550172").active)
        self.assertFalse(self.sender(FIRST).active)
        with self.assertRaisesRegex(ValidationError, "country code"):
            number.number = "303 555 0172"

    def test_another_companys_conversation_is_not_ours(self):
        company = self.make_company("Other")
        inbound = self.receive("Hello", company=company)
        inbound.to_number = SECOND
        self.assertEqual(self.text(self.ticket).sender_id.address, FIRST)

    def test_a_service_keeps_its_texts_but_those_of_a_team(self):
        service = "MG" + "0" * 32
        self.company.sms_twilio_messaging_service_sid = service
        self.assertEqual(self.text(self.ticket).sender_id.address, service)
        self.sender(SECOND).team_id = self.team
        self.assertEqual(self.text(self.ticket).sender_id.address, SECOND)
        self.assertEqual(self.text().sender_id.address, service)
        sms = self.text(self.ticket)
        account = self.company._get_sms_provider().account
        fields = fields_of(account, sms._to_outbound(sms.sender_id))
        self.assertEqual(
            (fields["messaging_service_sid"], fields["from_"]), (service, SECOND)
        )

    def test_many_texts_cost_as_much_as_one(self):
        self.sender(SECOND).team_id = self.team
        self.company._get_sms_candidates("twilio")
        numbers = [phone_number(it) for it in range(40)]
        posts = self.env["mail.message"].sudo()
        for _number in numbers:
            posts += self.post_on(self.ticket, "Hello").sudo()

        def choose(count):
            self.company._choose_sms_senders(numbers[:count], list(posts[:count]))

        self.assertEqual(self.count_queries(choose, 40), self.count_queries(choose, 1))


class TestNames(SendersCase):
    """An alphanumeric sender sends only where allowed, and nothing to be replied to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        france = cls.env.ref("base.fr")
        cls.company.sms_twilio_number_ids = [
            (0, 0, {"number": NAME, "country_id": france.id, "sequence": 9})
        ]
        cls.purpose = cls.purposes("ticket")
        cls.french = cls.make_customer(FRENCH, country_id=france.id)
        cls.record_consent(number=FRENCH)

    def text(self, number=None, **values):
        """Return a new text about tickets, to the customer by default."""
        values = {"number": number or self.number, "body": "We are on it.", **values}
        return self.env["sms.sms"].create({"purpose_id": self.purpose.id, **values})

    def test_it_texts_its_own_country_alone(self):
        name = self.sender(NAME)
        self.assertEqual((name.kind, name.is_one_way), ("alphanumeric", True))
        self.assertEqual(self.text(number=FRENCH).sender_id, name)
        for number in (GERMAN, self.number, BRITON):
            with self.subTest(number=number):
                self.record_consent(number=number)
                self.assertNotEqual(self.text(number=number).sender_id, name)
        name.with_user(self.manager).country_ids = self.env.ref("base.de")
        self.assertEqual(self.text(number=GERMAN).sender_id, name)

    def test_a_number_of_the_country_comes_first(self):
        self.sender(SECOND).country_ids = self.env.ref("base.fr")
        self.assertEqual(self.text(number=FRENCH).sender_id.address, SECOND)

    def test_the_footer_links_to_the_page_instead_of_stop(self):
        sms = self.text(number=FRENCH)
        link = self.env["sms.preference.link"]._get_masked_url(self.company)
        self.assertIn(f"No replies. Opt out or get help: {link}", sms.body)
        self.assertNotIn("STOP", sms.body)
        self.assertEqual(sms.segment_count, count_segments(sms.body).count)
        [told] = sms._get_revealed_bodies().values()
        self.assertNotIn(MASK, told)
        self.assertEqual(len(told), len(sms.body))
        shown = self.env["sms.sms"]._get_footer_for(
            self.purpose, "en_US", self.company, FRENCH
        )
        self.assertTrue(sms.body.endswith(shown))

    def test_a_senders_own_words(self):
        name = self.sender(NAME).with_user(self.manager)
        name.footer = "Désinscription : {link}"
        self.assertIn("\nDésinscription : http", self.text(number=FRENCH).body)
        for words in ("STOP to leave.", "Go away", "{link} {secret}"):
            with self.subTest(words=words), self.assertRaises(ValidationError):
                name.footer = words
        first = self.sender(FIRST).with_user(self.manager)
        first.footer = "Text STOP to {sender}"
        self.assertTrue(self.text().body.endswith(f"Text STOP to {FIRST}"))
        with self.assertRaises(ValidationError):
            first.footer = "Go away"

    def test_a_purpose_without_footer_has_none(self):
        self.purpose.footer = False
        self.assertEqual(self.text(number=FRENCH).body, "We are on it.")

    def test_questions_leave_by_a_number(self):
        asked = self.text(FRENCH, asks_answer="needed")
        self.assertEqual(asked.sender_id.address, FIRST)
        self.env["sms.opt.in"]._ask(
            self.company, FRENCH, self.purpose, "keyword", self.french
        )
        asked = self.messages_to(FRENCH).filtered("exemption")
        self.assertEqual(set(asked.sender_id.mapped("address")), {FIRST})

    def test_where_only_a_name_is_nothing_is_asked(self):
        numbers = self.company.sms_twilio_number_ids
        numbers.filtered(lambda it: it.number != NAME).unlink()
        asked = self.text(FRENCH, asks_answer="needed")
        self.assertBlocked(asked, "ticket", "one_way")
        self.assertEqual(asked.with_user(self.agent)._get_ways(), ("call",))
        alert = self.text(FRENCH, asks_answer="wanted")
        self.assertEqual(alert.sender_id.address, NAME)
        sms = self.text()
        self.assertBlocked(sms, "ticket", "no_sender")
        self.assertEqual(sms._find_block_now(), "no_sender")
        self.company.sms_twilio_number_ids = [
            (0, 0, {"number": FIRST, "country_id": self.country.id})
        ]
        self.assertEqual(sms._find_block_now(), "")

    def test_what_was_written_for_a_number_does_not_leave_by_a_name(self):
        sms = self.text()
        sms.number = FRENCH
        self.assertEqual(
            sms._choose_senders(self.company, "twilio")[sms.id].address, FIRST
        )
        name = self.sender(NAME)
        self.assertFalse(sms._choose_senders(self.company, "twilio", name._ids)[sms.id])

    def test_nor_is_it_sent_again_by_a_name(self):
        policy = self.env["sms.fault"]._get_policy(faults.UNREACHABLE)
        sms = self.text()
        sms.write({"state": "error", "fault_id": policy.id})
        sent, errors = sms.with_user(self.manager)._send_again(FRENCH)
        self.assertFalse(errors)
        self.assertIn("STOP", sent.body)
        self.assertEqual(sent.sender_id.address, FIRST)

    def test_another_number_has_its_own_sender(self):
        self.company.sms_twilio_number_ids = [
            (5, 0, 0),
            (0, 0, {"number": "24365", "country_id": self.country.id}),
        ]
        self.record_consent(number=GERMAN)
        sms = self.text(number=GERMAN)
        self.assertBlocked(sms, "ticket", "no_sender")
        form = self.env["sms.send.other"].with_user(self.manager)
        form = form.create({"sms_id": sms.id, "number": self.number})
        self.assertFalse(form.block_reason)
        form.action_send()
        self.assertEqual(self.messages_to().sender_id.address, "24365")

    def test_it_is_refused_where_names_may_not_text(self):
        rule = self.env.ref("helpdesk_mgmt_sms.sms_sender_rule_name_us")
        former = {"effective_from": "2000-01-01", "effective_to": "2000-12-31"}
        rule.copy({"source": "https://former.example.com", **former})
        name = self.sender(NAME).with_user(self.manager)
        for code in ("us", "ca", "pr"):
            with (
                self.subTest(code=code),
                self.assertRaisesRegex(ValidationError, "twilio.com"),
            ):
                name.country_ids = self.env.ref(f"base.{code}")
        number = {"number": "ACME", "country_id": self.country.id}
        with self.assertRaisesRegex(ValidationError, "not allowed"):
            self.company.sms_twilio_number_ids = [(0, 0, number)]
        number.update(number="ACME Corporation", country_id=self.env.ref("base.fr").id)
        with self.assertRaisesRegex(ValidationError, "at most 11"):
            self.company.sms_twilio_number_ids = [(0, 0, number)]

    def test_rules_are_data_with_a_day_and_a_reason(self):
        rule = self.env.ref("helpdesk_mgmt_sms.sms_sender_rule_name_us")
        with self.assertRaises(AccessError):
            rule.with_user(self.manager).ruling = "own"
        rule = rule.with_user(self.administrator)
        with self.assertRaisesRegex(UserError, "less strict"):
            rule.ruling = "own"
        rule.write({"ruling": "own", "relaxation_reason": "The board, on 3 May"})
        self.sender(NAME).country_ids = self.country
        self.assertEqual(self.text().sender_id.address, FIRST)
        france = {"kind": "alphanumeric", "country_id": self.env.ref("base.fr").id}
        self.env["sms.sender.rule"].create(
            {**france, "ruling": "refused", "effective_to": "2020-01-01", "source": "T"}
        )
        self.sender(NAME).country_ids = False
        self.assertEqual(self.text(number=FRENCH).sender_id.address, NAME)
        self.env["sms.sender.rule"].create(
            {**france, "ruling": "refused", "source": "A test"}
        )
        self.assertEqual(self.text(number=FRENCH).sender_id.address, FIRST)


class TestSpeed(SendersCase):
    """Managers set a sender's throughput, within what is possible."""

    def test_a_speed_that_would_be_kept_as_no_limit_is_refused(self):
        sender = self.sender(FIRST).with_user(self.manager)
        sender.rate = 2
        for rate in (0.004, 0.0049, 1e-9, "0.001"):
            with self.subTest(rate=rate):
                with self.assertRaisesRegex(ValidationError, "at least 0.01"):
                    sender.write({"rate": rate})
                self.assertEqual(sender.rate, 2)
        for rate in (-1, -0.001, float("nan")):
            with (
                self.subTest(rate=rate),
                self.assertRaisesRegex(ValidationError, "cannot be negative"),
            ):
                sender.write({"rate": rate})
        for rate, kept in ((0.005, 0.01), (0.01, 0.01), (0, 0), (False, 0)):
            with self.subTest(rate=rate):
                sender.write({"rate": rate})
                self.env.flush_all()
                sender.invalidate_recordset()
                self.assertEqual(sender.rate, kept)

    def test_nor_does_a_form_a_new_sender_or_an_import_take_it(self):
        sender = self.sender(FIRST).with_user(self.manager)
        with (
            self.assertRaisesRegex(ValidationError, "at least 0.01"),
            Form(sender) as form,
        ):
            form.rate = 0.004
        made = sender.sudo().copy_data({"address": "+13035550172", "rate": 0.004})
        with self.assertRaisesRegex(ValidationError, "at least 0.01"):
            sender.sudo().create(made)
        loaded = sender.load([".id", "rate"], [[str(sender.id), "0.004"]])
        self.assertFalse(loaded["ids"])
        self.assertIn("at least 0.01", loaded["messages"][0]["message"])
        self.assertEqual(sender.rate, 1)

    def test_who_may_not(self):
        for user in (self.agent, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.sender(FIRST).with_user(user).rate = 2

    def test_a_manager_makes_no_other_number_of_it(self):
        """By RPC, or Odoo's import: numbers are entered by administrators."""
        sender = self.sender(FIRST)
        for vals in (
            {"address": "+13035550179"},
            {"active": False},
            {"kind": "short_code"},
            {"stopped_until": False},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                sender.with_user(self.manager).write(vals)
        model = sender.with_user(self.manager)
        loaded = model.load([".id", "address"], [[str(sender.id), "+13035550179"]])
        self.assertFalse(loaded["ids"])
        self.assertEqual(sender.address, FIRST)


class TestTelnyxNumbers(SmsCase):
    """Numbers at Telnyx, for which Odoo has no list of its own."""

    def make(self, number, user=None):
        """Return a new number at Telnyx."""
        numbers = self.env["sms.carrier.number"].with_user(user or self.administrator)
        return numbers.create({"company_id": self.company.id, "number": number})

    def configure_telnyx(self, **values):
        """Configure the company to use Telnyx."""
        account = {"sms_telnyx_api_key": API_KEY, "sms_telnyx_public_key": PUBLIC_KEY}
        self.company.write({"sms_provider": "telnyx", **account, **values})

    def test_senders_follow_the_numbers(self):
        self.configure_telnyx()
        number = self.make("+1 (303) 555-0173")
        self.assertEqual((number.number, number.country_code), ("+13035550173", "US"))
        [sender] = self.env["sms.sender"].search([("provider", "=", "telnyx")])
        self.assertEqual((sender.address, sender.kind), ("+13035550173", "long_code"))
        number.number = "+13035550174"
        self.assertFalse(sender.active)
        number.unlink()
        self.assertFalse(self.env["sms.sender"].search([("provider", "=", "telnyx")]))

    def test_a_pool_is_a_sender(self):
        self.configure_telnyx(sms_telnyx_messaging_profile_id=PROFILE_ID)
        [sender] = self.env["sms.sender"].search([("provider", "=", "telnyx")])
        self.assertEqual((sender.address, sender.kind), (PROFILE_ID, "service"))

    def test_what_is_no_number_is_refused(self):
        self.assertTrue(self.make("12345"))
        self.assertTrue(self.make("Acme"))
        for number in ("Acme Corporation", "3035550173", "+0303", "1", "+1303555017x"):
            with self.subTest(number=number), self.assertRaises(ValidationError):
                self.make(number)

    def test_a_number_cannot_be_emptied(self):
        number = self.make("+13035550173")
        with self.assertRaisesRegex(ValidationError, "is not a sender"):
            number.number = False

    def test_only_administrators_enter_numbers(self):
        with self.assertRaises(AccessError):
            self.make("+13035550173", self.manager)

    def test_the_key_can_be_replaced_and_not_read(self):
        self.configure_telnyx()
        settings = self.env["sms.settings"].with_user(self.administrator)
        with Form(settings) as form:
            self.assertNotIn(API_KEY, form.sms_telnyx_api_key)
        self.assertEqual(self.company.sms_telnyx_api_key, API_KEY)
        with Form(settings) as form:
            form.sms_telnyx_api_key = "KEYnew"
            form.sms_backup_provider = "twilio"
        self.assertEqual(self.company.sms_telnyx_api_key, "KEYnew")
        self.assertEqual(self.company.sms_backup_provider, "twilio")

    def test_a_manager_chooses_the_second_carrier_and_sees_no_account(self):
        self.configure_telnyx()
        with Form(self.env["sms.settings"].with_user(self.manager)) as form:
            self.assertNotIn("sms_telnyx_api_key", form._view["fields"])
            form.sms_backup_provider = "twilio"
        self.assertEqual(self.company._get_sms_carriers(), ("telnyx", "twilio"))

    def test_an_account_that_lacks_something_says_so(self):
        self.configure_telnyx(sms_telnyx_public_key=False)
        self.record_consent()
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "no_provider")
