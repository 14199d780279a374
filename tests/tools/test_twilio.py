# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from twilio.base.exceptions import TwilioException
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from odoo.tests import BaseCase, tagged

from ...providers import TwilioProvider
from ...providers.base import LookupFailed
from ...providers.faults import NO_ANSWER, OPTED_OUT
from ...providers.inbound import InboundEvent
from ...providers.outbound import (
    ACCEPTED,
    AGAIN,
    CANCELED,
    DELIVERED,
    QUEUED,
    READ,
    REFUSED,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    OutboundMessage,
    Outcome,
)
from ..peer.contract import DescribedPeer, Description
from ..peer.twilio import (
    ACCOUNT_SID,
    API_KEY_SECRET,
    API_KEY_SID,
    AUTH_TOKEN,
    TwilioPeer,
)
from .common import UK_SENDER, US_SENDER, make_twilio

#: https://www.twilio.com/docs/usage/security#test-the-validity-of-your-webhook-signature
VECTOR_TOKEN = "12345"
VECTOR_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTOR_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
VECTOR_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

SERVICE_SID = "MG" + "0123456789abcdef" * 2


@tagged("post_install", "-at_install")
class TestTwilioSignature(BaseCase):
    """Nobody but Twilio gets in. The signatures are computed, not mocked."""

    url = "https://odoo.example.com/helpdesk_sms/twilio/key/inbound"
    form = {"MessageSid": "SM1", "From": "+13035550110", "Body": "héllo 😀", "City": ""}

    def _sign(self, url=None, form=None, token=AUTH_TOKEN):
        """Return the signature that Twilio sends with a form."""
        form = self.form if form is None else form
        return RequestValidator(token).compute_signature(url or self.url, form)

    def assertVerified(self, expected, url=None, form=None, signature=None, **account):
        """Check if a request is accepted; by default it is signed correctly."""
        provider = make_twilio(**account)
        signature = self._sign() if signature is None else signature
        form = self.form if form is None else form
        self.assertIs(provider.verify(url or self.url, form, signature), expected)

    def test_the_published_vector(self):
        provider = TwilioProvider({"auth_token": VECTOR_TOKEN})
        self.assertIs(provider.verify(VECTOR_URL, VECTOR_FORM, VECTOR_SIGNATURE), True)
        for changed in (
            {**VECTOR_FORM, "Digits": "1235"},
            {**VECTOR_FORM, "Extra": ""},
            {**VECTOR_FORM, "Extra": "1"},
            {key: value for key, value in VECTOR_FORM.items() if key != "To"},
            {},
        ):
            with self.subTest(changed=changed):
                self.assertIs(
                    provider.verify(VECTOR_URL, changed, VECTOR_SIGNATURE), False
                )

    def test_a_right_signature(self):
        self.assertVerified(True)
        self.assertVerified(True, form=MultiDict(self.form))

    def test_a_wrong_signature_of_any_kind(self):
        right = self._sign()
        for wrong in (
            *("forged", right[:-1], right + "=", right.lower(), f" {right}", "é" * 28),
            *("\x00" * 28, "😀" * 28, "x" * 100_000, VECTOR_SIGNATURE, "=" * 28),
        ):
            with self.subTest(wrong=wrong[:30]):
                self.assertVerified(False, signature=wrong)

    def test_a_missing_or_empty_signature(self):
        provider = make_twilio()
        for signature in (None, "", False):
            with self.subTest(signature=signature):
                self.assertIs(provider.verify(self.url, self.form, signature), False)

    def test_without_a_token_nothing_is_trusted(self):
        """Nor a request signed with an empty token, which everybody knows."""
        for token in ("", None, False):
            with self.subTest(token=token):
                signature = self._sign(token="")
                self.assertVerified(False, auth_token=token, signature=signature)
        self.assertIs(
            TwilioProvider({}).verify(self.url, self.form, self._sign(token="")), False
        )

    def test_while_the_token_is_changed_either_may_have_signed(self):
        new = self._sign(token="another-token")
        self.assertVerified(False, signature=new)
        self.assertVerified(True, second_auth_token="another-token", signature=new)
        self.assertVerified(True, second_auth_token="another-token")
        other = self._sign(token="")
        self.assertVerified(False, second_auth_token="", signature=other)

    def test_a_rotated_token_lets_only_the_new_signatures_in(self):
        old = self._sign()
        new = self._sign(token="another-token")
        self.assertVerified(False, auth_token="another-token", signature=old)
        self.assertVerified(True, auth_token="another-token", signature=new)

    def test_an_api_key_signs_nothing(self):
        signature = self._sign(token=API_KEY_SECRET)
        self.assertVerified(
            False,
            api_key_sid=API_KEY_SID,
            api_key_secret=API_KEY_SECRET,
            signature=signature,
        )

    def test_another_address_is_refused(self):
        for url in (
            self.url + "/",
            self.url + "?x=1",
            self.url.replace("https", "http"),
            self.url.replace("key", "other-key"),
            self.url.replace("odoo.example.com", "evil.example.com"),
        ):
            with self.subTest(url=url):
                self.assertVerified(False, url=url)

    def test_the_port_may_be_named_or_not(self):
        """Twilio signs either; https://www.twilio.com/docs/usage/security."""
        with_port = self.url.replace(".com", ".com:443")
        self.assertVerified(True, url=with_port, signature=self._sign())
        self.assertVerified(True, signature=self._sign(with_port))

    def test_repeated_fields_are_signed_with_each_value(self):
        form = MultiDict([("MessageSid", "SM1"), ("X", "2"), ("X", "1")])
        signature = self._sign(form=form)
        self.assertVerified(True, form=form, signature=signature)
        self.assertVerified(
            False,
            form=MultiDict([("MessageSid", "SM1"), ("X", "2")]),
            signature=signature,
        )


