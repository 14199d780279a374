# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from ..common import phone_number
from .common import NOW, AppointmentCase


class TestAnswers(AppointmentCase):
    """1 to confirm, 2 to reschedule, 3 to cancel."""

    def setUp(self):
        super().setUp()
        self.company.resource_calendar_id.tz = "America/Denver"
        self.event = self.book()
        self.pass_time(minutes=1)

    def say(self, body, number=None):
        """Receive a text from a customer, then run reminders and outbox."""
        inbound = self.receive(body, number)
        self.settle()
        self.work()
        return inbound

    def note_of(self, record):
        """Return the bodies of a record's chatter."""
        return " ".join(record.message_ids.mapped("body"))

    def test_one_confirms(self):
        inbound = self.say("1")
        self.assertEqual(self.attendee(self.event).state, "accepted")
        self.assertEqual(self.event.sms_confirmation, "confirmed")
        self.assertEqual((inbound.kind, inbound.ticket_id), ("answer", self.ticket))
        self.assertIn(
            "thank you, your appointment Wed, Dec 2 at 9:00 AM is confirmed",
            self.bodies()[-1],
        )
        self.assertIn("has accepted the invitation", self.note_of(self.event))
        self.assertIn("has confirmed the appointment", self.note_of(self.ticket))
        told = self.env["mail.notification"].search(
            [("res_partner_id", "=", self.agent.partner_id.id)]
        )
        self.assertTrue(told)
        self.pass_time(days=1)
        self.assertIn("Reply 2 to reschedule, 3 to cancel.", self.bodies()[-1])

    def test_who_has_confirmed_may_still_reschedule(self):
        self.say("1")
        self.say("2")
        self.assertEqual(self.event.sms_confirmation, "maybe")
        self.assertIn("which time suits you", self.bodies()[-1])

    def test_who_has_confirmed_is_asked_again_about_another_time(self):
        self.say("1")
        self.event.write({"name": "Mend the scanner"})
        self.assertEqual(self.event.sms_confirmation, "confirmed")
        self.move(self.event, hours=1)
        self.assertEqual(self.event.sms_confirmation, "open")
        self.assertEqual(
            self.attendee(self.event, self.agent.partner_id).state, "accepted"
        )
        self.pass_time(minutes=20)
        self.assertIn("Reply 1 to confirm", self.bodies()[-1])
        self.say("1")
        self.assertEqual(self.event.sms_confirmation, "confirmed")

    def test_a_longer_appointment_stays_confirmed_and_a_declined_one_declined(self):
        self.say("1")
        self.event.stop += timedelta(hours=1)
        self.settle()
        self.assertEqual(self.event.sms_confirmation, "confirmed")
        self.say("3")
        self.move(self.event, hours=1)
        self.assertEqual(self.event.sms_confirmation, "declined")

    def test_answers_from_another_calendar_stand(self):
        """Unless it cannot know them: a customer without an address answers by text."""
        for email, expected in ((False, "open"), ("dana@example.com", "confirmed")):
            with self.subTest(email=email):
                self.customer.email = email
                self.settle()
                self.pass_time(minutes=2)
                self.say("1")
                start = self.event.start + timedelta(hours=1)
                self.event.with_context(dont_notify=True).write(
                    {"start": start, "stop": start + timedelta(hours=1)}
                )
                self.assertEqual(self.event.sms_confirmation, expected)

    def test_words_and_thanks_are_read(self):
        for body in ("C", "confirm", "1.", "1 thanks", "Yes"):
            with self.subTest(body=body):
                self.attendee(self.event).state = "needsAction"
                self.env["sms.question"].search([]).write({"state": "open"})
                self.say(body)
                self.assertEqual(self.attendee(self.event).state, "accepted")

    def test_what_is_no_answer_is_conversation(self):
        for body in ("3 printers are broken now", "11", "see you then"):
            inbound = self.say(body)
            self.assertEqual(inbound.kind, "conversation", body)
        self.assertEqual(self.attendee(self.event).state, "needsAction")

    def test_three_calls_off(self):
        self.say("3")
        self.assertEqual(self.attendee(self.event).state, "declined")
        self.assertEqual(self.event.sms_confirmation, "declined")
        self.assertEqual(self.kinds(self.event), [])
        self.assertIn("is cancelled", self.bodies()[-1])
        self.pass_time(days=3)
        self.assertEqual(len(self.bodies()), 2)

    def test_two_reschedules_to_the_end(self):
        self.say("2")
        self.assertEqual(self.event.sms_confirmation, "maybe")
        offer = self.bodies()[-1]
        self.assertIn("1: Mon, Nov 30 at 1:00 PM", offer)
        self.assertIn("2: Tue, Dec 1 at 8:00 AM", offer)
        self.assertIn("3: Tue, Dec 1 at 1:00 PM", offer)
        self.say("2")
        self.assertEqual(self.event.start, datetime(2026, 12, 1, 15))
        self.assertEqual(self.event.sms_confirmation, "confirmed")
        self.assertIn(
            "has moved from Wed, Dec 2 at 9:00 AM to Tue, Dec 1 at 8:00 AM.",
            self.bodies()[-1],
        )
        self.assertIn("has chosen another time", self.note_of(self.ticket))
        self.assertEqual(self.kinds(self.event), ["reminder"])

    def test_who_has_chosen_a_time_is_answered_where_no_text_tells_of_moves(self):
        self.env.ref(
            "helpdesk_mgmt_sms.sms_automation_appointment_moved"
        ).active = False
        self.say("2")
        self.say("2")
        self.assertEqual(self.event.start, datetime(2026, 12, 1, 15))
        self.assertIn(
            "your appointment Tue, Dec 1 at 8:00 AM is confirmed", self.bodies()[-1]
        )

    def test_who_has_chosen_a_time_at_night_is_answered_at_once(self):
        """The text about the move waits for the morning, when it may be too late."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.frozen.move_to(NOW + timedelta(hours=12))
        for choice in ("2", "1"):
            self.say(choice)
        self.assertEqual(self.event.start, datetime(2026, 12, 1, 15))
        sent = self.messages_to().filtered(lambda sms: sms.state == "sent")
        self.assertIn("your appointment Tue, Dec 1 at 8:00 AM is conf", sent[-1].body)

    def test_a_time_that_is_taken_meanwhile_is_offered_no_more(self):
        self.say("2")
        self.book(datetime(2026, 12, 1, 15), partners=self.customer.browse())
        self.say("2")
        self.assertEqual(self.event.start, NOW + timedelta(days=2))
        self.assertNotIn("Tue, Dec 1 at 8:00 AM", self.bodies()[-1])
        self.assertIn("2: Tue, Dec 1 at 9:00 AM", self.bodies()[-1])

    def test_a_day_off_is_not_offered(self):
        """Odoo stores a day as 8:00 to 18:00 UTC, which is 1:00 to 11:00 in Denver."""
        for days in (0, 1):
            start = NOW + timedelta(days=days)
            self.book(
                start,
                partners=self.customer.browse(),
                allday=True,
                start_date=start.date(),
                stop_date=start.date(),
            )
        self.frozen.move_to(NOW + timedelta(hours=3))
        self.say("2")
        self.assertIn("1: Wed, Dec 2 at 8:00 AM", self.bodies()[-1])

    def test_the_present_time_is_not_offered(self):
        self.event.write(
            {"start": datetime(2026, 12, 1, 15), "stop": datetime(2026, 12, 1, 16)}
        )
        self.settle()
        self.say("2")
        self.assertIn("2: Tue, Dec 1 at 9:00 AM", self.bodies()[-1])

    def test_nobody_is_offered_their_night(self):
        """The technician works from 8 to 17, which is 15 to 24 in London."""
        self.customer.tz = "Europe/London"
        self.settle()
        self.say("2")
        offer = self.bodies()[-1]
        self.assertIn("1: Tue, Dec 1 at 3:00 PM (London time)", offer)
        self.assertNotIn("8:00 PM", offer)
        self.say("1")
        self.assertEqual(self.event.start, datetime(2026, 12, 1, 15))

    def test_where_no_day_is_common_a_person_arranges_it(self):
        self.customer.tz = "Asia/Kolkata"
        self.settle()
        self.say("2")
        self.assertIn("a colleague will contact you", self.bodies()[-1])

    def told_that(self, words):
        """Return the contacts who were notified of an answer."""
        subject = [("subject", "like", words)]
        return self.env["mail.message"].search(subject).partner_ids

    def test_a_technician_who_has_left_is_neither_offered_nor_told(self):
        organizer = self.team_agent
        people = {"user_id": organizer.id, "technician_id": self.agent.id}
        self.event.sudo().write(people)
        self.agent.active = False
        self.settle()
        self.say("1")
        told = self.told_that("has confirmed the appointment")
        self.assertEqual(told, organizer.partner_id)
        organizer.active = False
        self.settle()
        self.say("2")
        self.assertIn("a colleague will contact you", self.bodies()[-1])
        told = self.told_that("waits for your call")
        self.assertIn(self.manager.partner_id, told)
        self.assertFalse(told & (organizer | self.agent).partner_id)

    def test_none_of_the_times_goes_to_a_person(self):
        self.say("2")
        inbound = self.say("0")
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )
        self.assertIn("a colleague will contact you", self.bodies()[-1])
        self.assertEqual(self.event.start, NOW + timedelta(days=2))

    def test_without_free_times_a_person_arranges_it(self):
        self.book(
            NOW,
            partners=self.customer.browse(),
            stop=NOW + timedelta(days=30),
        )
        self.say("2")
        self.assertIn("a colleague will contact you", self.bodies()[-1])

    def test_of_several_the_customer_is_asked(self):
        other = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.assertEqual(self.say("3").kind, "answer")
        self.assertIn("1: Wed, Dec 2 at 9:00 AM\n2: Thu, Dec 3", self.bodies()[-1])
        self.assertEqual(self.attendee(other).state, "needsAction")
        self.say("2")
        self.assertEqual(self.attendee(other).state, "declined")
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.say("1")
        self.assertEqual(self.attendee(self.event).state, "accepted")

    def test_a_number_that_was_not_offered_changes_no_other_appointment(self):
        """3 of two times is no 3 to cancel the other one."""
        other = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.say("2")
        self.assertIn("which appointment do you mean?", self.bodies()[-1])
        self.say("3")
        self.assertIn("a colleague will contact you", self.bodies()[-1])
        self.say("2")
        self.say("1")
        [question] = self.env["sms.question"].search(
            [("kind", "=", "appointment_time"), ("state", "=", "open")]
        )
        question.details = {"times": question.details["times"][:2]}
        self.say("3")
        self.assertIn("a colleague will contact you", self.bodies()[-1])
        self.assertEqual(self.attendee(self.event).state, "tentative")
        self.assertEqual(self.attendee(other).state, "needsAction")

    def test_an_answer_to_what_is_off_meanwhile_is_none_to_another(self):
        """Nobody knows yet that it is off; the customer is asked what they mean."""
        for body in ("3", "1"):
            for is_deleted in (True, False):
                with self.subTest(body=body, is_deleted=is_deleted):
                    last = self.book(NOW + timedelta(days=3))
                    self.pass_time(minutes=1)
                    if is_deleted:
                        last.unlink()
                    else:
                        last.active = False
                    self.settle()
                    self.receive(body)
                    self.settle()
                    self.assertEqual(self.attendee(self.event).state, "needsAction")
                    self.assertIn("which appointment do you mean?", self.bodies()[-1])
                    self.assertIn("1: Wed, Dec 2 at 9:00 AM", self.bodies()[-1])
                    self.pass_time(minutes=5)
                    self.env["sms.question"].search(
                        [("kind", "=", "appointment_which")]
                    ).state = "replaced"

    def test_a_yes_to_what_moves_meanwhile_is_none_to_another(self):
        last = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.move(last, days=1)
        self.receive("1")
        self.settle()
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.assertIn("which appointment do you mean?", self.bodies()[-1])

    def test_which_one_that_is_deleted_or_moved_meanwhile_changes_no_other(self):
        """1 of two times is no 1 to confirm the other, nor a time never told."""
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                first = self.book(NOW + timedelta(days=1))
                self.pass_time(minutes=1)
                self.say("1")
                self.assertIn("1: Tue, Dec 1 at 9:00 AM", self.bodies()[-1])
                if is_deleted:
                    first.unlink()
                else:
                    self.move(first, hours=1)
                self.settle()
                self.assertEqual(self.receive("1").kind, "conversation")
                self.settle()
                self.assertEqual(self.attendee(self.event).state, "needsAction")
                if not is_deleted:
                    self.assertEqual(self.attendee(first).state, "needsAction")
                self.pass_time(minutes=5)

    def test_a_time_chosen_for_what_is_off_meanwhile_changes_no_other(self):
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                other = self.book(NOW + timedelta(days=3))
                self.pass_time(minutes=1)
                self.say("2")
                self.say("2")
                self.assertIn("which time suits you", self.bodies()[-1])
                if is_deleted:
                    other.unlink()
                else:
                    other.active = False
                self.settle()
                self.assertEqual(self.receive("3").kind, "conversation")
                self.settle()
                self.assertEqual(self.attendee(self.event).state, "needsAction")
                self.pass_time(minutes=5)

    def test_a_technicians_visit_takes_their_time_though_they_are_not_invited(self):
        """As when it was handed over by a list, or by RPC."""
        taken = self.book(
            datetime(2026, 12, 1, 15),
            partners=self.customer.browse(),
            user=self.team_agent,
            technician_id=self.agent.id,
        )
        self.assertNotIn(self.agent.partner_id, taken.partner_ids)
        self.say("2")
        self.assertNotIn("Tue, Dec 1 at 8:00 AM", self.bodies()[-1])
        self.assertIn("2: Tue, Dec 1 at 9:00 AM", self.bodies()[-1])

    def test_a_time_that_was_never_told_is_not_confirmed(self):
        """The text about the move is still to come, or there is none."""
        self.move(self.event, days=1)
        self.assertEqual(self.receive("1").kind, "conversation")
        self.settle()
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.pass_time(minutes=2)
        self.say("1")
        self.assertEqual(self.attendee(self.event).state, "accepted")

    def test_what_one_of_us_asked_since_is_answered_instead(self):
        """Three computers are no 3 to cancel, and a colleague waits for the number."""
        self.record_consent(None, "ticket")
        for record in (self.event, self.ticket):
            with self.subTest(model=record._name):
                self.env["sms.composer"].with_user(self.agent).create(
                    {
                        "composition_mode": "comment",
                        "res_model": record._name,
                        "res_id": record.id,
                        "body": "How many computers?",
                    }
                ).action_send_sms()
                self.settle()
                self.run_outbox()
                self.assertEqual(self.say("3").kind, "conversation")
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.pass_time(days=1)
        self.assertEqual(self.say("3").kind, "answer", "the reminder has asked again")
        self.assertEqual(self.attendee(self.event).state, "declined")

    def test_an_answer_too_late_is_conversation(self):
        self.pass_time(days=2)
        inbound = self.say("1")
        self.assertEqual(inbound.kind, "conversation")

    def hold(self):
        """Go to the evening, where texts wait for the morning."""
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.frozen.move_to(NOW + timedelta(hours=12))

    def test_what_nobody_has_read_yet_is_not_answered(self):
        self.say("1")
        self.hold()
        other = self.book(NOW + timedelta(days=4))
        self.work()
        self.assertEqual(self.rows(other, kind="booked").sms_id.state, "outgoing")
        self.say("1")
        self.assertEqual(self.attendee(other).state, "needsAction")
        self.say("3")
        self.assertEqual(self.attendee(other).state, "needsAction")
        self.assertEqual(self.attendee(self.event).state, "declined")
        self.frozen.move_to(NOW + timedelta(hours=24))
        self.work()
        self.say("1")
        self.assertEqual(self.attendee(other).state, "accepted")

    def test_what_a_user_has_asked_since_is_answered_instead(self):
        """Otherwise "How many?" - "3" would cancel the appointment."""
        asked = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "How many screens do you have?",
                "purpose_id": self.purposes("appointment").id,
            }
        )
        asked.sudo().is_personal = True
        self.work()
        self.pass_time(minutes=1)
        self.assertEqual(self.say("3").kind, "conversation")
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.pass_time(minutes=1)
        self.assertEqual(self.say("1").kind, "answer", "the other was answered")
        self.assertEqual(self.attendee(self.event).state, "accepted")

    def test_a_new_time_is_confirmed_by_who_has_read_it(self):
        self.hold()
        self.move(self.event, days=1)
        self.frozen.tick(timedelta(minutes=2))
        self.work()
        self.assertEqual(self.say("1").kind, "conversation")
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.assertEqual(self.say("3").kind, "answer")
        self.assertEqual(self.attendee(self.event).state, "declined")

    def test_another_number_answers_nothing(self):
        inbound = self.say("1", phone_number(3))
        self.assertEqual(inbound.kind, "conversation")
        self.assertEqual(self.attendee(self.event).state, "needsAction")

    def test_a_bare_cancel_is_an_opt_out_that_asks(self):
        inbound = self.say("CANCEL")
        self.assertEqual(inbound.kind, "stop")
        self.assertIn(
            "Did you mean your appointment Wed, Dec 2 at 9:00 AM?", self.bodies()[-1]
        )
        count = len(self.messages_to())
        self.say("3")
        self.assertEqual(self.attendee(self.event).state, "declined")
        self.assertEqual(len(self.messages_to()), count)

    def test_a_polite_cancel_asks_too(self):
        self.assertEqual(self.say("Please cancel").kind, "stop")
        self.assertIn("Did you mean your appointment", self.bodies()[-1])

    def test_a_bare_cancel_may_mean_a_day_that_has_begun(self):
        """Odoo stores a day as 8:00 to 18:00 UTC, which is 1:00 to 11:00 in Denver."""
        day = NOW.date()
        event = self.book(NOW, allday=True, start_date=day, stop_date=day)
        self.pass_time(minutes=1)
        self.say("CANCEL")
        self.assertIn("Did you mean your appointment Mon, Nov 30?", self.bodies()[-1])
        self.say("3")
        self.assertEqual(self.attendee(event).state, "declined")

    def claim(self, partner):
        """Note that a contact's login typed the contact's number; return the claim."""
        claims = self.env["sms.number.claim"]
        claim = claims._note(self.company, partner, partner.phone_sanitized)
        self.settle()
        return claim

    def test_a_cancel_tells_a_stranger_nothing_of_an_appointment(self):
        """Who has typed the number, and not confirmed it, is a stranger to its owner.

        The owner has agreed to texts, and may text CANCEL to stop others.
        """
        for index, is_confirmed in ((4, False), (5, True)):
            number = phone_number(index)
            self.record_consent(number, "appointment")
            login = self.make_customer(number, "Lee Login")
            claim = self.claim(login)
            if is_confirmed:
                claim.confirmed_at = NOW
            event = self.book(NOW + timedelta(days=index), partners=login)
            self.pass_time(minutes=1)
            reasons = self.messages_to(number).mapped("gate_reason")
            state = "declined" if is_confirmed else "needsAction"
            with self.subTest(is_confirmed=is_confirmed):
                self.assertEqual("unproven" in reasons, not is_confirmed)
                self.assertEqual(self.say("CANCEL", number).kind, "stop")
                asked = "Did you mean your appointment" in self.bodies(login)[-1]
                self.assertEqual(asked, is_confirmed)
                self.say("3", number)
                self.assertEqual(self.attendee(event, login).state, state)

    def test_a_number_that_is_not_confirmed_any_more_answers_nothing(self):
        claim = self.claim(self.customer)
        for body in ("1", "2", "3", "Yes"):
            with self.subTest(body=body):
                self.assertEqual(self.say(body).kind, "conversation")
                self.assertEqual(self.attendee(self.event).state, "needsAction")
        claim.confirmed_at = NOW
        self.assertEqual(self.say("1").kind, "answer")

    def test_words_of_other_languages_answer_what_was_asked(self):
        """CANCELAR is also an opt-out keyword, but here it answers the question."""
        for body, state in (
            ("Sí, gracias", "accepted"),
            ("passt mir gut", "accepted"),
            ("Cancelar", "declined"),
        ):
            with self.subTest(body):
                self.attendee(self.event).state = "needsAction"
                self.env["sms.question"].search([]).write({"state": "open"})
                self.assertEqual(self.say(body).kind, "answer")
                self.assertEqual(self.attendee(self.event).state, state)
        inbound = self.say("Cancelar")
        self.assertEqual(inbound.kind, "stop", "nothing is asked any more")

    def test_stop_asks_nothing(self):
        self.say("STOP")
        self.assertNotIn("appointment", self.bodies()[-1])

    def test_one_answer_for_a_series(self):
        series = self.book_series(3)
        self.pass_time(minutes=1)
        self.attendee(self.event).state = "accepted"
        self.say("1")
        states = self.env["calendar.event"].search(
            [("sms_series_key", "=", series.sms_series_key)]
        )
        self.assertEqual(set(states.mapped("sms_confirmation")), {"confirmed"})
        whole = "Wed, Dec 2 at 9:00 AM, the first of 3"
        self.assertIn(f"{whole} is confirmed", self.bodies()[-1])
        self.assertIn(", the first of 3).", self.note_of(self.ticket))
        self.attendee(self.event).state = "declined"
        self.say("3")
        self.assertIn(f"{whole} is cancelled", self.bodies()[-1])

    def test_an_hour_a_day_and_a_floor_are_no_answer(self):
        """Otherwise "3:30 is better" would cancel it, and "2:00" choose a time."""
        for body in ("3:30 is better", "3.12. um 10 Uhr?", "3. Stock", "1:30 pm", "<3"):
            self.assertEqual(self.say(body).kind, "conversation", body)
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.say("2")
        for body in ("2:00", "1. or 3.", "2, no 3"):
            self.assertEqual(self.say(body).kind, "conversation", body)
        self.assertEqual(self.event.start, NOW + timedelta(days=2))

    def test_who_confirms_and_refuses_is_read_by_a_person(self):
        for body in ("OK, cancel it", "Yes, 3", "1, no wait, 2", "passt. leider nicht"):
            self.assertEqual(self.say(body).kind, "conversation", body)
        self.assertEqual(self.attendee(self.event).state, "needsAction")

    def test_a_digit_as_a_key_or_with_a_please_is_read(self):
        for body, state in (("1️⃣", "accepted"), ("2 please", "tentative")):
            self.assertEqual(self.say(body).kind, "answer")
            self.assertEqual(self.attendee(self.event).state, state)

    def ask_rating(self):
        """Close another ticket of the customer, who is asked how it went."""
        self.team.sms_ask_rating = True
        self.record_consent(None, "ticket")
        ticket = self.make_ticket(self.customer, team_id=self.team.id)
        ticket.stage_id = self.closed_stage
        self.settle()
        self.work()
        return self.env["sms.question"].search([("kind", "=", "rating")], limit=1)

    def test_words_about_a_later_question_confirm_nothing(self):
        """ "Perfect" about a closed ticket is no answer to what was asked before."""
        self.ask_rating()
        for body in ("Perfect!", "Yes", "Sí, gracias"):
            self.assertEqual(self.say(body).kind, "conversation", body)
        self.assertEqual(self.say("5").kind, "answer")
        self.say("ok, thanks")
        self.assertEqual(self.attendee(self.event).state, "needsAction")
        self.say("1")
        self.assertEqual(self.attendee(self.event).state, "accepted")

    def test_a_no_to_an_appointment_opens_no_ticket_asked_about_before(self):
        question = self.ask_rating()
        self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        for body in ("No", "No, I cannot come then"):
            self.assertEqual(self.say(body).kind, "conversation", body)
        self.assertEqual(question.state, "open")
        self.assertNotIn("open again", " ".join(self.bodies()))
        self.say("5")
        self.assertEqual(question.state, "answered")

    def test_what_was_never_delivered_is_not_answered(self):
        """The carrier has refused the later text: "3" rates the ticket."""
        question = self.ask_rating()
        other = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.rows(other).sms_id.state = "error"
        self.settle()
        self.say("3")
        self.assertEqual(question.state, "answered")
        self.assertEqual(self.attendee(other).state, "needsAction")

    def test_of_several_one_that_has_moved_meanwhile_goes_to_a_person(self):
        other = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.say("1")
        self.event.with_context(dont_notify=True).write(
            {"start": NOW + timedelta(days=5), "stop": NOW + timedelta(days=5, hours=1)}
        )
        self.settle()
        self.receive("1")
        self.settle()
        self.assertNotEqual(self.attendee(self.event).state, "accepted")
        self.assertEqual(self.attendee(other).state, "needsAction")

    def test_of_several_one_that_is_deleted_meanwhile_changes_no_other(self):
        other = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.say("3")
        self.event.unlink()
        self.settle()
        self.assertEqual(self.say("1").kind, "conversation")
        self.assertEqual(self.attendee(other).state, "needsAction")

    def test_a_time_for_a_deleted_appointment_changes_no_other(self):
        """The third time offered is no 3 to cancel the other one."""
        other = self.event
        event = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.attendee(other).state = "declined"
        self.say("2")
        self.attendee(other).state = "needsAction"
        event.active = False
        self.settle()
        self.work()
        self.assertEqual(self.say("3").kind, "conversation")
        self.assertEqual(self.attendee(other).state, "needsAction")

    def test_after_a_stop_what_would_ask_back_goes_to_a_person(self):
        self.say("STOP")
        count = len(self.messages_to())
        inbound = self.say("2")
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )
        self.assertIn("waits for your call or text", self.note_of(self.ticket))
        self.assertEqual(len(self.messages_to()), count)

    def test_after_a_stop_nobody_is_asked_which_one(self):
        self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.say("STOP")
        self.assertEqual(self.say("3").kind, "conversation", "nobody else would know")

    def test_an_answer_that_fails_answers_no_older_question(self):
        question = self.ask_rating()
        self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.env.cr.execute(
            "ALTER TABLE calendar_attendee ADD CONSTRAINT none"
            " CHECK (state = 'needsAction') NOT VALID"
        )
        asked = self.env["sms.question"].search([("kind", "=", "appointment")])
        asked[1:].state = "cancelled"
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            self.assertEqual(self.receive("3").kind, "conversation")
        self.assertEqual(question.state, "open")

    def test_the_answer_to_a_user_may_come_in_several_texts(self):
        """ "How many screens?" - "Let me see" - "3" cancels nothing."""
        self.record_consent(None, "ticket")
        message = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "How many screens do you have?",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        message.sudo().is_personal = True
        self.work()
        for seconds, body in ((60, "Let me see"), (20, "3")):
            self.frozen.tick(timedelta(seconds=seconds))
            self.assertEqual(self.say(body).kind, "conversation")
        self.assertEqual(self.attendee(self.event).state, "needsAction")

    def test_an_answer_to_a_series_leaves_what_was_declined(self):
        series = self.book_series(3)
        self.pass_time(minutes=1)
        self.attendee(self.event).state = "declined"
        dates = self.env["calendar.event"].search(
            [("sms_series_key", "=", series.sms_series_key)], order="start"
        )
        self.attendee(dates[1]).state = "declined"
        self.settle()
        self.say("1")
        self.assertEqual(
            dates.mapped("sms_confirmation"), ["confirmed", "declined", "confirmed"]
        )
        self.assertIn("9:00 AM, the first of 2 is confirmed", self.bodies()[-1])
