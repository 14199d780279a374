# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval
from datetime import datetime, timedelta
from unittest.mock import patch

from lxml import etree
from psycopg2.errors import SerializationFailure
from pytz import timezone, utc

from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from ...tools import appointments
from ..clock import freeze_time
from ..common import OtherOrder, phone_number
from .common import NOW, AppointmentCase


class TestBooking(AppointmentCase):
    """A single appointment: booked, reminded, moved, called off."""

    def test_a_visit_is_told_and_reminded(self):
        event = self.book()
        self.assertEqual(self.kinds(event), ["booked", "reminder", "reminder"])
        self.pass_time(days=2)
        self.assertEqual(
            self.bodies(),
            [
                "Hi Dana Customer, your IT appointment with Ana Agent (ticket "
                f"#{self.ticket.number}) is booked for Wed, Dec 2 at 9:00 AM. Reply 1 "
                f"to confirm, 2 to reschedule, 3 to cancel.",
                "Hi Dana Customer, this is a reminder of your IT appointment with "
                "Ana Agent tomorrow, Wed, Dec 2 at 9:00 AM. Reply 1 to confirm, 2 to "
                "reschedule, 3 to cancel.",
                "Hi Dana Customer, this is a reminder of your IT appointment with "
                "Ana Agent today at 9:00 AM.",
            ],
        )
        self.assertIntake(self.messages_to()[0], "appointment", "send", "consent")

    def test_nothing_goes_twice_whatever_is_run_again(self):
        event = self.book()
        self.pass_time(days=1)
        count = len(self.messages_to())
        event.with_user(self.agent).write({"alarm_ids": [(5,)], "sms_enabled": True})
        self.settle()
        self.run_reminders()
        self.run_reminders()
        self.assertEqual(len(self.messages_to()), count)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_conflict_with_another_transaction_delays_no_text(self):
        """As when somebody moves one of the visits whose texts are handed over."""
        event = self.book()
        reminders, tries = self.registry["sms.reminder"], []
        send = reminders._send

        def collide_once(rows):
            tries.append(rows)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")
            return send(rows)

        with patch.object(reminders, "_send", collide_once):
            self.run_reminders()
        self.env.invalidate_all()
        self.assertEqual(self.kinds(event, state="sent"), ["booked"])
        self.assertEqual(len(self.messages_to()), 1)

    def test_a_move_tells_both_times_and_is_reminded_anew(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.move(event, days=1, hours=2)
        self.assertEqual(self.kinds(event), ["moved", "reminder", "reminder"])
        self.assertEqual(
            set(self.rows(event, state="cancelled").mapped("reason")), {"moved"}
        )
        self.pass_time(minutes=2)
        self.assertIn(
            "has moved from Wed, Dec 2 at 9:00 AM to Thu, Dec 3 at 11:00 AM.",
            self.bodies()[-1],
        )
        due = self.rows(event, state="planned").mapped("due_at")
        self.assertEqual(
            due, [event.start - timedelta(days=1), event.start - timedelta(hours=2)]
        )

    def test_two_drags_are_one_text_and_a_drag_back_is_none(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.move(event, days=1)
        self.move(event, days=1)
        self.assertEqual(self.kinds(event, kind="moved"), ["moved"])
        self.move(event, days=-2)
        self.assertEqual(self.kinds(event, kind="moved"), [])
        self.pass_time(minutes=5)
        self.assertEqual(len(self.messages_to()), 1)
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])

    def test_what_is_moved_before_it_was_told_is_booked_once(self):
        event = self.book()
        self.move(event, days=1)
        self.pass_time(minutes=5)
        [body] = self.bodies()
        self.assertIn("is booked for Thu, Dec 3 at 9:00 AM", body)

    def test_archiving_calls_off_and_undoing_it_says_nothing(self):
        event = self.book()
        self.pass_time(minutes=1)
        event.active = False
        self.settle()
        self.assertEqual(self.kinds(event), ["called_off"])
        event.active = True
        self.settle()
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])
        self.pass_time(minutes=5)
        self.assertEqual(len(self.messages_to()), 1)
        event.active = False
        self.settle()
        self.pass_time(minutes=5)
        self.assertIn("on Wed, Dec 2 at 9:00 AM is cancelled", self.bodies()[-1])

    def test_deleting_calls_off(self):
        event = self.book()
        self.pass_time(minutes=1)
        event.unlink()
        self.settle()
        self.pass_time(minutes=5)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            f"(ticket #{self.ticket.number}) on Wed, Dec 2 at 9:00 AM is cancelled",
            self.bodies()[-1],
        )
        self.pass_time(days=3)
        self.assertEqual(len(self.bodies()), 2)

    def test_what_nobody_was_told_is_not_called_off(self):
        event = self.book()
        event.unlink()
        self.settle()
        self.pass_time(days=3)
        self.assertFalse(self.messages_to())

    def test_who_declines_gets_no_more(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.attendee(event).do_decline()
        self.settle()
        self.assertEqual(self.kinds(event), [])
        self.move(event, days=1)
        event.unlink()
        self.settle()
        self.pass_time(days=4)
        self.assertEqual(len(self.messages_to()), 1)

    def test_what_waits_goes_to_the_number_that_was_corrected(self):
        event = self.book()
        self.run_reminders()
        [former] = self.messages_to()
        self.record_consent(phone_number(9), "appointment")
        self.customer.phone = phone_number(9)
        self.settle()
        self.work()
        self.assertEqual(former.state, "canceled")
        [told] = self.messages_to(phone_number(9))
        self.assertEqual(told.body, former.body)
        self.assertIn(told.state, ("pending", "sent"))
        [row] = self.rows(event, kind="booked")
        self.assertEqual((row.state, row.sms_id), ("sent", told))
        questions = self.env["sms.question"].search([("state", "=", "open")])
        self.assertEqual(questions.mapped("number"), [phone_number(9)])
        self.customer.phone = phone_number(8)
        self.settle()
        self.work()
        self.assertEqual(row.sms_id, told, "what has left is not sent again")
        self.receive("3", phone_number(9))
        self.settle()
        state = self.attendee(event).state
        self.assertEqual(state, "needsAction", "it is somebody else's number")

    def test_a_technician_who_has_left_is_no_customer(self):
        """They stay invited to the visits that a colleague takes over."""
        gone = self.team_agent
        gone.partner_id.write({"name": "Aaron", "phone": phone_number(9)})
        self.record_consent(phone_number(9), "appointment")
        people = self.customer | gone.partner_id | self.agent.partner_id
        event = self.book(partners=people, technician_id=gone.id)
        gone.active = False
        event.technician_id = self.agent
        self.settle()
        self.assertEqual(event.sms_customer_id, self.customer)
        self.work()
        self.assertEqual(len(self.messages_to()), 1)
        self.assertFalse(self.messages_to(phone_number(9)))

    def test_who_is_invited_later_is_told_and_who_is_dropped_too(self):
        luis = self.make_customer(phone_number(1), "Luis", tz="America/Chicago")
        self.record_consent(phone_number(1), "appointment")
        event = self.book()
        self.pass_time(minutes=1)
        event.write({"partner_ids": [(4, luis.id)]})
        self.settle()
        self.pass_time(minutes=1)
        self.assertEqual(len(self.bodies()), 1)
        [body] = self.bodies(luis)
        self.assertIn("Wed, Dec 2 at 10:00 AM (Chicago time)", body)
        event.write({"partner_ids": [(3, luis.id)]})
        self.settle()
        self.pass_time(days=3)
        self.assertEqual(len(self.bodies(luis)), 2)
        self.assertIn("is cancelled", self.bodies(luis)[-1])
        self.assertEqual(len(self.bodies()), 3)

    def test_the_technician_follows_a_new_organizer(self):
        event = self.book()
        event.sudo().user_id = self.manager
        self.settle()
        self.assertEqual(event.technician_id, self.manager)
        self.pass_time(days=1)
        self.assertIn("with Max Manager tomorrow", self.bodies()[-1])
        event.sudo().write({"technician_id": self.agent.id})
        event.sudo().user_id = self.team_agent
        self.assertEqual(event.technician_id, self.agent)

    def test_the_switch_silences_one_appointment(self):
        event = self.book(sms_enabled=False)
        self.assertEqual(self.kinds(event), [])
        event.sms_enabled = True
        self.settle()
        self.assertEqual(self.kinds(event), ["booked", "reminder", "reminder"])
        self.pass_time(minutes=1)
        event.sms_enabled = False
        self.settle()
        event.unlink()
        self.settle()
        self.pass_time(days=4)
        self.assertEqual(len(self.messages_to()), 1)

    def test_other_meetings_text_nobody(self):
        event = self.book(ticket_id=False)
        self.assertFalse(event.sms_enabled)
        self.pass_time(days=3)
        self.assertFalse(self.messages_to())

    def test_the_past_is_never_told(self):
        event = self.book(NOW - timedelta(hours=1))
        self.assertEqual(self.kinds(event), [])
        soon = self.book(NOW + timedelta(hours=3))
        self.assertEqual(self.kinds(soon), ["booked", "reminder"])
        self.move(soon, hours=-4)
        self.pass_time(days=1)
        self.assertFalse(self.messages_to())

    def test_private_and_all_day(self):
        event = self.book(privacy="private", name="Divorce lawyer's laptop")
        self.pass_time(minutes=1)
        self.assertNotIn("lawyer", self.bodies()[-1])
        self.assertTrue(event)
        day = NOW.date() + timedelta(days=4)
        event = self.book(
            allday=True, start=NOW + timedelta(days=4), start_date=day, stop_date=day
        )
        self.pass_time(minutes=1)
        self.assertIn("is booked for Fri, Dec 4. Reply", self.bodies()[-1])
        self.assertEqual(self.kinds(event), ["reminder"])
        self.pass_time(days=4)
        self.assertIn("Ana Agent tomorrow, Fri, Dec 4. Reply", self.bodies()[-1])

    def book_day(self, days):
        """Book a visit for a whole day."""
        start = NOW + timedelta(days=days)
        return self.book(
            start, allday=True, start_date=start.date(), stop_date=start.date()
        )

    def test_a_day_is_not_over_before_its_end(self):
        """Odoo stores a day as 8:00 to 18:00 UTC, which is 1:00 to 11:00 in Denver."""
        archived, deleted, answered = (self.book_day(days) for days in (1, 2, 3))
        self.pass_time(days=1, hours=3)
        archived.active = False
        self.settle()
        self.pass_time(minutes=2)
        self.assertIn("on Tue, Dec 1 is cancelled", self.bodies()[-1])
        self.pass_time(days=1)
        deleted.unlink()
        self.settle()
        self.pass_time(minutes=2)
        self.assertIn("on Wed, Dec 2 is cancelled", self.bodies()[-1])
        self.pass_time(days=1)
        self.assertEqual(self.receive("3").kind, "answer")
        self.assertEqual(self.attendee(answered).state, "declined")

    def test_a_day_becomes_an_hour_and_the_reverse(self):
        event = self.book_day(2)
        self.pass_time(minutes=1)
        start = NOW + timedelta(days=2, hours=2)
        stop = start + timedelta(hours=1)
        event.write({"allday": False, "start": start, "stop": stop})
        self.settle()
        self.pass_time(minutes=2)
        self.assertIn(
            "has moved from Wed, Dec 2 to Wed, Dec 2 at 11:00 AM.", self.bodies()[-1]
        )
        day = NOW.date() + timedelta(days=3)
        event.write({"allday": True, "start_date": day, "stop_date": day})
        self.settle()
        self.pass_time(minutes=2)
        self.assertIn(
            "has moved from Wed, Dec 2 at 11:00 AM to Thu, Dec 3.", self.bodies()[-1]
        )

    def test_a_reminder_of_a_day_that_begins_at_the_same_time_says_the_hour(self):
        """A day is stored as 8:00 UTC, which is 9:00 in Paris in winter."""
        self.customer.tz = "Europe/Paris"
        event = self.book_day(3)
        self.pass_time(minutes=1)
        start = event.start
        event.write({"allday": False, "start": start, "stop": start.replace(hour=9)})
        self.settle()
        self.assertEqual(event.start, start)
        self.assertEqual(
            self.rows(event, kind="reminder", state="planned").mapped("is_allday"),
            [False, False],
        )

    def test_a_day_that_becomes_the_hour_of_its_storage_is_told(self):
        """And the reverse; what is undone before it was told is not."""
        self.customer.tz = "Europe/Paris"
        event = self.book_day(3)
        self.pass_time(minutes=1)
        self.attendee(event).state = "accepted"
        day = {"allday": True, "start_date": event.start, "stop_date": event.start}
        stop = event.start.replace(hour=9)
        hour = {"allday": False, "start": event.start, "stop": stop}
        event.write(hour)
        self.settle()
        self.assertEqual(self.attendee(event).state, "needsAction")
        event.write(day)
        self.settle()
        self.assertNotIn("moved", self.kinds(event))
        event.write(hour)
        self.settle()
        self.pass_time(minutes=2)
        told = "from Thu, Dec 3 to Thu, Dec 3 at 9:00 AM (Paris time)."
        self.assertIn(told, self.bodies()[-1])
        event.write(day)
        self.settle()
        self.pass_time(minutes=2)
        told = "from Thu, Dec 3 at 9:00 AM (Paris time) to Thu, Dec 3."
        self.assertIn(told, self.bodies()[-1])
        self.assertEqual(len(self.bodies()), 3)

    def test_reminders_follow_the_time_zone(self):
        """The contact's own or, where that is unknown, the company's."""
        places = {"tz": False, "phone": False, "country_id": False, "state_id": False}
        for place, contact in (
            ({}, self.customer),
            (places, self.company.partner_id),
        ):
            with self.subTest(contact=contact.name):
                self.customer.write(place)
                row = self.rows(self.book_day(4), kind="reminder")
                due_at = row.due_at
                contact.tz = "Pacific/Honolulu"
                self.settle()
                self.assertEqual(row.due_at - due_at, timedelta(hours=3))

    def test_reminders_follow_new_business_hours(self):
        """The one of Sunday was held until Monday, when it was too late."""
        event = self.book(datetime(2026, 12, 7, 15))
        self.assertIn(datetime(2026, 12, 6, 15), self.rows(event).mapped("due_at"))
        hours = {"sms_courtesy_from": 8, "sms_courtesy_to": 20}
        self.company.write({"sms_courtesy_days": "weekdays", **hours})
        self.settle()
        closing = datetime(2026, 12, 5, 3)
        self.assertLess(max(self.rows(event).mapped("due_at")), closing)

    def test_what_is_off_before_its_move_was_told_is_off_at_the_known_time(self):
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                event = self.book()
                self.pass_time(minutes=1)
                self.move(event, days=1, hours=2)
                if is_deleted:
                    event.unlink()
                else:
                    event.partner_ids -= self.customer
                self.settle()
                self.pass_time(minutes=5)
                told = "on Wed, Dec 2 at 9:00 AM is cancelled"
                self.assertIn(told, self.bodies()[-1])

    def test_a_day_that_is_off_before_its_hour_was_told_is_off_as_a_day(self):
        """Its time is stored as 8:00 UTC, which is 1:00 in Denver."""
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                self.frozen.move_to(NOW)
                event = self.book_day(2)
                self.pass_time(days=1, hours=20)
                start = NOW + timedelta(days=2, hours=2)
                stop = start + timedelta(hours=1)
                event.write({"allday": False, "start": start, "stop": stop})
                self.settle()
                if is_deleted:
                    event.unlink()
                else:
                    event.active = False
                self.settle()
                self.pass_time(minutes=5)
                self.assertIn("on Wed, Dec 2 is cancelled", self.bodies()[-1])

    def test_who_is_on_the_way_to_what_is_called_off_is_not_announced(self):
        """Before business hours the text is held."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        event = self.book(NOW + timedelta(days=1, minutes=-30))
        self.pass_time(minutes=1)
        self.frozen.move_to(event.start - timedelta(minutes=45))
        event.with_user(self.agent).action_sms_on_the_way()
        self.work()
        held = self.rows(event, kind="on_the_way").sms_id
        self.assertEqual((held.state, held.gate_verdict), ("outgoing", "hold"))
        event.active = False
        self.settle()
        self.assertEqual(held.state, "canceled")

    def test_imported_visits_are_not_announced_but_reminded(self):
        """As with imported tickets: the customers know of them already."""
        history = {"import_file": True, "tracking_disable": True}
        for context, expected in (
            (history, ["reminder", "reminder"]),
            ({"import_file": True}, ["booked", "reminder", "reminder"]),
        ):
            with self.subTest(context=context):
                visits = self.env["calendar.event"].with_user(self.agent)
                values = {
                    "name": "From the former calendar",
                    "start": NOW + timedelta(days=2),
                    "stop": NOW + timedelta(days=2, hours=1),
                    "ticket_id": self.ticket.id,
                    "partner_ids": [(6, 0, self.customer.ids)],
                }
                event = visits.with_context(**context).create(values)
                self.settle()
                self.assertEqual(self.kinds(event), expected)

    def test_a_text_about_a_day_may_leave_until_its_end(self):
        messages = self.env["sms.sms"]
        end = datetime(2026, 12, 2, 7)  # midnight in Denver
        self.assertEqual(messages._get_expiry(self.book_day(1)), end)
        self.assertEqual(messages._get_expiry(self.book()), NOW + timedelta(days=2))
        self.assertIsNone(messages._get_expiry(self.ticket))

    def test_a_day_that_is_over_is_not_told(self):
        event = self.book_day(1)
        self.pass_time(days=2)
        count = len(self.messages_to())
        event.active = False
        self.settle()
        self.pass_time(minutes=2)
        self.assertEqual(len(self.messages_to()), count)

    def test_a_private_one_is_hidden_from_others(self):
        event = self.book(privacy="private", name="Divorce lawyer's laptop")
        names = ["sms_title", "sms_customer_name", "sms_when", "sms_customer_id"]
        for user, is_shown in ((self.employee, False), (self.agent, True)):
            for name in names:
                with self.subTest(user=user.login, name=name):
                    self.env.invalidate_all()
                    [values] = event.with_user(user).read([name])
                    self.assertEqual(bool(values[name]), is_shown)

    def test_a_language_has_its_own_style(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        event = self.book(NOW + timedelta(days=2, hours=6))
        self.pass_time(minutes=1)
        # The template is not translated, so the date stays English too.
        self.assertIn("is booked for Wed, Dec 2 at 3:00 PM.", self.bodies()[-1])
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_appointment_moved")
        template.with_context(lang="fr_FR").body = "Le {{ object.sms_when }}."
        self.move(event, hours=1)
        self.pass_time(minutes=1)
        self.assertIn("Le mer. 2 déc. à 16:00.", self.bodies()[-1])

    def test_one_oclock_is_singular_in_spanish(self):
        self.env["res.lang"]._activate_lang("es_MX")
        events = self.env["calendar.event"].with_context(lang="es_MX")
        for clock, said in (("1:30 p.m.", "a la 1:30"), ("10:30 a.m.", "a las 10:30")):
            spoken = appointments.Spoken("other_day", "mar 8 dic", clock, "")
            self.assertIn(said, events._join_sms_time(spoken))

    def test_stop_cancels_and_a_new_yes_plans_again(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.receive("STOP")
        self.settle()
        self.assertEqual(self.kinds(event), [])
        self.assertEqual(
            set(self.rows(event, state="cancelled").mapped("reason")), {"opted_out"}
        )
        self.receive("START")
        self.settle()
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])

    def test_without_consent_the_refusal_is_seen(self):
        stranger = self.make_customer(phone_number(2), "Sam")
        event = self.book(partners=stranger)
        self.pass_time(minutes=1)
        [message] = self.messages_to(phone_number(2))
        self.assertBlocked(message, "appointment", "no_consent")
        self.assertIn(message.mail_message_id, event.message_ids)

    def test_a_bad_template_fails_alone_and_is_tried_again(self):
        rule = self.env.ref("helpdesk_mgmt_sms.sms_automation_appointment_booked")
        good = rule.template_id.body
        rule.template_id.body = "{{ object.start.nonsense }}"
        event = self.book()
        with self.assertLogs(
            "odoo.addons.helpdesk_mgmt_sms.models.appointment.sms_reminder_run"
        ):
            self.pass_time(minutes=1)
        row = self.rows(event, kind="booked")
        self.assertEqual((row.state, row.reason), ("failed", "bad_text"))
        rule.template_id.body = good
        row.with_user(self.manager).action_try_again()
        self.run_reminders()
        self.assertEqual(row.state, "sent")

    def test_a_standstill_reminds_once(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.frozen.move_to(event.start - timedelta(hours=1))
        self.run_reminders()
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn("today at 9:00 AM", self.bodies()[-1])

    def test_a_reminder_that_the_night_held_says_today(self):
        """The carrier was busy until business hours were over."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        event = self.book(NOW + timedelta(days=2, hours=4))
        self.pass_time(minutes=1)
        self.frozen.move_to(event.start - timedelta(days=1))
        self.run_reminders()
        first = self.messages_to()[-1]
        self.assertIn("tomorrow, Wed, Dec 2 at 1:00 PM", first.body)
        first.not_before = event.start - timedelta(hours=16)
        self.frozen.move_to(event.start - timedelta(hours=16))
        self.run_outbox()
        self.assertEqual((first.state, first.gate_verdict), ("outgoing", "hold"))
        self.frozen.move_to(first.not_before)
        self.run_outbox()
        self.work()
        self.assertEqual(first.state, "canceled")
        last = self.messages_to()[-1]
        self.assertIn("today at 1:00 PM", last.body)
        self.assertEqual(last.state, "sent")
        sent = self.messages_to().filtered(lambda sms: sms.state != "canceled")
        self.assertEqual(len(sent), 2)

    def test_a_late_worker_tells_nobody_of_what_is_over(self):
        event = self.book()
        self.frozen.move_to(event.start)
        self.run_reminders()
        self.assertFalse(self.messages_to())
        self.assertEqual(set(self.rows(event).mapped("reason")), {"too_late"})

    def test_what_waits_in_the_outbox_is_taken_back(self):
        event = self.book()
        self.run_reminders()
        [booked] = self.messages_to()
        self.assertEqual(booked.state, "outgoing")
        self.move(event, days=1)
        self.assertEqual(booked.state, "canceled")
        self.assertEqual(booked.shown_reason, "Replaced by a newer text")
        self.pass_time(minutes=5)
        self.assertIn("is booked for Thu, Dec 3", self.bodies()[-1])

    def test_a_reminder_in_the_outbox_is_taken_back_from_who_is_off(self):
        """Deleted, or no longer invited: they are told that it is off, only."""
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                self.frozen.move_to(NOW)
                event = self.book()
                self.pass_time(minutes=1)
                self.frozen.move_to(NOW + timedelta(days=1))
                self.run_reminders()
                reminder = self.messages_to()[-1]
                self.assertEqual(reminder.state, "outgoing")
                if is_deleted:
                    event.unlink()
                else:
                    event.partner_ids -= self.customer
                self.settle()
                self.assertEqual(reminder.state, "canceled")
                self.pass_time(minutes=2)
                self.assertIn("is cancelled", self.bodies()[-1])

    def test_what_waits_is_taken_back_when_texts_are_switched_off(self):
        event = self.book()
        self.run_reminders()
        [booked] = self.messages_to()
        event.sms_enabled = False
        self.settle()
        self.assertEqual((booked.state, booked.shown_reason), ("canceled", ""))
        self.assertEqual(self.rows(event, kind="booked").reason, "switched_off")
        event.sms_enabled = True
        self.settle()
        self.pass_time(minutes=1)
        self.assertEqual(len(self.messages_to()), 2)
        self.assertIn("is booked for Wed, Dec 2", self.bodies()[-1])

    def test_what_waits_is_taken_back_from_who_declines(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.move(event, days=1)
        self.frozen.move_to(NOW + timedelta(minutes=3))
        self.run_reminders()
        moved = self.rows(event, kind="moved").sms_id
        self.assertEqual(moved.state, "outgoing")
        self.attendee(event).do_decline()
        self.settle()
        self.assertEqual(moved.state, "canceled")
        self.attendee(event).do_accept()
        self.settle()
        self.pass_time(minutes=2)
        self.assertIn("from Wed, Dec 2 at 9:00 AM to Thu, Dec 3", self.bodies()[-1])


class TestRules(AppointmentCase):
    """The automation by which a reminder is sent."""

    def setUp(self):
        super().setUp()
        xmlid = "helpdesk_mgmt_sms.sms_automation_appointment_reminder"
        self.shared = self.env.ref(xmlid)
        template = self.shared.template_id
        self.template = template.copy({"body": "Own words, {{ object.sms_title }}"})

    def reminder(self, event):
        """Return the planned reminder of two hours before."""
        return self.rows(event, kind="reminder", state="planned", offset_minutes=120)

    def test_of_several_at_one_time_the_first_is_sent(self):
        first = self.shared.copy({"sequence": 1, "template_id": self.template.id})
        event = self.book()
        self.assertEqual(self.reminder(event).automation_id, first)
        self.pass_time(days=2)
        self.assertIn("Own words", self.bodies()[-1])

    def test_a_companys_own_one_takes_over_what_is_planned(self):
        event = self.book()
        own = self.shared._copy_for_company(self.company)
        own.template_id = self.template
        self.settle()
        self.assertEqual(self.reminder(event).automation_id, own)
        self.pass_time(days=2)
        self.assertIn("Own words", self.bodies()[-1])

    def test_the_form_counts_what_was_sent(self):
        self.book()
        self.pass_time(days=2)
        message = self.messages_to()[-1]
        self.assertEqual(message.automation_id, self.shared)
        self.assertEqual(self.shared.message_sms_count, 1)
        self.assertIn(message, self.find_messages(self.shared))

    def find_messages(self, automation):
        """Return what the button with the figure opens."""
        action = automation.action_view_messages()
        return self.env[action["res_model"]].search(action["domain"])

    def test_the_form_of_one_about_tickets_turns_it_into_a_reminder(self):
        """What has no meaning for an appointment is hidden, so it is dropped."""
        automation = self.env["sms.automation"].create(
            {
                "name": "Later",
                "trigger": "stage",
                "stage_ids": self.closed_stage.ids,
                "domain": "[('number', '!=', False)]",
                "audience": "assignee",
                "delay_number": 2,
                "template_id": self.env.ref(
                    "helpdesk_mgmt_sms.sms_template_ticket_update"
                ).id,
            }
        )
        with Form(automation) as form:
            form.trigger = "event_reminder"
            self.assertFalse(form.template_id)
            form.template_id = self.template
        self.assertEqual(
            (automation.trigger, automation.audience, automation.delay_number),
            ("event_reminder", "customer", 0),
        )

    def test_it_reads_without_what_it_does_not_have(self):
        self.shared.at_most = "day"
        words = self.shared.summary
        self.assertIn("2 hours before an appointment", words)
        self.assertNotIn("for each ticket", words)

    def test_one_that_becomes_one_about_tickets_needs_the_consent_for_them(self):
        with Form(self.env["sms.automation"]) as form:
            form.name = "Solved"
            form.trigger = "event_booked"
            self.assertEqual(form.purpose_id.code, "appointment")
            form.trigger = "closed"
            form.template_id = self.env.ref(
                "helpdesk_mgmt_sms.sms_template_ticket_update"
            )
        self.assertEqual(form.record.purpose_id.code, "ticket")
        form.record.purpose_id = self.purposes("alert")
        form.record.trigger = "reopened"
        self.assertEqual(form.record.purpose_id.code, "alert")

    def test_a_ticket_of_another_team_is_reminded_by_that_teams_own(self):
        other = self.team.copy({"name": "Field service"})
        own = self.shared.copy(
            {"sequence": 1, "template_id": self.template.id, "team_ids": other.ids}
        )
        event = self.book()
        self.assertEqual(self.reminder(event).automation_id, self.shared)
        self.ticket.team_id = other
        self.settle()
        self.assertEqual(self.reminder(event).automation_id, own)
        self.pass_time(days=2)
        self.assertIn("Own words", self.bodies()[-1])

    def test_where_none_applies_any_more_nobody_is_reminded(self):
        self.shared.min_priority = "2"
        self.ticket.priority = "3"
        event = self.book()
        held = self.reminder(event)
        self.assertTrue(held)
        self.ticket.with_user(self.agent).priority = "1"
        self.settle()
        self.assertEqual((held.state, held.reason), ("cancelled", "no_text"))
        self.ticket.priority = "2"
        self.settle()
        self.assertEqual(held.state, "planned")
        self.ticket.priority = "1"
        self.settle()
        self.pass_time(days=2)
        self.assertEqual(held.state, "cancelled")
        self.assertNotIn("today at", self.bodies()[-1])


class TestWithdrawn(AppointmentCase):
    """An appointment is dragged away and back while its reminder is due."""

    def setUp(self):
        super().setUp()
        self.event = self.book()
        self.start = self.event.start
        self.pass_time(minutes=1)

    def reminder(self):
        """Return the reminder of the day before the original date."""
        return self.rows(
            self.event, kind="reminder", offset_minutes=1440, start=self.start
        )

    def wait_for_reminder(self, hand_over=True):
        """Make the reminder of the day before due, so that it waits in the outbox."""
        self.frozen.move_to(self.event.start - timedelta(days=1))
        if hand_over:
            self.run_reminders()

    def test_what_waited_in_the_outbox_goes_after_all(self):
        self.wait_for_reminder()
        first = self.reminder().sms_id
        self.assertEqual(first.state, "outgoing")
        self.move(self.event, days=1)
        self.assertEqual(
            (first.state, self.reminder().state), ("canceled", "cancelled")
        )
        self.move(self.event, days=-1)
        self.pass_time(minutes=2)
        [second] = self.reminder().sms_id
        self.assertNotEqual(second, first)
        self.assertEqual(len(self.bodies()), 3)
        self.assertIn("tomorrow, Wed, Dec 2 at 9:00 AM", self.bodies()[-1])
        sent = self.messages_to().filtered(lambda sms: sms.state != "canceled")
        self.assertEqual(len(sent), 2)

    def test_what_was_due_goes_after_all(self):
        self.wait_for_reminder(hand_over=False)
        for active in (False, True):
            self.event.active = active
            self.settle()
        self.pass_time(minutes=2)
        self.assertEqual(self.reminder().state, "sent")

    def test_early_ones_too(self):
        """Because of quiet hours it was handed over the evening before."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.move(self.event, days=5, hours=-1)
        self.pass_time(minutes=2)
        early = self.rows(self.event, kind="reminder", state="planned")[-1]
        self.assertGreater(early.start - early.due_at, timedelta(hours=11))
        self.frozen.move_to(early.due_at)
        self.run_reminders()
        self.move(self.event, days=1)
        self.move(self.event, days=-1)
        self.assertEqual(early.state, "planned")
        self.assertLessEqual(early.due_at, datetime.now())

    def test_who_is_told_of_a_move_needs_no_reminder_of_before(self):
        self.wait_for_reminder()
        self.move(self.event, days=1)
        self.pass_time(minutes=2)
        self.assertIn("has moved from", self.bodies()[-1])
        self.move(self.event, days=-1)
        self.pass_time(minutes=2)
        self.assertIn("has moved from", self.bodies()[-1])
        row = self.reminder()
        self.assertEqual((row.state, row.reason), ("cancelled", "moved"))

    def test_what_another_reminder_has_overtaken_stays_so(self):
        self.frozen.move_to(self.event.start - timedelta(hours=1))
        self.run_reminders()
        self.assertEqual(self.reminder().reason, "replaced")
        self.event.sms_enabled = False
        self.settle()
        self.event.sms_enabled = True
        self.settle()
        self.assertEqual(self.reminder().reason, "replaced")

    def hold_overnight(self):
        """Return a reminder due at night, which waits for the morning."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.move(self.event, days=5, hours=14)
        self.pass_time(minutes=2)
        held = self.rows(self.event, kind="reminder", state="planned").filtered(
            lambda row: row.offset_minutes == 1440
        )
        self.frozen.move_to(held.start - timedelta(hours=22))
        self.assertGreater(held.due_at, datetime.now() + timedelta(hours=2))
        return held

    def test_what_the_night_holds_goes_after_all(self):
        held = self.hold_overnight()
        due_at, count = held.due_at, len(self.bodies())
        for days in (1, -1):
            self.move(self.event, days=days)
        self.assertEqual((held.state, held.due_at), ("planned", due_at))
        self.frozen.move_to(due_at)
        self.run_reminders()
        self.assertEqual((held.state, len(self.bodies())), ("sent", count + 1))

    def test_what_the_night_holds_comes_to_who_is_back_by_then(self):
        held = self.hold_overnight()
        due_at = held.due_at
        self.receive("STOP")
        self.settle()
        self.assertEqual((held.state, held.reason), ("cancelled", "opted_out"))
        self.receive("START")
        self.settle()
        self.assertEqual((held.state, held.due_at), ("planned", due_at))

    def test_what_has_moved_while_somebody_was_gone_does_not_come_back(self):
        held = self.hold_overnight()
        self.receive("STOP")
        self.settle()
        self.move(self.event, days=1)
        self.receive("START")
        self.settle()
        self.assertEqual(held.state, "cancelled")

    def test_what_the_night_held_is_over_when_its_hour_has_passed(self):
        held = self.hold_overnight()
        self.event.active = False
        self.settle()
        self.frozen.move_to(held.due_at + timedelta(minutes=5))
        self.event.active = True
        self.settle()
        self.assertEqual(held.state, "cancelled")

    def test_after_a_stop_and_a_start_nothing_of_before_comes(self):
        self.wait_for_reminder()
        self.receive("STOP")
        self.receive("START")
        self.settle()
        self.assertNotEqual(self.reminder().state, "planned")


class TestScreens(AppointmentCase):
    """What the agent sees in the calendar, and on the ticket."""

    def find(self, name, tz):
        """Return what a filter finds for an agent in a time zone."""
        view = self.env.ref("helpdesk_mgmt_sms.calendar_event_view_search")
        [node] = etree.fromstring(view.arch).xpath(f"//filter[@name='{name}']")
        self.agent.tz = tz
        events = self.env["calendar.event"].with_user(self.agent).with_context(tz=tz)
        return events.search(literal_eval(node.get("domain")))

    def test_a_day_that_has_begun_is_still_to_be_confirmed(self):
        """Odoo stores a day as 8:00 to 18:00 UTC, which is 1:00 to 11:00 in Denver."""
        for days in (-1, 0):
            start = NOW + timedelta(days=days)
            day = start.date()
            event = self.book(start, allday=True, start_date=day, stop_date=day)
        self.assertEqual(self.find("sms_open", "America/Denver"), event)

    def test_who_has_not_confirmed_for_tomorrow(self):
        midnight = NOW.replace(hour=7) + timedelta(days=1)
        tomorrow = [
            self.book(midnight),
            self.book(midnight + timedelta(hours=23)),
            self.book(midnight + timedelta(hours=9)),
        ]
        self.attendee(tomorrow[1]).state = "tentative"
        self.book(midnight - timedelta(minutes=30))
        self.book(midnight + timedelta(days=1))
        for state in ("accepted", "declined"):
            answered = self.book(midnight + timedelta(hours=5))
            self.attendee(answered).state = state
        self.settle()
        self.assertEqual(
            set(self.find("sms_open_tomorrow", "America/Denver")), set(tomorrow)
        )

    def test_a_day_is_the_same_day_everywhere(self):
        day = NOW.date() + timedelta(days=1)
        event = self.book(
            allday=True, start=NOW + timedelta(days=1), start_date=day, stop_date=day
        )
        for tz in ("America/Denver", "Pacific/Honolulu"):
            self.assertEqual(self.find("sms_open_tomorrow", tz), event, tz)

    def test_what_needs_care_comes_first(self):
        events = self.env["calendar.event"]
        for state in ("declined", "accepted", "needsAction"):
            event = self.book(NOW + timedelta(days=3))
            self.attendee(event).state = state
            events |= event
        self.settle()
        found = events.with_context(read_group_expand=True).web_read_group(
            [("id", "in", events.ids)], ["sms_confirmation"]
        )
        self.assertEqual(
            [group["sms_confirmation"] for group in found["groups"]],
            ["open", "confirmed", "declined"],
        )

    def test_a_visit_is_proposed_in_working_hours(self):
        zone = timezone("America/Denver")
        ticket = self.ticket.with_user(self.agent)
        friday_night = datetime(2026, 7, 3, 23, 20)
        with freeze_time(friday_night):
            start = ticket.action_schedule_visit()["context"]["default_start"]
        local = utc.localize(start).astimezone(zone)
        self.assertEqual((local.strftime("%A"), local.hour), ("Monday", 8))
        tuesday = zone.localize(datetime(2026, 7, 7, 9, 40)).astimezone(utc)
        with freeze_time(tuesday.replace(tzinfo=None)):
            start = ticket.action_schedule_visit()["context"]["default_start"]
        local = utc.localize(start).astimezone(zone)
        self.assertEqual((local.strftime("%A"), local.hour), ("Wednesday", 9))
        self.own_agent.sudo().resource_ids.calendar_id = False
        self.company.resource_calendar_id = False
        with freeze_time(friday_night):
            start = ticket.action_schedule_visit()["context"]["default_start"]
        self.assertEqual(start, datetime(2026, 7, 6, 14))  # 8:00 in Denver

    def test_no_visit_is_proposed_at_night_or_on_a_holiday(self):
        """Even if the company's calendar has the time zone of another continent."""
        self.company.resource_calendar_id.tz = "UTC"
        ticket = self.ticket.with_user(self.agent)
        with freeze_time("2026-12-23 23:20:00"):  # Thursday is Christmas Eve
            start = ticket.action_schedule_visit()["context"]["default_start"]
        self.assertEqual(start, datetime(2026, 12, 28, 15))  # Monday, 8:00 in Denver

    def test_a_ticket_leads_to_its_visits_and_back(self):
        ticket = self.ticket.with_user(self.agent)
        action = ticket.action_schedule_visit()
        form = Form(
            self.env["calendar.event"]
            .with_user(self.agent)
            .with_context(**action["context"])
        )
        event = form.save()
        self.settle()
        self.assertEqual(event.ticket_id, self.ticket)
        self.assertEqual(event.partner_ids, self.customer | self.own_agent.partner_id)
        self.assertEqual(event.technician_id, self.own_agent)
        self.assertTrue(event.sms_enabled)
        self.assertEqual(ticket.visit_count, 1)
        self.assertEqual(ticket.action_view_visits()["res_id"], event.id)
        other = self.book(NOW + timedelta(days=5))
        found = self.env["calendar.event"].search(ticket.action_view_visits()["domain"])
        self.assertEqual(found, event | other)
        self.assertEqual(event.action_view_ticket()["res_id"], self.ticket.id)


class TestButtons(AppointmentCase):
    """Buttons for "on the way" and "nobody there", and who may press them."""

    def test_on_the_way_once(self):
        event = self.book(NOW + timedelta(hours=1))
        event.with_user(self.agent).action_sms_on_the_way()
        self.run_reminders()
        self.assertIn("is on the way to you", self.bodies()[-1])
        with self.assertRaisesRegex(Exception, "told already"):
            event.with_user(self.agent).action_sms_on_the_way()

    def test_on_the_way_too_late(self):
        """Whoever has opened the form before sees the button."""
        event = self.book(NOW + timedelta(hours=1))
        self.pass_time(hours=1)
        with self.assertRaisesRegex(UserError, "has begun"):
            event.with_user(self.agent).action_sms_on_the_way()

    def test_a_day_has_both_buttons(self):
        start = NOW + timedelta(days=1)
        days = {"start_date": start.date(), "stop_date": start.date()}
        event = self.book(start, allday=True, **days).with_user(self.agent)
        self.frozen.move_to(start.replace(hour=6, minute=59))
        self.assertFalse(event._has_sms_begun())
        self.frozen.move_to(start.replace(hour=7))
        self.assertTrue(event._has_sms_begun())
        self.frozen.move_to(start)
        event.action_sms_on_the_way()
        self.run_reminders()
        self.assertIn("is on the way to you", self.bodies()[-1])
        event.action_sms_no_show()
        view = self.env["calendar.event"].get_view(view_type="form")
        [button] = etree.fromstring(view["arch"]).xpath(
            "//button[@name='action_sms_on_the_way']"
        )
        self.assertIn("sms_is_begun and not allday", button.get("invisible"))

    def test_nobody_was_there(self):
        event = self.book(NOW + timedelta(hours=1))
        self.pass_time(minutes=1)
        with self.assertRaisesRegex(Exception, "still to come"):
            event.with_user(self.agent).action_sms_no_show()
        self.pass_time(hours=2)
        event.with_user(self.agent).action_sms_no_show()
        self.run_reminders()
        self.assertIn("we missed you", self.bodies()[-1])

    def test_who_was_absent_may_be_told_how_to_answer(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_appointment_no_show")
        template.body = "Sorry. {{ object.sms_answer_hint }}"
        event = self.book(NOW + timedelta(hours=1))
        self.pass_time(hours=2)
        event.with_user(self.agent).action_sms_no_show()
        self.run_reminders()
        self.assertIn("Sorry.", self.bodies()[-1])
        self.assertEqual(self.rows(event, kind="no_show").state, "sent")


class TestAlarms(AppointmentCase):
    """Ours replace Odoo's own reminders by text; a customer never gets both."""

    def setUp(self):
        super().setUp()
        self.alarm = self.env["calendar.alarm"].create(
            {
                "name": "Text, 5 hours",
                "alarm_type": "sms",
                "duration": 5,
                "interval": "hours",
            }
        )

    def test_a_visit_is_reminded_by_ours(self):
        event = self.book(alarm_ids=[(6, 0, self.alarm.ids)])
        self.assertEqual(
            self.rows(event, kind="reminder").mapped("offset_minutes"),
            [1440, 300, 120],
        )
        self.pass_time(days=1, hours=20)
        count = len(self.messages_to())
        event.sudo()._do_sms_reminder(self.alarm)
        self.assertEqual(len(self.messages_to()), count)

    def test_reminders_follow_a_changed_alarm(self):
        alarm = self.env["calendar.alarm"].create(
            {"name": "3 h", "alarm_type": "sms", "duration": 3, "interval": "hours"}
        )
        event = self.book(alarm_ids=[(6, 0, alarm.ids)])
        [due] = self.rows(event, kind="reminder", state="planned").filtered("alarm_id")
        self.assertEqual(due.due_at, event.start - timedelta(hours=3))
        alarm.duration = 4
        self.settle()
        [due] = self.rows(event, kind="reminder", state="planned").filtered("alarm_id")
        self.assertEqual(due.due_at, event.start - timedelta(hours=4))
        alarm.alarm_type = "notification"
        self.settle()
        self.assertEqual(due.state, "cancelled")

    def test_other_meetings_keep_odoos(self):
        event = self.book(ticket_id=False, alarm_ids=[(6, 0, self.alarm.ids)])
        self.assertEqual(self.kinds(event), [])
        event.sudo()._do_sms_reminder(self.alarm)
        self.assertEqual(len(self.messages_to()), 1)

    def check_replaced(self, **values):
        """Check that an alarm's text is replaced by the company's own reminder."""
        self.alarm.sms_template_id = self.env["sms.template"].create(
            {
                "name": "For us",
                "model_id": self.env["ir.model"]._get_id("calendar.event"),
                "body": "Bring the spare parts, this one never pays.",
                **values,
            }
        )
        self.book(alarm_ids=[(6, 0, self.alarm.ids)])
        self.pass_time(days=2)
        self.assertEqual(len(self.bodies()), 4)
        self.assertNotIn("spare parts", " ".join(self.bodies()))

    def test_a_text_for_colleagues_is_no_customers_reminder(self):
        self.check_replaced(is_internal=True)

    def test_nor_is_one_of_another_company(self):
        self.check_replaced(company_id=self.make_company("Other").id)

    def test_colleagues_keep_odoos(self):
        self.agent.partner_id.phone = phone_number(9)
        self.alarm.notify_responsible = True
        event = self.book(alarm_ids=[(6, 0, self.alarm.ids)])
        event.with_user(self.env.user)._do_sms_reminder(self.alarm)
        self.assertFalse(self.messages_to())
        self.assertEqual(len(self.messages_to(phone_number(9))), 1)


class TestWithdrawnInOtherOrder(OtherOrder, TestWithdrawn):
    """The same with the rooms in another order."""
