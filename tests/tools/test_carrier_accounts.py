# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Findings of an account's check at its carrier, and the changes by its setup."""

from odoo.tests import BaseCase, tagged

from ...providers import SandboxProvider
from ...providers.account import (
    ALPHANUMERIC,
    CREDENTIALS,
    FINE,
    INBOUND,
    LONG_CODE,
    SENDERS,
    SHORT_CODE,
    TOLL_FREE,
    UNSURE,
    WRONG,
    Finding,
)
from ...providers.base import LookupFailed
from ...providers.shared import kind_of
from ...providers.telnyx_api import PAGE_SIZE
from ..peer.contract import DescribedPeer, Description
from ..peer.telnyx import API_KEY, PROFILE_ID, PUBLIC_KEY, TelnyxPeer
from ..peer.telnyx_account import PeerTelnyxAccount
from ..peer.twilio import API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN, TwilioPeer
from ..peer.twilio_account import PeerAccount
from .common import UK_SENDER, US_SENDER, PeerCase, make_telnyx, make_twilio

OURS = "https://odoo.example.com/helpdesk_sms/carrier/key/inbound"
SERVICE = "MG" + "0123456789abcdef" * 2
OTHER_PROFILE = PROFILE_ID.replace("4001", "5002")
NUMBERS = [f"+1303555010{index}" for index in range(7)]
BOTH = [(US_SENDER, "US"), (UK_SENDER, "GB")]


class AccountCase(PeerCase):
    """The findings of a check, as tuples."""

    provider = None

    def check(self, **account):
        """Return what a check finds: (about, state, what, sender, detail)."""
        found = self.make(**account).check(OURS)
        self.assertIsInstance(found, tuple)
        return [
            (it.about, it.state, it.what, it.sender, it.detail)
            for it in found
            if isinstance(it, Finding)
        ]

    def check_numbers(self, *numbers, **account):
        """Return what a check finds about numbers, after the credentials are fine."""
        senders = [(number, "US") for number in numbers]
        first, *others = self.check(senders=senders, **account)
        self.assertEqual(first[:2], (CREDENTIALS, FINE))
        return others


