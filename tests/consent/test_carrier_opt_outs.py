# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opt-outs exchanged with the carrier, and numbers deactivated by networks."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.consent.sms_carrier_opt_out import LEASE, TRY_FOR
from ...models.ledger.sms_consent_event import Statement
from ..clock import freeze_time
from ..common import SmsCase, phone_number
from ..peer.company import OWN_NUMBER, SERVICE_SID, LoopbackTwilio
from ..peer.telnyx import API_KEY, PROFILE_ID, PUBLIC_KEY, TelnyxPeer
from ..peer.twilio_consents import PeerConsents

LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.consent.sms_carrier_sync"
SAID_AT = datetime(2026, 7, 1, 18, 0)
NOW = datetime(2026, 7, 10, 12, 0)
DAY = date(2026, 7, 9)


class CarrierCase(SmsCase):
    """Common base: runs the crons that report to the carrier and read from it."""

    def tell(self):
        """Run the cron that reports to the carrier; return all rows, oldest first."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_opt_out"))
        self.env.invalidate_all()
        return self.env["sms.carrier.opt.out"].search([], order="id")

    def compare(self):
        """Run the cron that compares, as if due; return the row of the account."""
        syncs = self.env["sms.carrier.sync"]
        syncs.search([]).next_at = fields.Datetime.now() - timedelta(minutes=1)
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_sync"))
        self.env.invalidate_all()
        return syncs.search([("company_id", "=", self.company.id)])

    def differences(self, number=None):
        """Return the kinds of differences, of a number or of all."""
        domain = [("number", "=", number)] if number else []
        found = self.env["sms.carrier.difference"].search(domain)
        return sorted(found.mapped("kind"))

    def answer_of(self, number, code="ticket"):
        """Return the state of a number for a purpose."""
        consents = self.env["sms.consent"]
        consents._forget_answers()  # in reality the cron has another transaction
        found = consents._get_found(self.company, number)
        return consents._get_answer(found, self.purposes(code).id).state

    def last_event(self, number):
        """Return the newest event of a number."""
        events = self.env["sms.consent.event"]
        domain = events._number_domain(self.company, number)
        return events.search(domain, limit=1, order="id desc")


@tagged("post_install", "-at_install")
class TestTold(CarrierCase, LoopbackTwilio):
    """Opt-outs are reported to Twilio once, and never in a user's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.enter_number()
        cls.record_consent()

    def setUp(self):
        super().setUp()
        self.peer.consents = PeerConsents()

    def told(self):
        """Return all consents that the carrier has accepted."""
        return [item for batch in self.peer.consents.told for item in batch]

    def test_an_opt_out_is_told_with_its_time_and_how(self):
        self.record_consent(event="revoked", method="phone", happened_at=SAID_AT)
        self.assertFalse(self.told(), "nothing leaves in the transaction itself")
        row = self.tell()
        [item] = self.told()
        self.assertEqual(
            {name: item[name] for name in ("contact_id", "sender_id", "status")},
            {"contact_id": self.number, "sender_id": OWN_NUMBER, "status": "opt-out"},
        )
        self.assertEqual(item["source"], "offline")
        self.assertEqual(item["date_of_consent"], "2026-07-01T18:00:00Z")
        self.assertEqual(len(item["correlation_id"]), 32)
        self.assertEqual((row.state, bool(row.told_at)), ("done", True))
        self.tell()
        self.assertEqual(len(self.told()), 1, "told once")

    def test_how_it_was_said_in_the_carriers_words(self):
        for method, source in (
            ("web", "website"),
            ("keyword", "opt-out-message"),
            ("api", "others"),
            ("paper", "offline"),
        ):
            number = phone_number(10 + len(self.told()))
            self.record_consent(number, event="revoked", method=method)
            self.tell()
            with self.subTest(method=method):
                self.assertEqual(self.told()[-1]["source"], source)

    def test_who_is_back(self):
        self.record_consent(event="revoked", method="phone")
        self.tell()
        self.record_consent(event="restored", method="keyword")
        self.tell()
        self.assertEqual([it["status"] for it in self.told()], ["opt-out", "opt-in"])

    def test_who_changes_their_mind_before_it_was_told(self):
        self.record_consent(event="revoked", method="phone")
        self.record_consent(event="restored", method="keyword")
        self.tell()
        self.assertEqual([it["status"] for it in self.told()], ["opt-in"])

    def test_what_the_carrier_has_told_us_is_not_told_back(self):
        self.record_consent(event="revoked", method="carrier")
        self.assertFalse(self.tell())

    def test_an_end_of_one_purpose_is_no_opt_out_there(self):
        self.record_consent(None, "ticket", event="revoked", method="phone")
        self.assertFalse(self.tell())

    def test_each_sender_and_a_service(self):
        self.enter_number("+13035550178")
        self.record_consent(event="revoked", method="phone")
        self.tell()
        self.assertEqual(len({it["correlation_id"] for it in self.told()}), 2)
        self.company.sms_twilio_messaging_service_sid = SERVICE_SID
        self.record_consent(phone_number(3), event="revoked", method="phone")
        self.tell()
        self.assertIn(SERVICE_SID, [it["sender_id"] for it in self.told()])

    def test_many_are_told_in_batches(self):
        statements = [
            Statement(phone_number(100 + index), "revoked", "import")
            for index in range(60)
        ]
        self.env["sms.consent.event"]._record_many(self.company, statements)
        rows = self.tell()
        self.assertEqual(rows.mapped("state"), ["done"] * 60)
        self.assertEqual(len(self.told()), 60)
        self.assertLessEqual(max(map(len, self.peer.consents.told)), 25)

    def test_one_that_is_refused_stops_no_other(self):
        other = phone_number(3)
        self.peer.consents.refused[self.number] = "contact_id is invalid"
        for number in (self.number, other):
            self.record_consent(number, event="revoked", method="phone")
        refused, told = self.tell()
        self.assertEqual((refused.state, told.state), ("failed", "done"))
        self.assertEqual(refused.fault, "contact_id is invalid")
        self.peer.consents.refused.clear()
        refused.with_user(self.compliance_officer).action_try_again()
        self.tell()
        self.assertEqual(refused.state, "done")

    def test_what_was_refused_is_not_told_once_it_has_changed(self):
        self.peer.consents.refused[self.number] = "contact_id is invalid"
        self.record_consent(event="revoked", method="phone")
        refused = self.tell()
        self.assertEqual(refused.state, "failed")
        self.peer.consents.refused.clear()
        self.record_consent()
        rows = self.tell()
        self.assertFalse(refused.exists(), "to try again would block them there")
        self.assertRecordValues(rows, [{"is_back": True, "state": "done"}])

    def test_a_return_is_not_told_after_the_carriers_own_stop(self):
        self.record_consent(event="revoked", method="phone")
        self.tell()
        self.peer.consents.status = 503
        self.record_consent()
        self.assertEqual(self.tell().mapped("state"), ["done", "waiting"])
        self.record_consent(event="revoked", method="carrier")
        self.assertEqual(self.tell().mapped("state"), ["done"])

    def test_an_account_without_access_is_tried_again_tomorrow(self):
        self.peer.consents.status = 403
        self.record_consent(event="revoked", method="phone")
        row = self.tell()
        self.assertEqual(row.state, "waiting")
        self.assertIn("no access", row.fault)
        self.assertGreater(row.next_at, fields.Datetime.now() + timedelta(hours=23))
        before = row.queued_at - TRY_FOR - timedelta(minutes=1)
        row.write({"queued_at": before, "next_at": before})
        self.tell()
        self.assertEqual(row.state, "failed")

    def test_a_carrier_that_does_not_answer(self):
        self.peer.consents.status = 503
        for number in (self.number, phone_number(3)):
            self.record_consent(number, event="revoked", method="phone")
        rows = self.tell()
        self.assertEqual(set(rows.mapped("state")), {"waiting"})
        self.peer.consents.status = 201
        self.tell()
        self.assertFalse(self.told(), "the account is left alone for a while")
        rows.next_at = fields.Datetime.now()
        self.tell()
        told = [it["contact_id"] for it in self.told()]
        self.assertEqual(told, rows.mapped("number"), "in their order")

    def test_a_kill_between_telling_and_noting_tells_the_same_again(self):
        self.record_consent(event="revoked", method="phone")
        queue = self.env["sms.carrier.opt.out"]
        row = queue._claim()
        row._prepare_call()()
        self.assertFalse(queue._claim(), "it is at work")
        row.next_at -= LEASE
        self.tell()
        first, second = self.told()
        self.assertEqual(first, second)
        self.assertEqual(row.state, "done")

    def test_nothing_in_the_sandbox_or_without_an_account(self):
        self.company.sms_provider = "sandbox"
        self.record_consent(event="revoked", method="phone")
        self.assertFalse(self.tell())
        self.company.sms_provider = "twilio"
        self.record_consent(phone_number(3), event="revoked", method="phone")
        self.company.sms_provider = "sandbox"
        [row] = self.tell()
        self.assertEqual(row.state, "waiting")
        self.assertFalse(self.told())

    def test_an_erased_person_is_not_told_of_any_more(self):
        self.record_consent(event="revoked", method="phone")
        rows = self.env["sms.carrier.opt.out"]._find_personal(
            self.company, [self.number]
        )
        rows._forget()
        self.assertFalse(self.tell())

    def test_who_may_not_try_again(self):
        rows = self.env["sms.carrier.opt.out"].with_user(self.agent)
        with self.assertRaises(AccessError):
            rows.action_try_again()


