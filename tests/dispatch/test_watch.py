# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ...models.dispatch.sms_outbox_watch import HEALTH_TOKEN_PARAMETER
from ...providers import faults, outbound
from ...tools import dispatch
from ...tools.dispatch import REACTION
from .common import ALERT_LOGGER, WatchCase


@tagged("post_install", "-at_install")
class TestWatch(WatchCase):
    """A problem of the outbox raises one alert, which closes when it is solved."""

    def test_an_outbox_that_moves_is_no_trouble(self):
        self.queue()
        self.assertEqual(self.watch(), [])

    def test_a_queue_that_stands_still(self):
        message = self.queue(not_before=self.long_ago())
        self.assertEqual(self.watch(), ["standstill"])
        self.run_outbox()
        self.assertEqual(message.state, "sent")
        self.assertEqual(self.watch(), [])

    def test_it_is_told_in_the_companys_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        self.queue(not_before=self.long_ago())
        self.watch()
        alert = self.env["sms.outbox.alert"].search([("key", "=", "standstill")])
        self.assertIn("SMS en attente", alert.message)

    def test_a_sender_that_stands_still_beside_one_that_sends(self):
        """A stopped sender, which has its own alert, does not hide it either."""
        self.queue(not_before=self.long_ago())
        for address, values in (("busy", {}), ("stopped", {"stop_count": 1})):
            sender = self.env["sms.sender"].create(
                {
                    "company_id": self.company.id,
                    "provider": "sandbox",
                    "address": address,
                    "kind": "sandbox",
                    **values,
                }
            )
            now = fields.Datetime.now()
            self.queue().write(
                {
                    "sender_id": sender.id,
                    "state": "sent",
                    "claimed_at": now,
                    "sent_at": now,
                }
            )
        self.assertEqual(self.watch(), ["standstill"])

    def test_a_carrier_that_cannot_be_reached(self):
        message = self.queue()
        message.write({"state": "process", "provider": "sandbox", "attempts": 1})
        message._record_refused(
            outbound.Outcome(outbound.AGAIN, fault=faults.NO_CONNECTION)
        )
        self.assertEqual(message.state, "outgoing")
        self.assertEqual(self.watch(), [])
        message.tried_at = self.long_ago()
        self.assertEqual(self.watch(), ["connection"])
        self.run_outbox()
        message.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertEqual(message.state, "sent")
        self.assertEqual(self.watch(), [])

    def test_what_was_left_behind_and_nobody_looks_after(self):
        self.queue().write(
            {"state": "process", "provider": "sandbox", "claimed_at": self.long_ago()}
        )
        self.assertEqual(self.watch(), ["sending"])

    def test_planned_texts_that_nobody_makes(self):
        self.record_consent()
        template = self.env["sms.template"].create(
            {
                "name": "Moved",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "Moved",
            }
        )
        stage = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_awaiting")
        stage.sms_template_id = template
        self.ticket.stage_id = stage
        self.assertEqual(self.watch(), [])
        runs = self.env["sms.automation.run"].search([("state", "=", "waiting")])
        runs.due_at = self.long_ago()
        self.assertEqual(self.watch(), ["automations"])
        self.run_automations()
        self.assertEqual(self.watch(), [])

    def test_a_long_queue_that_moves_is_no_trouble(self):
        self.queue().write(
            {
                "state": "sent",
                "claimed_at": fields.Datetime.now(),
                "sent_at": fields.Datetime.now(),
            }
        )
        self.queue(not_before=self.long_ago())
        self.assertEqual(self.watch(), [])

    def test_what_is_held_is_no_trouble(self):
        self.queue(not_before=fields.Datetime.now() + timedelta(hours=9))
        self.assertEqual(self.watch(), [])

    def test_a_cron_that_is_off(self):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        cron.active = False
        self.assertEqual(self.watch(), ["cron"])
        cron.active = True
        self.assertEqual(self.watch(), [])

    def test_a_job_that_is_off_or_keeps_failing(self):
        """Whichever it is; one failure may pass, and a spare worker may be off."""
        job = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_team_alert")
        for values, troubles in (
            ({"active": False}, ["cron"]),
            ({"active": True, "failure_count": 1}, []),
            ({"failure_count": 2}, ["cron"]),
        ):
            job.write(values)
            self.assertEqual(self.watch(), troubles)
        [alert] = self.open_alerts()
        self.assertIn(job.name, alert.message)
        self.assertNotIn("no texts are sent", alert.message)

    def test_a_job_that_is_late(self):
        """A monitor is told. The watch is a job itself, and cannot know why."""
        job = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_team_alert")
        job.write({"lastcall": self.long_ago(), "nextcall": self.long_ago()})
        watch = self.env["sms.outbox.watch"]
        facts = watch._get_facts(self.company)
        self.assertEqual(facts["late_jobs"], [job.name])
        self.assertEqual(watch._find_troubles(facts)["cron"], [job.name])
        self.assertEqual(self.watch(), [])
        job.nextcall = fields.Datetime.now()
        self.assertFalse(watch._get_facts(self.company)["late_jobs"])

    def test_a_carrier_that_cannot_be_asked(self):
        self.queue().write(
            {"state": "unknown", "provider": "twilio", "claimed_at": self.long_ago()}
        )
        self.assertEqual(self.watch(), ["unknown"])

    def test_many_failures(self):
        now = fields.Datetime.now()
        for index in range(20):
            self.queue().write(
                {
                    "state": "error" if index < 4 else "sent",
                    "claimed_at": now,
                    "sent_at": now,
                }
            )
        self.assertEqual(self.watch(), ["errors"])

    def test_a_country_that_is_not_enabled(self):
        """The message says so too; only an administrator can fix it."""
        message = self.queue()
        message.write({"state": "process", "provider": "twilio", "attempts": 1})
        message.claimed_at = fields.Datetime.now()
        message._record_refused(
            outbound.Outcome(outbound.REFUSED, code="21408", fault=faults.COUNTRY)
        )
        self.assertEqual(message.state, "error")
        self.assertIn("not enabled", message.shown_reason)
        self.assertEqual(self.watch(), ["country"])

    def test_a_company_that_leaves_the_outbox_leaves_its_troubles(self):
        self.queue(not_before=self.long_ago())
        self.watch()
        with mute_logger(ALERT_LOGGER):
            self.env["sms.outbox.alert"]._raise(self.company, "redaction", "Left")
        self.company.sms_provider = "iap"
        self.assertEqual(self.watch(), [])

    def test_the_administrator_is_told_once(self):
        self.queue(not_before=self.long_ago())
        self.watch()
        self.watch()
        [alert] = self.open_alerts()
        told = alert.activity_ids.filtered(
            lambda activity: activity.user_id == self.administrator
        )
        self.assertEqual(len(told), 1)
        self.assertIn("Texts waiting: 1.", told.summary)
        alert._close(self.company, "standstill")
        self.assertFalse(alert.activity_ids)

    def test_the_settings_show_it(self):
        self.queue(not_before=self.long_ago())
        self.watch()
        settings = self.env["sms.settings"].with_user(self.administrator)
        self.assertIn("Texts waiting: 1.", settings.create({}).sms_outbox_trouble)

    def test_another_companys_trouble_is_not_shown(self):
        other = self.make_company("Other")
        with mute_logger(ALERT_LOGGER):
            self.env["sms.outbox.alert"]._raise(other, "cron", "Off")
        alerts = self.env["sms.outbox.alert"].with_user(self.manager)
        self.manager.company_ids -= other
        self.assertFalse(alerts.search([("company_id", "=", other.id)]))


