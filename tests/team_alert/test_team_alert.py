# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..common import OtherOrder
from .common import NOW, WORDS, TeamAlertCase


class TestEscalation(TeamAlertCase):
    """Who is told when, to the minute, under a frozen clock."""

    def test_who_is_on_call_reads_it_at_once(self):
        alert = self.raise_alert()
        [text] = self.messages_to(self.get_number(self.ann))
        self.assertSent(text, "internal")
        self.assertEqual(
            text.body,
            f"[URGENT] {WORDS}\nReply 4 to acknowledge, 6 to resolve, 8 to escalate."
            f"\n{self.footer}",
        )
        self.assertLess(text.priority, 0, "before all else that waits")
        self.assertEqual(self.texts_to(self.bo) + self.texts_to(self.cy), [])
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=10))

    def test_the_timeline_is_right_to_the_minute(self):
        alert = self.raise_alert()
        for _minute in range(80):
            self.wait(1)
        self.assertEqual(
            self.get_timeline(alert),
            [
                (0, "told", "Ann"),
                (10, "told", "Bo"),
                *((20, "told", name) for name in ("Ann", "Bo", "Cy")),
                *((35, "told", name) for name in ("Ann", "Bo", "Cy")),
                *((50, "told", name) for name in ("Ann", "Bo", "Cy")),
            ],
        )
        self.assertFalse(alert.next_at)
        self.assertEqual(alert.state, "open")
        self.assertFalse(alert.is_in_time)

    def test_a_step_is_done_once_however_often_the_cron_runs(self):
        alert = self.raise_alert()
        self.wait(10)
        for _run in range(3):
            self.run_escalation()
        self.assertEqual(len(alert.entry_ids), 2)

    def test_after_a_pause_what_is_overdue_is_one_text_each(self):
        alert = self.raise_alert()
        self.wait(40)
        self.assertEqual(
            self.get_timeline(alert)[1:],
            [(40, "told", name) for name in ("Bo", "Ann", "Cy")],
        )
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=50))
        self.assertEqual(alert.entry_ids[-1].due_at, NOW + timedelta(minutes=10))

    def test_where_nobody_is_reached_the_next_do_not_wait(self):
        """Ann may not be texted: Bo is told at once, and somebody must call Ann."""
        self.record_consent(self.get_number(self.ann), event="revoked")
        alert = self.raise_alert()
        self.assertEqual(
            self.get_timeline(alert), [(0, "told", "Ann"), (0, "told", "Bo")]
        )
        self.assertEqual(alert.call_ids.user_id, self.ann)
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=10))

    def test_nobody_can_be_texted_at_all(self):
        for user in self.ann + self.bo + self.cy:
            user.partner_id.phone = False
        alert = self.raise_alert()
        self.assertEqual(alert.call_ids.user_id, self.ann + self.bo + self.cy)
        self.assertFalse(alert.next_at)
        self.assertIn("Call them now", alert.message_ids[0].body)
        self.assertIn("Nobody was reached", alert.with_user(self.ann).status_label)
        self.assertFalse(alert.told_label)

    def test_a_plan_at_its_end_claims_no_more_than_it_has_done(self):
        self.plan.step_ids[1:].unlink()
        self.team.user_id = self.dee
        alert = self.raise_alert()
        self.assertIn("no more steps", alert.message_ids[0].body)
        self.assertNotIn("All were told", alert.status_label)

    def test_a_last_step_that_reaches_nobody_does_not_deny_the_first(self):
        self.plan.step_ids[2:].unlink()
        self.record_consent(self.get_number(self.bo), event="revoked")
        alert = self.raise_alert()
        self.wait(10)
        self.assertEqual(alert.call_ids.user_id, self.bo)
        self.assertIn("no more steps", alert.message_ids[0].body)
        self.assertIn("no more steps", alert.status_label)

    def test_who_is_in_charge_reads_it_in_the_companys_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        self.plan.step_ids[2:].unlink()
        alert = self.raise_alert()
        self.wait(10)
        self.assertIn("plus d'étapes", alert.message_ids[0].body)

    def test_a_leader_who_has_left_is_not_in_charge(self):
        self.dee.active = False
        self.check_not_in_charge()

    def test_nor_is_one_who_works_for_another_company(self):
        other = self.make_company("Other")
        self.dee.write({"company_id": other.id, "company_ids": other.ids})
        self.check_not_in_charge()

    def check_not_in_charge(self):
        """Check that the managers are told instead of the team's leader."""
        self.team.user_id = self.dee
        self.plan.step_ids[1:].unlink()
        alert = self.raise_alert()
        messages = self.env["mail.message"].search(
            [("model", "=", alert._name), ("res_id", "=", alert.id)]
        )
        self.assertIn(self.manager.partner_id, messages.partner_ids)
        self.assertNotIn(self.dee.partner_id, messages.partner_ids)

    def test_a_team_of_which_all_are_away_says_so(self):
        for user in self.ann + self.bo + self.cy:
            self.make_time_off(user)
        alert = self.raise_alert()
        self.assertEqual(
            {kind for _at, kind, _who in self.get_timeline(alert)}, {"nobody"}
        )

    def make_time_off(self, user):
        """Enter time off as ``hr_holidays`` does."""
        resource = self.env["resource.resource"].create(
            {"name": user.name, "user_id": user.id, "calendar_id": False}
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Time off",
                "resource_id": resource.id,
                "date_from": NOW - timedelta(hours=1),
                "date_to": NOW + timedelta(hours=1),
            }
        )

    def test_whose_shift_has_ended_is_told_no_more(self):
        """Nor hears of it as the next one: they have left the rota."""
        ended = {"start_at": NOW - timedelta(days=60), "stop_at": NOW}
        self.shifts[0].write(ended)
        alert = self.raise_alert()
        self.wait(20)
        self.assertEqual(alert._get_told().user_id, self.bo + self.cy)
        self.shifts[0].repeat_weeks = 9
        self.assertIn(self.ann, self.get_people())
        self.shifts.write({**ended, "repeat_weeks": 0})
        self.team.user_ids = self.cy
        self.assertEqual(self.get_people(), self.cy, "the team's members")

    def get_people(self):
        """Return whom an alert would reach now, in order."""
        now = fields.Datetime.now()
        return self.env["sms.oncall"]._get_people(self.team, self.company, now)

    def test_who_has_time_off_is_passed_over(self):
        self.make_time_off(self.ann)
        self.assertEqual(self.get_timeline(self.raise_alert()), [(0, "told", "Bo")])
        self.assertEqual(self.shifts.mapped("duty"), ["away", "on_call", "next"])
        self.wait(61, runs=False)
        self.assertEqual(self.get_timeline(self.raise_alert()), [(0, "told", "Ann")])

    def test_hours_of_a_working_schedule(self):
        nights = self.env["resource.calendar"].create(
            {
                "name": "Evenings",
                "tz": "UTC",
                "attendance_ids": [
                    Command.create(
                        {
                            "name": "Evening",
                            "dayofweek": str(day),
                            "hour_from": 18,
                            "hour_to": 22,
                            "day_period": "afternoon",
                        }
                    )
                    for day in range(7)
                ],
            }
        )
        self.shifts[0].calendar_id = nights
        self.assertEqual(self.get_timeline(self.raise_alert()), [(0, "told", "Bo")])
        self.frozen.move_to(NOW - timedelta(minutes=1))
        self.assertEqual(self.get_timeline(self.raise_alert()), [(0, "told", "Ann")])

    def test_a_team_without_shifts_has_its_members(self):
        self.shifts.unlink()
        self.own_agent.partner_id.phone = "+1 303 555 0100"
        alert = self.raise_alert()
        self.assertLessEqual(alert.entry_ids.user_id, self.own_agent + self.team_agent)
        self.assertTrue(alert.entry_ids)

    def test_two_who_share_a_number_share_the_text(self):
        self.bo.partner_id.phone = self.ann.partner_id.phone
        self.raise_alert()
        self.wait(20)
        number = self.get_number(self.ann)
        texts = [body for body in self.messages_to(number).mapped("body")]
        self.assertEqual(len(texts), 2, "at once, and one for both of what was overdue")

    def test_one_alert_that_cannot_be_told_keeps_no_other_from_it(self):
        bad, good = self.raise_alert("Bad"), self.raise_alert("Good")
        self.env.cr.execute(
            "UPDATE sms_team_alert_step SET whom = 'nonsense' WHERE plan_id = %s",
            [self.plan.copy().id],
        )
        bad.plan_id = self.plan.search(
            [("id", "!=", self.plan.id)], limit=1, order="id desc"
        )
        self.env.invalidate_all()
        self.frozen.tick(timedelta(minutes=10))
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR") as logs:
            self.run_escalation()
        self.assertIn(f"{bad} cannot go on", logs.output[0])
        self.assertIn((10, "told", "Bo"), self.get_timeline(good))
        self.assertEqual(bad.next_at, NOW + timedelta(minutes=11))


