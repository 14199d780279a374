# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Carriers' paged lists, reported opt-outs, and redaction."""

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

from odoo.tests import BaseCase, tagged

from ...providers import twilio_opt_outs
from ...providers.base import LookupFailed, RedactionRefused
from ...providers.faults import EXPIRED, LANDLINE, UNSURE
from ...providers.opt_outs import NotOffered, OptOut
from ...providers.outbound import (
    DELIVERED,
    QUEUED,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    OutboundMessage,
    Price,
    read_price,
)
from ...providers.telnyx_api import PAGE_SIZE
from ...tools.media import RECEIVE_LIMIT
from ..peer.contract import DescribedPeer, Description
from ..peer.media import MediaPeer
from ..peer.telnyx import PROFILE_ID, TelnyxPeer
from ..peer.telnyx_account import PeerTelnyxAccount
from ..peer.twilio import TwilioPeer
from ..peer.twilio_consents import PeerConsents
from ..peer.twilio_messages import PeerMessages
from .common import UK_SENDER, US_SENDER, PeerCase, make_telnyx, make_twilio

PERSON = "+12125550190"
OTHER_PROFILE = PROFILE_ID.replace("4001", "5002")
DAY = date(2026, 11, 26)
AT = datetime(2026, 11, 26, 12)


class TwilioCase(BaseCase):
    """A loopback Twilio, and an adapter that speaks to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = TwilioPeer().start()
        cls.addClassCleanup(cls.peer.stop)
        cls.provider = make_twilio(api_url=cls.peer.url)

    def setUp(self):
        super().setUp()
        self.peer.taken.clear()
        self.peer.listed.clear()
        self.peer.page_size = 1000

    def take(self, sent, **shown):
        """Give the peer a message accepted at a time, and return its SID.

        :param datetime sent: UTC, without a zone
        """
        message = OutboundMessage("1", PERSON, "Hi", sender=US_SENDER)
        if shown.pop("is_call", False):
            sid = self.provider.place_call(message).carrier_id
        else:
            sid = self.provider.send(message).carrier_id
        created = format_datetime(sent.replace(tzinfo=UTC))
        self.peer.taken[-1].update(shown, created=created)
        return sid


@tagged("post_install", "-at_install")
class TestTwilioLists(TwilioCase):
    """Prices, reports and look-ups."""

    def test_prices_of_a_day(self):
        self.peer.page_size = 2
        self.take(AT - timedelta(days=1), price="-0.5")
        priced = {self.take(AT, price="-0.00750"), self.take(AT, price="0")}
        self.take(AT, price="-0.5", sid=None)
        self.take(AT)
        self.take(AT + timedelta(hours=13), price="-0.5")
        pages = list(self.provider.list_prices(DAY))
        self.assertEqual(len(pages), 2)
        self.assertEqual(self.peer.listed[0]["PageSize"], "1000")
        prices = {sid: price for page in pages for sid, price in page.items()}
        self.assertEqual(prices.keys(), priced)
        self.assertEqual(
            {(it.amount, it.currency) for it in prices.values()},
            {(0.0075, "USD"), (0.0, "USD")},
        )
        first = self.peer.listed[0]
        self.assertEqual(first["DateSent>"], "2026-11-26T00:00:00Z")
        self.assertEqual(first["DateSent<"], "2026-11-27T01:00:00Z")
        self.assertNotIn("From", first)
        list(self.provider.list_prices(DAY, UK_SENDER))
        self.assertEqual(self.peer.listed[-1]["From"], UK_SENDER)

    def test_prices_of_a_days_calls(self):
        """One that is placed before midnight begins after it."""
        self.take(AT, price="-0.5")
        sid = self.take(AT, price="-0.013", is_call=True)
        [page] = self.provider.list_prices(DAY, US_SENDER, True)
        self.assertEqual(page, {sid: Price(0.013, "USD")})
        asked = self.peer.listed[0]
        self.assertEqual(asked["StartTime>"], "2026-11-26T00:00:00Z")
        self.assertEqual(asked["StartTime<"], "2026-11-27T01:00:00Z")
        self.assertEqual(asked["From"], US_SENDER)
        list(self.provider.list_prices(DAY, is_call=True))
        self.assertNotIn("From", self.peer.listed[-1])

    def test_what_a_price_is(self):
        for amount, currency, price in (
            ("-0.00750", "USD", Price(0.0075, "USD")),
            ("0.0051", "usd", Price(0.0051, "USD")),
            (0, "EUR", Price(0, "EUR")),
            (None, "USD", None),
            ("", "USD", None),
            ("nan", "USD", None),
            ("inf", "USD", None),
            ("0.01", "", None),
            ("0.01", None, None),
            ("0.01", "dollars", None),
            ([], "USD", None),
        ):
            with self.subTest(amount=amount, currency=currency):
                self.assertEqual(read_price(amount, currency), price)

    def test_reports_in_pages_and_from_one_of_them_on(self):
        self.peer.page_size = 2
        sids = [self.take(AT, status="delivered") for _index in range(3)]
        self.peer.taken[0].update(status="undelivered", error_code=30003, price="-1")
        since, until = AT - timedelta(hours=1), AT + timedelta(hours=1)
        first, last = self.provider.list_reports(since, until)
        self.assertEqual(self.peer.listed[0]["DateSent>"], "2026-11-26T11:00:00Z")
        self.assertEqual(self.peer.listed[0]["DateSent<"], "2026-11-26T13:00:00Z")
        self.assertEqual(self.peer.listed[0]["PageSize"], "1000")
        listed = [it.carrier_id for it in (*first.reports, *last.reports)]
        self.assertEqual(listed, sids[::-1])
        self.assertEqual(first.reports[0].report, DELIVERED)
        self.assertEqual(first.reports[0].fault, "")
        [failed] = last.reports
        told = failed.report, failed.code, failed.fault, failed.price
        expected = (UNDELIVERED, "30003", "unreachable", Price(1, "USD"))
        self.assertEqual(told, expected)
        # The record of it: nobody's words or number.
        self.assertEqual(
            failed.raw,
            {
                "MessageSid": sids[0],
                "MessageStatus": "undelivered",
                "ErrorCode": "30003",
                "DateUpdated": "2026-11-26 12:00:00+00:00",
            },
        )
        self.assertEqual(last.resume, "")
        [again] = self.provider.list_reports(since, until, first.resume)
        self.assertEqual(again, last)

    def test_a_list_that_breaks_off(self):
        """Pages already read are kept; the time to wait is passed on."""
        for headers, seconds in (
            ({"Retry-After": "120"}, 120),
            ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
            ({"Retry-After": "²"}, 0),
            ({"Retry-After": "99999"}, 99999),
            ({"Retry-After": "100000"}, 0),
            ({}, 0),
        ):
            self.peer.list_faults, self.peer.fault_headers = [429], headers
            with self.subTest(headers=headers), self.assertRaises(LookupFailed) as it:
                list(self.provider.list_reports(AT, AT))
            told = str(it.exception), it.exception.status, it.exception.retry_after
            self.assertEqual(told, ("HTTP 429", 429, seconds))

    def test_a_look_up_is_by_number_and_time(self):
        self.take(AT - timedelta(seconds=1))
        within = [self.take(AT), self.take(AT + timedelta(minutes=5))]
        self.take(AT + timedelta(minutes=5, seconds=1))
        message = OutboundMessage("1", PERSON, "Hi", sender=US_SENDER)
        found = self.provider.find(message, AT, AT + timedelta(minutes=5))
        self.assertEqual([it.report.carrier_id for it in found], within[::-1])
        self.assertEqual(found[1].created_at, AT)
        self.assertEqual(found[0].body, "Hi")
        asked = self.peer.listed[0]
        self.assertEqual((asked["To"], asked["PageSize"]), (PERSON, "1000"))
        # One without a time may be it; one without words comes last.
        self.peer.taken[1].update(Body="")
        self.peer.taken[2].update(created=None, sent="2026-11-26T12:00:00Z")
        found = self.provider.find(message, AT, AT + timedelta(minutes=5))
        self.assertEqual([it.report.carrier_id for it in found], within[::-1])

    def test_a_message_without_an_id(self):
        self.take(AT, sid=None)
        message = OutboundMessage("1", PERSON, "Hi", sender=US_SENDER)
        [found] = self.provider.find(message, AT, AT)
        [page] = self.provider.list_reports(AT, AT + timedelta(hours=1))
        listed = (found.report, *page.reports)
        self.assertEqual([it.carrier_id for it in listed], ["", ""])

    def test_one_message_is_asked_about(self):
        sid = self.take(AT, price="-0.01")
        report = self.provider.fetch(sid)
        self.assertEqual((report.carrier_id, report.report), (sid, QUEUED))
        self.assertEqual((report.code, report.price), ("", Price(0.01, "USD")))
        self.peer.taken[-1].update(status="undelivered", error_code=30003)
        report = self.provider.fetch(sid)
        told = report.report, report.code, report.fault
        self.assertEqual(told, (UNDELIVERED, "30003", "unreachable"))
        with self.assertRaises(LookupFailed) as caught:
            self.provider.fetch("SM" + "0" * 32)
        self.assertEqual(caught.exception.status, 404)

    def test_a_failure_tells_no_account(self):
        provider = make_twilio(api_url="http://127.0.0.1:9")
        with self.assertRaises(LookupFailed) as caught:
            provider.fetch("SM" + "0" * 32)
        failure = caught.exception
        self.assertEqual((str(failure), failure.status), ("ConnectionError", None))


@tagged("post_install", "-at_install")
class TestTwilioOptOuts(TwilioCase):
    """Opt-outs known to the carrier, and deactivated numbers."""

    def setUp(self):
        super().setUp()
        self.consents = self.peer.consents = PeerConsents()

    def tell(self, *opt_outs, **account):
        """Report opt-outs; return those refused and those reported."""
        provider = make_twilio(api_url=self.peer.url, **account)
        refused = provider.tell_opt_outs(opt_outs)
        return refused, [item for batch in self.consents.told for item in batch]

    def test_what_is_told(self):
        opt_out = OptOut(PERSON, AT, method="web", key="a" * 32)
        refused, told = self.tell(opt_out)
        self.assertEqual(refused, {})
        ids = [item.pop("correlation_id") for item in told]
        expected = {
            "contact_id": PERSON,
            "status": "opt-out",
            "source": "website",
            "date_of_consent": "2026-11-26T12:00:00Z",
        }
        self.assertEqual(
            told, [{**expected, "sender_id": it} for it in (US_SENDER, UK_SENDER)]
        )
        self.consents.told.clear()
        _refused, again = self.tell(opt_out)
        self.assertEqual([item["correlation_id"] for item in again], ids)
        self.assertEqual(len(set(ids)), 2)

    def test_how_it_was_said(self):
        for method, is_back, status, source in (
            ("keyword", False, "opt-out", "opt-out-message"),
            ("keyword", True, "opt-in", "opt-in-message"),
            ("paper", True, "opt-in", "offline"),
            ("in_person", False, "opt-out", "offline"),
            ("phone", False, "opt-out", "offline"),
            ("written", False, "opt-out", "offline"),
            ("api", False, "opt-out", "others"),
            ("", False, "opt-out", "others"),
        ):
            self.consents.told.clear()
            opt_out = OptOut(PERSON, AT, is_back, method, "a" * 32)
            _refused, [item] = self.tell(opt_out, senders=[(US_SENDER, "US")])
            with self.subTest(method=method, is_back=is_back):
                self.assertEqual((item["status"], item["source"]), (status, source))

    def test_many_are_told_in_batches_and_those_that_are_refused_are_named(self):
        opt_outs = [
            OptOut(f"+1212555{index:04d}", AT, key=f"{index:032x}")
            for index in range(26)
        ]
        words = "contact_id is invalid; sender_id is unknown"
        self.consents.refused[opt_outs[25].number] = words
        refused, told = self.tell(*opt_outs, senders=[(US_SENDER, "US")])
        self.assertEqual(refused, {opt_outs[25].key: words})
        self.assertEqual(list(map(len, self.consents.told)), [25, 1])
        self.assertEqual(len(told), 26)

    def test_an_account_without_access_and_one_that_is_not_answered(self):
        for status, failure in (
            (403, NotOffered),
            (404, NotOffered),
            (401, LookupFailed),
            (503, LookupFailed),
        ):
            self.consents.status = status
            with self.subTest(status=status), self.assertRaises(failure) as caught:
                self.tell(OptOut(PERSON, AT, key="a" * 32))
            self.assertEqual(str(caught.exception), f"HTTP {status}")

    def test_an_answer_about_others(self):
        """It does not say whose opt-out failed: no other counts as refused."""
        described = DescribedPeer(Description("twilio")).start()
        self.addCleanup(described.stop)
        key = ("post", "/v1/Consents/Bulk")
        for items in (
            None,
            ["odd"],
            [{"error_code": 1}],
            [{"error_code": 1, "correlation_id": "x"}],
        ):
            described.answers = {key: (201, {"items": items})}
            provider = make_twilio(api_url=described.url)
            with self.subTest(items=items):
                opt_out = OptOut(PERSON, AT, key="a" * 32)
                self.assertEqual(provider.tell_opt_outs([opt_out]), {})

    def test_deactivated_numbers(self):
        lines = ("12125550190", "2125550191", "+12125550192", "nonsense", "", "112")
        self.consents.reports[str(DAY)] = (*lines, "442071234567", "212555019é")
        listed = self.provider.list_deactivated(DAY)
        self.assertEqual(listed, [f"+121255501{index}" for index in (90, 91, 92)])
        self.assertIsNone(self.provider.list_deactivated(DAY + timedelta(days=1)))
        # More than a picture may have.
        self.consents.reports[str(DAY)] = ("-" * (RECEIVE_LIMIT + 1), "2125550190")
        self.assertEqual(self.provider.list_deactivated(DAY), ["+12125550190"])

    def test_a_report_that_cannot_be_read_is_no_empty_one(self):
        described = DescribedPeer(Description("twilio")).start()
        self.addCleanup(described.stop)
        provider = make_twilio(api_url=described.url)
        key = ("get", "/v1/Deactivations")
        for answer, words in (
            ((503, {}), "HTTP 503"),
            ((307, {"redirect_to": described.url + "/lost"}), "gone"),
            ((307, {"redirect_to": None}), "bad_address"),
            ((307, {"redirect_to": "http://127.0.0.1:9/x"}), "bad_address"),
        ):
            described.answers = {key: answer}
            with self.subTest(answer=answer):
                with self.assertRaises(LookupFailed) as caught:
                    provider.list_deactivated(DAY)
                self.assertEqual(str(caught.exception), words)

    def test_a_report_that_takes_too_long(self):
        described, store = DescribedPeer(Description("twilio")), MediaPeer()
        for peer in (described, store):
            self.addCleanup(peer.start().stop)
        answer = 307, {"redirect_to": store.url + "/slow"}
        described.answers = {("get", "/v1/Deactivations"): answer}
        provider = make_twilio(api_url=described.url, media_urls=[store.url])
        self.patch(twilio_opt_outs, "REPORT_DEADLINE", 0.2)
        with self.assertRaisesRegex(LookupFailed, "^slow$"):
            provider.list_deactivated(DAY)


@tagged("post_install", "-at_install")
class TestTwilioRedaction(TwilioCase):
    """Redaction of a message's text, and the meaning of refusals."""

    sent, pictured = "SM" + "1" * 32, "MM" + "2" * 32
    pictures = ("ME" + "3" * 32, "ME" + "4" * 32)

    def setUp(self):
        super().setUp()
        self.kept = self.peer.kept_messages = PeerMessages()
        self.kept.add(self.sent, "Hi")
        self.kept.add(self.pictured, "Look", *self.pictures)

    def refuse(self, *wanted, status):
        """Make the peer answer some requests, as (method, SID), with an error."""
        self.kept.choose = lambda *asked: (status, 1) if asked in wanted else None

    def test_words_and_pictures_go(self):
        self.provider.redact(self.pictured)
        self.provider.redact(self.pictured)
        self.assertEqual(self.kept.kept, {self.sent: "Hi", self.pictured: ""})
        self.assertEqual(self.kept.media[self.pictured], [])

    def test_a_whole_message_goes(self):
        self.provider.redact(self.pictured, is_whole=True)
        self.provider.redact(self.pictured, is_whole=True)
        self.assertEqual(self.kept.kept, {self.sent: "Hi"})

    def test_what_was_never_a_message_is_not_asked_about(self):
        for carrier_id in (
            *("", "SB1", "SM" + "1" * 31, "SM" + "1" * 33, self.sent + "\n"),
            *("XX" + "1" * 32, "SM" + "g" * 32, "CA" + "1" * 32),
        ):
            self.provider.redact(carrier_id)
        self.assertEqual(self.kept.asked, [])

    def test_a_picture_that_is_gone_keeps_no_words(self):
        self.refuse(("DELETE", self.pictures[0]), status=404)
        self.provider.redact(self.pictured)
        self.assertEqual(self.kept.media[self.pictured], [self.pictures[0]])
        self.assertEqual(self.kept.kept[self.pictured], "")

    def test_what_is_refused(self):
        """Some are final; after others it is tried again."""
        for status, failure in (
            *((it, RedactionRefused) for it in (400, 405, 422, 499)),
            *((it, LookupFailed) for it in (401, 403, 408, 409, 429, 500, 503)),
        ):
            for refused, is_whole in (
                (("POST", self.pictured), False),
                (("DELETE", self.pictures[0]), False),
                (("DELETE", self.pictured), True),
            ):
                self.kept.add(self.pictured, "Look", *self.pictures)
                self.refuse(refused, status=status)
                with self.subTest(status=status, refused=refused):
                    with self.assertRaises(failure) as caught:
                        self.provider.redact(self.pictured, is_whole)
                    self.assertEqual(str(caught.exception), f"HTTP {status}")
                    self.assertEqual(self.kept.kept[self.pictured], "Look")

    def test_a_carrier_that_is_not_there(self):
        with self.assertRaises(LookupFailed):
            make_twilio(api_url="http://127.0.0.1:9").redact(self.sent)


