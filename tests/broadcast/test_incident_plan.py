# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A maintenance: announced, reminded of, moved, begun, ended or cancelled."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..clock import freeze_time
from .common import PublishCase


class PlanCase(PublishCase):
    """A maintenance of an hour, in three days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin = fields.Datetime.now() + timedelta(days=3)
        cls.incident = cls.env["sms.incident"].with_user(cls.manager)
        cls.incident = cls.incident.create(
            {
                "name": "New router",
                "area_ids": [(6, 0, cls.area.ids)],
                "planned_from": cls.begin,
                "planned_to": cls.begin + timedelta(hours=1),
            }
        )

    def come(self, before, lasting=timedelta(hours=1)):
        """Move the start to ``before`` from now, and run the jobs."""
        incident_sudo = self.incident.sudo()
        moment = fields.Datetime.now() + before
        passed = incident_sudo.planned_from - moment
        for broadcast in incident_sudo.broadcast_ids.filtered("started_at"):
            broadcast.started_at -= passed
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_incident_news SET published_at = published_at - %s"
            " WHERE incident_id = %s",
            [passed, self.incident.id],
        )
        self.cr.execute(
            "UPDATE sms_incident SET planned_from = %s, planned_to = %s WHERE id = %s",
            [moment, moment + lasting, self.incident.id],
        )
        self.env.invalidate_all()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident"))
        self.run_jobs()

    def start(self):
        """Announce it, and make it begin by itself."""
        self.say()
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "open")

    def pass_end(self, late=timedelta(minutes=1)):
        """Move the end into the past, and run the jobs."""
        self.come(-timedelta(hours=1) - late)

    def count(self):
        """Return how many texts one of the recipients has had."""
        return len(self.messages_to(self.first.phone))


@tagged("post_install", "-at_install")
class TestPlan(PlanCase):
    """One record covers everything from the announcement to the end."""

    def test_its_hours_are_those_of_the_companys_address(self):
        """Most companies' contacts have no time zone."""
        self.company.partner_id.write({"tz": False, "state_id": self.colorado.id})
        begin = datetime(fields.Date.today().year + 1, 1, 15, 9)
        end = begin + timedelta(hours=1)
        self.incident.write({"planned_from": begin, "planned_to": end})
        body = self.open().body
        self.assertIn("2:00", body)
        self.assertIn("3:00", body)

    def test_from_the_announcement_to_the_end(self):
        self.assertEqual(self.incident.state, "planned")
        form = self.open()
        self.assertIn("maintenance from", form.body)
        self.say(body=form.body)
        self.assertEqual(self.incident.state, "planned")
        text = self.messages_to(self.first.phone)
        self.assertIn("[Maintenance] New router", text.body)
        self.come(timedelta(hours=25))
        self.assertEqual(self.count(), 1)
        self.come(timedelta(hours=23))
        self.assertEqual(self.count(), 2)
        reminder = self.messages_to(self.first.phone)[-1]
        self.assertIn("Reminder: New router", reminder.body)
        self.assertEqual(len(self.mails()), 2)
        self.come(timedelta(hours=22))
        self.assertEqual(self.count(), 2)
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "open")
        self.assertIn("has begun", self.incident.news_ids[0].body)
        self.assertEqual(self.count(), 2)
        form = self.open("resolved")
        self.assertIn("finished", form.body)
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.count(), 3)
        self.assertEqual(self.incident.state, "resolved")

    def test_the_reminder_is_a_choice(self):
        self.incident.reminder = "none"
        self.say()
        self.come(timedelta(minutes=30))
        self.assertEqual(self.count(), 1)

    def test_its_job_is_woken_for_another_reminder(self):
        self.incident.reminder = "hour"
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident")
        self.cr.flush()
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        due = self.incident.planned_from - timedelta(hours=1)
        self.assertIn(due, calls.mapped("call_at"))

    def test_of_a_sunday_night_people_are_reminded_on_friday(self):
        """On Saturday the text waited for Monday, when all was over."""
        self.company.partner_id.tz = "America/Denver"
        hours = {"sms_courtesy_from": 8, "sms_courtesy_to": 20}
        self.company.write({"sms_courtesy_days": "weekdays", **hours})
        sunday = datetime(fields.Date.today().year + 1, 1, 14, 9)
        sunday += timedelta(days=6 - sunday.weekday())
        end = sunday + timedelta(hours=1)
        self.incident.write({"planned_from": sunday, "planned_to": end})
        self.say()
        friday = sunday - timedelta(days=1, hours=6, minutes=30)
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident")
        self.cr.flush()
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(friday, calls.mapped("call_at"))
        self.messages_to(self.first.phone).zone_names = "America/New_York"
        for hours in (3, 2):
            with freeze_time(friday - timedelta(hours=hours)):
                self._run_cron(cron)
                self.run_jobs()
        reminder = self.messages_to(self.first.phone)[-1]
        self.assertIn("Reminder: New router", reminder.body)
        self.assertEqual(reminder.state, "sent")
        with freeze_time(sunday - timedelta(hours=1)):
            self._run_cron(cron)
            self.run_jobs()
        self.assertEqual(self.count(), 2)

    def test_no_reminder_of_what_was_just_said(self):
        self.incident.planned_from = fields.Datetime.now() + timedelta(minutes=30)
        self.say()
        self.come(timedelta(minutes=20))
        self.assertEqual(self.count(), 1)

    def test_no_reminder_to_nobody(self):
        self.come(timedelta(hours=2))
        self.assertFalse(self.incident.news_ids)

    def test_moved(self):
        self.say()
        self.assertFalse(self.incident.is_moved)
        self.record_consent(self.silent.phone, "alert")
        self.far.city = "Denver"
        later = self.begin + timedelta(days=2)
        self.incident.write(
            {"planned_from": later, "planned_to": later + timedelta(hours=2)}
        )
        self.assertTrue(self.incident.is_moved)
        form = self.open()
        self.assertIn("is moved: maintenance is now from", form.body)
        broadcast = self.say(body=form.body)
        self.assertEqual(broadcast.kind, "update")
        self.assertNotIn(self.far, self.reached(broadcast))
        self.assertFalse(self.incident.is_moved)

    def test_moved_while_its_announcement_waits_for_approval(self):
        self.company.sms_approve_from = 2
        form = self.open()
        form.action_publish()
        announcement = form.broadcast_id
        self.assertEqual(announcement.state, "waiting")
        later = self.begin + timedelta(days=2)
        self.incident.write(
            {"planned_from": later, "planned_to": later + timedelta(hours=2)}
        )
        self.assertEqual(announcement.state, "draft")
        note = announcement.message_ids.filtered(lambda it: "moved" in it.body)
        self.assertIn(self.manager.partner_id, note.partner_ids)
        with self.assertRaisesRegex(UserError, "not possible anymore"):
            announcement.with_user(self.administrator).action_approve()
        form = self.open()
        self.assertFalse(form.obstacle)
        self.assertEqual(form.broadcast_id.kind, "opening")

    def test_moved_on_the_page_only(self):
        self.say()
        later = self.begin + timedelta(days=2)
        self.incident.write(
            {"planned_from": later, "planned_to": later + timedelta(hours=2)}
        )
        self.say(is_told=False)
        self.assertTrue(self.incident.is_moved)
        self.assertIn("is moved: maintenance is now from", self.open().body)

    def test_approved_once_it_has_begun(self):
        self.company.sms_approve_from = 2
        form = self.open()
        form.action_publish()
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "open")
        announcement = form.broadcast_id.with_user(self.administrator)
        with self.assertRaisesRegex(UserError, "has begun meanwhile"):
            announcement.action_approve()

    def test_cancelled(self):
        self.say()
        form = self.open("cancelled")
        self.assertIn("is cancelled", form.body)
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.incident.state, "cancelled")
        self.assertEqual(self.count(), 2)
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "cancelled")
        with self.assertRaisesRegex(UserError, "has begun"):
            self.env["sms.incident.news"].create(
                {"incident_id": self.incident.id, "state": "planned", "body": "x"}
            )

    def test_a_reminder_that_waited_too_long(self):
        self.say()
        self.come(timedelta(hours=23))
        reminder = self.messages_to(self.second.phone)[-1]
        self.assertIn("Reminder", reminder.body)
        reminder.write({"state": "outgoing", "not_before": fields.Datetime.now()})
        self.come(timedelta(minutes=-1))
        self.run_outbox()
        self.assertGateSays(reminder, "canceled", "block", "overtaken")

    def test_muted_before_it_begins(self):
        self.say()
        self.receive("MUTE", self.first.phone)
        self.assertEqual(self.incident.muted_count, 1)

    def test_no_ticket_is_about_what_has_not_begun(self):
        self.incident.words = "router"
        ticket = self.make_ticket(self.first, name="The router is loud")
        self.assertFalse(ticket.sms_incident_id)

    def test_what_is_no_plan(self):
        for values in (
            {"planned_to": self.begin - timedelta(hours=1)},
            {"planned_from": False},
        ):
            with self.assertRaisesRegex(ValidationError, "ends after it has begun"):
                self.incident.write(values)
        self.incident.write({"planned_from": False, "planned_to": False})
        self.assertEqual(self.incident.state, "open")


