# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
from datetime import datetime, timedelta
from pathlib import Path

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.message.sms_gate import GateQuestion
from ...providers import faults, outbound
from ...tools import timing, verdicts
from ..clock import freeze_time
from ..common import phone_number
from .common import MORNING, NIGHT, NOON, QuietHoursCase

MONDAY = datetime(2026, 7, 6, 14, 0)  # 8:00 in Denver


@tagged("post_install", "-at_install")
class TestTable(QuietHoursCase):
    """The shipped rules, by the cases of ``quiet_hours.csv``."""

    policy = "opt_out"

    def ask(self, row):
        """Return the gate's decision on one row of the table."""
        codes = [("code", "=", row["country"])]
        country = self.env["res.country"].search(
            codes if row["country"] else [(0, "=", 1)]
        )
        state = country.state_ids.filtered(lambda it: it.code == row["state"])
        self.recipient.write(
            {"tz": row["tz"], "country_id": country.id, "state_id": state.id}
        )
        question = GateQuestion(
            self.company.id,
            row["number"],
            self.purposes(row["purpose"]).id,
            reader=self.recipient._get_sms_reader(),
            key=row["note"],
        )
        # Freezing the time anew for each row would take longer than the decision.
        self.frozen.move_to(row["now"])
        return self.env["sms.gate"]._decide([question])[0][0]

    def test_every_case(self):
        self.allow_offers()
        clock = freeze_time(MONDAY)
        self.frozen = clock.start()
        self.addCleanup(clock.stop)
        self.recipient = self.make_customer(False)
        table = Path(__file__).parents[1] / "tools" / "quiet_hours.csv"
        with table.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertGreaterEqual(len(rows), 300)
        self.assertGreaterEqual(sum(row["by"] == "hand" for row in rows), 60)
        for row in rows:
            with self.subTest(**row):
                decision = self.ask(row)
                if row["expected"] == "send":
                    self.assertEqual(decision.verdict, verdicts.SEND)
                    continue
                expected = datetime.fromisoformat(row["expected"])
                self.assertEqual(decision.reason, timing.QUIET_HOURS)
                self.assertLessEqual(expected, decision.until)
                self.assertLess(decision.until, expected + timedelta(minutes=30))