@tagged("post_install", "-at_install")
class TestDeactivated(CarrierCase, LoopbackTwilio):
    """Numbers that were deactivated by their networks are no longer texted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.enter_number()
        cls.record_consent(None, "ticket", "alert", happened_at=SAID_AT)

    def setUp(self):
        super().setUp()
        self.peer.consents = PeerConsents()
        clock = freeze_time(NOW, tick=True)
        clock.start()
        self.addCleanup(clock.stop)
        self.set_since(self.number, SAID_AT)

    def set_since(self, number, moment):
        """Set the time since when the answers of a number hold."""
        self.tamper(
            "sms_consent",
            "UPDATE sms_consent SET since = %s WHERE number = %s",
            [moment, number],
        )

    def report(self, *lines, day=DAY):
        """Make a report at the carrier, and compare."""
        self.peer.consents.reports[str(day)] = lines
        return self.compare()

    def test_its_consent_ends_and_it_is_not_texted(self):
        waiting = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hi",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        sync = self.report("13035550199", self.number.lstrip("+"), "nonsense", "")
        self.assertEqual(sync.report_day, DAY)
        self.assertEqual(self.answer_of(self.number), "none")
        event = self.last_event(self.number)
        self.assertEqual((event.event, event.method), ("expired", "carrier"))
        self.assertEqual((waiting.state, waiting.gate_reason), ("canceled", "unusable"))
        self.assertEqual(self.differences(self.number), ["deactivated"])
        self.assertFalse(self.differences("+13035550199"), "it is none of ours")
        unusable = self.env["sms.unusable.number"].search([])
        self.assertEqual(unusable.mapped("number"), [self.number])

    def test_a_text_from_it_brings_it_back(self):
        self.report(self.number)
        self.receive("It is still me")
        self.assertFalse(self.env["sms.unusable.number"].search([]))

    def test_who_has_texted_or_agreed_since_has_the_phone(self):
        texting, agreeing = phone_number(3), phone_number(4)
        for number in (texting, agreeing):
            self.record_consent(number)
        self.set_since(texting, SAID_AT)
        self.receive("Hello", texting).received_at = NOW
        self.report(texting, agreeing)
        self.assertEqual(self.differences(), [])
        self.assertEqual(self.answer_of(texting), "opted_in")

    def test_the_days_of_a_week_are_made_up_for(self):
        for days in range(10):
            self.peer.consents.reports[str(DAY - timedelta(days=days))] = []
        self.assertEqual(self.compare().report_day, DAY)

    def test_a_report_that_is_not_there_yet_is_no_trouble(self):
        sync = self.compare()
        self.assertGreater(sync.next_at, fields.Datetime.now() + timedelta(hours=23))
        self.assertFalse(sync.report_day)

    def test_it_needs_attention_until_somebody_has_seen_to_it(self):
        self.report(self.number)
        dashboard = self.env["sms.dashboard"].with_user(self.manager)
        lines = [it["text"] for it in dashboard._find_carrier_differences()]
        self.assertEqual(lines, ["A number differs at the carrier"])
        row = self.env["sms.carrier.difference"].search([])
        row.with_user(self.compliance_officer).action_done()
        self.assertEqual(row.done_by_id, self.compliance_officer)
        self.assertFalse(list(dashboard._find_carrier_differences()))
        with self.assertRaises(AccessError):
            row.with_user(self.agent).action_done()

    def test_a_carrier_that_does_not_answer_is_asked_in_an_hour(self):
        self.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.twilio_api_url", "http://127.0.0.1:9"
        )
        with self.assertLogs(LOGGER, "WARNING"):
            sync = self.compare()
        soon = fields.Datetime.now() + timedelta(hours=1, minutes=1)
        self.assertLess(sync.next_at, soon)

    def test_the_sandbox_is_compared_with_nobody(self):
        self.company.sms_provider = "sandbox"
        self.assertFalse(self.compare())


@tagged("post_install", "-at_install")
class TestCompared(CarrierCase):
    """The comparison with Telnyx's opt-outs, and its consequences."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "sms_provider": "telnyx",
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
            }
        )
        cls.company.sms_telnyx_number_ids = [(0, 0, {"number": OWN_NUMBER})]

    def setUp(self):
        super().setUp()
        self.peer = TelnyxPeer().start()
        self.addCleanup(self.peer.stop)
        self.peer.account.add_profile(PROFILE_ID)
        self.peer.account.add_number(OWN_NUMBER, PROFILE_ID)
        self.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.telnyx_api_url", self.peer.url
        )

    def block(self, number, said_at=SAID_AT, profile_id=PROFILE_ID):
        """Add an opt-out at the carrier."""
        self.peer.account.add_opt_out(number, profile_id, OWN_NUMBER, said_at)

    def test_an_opt_out_that_only_the_carrier_knows(self):
        self.record_consent(happened_at=SAID_AT - timedelta(days=1))
        self.block(self.number)
        self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_out")
        event = self.last_event(self.number)
        self.assertEqual((event.event, event.method), ("revoked", "carrier"))
        self.assertEqual(event.happened_at, SAID_AT)
        self.assertEqual(self.differences(self.number), ["entered"])
        self.compare()
        self.assertEqual(self.last_event(self.number), event, "entered once")

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_carriers_odd_answer_keeps_no_other_company_from_comparing(self):
        self.block(self.number)
        odd = self.make_company("Odd", "twilio")
        syncs = self.env["sms.carrier.sync"]
        syncs.create({"company_id": odd.id, "provider": "twilio", "next_at": NOW})
        prepare = type(syncs)._prepare_call

        def answer_oddly(row):
            return dict().popitem if row.company_id == odd else prepare(row)

        with patch.object(type(syncs), "_prepare_call", answer_oddly):
            self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_out")

    def test_somebody_of_whom_we_know_nothing(self):
        self.block(self.number)
        self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_out")

    def test_what_both_know_is_no_difference(self):
        self.record_consent(event="revoked", method="keyword", happened_at=SAID_AT)
        self.block(self.number)
        self.compare()
        self.assertEqual(self.differences(), [])

    def test_who_has_agreed_since_is_shown_and_stays(self):
        self.record_consent(happened_at=SAID_AT + timedelta(days=1))
        self.block(self.number)
        self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_in")
        self.assertEqual(self.differences(self.number), ["blocked"])
        self.peer.account.opt_outs.clear()
        self.compare()
        self.assertEqual(self.differences(), [], "it is over")

    def test_who_was_erased_is_not_stored_again(self):
        self.record_consent(happened_at=SAID_AT + timedelta(days=1))
        self.block(self.number)
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 117")
        self.compare()
        self.assertEqual(self.differences(), [])
        self.assertFalse(self.env["sms.consent"].search([("number", "!=", False)]))

    def test_what_the_carrier_does_not_know_undoes_nothing(self):
        self.record_consent(event="revoked", method="phone")
        self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_out")
        self.assertEqual(self.differences(self.number), ["missing"])
        self.assertFalse(self.env["sms.carrier.opt.out"].search([]), "no way to tell")

    def test_another_profile_of_the_account_is_not_ours(self):
        self.block(self.number, profile_id=PROFILE_ID.replace("4001", "5002"))
        self.compare()
        self.assertEqual(self.answer_of(self.number), "none")

    def test_more_than_one_answer_holds(self):
        for index in range(260):
            self.block(f"+1303556{index:04d}")
        self.compare()
        self.assertEqual(self.answer_of("+13035560259"), "opted_out")
        self.assertEqual(len(self.differences()), 260)

    def test_odd_rows_are_left_out(self):
        self.block(self.number)
        for number in ("ACME", "", "12"):
            self.block(number)
        self.peer.account.opt_outs[0]["created_at"] = "nonsense"
        self.compare()
        self.assertEqual(self.answer_of(self.number), "opted_out")
        self.assertEqual(self.differences(), ["entered"])

    def test_a_list_that_is_cut_off_changes_nothing(self):
        self.record_consent(event="revoked", method="phone")
        self.peer.api_key = "another"
        with self.assertLogs(LOGGER, "WARNING"):
            self.compare()
        self.assertEqual(self.differences(), [])