@tagged("post_install", "-at_install")
class TestTwilioInbound(BaseCase):
    """Parsing of received texts."""

    form = {
        "MessageSid": "SM1",
        "SmsSid": "SM1",
        "AccountSid": ACCOUNT_SID,
        "From": "+13035550110",
        "To": US_SENDER,
        "Body": "Hello",
        "NumMedia": "0",
    }

    def test_what_is_known_is_read_and_all_of_it_kept(self):
        form = {**self.form, "NewField": "x", "": "empty name", "Body2": "y" * 1000}
        form["MessagingServiceSid"] = SERVICE_SID
        event = TwilioProvider.parse_inbound(form)
        self.assertEqual(
            (
                event.provider,
                event.carrier_id,
                event.number,
                event.to_number,
                event.body,
                event.service,
            ),
            ("twilio", "SM1", "+13035550110", US_SENDER, "Hello", SERVICE_SID),
        )
        self.assertEqual(event.raw, form)
        self.assertIsNot(event.raw, form)

    def test_what_the_carrier_has_answered(self):
        for word in ("STOP", "START", "HELP", ""):
            with self.subTest(word=word):
                event = TwilioProvider.parse_inbound({**self.form, "OptOutType": word})
                self.assertEqual(event.opt_out_type, word)
        self.assertEqual(TwilioProvider.parse_inbound(self.form).opt_out_type, "")

    def test_older_names_of_the_id(self):
        for names, expected in (
            ({"MessageSid": "SM1", "SmsSid": "SM2"}, "SM1"),
            ({"MessageSid": "", "SmsMessageSid": "SM3", "SmsSid": "SM2"}, "SM3"),
            ({"SmsSid": "SM2"}, "SM2"),
        ):
            with self.subTest(names=names):
                self.assertEqual(
                    TwilioProvider.parse_inbound(names).carrier_id, expected
                )

    def test_a_text_without_an_id_is_known_by_its_contents(self):
        def read(form):
            return TwilioProvider.parse_inbound(form).carrier_id

        form = {"From": "+13035550110", "Body": "héllo"}
        self.assertTrue(read(form).startswith("sha256:"))
        self.assertEqual(read(form), read(dict(reversed(form.items()))))
        self.assertNotEqual(read(form), read({**form, "Body": "hello"}))
        self.assertNotEqual(read({"a": "b=c"}), read({"a=b": "c"}))

    def test_an_empty_form_is_an_event_without_a_sender(self):
        event = TwilioProvider.parse_inbound({})
        self.assertTrue(event.carrier_id)
        nothing = InboundEvent("twilio", event.carrier_id, "", "", "")
        self.assertEqual(event, nothing)