@tagged("post_install", "-at_install")
class TestSenderQueue(WatchCase):
    """The senders and their queues, as managers see them."""

    def setUp(self):
        super().setUp()
        self.sender = self.env["sms.sender"].search(
            [("company_id", "=", self.company.id)]
        )

    def test_what_is_open_is_counted(self):
        oldest = self.long_ago()
        self.queue(not_before=oldest)
        self.queue()
        self.queue(not_before=fields.Datetime.now() + timedelta(hours=1))
        self.queue().state = "process"
        self.queue().state = "unknown"
        failed = self.queue()
        rule = self.env["sms.fault"].search([("fault", "=", faults.LANDLINE)])
        failed.write(
            {
                "state": "error",
                "claimed_at": fields.Datetime.now(),
                "fault_id": rule.id,
            }
        )
        sender = self.sender.with_user(self.manager)
        self.assertRecordValues(
            sender,
            [
                {
                    "waiting_count": 2,
                    "held_count": 1,
                    "sending_count": 1,
                    "checking_count": 1,
                    "failed_count": 1,
                    "failed_reasons": f"1 × {rule.name}",
                    "sent_count": 0,
                    "oldest_at": oldest,
                }
            ],
        )
        shown = self.env["sms.sms"].search(sender.action_view_failed()["domain"])
        self.assertIn(failed, shown)

    def test_a_sender_that_is_stopped_keeps_what_waits(self):
        policy = self.env["sms.fault"]._get_policy(faults.AUTHENTICATION)
        self.assertEqual(policy.action, dispatch.SENDER)
        message = self.queue()
        with mute_logger(ALERT_LOGGER):
            self.sender._stop(policy, "Authenticate")
        self.run_outbox()
        self.assertEqual(message.state, "outgoing")
        [alert] = self.open_alerts()
        self.assertIn("credentials", alert.message)
        self.sender.with_user(self.manager).action_start()
        self.assertFalse(self.open_alerts())
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def test_after_the_pause_one_attempt_shows_if_it_may_send(self):
        messages = self.queue() | self.queue() | self.queue()
        policy = self.env["sms.fault"]._get_policy(faults.NO_CREDIT)
        with mute_logger(ALERT_LOGGER):
            self.sender._stop(policy)
        self.sender.stopped_until = fields.Datetime.now()
        [ready] = self.env["sms.sender.pace"]._get_ready()
        first = self.env["sms.dispatcher"]._lock_next(ready, 10)
        self.assertEqual(first, messages[0])
        # The carrier accepts it, so the others follow.
        self.run_outbox()
        self.assertEqual(set(messages.mapped("state")), {"sent"})
        self.assertFalse(self.sender.stop_count)

    def test_a_stopped_number_that_is_given_back_is_no_trouble(self):
        """No text by it could show any more that the problem is solved."""
        policy = self.env["sms.fault"]._get_policy(faults.SENDER)
        with mute_logger(ALERT_LOGGER):
            self.sender._stop(policy)
        self.assertTrue(self.open_alerts().activity_ids)
        self.company.sms_provider = "iap"
        self.assertFalse(self.sender.active)
        self.assertFalse(self.open_alerts())
        self.company.sms_provider = "sandbox"
        self.assertTrue(self.sender.active)
        self.assertFalse(self.sender._is_stopped())

    def test_what_its_sender_was_refused_is_no_try_of_the_message(self):
        """A phone that is off is tried twice, whatever faults its sender had before."""
        message = self.queue()
        for fault in (faults.AUTHENTICATION, faults.NO_CREDIT):
            message._mark_claimed("sandbox")
            with mute_logger(ALERT_LOGGER):
                message._record_refused(outbound.Outcome(outbound.REFUSED, fault=fault))
            self.assertEqual(message.state, "outgoing")
        for state in ("outgoing", "error"):
            message._mark_claimed("sandbox")
            message._record_report(
                outbound.DeliveryReport(
                    "", outbound.UNDELIVERED, fault=faults.UNREACHABLE
                )
            )
            self.assertEqual(message.state, state)

    def test_an_agent_cannot_start_a_sender(self):
        with self.assertRaises(Exception) as caught:
            self.sender.with_user(self.agent).action_start()
        self.assertEqual(type(caught.exception).__name__, "AccessError")

    def test_too_fast_halves_the_speed_and_recovers(self):
        self.sender.rate = 16
        row = self.env["sms.sender.pace"]._get(self.sender)
        for expected in (8, 4, 2, 1, 1):
            self.sender._slow_down()
            self.sender.invalidate_recordset()
            rate, words = self.sender.rate_label.split(" ", 1)
            self.assertAlmostEqual(float(rate), expected, delta=0.3)
            self.assertEqual(words, "a second")
            row.slowed_at -= timedelta(seconds=REACTION)
        row.slowed_at = fields.Datetime.now() - timedelta(minutes=5)
        self.sender.invalidate_recordset()
        self.assertEqual(self.sender.rate_label, "16 a second")
        for name, value, label in (
            ("rate", 0, "No limit"),
            ("stopped_until", self.long_ago(-1), "Stopped"),
        ):
            self.sender[name] = value
            self.sender.invalidate_recordset()
            self.assertEqual(self.sender.rate_label, label)