@tagged("post_install", "-at_install")
class TestTwilioAccount(AccountCase):
    """A loopback Twilio, over HTTP."""

    peer_class, account_class = TwilioPeer, PeerAccount

    def make(self, **account):
        """Return an adapter that speaks to the peer."""
        return make_twilio(**{"api_url": self.peer.url, **account})

    def test_credentials(self):
        accepted = (CREDENTIALS, FINE, "accepted", "", "Loopback")
        no_number = (SENDERS, WRONG, "no_number", "", "")
        token_refused = (CREDENTIALS, WRONG, "token_refused", "", "")
        key_refused = (CREDENTIALS, WRONG, "key_refused", "", "")
        silent = (CREDENTIALS, UNSURE, "no_answer", "", "ConnectionError")
        key = {"api_key_sid": API_KEY_SID, "api_key_secret": API_KEY_SECRET}
        bad_key = {**key, "api_key_secret": "wrong"}
        for account, expected in (
            ({}, [accepted, no_number]),
            (key, [accepted, no_number]),
            ({"auth_token": "wrong"}, [token_refused]),
            ({"auth_token": AUTH_TOKEN + "”"}, [token_refused]),
            # The key could send, but would hide that no webhook can be verified.
            ({**key, "auth_token": "wrong"}, [token_refused]),
            (bad_key, [accepted, key_refused]),
            ({"api_url": "http://127.0.0.1:9"}, [silent]),
        ):
            with self.subTest(account=account):
                self.assertEqual(self.check(senders=[], **account), expected)

    def test_an_account_that_is_unknown_closed_or_on_trial(self):
        for status, kind, expected in (
            ("suspended", "Full", (WRONG, "account_closed", "", "suspended")),
            (None, "Full", (WRONG, "account_closed", "", "")),
            ("active", "Trial", (FINE, "trial", "", "Loopback")),
        ):
            self.account.status, self.account.type = status, kind
            found = self.check(senders=[])
            with self.subTest(status=status, kind=kind):
                self.assertEqual(found[0], (CREDENTIALS, *expected))
                self.assertEqual(len(found) == 1, kind == "Full")
        self.account.name = None
        self.assertEqual(self.check()[0][2:], ("trial", "", ""))

    def test_an_answer_that_lacks(self):
        """Half of the answers fail: nothing is called wrong for it."""
        description = Description("twilio")
        path = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json"
        peer = DescribedPeer(description).start()
        self.addCleanup(peer.stop)
        for key, account in (
            (("get", path), {}),
            (("get", "/v1/Services/{Sid}"), {"messaging_service_sid": SERVICE}),
        ):
            peer.answers = {key: (503, {})}
            found = self.check(api_url=peer.url, **account)
            expected = (SENDERS, UNSURE, "no_answer", "", "HTTP 503")
            with self.subTest(key=key):
                self.assertEqual(found[1:], [expected])
        peer.answers = {("get", path): (503, {})}
        key = {"api_key_sid": API_KEY_SID, "api_key_secret": API_KEY_SECRET}
        expected = (CREDENTIALS, UNSURE, "no_answer", "", "HTTP 503")
        self.assertEqual(self.check(api_url=peer.url, **key)[1:], [expected])
        account = ("get", "/2010-04-01/Accounts/{Sid}.json")
        refused = (CREDENTIALS, WRONG, "token_refused", "", "")
        for status in (401, 403, 404, 503):
            peer.answers = {account: (status, {})}
            with self.subTest(status=status):
                found = [expected if status == 503 else refused]
                self.assertEqual(self.check(api_url=peer.url), found)

    def test_numbers(self):
        lacks, mute, blank, sends = NUMBERS[:4]
        self.account.add_number(mute, capabilities={"sms": False})
        self.account.add_number(blank, capabilities=None)
        self.account.add_number(sends, sms_url=OURS)
        self.assertEqual(
            self.check_numbers(lacks, "NORTHWIND", mute, blank, "24365", sends),
            [
                (SENDERS, WRONG, "not_owned", lacks, ""),
                (SENDERS, WRONG, "cannot_text", mute, ""),
                (SENDERS, WRONG, "cannot_text", blank, ""),
                (SENDERS, WRONG, "not_owned", "24365", ""),
                (SENDERS, FINE, "owned", sends, ""),
                (INBOUND, FINE, "ours", sends, ""),
            ],
        )

    def test_no_number_is_chosen(self):
        for number in reversed(NUMBERS):
            self.account.add_number(number)
        self.account.add_number(NUMBERS[1], capabilities={"sms": False})
        self.patch(self.peer, "exchanges", [])
        shown = ", ".join([NUMBERS[0], *NUMBERS[2:6]])
        self.assertEqual(
            self.check_numbers(), [(SENDERS, WRONG, "not_chosen", "", shown)]
        )
        listed = self.make().list_numbers()
        self.assertEqual(listed, (NUMBERS[0], *NUMBERS[2:]))
        # As many at once as Twilio gives.
        self.assertIn("PageSize=1000", self.peer.exchanges[-1].target)

    def test_where_texts_go(self):
        secret = "https://old.example.com:8069/a-secret"
        for shown, state, what, detail in (
            ({}, WRONG, "empty", ""),
            ({"sms_url": secret}, WRONG, "elsewhere", "old.example.com"),
            ({"sms_url": "nonsense"}, WRONG, "elsewhere", ""),
            ({"sms_url": OURS + "/"}, WRONG, "elsewhere", "odoo.example.com"),
            ({"sms_url": OURS, "sms_method": "GET"}, WRONG, "not_post", ""),
            ({"sms_url": OURS, "sms_application_sid": "A"}, WRONG, "application", ""),
            ({"sms_url": OURS}, FINE, "ours", ""),
        ):
            self.account.add_number(US_SENDER, **shown)
            with self.subTest(shown=shown):
                found = self.check_numbers(US_SENDER)[1]
                self.assertEqual(found, (INBOUND, state, what, US_SENDER, detail))

    def test_a_service(self):
        def check():
            return self.check_numbers(messaging_service_sid=SERVICE)

        lacks = [(SENDERS, WRONG, "not_owned", SERVICE, "")]
        self.assertEqual(check(), lacks)
        self.account.add_service(SERVICE)
        self.assertEqual(check(), [(SENDERS, WRONG, "service_empty", SERVICE, "")])
        owned = (SENDERS, FINE, "owned", SERVICE, ", ".join(NUMBERS[:5]))
        for shown, state, what in (
            ({}, WRONG, "empty"),
            ({"inbound_request_url": OURS, "inbound_method": "GET"}, WRONG, "not_post"),
            ({"inbound_request_url": OURS}, FINE, "ours"),
        ):
            self.account.add_service(SERVICE, *NUMBERS, **shown)
            self.patch(self.peer, "exchanges", [])
            with self.subTest(shown=shown):
                self.assertEqual(check(), [owned, (INBOUND, state, what, SERVICE, "")])
                self.assertIn("PageSize=1000", self.peer.exchanges[-1].target)

    def test_a_service_that_leaves_it_to_its_numbers(self):
        lacks, ours, elsewhere = NUMBERS[:3]
        self.account.add_number(ours, sms_url=OURS)
        self.account.add_number(elsewhere, sms_url="https://old.example.com")
        own = {"use_inbound_webhook_on_number": True, "inbound_request_url": OURS}
        self.account.add_service(SERVICE, lacks, ours, elsewhere, **own)
        self.assertEqual(
            self.check_numbers(messaging_service_sid=SERVICE)[1:],
            [
                (INBOUND, FINE, "ours", ours, ""),
                (INBOUND, WRONG, "elsewhere", elsewhere, "old.example.com"),
            ],
        )

    def test_our_address_is_set_at_each_number_that_sends(self):
        old = "https://old.example.com"
        for number in (US_SENDER, NUMBERS[1]):
            self.account.add_number(
                number, sms_url=old, sms_method="GET", sms_application_sid="AP1"
            )
        self.account.add_number(NUMBERS[2], sms_url=OURS)
        senders = [(US_SENDER, "US"), (UK_SENDER, "GB"), (NUMBERS[2], "US")]
        self.patch(self.peer, "exchanges", [])
        self.make(senders=senders).set_inbound_url(OURS)
        # Without one there is none to remove: Twilio would call the request malformed.
        posted = [it.body for it in self.peer.exchanges if it.method == "POST"]
        self.assertEqual([b"SmsApplicationSid" in it for it in posted], [True, False])
        shown = {
            number: (it["sms_url"], it["sms_method"], it["sms_application_sid"])
            for number, it in self.account.numbers.items()
        }
        ours = (OURS, "POST", None)
        theirs = (old, "GET", "AP1")
        self.assertEqual(shown, {US_SENDER: ours, NUMBERS[1]: theirs, NUMBERS[2]: ours})

    def test_our_address_is_set_at_a_service_and_at_the_numbers_beside_it(self):
        self.account.add_service(
            SERVICE, inbound_method="GET", use_inbound_webhook_on_number=True
        )
        self.account.add_number(US_SENDER)
        self.make(messaging_service_sid=SERVICE).set_inbound_url(OURS)
        service = self.account.services[SERVICE]
        self.assertEqual(service["inbound_request_url"], OURS)
        self.assertEqual(service["inbound_method"], "POST")
        self.assertFalse(service["use_inbound_webhook_on_number"])
        self.assertEqual(self.account.numbers[US_SENDER]["sms_url"], OURS)

    def test_what_a_check_needs(self):
        for account, can_check in (
            ({}, True),
            ({"senders": []}, True),
            ({"account_sid": ""}, False),
            ({"auth_token": False}, False),
        ):
            self.assertIs(self.make(**account).can_check(), can_check)


