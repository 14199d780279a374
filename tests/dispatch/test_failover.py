# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.tools import mute_logger

from ...models.dispatch import sms_dispatcher
from ...providers import faults
from ...providers.outbound import DELIVERED, UNDELIVERED, DeliveryReport
from ...tools.dispatch import DispatchRun
from ..peer.telnyx import API_KEY, PUBLIC_KEY, TelnyxPeer
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioPeer
from .common import ALERT_LOGGER, SendersCase

OWN_TWILIO, OWN_TELNYX = "+13035550175", "+13035550176"


class FailoverCase(SendersCase):
    """Common base: Twilio first, Telnyx as backup, both loopback peers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("helpdesk_mgmt_sms.in_flight", "2")
        cls.company.write(
            {
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                "sms_twilio_number_ids": [
                    (5, 0, 0),
                    (0, 0, {"number": OWN_TWILIO, "country_id": cls.country.id}),
                ],
                "sms_backup_provider": "telnyx",
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
                "sms_telnyx_number_ids": [(0, 0, {"number": OWN_TELNYX})],
            }
        )
        cls.env["sms.sender"].search([]).rate = 0

    def setUp(self):
        super().setUp()
        self.twilio, self.telnyx = TwilioPeer().start(), TelnyxPeer().start()
        for code, peer in (("twilio", self.twilio), ("telnyx", self.telnyx)):
            self.addCleanup(peer.stop)
            self.env["ir.config_parameter"].set_param(
                f"helpdesk_mgmt_sms.{code}_api_url", peer.url
            )

    def send(self, *behaviors, body="We are on it."):
        """Send a text with these behaviors of Twilio and Telnyx; return it."""
        self.twilio.behaviors[self.number], self.telnyx.behaviors[self.number] = (
            *behaviors,
            *[None] * (2 - len(behaviors)),
        )
        sms = self.text(self.ticket, body=body)
        self.run_outbox()
        return sms

    def assertTakenBy(self, sms, code, refused_by=False):
        """Check that this carrier alone has a message, and that the message says so."""
        self.assertEqual((sms.state, sms.provider), ("pending", code))
        self.assertEqual(sms.refused_by, refused_by)
        self.assertEqual(sms.sender_id.provider, code)
        taken = {"twilio": self.twilio.taken, "telnyx": self.telnyx.taken}
        words = {
            "twilio": [it["Body"] for it in self.twilio.taken],
            "telnyx": [it["text"] for it in self.telnyx.taken],
        }
        self.assertEqual(words.pop(code).count(sms.body), 1)
        self.assertNotIn(sms.body, [*words.values()][0])
        self.assertTrue(taken[code])


class TestFailover(FailoverCase):
    """The second carrier gets a text only if the first one surely did not accept it."""

    def test_the_first_carrier_is_the_first(self):
        self.assertTakenBy(self.send(), "twilio")
        self.assertFalse(self.telnyx.posts)

    def test_a_hard_refusal_goes_to_the_second(self):
        for code in (20003, 21606, 21704, 63038, 30034):
            with self.subTest(code=code):
                sms = self.send(("error", 400, code), body=f"Error {code}")
                self.assertTakenBy(sms, "telnyx", "twilio")
                self.assertEqual(self.telnyx.posts[-1]["from"], OWN_TELNYX)
                self.sender(OWN_TWILIO)._start()

    def test_the_first_has_stopped_and_administrators_know(self):
        self.send(("error", 401, 20003))
        sender = self.sender(OWN_TWILIO)
        self.assertTrue(sender._is_stopped())
        alert = self.env["sms.outbox.alert"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertIn("sent through the other carrier", alert.message)

    def test_what_is_made_meanwhile_does_not_try_the_first(self):
        self.send(("error", 401, 20003))
        sms = self.send(body="And this one")
        self.assertTakenBy(sms, "telnyx", "twilio")
        self.assertEqual(len(self.twilio.messages), 1)

    def test_after_the_pause_the_first_is_tried_again(self):
        self.send(("error", 401, 20003))
        self.sender(OWN_TWILIO).stopped_until = fields.Datetime.now() - timedelta(
            seconds=1
        )
        self.assertTakenBy(self.send(body="And this one"), "twilio")
        self.assertFalse(self.sender(OWN_TWILIO).stop_count)

    def test_a_refusal_of_the_person_is_a_refusal(self):
        for code in (21610, 21211, 30007):
            with self.subTest(code=code):
                sms = self.send(("error", 400, code), body=f"Error {code}")
                self.assertNotEqual(sms.provider, "telnyx")
                if code == 21610:
                    self.record_consent(event="restored")
                    self.record_consent()
        self.assertFalse(self.telnyx.posts)

    def test_what_nobody_can_tell_stays_where_it_is(self):
        for behavior in ("drop", ("html", 502), ("error", 503, 20503)):
            with self.subTest(behavior=behavior):
                sms = self.send(behavior, body=f"Behaves {behavior}")
                self.assertEqual((sms.state, sms.provider), ("unknown", "twilio"))
                sms.state = "error"  # or the next text to the number would wait for it
        self.assertFalse(self.telnyx.posts)

    def test_no_connection_is_waited_for_once(self):
        self.twilio.go_down()
        sms = self.send()
        sms.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertTakenBy(sms, "telnyx", "twilio")
        self.assertEqual(sms.attempts, 3)

    def test_both_refuse_and_nothing_runs_in_a_circle(self):
        sms = self.send(("error", 401, 20003), ("error", 403, "20100"))
        self.assertEqual((sms.state, sms.refused_by), ("outgoing", "twilio"))
        self.assertEqual(len(self.twilio.messages), 1)
        self.assertEqual(len(self.telnyx.posts), 1)
        self.run_outbox()
        self.assertEqual(len(self.twilio.messages) + len(self.telnyx.posts), 2)

    def test_a_fault_that_ends_is_asked_about_once(self):
        fault = self.env["sms.fault"].search([("fault", "=", "country")])
        fault.use_backup = True
        sms = self.send(("error", 400, 21408), ("error", 400, "40309"))
        self.assertEqual((sms.state, sms.provider), ("error", "telnyx"))
        self.assertEqual(len(self.twilio.messages), 1)
        self.assertEqual(len(self.telnyx.posts), 1)

    def test_who_has_opted_out_at_one_is_not_texted_by_the_other(self):
        fault = self.env["sms.fault"].search([("fault", "=", "opted_out")])
        fault = fault.with_user(self.manager)._copy_for_company(self.company)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            fault.use_backup = True
        policy = self.env["sms.fault"]._get_policy("opted_out")
        sms = self.text(self.ticket)
        self.assertFalse(sms._may_change_carrier(policy))

    def test_only_if_the_manager_wants_it(self):
        fault = self.env["sms.fault"].search([("fault", "=", "authentication")])
        fault = fault.with_user(self.manager)._copy_for_company(self.company)
        fault.use_backup = False
        sms = self.send(("error", 401, 20003))
        self.assertEqual((sms.state, sms.sender_id.address), ("outgoing", OWN_TWILIO))
        self.run_outbox()
        self.assertFalse(self.telnyx.posts)

    def test_without_a_second_carrier_it_waits(self):
        self.company.sms_backup_provider = False
        sms = self.send(("error", 401, 20003))
        self.assertEqual((sms.state, sms.sender_id.address), ("outgoing", OWN_TWILIO))
        self.assertFalse(self.telnyx.posts)

    def test_who_opts_out_meanwhile_is_not_texted(self):
        self.send(("error", 401, 20003))
        sms = self.text(self.ticket, body="And this one")
        self.receive("STOP")
        self.run_outbox()
        self.assertEqual(sms.state, "canceled")
        self.assertNotIn(sms.body, [it["text"] for it in self.telnyx.posts])

    def test_the_first_carriers_late_report_moves_nothing(self):
        sms = self.send(("error", 401, 20003))
        report = DeliveryReport("SM" + "0" * 32, DELIVERED)
        record = self.env["sms.sms"]._record_reports
        record(self.company, "twilio", [(sms.uuid, report)])
        self.assertEqual((sms.state, len(sms.report_ids)), ("pending", 1))
        report = DeliveryReport(sms.carrier_id, DELIVERED)
        record(self.company, "telnyx", [(sms.uuid, report)])
        self.assertEqual(sms.state, "sent")

    def test_a_person_who_sends_it_anew_begins_anew(self):
        sms = self.send(("error", 401, 20003), ("error", 400, "40310"))
        self.assertEqual((sms.state, sms.refused_by), ("error", "twilio"))
        before = sms.carrier_key
        self.assertTrue(before)
        sms.action_set_outgoing()
        self.assertFalse(sms.refused_by)
        self.assertFalse(sms.carrier_key)


class TestPostKeys(FailoverCase):
    """Telnyx accepts a message once per key, so the key says what is a repetition."""

    def setUp(self):
        super().setUp()
        self.company.write({"sms_provider": "telnyx", "sms_backup_provider": False})

    def post_again(self, sms, pause=timedelta()):
        """Send a waiting text, held for some time, to a carrier that takes it."""
        self.telnyx.behaviors[self.number] = None
        sms.not_before = fields.Datetime.now()
        if sms.tried_at:
            sms.tried_at += pause  # as a hold does
        self.run_outbox()
        self.assertEqual(sms.state, "pending")
        return [post["key"] for post in self.telnyx.posts]

    def test_what_is_tried_again_after_a_night_has_the_same_key(self):
        sms = self.send(None, ("error", 503, "10007"))
        sms.state = "outgoing"  # the carrier does not show it
        key, again = self.post_again(sms, timedelta(hours=9))
        self.assertTrue(key)
        self.assertEqual(key, again)

    def test_what_was_not_delivered_is_another_message(self):
        sms = self.send()
        rule = self.env["sms.fault"].search([("fault", "=", faults.UNREACHABLE)])
        rule.write({"action": "again", "max_attempts": 3, "deadline_hours": 24})
        report = DeliveryReport(sms.carrier_id, UNDELIVERED, fault=faults.UNREACHABLE)
        self.env["sms.sms"]._record_reports(
            self.company, "telnyx", [(sms.uuid, report)]
        )
        self.assertEqual(sms.state, "outgoing")
        key, again = self.post_again(sms)
        self.assertNotEqual(key, again)
        self.assertEqual(len(self.telnyx.taken), 2)


class TestTurns(FailoverCase):
    """Texts that the second carrier may not take keep no others waiting."""

    def setUp(self):
        super().setUp()
        self.patch(sms_dispatcher, "ASSIGN_SIZE", 2)
        self.texts = [self.text(self.ticket, body=f"Text {n}") for n in range(5)]
        self.last = self.texts[-1]
        policy = self.env["sms.fault"]._get_policy(faults.AUTHENTICATION)
        with mute_logger(ALERT_LOGGER):
            self.sender(OWN_TWILIO)._stop(policy)
        self.env.flush_all()
        model, last_id = type(self.last), self.last.id
        choose = model._choose_open_senders

        def choose_for_last(messages, company, code):
            found = choose(messages, company, code)
            nobody = self.env["sms.sender"]
            return {row: it if row == last_id else nobody for row, it in found.items()}

        patched = patch.object(model, "_choose_open_senders", choose_for_last)
        self.startPatcher(patched)

    def test_the_last_of_many_leaves(self):
        self.run_outbox()
        self.assertTakenBy(self.last, "telnyx", "twilio")
        self.assertEqual(len(self.telnyx.posts), 1)

    def test_while_others_are_sent_a_call_looks_at_one_batch(self):
        dispatcher, run = self.env["sms.dispatcher"], DispatchRun(0.0)
        others = patch.object(type(dispatcher), "_group_ready", lambda _self: {1: []})
        with others:
            dispatcher._get_accounts(run)
            self.assertEqual(run.assigned_to, self.texts[1].id)
            dispatcher._get_accounts(run)
        self.assertEqual(run.assigned_to, self.texts[3].id)

    def test_held_texts_wait_for_their_time(self):
        later = fields.Datetime.now() + timedelta(hours=1)
        self.messages_to(self.number).write({"not_before": later})
        self.assertEqual(
            self.count_queries(self.env["sms.dispatcher"]._assign_senders), 2
        )
        self.assertEqual(self.last.sender_id.provider, "twilio")


class TestSecondCarrier(FailoverCase):
    """Which carriers a company can choose as its second one."""

    def test_its_numbers_are_senders(self):
        self.assertEqual(self.company._get_sms_carriers(), ("twilio", "telnyx"))
        self.assertTrue(self.sender(OWN_TELNYX).active)

    def test_the_sandbox_lets_nothing_leave(self):
        self.company.sms_provider = "sandbox"
        self.assertFalse(self.company.sms_backup_provider)
        self.assertFalse(self.sender(OWN_TELNYX).active)

    def test_a_carrier_cannot_stand_in_for_itself(self):
        self.company.sms_backup_provider = "twilio"
        self.assertFalse(self.company.sms_backup_provider)
        self.company.write({"sms_provider": "telnyx", "sms_backup_provider": "twilio"})
        self.assertEqual(self.company._get_sms_carriers(), ("telnyx", "twilio"))

    def test_the_choice_names_who_reaches_people(self):
        selection = self.env["res.company"]._get_sms_backup_providers()
        self.assertEqual({code for code, _name in selection}, {"twilio", "telnyx"})