@tagged("post_install", "-at_install")
class TestTwilioReport(BaseCase):
    """Parsing of delivery reports."""

    def _read(self, status, code=""):
        form = {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code}
        return TwilioProvider.parse_report(form)

    def test_every_status_of_the_reference(self):
        for status, expected in (
            *(("accepted", QUEUED), ("scheduled", QUEUED), ("queued", QUEUED)),
            *(("sending", QUEUED), ("sent", SENT), ("partially_delivered", SENT)),
            *(("delivered", DELIVERED), ("read", READ), ("canceled", CANCELED)),
            *(("undelivered", UNDELIVERED), ("failed", UNDELIVERED)),
        ):
            with self.subTest(status=status):
                report = self._read(status)
                self.assertEqual((report.carrier_id, report.report), ("SM1", expected))

    def test_a_status_that_nobody_knows_is_unknown(self):
        for status in ("", "teleported", "DELIVERED ", "None"):
            with self.subTest(status=status):
                self.assertEqual(self._read(status).report, UNKNOWN)

    def test_an_empty_form_is_a_report_of_nothing(self):
        for form in ({}, {"CallSid": "CA1"}):
            with self.subTest(form=form):
                report = TwilioProvider.parse_report(form)
                told = report.carrier_id, report.report, report.code, report.fault
                self.assertEqual(told, (form.get("CallSid", ""), UNKNOWN, "", ""))
                self.assertEqual(report.raw, form)

    def test_the_class_of_each_error_code(self):
        """The table of the carrier's codes, as it is shown to people."""
        for code, failure_type in (
            ("21211", "sms_number_format"),
            ("21614", "sms_number_format"),
            ("21408", "sms_country_not_supported"),
            ("21606", "twilio_from_missing"),
            ("20003", "twilio_authentication"),
            ("30003", "sms_invalid_destination"),
            ("30005", "sms_invalid_destination"),
            ("30004", "sms_rejected"),
            ("30007", "sms_rejected"),
            ("30006", "sms_not_allowed"),
            ("30008", "sms_not_delivered"),
            ("30034", "sms_registration_needed"),
            ("30036", "sms_expired"),
            ("99999", "sms_not_delivered"),
            ("", "sms_not_delivered"),
        ):
            with self.subTest(code=code):
                report = self._read("undelivered", code)
                self.assertTrue(report.fault)
                self.assertEqual(
                    (report.code, report.failure_type), (code, failure_type)
                )
                self.assertNotEqual(report.fault, OPTED_OUT)

    def test_the_carriers_opt_out(self):
        report = self._read("failed", "21610")
        self.assertEqual(report.fault, OPTED_OUT)
        self.assertEqual(report.failure_type, "sms_optout")

    def test_only_an_undelivered_text_has_a_fault(self):
        for status in ("sent", "delivered", "canceled", "teleported"):
            with self.subTest(status=status):
                report = self._read(status, "30008")
                self.assertEqual(report.code, "30008")
                self.assertEqual((report.fault, report.failure_type), ("", ""))

    def test_the_older_name_of_the_id(self):
        form = {"SmsSid": "SM2", "MessageStatus": "sent"}
        self.assertEqual(TwilioProvider.parse_report(form).carrier_id, "SM2")


@tagged("post_install", "-at_install")
class TestTwilioAccount(BaseCase):
    """An account's missing settings, in plain words."""

    def test_a_complete_account_lacks_nothing(self):
        self.assertEqual(make_twilio().missing(), ())
        self.assertEqual(
            make_twilio(senders=[], messaging_service_sid=SERVICE_SID).missing(), ()
        )
        self.assertEqual(
            make_twilio(
                api_key_sid=API_KEY_SID, api_key_secret=API_KEY_SECRET
            ).missing(),
            (),
        )

    def test_what_lacks_is_named(self):
        for changes, missing in (
            ({"account_sid": False}, "Account SID"),
            # Twilio signs with it: without it no STOP could be trusted.
            (
                {
                    "auth_token": "",
                    "api_key_sid": API_KEY_SID,
                    "api_key_secret": API_KEY_SECRET,
                },
                "Auth Token",
            ),
            ({"api_key_sid": API_KEY_SID}, "API Key Secret"),
            ({"api_key_secret": API_KEY_SECRET}, "API Key SID"),
            ({"senders": []}, "Sender number or Messaging Service"),
        ):
            with self.subTest(missing=missing):
                self.assertEqual(make_twilio(**changes).missing(), (missing,))
        self.assertEqual(len(TwilioProvider({}).missing()), 3)