@tagged("post_install", "-at_install")
class TestTelnyxAccount(AccountCase):
    """A loopback Telnyx, over HTTP."""

    peer_class, account_class = TelnyxPeer, PeerTelnyxAccount

    def make(self, **account):
        """Return an adapter that speaks to the peer."""
        return make_telnyx(**{"api_url": self.peer.url, **account})

    def test_credentials(self):
        accepted = (CREDENTIALS, FINE, "accepted", "", "")
        no_number = (SENDERS, WRONG, "no_number", "", "")
        refused = (CREDENTIALS, WRONG, "api_key_refused", "", "")
        malformed = (CREDENTIALS, WRONG, "public_key_malformed", "", "")
        silent = (CREDENTIALS, UNSURE, "no_answer", "", "ConnectionError")
        for account, expected in (
            ({}, [accepted, no_number]),
            ({"api_key": "KEYwrong"}, [refused]),
            ({"api_key": API_KEY + "”"}, [refused]),
            # Half of a key is noticed before a STOP is lost because of it.
            ({"public_key": PUBLIC_KEY[:20]}, [malformed]),
            ({"public_key": PUBLIC_KEY[:-1]}, [malformed]),
            ({"public_key": "é"}, [malformed]),
            ({"public_key": False}, [malformed]),
            ({"api_key": API_KEY + "\n"}, [refused]),
            ({"api_key": "KEY\n" + API_KEY}, [refused]),
            ({"api_url": "http://127.0.0.1:9"}, [silent]),
            (
                {"api_url": "api.telnyx.com"},
                [(CREDENTIALS, UNSURE, "no_answer", "", "MissingSchema")],
            ),
        ):
            with self.subTest(account=account):
                self.assertEqual(self.check(senders=[], **account), expected)

    def test_an_answer_that_lacks(self):
        """Half of the answers fail: nothing is called wrong for it."""
        peer = DescribedPeer(Description("telnyx")).start()
        self.addCleanup(peer.stop)
        numbers = ("get", "/v2/phone_numbers/messaging")
        profile = ("get", "/v2/messaging_profiles/{id}")
        accepted = (CREDENTIALS, FINE, "accepted", "", "")
        for answers, expected in (
            (
                {numbers: (503, {})},
                [(CREDENTIALS, UNSURE, "no_answer", "", "HTTP 503")],
            ),
            (
                {numbers: (403, {})},
                [(CREDENTIALS, WRONG, "api_key_refused", "", "")],
            ),
            (
                {numbers: (200, "<html>")},
                [(CREDENTIALS, UNSURE, "no_answer", "", "JSONDecodeError")],
            ),
            (
                {numbers: (200, {"data": None})},
                [(CREDENTIALS, UNSURE, "no_answer", "", "The response is not a list")],
            ),
            (
                {profile: (503, {})},
                [accepted, (SENDERS, UNSURE, "no_answer", "", "HTTP 503")],
            ),
            # Not the id of a profile at all.
            (
                {profile: (422, {})},
                [accepted, (SENDERS, WRONG, "not_owned", PROFILE_ID, "")],
            ),
        ):
            peer.answers = answers
            account = {"senders": [], "messaging_profile_id": PROFILE_ID}
            with self.subTest(answers=answers):
                found = self.check(api_url=peer.url, **account)
                self.assertEqual(found, expected)

    def test_numbers(self):
        lacks, mute, alone, sends, abroad, too = NUMBERS[:6]
        self.account.add_profile(PROFILE_ID, webhook_url=OURS)
        self.account.add_number(mute, PROFILE_ID, features={"sms": None})
        self.account.add_number(alone, None)
        self.account.add_number(
            sends, PROFILE_ID, features={"sms": {"domestic_two_way": True}}
        )
        self.account.add_number(
            abroad, OTHER_PROFILE, features={"sms": {"international_outbound": True}}
        )
        self.account.add_number(too, PROFILE_ID)
        self.patch(self.peer, "exchanges", [])
        self.assertEqual(
            self.check_numbers(lacks, mute, alone, sends, abroad, too),
            [
                (SENDERS, WRONG, "not_owned", lacks, ""),
                (SENDERS, WRONG, "cannot_text", mute, ""),
                (SENDERS, WRONG, "no_profile", alone, ""),
                (SENDERS, FINE, "owned", sends, ""),
                (INBOUND, FINE, "ours", sends, ""),
                # Its profile does not belong to the account.
                (SENDERS, FINE, "owned", abroad, ""),
                (INBOUND, WRONG, "empty", abroad, ""),
                (SENDERS, FINE, "owned", too, ""),
                (INBOUND, FINE, "ours", too, ""),
            ],
        )
        # Each profile is asked about once.
        asked = [it for it in self.peer.exchanges if "profiles" in it.target]
        self.assertEqual(len(asked), 2)
        self.assertEqual(self.make().list_numbers(), (sends, abroad, too))

    def test_an_account_of_many_numbers(self):
        """More than one page, and malformed rows, which are left out."""
        self.account.add_profile(PROFILE_ID, webhook_url=OURS)
        for index in range(PAGE_SIZE + 1):
            self.account.add_number(f"+1303556{index:04d}", PROFILE_ID)
        self.account.numbers["+13035560000"]["phone_number"] = None
        last = f"+1303556{PAGE_SIZE:04d}"
        self.assertIn((SENDERS, FINE, "owned", last, ""), self.check_numbers(last))
        self.assertEqual(len(self.make().list_numbers()), PAGE_SIZE)

    def test_where_texts_go(self):
        self.account.add_number(US_SENDER, PROFILE_ID)
        secret = "https://old.example.com/a-secret"
        for shown, state, what, detail in (
            ({}, WRONG, "empty", ""),
            ({"webhook_url": secret}, WRONG, "elsewhere", "old.example.com"),
            (
                {"webhook_url": secret, "webhook_api_version": "1"},
                *(WRONG, "elsewhere", "old.example.com"),
            ),
            (
                {"webhook_url": OURS, "webhook_api_version": "1"},
                *(WRONG, "old_version", ""),
            ),
            ({"webhook_url": OURS}, FINE, "ours", ""),
        ):
            self.account.add_profile(PROFILE_ID, **shown)
            with self.subTest(shown=shown):
                found = self.check_numbers(US_SENDER)[1]
                self.assertEqual(found, (INBOUND, state, what, US_SENDER, detail))

    def test_a_pool(self):
        def check(*numbers):
            return self.check_numbers(*numbers, messaging_profile_id=PROFILE_ID)

        pool = {"number_pool_settings": {"long_code_weight": 1}}
        self.account.add_number(UK_SENDER, OTHER_PROFILE)
        self.assertEqual(check(), [(SENDERS, WRONG, "not_owned", PROFILE_ID, "")])
        for shown, what in (
            ({"enabled": False, **pool}, "profile_off"),
            ({}, "pool_off"),
            (pool, "profile_empty"),
        ):
            self.account.add_profile(PROFILE_ID, **shown)
            with self.subTest(what=what):
                self.assertEqual(check(), [(SENDERS, WRONG, what, PROFILE_ID, "")])
        for number in reversed(NUMBERS):
            self.account.add_number(number, PROFILE_ID)
        owned = (SENDERS, FINE, "owned", PROFILE_ID, ", ".join(NUMBERS[:5]))
        empty = (INBOUND, WRONG, "empty", PROFILE_ID, "")
        self.assertEqual(check(), [owned, empty])
        # Numbers of its own are looked at beside it.
        lacks = (SENDERS, WRONG, "not_owned", "+13035550199", "")
        self.assertEqual(check("+13035550199"), [owned, empty, lacks])
        self.account.add_profile(PROFILE_ID, webhook_url=OURS, **pool)
        self.assertEqual(check(), [owned, (INBOUND, FINE, "ours", PROFILE_ID, "")])

    def test_our_address_is_set_at_the_profiles_that_send(self):
        pool, untouched = PROFILE_ID.replace("4001", "6003"), "7" + PROFILE_ID[1:]
        self.account.add_number(US_SENDER, PROFILE_ID)
        self.account.add_number(UK_SENDER, OTHER_PROFILE)
        self.account.add_number(NUMBERS[1], untouched)
        for profile_id in (PROFILE_ID, OTHER_PROFILE, pool, untouched):
            self.account.add_profile(profile_id, webhook_api_version="1")
        senders = [*BOTH, (NUMBERS[2], "US")]
        self.make(senders=senders, messaging_profile_id=pool).set_inbound_url(OURS)
        shown = {
            profile_id: (it["webhook_url"], it["webhook_api_version"])
            for profile_id, it in self.account.profiles.items()
        }
        expected = dict.fromkeys((PROFILE_ID, OTHER_PROFILE, pool), (OURS, "2"))
        self.assertEqual(shown, {**expected, untouched: (None, "1")})

    def test_an_address_that_was_not_taken_is_said(self):
        with self.assertRaisesRegex(LookupFailed, "^no messaging profile$"):
            self.make().set_inbound_url(OURS)
        self.account.add_number(US_SENDER, PROFILE_ID)
        with self.assertRaises(LookupFailed) as caught:
            self.make().set_inbound_url(OURS)
        self.assertEqual(caught.exception.status, 404)

    def test_what_a_check_needs(self):
        for account, can_check in (
            ({}, True),
            ({"senders": []}, True),
            ({"api_key": ""}, False),
            ({"public_key": False}, False),
        ):
            self.assertIs(self.make(**account).can_check(), can_check)


@tagged("post_install", "-at_install")
class TestSenders(BaseCase):
    """The kind of a sender, by its characters."""

    def test_kinds(self):
        for address, kind in (
            (US_SENDER, LONG_CODE),
            (UK_SENDER, LONG_CODE),
            ("+18005550100", TOLL_FREE),
            ("+448085550100", TOLL_FREE),
            ("+", LONG_CODE),
            ("+999", LONG_CODE),
            ("24365", SHORT_CODE),
            ("NORTHWIND", ALPHANUMERIC),
            ("24h", ALPHANUMERIC),
        ):
            with self.subTest(address=address):
                self.assertEqual(kind_of(address), kind)

    def test_the_sandbox_has_nothing_to_look_at(self):
        sandbox = SandboxProvider({})
        self.assertIs(sandbox.can_check(), False)
        self.assertEqual((sandbox.check(OURS), sandbox.list_numbers()), ((), ()))
        with self.assertRaisesRegex(LookupFailed, "^sandbox has no way"):
            sandbox.set_inbound_url(OURS)
