# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.dispatch.sms_dispatcher import Call
from ...providers import faults, outbound
from ...providers.outbound import DeliveryReport, Found, Outcome
from ...tools import consent
from ...tools.dispatch import Deadline
from .common import BatchCase

ALERT_LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_outbox_alert"


@tagged("post_install", "-at_install")
class TestUnknown(BatchCase):
    """A message with an unknown outcome ends at last, by the manager's rule."""

    def make_unknown(self, **values):
        """Return a message with an unknown outcome."""
        message = self.queue()
        self.claim(1)
        message._mark_unknown()
        # So long ago that no later text to the number waits for it.
        tried_at = fields.Datetime.now() - timedelta(hours=2)
        message.write({"tried_at": tried_at, **values})
        return message

    def look_up(self, message, found):
        """Record the result of a lookup of a message."""
        call = Call("find", message.id, message.attempts)
        self.env["sms.dispatcher"]._record_outcomes([(call, found)])

    def test_what_was_taken_without_a_name_is_looked_up(self):
        """Without an id, the carrier cannot be asked for its status."""
        message = self.queue()
        self.claim(1)
        call = Call("send", message.id, 1)
        self.env["sms.dispatcher"]._record_outcomes(
            [(call, Outcome(outbound.ACCEPTED))]
        )
        self.assertEqual(message.state, "unknown")
        self.assertTrue(message.lookup_at)

    def test_the_carrier_of_old_is_not_asked_for_ever(self):
        """After a change of the carrier, lookups at the former one end."""
        yesterday = fields.Datetime.now() - timedelta(hours=25)
        old = self.make_unknown(provider="twilio", lookup_at=yesterday)
        asked = self.make_unknown(lookup_at=yesterday)
        recent = self.make_unknown(provider="twilio")
        self.env["sms.dispatcher"]._claim_lookups(5)
        self.assertEqual((old.state, old.fault_id.fault), ("error", faults.NO_ANSWER))
        self.assertEqual(set((asked | recent).mapped("state")), {"unknown"})
        old.action_set_outgoing()
        self.assertEqual(old.state, "outgoing")

    def test_another_account_is_not_asked_about_texts_of_the_former(self):
        """It would not find them, and they would be sent again."""
        yesterday = fields.Datetime.now() - timedelta(hours=25)
        self.company.sms_twilio_account_sid = "AC" + "1" * 32
        self.company.sms_twilio_account_since = False
        dispatcher = self.env["sms.dispatcher"]
        old = self.make_unknown(
            provider="twilio", lookup_at=yesterday, claimed_at=yesterday
        )
        recent = self.make_unknown(
            provider="twilio", lookup_at=yesterday, claimed_at=yesterday
        )
        self.company.sms_provider = "twilio"
        self.env.flush_all()
        self.assertEqual(dispatcher._lock_lookups(5, ()), old | recent)
        self.company.sms_twilio_account_sid = "AC" + "1" * 32  # the same as before
        self.assertFalse(self.company.sms_twilio_account_since)
        self.company.sms_twilio_account_sid = "AC" + "2" * 32
        recent.lookup_at = fields.Datetime.now()
        self.env.flush_all()
        self.assertFalse(dispatcher._lock_lookups(5, ()))
        dispatcher._end_unaskable()
        self.assertEqual((old.state, recent.state), ("error", "unknown"))

    def test_nor_is_another_account_of_telnyx(self):
        """It has another public key, while API keys are rotated within an account."""
        dispatcher = self.env["sms.dispatcher"]
        now = fields.Datetime.now()
        message = self.make_unknown(provider="telnyx", lookup_at=now, claimed_at=now)
        own = {"sms_telnyx_api_key": "KEY1", "sms_telnyx_public_key": "cHVibGljMQ=="}
        self.company.write({**own, "sms_provider": "telnyx"})
        self.company.sms_telnyx_api_key = "KEY2"
        self.env.flush_all()
        self.assertEqual(dispatcher._lock_lookups(5, ()), message)
        message.claimed_at -= timedelta(minutes=5)
        self.company.sms_telnyx_public_key = "cHVibGljMg=="
        self.env.flush_all()
        self.assertFalse(dispatcher._lock_lookups(5, ()))

    def test_the_rule_may_end_it(self):
        for action, state in (("again", "outgoing"), ("end", "error")):
            with self.subTest(action=action):
                rule = self.env["sms.fault"].search([("fault", "=", faults.NO_ANSWER)])
                rule.action = action
                message = self.make_unknown()
                for _look in range(rule.max_attempts):
                    self.assertEqual(message.state, "unknown")
                    self.look_up(message, [])
                self.assertEqual(message.state, state)
                message.state = "canceled"

    def test_what_was_looked_up_often_is_asked_about_like_others(self):
        """Doubling the pause for each earlier lookup would overflow dates."""
        message = self.make_unknown(lookups=500)
        self.look_up(message, [Found(DeliveryReport("SM1", "queued"), message.body)])
        self.assertEqual((message.state, message.carrier_id), ("pending", "SM1"))
        call = Call("fetch", message.id, message.attempts)
        self.env["sms.dispatcher"]._record_outcomes([(call, None)])
        self.assertEqual(message.lookups, 1)
        self.assertGreater(message.lookup_at, fields.Datetime.now())

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher")
    def test_a_lookup_in_which_the_adapter_fails_ends_like_others(self):
        def fail():
            raise KeyError("sid")

        def ask(message, kind):
            call = Call(kind, message.id, message.attempts)
            answer = dispatcher._call_safely(call, fail, Deadline(60))
            dispatcher._record_outcomes([(call, answer)])

        dispatcher = self.env["sms.dispatcher"]
        message = self.make_unknown(lookup_at=False)
        ask(message, "find")
        self.assertEqual(message.state, "unknown")
        self.assertTrue(message.lookup_at)
        message.tried_at -= timedelta(days=2)
        ask(message, "find")
        self.assertEqual(message.state, "error")
        message.write({"state": "pending", "carrier_id": "SM1"})
        ask(message, "fetch")
        self.assertEqual(message.lookups, 1)

    def test_a_late_answer_leaves_the_report_to_the_list(self):
        """Those that were looked up one by one are not read from the carrier's list."""
        message = self.make_unknown(is_report_fetched=True)
        self.look_up(message, [])
        self.assertEqual(message.lookups, 1)
        call = Call("send", message.id, message.attempts)
        taken = Outcome(outbound.ACCEPTED, carrier_id="SM1", report="queued")
        self.env["sms.dispatcher"]._record_outcomes([(call, taken)])
        self.assertEqual((message.state, message.lookup_at), ("pending", False))
        self.assertFalse(message.shown_reason)
        expected = self.env["sms.report.fetch"]._get_open_source()
        rows = self.env.execute_query(SQL("SELECT sms.id %s", expected))
        self.assertIn((message.id,), rows)

    def test_what_was_reported_of_an_earlier_attempt_is_not_found(self):
        """Or a text would be posted again, since its first attempt was refused."""
        message = self.queue()
        self.claim(1)
        taken = Outcome(outbound.ACCEPTED, carrier_id="SM1", report="queued")
        call = Call("send", message.id, message.attempts)
        self.env["sms.dispatcher"]._record_outcomes([(call, taken)])
        report = DeliveryReport("SM1", "undelivered", "30001", fault=faults.TOO_FAST)
        message._record_report(report)
        self.assertEqual(message.state, "outgoing")
        message.report_ids.received_at -= timedelta(minutes=1)
        message.not_before = fields.Datetime.now()
        self.claim(1)
        message._mark_unknown()
        self.look_up(message, [Found(report, message.body)])
        self.assertEqual((message.state, message.lookups), ("unknown", 1))
        self.assertFalse(message.carrier_id)
        own = Found(DeliveryReport("SM2", "queued"), message.body)
        self.look_up(message, [Found(report, message.body), own])
        self.assertEqual((message.state, message.carrier_id), ("pending", "SM2"))

    def test_an_attempt_that_a_lookup_has_found_is_not_found_again(self):
        """Or the second attempt, which the carrier has, would count as undelivered."""
        message = self.make_unknown()
        report = DeliveryReport("SM1", "undelivered", "30008", fault=faults.UNSURE)
        message.write({"tried_at": fields.Datetime.now()})
        self.look_up(message, [Found(report, message.body)])
        self.assertEqual((message.state, message.attempts), ("outgoing", 1))
        message.report_ids.received_at -= timedelta(minutes=1)
        message.not_before = fields.Datetime.now()
        self.claim(1)
        message._mark_unknown()
        self.look_up(message, [Found(report, message.body)])
        self.assertEqual((message.state, message.lookups), ("unknown", 1))
        self.assertFalse(message.carrier_id)

    def test_twins_leave_as_often_as_they_were_written(self):
        """The carrier does not tell which of two texts with the same words it has.

        The one that it never got is taken for the other, which is posted a second time
        instead: two texts were written, two arrive.
        """
        taken, lost = self.make_unknown(), self.make_unknown()
        found = [Found(DeliveryReport("SM1", "queued"), taken.body)]
        self.look_up(lost, found)
        self.assertEqual((lost.state, lost.carrier_id), ("pending", "SM1"))
        self.look_up(taken, found)
        self.look_up(taken, found)
        self.assertEqual(taken.state, "outgoing")
        self.claim(1)
        call = Call("send", taken.id, taken.attempts)
        again = Outcome(outbound.ACCEPTED, carrier_id="SM2", report="queued")
        self.env["sms.dispatcher"]._record_outcomes([(call, again)])
        self.assertEqual((taken.state, taken.carrier_id), ("pending", "SM2"))
        self.assertEqual(lost.carrier_id, "SM1")

    @mute_logger(ALERT_LOGGER)
    def test_the_time_for_which_its_sender_stood_still_is_not_its_own(self):
        """As after wrong credentials overnight, followed by throttling."""
        message = self.queue()
        self.claim(1)
        message.tried_at -= timedelta(days=2)
        refused = Outcome(outbound.REFUSED, fault=faults.AUTHENTICATION)
        dispatcher = self.env["sms.dispatcher"]
        dispatcher._record_outcomes([(Call("send", message.id, 1), refused)])
        self.assertEqual(message.state, "outgoing")
        message.sender_id._start()
        self.claim(1)
        too_fast = Outcome(outbound.AGAIN, fault=faults.TOO_FAST)
        call = Call("send", message.id, message.attempts)
        dispatcher._record_outcomes([(call, too_fast)])
        self.assertEqual(message.state, "outgoing")


@tagged("post_install", "-at_install")
class TestArchivedCompany(BatchCase):
    """An archived company sends nothing, but still records opt-outs."""

    def test_nothing_leaves_any_more(self):
        company = self.make_company("Closed")
        self.record_consent(company=company)
        message = self.queue(record_company_id=company.id)
        (self.agent | self.team_agent | self.own_agent | self.manager).write(
            {"company_ids": [(3, company.id)]}
        )
        company.active = False
        self.run_outbox()
        self.assertBlocked(message, "ticket", "no_provider")
        company.active = True
        message.action_set_outgoing()
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def test_what_comes_in_is_taken(self):
        company = self.make_company("Closed")
        key = company.sms_webhook_key
        company.active = False
        found = self.env["res.company"]._find_by_sms_webhook_key(key)
        self.assertEqual(found, company)
        self.record_consent(company=company)
        self.receive("STOP", company=found)
        self.receive("Are you still there?", company=found)
        answers = self.env["sms.consent"]._get_found(company, self.number)
        self.assertTrue(consent.has_left(answers))
        texts = self.env["sms.inbound"].search([("company_id", "=", company.id)])
        self.assertEqual(texts.filtered("error"), self.env["sms.inbound"])
