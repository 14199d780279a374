# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from ...models.setup.sms_carrier_check import CHECK, SET_INBOUND, TAKE_NUMBERS
from ..common import SmsCase
from ..peer.telnyx import API_KEY, PROFILE_ID, PUBLIC_KEY, TelnyxPeer

OWN_NUMBER, OTHER_NUMBER = "+13035550167", "+13035550168"
OTHER_PROFILE = PROFILE_ID.replace("4001", "5002")


@tagged("post_install", "-at_install")
class TestTelnyxAccount(SmsCase):
    """The check of an account at a loopback Telnyx, and its findings."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.check = cls.env["sms.carrier.check"]
        cls.company.write(
            {
                "sms_provider": "telnyx",
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
            }
        )
        cls.url = cls.company._get_sms_url("inbound", "telnyx")

    def setUp(self):
        super().setUp()
        self.peer = TelnyxPeer().start()
        self.addCleanup(self.peer.stop)
        self.account = self.peer.account
        self.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.telnyx_api_url", self.peer.url
        )

    def ask(self, wanted=CHECK):
        """Request a check, and run the cron that does it; return its row."""
        self.check._ask(self.company, wanted)
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_check"))
        self.env.invalidate_all()
        return self.check.search([("company_id", "=", self.company.id)])

    def find(self, wanted=CHECK):
        """Check the account; return (about, state, what) of each finding."""
        row = self.ask(wanted)
        for finding in row._get_findings():
            self.assertTrue(row._say(finding))
        return [(it.about, it.state, it.what) for it in row._get_findings()]

    def enter_number(self, *numbers):
        """Add numbers to the company's senders."""
        self.company.sms_telnyx_number_ids = [
            (0, 0, {"number": number}) for number in numbers
        ]

    def test_a_wrong_key_first_and_then_an_account_that_is_right(self):
        self.enter_number(OWN_NUMBER)
        self.account.add_profile(PROFILE_ID, webhook_url=self.url)
        self.account.add_number(OWN_NUMBER, PROFILE_ID)
        for key in ("KEYwrong", "“KEYwrong”"):
            self.company.sms_telnyx_api_key = key
            self.assertEqual(self.find(), [("credentials", "wrong", "api_key_refused")])
        self.company.sms_telnyx_api_key = API_KEY
        self.assertEqual(
            self.find(),
            [
                ("credentials", "fine", "accepted"),
                ("senders", "fine", "owned"),
                ("inbound", "fine", "ours"),
            ],
        )

    def test_a_carrier_that_does_not_answer_is_no_wrong_account(self):
        self.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.telnyx_api_url", "http://127.0.0.1:9"
        )
        self.assertEqual(self.find(), [("credentials", "unsure", "no_answer")])

    def test_numbers_that_cannot_send(self):
        self.enter_number(OWN_NUMBER, OTHER_NUMBER, "+13035550169")
        self.account.add_number(OTHER_NUMBER, PROFILE_ID, features={"sms": None})
        self.account.add_number("+13035550169", None)
        self.assertEqual(
            [what for _about, _state, what in self.find()[1:]],
            ["not_owned", "cannot_text", "no_profile"],
        )

    def test_no_number_yet(self):
        self.assertIn(("senders", "wrong", "no_number"), self.find())
        self.account.add_profile(PROFILE_ID)
        self.account.add_number(OWN_NUMBER, PROFILE_ID)
        self.assertIn(("senders", "wrong", "not_chosen"), self.find())
        self.assertIn(("inbound", "wrong", "empty"), self.find(TAKE_NUMBERS))
        [number] = self.company.sms_telnyx_number_ids
        self.assertEqual((number.number, number.country_code), (OWN_NUMBER, "US"))
        self.ask(TAKE_NUMBERS)
        self.assertEqual(len(self.company.sms_telnyx_number_ids), 1)

    def test_of_where_texts_go_only_the_host_is_told(self):
        self.enter_number(OWN_NUMBER)
        self.account.add_number(OWN_NUMBER, PROFILE_ID)
        self.account.add_profile(PROFILE_ID, webhook_url="https://old.example.com/abc")
        row = self.ask()
        sentence = row._say(row._get_findings("inbound")[0])
        self.assertIn("old.example.com", sentence)
        self.assertNotIn("abc", sentence)

    def test_the_address_is_set_at_the_profile_of_each_number(self):
        self.enter_number(OWN_NUMBER, OTHER_NUMBER)
        for number, profile_id in (
            (OWN_NUMBER, PROFILE_ID),
            (OTHER_NUMBER, OTHER_PROFILE),
        ):
            self.account.add_profile(profile_id, webhook_api_version="1")
            self.account.add_number(number, profile_id)
        untouched = PROFILE_ID.replace("4001", "6003")
        self.account.add_profile(untouched, webhook_url="https://other.example")
        self.assertEqual(
            self.find(SET_INBOUND)[1:],
            [("senders", "fine", "owned"), ("inbound", "fine", "ours")] * 2,
        )
        profiles = self.account.profiles
        self.assertEqual(profiles[PROFILE_ID]["webhook_api_version"], "2")
        self.assertEqual(profiles[untouched]["webhook_url"], "https://other.example")

    def test_an_address_that_was_not_taken_is_said(self):
        row = self.ask(SET_INBOUND)
        self.assertIn("did not accept the address", row._say_trouble())

    def test_a_pool(self):
        self.company.sms_telnyx_messaging_profile_id = PROFILE_ID
        self.assertIn(("senders", "wrong", "not_owned"), self.find())
        for shown, what in (
            ({"enabled": False}, "profile_off"),
            ({}, "pool_off"),
            ({"number_pool_settings": {"long_code_weight": 1}}, "profile_empty"),
        ):
            self.account.add_profile(PROFILE_ID, **shown)
            self.assertIn(("senders", "wrong", what), self.find())
        self.account.add_number(OWN_NUMBER, PROFILE_ID)
        self.assertIn(("inbound", "wrong", "empty"), self.find())
        self.assertIn(("inbound", "fine", "ours"), self.find(SET_INBOUND))