class TestRules(TeamAlertCase):
    """What may be configured, and by whom."""

    def test_a_plan_of_its_own_then_the_companys_then_everybodys(self):
        plans = self.env["sms.team.alert.plan"]
        other_team = self.env["helpdesk.ticket.team"].create({"name": "Other"})
        self.assertEqual(plans._find(self.team, self.company), self.plan)
        everybodys = plans._find(other_team, self.company)
        self.assertFalse(everybodys.company_id)
        own = plans.create({"name": "Company"})
        self.assertEqual(plans._find(other_team, self.company), own)
        other_company = self.make_company("Other")
        self.assertEqual(plans._find(other_team, other_company), everybodys)
        (everybodys + own).active = False
        with self.assertRaises(ValidationError):
            plans._find(other_team, self.company)

    def test_a_plan_that_makes_no_sense_is_refused(self):
        for values in (
            {"body": "[URGENT] {alert} {nonsense}"},
            {"body": "[URGENT] {alert}"},
            {"body": "Reply {acknowledge}"},
            {"step_ids": [Command.clear()]},
            {"team_id": False, "alias_name": "urgent"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.plan.write(values)

    def test_a_plan_that_has_lost_its_steps_tells_everybody(self):
        self.plan.step_ids.unlink()
        alert = self.raise_alert()
        everybody = self.ann + self.bo + self.cy
        self.assertEqual(alert._get_told().user_id, everybody)
        alert.with_user(self.ann).action_escalate()
        self.assertEqual(alert._get_told()[3:].user_id, everybody - self.ann)

    def test_a_shift_that_makes_no_sense_is_refused(self):
        for values in (
            {"repeat_weeks": 1},
            {
                "repeat_weeks": 1,
                "start_at": "2026-01-01 00:00:00",
                "stop_at": "2026-02-01 00:00:00",
            },
            {
                "repeat_weeks": 1,
                "start_at": "2026-01-05 08:00:00",
                "stop_at": "2026-01-12 08:01:00",
            },
            {
                "repeat_weeks": 10**9,
                "start_at": "2026-01-05 08:00:00",
                "stop_at": "2026-01-12 08:00:00",
            },
            {"team_id": self.make_foreign_team().id},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self.shifts[0].write(values)

    def test_a_shift_of_a_whole_week_repeats(self):
        shift = self.shifts[0]
        # Clocks in Denver go back on 1 November 2026: that week is an hour longer.
        week = {"start_at": "2026-10-26 14:00:00", "stop_at": "2026-11-02 15:00:00"}
        shift.write({"tz": "America/Denver", "repeat_weeks": 1, **week})
        self.assertEqual(shift.repeat_weeks, 1)
        with self.assertRaises(ValidationError):
            shift.tz = "UTC"

    def make_foreign_team(self):
        """Return a team of another company."""
        company = self.make_company("Foreign")
        return self.env["helpdesk.ticket.team"].create(
            {"name": "Foreign", "company_id": company.id}
        )

    def test_a_shift_shows_if_its_person_has_agreed(self):
        self.assertEqual(self.shifts[0].sms_consent_state, "opted_in")
        self.record_consent(self.get_number(self.bo), event="revoked")
        self.assertEqual(self.shifts[1].sms_consent_state, "opted_out")
        found = self.shifts.search([("sms_consent_state", "=", "opted_out")])
        self.assertEqual(found, self.shifts[1])

    def test_who_sees_which_alert(self):
        alert = self.raise_alert()
        for user in (self.ann, self.own_agent, self.agent, self.manager):
            self.assertTrue(alert.with_user(user).has_access("read"), user.name)
        for user in (self.dee, self.employee, self.portal_user):
            self.assertFalse(alert.with_user(user).has_access("read"), user.name)

    def test_nobody_forges_who_has_taken_it(self):
        """Users may store any defaults of their own."""
        defaults = self.env["ir.default"].with_user(self.ann)
        defaults.set("sms.team.alert", "state", "acknowledged", user_id=True)
        defaults.set("sms.team.alert", "acknowledged_by_id", self.dee.id, user_id=True)
        forms = self.env["sms.team.alert.raise"].with_user(self.ann)
        form = forms.create({"team_id": self.team.id, "name": WORDS})
        alert = self.alerts.browse(form.action_raise()["res_id"])
        self.assertEqual(alert.state, "open")
        self.assertFalse(alert.acknowledged_by_id)

    def test_nobody_writes_one_or_deletes_it(self):
        alert = self.raise_alert()
        for user in (self.ann, self.manager, self.administrator):
            with self.assertRaises(AccessError):
                alert.with_user(user).write({"state": "resolved"})
            with self.assertRaises(AccessError):
                self.alerts.with_user(user).create(
                    {"name": "x", "company_id": self.company.id}
                )
        with self.assertRaises(UserError):
            alert.unlink()

    def test_without_a_company_it_is_the_current_ones(self):
        """Its codes are those free in that company; a missing field is named."""
        values = {"name": WORDS, "team_id": self.team.id, "plan_id": self.plan.id}
        first, second = self.alerts.create([values, dict(values)])
        self.assertEqual((first | second).company_id, self.company)
        self.assertNotEqual(first.code_block, second.code_block)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.alerts.create([{}])

    def test_another_companys_alert_is_out_of_reach(self):
        alert = self.raise_alert()
        company = self.make_company("Other")
        stranger = new_test_user(
            self.env,
            "sms-stranger",
            groups="helpdesk_mgmt.group_helpdesk_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        with self.assertRaises(AccessError):
            alert.with_user(stranger).action_acknowledge()
        with self.assertRaises(AccessError):
            alert.entry_ids.with_user(stranger).action_called()

    def test_who_only_looks_on_does_nothing(self):
        self.ann.partner_id.phone = False
        alert = self.raise_alert().with_user(self.compliance_officer)
        self.assertEqual(alert.state, "open")
        for action in (
            *(alert.action_acknowledge, alert.action_resolve, alert.action_escalate),
            alert.call_ids.action_called,
        ):
            with self.assertRaises(AccessError):
                action()

    def test_a_text_that_is_lost_makes_somebody_call(self):
        alert = self.raise_alert()
        self.assertFalse(alert.call_ids)
        alert.entry_ids.sms_id.write(
            {"state": "error", "failure_type": "sms_not_delivered"}
        )
        self.assertEqual(alert.call_ids.user_id, self.ann)
        self.assertIn("Not delivered", alert.call_ids.sms_label)
        self.wait(10)
        self.assertEqual(self.get_timeline(alert)[-1], (10, "told", "Bo"))
        self.answer(self.bo, "4")
        self.env.invalidate_all()
        self.assertFalse(alert.call_ids, "it is in hands")

    def test_the_board_says_who_was_told_when(self):
        alert = self.raise_alert()
        self.wait(10)
        label = alert.with_user(self.agent).with_context(tz="UTC").told_label
        self.assertEqual(label, "Ann today 10:00 PM, Bo today 10:10 PM")

    def test_a_members_other_company_is_no_business_of_theirs(self):
        self.shifts.unlink()
        company = self.make_company("Other")
        self.team.user_ids = self.own_agent + self.dee
        alert = self.raise_alert(plan_id=self.plan.copy({"company_id": company.id}).id)
        self.assertEqual(alert.company_id, company)
        self.assertEqual(alert.entry_ids.user_id, self.own_agent)

    def test_somebody_called_by_hand(self):
        self.ann.partner_id.phone = False
        alert = self.raise_alert()
        self.assertEqual(alert.call_count, 1)
        to_call = [("entry_ids.needs_call", "=", True)]
        for user in (self.bo, self.team_agent, self.agent, self.compliance_officer):
            found = self.alerts.with_user(user).search(to_call)
            self.assertIn(alert, found, user.login)
        alert.call_ids.with_user(self.agent).action_called()
        self.env.invalidate_all()
        self.assertFalse(alert.call_ids)
        self.assertEqual(alert.entry_ids[0].called_by_id, self.agent)

    def test_one_call_by_hand_is_enough_for_all_that_did_not_reach_them(self):
        self.ann.partner_id.phone = self.cy.partner_id.phone = False
        alert = self.raise_alert()
        self.wait(50)
        self.assertGreater(len(alert.call_ids), alert.call_count)
        alert.call_ids[0].with_user(self.agent).action_called()
        self.env.invalidate_all()
        self.assertEqual(alert.call_ids.user_id, self.cy)

    def test_codes_are_not_used_again_until_three_days_after(self):
        first, second = self.raise_alert("One"), self.raise_alert("Two")
        self.assertEqual((first.code_block, second.code_block), (0, 1))
        first.action_resolve()
        self.assertEqual(self.raise_alert("Three").code_block, 2)
        self.frozen.tick(timedelta(hours=72, minutes=1))
        self.assertEqual(self.raise_alert("Four").code_block, 0)


class TestEscalationInOtherOrder(OtherOrder, TestEscalation):
    """The same with the rooms in another order."""
