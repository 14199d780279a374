# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.etree import ElementTree

from odoo.tests import BaseCase, tagged

from ...providers import TwilioProvider, faults
from ...providers.base import LookupFailed
from ...providers.outbound import (
    ACCEPTED,
    AGAIN,
    CANCELED,
    DELIVERED,
    QUEUED,
    REFUSED,
    REPORT_RANKS,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    DeliveryReport,
    OutboundMessage,
    Price,
)
from ...providers.twilio_voice import to_language
from ...providers.voice import Spoken
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioPeer

OWN, THEIRS = "+13035550100", "+13035550110"
KEY_URL = "https://odoo.example.com/helpdesk_sms/twilio/k/call/u/1"


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    """TwiML and reports, without a network."""

    def say(self, spoken):
        """Return the response to Twilio as an XML tree."""
        return ElementTree.fromstring(TwilioProvider.say(spoken, KEY_URL))

    def test_a_question_is_said_while_a_key_is_waited_for(self):
        document = self.say(Spoken("Server 4 <offline> & hot", "de_CH", asks=True))
        [gather] = document
        self.assertEqual(
            (gather.tag, gather.attrib),
            (
                "Gather",
                {
                    "action": KEY_URL,
                    "method": "POST",
                    "numDigits": "1",
                    "timeout": "8",
                    # A hash is a wrong key, and silence is an answer too.
                    "finishOnKey": "",
                    "actionOnEmptyResult": "true",
                },
            ),
        )
        self.assertEqual(gather.find("Say").text, "Server 4 <offline> & hot")
        self.assertEqual(gather.find("Say").get("language"), "de-DE")

    def test_what_asks_nothing_ends_the_call(self):
        for spoken, said in ((Spoken("Adieu.", "fr_FR"), ["Adieu."]), (None, [])):
            with self.subTest(said=said):
                document = self.say(spoken)
                self.assertEqual([it.text for it in document.iter("Say")], said)
                languages = [it.get("language") for it in document.iter("Say")]
                self.assertEqual(languages, ["fr-FR"] * len(said))
                self.assertEqual(document[-1].tag, "Hangup")
                self.assertEqual(len(document), len(said) + 1)

    def test_languages(self):
        for lang, expected in (
            ("en_GB", "en-GB"),
            ("fr_BE", "fr-FR"),
            ("fr_CA", "fr-CA"),
            ("es_419", "es-MX"),
            ("nb_NO", "nb-NO"),
            ("sr@latin", "en-US"),
            ("pt_BR@x", "pt-BR"),
            ("pt", "pt-PT"),
            ("no_NO", "nb-NO"),
            ("tlh_XX", "en-US"),
            ("", "en-US"),
            (False, "en-US"),
        ):
            with self.subTest(lang=lang):
                self.assertEqual(to_language(lang), expected)

    def test_reports(self):
        for status, answered_by, report, fault in (
            ("queued", "", QUEUED, ""),
            ("ringing", "", QUEUED, ""),
            ("in-progress", "", SENT, ""),
            ("completed", "", UNDELIVERED, faults.UNANSWERED),
            ("completed", "human", UNDELIVERED, faults.UNANSWERED),
            ("completed", "machine_start", UNDELIVERED, faults.VOICEMAIL),
            ("busy", "", UNDELIVERED, faults.BUSY),
            ("no-answer", "", UNDELIVERED, faults.UNANSWERED),
            ("failed", "", UNDELIVERED, faults.NO_CALL),
            ("canceled", "", CANCELED, ""),
            ("teleported", "", UNKNOWN, ""),
            ("", "", UNKNOWN, ""),
        ):
            with self.subTest(status=status, answered_by=answered_by):
                form = {"CallSid": "CA1", "CallStatus": status}
                form |= {"AnsweredBy": answered_by, "SipResponseCode": "486"}
                found = TwilioProvider.parse_report(form)
                failure_type = "sms_not_delivered" if fault else ""
                expected = ("CA1", report, "486", failure_type, fault, form)
                self.assertEqual(found, DeliveryReport(*expected))

    def test_whoever_may_be_a_person_is_told(self):
        for answered_by, report in (
            ("human", DELIVERED),
            ("unknown", DELIVERED),
            ("", DELIVERED),
            ("machine_start", UNDELIVERED),
            ("machine_end_beep", UNDELIVERED),
            ("fax", UNDELIVERED),
        ):
            with self.subTest(answered_by=answered_by):
                form = {"CallSid": "CA1", "AnsweredBy": answered_by}
                why = ("sms_not_delivered", faults.VOICEMAIL)
                why = ("", "") if report == DELIVERED else why
                self.assertEqual(
                    TwilioProvider.parse_answer(form),
                    DeliveryReport("CA1", report, "", *why, form),
                )
        nothing = DeliveryReport("", DELIVERED)
        self.assertEqual(TwilioProvider.parse_answer({}), nothing)

    def test_that_a_person_was_told_outlives_the_end_of_the_call(self):
        self.assertGreater(REPORT_RANKS[DELIVERED], REPORT_RANKS[UNDELIVERED])

    def test_the_key(self):
        for digits, key in (("1", "1"), ("12", "1"), ("", ""), ("#", "#")):
            self.assertEqual(TwilioProvider.parse_key({"Digits": digits}), key)
        self.assertEqual(TwilioProvider.parse_key({}), "")