@tagged("post_install", "-at_install")
class TestTwilioSending(BaseCase):
    """One message over real HTTP to a peer that answers like Twilio."""

    number = "+12125550190"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = TwilioPeer().start()
        cls.addClassCleanup(cls.peer.stop)

    def _send(self, behavior=None, number=None, sender=US_SENDER, **account):
        """Send one message, and return the outcome."""
        number = number or self.number
        self.peer.behaviors[number] = behavior
        self.peer.messages.clear()
        provider = make_twilio(**{"api_url": self.peer.url, **account})
        callback = "https://odoo.example.com/status/1"
        message = OutboundMessage("1", number, "Hi\nthere 😀", callback, sender)
        return provider.send(message)

    def test_what_is_posted(self):
        outcome = self._send()
        [post] = self.peer.messages
        self.assertEqual(outcome.kind, ACCEPTED)
        self.assertEqual(outcome.carrier_id, post.pop("sid"))
        self.assertTrue(post.pop("status") and post.pop("created"))
        self.assertEqual(outcome.report, QUEUED)
        self.assertEqual(
            post,
            {
                "To": self.number,
                "From": US_SENDER,
                "Body": "Hi\nthere 😀",
                "StatusCallback": "https://odoo.example.com/status/1",
            },
        )

    def test_an_answer_that_says_little(self):
        self.patch(self.peer, "created", lambda *_asked: {"status": "teleported"})
        self.assertEqual(self._send(), Outcome(ACCEPTED, "", UNKNOWN))

    def test_an_error_that_tells_nothing_of_itself(self):
        provider = make_twilio()
        failing = {"side_effect": TwilioException("odd")}
        with patch.object(provider.api, "get_client", **failing):
            outcome = provider.send(OutboundMessage("1", self.number, "Hi"))
        unknown = Outcome(UNKNOWN, fault=NO_ANSWER, failure_type="sms_server")
        self.assertEqual(outcome, unknown)

    def test_a_messaging_service_chooses_the_sender(self):
        outcome = self._send(sender=SERVICE_SID, messaging_service_sid=SERVICE_SID)
        [post] = self.peer.messages
        self.assertEqual(post["MessagingServiceSid"], SERVICE_SID)
        self.assertNotIn("From", post)
        self.assertEqual(outcome.report, QUEUED)

    def test_a_number_of_a_service_keeps_what_the_service_has(self):
        self._send(messaging_service_sid=SERVICE_SID)
        [post] = self.peer.messages
        self.assertEqual(post["MessagingServiceSid"], SERVICE_SID)
        self.assertEqual(post["From"], US_SENDER)

    def test_a_service_leaves_its_numbers_to_teams(self):
        provider = make_twilio(messaging_service_sid=SERVICE_SID)
        self.assertEqual(
            [(it.address, it.kind, it.country) for it in provider.senders()],
            [
                (SERVICE_SID, "service", ""),
                (US_SENDER, "long_code", "US"),
                (UK_SENDER, "long_code", "GB"),
            ],
        )

    def test_pictures_go_along(self):
        """The peer keeps the last of them; without any, no empty list is posted."""
        media = ("https://odoo.example.com/m/1", "https://odoo.example.com/m/2")
        for own in (media, ()):
            self.peer.messages.clear()
            message = OutboundMessage("1", self.number, "Hi", media=own)
            make_twilio(api_url=self.peer.url).send(message)
            [post] = self.peer.messages
            fields = {key: it for key, it in post.items() if key[0].isupper()}
            expected = {"To": self.number, "Body": "Hi"}
            self.assertEqual(fields, expected | ({"MediaUrl": own[-1]} if own else {}))

    def test_an_api_key_stands_for_the_account(self):
        outcome = self._send(
            auth_token="not-used-for-sending",
            api_key_sid=API_KEY_SID,
            api_key_secret=API_KEY_SECRET,
        )
        self.assertEqual(outcome.kind, ACCEPTED)

    def test_what_the_carrier_may_have_done_decides(self):
        """Refused for good, certainly not accepted, or unknown."""
        for behavior, kind, failure_type in (
            (("error", 400, 21211), REFUSED, "sms_number_format"),
            (("error", 400, 21408), REFUSED, "sms_country_not_supported"),
            (("error", 400, 21606), REFUSED, "twilio_from_missing"),
            (("error", 400, 21608), REFUSED, "sms_acc"),
            (("error", 400, 21660), REFUSED, "twilio_from_missing"),
            (("error", 404, 20404), REFUSED, "twilio_authentication"),
            (("error", 408, 20408), UNKNOWN, "sms_server"),
            (("error", 400, 99999), REFUSED, "sms_server"),
            (("error", 403, 99999), REFUSED, "twilio_authentication"),
            (("error", 429, 20429), AGAIN, "sms_server"),
            (("error", 400, 21611), AGAIN, "sms_server"),
            (("error", 503, 30001), AGAIN, "sms_server"),
            (("error", 500, 20500), UNKNOWN, "sms_server"),
            (("error", 503, 20503), UNKNOWN, "sms_server"),
            (("html", 502), UNKNOWN, "sms_server"),
            (("html", 200), UNKNOWN, "sms_server"),
            ("drop", UNKNOWN, "sms_server"),
        ):
            with self.subTest(behavior=behavior):
                outcome = self._send(behavior)
                self.assertEqual(
                    (outcome.kind, outcome.failure_type), (kind, failure_type)
                )
                self.assertNotEqual(outcome.fault, OPTED_OUT)
                self.assertEqual(len(self.peer.messages), 1)
                if behavior[0] == "error":
                    self.assertEqual(outcome.code, str(behavior[2]))
                    self.assertEqual(outcome.detail, "Unable to create record: Refused")

    def test_the_carriers_words_in_each_of_its_forms(self):
        """Its older one, and RFC 9457; neither repeats the account."""
        peer = DescribedPeer(Description("twilio")).start()
        self.addCleanup(peer.stop)
        posted = ("post", "/2010-04-01/Accounts/{AccountSid}/Messages.json")
        problem = {"code": 21211, "status": 400, "type": "https://x", "title": "No"}
        for body, words in (
            ({"code": 21211, "message": "No"}, "Unable to create record: No"),
            (problem, "No"),
            ({**problem, "detail": "Why"}, "Why"),
            ({**problem, "title": None}, ""),
        ):
            peer.answers = {posted: (400, body)}
            outcome = self._send(api_url=peer.url)
            with self.subTest(body=body):
                told = outcome.kind, outcome.code, outcome.detail
                self.assertEqual(told, (REFUSED, "21211", words))

    def test_the_carriers_opt_out(self):
        outcome = self._send(("error", 400, 21610))
        self.assertEqual((outcome.kind, outcome.fault), (REFUSED, OPTED_OUT))
        self.assertEqual(outcome.failure_type, "sms_optout")

    def test_a_wrong_password_is_refused_without_telling_it(self):
        outcome = self._send(auth_token="wr0ng-t0ken")
        self.assertEqual(outcome.kind, REFUSED)
        self.assertEqual(outcome.failure_type, "twilio_authentication")
        self.assertNotIn("wr0ng-t0ken", repr(outcome))
        self.assertNotIn(ACCOUNT_SID, repr(outcome))

    def test_a_message_is_found_whatever_became_of_its_words(self):
        number, now = "+12125550191", datetime.now(UTC).replace(tzinfo=None)
        window = now - timedelta(minutes=5), now + timedelta(minutes=5)
        provider = make_twilio(api_url=self.peer.url)
        page = "https://help.example.com/sms/p/"
        for words, theirs, is_found in (
            ("We're on it", "We're on it\n", True),
            ("“We’re” – on it…", '"We\'re" - on it...', True),
            ("On it", "Sent from your Twilio trial account - On it", True),
            ("Kept for nobody", "", True),
            ("👍", "👍", True),
            (f"Choose: {page}{'b' * 16} Bye", f"Choose: {page}{'A1' * 8} Bye", True),
            (f"Choose: {page}{'b' * 16} Bye", f"Choose: {page}{'b' * 16} Hi", False),
            ("👍", "👎", False),
            ("On it", "Not on it", False),
            ("No. 1", "No. 2", False),
        ):
            with self.subTest(words=words):
                self.peer.taken.clear()
                message = OutboundMessage("1", number, words, "", US_SENDER)
                provider.send(message)
                self.peer.taken[-1]["Body"] = theirs
                found = provider.find(message, *window)
                self.assertEqual(bool(found), is_found)

    def test_a_list_that_is_cut_off_says_nothing(self):
        number, now = "+12125550191", datetime.now(UTC).replace(tzinfo=None)
        day, hour = timedelta(days=1), timedelta(hours=1)
        provider = make_twilio(api_url=self.peer.url)
        message = OutboundMessage("1", number, "On it", "", US_SENDER)
        provider.send(message)
        self.peer.taken *= 60
        found = provider.find(message, now - hour, now + hour)
        self.assertEqual(len(found), 60, "more than a page of fifty")
        message = OutboundMessage("2", number, "Another", "", US_SENDER)
        self.peer.taken[60:] = self.peer.taken[:1] * 940
        with self.assertRaises(LookupFailed):
            provider.find(message, now - hour, now + hour)
        self.assertEqual(provider.find(message, now + day, now + 2 * day), [])

    def test_a_bad_paste_of_the_credentials_is_refused(self):
        """A character that is invalid in headers raises deep in the HTTP library."""
        outcome = self._send(auth_token=AUTH_TOKEN + "\u200b")
        self.assertEqual(outcome.kind, REFUSED)
        self.assertEqual(outcome.failure_type, "twilio_authentication")
        self.assertEqual(self.peer.messages, [])
        words = "The credentials contain an invalid character."
        self.assertEqual(outcome.detail, words)
