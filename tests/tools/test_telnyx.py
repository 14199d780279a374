# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from odoo.tests import BaseCase, tagged

from ...providers import TelnyxProvider
from ...providers.account import SERVICE
from ...providers.base import LookupFailed
from ...providers.faults import (
    AUTHENTICATION,
    COUNTRY,
    EXPIRED,
    LANDLINE,
    NO_ANSWER,
    NO_CREDIT,
    OPTED_OUT,
    REFUSED_OTHERWISE,
    REGISTRATION,
    SENDER,
    TOO_FAST,
    UNSURE,
)
from ...providers.outbound import (
    ACCEPTED,
    AGAIN,
    CANCELED,
    DELIVERED,
    QUEUED,
    REFUSED,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    DeliveryReport,
    OutboundMessage,
    Outcome,
    Price,
)
from ...providers.telnyx import SIGNED_WITHIN
from ...providers.telnyx_api import read_event
from ..peer.contract import DescribedPeer, Description
from ..peer.telnyx import (
    PROFILE_ID,
    PUBLIC_KEY,
    TelnyxPeer,
    make_event,
    make_report,
    make_text,
    sign,
)
from .common import US_SENDER, make_telnyx

PERSON = "+13035550186"


@tagged("post_install", "-at_install")
class TestTelnyxSignature(BaseCase):
    """Nobody but Telnyx gets in. The signatures are computed, not mocked."""

    body = make_text(PERSON, US_SENDER, "héllo 😀")

    def verify(self, headers, body=None, **account):
        """Return whether a request with the given headers is accepted."""
        signature = tuple(
            headers.get(name)
            for name in ("telnyx-signature-ed25519", "telnyx-timestamp")
        )
        provider = make_telnyx(**account)
        return provider.verify("", self.body if body is None else body, signature)

    def test_a_right_signature(self):
        self.assertIs(self.verify(sign(self.body)), True)

    def test_another_body(self):
        for body in (self.body + b" ", self.body.replace(b"1", b"2"), b"", b"{}"):
            with self.subTest(body=body[:20]):
                self.assertIs(self.verify(sign(self.body), body), False)

    def test_another_key(self):
        stranger = Ed25519PrivateKey.generate()
        self.assertIs(self.verify(sign(self.body, key=stranger)), False)
        key = base64.b64encode(stranger.public_key().public_bytes_raw()).decode()
        signed = sign(self.body, key=stranger)
        self.assertIs(self.verify(signed, public_key=key), True)

    def test_a_wrong_signature_of_any_kind(self):
        right = sign(self.body)
        signature = right["telnyx-signature-ed25519"]
        for wrong in (
            *("forged", "", None, signature[:-4], f" {signature}", "é" * 88, "=" * 88),
            *(base64.b64encode(b"\0" * 64).decode(), signature.lower()),
        ):
            with self.subTest(wrong=wrong):
                headers = {**right, "telnyx-signature-ed25519": wrong}
                self.assertIs(self.verify(headers), False)

    def test_a_wrong_time_of_any_kind(self):
        right = sign(self.body)
        for wrong in ("", None, "now", "-1", "1.5", "9" * 5000, "²", "٣٣", "0"):
            with self.subTest(wrong=str(wrong)[:20]):
                headers = {**right, "telnyx-timestamp": wrong}
                self.assertIs(self.verify(headers), False)

    def test_no_header_at_all(self):
        self.assertIs(make_telnyx().verify("", self.body, None), False)
        self.assertIs(make_telnyx().verify("", self.body, (None, None)), False)

    def test_a_replay_is_refused_when_its_time_is_over(self):
        now = int(time.time())
        with patch.object(time, "time", lambda: now):
            for after, is_fresh in (
                (SIGNED_WITHIN, True),
                (SIGNED_WITHIN + 1, False),
                (-SIGNED_WITHIN, True),
                (-SIGNED_WITHIN - 1, False),
            ):
                with self.subTest(after=after):
                    self.assertIs(self.verify(sign(self.body, now - after)), is_fresh)

    def test_without_a_key_nobody_gets_in(self):
        for key in (None, "", "x", "é", "A" * 40, PUBLIC_KEY[:-4]):
            with self.subTest(key=key):
                self.assertIs(self.verify(sign(self.body), public_key=key), False)


