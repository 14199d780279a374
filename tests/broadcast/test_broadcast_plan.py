# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When broadcasts leave: at a time, by each recipient's clock, spread over hours."""

from datetime import datetime, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..clock import freeze_time
from ..common import ACTION, phone_number
from .common import AudienceCase, BroadcastCase

#: Nine in the morning in Denver, in summer.
MORNING = datetime(2026, 7, 1, 15)
EVENING = MORNING + timedelta(hours=9)


class PlanCase(AudienceCase):
    """Broadcasts that leave in the evening."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.tz = "America/Denver"

    def plan(self, **values):
        """Return a broadcast that is planned for the evening."""
        values = {"filter_domain": "[('city', '=', 'Denver')]", **values}
        broadcast = self.make_filtered(
            values.pop("filter_domain"),
            send_at=values.pop("send_at", EVENING),
            **values,
        )
        self.check(broadcast)
        broadcast.action_send()
        return broadcast

    def read_notes(self, broadcast):
        """Return the bodies of the broadcast's chatter."""
        return "".join(broadcast.message_ids.mapped("body"))

    def leave(self, moment=EVENING):
        """Run the cron of broadcasts at a given time."""
        with freeze_time(moment):
            self.work()


@tagged("post_install", "-at_install")
@freeze_time(MORNING)
class TestPlan(PlanCase):
    """A planned broadcast waits for its time, then selects its recipients again."""

    def test_it_leaves_at_its_time(self):
        broadcast = self.plan()
        self.assertEqual(broadcast.state, "planned")
        self.assertEqual(broadcast.leaves_at, EVENING)
        self.leave(EVENING - timedelta(minutes=1))
        self.assertFalse(self.texts(broadcast))
        self.assertFalse(broadcast.started_at)
        self.leave()
        self.assertEqual(broadcast.state, "sent")
        self.assertEqual(broadcast.started_at, EVENING)
        self.assertEqual(self.texts(broadcast).partner_id, self.agreed)
        self.assertEqual(set(self.texts(broadcast).mapped("gate_verdict")), {"send"})

    def test_one_that_is_days_late_is_not_sent_by_itself(self):
        """The server was down: what was true then may be wrong now."""
        broadcast = self.plan()
        self.leave(EVENING + timedelta(days=1, minutes=1))
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(self.texts(broadcast))
        self.assertIn("“Send at” is in the past", self.read_notes(broadcast))
        late = self.plan()
        self.leave(EVENING + timedelta(hours=23))
        self.assertEqual(late.state, "sent")

    def test_its_cron_is_woken_then(self):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast")
        self.plan()
        self.cr.flush()
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(EVENING, calls.mapped("call_at"))

    def test_who_matches_then_gets_it(self):
        broadcast = self.plan()
        self.agreed[0].city = "Boston"
        joined = self.make_local(phone_number(330), "Moved in")
        self.record_consent(phone_number(330), "alert")
        self.leave()
        self.assertEqual(
            self.texts(broadcast).partner_id, self.agreed[1:] | self.twin | joined
        )
        self.assertEqual(len(self.texts(broadcast)), 4)
        self.assertEqual(len(set(self.texts(broadcast).mapped("number"))), 4)
        note = "1 people were added, 1 no longer match"
        self.assertIn(note, self.read_notes(broadcast))

    def test_nothing_is_noted_when_nothing_has_changed(self):
        broadcast = self.plan()
        self.leave()
        self.assertNotIn("selected again", self.read_notes(broadcast))

    def test_a_list_leaves_as_it_was(self):
        rows = ["Phone,Name", f"{phone_number(310)},Ann", ",Nobody"]
        broadcast = self.make_listed(rows, send_at=EVENING)
        self.check(broadcast)
        broadcast.action_send()
        self.leave()
        self.assertEqual(broadcast.state, "sent")
        self.assertEqual(len(self.texts(broadcast)), 1)
        self.assertEqual(broadcast.concerned_count, 2)

    def test_what_cannot_be_selected_any_more(self):
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_circuit",
                "model_id": self.env.ref("base.model_res_partner").id,
                "ttype": "char",
            }
        )
        self.agreed.write({"x_circuit": "A1"})
        colleague = new_test_user(
            self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager"
        )
        for change, words in (
            (lambda _it: field.unlink(), "x_circuit"),
            (lambda _it: self.agreed.write({"city": "Boston"}), "Nobody matches"),
            (lambda _it: self.manager.write({"active": False}), "has left the company"),
        ):
            domain = [("city", "=", "Denver"), ("id", "in", self.agreed.ids)]
            if words == "x_circuit":
                domain = [("x_circuit", "=", "A1")]
            if words == "has left the company":
                self.agreed.write({"city": "Denver"})
            broadcast = self.plan(filter_domain=str(domain))
            change(broadcast)
            self.leave()
            with self.subTest(words):
                self.assertEqual(broadcast.state, "draft")
                self.assertFalse(self.texts(broadcast))
                self.assertIn(words, self.read_notes(broadcast))
                told = broadcast.message_ids.partner_ids
                is_left = words == "has left the company"
                reader = colleague if is_left else broadcast.user_id
                self.assertIn(reader.partner_id, told)

    def test_whoever_prepared_it_works_for_another_company(self):
        other = self.make_company("Other")
        colleague = new_test_user(
            self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager"
        )
        broadcast = self.plan().with_env(self.env)
        self.manager.write({"company_id": other.id, "company_ids": other.ids})
        self.leave()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("has left the company", self.read_notes(broadcast))
        told = broadcast.message_ids.partner_ids
        self.assertIn(colleague.partner_id, told)
        self.assertNotIn(self.manager.partner_id, told)

    def test_more_people_than_were_approved(self):
        self.company.sms_approve_from = 3
        colleague = new_test_user(
            self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager"
        )
        broadcast = self.plan()
        self.assertEqual(broadcast.state, "planned")
        self.make_local(phone_number(330), "Moved in")
        self.record_consent(phone_number(330), "alert")
        self.leave()
        self.assertEqual(broadcast.state, "waiting")
        self.assertFalse(self.texts(broadcast))
        with freeze_time(EVENING + timedelta(minutes=5)):
            broadcast.with_user(colleague).action_approve()
            self.work()
        self.assertEqual(len(self.texts(broadcast)), 4)

    def test_an_audience_that_grows_after_the_approval(self):
        """As many as need an approval were never shown to who has given one."""
        self.company.sms_approve_from = 2
        colleague = new_test_user(
            self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager"
        )
        broadcast = self.plan(filter_domain="[('city', 'in', ('Denver', 'Erie'))]")
        broadcast.with_user(colleague).action_approve()
        self.assertEqual(broadcast.state, "planned")
        for index in range(330, 333):
            self.make_local(phone_number(index), "Moved in").city = "Erie"
            self.record_consent(phone_number(index), "alert")
        self.leave()
        self.assertEqual(broadcast.state, "waiting")
        self.assertFalse(broadcast.approver_id)
        self.assertFalse(self.texts(broadcast))
        with freeze_time(EVENING + timedelta(minutes=5)):
            broadcast.with_user(colleague).action_approve()
            self.work()
        self.assertEqual(len(self.texts(broadcast)), 6)

    def test_an_incident_that_has_ended(self):
        incident = self.env["sms.incident"].create({"name": "No network"})
        broadcast = self.plan(incident_id=incident.id)
        incident._set_state("resolved")
        self.leave()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("resolved meanwhile", self.read_notes(broadcast))

    def test_a_server_error(self):
        broadcast = self.plan()
        self.assertEqual(broadcast.sudo()._stop_for_fault(), 1)
        self.assertEqual(broadcast.state, "draft")

    def test_change_and_cancel(self):
        broadcast = self.plan()
        broadcast.action_change()
        self.assertEqual(broadcast.state, "draft")
        broadcast.send_at = EVENING + timedelta(days=1)
        self.check(broadcast)
        broadcast.action_send()
        self.leave()
        self.assertEqual(broadcast.state, "planned")
        broadcast.action_cancel()
        self.leave(EVENING + timedelta(days=1))
        self.assertEqual(broadcast.state, "cancelled")
        self.assertFalse(self.texts(broadcast))

    def test_a_change_by_code_takes_the_plan_back(self):
        broadcast = self.plan()
        broadcast.body = "Something else"
        self.assertEqual(broadcast.state, "draft")
        self.leave()
        self.assertFalse(self.texts(broadcast))

    def test_a_time_that_has_passed(self):
        with self.assertRaisesRegex(ValidationError, "in the past"):
            self.make(send_at=MORNING - timedelta(minutes=1))
        broadcast = self.make(send_at=EVENING)
        self.check(broadcast)
        with freeze_time(EVENING), self.assertRaisesRegex(UserError, "in the past"):
            broadcast.action_send()
        with freeze_time(EVENING), self.assertRaisesRegex(UserError, "in the past"):
            broadcast.action_check()

    def test_an_approval_that_comes_too_late(self):
        self.company.sms_approve_from = 2
        broadcast = self.plan()
        self.assertEqual(broadcast.state, "waiting")
        with freeze_time(EVENING), self.assertRaisesRegex(UserError, "in the past"):
            broadcast.action_approve()

    def test_an_agent_plans_nothing(self):
        broadcast = self.plan().with_user(self.agent)
        for button in ("action_change", "action_confirm", "action_cancel"):
            with self.subTest(button), self.assertRaises(AccessError):
                getattr(broadcast, button)()
        for values in ({"send_at": False}, {"leaves_at": False}, {"spread_hours": 1}):
            with self.subTest(**values), self.assertRaises(AccessError):
                broadcast.write(values)
        with self.assertRaises(AccessError):
            broadcast.with_user(self.manager).write({"leaves_at": EVENING})