@tagged("post_install", "-at_install")
class TestCalls(BaseCase):
    """Posts and lookups, over a socket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = TwilioPeer().start()
        cls.addClassCleanup(cls.peer.stop)
        account = {
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "senders": [(OWN, "US")],
            "messaging_service_sid": "MG" + "0" * 32,
            "api_url": cls.peer.url,
        }
        cls.provider = TwilioProvider(account)

    def setUp(self):
        super().setUp()
        self.peer.messages.clear()
        self.peer.taken.clear()
        self.peer.behaviors.clear()

    def place(self, number=THEIRS):
        """Place a call; return the outcome."""
        message = OutboundMessage(
            "uuid",
            number,
            "Server 4 offline",
            "https://odoo.example.com/status/uuid",
            OWN,
            answer_url="https://odoo.example.com/call/uuid",
        )
        return self.provider.place_call(message)

    def find(self, minutes=5):
        """Look up calls placed within some minutes of now."""
        now = datetime.now(UTC).replace(tzinfo=None)
        message = OutboundMessage("uuid", THEIRS, "Server 4 offline", sender=OWN)
        span = timedelta(minutes=minutes)
        return self.provider.find_call(message, now - span, now + span)

    def test_a_call_is_posted_with_its_addresses_and_none_of_its_words(self):
        outcome = self.place()
        [call] = self.peer.messages
        self.assertEqual(outcome.kind, ACCEPTED)
        self.assertEqual(outcome.report, QUEUED)
        self.assertEqual(outcome.carrier_id, call["sid"])
        self.assertEqual(
            {key: it for key, it in call.items() if key[0].isupper()},
            {
                "To": THEIRS,
                "From": OWN,
                "Url": "https://odoo.example.com/call/uuid",
                "Method": "POST",
                "StatusCallback": "https://odoo.example.com/status/uuid",
                "StatusCallbackEvent": "completed",
                "MachineDetection": "Enable",
                "Timeout": "25",
                "TimeLimit": "180",
            },
        )

    def test_what_became_of_a_post(self):
        for behavior, kind, fault in (
            (("error", 400, 21210), REFUSED, faults.NO_CALL),
            (("error", 400, 21215), REFUSED, faults.NO_CALL),
            (("error", 400, 21211), REFUSED, faults.NO_CALL),
            (("error", 401, 20003), REFUSED, faults.AUTHENTICATION),
            (("error", 401, 99999), REFUSED, faults.AUTHENTICATION),
            (("error", 429, 20429), AGAIN, faults.TOO_FAST),
            (("error", 429, 10004), AGAIN, faults.TOO_FAST),
            (("error", 500, 20500), UNKNOWN, faults.NO_ANSWER),
            (("html", 502), UNKNOWN, faults.NO_ANSWER),
            ("drop", UNKNOWN, faults.NO_ANSWER),
        ):
            with self.subTest(behavior=behavior):
                self.peer.behaviors[THEIRS] = behavior
                outcome = self.place()
                self.assertEqual((outcome.kind, outcome.fault), (kind, fault))

    def test_a_call_is_found_by_number_and_time_and_no_text_is(self):
        self.assertEqual(self.find(), [])
        self.provider.send(OutboundMessage("text", THEIRS, "a text", sender=OWN))
        self.place("+13035550111")
        self.assertEqual(self.find(), [])
        sid = self.place().carrier_id
        [found] = self.find()
        self.assertEqual(found.report.carrier_id, sid)
        self.assertEqual(found.report.report, QUEUED)
        asked = self.peer.listed[-1]
        shown = asked["To"], asked["From"], asked["PageSize"]
        self.assertEqual(shown, (THEIRS, OWN, "1000"))
        self.assertEqual(self.find(minutes=-5), [])
        at = datetime(2026, 11, 26, 12)
        created = format_datetime(at.replace(tzinfo=UTC))
        self.peer.taken[-1].update(created=created, sid=None)
        message = OutboundMessage("uuid", THEIRS, "", sender=OWN)
        [found] = self.provider.find_call(message, at, at)
        self.assertEqual((found.report.carrier_id, found.created_at), ("", at))
        self.peer.taken[-1].update(created=None, sent="2026-11-26T12:00:00Z")
        self.assertEqual(len(self.find(minutes=-5)), 1, "no time is any time")

    def test_one_call_is_asked_about(self):
        sid = self.place().carrier_id
        self.peer.taken[-1]["status"] = "no-answer"
        self.peer.taken[-1]["price"] = "-0.013"
        why = "", "sms_not_delivered", faults.UNANSWERED
        price = Price(0.013, "USD")
        expected = DeliveryReport(sid, UNDELIVERED, *why, price=price)
        self.assertEqual(self.provider.fetch_call(sid), expected)
        self.peer.taken[-1].update(status="completed", answered_by="machine_start")
        self.assertEqual(self.provider.fetch_call(sid).fault, faults.VOICEMAIL)
        with self.assertRaises(LookupFailed):
            self.provider.fetch_call("CA" + "0" * 32)

    def test_a_call_is_removed_only_as_a_whole(self):
        sid = "CA" + "1" * 32
        self.peer.kept_messages.add(sid, "")
        self.provider.redact(sid)
        self.assertIn(sid, self.peer.kept_messages.kept)
        self.provider.redact(sid, is_whole=True)
        self.assertNotIn(sid, self.peer.kept_messages.kept)
        self.provider.redact(sid, is_whole=True)  # gone already
