# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One set of rules for reports, whether single, in batches, or read from a list."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...providers.outbound import CANCELED, DeliveryReport, Price
from ...providers.twilio_words import read_report
from ..common import SmsCase, phone_number
from .common import LARGE, SMALL, BatchCase


def told(*statuses, code="", **values):
    """Return Twilio's reports on one message, whose id is filled in later."""
    return [
        read_report("", status, code, {"MessageStatus": status}, **values)
        for status in statuses
    ]


#: By case: the reports on a text, in order, and values of its row before.
CASES = {
    "nothing": ([], {}),
    "sent": (told("sent"), {}),
    "delivered": (told("delivered"), {}),
    "read": (told("sent", "delivered", "read"), {}),
    "in the wrong order": (told("delivered", "sent", "queued"), {}),
    "twice": (told("delivered", "delivered"), {}),
    "a word that we do not know": (told("teleported"), {}),
    "called off": ([DeliveryReport("", CANCELED)], {}),
    "a landline": (told("undelivered", code="30006"), {}),
    "opted out": (told("failed", code="21610"), {}),
    "gone": (told("undelivered", code="30005"), {"attempts": 2}),
    "tried again": (told("undelivered", code="30003"), {"attempts": 1}),
    "filtered": (told("undelivered", code="30007"), {}),
    "a code of which nobody knows": (told("undelivered", code="99999"), {}),
    "arrived after all": (told("undelivered", "delivered", code="30008"), {}),
    "with a price": (told("delivered", price=Price(0.0079, "USD")), {}),
    "a price that comes later": (
        told("delivered") + told("delivered", price=Price(0.0079, "USD")),
        {},
    ),
    "another carrier's now": (told("delivered"), {"provider": "telnyx"}),
    "erased": (told("delivered"), {"erased_at": fields.Datetime.now()}),
    "a call that nobody took": (told("undelivered"), {"is_call": True}),
    "a call that was called off": (
        told("delivered") + [DeliveryReport("", CANCELED)],
        {"is_call": True},
    ),
    "cancelled meanwhile": (told("sent"), {"state": "canceled", "report_rank": 3}),
}
#: Fields that must be equal in whichever way a text was reported on.
ROW = ("state", "report_rank", "carrier_code", "failure_type", "price", "attempts")