@tagged("post_install", "-at_install")
class TestHealth(WatchCase, HttpCase):
    """The monitor's page shows only figures, and only with the token."""

    def get(self, token):
        """Request the page as a monitor does."""
        return self.url_open(f"/helpdesk_sms/health/{token}")

    def test_health(self):
        token = self.env["ir.config_parameter"].sudo().get_param(HEALTH_TOKEN_PARAMETER)
        self.assertGreater(len(token), 20)
        answer = self.get(token)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json()["status"], "ok")
        self.queue(not_before=self.long_ago())
        answer = self.get(token)
        self.assertEqual(answer.status_code, 503)
        [outbox] = [
            outbox
            for outbox in answer.json()["outboxes"]
            if outbox["company"] == self.company.id
        ]
        self.assertEqual((outbox["waiting"], outbox["troubles"]), (1, ["standstill"]))
        self.assertNotIn(self.number, answer.text)
        self.assertNotIn("Dana", answer.text)

    def test_a_wrong_token_is_told_nothing(self):
        for token in ("x", "%00", "0" * 5000):
            self.assertEqual(self.get(token).status_code, 404)


@tagged("post_install", "-at_install")
class TestWatchOfEvents(WatchCase):
    """Administrators are alerted when webhook events are not processed."""

    def store(self, age):
        """Store a report that came ``age`` minutes ago."""
        events = self.env["sms.webhook.event"]
        events._take_report(self.company, "twilio", uuid.uuid4().hex, {})
        event = events.search([], order="id desc", limit=1)
        event.received_at = fields.Datetime.now() - timedelta(minutes=age)
        return event

    def get_facts(self):
        """Return the figures of the monitor's page."""
        self.env.flush_all()
        return self.env["sms.outbox.watch"]._get_facts(self.company)

    def test_what_has_just_come_is_no_trouble(self):
        self.store(0)
        self.assertEqual(self.watch(), [])
        self.assertEqual(self.get_facts()["waiting_events"], 1)

    def test_what_waits_is_told_until_it_is_worked_off(self):
        self.store(5)
        facts = self.get_facts()
        self.assertEqual(facts["waiting_events"], 1)
        self.assertGreaterEqual(facts["oldest_event_seconds"], 300)
        self.assertEqual(self.watch(), ["events"])
        self.assertIn("5 minutes", self.open_alerts().message)
        self.run_events()
        self.assertEqual(self.watch(), [])
        facts = self.get_facts()
        self.assertEqual((facts["waiting_events"], facts["failed_events"]), (0, 0))

    def test_what_cannot_be_worked_off_is_told(self):
        self.store(0).is_failed = True
        self.assertEqual(self.watch(), ["events"])
        self.assertIn("server's log", self.open_alerts().message)