@tagged("post_install", "-at_install")
class TestTelnyxLists(PeerCase):
    """The numbers that it blocks, and its records."""

    peer_class, account_class = TelnyxPeer, PeerTelnyxAccount

    def setUp(self):
        super().setUp()
        self.account.add_number(US_SENDER, PROFILE_ID)

    def list(self, **account):
        """Return the pages of those who are blocked."""
        return list(make_telnyx(api_url=self.peer.url, **account).list_opt_outs())

    def block(self, number, profile_id=PROFILE_ID):
        """Record at the peer that somebody has texted STOP."""
        self.account.add_opt_out(number, profile_id, US_SENDER, AT)

    def test_who_is_blocked_by_the_profiles_that_send(self):
        self.block(PERSON)
        self.block("+12125550191", OTHER_PROFILE)
        listed = OptOut(PERSON, AT, sender=US_SENDER)
        self.assertEqual(self.list(), [[listed]])
        pool = self.list(messaging_profile_id=OTHER_PROFILE)
        self.assertEqual(
            [it.number for page in pool for it in page][1:], ["+12125550191"]
        )
        self.assertEqual(self.list(senders=[(UK_SENDER, "GB")]), [])

    def test_pages(self):
        for count, pages in (
            (PAGE_SIZE, [PAGE_SIZE, 0]),
            (PAGE_SIZE + 1, [PAGE_SIZE, 1]),
        ):
            self.account.opt_outs.clear()
            for index in range(count):
                self.block(f"+1212{index:07d}")
            with self.subTest(count=count):
                self.assertEqual(list(map(len, self.list())), pages)

    def test_no_list_is_read_for_ever(self):
        for index in range(2 * PAGE_SIZE + 1):
            self.block(f"+1212{index:07d}")
        api = make_telnyx(api_url=self.peer.url).api
        asked = {"filter[messaging_profile_id]": PROFILE_ID}
        asked["redaction_enabled"] = "false"
        pages = list(api.list_pages("/v2/messaging_optouts", 2, asked))
        self.assertEqual(list(map(len, pages)), [PAGE_SIZE, PAGE_SIZE])
        self.assertNotEqual(pages[0], pages[1])

    def test_times_and_rows_that_are_none(self):
        for written, said_at in (
            ("2026-11-26T12:00:00.5+00:00", AT),
            ("2026-11-26T14:00:00+02:00", AT),
            ("2026-11-26T12:00:00Z", AT),
            ("2026-11-26T12:00:00", AT),
            ("yesterday", None),
            (None, None),
            ({}, None),
        ):
            self.account.opt_outs.clear()
            self.block(PERSON)
            self.block(None)
            self.account.opt_outs[0]["created_at"] = written
            with self.subTest(written=written):
                self.assertEqual([it.said_at for it in self.list()[0]], [said_at])

    def start_described(self):
        """Return a peer that answers as described, and an adapter that asks it."""
        described = DescribedPeer(Description("telnyx")).start()
        self.addCleanup(described.stop)
        provider = make_telnyx(api_url=described.url, messaging_profile_id=PROFILE_ID)
        return described, provider

    def test_records(self):
        """They have their own vocabulary, and may be malformed."""
        described, provider = self.start_described()
        message = OutboundMessage("f00d", PERSON, "Hi", sender=US_SENDER)
        usual = {
            "uuid": "T1",
            "delivery_status_webhook_url": "https://odoo.example.com/status/f00d",
        }
        for shown, report, code, fault in (
            ({"status": "delivered"}, DELIVERED, "", ""),
            ({"status": "dlr_unconfirmed"}, SENT, "", ""),
            ({"status": "dlr_timeout", "errors": ["40001"]}, SENT, "40001", ""),
            ({"status": "gw_timeout"}, UNDELIVERED, "", UNSURE),
            ({"status": "gw_reject", "errors": "odd"}, UNDELIVERED, "", UNSURE),
            ({"status": "failed", "errors": ["40001"]}, UNDELIVERED, "40001", LANDLINE),
            ({"status": "failed", "errors": [{}]}, UNDELIVERED, "", UNSURE),
            ({"status": "expired", "errors": []}, UNDELIVERED, "", EXPIRED),
            ({"status": "teleported"}, UNKNOWN, "", ""),
        ):
            rows = ["odd", {"uuid": "T2"}, {**usual, **shown}]
            described.answers = {("get", "/v2/detail_records"): (200, {"data": rows})}
            with self.subTest(shown=shown):
                [found] = provider.find(message, AT, AT + timedelta(minutes=1))
                read = found.report
                told = read.carrier_id, read.report, read.code, read.fault
                self.assertEqual(told, ("T1", report, code, fault))

    def test_what_is_no_list_says_nothing(self):
        """If a broken response hid a text's record, the text would be sent again."""
        described, provider = self.start_described()
        message = OutboundMessage("f00d", PERSON, "Hi", sender=US_SENDER)
        span = AT, AT + timedelta(minutes=40)
        for body in ({}, [], {"data": None}, {"data": {}}, "", "null", "<html>"):
            described.answers = {
                ("get", "/v2/detail_records"): (200, body),
                ("get", "/v2/messaging_optouts"): (200, body),
            }
            with self.subTest(body=body):
                with self.assertRaises(LookupFailed):
                    provider.find(message, *span)
                with self.assertRaises(LookupFailed):
                    list(provider.list_opt_outs())
        described.answers = {("get", "/v2/detail_records"): (200, {"data": []})}
        self.assertEqual(provider.find(message, *span), [])
        with self.assertRaisesRegex(
            LookupFailed, "^The records may not be written yet$"
        ):
            provider.find(message, AT, span[1] - timedelta(seconds=1))