@tagged("post_install", "-at_install")
class TestOneSetOfRules(SmsCase):
    """The same reports have the same result in each way."""

    provider = "twilio"

    def make(self, index, values):
        """Return a text that its carrier has accepted, shown in the chatter."""
        number = phone_number(100 + index)
        joined_at = fields.Datetime.now() - timedelta(hours=1)
        self.record_consent(number, "ticket", "alert", happened_at=joined_at)
        words = "Hello"
        post = self.ticket.message_post(body=words, message_type="sms")
        sms = self.env["sms.sms"].create(
            {
                "number": number,
                "body": words,
                "purpose_id": self.purposes("ticket").id,
                "mail_message_id": post.id,
            }
        )
        notification = self.env["mail.notification"].create(
            {
                "mail_message_id": post.id,
                "notification_type": "sms",
                "notification_status": "pending",
                "res_partner_id": self.customer.id,
                "sms_id_int": sms.id,
            }
        )
        self.env["sms.tracker"].create(
            {"sms_uuid": sms.uuid, "mail_notification_id": notification.id}
        )
        sms.write(
            {
                "state": "pending",
                "provider": "twilio",
                "carrier_id": f"SM{index:032x}",
                "report_rank": 1,
                "attempts": 1,
                "claimed_at": fields.Datetime.now() - timedelta(minutes=1),
                "sent_at": fields.Datetime.now() - timedelta(minutes=1),
                **values,
            }
        )
        return sms

    def make_all(self, way):
        """Return pairs of a text and its reports, for each case."""
        pairs = []
        for index, (reports, values) in enumerate(CASES.values()):
            sms = self.make(100 * way + index, values)
            own = [
                DeliveryReport(
                    sms.carrier_id,
                    it.report,
                    it.code,
                    it.failure_type,
                    it.fault,
                    it.raw,
                    it.price,
                )
                for it in reports
            ]
            pairs.append((sms, own))
        self.env.flush_all()
        return pairs

    def describe(self, sms, is_listed=False):
        """Return the result for a text, and for records related to it."""
        sms.invalidate_recordset()
        consent = self.env["sms.consent"]
        notification = self.env["mail.notification"].search(
            [("sms_id_int", "=", sms.id)]
        )
        about = [("company_id", "=", self.company.id), ("number", "=", sms.number)]
        unusable = self.env["sms.unusable.number"].search(about)
        found = {name: sms[name] for name in ROW}
        found.update(
            currency=sms.price_currency_id.name,
            fault=sms.fault_id.fault,
            is_delivered=bool(sms.delivered_at),
            is_asked=bool(sms.lookup_at),
            is_over=bool(sms.call_ended_at),
            waits=sms.not_before > fields.Datetime.now(),
            answers=sorted(
                consent.search([("number", "=", sms.number)]).mapped("state")
            ),
            unusable=unusable.fault_id.fault,
            shown=(
                notification.notification_status,
                notification.failure_type,
                notification.failure_reason,
            ),
        )
        if not is_listed:
            reports = sms.report_ids.sorted("id")
            found["reports"] = [(it.status, it.code, it.raw) for it in reports]
        return found

    def record(self, reports):
        """Record reports in one batch."""
        self.env["sms.sms"]._record_reports(self.company, "twilio", reports)

    def test_told_one_by_one_and_in_batches(self):
        single, batch = self.make_all(1), self.make_all(2)
        for sms, reports in single:
            for report in reports:
                self.record([(sms.uuid, report)])
        # All in one batch, message by message.
        self.record([(sms.uuid, it) for sms, reports in batch for it in reports])
        for name, (one, _), (other, _) in zip(CASES, single, batch, strict=True):
            with self.subTest(name):
                self.assertEqual(self.describe(one), self.describe(other))

    def test_read_from_a_list(self):
        """The same, except that only reports that change a text are kept."""
        single, listed = self.make_all(3), self.make_all(4)
        for sms, reports in single:
            for report in reports:
                self.record([(sms.uuid, report)])
        # Each page has the state at its time.
        for place in range(max(len(reports) for reports, _values in CASES.values())):
            page = [
                (None, reports[place])
                for _sms, reports in listed
                if place < len(reports)
            ]
            self.record(page[::-1])
        for name, (one, _), (other, _) in zip(CASES, single, listed, strict=True):
            with self.subTest(name):
                self.assertEqual(self.describe(one, True), self.describe(other, True))
                statuses = other.report_ids.sorted("id").mapped("status")
                self.assertEqual(len(statuses), len(set(statuses)))
        delivered = listed[[*CASES].index("delivered")][0]
        self.assertEqual(delivered.report_ids.mapped("status"), ["delivered"])

    def test_the_cases_are_what_they_are_called(self):
        """Otherwise two ways could agree without doing anything."""
        found = {}
        for name, (sms, reports) in zip(CASES, self.make_all(5), strict=True):
            self.record([(None, it) for it in reports])
            found[name] = self.describe(sms)
        for name, state in (
            ("nothing", "pending"),
            ("sent", "pending"),
            ("delivered", "sent"),
            ("in the wrong order", "sent"),
            ("called off", "canceled"),
            ("filtered", "error"),
            ("tried again", "outgoing"),
            ("arrived after all", "sent"),
            ("another carrier's now", "pending"),
            ("erased", "sent"),
            ("cancelled meanwhile", "canceled"),
        ):
            self.assertEqual(found[name]["state"], state, name)
        self.assertEqual(set(found["opted out"]["answers"]), {"opted_out"})
        self.assertEqual(found["a landline"]["unusable"], "landline")
        self.assertEqual(found["with a price"]["price"], 0.0079)
        self.assertEqual(found["delivered"]["shown"][0], "sent")
        self.assertEqual(found["filtered"]["shown"][0], "exception")
        self.assertEqual(found["erased"]["reports"][0][2], False)
        self.assertTrue(found["a call that nobody took"]["is_over"])
        self.assertTrue(found["a call that was called off"]["is_over"])

    def test_what_is_none_of_ours_is_left_out(self):
        other = self.make_company("Elsewhere", "twilio")
        mine, theirs = self.make(600, {}), self.make(601, {})
        theirs.record_company_id = other
        found = self.env["sms.sms"]._record_reports(
            self.company,
            "twilio",
            [
                (None, DeliveryReport("SM" + "f" * 32, "delivered")),
                (None, DeliveryReport("", "delivered")),
                (None, DeliveryReport(theirs.carrier_id, "delivered")),
                (theirs.uuid, DeliveryReport(theirs.carrier_id, "delivered")),
                ("nobody's", DeliveryReport("SM1", "delivered")),
                (None, DeliveryReport(mine.carrier_id, "delivered")),
            ],
        )
        self.assertEqual(found, mine)
        self.assertEqual((mine.state, theirs.state), ("sent", "pending"))
        self.assertFalse(theirs.report_ids)

    def test_an_id_before_the_carriers_answer(self):
        """The message that had the id wrongly is looked up again."""
        early, wrong = self.make(602, {}), self.make(603, {})
        sid = wrong.carrier_id
        early.write({"carrier_id": False, "report_rank": 0, "state": "process"})
        self.record(
            [
                (early.uuid, DeliveryReport(sid, "delivered")),
                (wrong.uuid, DeliveryReport("SM" + "e" * 32, "sent")),
            ]
        )
        self.assertEqual((early.state, early.carrier_id), ("sent", sid))
        self.assertNotEqual(wrong.carrier_id, sid)
        self.assertIn(wrong.state, ("unknown", "pending"))

    def test_a_report_says_that_it_left_when_its_worker_is_gone(self):
        """Else it would have no time in evidence, and its price would not be asked."""
        for place, state in enumerate(("process", "unknown")):
            sms = self.make(607 + place, {"carrier_id": False, "report_rank": 0})
            sms.write({"state": state, "sent_at": False})
            sid = f"SM{place:032x}"
            self.record([(sms.uuid, DeliveryReport(sid, "delivered"))])
            with self.subTest(state):
                self.assertEqual((sms.state, sms.sent_at), ("sent", sms.claimed_at))
                self.record([(sms.uuid, DeliveryReport(sid, "read"))])
                self.assertEqual(sms.sent_at, sms.claimed_at)

    def test_two_texts_with_one_id(self):
        """The last one gets it, both one by one and in a batch."""
        messages = [self.make(604 + place, {}) for place in range(2)]
        for sms in messages:
            sms.write({"carrier_id": False, "report_rank": 0, "state": "process"})
        self.env.flush_all()
        sid = "SM" + "d" * 32
        self.record([(sms.uuid, DeliveryReport(sid, "sent")) for sms in messages])
        self.assertEqual([it.carrier_id for it in messages], [False, sid])

    @mute_logger("odoo.sql_db")
    def test_what_the_database_refuses_is_left_out(self):
        sms = self.make(606, {})
        odd = DeliveryReport(
            sms.carrier_id, "delivered", "\x001\ud83d", raw={"\x00": ""}
        )
        self.record([(sms.uuid + "\x00", odd), (None, DeliveryReport("\x00", "sent"))])
        self.assertEqual((sms.state, sms.carrier_code), ("sent", "1?"))