@tagged("post_install", "-at_install")
class TestTelnyxEvents(BaseCase):
    """Parsing of Telnyx' events; hostile input never raises."""

    def test_a_text(self):
        body = make_text(PERSON, US_SENDER, "STOP", "the-id")
        event = TelnyxProvider.parse_inbound(read_event(body))
        self.assertEqual(
            (event.provider, event.carrier_id, event.number, event.to_number),
            ("telnyx", "the-id", PERSON, US_SENDER),
        )
        self.assertEqual((event.body, event.service), ("STOP", PROFILE_ID))
        self.assertEqual(event.raw["data.payload.to.0.phone_number"], US_SENDER)
        self.assertTrue(all(isinstance(it, str) for it in event.raw.values()))

    def test_what_telnyx_has_answered_itself(self):
        for said, ours in (("STOP", "STOP"), ("help", "HELP"), ("other", ""), (1, "")):
            with self.subTest(said=said):
                body = make_text(PERSON, "+1", "x", autoresponse_type=said)
                event = TelnyxProvider.parse_inbound(read_event(body))
                self.assertEqual(event.opt_out_type, ours)

    def test_pictures(self):
        listed = [{"url": f"https://m/{i}", "content_type": "image/png"} for i in "ab"]
        media = [*listed, {"url": None}, "x", {}]
        body = make_text(PERSON, "+1", "", media=media)
        event = TelnyxProvider.parse_inbound(read_event(body))
        self.assertEqual([it.url for it in event.media], ["https://m/a", "https://m/b"])
        self.assertEqual(event.media[0].content_type, "image/png")
        many = [{"url": f"https://m/{index}"} for index in range(11)]
        body = make_text(PERSON, "+1", "", media=many)
        event = TelnyxProvider.parse_inbound(read_event(body))
        self.assertEqual(
            [it.url for it in event.media], [it["url"] for it in many[:10]]
        )
        self.assertEqual(event.media[0].content_type, "")

    def test_only_a_text_is_a_text(self):
        self.assertTrue(TelnyxProvider.is_inbound(read_event(make_text("1", "2", ""))))
        deep = b'{"data":' * 100_000
        for body in (
            *(make_report("1", "sent"), b"", b"[]", b"null", b'{"data": 1}'),
            *(deep, b"[" * 100_000, b"\xff", b'{"data": NaN}'),
        ):
            with self.subTest(body=body[:20]):
                self.assertFalse(TelnyxProvider.is_inbound(read_event(body)))

    def test_hostile_events_are_read_as_far_as_they_go(self):
        for payload in (
            *({}, {"id": None}, {"id": {}}, {"from": "x", "to": "y", "media": "z"}),
            *({"to": []}, {"to": [1]}, {"to": {}}, {"errors": {"code": 1}}),
            *({"errors": [None]}, {"media": [[]], "text": ["a"]}),
        ):
            with self.subTest(payload=payload):
                event = read_event(json.dumps({"data": {"payload": payload}}).encode())
                inbound = TelnyxProvider.parse_inbound(event)
                self.assertTrue(inbound.carrier_id)
                self.assertEqual((inbound.number, inbound.media), ("", ()))
                report = TelnyxProvider.parse_report(event)
                self.assertEqual(report.report, UNKNOWN)
        for body in (b"", b"\xff", b"[1]", b'"x"', b"{"):
            self.assertEqual(read_event(body), {})

    def test_half_an_emoji_is_no_reason_to_lose_a_text(self):
        """Carriers may split one between segments; PostgreSQL refuses halves."""
        body = make_text(PERSON, "+1", "Hi \ud83d")
        self.assertIn(b"\\ud83d", body)
        event = TelnyxProvider.parse_inbound(read_event(body))
        self.assertEqual(event.body, "Hi ?")
        str(event.raw).encode()

    def test_an_event_without_an_id_is_known_again(self):
        event = read_event(b'{"data": {"payload": {"text": "hi"}}}')
        ids = {TelnyxProvider.parse_inbound(event).carrier_id for _time in range(2)}
        self.assertEqual(len(ids), 1)
        other = read_event(b'{"data": {"payload": {"text": "ho"}}}')
        self.assertNotIn(TelnyxProvider.parse_inbound(other).carrier_id, ids)

    def test_reports(self):
        for status, codes, report, fault in (
            ("queued", (), QUEUED, ""),
            ("sending", (), QUEUED, ""),
            ("sent", (), SENT, ""),
            ("delivered", (), DELIVERED, ""),
            ("delivery_unconfirmed", (), SENT, ""),
            ("cancelled", (), CANCELED, ""),
            ("expired", (), UNDELIVERED, EXPIRED),
            ("delivery_failed", ("40001",), UNDELIVERED, LANDLINE),
            ("delivery_failed", ("40010",), UNDELIVERED, REGISTRATION),
            ("sending_failed", ("99999",), UNDELIVERED, UNSURE),
            ("delivery_failed", (), UNDELIVERED, UNSURE),
            ("from_the_future", (), UNKNOWN, ""),
        ):
            with self.subTest(status=status, codes=codes):
                read = TelnyxProvider.parse_report(
                    read_event(make_report("the-id", status, *codes))
                )
                self.assertEqual((read.report, read.fault), (report, fault))
                self.assertEqual(read.carrier_id, "the-id")
                self.assertEqual(read.raw["data.payload.id"], "the-id")

    def test_what_a_report_holds(self):
        cost = {"amount": "0.0051", "currency": "USD", "breakdown": None}
        for status, codes, why in (
            ("delivered", (), ()),
            ("delivery_failed", ("40001",), ("40001", "sms_not_allowed", LANDLINE)),
            ("delivery_failed", ("99999",), ("99999", "sms_not_delivered", UNSURE)),
        ):
            body = make_report("the-id", status, *codes, cost=cost)
            read = TelnyxProvider.parse_report(read_event(body))
            report = UNDELIVERED if codes else DELIVERED
            expected = DeliveryReport(
                "the-id", report, *why, price=Price(0.0051, "USD")
            )
            with self.subTest(status=status, codes=codes):
                self.assertEqual(replace(read, raw={}), expected)
                self.assertEqual(read.raw["data.payload.cost.amount"], "0.0051")
                self.assertEqual(read.raw["data.payload.cost.breakdown"], "")

    def test_an_event_about_nothing(self):
        report = TelnyxProvider.parse_report(read_event(make_event("x", {})))
        self.assertEqual((report.carrier_id, report.report), ("", UNKNOWN))