@tagged("post_install", "-at_install")
class TestHolding(QuietHoursCase):
    """Held messages wait with a reason, and are sent in open hours."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert", "appointment", "marketing")

    def test_at_night_a_message_waits_and_says_so(self):
        with freeze_time(NIGHT):
            message = self.send(partner_id=self.customer.id)
            self.assertHeld(message)
            self.assertEqual(message.shown_state, "held")
            self.assertRegex(
                message.shown_label, r"^Held until tomorrow 8:[0-2]\d AM, Denver time$"
            )
            self.agent.tz = "America/Denver"
            own = message.with_user(self.agent).shown_label
            self.assertRegex(own, r"^Held until tomorrow 8:[0-2]\d AM$")
            self.assertEqual(message.zone_names, "America/Denver")
            self.assertEqual(message.zone_source, "number")
            self.assertEqual(message.local_time, "2026-07-01 22:00 Denver")
            self.run_outbox()
            self.assertHeld(message)
        with freeze_time(MORNING + timedelta(minutes=31)):
            self.run_outbox()
            self.assertEqual(message.state, "sent")
            self.assertEqual(message.gate_reason, "consent")
            self.assertEqual(message.gate_timing, timing.IN_WINDOW)
            self.assertEqual(message.local_time, "2026-07-02 08:31 Denver")

    def test_what_is_held_over_a_change_of_the_clocks_leaves_at_eight(self):
        """In Denver, clocks go forward on 14 March 2027 and back on 7 November 2027."""
        self.company.write(
            {"sms_courtesy_days": "all", "sms_courtesy_reason": "We work on Sundays."}
        )
        for evening, opening in (
            ("2027-03-14 04:00:00", datetime(2027, 3, 14, 14)),  # 21:00, then 8:00 MDT
            ("2027-11-07 04:00:00", datetime(2027, 11, 7, 15)),  # 22:00, then 8:00 MST
        ):
            with self.subTest(evening=evening):
                with freeze_time(evening):
                    message = self.send()
                    self.assertHeld(message, until=opening)
                with freeze_time(opening - timedelta(minutes=1)):
                    self.run_outbox()
                    self.assertEqual(message.state, "outgoing")
                with freeze_time(opening + timedelta(minutes=31)):
                    self.run_outbox()
                    self.assertEqual(message.state, "sent")

    def test_the_outbox_is_woken_when_it_is_due(self):
        triggers = self.env["ir.cron.trigger"]
        with freeze_time(NIGHT):
            for index in range(40):
                self.record_consent(phone_number(index))
            self.send()
            self.env.cr.flush()
            before = triggers.search([])
            self.env["sms.sms"].create(
                [
                    {
                        "number": phone_number(index),
                        "body": "Hello",
                        "purpose_id": self.purposes("ticket").id,
                    }
                    for index in range(40)
                ]
            )
            self.env.cr.flush()
            woken = (triggers.search([]) - before).mapped("call_at")
            later = [moment for moment in woken if moment >= MORNING]
            self.assertTrue(later)
            self.assertLessEqual(len(later), 31)

    def test_late_for_its_window_it_waits_for_the_next(self):
        with freeze_time(NIGHT):
            message = self.send()
        with freeze_time(MORNING + timedelta(hours=13)):
            self.run_outbox()
            self.assertHeld(message, until=MORNING + timedelta(days=1))

    def test_an_opt_out_ends_what_is_held(self):
        with freeze_time(NIGHT):
            message = self.send()
            self.receive("STOP")
            self.assertEqual(
                (message.state, message.gate_reason), ("canceled", "opted_out")
            )
            answer = self.messages_to()[-1]
            self.assertEqual(answer.exemption, "opt_out_confirmation")
            self.assertEqual(
                (answer.gate_verdict, answer.gate_timing), ("send", "answer")
            )

    def test_urgent_messages_leave_at_night(self):
        with freeze_time(NIGHT):
            message = self.send("alert")
            self.assertEqual(
                (message.gate_verdict, message.gate_timing), ("send", "urgent")
            )

    def test_offers_keep_the_law_under_opt_out_too(self):
        self.allow_offers()
        company = self.make_company("Apps", sms_consent_policy="opt_out")
        with freeze_time(NIGHT):
            message = self.send("marketing", record_company_id=company.id)
            self.assertHeld(message)

    def test_odoos_own_provider_is_left_alone_until_asked(self):
        self.allow_offers()
        company = self.make_company("Apps", "iap", sms_consent_policy="opt_out")
        with freeze_time(NIGHT):
            message = self.send("marketing", record_company_id=company.id)
            self.assertEqual(message.gate_timing, timing.NOT_KEPT)
            self.assertFalse(message.local_time)
            message.unlink()
            company.sms_quiet_hours = True
            message = self.send("marketing", record_company_id=company.id)
            self.assertHeld(message)
            message.send()
            self.assertHeld(message)
            self.run_native_queue()
            self.assertHeld(message)
            self.assertNotIn(
                message,
                self.env["sms.sms"].search(self.env["sms.sms"]._get_due_domain()),
            )
            company.sms_consent_policy = "opt_in"
            company.sms_quiet_hours = False
            self.assertTrue(company._keeps_sms_quiet_hours())

    def test_an_appointments_reminder_does_not_outlive_it(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": MORNING - timedelta(minutes=30),
                "stop": MORNING,
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        with freeze_time(NIGHT):
            event._message_sms("See you.", partner_ids=self.customer.ids)
            message = self.messages_to()
            self.assertBlocked(message, "appointment", "expired")
            self.assertEqual(message.expires_at, event.start)
            self.assertEqual(message.shown_label, "Expired")
        event.start = MORNING + timedelta(hours=2)
        with freeze_time(NIGHT):
            event._message_sms("See you.", partner_ids=self.customer.ids)
            message = self.messages_to()[-1]
            self.assertHeld(message)
        with freeze_time(MORNING + timedelta(hours=2)):
            self.run_outbox()
            self.assertEqual(
                (message.state, message.gate_reason), ("canceled", "expired")
            )

    def test_times_as_text(self):
        with freeze_time(NOON):
            message = self.send(expires_at="2026-07-01 17:00:00")
            self.assertBlocked(message, "ticket", "expired")
            message = self.send(send_at="2026-07-01 20:00:00")
            self.assertHeld(message, timing.SCHEDULED, datetime(2026, 7, 1, 20))

    def test_what_is_held_is_not_tried_meanwhile(self):
        """Or the first failure after a weekend would be past its deadline."""
        refused = outbound.Outcome(outbound.AGAIN, fault=faults.NO_CONNECTION)
        with freeze_time("2026-07-04 01:59:00"):  # Friday, 19:59 in Denver
            message = self.send()
            message._mark_claimed("sandbox")
            message._record_refused(refused)
        with freeze_time("2026-07-04 02:01:00"):
            self.run_outbox()
            self.assertHeld(message, until=MONDAY)
        with freeze_time("2026-07-05 12:00:00"):
            facts = self.env["sms.outbox.watch"]._get_facts(self.company)
            self.assertEqual(facts["not_connected"], 0)
        with freeze_time(MONDAY + timedelta(minutes=30)):
            message._mark_claimed("sandbox")
            message._record_refused(refused)
            self.assertEqual((message.state, message.attempts), ("outgoing", 2))
        with freeze_time(MONDAY + timedelta(hours=25)):
            message._mark_claimed("sandbox")
            message._record_refused(refused)
            self.assertEqual(message.state, "error")

    def test_no_hour_in_common_is_told(self):
        self.env["sms.quiet.hours"].create(
            {
                "name": "Never",
                "source": "The house",
                "quiet_class": "informational",
                **{
                    f"{day}_{end}": 9
                    for day in ("weekday", "saturday", "sunday")
                    for end in ("from", "to")
                },
            }
        )
        with freeze_time(NOON):
            message = self.send()
            self.assertEqual(message.gate_reason, timing.NO_OPENING)
            self.assertIn("correct the time zone", message.shown_reason)


@tagged("post_install", "-at_install")
class TestTooMany(QuietHoursCase):
    """A number gets no more texts of a purpose per day than its limit."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert", "marketing")
        self.purposes("ticket").max_per_day = 3

    def test_the_purposes_limit(self):
        with freeze_time(NOON):
            for _index in range(3):
                self.assertSent(self.send(), "ticket")
            self.assertBlocked(self.send(), "ticket", "too_many")
            self.run_outbox()
            self.assertBlocked(self.send(), "ticket", "too_many")
            self.assertEqual(self.send("marketing").gate_verdict, "send")
        with freeze_time("2026-07-02 17:59:00"):
            self.assertBlocked(self.send(), "ticket", "too_many")
        with freeze_time("2026-07-02 18:00:01"):
            self.assertSent(self.send(), "ticket")

    def test_answers_to_their_own_texts_do_not_count(self):
        with freeze_time(NOON):
            for _index in range(4):
                self.receive("HELP")
            self.assertEqual(len(self.messages_to()), 4)
            self.assertSent(self.send(), "ticket")

    def test_in_one_batch(self):
        with freeze_time(NOON):
            values = {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
            }
            messages = self.env["sms.sms"].create([dict(values) for _ in range(5)])
            self.assertEqual(
                messages.mapped("gate_verdict"), ["send"] * 3 + ["block"] * 2
            )

    def test_what_waits_is_not_counted_against_itself(self):
        with freeze_time(NOON):
            messages = self.send() | self.send() | self.send()
            self.run_outbox()
            self.assertEqual(set(messages.mapped("state")), {"sent"})

    def test_what_is_scheduled_counts_for_the_day_on_which_it_leaves(self):
        tomorrow = MORNING + timedelta(hours=4, minutes=1)
        with freeze_time(NOON):
            for _index in range(3):
                self.assertHeld(self.send(send_at=tomorrow), "scheduled", tomorrow)
            self.assertBlocked(self.send(send_at=tomorrow), "ticket", "too_many")
            for _index in range(3):
                self.assertSent(self.send(), "ticket")
            self.assertBlocked(self.send(), "ticket", "too_many")
            later = tomorrow + timedelta(days=4)
            self.assertHeld(self.send(send_at=later), "scheduled", later)
            self.run_outbox()
        with freeze_time(tomorrow):
            self.run_outbox()
            self.assertBlocked(self.send(), "ticket", "too_many")
        sent = self.messages_to().filtered(lambda it: it.state == "sent")
        self.assertEqual(len(sent), 6)

    @freeze_time(NOON)
    def test_a_text_is_not_moved_to_a_day_that_has_its_texts(self):
        for _index in range(3):
            self.send()
        self.run_outbox()
        tomorrow = MORNING + timedelta(hours=4, minutes=1)
        message = self.send(send_at=tomorrow)
        with (
            self.assertRaisesRegex(UserError, "Too many today"),
            self.env.cr.savepoint(),
        ):
            message.with_user(self.agent)._move(False)
        message.invalidate_recordset()
        self.assertHeld(message, "scheduled", tomorrow)

    def test_what_is_to_leave_later_on_the_same_day_was_promised_before(self):
        evening = datetime(2026, 7, 2, 1)  # 19:00 in Denver
        with freeze_time(NOON):
            for _index in range(3):
                self.assertHeld(self.send(send_at=evening), "scheduled", evening)
            self.assertBlocked(self.send(), "ticket", "too_many")

    def test_no_more_within_24_hours_over_midnight(self):
        with freeze_time(NOON):
            for _index in range(3):
                self.send()
            self.run_outbox()
            for minutes, is_blocked in ((-1, True), (0, False)):
                at = MORNING + timedelta(hours=4, minutes=minutes)
                message = self.send(send_at=at)
                self.assertEqual(message.state == "canceled", is_blocked)

    def test_what_is_held_for_the_morning_counts_there(self):
        """Though they are spread over the first half hour."""
        with freeze_time(NIGHT):
            for _index in range(3):
                self.assertHeld(self.send())
            self.assertBlocked(self.send(), "ticket", "too_many")

    def test_in_one_batch_each_day_has_its_limit(self):
        with freeze_time(NOON):
            tomorrow = MORNING + timedelta(hours=4, minutes=1)
            days = (False, tomorrow, MORNING + timedelta(days=4))
            values = {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
            }
            messages = self.env["sms.sms"].create(
                [{**values, "send_at": day} for _index in range(4) for day in days]
            )
            self.assertEqual(
                messages.mapped("gate_verdict"),
                ["send", "hold", "hold"] * 3 + ["block"] * 3,
            )

    def test_the_limit_of_a_state(self):
        florida = "+13055550177"
        self.record_consent(florida, "marketing")
        with freeze_time(NOON):
            for _index in range(3):
                message = self.send("marketing", florida)
                self.assertEqual(message.gate_verdict, "send")
            self.assertBlocked(self.send("marketing", florida), "marketing", "too_many")
            self.assertEqual(self.send("marketing").gate_verdict, "send")

    def test_urgent_messages_have_no_limit(self):
        with freeze_time(NOON):
            for _index in range(30):
                message = self.send("alert")
            self.assertEqual(message.gate_verdict, "send")

    def test_other_companies_count_for_themselves(self):
        company = self.make_company("Branch")
        self.record_consent(company=company)
        with freeze_time(NOON):
            for _index in range(3):
                self.send()
            message = self.send(record_company_id=company.id)
            self.assertSent(message, "ticket")

    def test_one_query_for_a_batch(self):
        purpose = self.purposes("ticket")
        purpose.write({"max_per_day": 30, "relaxation_reason": "A batch is tested"})

        def create(count):
            return self.env["sms.sms"].create(
                [
                    {
                        "number": phone_number(index),
                        "body": "Hello",
                        "purpose_id": purpose.id,
                    }
                    for index in range(count)
                ]
            )

        for index in range(150):
            self.record_consent(phone_number(index))
        with freeze_time(NOON):
            self.send(send_at=MORNING + timedelta(days=1))
        for now in (NOON, NIGHT):
            with freeze_time(now):
                create(2)
                few = self.count_queries(create, 40)
                # The ORM inserts rows a hundred at a time.
                self.assertLessEqual(self.count_queries(create, 150), few + 2)


