# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import exemptions
from ..clock import freeze_time
from ..common import SmsCase

NOON = datetime(2026, 7, 1, 18)  # in Denver
LATER = NOON + timedelta(hours=24)


@tagged("post_install", "-at_install")
class TestReminder(SmsCase):
    """An open question to confirm joining is repeated once."""

    def setUp(self):
        super().setUp()
        self.company.sms_opt_in_reminder_hours = 24

    def ask(self):
        """Text the joining keyword as the customer; return the planned reminder."""
        with freeze_time(NOON):
            self.receive("SUPPORT")
            self.run_outbox()
        return self.reminders()[-1:]

    def reminders(self):
        """Return the reminders to the customer, oldest first."""
        return self.messages_to().filtered(
            lambda sms: sms.exemption == exemptions.REMINDER
        )

    def run_later(self, now=LATER):
        """Run the outbox when the reminder is due."""
        with freeze_time(now + timedelta(minutes=1)):
            self.run_outbox()

    def test_by_default_nobody_is_reminded(self):
        self.company.sms_opt_in_reminder_hours = 0
        self.assertFalse(self.ask())

    def test_an_open_question_is_repeated_once(self):
        reminder = self.ask()
        self.assertEqual((reminder.state, reminder.not_before), ("outgoing", LATER))
        self.run_later()
        self.assertEqual((reminder.state, reminder.gate_reason), ("sent", "reminded"))
        question = self.messages_to()[0]
        self.assertEqual(question.exemption, "opt_in_question")
        self.assertEqual(reminder.body, question.body)
        self.run_later(LATER + timedelta(days=2))
        self.assertEqual(len(self.reminders()), 1)

    def test_whoever_has_answered_is_not_reminded(self):
        for answer in ("YES", "STOP"):
            with self.subTest(answer):
                reminder = self.ask()
                with freeze_time(NOON + timedelta(hours=1)):
                    self.receive(answer)
                self.run_later()
                self.assertEqual(reminder.state, "canceled")
                self.assertIn(reminder.gate_reason, ("question_over", "opted_out"))

    def test_a_new_question_takes_the_place_of_the_reminder(self):
        first, second = self.ask(), self.ask()
        self.assertEqual((first.state, second.state), ("canceled", "outgoing"))

    def test_one_that_has_left_is_not_cancelled_by_a_new_question(self):
        reminder = self.ask()
        self.run_later()
        with freeze_time(LATER + timedelta(hours=1)):
            self.receive("SUPPORT")
        self.assertEqual(reminder.state, "sent")

    def test_it_keeps_quiet_hours(self):
        """It is no answer to what the person has just texted."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.company.sms_opt_in_reminder_hours = 12
        reminder = self.ask()  # due at midnight in Denver
        self.assertEqual(reminder.gate_reason, "quiet_hours")
        self.assertGreaterEqual(reminder.not_before, datetime(2026, 7, 2, 14))

    def test_not_after_the_question_has_expired(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.company.sms_opt_in_reminder_hours = 145
            self.company.flush_recordset()
        reminder = self.ask()
        self.assertEqual(reminder.expires_at, NOON + timedelta(days=7))