@tagged("post_install", "-at_install")
class TestTelnyxAccount(BaseCase):
    """An account's required settings, and its senders."""

    def test_what_lacks_is_named(self):
        self.assertEqual(make_telnyx().missing(), ())
        pool = make_telnyx(senders=[], messaging_profile_id=PROFILE_ID)
        self.assertEqual(pool.missing(), ())
        for changes, missing in (
            ({"api_key": False}, "API Key"),
            ({"public_key": ""}, "Public Key"),
            ({"senders": []}, "Sender number or Messaging Profile"),
        ):
            with self.subTest(missing=missing):
                self.assertEqual(make_telnyx(**changes).missing(), (missing,))
        self.assertEqual(len(TelnyxProvider({}).missing()), 3)

    def test_its_senders(self):
        self.assertEqual([it.country for it in make_telnyx().senders()], ["US", "GB"])
        first = make_telnyx(messaging_profile_id=PROFILE_ID).senders()[0]
        self.assertEqual((first.address, first.kind), (PROFILE_ID, SERVICE))
        self.assertEqual(TelnyxProvider({}).senders(), ())
        nowhere = make_telnyx(senders=[("24365", False)]).senders()[0]
        self.assertEqual((nowhere.address, nowhere.country), ("24365", ""))


@tagged("post_install", "-at_install")
class TestTelnyxSending(BaseCase):
    """One message over real HTTP to a peer that answers like Telnyx."""

    now = datetime(2026, 11, 25, 12)

    def setUp(self):
        super().setUp()
        self.peer = TelnyxPeer().start()
        self.addCleanup(self.peer.stop)

    def make(self, **account):
        """Return the adapter, speaking to the peer."""
        return make_telnyx(**{"api_url": self.peer.url, **account})

    def message(self, **changes):
        """Return a message to send."""
        values = {
            "uuid": "f00d",
            "number": PERSON,
            "body": "Hi\nthere 😀",
            "callback": "https://odoo.example.com/status/f00d",
            "sender": US_SENDER,
            "key": "f00d-1-0",
        }
        return OutboundMessage(**{**values, **changes})

    def test_what_is_posted(self):
        outcome = self.make().send(self.message())
        self.assertEqual((outcome.kind, outcome.report), (ACCEPTED, QUEUED))
        self.assertEqual(outcome.carrier_id, self.peer.taken[0]["id"])
        self.assertEqual(
            self.peer.posts,
            [
                {
                    "to": PERSON,
                    "from": US_SENDER,
                    "text": "Hi\nthere 😀",
                    "webhook_url": "https://odoo.example.com/status/f00d",
                    "use_profile_webhooks": False,
                    "key": "f00d-1-0",
                }
            ],
        )

    def test_a_state_that_nobody_knows(self):
        taken = {"id": "T1", "to": [{"status": "teleported"}]}
        self.patch(self.peer, "take", lambda _message, _key: taken)
        outcome = self.make().send(self.message())
        self.assertEqual(outcome, Outcome(ACCEPTED, "T1", UNKNOWN))

    def test_a_number_pool_chooses_the_number(self):
        provider = self.make(messaging_profile_id=PROFILE_ID)
        provider.send(self.message(sender=PROFILE_ID))
        [post] = self.peer.posts
        self.assertEqual(post["messaging_profile_id"], PROFILE_ID)
        self.assertNotIn("from", post)

    def test_a_name_needs_a_profile(self):
        self.make(messaging_profile_id=PROFILE_ID).send(self.message(sender="NORTH 1"))
        [post] = self.peer.posts
        self.assertEqual(post["messaging_profile_id"], PROFILE_ID)
        self.assertEqual(post["from"], "NORTH 1")

    def test_a_number_has_a_profile_of_its_own(self):
        self.make(messaging_profile_id=PROFILE_ID).send(self.message())
        [post] = self.peer.posts
        self.assertNotIn("messaging_profile_id", post)

    def test_pictures_go_along_and_their_addresses_change(self):
        self.make().send(self.message(media=("https://odoo.example.com/m/1",)))
        [post] = self.peer.posts
        self.assertEqual(post["media_urls"], ["https://odoo.example.com/m/1"])
        self.assertIsNone(post["key"])

    def test_a_second_post_of_the_same_is_taken_once(self):
        self.peer.behaviors[PERSON] = "drop"
        self.assertEqual(self.make().send(self.message()).kind, UNKNOWN)
        self.peer.behaviors.clear()
        outcome = self.make().send(self.message())
        self.assertEqual(outcome.kind, ACCEPTED)
        self.assertEqual(len(self.peer.taken), 1)

    def test_every_failure_is_sorted(self):
        for behavior, kind, fault in (
            (("error", 400, "40310"), REFUSED, "bad_number"),
            (("error", 400, "40300"), REFUSED, OPTED_OUT),
            (("error", 422, "40309"), REFUSED, COUNTRY),
            (("error", 403, "20100"), REFUSED, NO_CREDIT),
            (("error", 402, "99999"), REFUSED, NO_CREDIT),
            (("error", 403, "10010"), REFUSED, AUTHENTICATION),
            (("error", 400, "40305"), REFUSED, SENDER),
            (("error", 400, "99999"), REFUSED, REFUSED_OTHERWISE),
            (("error", 429, "10011"), AGAIN, TOO_FAST),
            (("error", 429, "99999"), AGAIN, TOO_FAST),
            (("error", 409, "99999"), UNKNOWN, NO_ANSWER),
            (("error", 408, "10008"), UNKNOWN, NO_ANSWER),
            (("error", 500, "10007"), UNKNOWN, NO_ANSWER),
            (("error", 300, "99999"), UNKNOWN, NO_ANSWER),
            (("html", 502), UNKNOWN, NO_ANSWER),
            (("html", 200), UNKNOWN, NO_ANSWER),
            ("drop", UNKNOWN, NO_ANSWER),
        ):
            with self.subTest(behavior=behavior):
                self.peer.behaviors[PERSON] = behavior
                outcome = self.make().send(self.message())
                self.assertEqual((outcome.kind, outcome.fault), (kind, fault))
                self.assertTrue(outcome.failure_type)
                if behavior[0] == "error":
                    told = outcome.code, outcome.detail
                    self.assertEqual(told, (behavior[2], "Refused."))

    def test_a_key_that_is_known_is_no_refusal(self):
        """Its first post was accepted, or is under way: it is looked up."""
        peer = DescribedPeer(Description("telnyx")).start()
        self.addCleanup(peer.stop)
        for title, detail, kind, words in (
            ("Idempotency key in use", None, UNKNOWN, "Idempotency key in use"),
            ("Bad", "This idempotency_key was used", UNKNOWN, "This idempotency_key"),
            ("Bad", "", REFUSED, "Bad"),
            ("Bad", "x" * 501, REFUSED, "x" * 500),
            (None, None, REFUSED, ""),
        ):
            error = {"code": "10015", "title": title, "detail": detail}
            peer.answers = {("post", "/v2/messages"): (400, {"errors": [error]})}
            outcome = self.make(api_url=peer.url).send(self.message())
            with self.subTest(title=title, detail=detail):
                self.assertEqual(outcome.kind, kind)
                self.assertTrue(outcome.detail.startswith(words))
                self.assertLessEqual(len(outcome.detail), 500)

    def test_a_wrong_key_is_refused_without_telling_it(self):
        for key in ("KEYwr0ng", "KEYwr0ng–dash"):
            with self.subTest(key=key):
                outcome = self.make(api_key=key).send(self.message())
                told = outcome.kind, outcome.fault, outcome.failure_type
                self.assertEqual(told, (REFUSED, AUTHENTICATION, "sms_acc"))
                self.assertNotIn("KEY", outcome.detail)

    def find(self, message, minutes=10, **account):
        """Look up a message until ``minutes`` after it was posted."""
        since, until = self.now, self.now + timedelta(minutes=minutes)
        return self.make(**account).find(message, since, until)

    def test_a_message_is_found_by_its_own_address(self):
        self.make().send(self.message())
        other = "https://odoo.example.com/status/beef"
        self.make().send(self.message(uuid="beef", callback=other, key="beef-1-0"))
        [found] = self.find(self.message(body="words are not kept there"))
        self.assertEqual(found.report.carrier_id, self.peer.taken[0]["id"])
        self.assertEqual(found.report.report, DELIVERED)
        self.assertEqual(
            self.peer.listed,
            [
                {
                    "filter[record_type]": "messaging",
                    "filter[direction]": "outbound",
                    "filter[cld]": PERSON,
                    "filter[created_at][gte]": "2026-11-25T12:00:00Z",
                    "filter[created_at][lt]": "2026-11-25T12:10:00Z",
                    "page[size]": "50",
                }
            ],
        )

    def test_a_missing_record_says_nothing_at_first(self):
        with self.assertRaises(LookupFailed):
            self.find(self.message(), minutes=20)
        self.assertEqual(self.find(self.message(), minutes=45), [])

    def test_a_list_that_is_cut_off_says_nothing(self):
        other = "https://odoo.example.com/status/beef"
        self.make().send(self.message(uuid="beef", callback=other, key="beef-1-0"))
        self.peer.taken *= 49
        self.assertEqual(self.find(self.message(), minutes=45), [])
        self.peer.taken.append(self.peer.taken[0])
        with self.assertRaises(LookupFailed):
            self.find(self.message(), minutes=45)

    def test_who_cannot_be_asked_is_asked_again(self):
        for account in ({"api_key": "wrong"}, {"api_url": "http://127.0.0.1:9"}):
            with self.subTest(account=account):
                with self.assertRaises(LookupFailed) as caught:
                    self.find(self.message(), minutes=45, **account)
                self.assertEqual(caught.exception.retry_after, 0)

    def test_an_overdue_report_is_fetched(self):
        outcome = self.make().send(self.message())
        self.peer.taken[0]["to"][0]["status"] = "delivered"
        report = self.make().fetch(outcome.carrier_id)
        expected = DeliveryReport(outcome.carrier_id, DELIVERED)
        self.assertEqual(report, expected)
        with self.assertRaises(LookupFailed):
            self.make().fetch("40385f64-5717-4562-b3fc-000000000000")