@tagged("post_install", "-at_install")
class TestReplacing(QuietHoursCase):
    """A newer update of a ticket replaces one that still waits."""

    def setUp(self):
        super().setUp()
        self.record_consent()
        self.template = self.env["sms.template"].create(
            {
                "name": "Update",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "{{ object.stage_id.name }}",
            }
        )

    def tell(self, ticket=None):
        """Text an update about a ticket; return the message."""
        self.send_template(ticket or self.ticket, self.template)
        return self.messages_to()[-1]

    def test_the_newest_replaces_the_others_but_the_first(self):
        with freeze_time(NIGHT):
            first, second, third = (self.tell() for _index in range(3))
            self.assertHeld(first)
            self.assertHeld(third)
            self.assertEqual(second.state, "canceled")
            self.assertEqual(second.replaced_by_id, third)
            self.assertEqual(second.shown_label, "Replaced")
            self.assertEqual(second.failure_type, "sms_replaced")
            statuses = self.notifications_of(self.ticket).mapped("notification_status")
            self.assertEqual(statuses, ["ready", "canceled", "ready"])

    def test_what_an_agent_wrote_stays(self):
        with freeze_time(NIGHT):
            self.tell()
            self.ticket.with_user(self.agent)._message_sms("I will call you at 9.")
            written = self.messages_to()[-1]
            self.tell()
            self.assertHeld(written)

    def test_other_tickets_and_numbers_stay(self):
        other = self.make_ticket(self.customer)
        with freeze_time(NIGHT):
            messages = self.tell() | self.tell(other) | self.tell() | self.tell(other)
            self.assertEqual(set(messages.mapped("state")), {"outgoing"})

    def test_a_text_for_later_takes_no_others_place(self):
        with freeze_time(NIGHT):
            messages = self.tell() | self.tell()
            later = self.env["sms.sms"].with_context(
                sms_send_at=MORNING + timedelta(days=5)
            )
            ticket = self.ticket.with_env(later.env)
            self.send_template(ticket, self.template)
            self.assertEqual(self.messages_to()[-1].gate_reason, timing.SCHEDULED)
            self.assertEqual(set(messages.mapped("state")), {"outgoing"})

    def test_what_takes_anothers_place_is_not_too_many(self):
        """The limit is reached by the replaced text, and the newer one is sent."""
        self.purposes("ticket").max_per_day = 2
        other = self.make_ticket(self.customer)
        with freeze_time(NIGHT):
            first, second, third, fourth = (self.tell() for _index in range(4))
            self.assertEqual(set((second | third).mapped("state")), {"canceled"})
            self.assertEqual(second.replaced_by_id, third)
            self.assertEqual(third.replaced_by_id, fourth)
            self.assertHeld(first)
            self.assertHeld(fourth)
            self.assertFalse(fourth.failure_type)
            self.assertBlocked(self.tell(other), "ticket", "too_many")
            statuses = self.notifications_of(self.ticket).mapped("notification_status")
            self.assertEqual(statuses, ["ready", "canceled", "canceled", "ready"])

    def test_what_is_sent_again_ends_in_its_own_way(self):
        """It does not keep its former end, replaced or cancelled."""
        with freeze_time(NIGHT):
            _first, second, third = (self.tell() for _index in range(3))
            third.with_user(self.agent).action_cancel_waiting()
            self.assertEqual(second.shown_state, "replaced")
            (second | third).action_set_outgoing()
            self.receive("STOP")
            for message in second | third:
                self.assertBlocked(message, "ticket", "opted_out")
                self.assertEqual(message.shown_state, "blocked")
                self.assertFalse(message.cancelled_by_id)

    def test_nothing_is_replaced_by_what_is_too_many_all_the_same(self):
        with freeze_time(NIGHT):
            messages = self.tell() | self.tell()
            self.purposes("ticket").max_per_day = 1
            self.assertBlocked(self.tell(), "ticket", "too_many")
            self.assertEqual(set(messages.mapped("state")), {"outgoing"})

    def test_what_was_sent_stays(self):
        with freeze_time(NOON):
            self.tell()
            second = self.tell()
            self.run_outbox()
            self.tell()
            self.assertEqual(second.state, "sent")