@tagged("post_install", "-at_install")
@freeze_time(MORNING)
class TestHour(PlanCase):
    """Each text has its own earliest time."""

    def leavings(self, broadcast):
        """Return the earliest time of each contact's text."""
        return {sms.partner_id: sms.not_before for sms in self.texts(broadcast)}

    def test_where_each_recipient_is(self):
        self.agreed[0].tz = "America/New_York"
        self.agreed[1].tz = "Pacific/Honolulu"
        broadcast = self.plan(is_local_time=True)
        first = EVENING - timedelta(hours=2)
        self.assertEqual(broadcast.leaves_at, first)
        self.assertIn("in each recipient's local time", broadcast.when_note)
        self.leave(first)
        self.assertEqual(broadcast.state, "sent")
        found = self.leavings(broadcast)
        self.assertEqual(found[self.agreed[0]], first)
        self.assertEqual(found[self.agreed[1]], EVENING + timedelta(hours=4))

    def test_the_clock_of_its_author_is_shown_to_everybody(self):
        """Otherwise who approves it elsewhere approves another hour."""
        broadcast = self.plan(is_local_time=True)
        note = broadcast.with_context(tz="America/Denver").when_note
        self.assertIn("6:00", note)
        elsewhere = broadcast.with_user(self.administrator)
        elsewhere = elsewhere.with_context(tz="America/New_York")
        self.assertEqual(elsewhere.when_note, note)

    def test_a_time_that_has_passed_where_some_are(self):
        self.agreed[0].tz = "America/New_York"
        with self.assertRaisesRegex(UserError, "later than “Send at” already"):
            self.plan(send_at=MORNING + timedelta(hours=1), is_local_time=True)

    def test_spread_over_hours(self):
        broadcast = self.plan(spread_hours=3)
        self.leave()
        times = sorted(self.leavings(broadcast).values())
        self.assertEqual(
            times, [EVENING, EVENING + timedelta(hours=1), EVENING + timedelta(hours=2)]
        )

    def test_spread_from_now(self):
        broadcast = self.plan(send_at=False, spread_hours=6)
        self.work()
        times = sorted(self.leavings(broadcast).values())
        self.assertEqual(times[-1], MORNING + timedelta(hours=4))
        self.run_outbox()
        states = self.texts(broadcast).mapped("state")
        self.assertEqual(sorted(states), ["outgoing", "outgoing", "sent"])
        broadcast.action_cancel()
        self.work()
        states = self.texts(broadcast).mapped("state")
        self.assertEqual(sorted(states), ["canceled", "canceled", "sent"])

    def test_so_many_hours(self):
        for hours in (-1, 169):
            with (
                self.subTest(hours),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.make(spread_hours=hours)

    def test_the_confirmation(self):
        broadcast = self.make_filtered([("city", "=", "Denver")], send_at=EVENING)
        self.check(broadcast)
        action = broadcast.action_confirm()
        self.assertEqual((action["res_id"], action["target"]), (broadcast.id, "new"))
        self.assertEqual(broadcast.send_label, "Text 3 people")
        self.assertIn("6:00", broadcast.with_context(tz="America/Denver").when_note)
        self.company.sms_approve_from = 2
        broadcast.invalidate_recordset()
        self.assertEqual(broadcast.send_label, "Ask to text 3 people")
        broadcast.action_send()
        self.assertEqual(broadcast.send_label, "Text 3 people")
        self.assertFalse(self.texts(broadcast))


class TestFirstSample(AudienceCase):
    """A company's first text to a number names it, and may take more segments."""

    are_numbers_known = False

    def assertSampled(self, segments, is_named, end=""):
        """Check and send a broadcast; assert that it is sent as it was shown."""
        body = "Outage in Denver, {customer}. ".ljust(115, "x") + end
        broadcast = self.make_filtered([("city", "=", "Denver")], body=body)
        self.check(broadcast)
        [sample] = broadcast._get_samples()
        self.assertEqual(self.company.name in sample.text, is_named)
        self.assertEqual((sample.segments.count, sample.count), (segments, 3))
        self.assertIn(f"0.0{3 * segments}", broadcast.estimate)
        broadcast.action_send()
        self.work()
        sent = self.texts(broadcast)
        self.assertEqual(max(sent.mapped("segment_count")), segments)
        self.assertIn(sample.text, sent.mapped("body"))
        self.assertEqual(broadcast._get_samples(), [sample])

    def test_it_is_shown_counted_and_priced_with_its_name(self):
        self.set_price(0.01)
        self.company.name = "Example Information Technology"
        self.assertSampled(2, is_named=True)
        self.assertSampled(1, is_named=False)
        self.assertSampled(1, is_named=False, end=f"\n{self.footer}\n")


@tagged("post_install", "-at_install")
class TestSample(AudienceCase):
    """A preview shows what a real recipient will read."""

    def test_the_longest_text_is_shown(self):
        self.agreed[1].name = "Bartholomew Featherstonehaugh-Cholmondeley"[:40]
        broadcast = self.make_filtered([("city", "=", "Denver")])
        self.check(broadcast)
        [sample] = broadcast._get_samples()
        self.assertIn(self.agreed[1].name, sample.text)
        self.assertEqual(sample.count, 3)
        # A number of a list has no name.
        nameless = broadcast.sudo().recipient_ids[0]
        nameless.write({"partner_id": False, "name": False})
        [(_lang, longest_id, *_others)] = broadcast._find_longest()
        longest = broadcast.recipient_ids.browse(longest_id)
        self.assertEqual(longest.partner_id, self.agreed[1])

    def test_it_costs_what_holds_when_it_leaves(self):
        """A new price was entered for the day on which it is planned."""
        tomorrow = datetime.now() + timedelta(days=1)
        self.set_price(0.01)
        self.set_price(0.02, valid_from=tomorrow.date())
        planned = [("city", "=", "Denver")]
        for send_at, cost in ((False, "0.03"), (tomorrow, "0.06")):
            broadcast = self.make_filtered(planned, send_at=send_at)
            self.check(broadcast)
            self.assertIn(cost, broadcast.estimate)

    def test_a_shorter_name_that_takes_more_segments(self):
        """One letter that is not in GSM-7 doubles the cost of a text."""
        self.agreed[1].name = "Bartholomew Featherstonehaugh-Cholmondeley"[:40]
        self.agreed[2].name = "María"
        for body, name in (
            ("Outage, {customer}. Our team is on site.", self.agreed[2].name),
            ("Outage…, {customer}. Our team is on site.", self.agreed[1].name),
        ):
            broadcast = self.make_filtered([("city", "=", "Denver")], body=body)
            self.check(broadcast)
            [sample] = broadcast._get_samples()
            self.assertIn(name, sample.text)
            self.assertEqual((sample.segments.count, sample.count), (2, 3))

    def test_to_my_own_phone(self):
        broadcast = self.make_filtered([("city", "=", "Denver")])
        action = broadcast.action_test_text()
        self.assertIn(self.manager.name[:20], action["context"]["default_body"])
        self.check(broadcast)
        action = broadcast.action_test_text()
        form = self.env["sms.test.text"].with_user(self.manager)
        form = form.with_context(**action["context"])
        form = form.create({"number": phone_number(340), "is_agreed": True})
        self.assertEqual(form.body, broadcast._get_samples()[0].text)
        self.assertIn("Outage, Agreed 310.", form.body)
        form.action_send()
        text = self.messages_to(phone_number(340))
        self.assertEqual(text.purpose_id.code, "internal")
        self.assertFalse(self.texts(broadcast))

    def test_of_a_mass_message(self):
        people = self.agreed | self.silent
        composer = self.env["sms.composer"].with_user(self.manager)
        composer = composer.with_context(
            default_composition_mode="mass",
            default_res_model="res.partner",
            default_res_ids=repr(people.ids),
        ).create({"body": "Hello {{ object.name }}"})
        action = composer.action_sms_test_text()
        self.assertIn("Hello Agreed 31", action["context"]["default_body"])
        form = self.env["sms.test.text"].with_user(self.manager)
        form = form.with_context(**action["context"])
        form = form.create({"number": phone_number(341), "is_agreed": True})
        following = form.action_send()["params"]["next"]
        self.assertEqual(
            (following["res_model"], following["res_id"]), ("sms.composer", composer.id)
        )
        self.assertTrue(self.messages_to(phone_number(341)))


@tagged("post_install", "-at_install")
class TestPlanTour(BroadcastCase, HttpCase):
    """A manager filters, plans and confirms in a real browser."""

    def test_filter_plan_and_confirm(self):
        self.env["ir.filters"].create(
            {
                "name": "People of Denver",
                "model_id": "res.partner",
                "domain": "[('city', '=', 'Denver')]",
            }
        )
        action = f"{ACTION}sms_broadcast_action"
        self.start_tour(action, "helpdesk_sms_broadcast_filters", login="sms-manager")
        self.env.invalidate_all()
        broadcast = self.env["sms.broadcast"].search([])
        self.assertEqual(broadcast.audience, "res.partner")
        self.work()
        self.start_tour(action, "helpdesk_sms_broadcast_plans", login="sms-manager")
        self.env.invalidate_all()
        self.work()
        self.start_tour(action, "helpdesk_sms_broadcast_confirms", login="sms-manager")
        self.env.invalidate_all()
        self.assertEqual(broadcast.state, "planned")
        self.assertEqual(broadcast.spread_hours, 2)
        self.assertFalse(self.texts(broadcast))
