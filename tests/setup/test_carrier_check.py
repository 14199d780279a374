# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import re
from datetime import timedelta
from pathlib import Path

from odoo.exceptions import AccessError, UserError

from ...models.setup.sms_carrier_check import (
    CHECK,
    LEASE,
    SENTENCES,
    SET_INBOUND,
    TAKE_NUMBERS,
)
from ...providers import get_provider
from ...providers.base import LookupFailed
from ..common import SmsCase
from ..peer.company import OWN_NUMBER, SERVICE_SID, LoopbackTwilio
from ..peer.twilio import API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN

ADAPTERS = Path(__file__).parents[2] / "providers"


class TestCarrierCheck(LoopbackTwilio, SmsCase):
    """What Twilio (a loopback peer) says of an account, and what we conclude."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.check = cls.env["sms.carrier.check"]
        cls.url = cls.company._get_sms_url("inbound")

    def setUp(self):
        super().setUp()
        account = self.peer.account
        account.numbers.clear()
        account.services.clear()
        account.status, account.type = "active", "Full"

    def ask(self, wanted=CHECK, company=None):
        """Request a check, and run the cron; return the row."""
        company = company or self.company
        self.check._ask(company, wanted)
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_check"))
        self.env.invalidate_all()
        row = self.check.search([("company_id", "=", company.id)])
        self.assertFalse(row.wanted)
        return row

    def find(self, company=None):
        """Check the account; return the findings as (about, state, what)."""
        row = self.ask(company=company)
        return [(it.about, it.state, it.what) for it in row._get_findings()]

    def test_a_button_only_notes_what_is_wanted(self):
        """Only the cron uses the network, while no user's transaction is open."""
        self.peer.go_down()
        self.addCleanup(self.peer.come_back)
        self.check._ask(self.company, CHECK)
        row = self.check._get_open(self.company)
        self.assertEqual((row.wanted, row.findings), (CHECK, False))
        self.assertIn("is being asked", row._say_wanted())
        row.wanted_at -= timedelta(minutes=3)
        self.assertIn("scheduled actions", row._say_wanted())

    def test_a_kill_in_the_middle_is_asked_again(self):
        self.check._ask(self.company, CHECK)
        row = self.check._claim()
        self.assertFalse(self.check._claim())
        row.claimed_at -= LEASE + timedelta(seconds=1)
        self.assertEqual(self.check._claim(), row)

    def test_who_wants_more_meanwhile_gets_it(self):
        self.peer.account.add_number(OWN_NUMBER)
        self.check._ask(self.company, TAKE_NUMBERS)
        row = self.check._claim()
        answer = row._prepare_call()()
        row.wanted_at += timedelta(seconds=1)
        row.wanted = SET_INBOUND
        row._record_result(answer)
        self.assertEqual((row.wanted, row.claimed_at), (SET_INBOUND, False))
        self.assertTrue(self.company.sms_twilio_number_ids)

    def test_an_account_that_is_right(self):
        self.peer.account.add_number(OWN_NUMBER, sms_url=self.url)
        self.enter_number()
        self.assertEqual(
            self.find(),
            [
                ("credentials", "fine", "accepted"),
                ("senders", "fine", "owned"),
                ("inbound", "fine", "ours"),
            ],
        )

    def test_each_finding_has_its_sentence(self):
        """For all findings in the source of the adapters."""
        source = "".join(it.read_text() for it in ADAPTERS.glob("*.py"))
        found = set(re.findall(r'Finding\(\s*\w+,\s*\w+,\s*"(\w+)"', source))
        self.assertGreater(len(found), 15)
        self.assertEqual(found - SENTENCES.keys(), set())

    def test_a_wrong_token_ends_the_check(self):
        self.enter_account(sms_twilio_auth_token="wrong")
        self.assertEqual(self.find(), [("credentials", "wrong", "token_refused")])

    def test_a_pasted_token_with_a_strange_character(self):
        self.enter_account(sms_twilio_auth_token="“wrong”")
        self.assertEqual(self.find(), [("credentials", "wrong", "token_refused")])

    def test_the_key_and_the_token_are_looked_at_apart(self):
        """A working API key hides a wrong auth token, which verifies webhooks."""
        self.enter_account(
            sms_twilio_auth_token="wrong",
            sms_twilio_api_key_sid=API_KEY_SID,
            sms_twilio_api_key_secret=API_KEY_SECRET,
        )
        self.assertEqual(self.find(), [("credentials", "wrong", "token_refused")])
        self.enter_account(sms_twilio_api_key_secret="wrong")
        self.assertIn(("credentials", "wrong", "key_refused"), self.find())

    def test_an_account_that_is_closed_or_on_trial(self):
        self.peer.account.status = "suspended"
        self.assertEqual(self.find(), [("credentials", "wrong", "account_closed")])
        self.peer.account.status, self.peer.account.type = "active", "Trial"
        self.assertIn(("credentials", "fine", "trial"), self.find())

    def test_a_carrier_that_does_not_answer_is_no_wrong_account(self):
        self.peer.go_down()
        self.addCleanup(self.peer.come_back)
        self.assertEqual(self.find(), [("credentials", "unsure", "no_answer")])

    def test_no_number_yet(self):
        self.assertIn(("senders", "wrong", "no_number"), self.find())
        self.peer.account.add_number(OWN_NUMBER)
        self.assertIn(("senders", "wrong", "not_chosen"), self.find())

    def test_of_where_texts_go_only_the_host_is_told(self):
        self.enter_number()
        self.peer.account.add_number(OWN_NUMBER, sms_url="https://old.example.com/abc")
        row = self.ask()
        sentence = row._say(row._get_findings("inbound")[0])
        self.assertIn("old.example.com", sentence)
        self.assertNotIn("abc", sentence)

    def test_a_service(self):
        self.enter_account(sms_twilio_messaging_service_sid=SERVICE_SID)
        self.assertIn(("senders", "wrong", "not_owned"), self.find())
        self.peer.account.add_service(SERVICE_SID)
        self.assertIn(("senders", "wrong", "service_empty"), self.find())
        self.peer.account.add_service(SERVICE_SID, OWN_NUMBER)
        self.assertIn(("inbound", "wrong", "empty"), self.find())
        self.ask(SET_INBOUND)
        self.assertIn(("inbound", "fine", "ours"), self.find())

    def test_a_number_beside_the_service_receives_too(self):
        """A team's: its texts leave by it, and a STOP comes by its own webhook."""
        team = "+13035550178"
        self.enter_account(sms_twilio_messaging_service_sid=SERVICE_SID)
        for number in (OWN_NUMBER, team):
            self.peer.account.add_number(number)
            self.enter_number(number)
        self.peer.account.add_service(
            SERVICE_SID, OWN_NUMBER, inbound_request_url=self.url
        )
        self.assertIn(("inbound", "wrong", "empty"), self.find())
        self.ask(SET_INBOUND)
        self.assertEqual(self.peer.account.numbers[team]["sms_url"], self.url)
        self.assertEqual({it[1] for it in self.find()}, {"fine"})

    def test_the_address_is_set_at_every_number_that_sends(self):
        for number in (OWN_NUMBER, "+13035550178"):
            self.peer.account.add_number(number, sms_application_sid="AP1")
            self.enter_number(number)
        self.peer.account.add_number("+13035550179", sms_url="https://other.example")
        self.ask(SET_INBOUND)
        numbers = self.peer.account.numbers
        self.assertEqual(numbers[OWN_NUMBER]["sms_url"], self.url)
        self.assertEqual(numbers["+13035550178"]["sms_url"], self.url)
        self.assertEqual(numbers["+13035550179"]["sms_url"], "https://other.example")
        self.assertIn(("inbound", "fine", "ours"), self.find())

    def test_an_address_that_was_not_taken_is_said(self):
        self.peer.go_down()
        self.addCleanup(self.peer.come_back)
        row = self.ask(SET_INBOUND)
        self.assertIn("did not accept the address", row._say_trouble())

    def test_the_accounts_numbers_become_senders(self):
        self.peer.account.add_number(OWN_NUMBER)
        self.peer.account.add_number("+447700900123")
        self.peer.account.add_number("+13035550178", capabilities={"sms": False})
        self.ask(TAKE_NUMBERS)
        self.ask(TAKE_NUMBERS)
        numbers = self.company.sms_twilio_number_ids
        self.assertEqual(
            sorted((it.number, it.country_code) for it in numbers),
            [(OWN_NUMBER, "US"), ("+447700900123", "GB")],
        )

    def test_an_account_without_numbers_is_said(self):
        row = self.ask(TAKE_NUMBERS)
        self.assertIn("no number that can text", row._say_trouble())
        self.peer.go_down()
        self.addCleanup(self.peer.come_back)
        row = self.ask(TAKE_NUMBERS)
        self.assertIn("did not show", row._say_trouble())

    def test_a_check_is_void_once_what_it_was_about_changes(self):
        self.ask()
        self.assertTrue(self.check._get_current(self.company))
        for change in (
            lambda: self.enter_account(sms_twilio_auth_token="another"),
            self.enter_number,
            self.company.action_rotate_sms_webhook_key,
            lambda: self.company.write({"sms_provider": "sandbox"}),
        ):
            self.ask()
            change()
            self.assertFalse(self.check._get_current(self.company))

    def test_there_is_nothing_to_ask_without_an_account(self):
        self.enter_account(sms_twilio_auth_token=False)
        for provider in ("twilio", "sandbox"):
            self.company.sms_provider = provider
            with self.assertRaisesRegex(UserError, "enter the account"):
                self.check._ask(self.company, CHECK)
        sandbox = get_provider("sandbox", {})
        self.assertEqual((sandbox.check(self.url), sandbox.list_numbers()), ((), ()))
        with self.assertRaises(LookupFailed):
            sandbox.set_inbound_url(self.url)

    def test_companies_are_checked_apart(self):
        other = self.make_company(
            "Other", "twilio", sms_twilio_account_sid="AC1", sms_twilio_auth_token="x"
        )
        self.assertEqual(self.find(other), [("credentials", "wrong", "token_refused")])
        self.assertFalse(self.check._get_current(self.company))
        rows = self.check.with_user(self.manager)
        rows = rows.with_context(allowed_company_ids=self.company.ids)
        self.assertFalse(rows.search([("company_id", "=", other.id)]))

    def test_what_is_kept_tells_no_secret(self):
        self.peer.account.add_number(OWN_NUMBER, sms_url=self.url)
        self.enter_number()
        row = self.ask()
        kept = json.dumps(row.sudo().read(), default=str)
        for secret in (AUTH_TOKEN, self.company.sms_webhook_key):
            self.assertNotIn(secret, kept)
        with self.assertRaises(AccessError):
            row.with_user(self.manager).read(["fingerprint"])
        sentences = [row._say(finding) for finding in row._get_findings()]
        self.assertEqual(len(set(sentences)), 3)