@tagged("post_install", "-at_install")
class TestQueriesOfReports(BatchCase):
    """The number of queries does not depend on the number of texts in a page."""

    def count(self, make_report, size):
        """Return the queries of a page of reports on ``size`` texts."""
        messages = self.queue_many(size)
        for sms in messages:
            sms.write(
                {
                    "state": "pending",
                    "provider": "sandbox",
                    "carrier_id": f"SM{sms.id}",
                    "report_rank": 1,
                    "claimed_at": sms.create_date,
                }
            )
        page = [(None, make_report(sms.carrier_id)) for sms in messages]
        count = self.count_queries(
            self.env["sms.sms"]._record_reports, self.company, "sandbox", page
        )
        self.assertNotIn("pending", messages.mapped("state"))
        messages.unlink()
        return count

    def test_of_a_single_report(self):
        """With an empty cache, so that the company's row is read too."""
        message = self.queue_many(1)
        message.write({"state": "pending", "provider": "sandbox", "carrier_id": "SM1"})
        record = self.env["sms.sms"]._record_reports
        counts = [
            self.count_queries(
                record,
                self.company,
                "sandbox",
                [(message.uuid, DeliveryReport("SM1", status))],
            )
            for status in ("queued", "sent", "delivered")
        ]
        self.assertLessEqual(max(counts), 9)

    def test_of_what_was_delivered(self):
        for make_report in (
            lambda sid: DeliveryReport(sid, "delivered"),
            lambda sid: DeliveryReport(sid, "delivered", price=Price(0.01, "USD")),
            lambda sid: DeliveryReport(sid, "canceled"),
        ):
            self.count(make_report, SMALL)  # fills caches
            small, large = (self.count(make_report, size) for size in (SMALL, LARGE))
            self.assertEqual(small, large)
            self.assertLess(large, 12)