@tagged("post_install", "-at_install")
class TestEnd(PlanCase):
    """It ends by itself, later or earlier, and nobody is told twice."""

    def test_by_itself_in_the_words_agreed(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.second.lang = "fr_FR"
        self.incident.end_words = "The router is new. Thank you."
        french = self.incident.with_context(lang="fr_FR")
        french.end_words = "Le routeur est neuf."
        form = self.open()
        self.assertIn("ends by itself, and is texted (“The router", form.plan_note)
        self.start()
        self.assertEqual((self.count(), len(self.mails())), (1, 1))
        self.come(timedelta(minutes=-50))
        self.assertEqual(self.incident.state, "open")
        self.pass_end()
        self.assertEqual(self.incident.state, "resolved")
        news = self.incident.news_ids[0]
        self.assertEqual(news.body, self.incident.end_words)
        self.assertIn(news.body, self.messages_to(self.first.phone)[-1].body)
        in_french = self.messages_to(self.second.phone)[-1].body
        self.assertIn("Le routeur est neuf.", in_french)
        self.assertEqual((self.count(), len(self.mails())), (2, 2))
        self.pass_end()
        self.assertEqual((self.count(), len(self.mails())), (2, 2))

    def test_whoever_is_told_of_its_end_is_not_mailed_by_their_ticket_too(self):
        """It is posted on tickets once it is known who gets it otherwise."""
        self.first.email = "first@example.com"
        tickets = self.env["helpdesk.ticket"]
        for partner in (self.first, self.silent):
            tickets |= self.make_ticket(partner, sms_incident_id=self.incident.id)
        self.start()
        self.pass_end()
        self.assertEqual((self.count(), len(self.mails())), (2, 2))
        for ticket in tickets:
            posts = ticket.message_ids.filtered(lambda it: "is finished" in it.body)
            self.assertEqual(len(posts), 1)
            self.assertFalse(posts.notified_partner_ids)

    def test_on_the_page_only(self):
        self.incident.tells_end = False
        self.start()
        self.pass_end()
        self.assertEqual((self.incident.state, self.count()), ("resolved", 1))

    def test_who_was_not_told_of_it_is_not_told_of_its_end(self):
        self.come(timedelta(minutes=-1))
        self.pass_end()
        self.assertEqual((self.incident.state, self.count()), ("resolved", 0))
        self.assertFalse(self.incident.broadcast_ids)

    def test_both_while_the_server_stood_still(self):
        self.say()
        self.pass_end()
        self.assertEqual(
            self.incident.news_ids.mapped("state"), ["resolved", "planned"]
        )
        self.assertEqual(self.count(), 2)

    def test_a_day_late_nobody_is_texted(self):
        self.start()
        self.pass_end(timedelta(days=1))
        self.assertEqual((self.incident.state, self.count()), ("resolved", 1))

    def test_it_takes_longer(self):
        self.start()
        end = self.incident.planned_to
        form = self.open("longer")
        self.assertEqual(form.planned_to, end + timedelta(hours=1))
        self.assertIn("takes longer. It should be finished by", form.body)
        form.action_publish()
        self.run_jobs()
        self.assertEqual((self.incident.state, self.count()), ("open", 2))
        self.assertEqual(self.incident.planned_to, end + timedelta(hours=1))
        self.come(timedelta(minutes=-90), lasting=timedelta(hours=2))
        self.assertEqual(self.incident.state, "open")
        self.come(timedelta(minutes=-121), lasting=timedelta(hours=2))
        self.assertEqual((self.incident.state, self.count()), ("resolved", 3))

    def test_a_later_end_is_said_unless_the_news_were_edited(self):
        self.start()
        end = self.incident.planned_to
        with Form(self.open("longer")) as form:
            for days in (1, 2):
                former = form.body
                form.planned_to = end + timedelta(days=days)
                self.assertIn("It should be finished by", form.body)
                self.assertNotEqual(form.body, former)
            form.body = "A disk has failed."
            form.planned_to = end + timedelta(days=3)
            self.assertEqual(form.body, "A disk has failed.")

    def test_it_takes_longer_until_a_time_that_has_passed(self):
        self.start()
        for end in (False, fields.Datetime.now() - timedelta(minutes=5)):
            form = self.open("longer")
            form.planned_to = end
            with self.subTest(end=end), self.assertRaises(UserError):
                form.action_publish()
        self.assertEqual(len(self.incident.news_ids), 2)

    def test_what_has_not_begun_takes_no_longer(self):
        with self.assertRaisesRegex(UserError, "no maintenance that goes on"):
            self.open("longer")

    def test_ended_early(self):
        self.start()
        form = self.open("resolved")
        self.assertIn("the maintenance is finished", form.body)
        form.action_publish()
        self.run_jobs()
        self.pass_end()
        self.assertEqual(self.incident.news_ids.mapped("state").count("resolved"), 1)
        self.assertEqual(self.count(), 2)

    def test_what_fails_after_its_early_end_does_not_end_by_itself(self):
        self.start()
        self.open("resolved").action_publish()
        self.run_jobs()
        self.say("open", body="The new router fails.")
        self.assertEqual(self.count(), 3)
        self.pass_end()
        self.assertEqual(self.incident.state, "open")
        self.assertEqual(self.count(), 3)

    def test_news_that_waits_for_approval_does_not_hold_up_its_end(self):
        self.start()
        self.company.sms_approve_from = 2
        form = self.open("open")
        form.write({"body": "Half of it is done."})
        form.action_publish()
        update = form.broadcast_id
        self.assertEqual(update.state, "waiting")
        self.pass_end()
        self.assertEqual(self.incident.state, "resolved")
        self.assertIn("finished", self.messages_to(self.first.phone)[-1].body)
        with self.assertRaisesRegex(UserError, "resolved meanwhile"):
            update.with_user(self.administrator).action_approve()

    def test_who_has_spoken_after_its_end_ends_it_by_hand(self):
        self.start()
        self.say_after_end("We are still at it.")
        self.pass_end()
        self.assertEqual(self.incident.state, "open")

    def say_after_end(self, words):
        """Publish news at the very moment of its end."""
        news = self.incident.sudo().news_ids.create(
            {"incident_id": self.incident.id, "state": "open", "body": words}
        )
        news.published_at = self.incident.planned_to

    def test_an_earlier_text_that_is_still_queued_is_waited_for(self):
        self.start()
        told = self.incident.broadcast_ids.sudo()
        told.state = "queueing"
        self.cr.execute(
            "UPDATE sms_incident SET planned_to = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(minutes=1), self.incident.id],
        )
        self.cr.execute("UPDATE sms_incident_news SET published_at = '2020-01-01'")
        self.env.invalidate_all()
        self.incident.sudo()._follow_clock()
        self.assertEqual(self.incident.state, "open")
        told.state = "paused"
        self.incident.sudo()._follow_clock()
        self.assertEqual(self.incident.state, "resolved")
        self.assertIn("Nobody was texted.", self.incident.message_ids[0].body)
        self.assertIn("still in progress", self.incident.message_ids[0].body)

    def test_a_plan_is_not_rewritten(self):
        self.start()
        later = fields.Datetime.now() + timedelta(days=9)
        with self.assertRaisesRegex(UserError, "has begun"):
            self.incident.write({"planned_from": later, "planned_to": False})
        past = fields.Datetime.now() - timedelta(hours=1)
        with self.assertRaisesRegex(ValidationError, "has passed"):
            self.incident.create(
                {
                    "name": "Of yesterday",
                    "planned_from": past - timedelta(hours=1),
                    "planned_to": past,
                }
            )