@tagged("post_install", "-at_install")
class TestMoving(QuietHoursCase):
    """Users schedule, move and cancel waiting messages."""

    def setUp(self):
        super().setUp()
        self.record_consent()

    def compose(self, send_at, user=None, record=None):
        """Text the ticket's customer by Odoo's composer; return the message."""
        record = record or self.ticket
        composer = (
            self.env["sms.composer"]
            .with_user(user or self.agent)
            .with_context(
                default_composition_mode="comment",
                default_res_model=record._name,
                default_res_id=record.id,
            )
            .create({"body": "Hello", "send_at": send_at})
        )
        composer.action_send_sms()
        return self.messages_to()[-1]

    @freeze_time(NOON)
    def test_send_at(self):
        later = datetime(2026, 7, 1, 21, 30)
        message = self.compose(later)
        self.assertHeld(message, timing.SCHEDULED, later)
        self.assertEqual(message.not_before, later)
        self.assertEqual(message.shown_label, "Held until today 3:30 PM, Denver time")
        with freeze_time(later):
            self.run_outbox()
            self.assertEqual(message.state, "sent")

    @freeze_time(NOON)
    def test_what_is_scheduled_goes_with_the_record_that_it_was_written_on(self):
        self.record_consent(None, "marketing")
        later = datetime(2026, 7, 1, 21, 30)
        contact = self.make_customer(self.number)
        message = self.compose(later, self.administrator, contact)
        self.assertHeld(message, timing.SCHEDULED, later)
        contact.with_user(self.administrator).unlink()
        self.env.invalidate_all()
        self.assertEqual(message.state, "canceled")
        self.assertIn(self.administrator.name, message.shown_reason)
        with freeze_time(later):
            self.run_outbox()
        self.assertEqual(message.state, "canceled")

    @freeze_time(NOON)
    def test_send_at_night_waits_for_the_morning(self):
        self.assertHeld(self.compose(datetime(2026, 7, 2, 5, 0)))

    @freeze_time(NOON)
    def test_the_past_is_refused(self):
        with self.assertRaises(ValidationError):
            self.compose(datetime(2026, 7, 1, 17, 59))

    @freeze_time(NOON)
    def test_a_slip_of_the_year_is_refused(self):
        for year in (2028, 9999):
            with self.assertRaisesRegex(ValidationError, "more than a year"):
                self.compose(datetime(year, 12, 31, 23, 59))
        message = self.compose(datetime(2027, 7, 1, 18, 0)).with_user(self.agent)
        form = Form(
            self.env["sms.reschedule"]
            .with_user(self.agent)
            .with_context(**message.action_change_time()["context"])
        )
        form.send_at = datetime(9999, 12, 31, 23, 59)
        self.assertIn("more than a year", form.fault)
        with self.assertRaises(ValidationError):
            form.save()

    @freeze_time(NIGHT)
    def test_the_composer_says_that_a_year_is_wrong(self):
        composer = self.env["sms.composer"].with_user(self.agent)
        form = Form(
            composer.with_context(
                default_composition_mode="comment",
                default_res_model="helpdesk.ticket",
                default_res_id=self.ticket.id,
            )
        )
        form.send_at = datetime(9999, 12, 31, 23, 59)
        self.assertIn("more than a year", form.sms_block_reason)
        form.send_at = datetime(2026, 7, 2, 16, 0)
        self.assertFalse(form.sms_block_reason or form.is_time_wrong)

    @freeze_time(NIGHT)
    def test_the_desk_lets_a_wrong_time_be_corrected(self):
        """And does not offer to record consent, which is not missing."""
        ticket = self.ticket.with_user(self.agent)
        composer = ticket._new_sms_composer(send_at="2026-01-01 12:00:00")
        reply = ticket._prepare_sms_reply(composer)
        self.assertIn("is in the past", reply["blocked"])
        self.assertTrue(reply["is_time_wrong"])
        self.assertFalse(reply["button"] or reply["advice"])

    @freeze_time(NIGHT)
    def test_the_composer_tells_when_it_would_leave(self):
        composer = self.env["sms.composer"].with_user(self.agent)
        composer = composer.with_context(
            default_composition_mode="comment",
            default_res_model="helpdesk.ticket",
            default_res_id=self.ticket.id,
        )
        form = Form(composer)
        self.assertRegex(form.sms_time_note, r"^tomorrow 8:00 AM, Denver time: Quiet")
        form.send_at = datetime(2026, 7, 2, 16, 0)
        self.assertEqual(form.sms_time_note, "tomorrow 10:00 AM, Denver time")

    @freeze_time(NOON)
    def test_the_composer_says_that_it_would_come_too_late(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": MORNING,
                "stop": MORNING + timedelta(hours=1),
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        self.record_consent(None, "appointment")
        form = Form(
            self.env["sms.composer"].with_context(
                default_composition_mode="comment",
                default_res_model="calendar.event",
                default_res_id=event.id,
            )
        )
        self.assertFalse(form.sms_block_reason)
        form.send_at = MORNING + timedelta(minutes=1)
        self.assertIn("too late", form.sms_block_reason)

    @freeze_time(NOON)
    def test_a_client_cannot_send_a_time_in_its_context(self):
        with_context = self.env["sms.sms"].with_context(sms_send_at="2030-01-01")
        message = with_context.create(
            {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        self.assertFalse(message.send_at)

    @freeze_time(NOON)
    def test_moving(self):
        message = self.compose(datetime(2026, 7, 1, 21, 30)).with_user(self.agent)
        action = message.action_change_time()
        form = Form(
            self.env["sms.reschedule"]
            .with_user(self.agent)
            .with_context(**action["context"])
        )
        self.assertEqual(form.local_note, "today 3:30 PM, Denver time")
        form.send_at = datetime(2026, 7, 1, 22, 30)
        form.save().action_move()
        self.assertEqual(message.not_before, datetime(2026, 7, 1, 22, 30))
        form = Form(self.env["sms.reschedule"].with_context(**action["context"]))
        form.send_at = False
        form.save().action_move()
        self.assertEqual(message.gate_verdict, "send")
        self.assertLessEqual(message.not_before, datetime(2026, 7, 1, 18))

    @freeze_time(NOON)
    def test_moving_beyond_its_point(self):
        message = self.compose(datetime(2026, 7, 1, 21, 30)).with_user(self.agent)
        message.sudo().expires_at = MORNING
        reschedules = (
            self.env["sms.reschedule"]
            .with_user(self.agent)
            .with_context(**message.action_change_time()["context"])
        )
        form = Form(reschedules)
        form.send_at = MORNING
        self.assertIn("too late", form.fault)
        with self.assertRaisesRegex(ValidationError, "too late"):
            form.save()
        # At night: by the end of quiet hours it has expired.
        move = reschedules.create({"send_at": MORNING - timedelta(hours=3)})
        with self.assertRaisesRegex(UserError, "too late"), self.env.cr.savepoint():
            move.action_move()
        message.invalidate_recordset()
        self.assertHeld(message, timing.SCHEDULED, datetime(2026, 7, 1, 21, 30))

    @freeze_time(NOON)
    def test_an_answer_is_not_promised_for_a_time_when_it_is_none_any_more(self):
        number = phone_number(3)
        ticket = self.make_ticket(self.make_customer(number)).with_user(self.agent)
        self.receive("Is it mended?", number)
        allowed, beyond = datetime(2026, 7, 2, 17), "2026-07-02 19:00:00"
        blocked = ticket.preview_sms_reply(send_at=beyond)["blocked"]
        self.assertIn("No consent", blocked)
        ticket.send_sms_reply("It is.", "key", send_at=str(allowed))
        message = self.messages_to(number)[-1]
        self.assertHeld(message, timing.SCHEDULED, allowed)
        action = message.with_user(self.agent).action_change_time()
        moves = self.env["sms.reschedule"].with_user(self.agent)
        move = moves.with_context(**action["context"]).create({"send_at": beyond})
        with self.assertRaisesRegex(UserError, "No consent"), self.env.cr.savepoint():
            move.action_move()
        message.invalidate_recordset()
        self.assertHeld(message, timing.SCHEDULED, allowed)

    @freeze_time(NOON)
    def test_cancelling(self):
        message = self.compose(datetime(2026, 7, 1, 21, 30)).with_user(self.agent)
        self.assertTrue(message.is_movable)
        message.action_cancel_waiting()
        self.assertEqual(message.shown_state, "cancelled")
        self.assertIn(self.agent.name, message.shown_reason)
        with self.assertRaises(UserError):
            message.action_cancel_waiting()

    @freeze_time(NOON)
    def test_cancelling_several_of_which_some_have_left(self):
        """As in an outdated list: those that still wait are cancelled."""
        waiting = self.compose(datetime(2026, 7, 1, 21, 30)).with_user(self.agent)
        left = self.compose(False).with_user(self.agent)
        self.run_outbox()
        self.assertEqual(left.state, "sent")
        told = (waiting | left).action_cancel_waiting()
        self.assertEqual((waiting.state, left.state), ("canceled", "sent"))
        self.assertEqual(waiting.cancelled_by_id, self.agent)
        self.assertFalse(left.cancelled_by_id)
        self.assertIn("1 of 2", told["params"]["message"])

    @freeze_time(NOON)
    def test_who_may_not(self):
        message = self.compose(datetime(2026, 7, 1, 21, 30))
        for user in (self.compliance_officer, self.employee, self.own_agent):
            theirs = message.with_user(user)
            for method in ("action_cancel_waiting", "action_change_time"):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    getattr(theirs, method)()
        self.assertHeld(message, timing.SCHEDULED, datetime(2026, 7, 1, 21, 30))


@tagged("post_install", "-at_install")
class TestRules(QuietHoursCase):
    """Managers make rules stricter freely, and relax them with a reason."""

    def setUp(self):
        super().setUp()
        self.rule = self.env.ref("helpdesk_mgmt_sms.sms_quiet_hours_us_fl")
        self.rule = self.rule.with_user(self.administrator)

    def test_stricter_without_a_reason(self):
        self.rule.write({"weekday_from": 9, "sunday_to": 8, "max_per_day": 1})
        self.assertEqual(self.rule.sunday_hours, "Closed")
        self.assertEqual(self.rule.weekday_hours, "9:00–20:00")

    def test_less_strict_only_with_a_reason(self):
        for values in (
            {"weekday_from": 7.5},
            {"saturday_to": 21},
            {"max_per_day": 0},
            {"effective_to": "2027-01-01"},
            {"active": False},
            {"quiet_class": "informational"},
            {"state_id": self.env.ref("base.state_us_5").id},
            {"company_id": self.company.id},
        ):
            with self.subTest(**values):
                with self.assertRaises(UserError):
                    self.rule.write(values)
                with self.assertRaises(UserError):
                    self.rule.write({**values, "relaxation_reason": "  "})
        self.rule.write(
            {"weekday_from": 7.5, "relaxation_reason": "Counsel, 3 May: so be it."}
        )
        with self.assertRaises(UserError):
            self.rule.weekday_from = 7

    def test_the_reason_is_kept_in_the_chatter(self):
        rule = self.rule.with_context(tracking_disable=True)
        rule.write({"weekday_from": 7, "relaxation_reason": "Counsel, 3 May"})
        note = self.rule.sudo().message_ids[0]
        self.assertEqual(note.author_id, self.administrator.partner_id)
        for words in ("Counsel, 3 May", "From: 7:00, and no longer 8:00"):
            self.assertIn(words, note.body)

    def test_longer_business_hours_only_with_a_reason(self):
        settings = self.env["sms.settings"].with_user(self.manager).create({})
        settings.sms_courtesy_from = 9
        with self.assertRaises(UserError) as caught:
            settings.sms_courtesy_to = 22
        self.assertIn("Reason for Longer Hours", str(caught.exception))
        reason = "The board, on 3 May"
        settings.write({"sms_courtesy_to": 22, "sms_courtesy_reason": reason})
        note = self.company.partner_id.message_ids[0]
        self.assertEqual(note.author_id, self.manager.partner_id)
        for words in (reason, "Monday to Friday 9:00–22:00", "9:00–20:00"):
            self.assertIn(words, note.body)

    def test_nobody_deletes_a_rule(self):
        with self.assertRaises(AccessError):
            self.rule.unlink()
        with self.assertRaises(UserError):
            self.rule.sudo().unlink()

    def test_a_new_rule_is_heeded_at_once(self):
        with freeze_time(NOON):
            self.record_consent(None, "marketing")
            self.assertEqual(self.send("marketing").gate_verdict, "send")
            rule = self.env["sms.quiet.hours"].with_user(self.manager)
            rule.create(
                {
                    "name": "Colorado, evenings only",
                    "source": "The house",
                    "country_id": self.country.id,
                    "state_id": self.env.ref("base.state_us_6").id,
                    "weekday_from": 18,
                }
            )
            evening = datetime(2026, 7, 2, 0, 0)
            self.assertHeld(self.send("marketing"), until=evening)

    def test_a_rule_that_does_not_hold_yet_opens_no_night(self):
        """Without a rule in force, offers keep business hours."""
        number = "+393123456789"
        with freeze_time("2026-07-01 23:30:00"):  # 1:30 in Rome
            self.record_consent(number, "marketing")
            self.assertEqual(self.send("marketing", number).gate_verdict, "hold")
            rule = self.env["sms.quiet.hours"].create(
                {
                    "name": "Italy",
                    "source": "The law of next year",
                    "country_id": self.env.ref("base.it").id,
                    "effective_from": "2027-01-01",
                }
            )
            self.assertEqual(self.send("marketing", number).gate_verdict, "hold")
            rule.write(
                {
                    "effective_from": False,
                    "effective_to": "2026-06-01",
                    "relaxation_reason": "It was repealed",
                }
            )
            self.assertEqual(self.send("marketing", number).gate_verdict, "hold")

    def test_a_rule_of_one_company_is_its_own(self):
        company = self.make_company("Branch")
        self.record_consent(company=company)
        self.record_consent()
        self.env["sms.quiet.hours"].create(
            {
                "name": "Evenings only",
                "source": "The house",
                "quiet_class": "informational",
                "company_id": company.id,
                "weekday_from": 18,
            }
        )
        with freeze_time(NOON):
            self.assertEqual(self.send().gate_verdict, "send")
            self.assertEqual(
                self.send(record_company_id=company.id).gate_verdict, "hold"
            )

    def test_a_place_with_rules_is_not_deleted(self):
        """The rule of a state would become that of its country, or of them all."""
        country = self.env["res.country"].create({"name": "Ruritania", "code": "XR"})
        state = self.env["res.country.state"].create(
            {"name": "Hentzau", "code": "HE", "country_id": country.id}
        )
        values = {"name": "Theirs", "source": "x", "country_id": country.id}
        self.env["sms.quiet.hours"].create({**values, "state_id": state.id})
        self.env.flush_all()
        for place in (state, country):
            with (
                self.subTest(place=place.name),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                place.unlink()

    def test_what_makes_no_sense_is_refused(self):
        with self.assertRaises(ValidationError):
            self.rule.state_id = self.env.ref("base.state_ca_ab")
        with self.assertRaises(ValidationError):
            self.rule.write(
                {
                    "effective_from": "2027-01-01",
                    "effective_to": "2026-01-01",
                    "relaxation_reason": "x",
                }
            )

    def test_every_shipped_rule_names_its_source(self):
        rules = self.env["sms.quiet.hours"].search([])
        self.assertEqual(len(rules), 31)
        self.assertTrue(all(rule.source for rule in rules))
        doubtful = rules.filtered(lambda rule: not rule.is_confirmed)
        self.assertIn("OK", doubtful.mapped("state_id.code"))

    def test_the_shipped_classes_of_purposes(self):
        found = {
            purpose.code: purpose.quiet_class
            for purpose in self.env["sms.purpose"].search([])
        }
        self.assertEqual(
            found,
            {
                "ticket": "informational",
                "appointment": "informational",
                "alert": "urgent",
                "internal": "urgent",
                "marketing": "marketing",
            },
        )

    def test_an_offer_cannot_be_called_urgent(self):
        for values in ({"quiet_class": "urgent"}, {"quiet_class": "informational"}):
            with self.assertRaises(ValidationError):
                self.purposes("marketing").write(values)
        with self.assertRaises(ValidationError):
            self.purposes("ticket").is_helpdesk = False
