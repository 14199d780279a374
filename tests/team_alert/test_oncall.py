# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import NOW, TeamAlertCase


class OncallCase(TeamAlertCase):
    """Ann, Bo and Cy are on call around the clock, in this order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team.user_ids = cls.ann + cls.bo + cls.cy
        cls.shift = cls.shifts[0]
        cls.oncall = cls.env["sms.oncall"]

    def setUp(self):
        super().setUp()
        # The local time of these people is UTC.
        (self.ann + self.bo + self.cy + self.manager).tz = "UTC"

    def get_names(self):
        """Return the names of those on call, in order."""
        now = fields.Datetime.now()
        return self.oncall._get_people(self.team, self.company, now).mapped("name")

    def hand_over(self, user, to, hours=4, shift=None, after=0):
        """Hand over a shift to somebody else, as a user."""
        start = fields.Datetime.now() + timedelta(hours=after)
        shift = (shift or self.shift).with_user(user)
        return shift._hand_over(to, start, start + timedelta(hours=hours))


class TestHandOver(OncallCase):
    """Somebody stands in for a while; it ends automatically."""

    def test_take_over_until(self):
        form = self.open_form("action_take_over", self.bo)
        self.assertEqual((form.user_id, form.replaced_user_id), (self.bo, self.ann))
        self.assertEqual(form.start_at, NOW)
        self.assertEqual(form.stop_at, NOW + timedelta(hours=12))
        form.save().action_hand_over()
        self.assertEqual(self.get_names(), ["Bo", "Cy", "Ann"])
        self.frozen.tick(timedelta(hours=12))
        self.assertEqual(self.get_names(), ["Ann", "Bo", "Cy"])

    def open_form(self, button, user, shift=None):
        """Return the form that a button of a shift opens."""
        action = getattr((shift or self.shift).with_user(user), button)()
        forms = self.env[action["res_model"]].with_user(user)
        return Form(forms.with_context(**action["context"]))

    def test_hand_over_to(self):
        form = self.open_form("action_hand_over", self.ann)
        self.assertFalse(form.user_id)
        form.user_id = self.cy
        self.assertFalse(form.note)
        form.save().action_hand_over()
        self.assertEqual(self.get_names(), ["Cy", "Bo", "Ann"])

    def test_it_ends_whatever_a_manager_usually_enters(self):
        """Users may store defaults of their own for shifts."""
        defaults = self.env["ir.default"].with_user(self.manager)
        defaults.set("sms.oncall.shift", "repeat_weeks", 1, user_id=True)
        override = self.hand_over(self.manager, self.cy)
        self.assertFalse(override.repeat_weeks)
        self.frozen.tick(timedelta(weeks=1))
        self.assertEqual(self.get_names(), ["Ann", "Bo", "Cy"])

    def test_the_form_takes_the_rest_of_the_turn_or_the_next_one(self):
        for start, stop, expected in (
            (NOW - timedelta(hours=1), NOW + timedelta(hours=3), NOW),
            (NOW + timedelta(hours=9), NOW + timedelta(hours=19), None),
        ):
            self.shift.write({"start_at": start, "stop_at": stop})
            form = self.open_form("action_take_over", self.bo)
            with self.subTest(start=start):
                self.assertEqual(form.start_at, expected or start)
                self.assertEqual(form.stop_at, stop)

    def test_a_manager_duplicates_a_shift(self):
        copied = self.shift.with_user(self.manager).copy({"user_id": self.dee.id})
        self.assertEqual((copied.user_id, copied.team_id), (self.dee, self.team))
        self.assertIn("Dee", self.get_names())

    def test_an_alert_reaches_who_stands_in(self):
        self.hand_over(self.bo, self.bo)
        self.raise_alert()
        self.assertTrue(self.texts_to(self.bo))
        self.assertFalse(self.texts_to(self.ann))

    def test_both_are_notified_by_their_own_clock(self):
        self.ann.tz, self.bo.tz = "America/Denver", "Europe/Berlin"
        self.hand_over(self.bo, self.bo, hours=2)
        for user, hour in ((self.ann, "5:00"), (self.bo, "1:00")):
            message = self.env["mail.message"].search(
                [("partner_ids", "in", user.partner_id.ids)], limit=1
            )
            with self.subTest(user=user.name):
                self.assertIn("On call for", message.subject)
                self.assertIn("Bo is on call", message.body)
                self.assertIn("instead of Ann", message.body)
                self.assertIn(f"{hour}", message.body)

    def test_it_can_be_handed_on_and_taken_back(self):
        override = self.hand_over(self.ann, self.bo, hours=8)
        self.hand_over(self.bo, self.cy, hours=4, shift=override)
        self.assertEqual(self.get_names(), ["Cy", "Ann", "Bo"])
        with self.assertRaises(UserError):
            self.hand_over(self.bo, self.cy, hours=9, shift=override)
        self.hand_over(self.ann, self.ann, hours=1, shift=override)
        self.assertEqual(self.get_names()[0], "Ann", "as both were told")

    def test_the_last_who_stands_in_for_a_person_is_told_first(self):
        self.hand_over(self.manager, self.bo, hours=8)
        self.hand_over(self.manager, self.cy, hours=2)
        self.assertEqual(self.get_names()[0], "Cy")
        self.raise_alert()
        self.assertTrue(self.texts_to(self.cy))
        self.assertFalse(self.texts_to(self.bo))
        self.frozen.tick(timedelta(hours=2))
        self.assertEqual(self.get_names()[0], "Bo")

    def test_it_begins_later(self):
        self.hand_over(self.ann, self.bo, hours=2, after=1)
        self.assertEqual(self.get_names()[0], "Ann")
        self.frozen.tick(timedelta(minutes=61))
        self.assertEqual(self.get_names()[0], "Bo")

    def test_between_the_turns_of_the_other_it_changes_nothing(self):
        """A hand-over of a fortnight includes the weeks of others."""
        later = {"start_at": NOW + timedelta(hours=9)}
        self.shift.write({**later, "stop_at": NOW + timedelta(hours=19)})
        self.hand_over(self.ann, self.cy, hours=24)
        self.assertEqual(self.get_names()[0], "Bo")
        self.frozen.tick(timedelta(hours=9))
        self.assertEqual(self.get_names()[0], "Cy")

    def test_it_is_ended_early(self):
        override = self.hand_over(self.bo, self.bo)
        self.frozen.tick(timedelta(hours=1))
        with self.assertRaises(AccessError):
            override.with_user(self.cy).action_end_handover()
        override.with_user(self.ann).action_end_handover()
        self.assertEqual(self.get_names(), ["Ann", "Bo", "Cy"])
        message = self.env["mail.message"].search(
            [("partner_ids", "in", self.bo.partner_id.ids)], limit=1
        )
        self.assertIn("Ann is on call again", message.body)
        with self.assertRaises(AccessError):
            self.shift.with_user(self.manager).action_end_handover()

    def test_what_is_over_is_archived(self):
        override = self.hand_over(self.bo, self.bo)
        self.frozen.tick(timedelta(hours=5))
        self.assertEqual(self.get_names(), ["Ann", "Bo", "Cy"])
        self.oncall._run()
        self.assertFalse(override.active)

    def test_the_list_says_who_is_on_call(self):
        override = self.hand_over(self.cy, self.cy)
        self.env.invalidate_all()
        duties = [(it.user_id.name, it.duty) for it in self.shifts + override]
        self.assertEqual(
            duties[0:2] + duties[3:],
            [("Ann", "off"), ("Bo", "next"), ("Cy", "on_call")],
        )


class TestWhoMay(OncallCase):
    """A person may hand over their own shift and take over others'; managers all."""

    def test_each_group(self):
        for user, to, may in (
            (self.ann, self.bo, True),
            (self.bo, self.bo, True),
            # Somebody else's shift, to a third person.
            (self.bo, self.cy, False),
            (self.manager, self.cy, True),
            (self.manager, self.dee, True),
            # Not a member of the team.
            (self.dee, self.dee, False),
            (self.agent, self.agent, False),
            (self.ann, self.dee, False),
            (self.employee, self.employee, False),
            (self.compliance_officer, self.bo, False),
            (self.portal_user, self.bo, False),
        ):
            with self.subTest(user=user.login, to=to.login):
                if may:
                    self.assertTrue(self.hand_over(user, to)).unlink()
                else:
                    with self.assertRaises(UserError):
                        self.hand_over(user, to)

    def assertTrue(self, expr, msg=None):
        """Assert as usual, and return the value."""
        super().assertTrue(expr, msg)
        return expr

    def test_buttons(self):
        for user, may_take_over, may_hand_over in (
            (self.ann, False, True),
            (self.bo, True, False),
            (self.dee, False, False),
            (self.manager, False, True),
            (self.compliance_officer, False, False),
        ):
            shift = self.shift.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(shift.may_take_over, may_take_over)
                self.assertEqual(shift.may_hand_over, may_hand_over)

    def test_nobody_writes_shifts_by_themselves(self):
        shifts = self.env["sms.oncall.shift"].with_user(self.ann)
        values = {"team_id": self.team.id, "user_id": self.ann.id}
        for act in (
            lambda: shifts.create(values),
            lambda: self.shift.with_user(self.ann).write({"sequence": 99}),
            lambda: self.shift.with_user(self.ann).unlink(),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_another_company(self):
        other = self.make_company("Other")
        stranger = new_test_user(
            self.env,
            "sms-stranger",
            groups="helpdesk_mgmt.group_helpdesk_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        with self.assertRaises(AccessError):
            self.hand_over(stranger, stranger)
        with self.assertRaises(UserError):
            self.hand_over(self.manager, stranger)

    def test_nobody_without_a_number(self):
        self.bo.partner_id.phone = False
        with self.assertRaisesRegex(UserError, "no phone number"):
            self.hand_over(self.bo, self.bo)
        form = self.env["sms.oncall.handover"].new(
            {"shift_id": self.shift.id, "user_id": self.bo.id}
        )
        self.assertIn("no phone number", form.note)

    def test_who_has_not_agreed_is_named(self):
        eve = self.make_colleague("Eve", 930, is_agreed=False)
        self.team.user_ids |= eve
        form = self.env["sms.oncall.handover"].new(
            {"shift_id": self.shift.id, "user_id": eve.id}
        )
        self.assertIn("has not agreed", form.note)

    def test_an_archived_person_takes_over_nothing(self):
        self.cy.active = False
        with self.assertRaises(UserError):
            self.hand_over(self.ann, self.cy)

    def test_times_that_mean_nothing(self):
        for hours, after in ((0, 0), (-2, 0), (1, -3)):
            with self.subTest(hours=hours, after=after), self.assertRaises(UserError):
                self.hand_over(self.ann, self.bo, hours, after=after)
        with self.assertRaises(UserError):
            self.hand_over(self.ann, self.ann)


class TestOnCallNow(OncallCase):
    """Everybody on the helpdesk sees who is on call."""

    def get_team(self, user):
        """Return what a user's client gets about the team."""
        teams = self.oncall.with_user(user).get_on_call()["teams"]
        [found] = [it for it in teams if it["id"] == self.team.id]
        return found

    def test_who_sees_it(self):
        for user in (self.own_agent, self.agent, self.manager, self.compliance_officer):
            with self.subTest(user=user.login):
                found = self.get_team(user)
                self.assertEqual(found["people"][0]["name"], "Ann")
                self.assertFalse(found["is_me"])
        self.assertTrue(self.get_team(self.ann)["is_me"])
        for user in (self.employee, self.portal_user):
            with self.assertRaises(AccessError):
                self.oncall.with_user(user).get_on_call()
            self.assertFalse(self.team.with_user(user).sms_oncall_label)

    def test_until_when(self):
        self.assertFalse(self.get_team(self.agent)["until"])
        self.hand_over(self.bo, self.bo, hours=1)
        self.agent.tz = "UTC"
        found = self.get_team(self.agent)
        self.assertEqual(found["people"][0]["name"], "Bo")
        self.assertIn("11:00", found["until"])
        self.assertEqual(
            self.team.with_user(self.agent).sms_oncall_label,
            f"Bo until {found['until']}",
        )

    def test_nobody_and_nobody_with_a_number(self):
        self.ann.partner_id.phone = False
        self.assertFalse(self.get_team(self.agent)["people"][0]["has_number"])
        self.shifts.write({"start_at": NOW + timedelta(hours=3)})
        found = self.get_team(self.agent)
        self.assertEqual(found["people"], [])
        self.assertEqual(self.team.with_user(self.agent).sms_oncall_label, "nobody")

    def test_a_team_without_shifts_is_not_named(self):
        self.shifts.unlink()
        teams = self.oncall.get_on_call()["teams"]
        self.assertNotIn(self.team.id, [it["id"] for it in teams])
        self.assertFalse(self.team.sms_oncall_label)

    def test_a_team_of_another_company_is_not_named(self):
        other = self.make_company("Other")
        team = self.env["helpdesk.ticket.team"].create(
            {"name": "Far away", "company_id": other.id}
        )
        self.shift.copy({"team_id": team.id, "company_id": other.id})
        self.agent.company_ids = self.company
        teams = self.oncall.with_user(self.agent).get_on_call()["teams"]
        self.assertNotIn(team.id, [it["id"] for it in teams])


class TestGaps(OncallCase):
    """Gaps in the cover are announced once, a week ahead, until they are filled."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["sms.oncall.shift"].search([]).filtered(
            lambda it: it not in cls.shifts
        ).active = False
        cls.shifts[1:].unlink()
        cls.leader = cls.manager
        cls.team.user_id = cls.leader
        cls.shift.write(
            {"start_at": NOW - timedelta(days=1), "stop_at": NOW + timedelta(days=2)}
        )

    def find_gaps(self):
        """Run the cron; return start and end of each gap, in days from now."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_oncall"))
        gaps = self.env["sms.oncall.gap"].search([("team_id", "=", self.team.id)])
        day = timedelta(days=1)
        return [((it.start_at - NOW) / day, (it.stop_at - NOW) / day) for it in gaps]

    def get_activities(self):
        """Return the leader's activities on gaps."""
        return self.env["mail.activity"].search(
            [("res_model", "=", "sms.oncall.gap"), ("user_id", "=", self.leader.id)]
        )

    def test_once_per_gap(self):
        self.assertEqual(self.find_gaps(), [(2, 7)])
        activity = self.get_activities()
        self.assertEqual(len(activity), 1)
        self.assertIn("Nobody is on call for", activity.summary)
        self.assertIn(self.team.name, activity.summary)
        activity.with_user(self.leader).action_done()
        self.frozen.tick(timedelta(days=1))
        self.assertEqual(self.find_gaps(), [(2, 8)])
        self.assertFalse(self.get_activities(), "the same gap is not told again")

    def test_it_names_the_date_which_stays_true(self):
        """It is read on other days, when "Friday" or "tomorrow" would be wrong."""
        self.find_gaps()
        date = (NOW + timedelta(days=2)).strftime("%B %-d, %Y")
        self.assertIn(date, self.get_activities().summary)

    def test_it_goes_when_it_is_filled(self):
        self.find_gaps()
        cover = self.shift.copy({"start_at": NOW + timedelta(days=2), "stop_at": False})
        self.assertEqual(self.find_gaps(), [])
        self.assertFalse(self.get_activities())
        cover.unlink()
        self.assertEqual(self.find_gaps(), [(2, 7)])
        self.assertTrue(self.get_activities())

    def test_it_begins_and_stays_the_same(self):
        self.shift.stop_at = NOW + timedelta(hours=12)
        self.find_gaps()
        self.frozen.tick(timedelta(days=1))
        self.assertEqual(self.find_gaps(), [(0.5, 8)])
        self.assertEqual(len(self.get_activities()), 1)

    def test_changing_a_shift_wakes_the_cron(self):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_oncall")
        triggers = self.env["ir.cron.trigger"]
        for record, values in (
            (self.shift, {"stop_at": NOW + timedelta(days=3)}),
            (self.ann, {"active": False}),
        ):
            before = triggers.search_count([("cron_id", "=", cron.id)])
            record.write(values)
            self.env.cr.flush()
            after = triggers.search_count([("cron_id", "=", cron.id)])
            self.assertGreater(after, before)

    def test_time_off_a_missing_number_and_an_archived_person(self):
        self.shift.stop_at = False
        self.assertEqual(self.find_gaps(), [])
        resource = self.env["resource.resource"].create(
            {"name": "Ann", "user_id": self.ann.id, "company_id": self.company.id}
        )
        leave = self.env["resource.calendar.leaves"].create(
            {
                "name": "Away",
                "resource_id": resource.id,
                "calendar_id": resource.calendar_id.id,
                "date_from": NOW + timedelta(days=1),
                "date_to": NOW + timedelta(days=2),
                "company_id": self.company.id,
            }
        )
        self.assertEqual(self.find_gaps(), [(1, 2)])
        leave.unlink()
        self.ann.partner_id.phone = False
        self.assertEqual(self.find_gaps(), [(0, 7)])
        self.ann.active = False
        self.assertEqual(self.find_gaps(), [], "no shifts: the members are told")

    def test_whoever_has_left_the_company_is_not_on_call(self):
        """Moved to another company, or kept as a customer with a login."""
        other = self.make_company("Elsewhere")
        self.shift.stop_at = False
        for name, values in (
            ("Eve", {"company_ids": [(6, 0, other.ids)], "company_id": other.id}),
            ("Finn", {"group_ids": [(6, 0, [self.ref("base.group_portal")])]}),
        ):
            with self.subTest(name):
                user = self.make_colleague(name, 940 + len(name))
                self.team.user_ids |= user
                self.shift.user_id = user
                self.assertEqual(self.find_gaps(), [])
                self.assertEqual(self.get_names(), [name])
                user.write(values)
                self.assertNotIn(name, self.get_names())
                self.assertEqual(self.find_gaps(), [], "the members are told")
                turns = self.env["sms.oncall.turn"]
                turns = turns.search([("user_id", "=", user.id)])
                self.assertFalse(turns.filtered(lambda it: it.stop_at > NOW))

    def test_only_in_the_hours_of_the_team(self):
        self.shift.stop_at = NOW + timedelta(hours=1)
        self.team.sms_oncall_calendar_id = self.env["resource.calendar"].create(
            {
                "name": "Office",
                "tz": "UTC",
                "company_id": self.company.id,
                "attendance_ids": [
                    (5, 0, 0),
                    (
                        *(0, 0),
                        {
                            "name": "Thursday",
                            "dayofweek": "3",
                            "hour_from": 8,
                            "hour_to": 18,
                            "day_period": "morning",
                        },
                    ),
                ],
            }
        )
        hours = [(start * 24, stop * 24) for start, stop in self.find_gaps()]
        # Hours from Wednesday, 22:00.
        self.assertEqual(hours, [(10, 20)])

    def test_hours_in_use_are_not_deleted(self):
        """Without them, people would be on call at any hour."""
        for record, name in (
            (self.shift, "calendar_id"),
            (self.team, "sms_oncall_calendar_id"),
        ):
            record[name] = self.env["resource.calendar"].create({"name": "Office"})
            self.env.flush_all()
            with (
                self.subTest(name),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                record[name].unlink()

    def test_without_a_leader_the_managers_are_asked(self):
        self.team.user_id = False
        self.find_gaps()
        self.assertEqual(len(self.get_activities()), 1)

    def test_nor_is_a_leader_asked_who_may_not_see_it(self):
        self.team.user_id = self.employee
        self.find_gaps()
        self.assertEqual(len(self.get_activities()), 1)

    def test_everybody_sees_it(self):
        self.find_gaps()
        for user in (self.own_agent, self.agent, self.compliance_officer):
            user.tz = "UTC"
            found = self.oncall.with_user(user).get_on_call()["gaps"]
            with self.subTest(user=user.login):
                self.assertIn("Friday 10:00 PM to", found[0]["name"])
        berlin = self.env(user=self.agent, context={"tz": "Europe/Berlin"})
        dashboard = berlin["sms.dashboard"].get_dashboard()
        [item] = [
            it for it in dashboard["attention"] if "Nobody is on call" in it["text"]
        ]
        self.assertIn("Friday 11:00 PM to", item["text"])
        self.assertEqual(item["level"], "warning")

    def test_another_company_sees_nothing_of_it(self):
        self.find_gaps()
        other = self.make_company("Other")
        self.agent.write({"company_ids": [(4, other.id)]})
        gaps = self.env["sms.oncall.gap"].with_user(self.agent)
        self.assertTrue(gaps.search([]))
        self.assertFalse(gaps.with_context(allowed_company_ids=other.ids).search([]))


class TestCalendar(OncallCase):
    """The calendar shows who is on call in the coming weeks."""

    def draw(self):
        """Run the cron; return ``(start, stop, who, next)`` of each turn."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_oncall"))
        turns = self.env["sms.oncall.turn"].search([("team_id", "=", self.team.id)])
        return [
            (it.start_at, it.stop_at, it.user_id.name, it.next_user_id.name)
            for it in turns
        ]

    def make_weeks(self):
        """Make Ann and Bo alternate weekly, starting four weeks ago."""
        self.shifts[2].unlink()
        start = NOW - timedelta(weeks=4, days=1)
        for shift, weeks in zip(self.shifts[:2], (0, 1), strict=True):
            begin = start + timedelta(weeks=weeks)
            stop = begin + timedelta(weeks=1)
            shift.write({"start_at": begin, "stop_at": stop, "repeat_weeks": 2})

    def test_turns_that_come_again(self):
        self.make_weeks()
        turns = self.draw()
        change = NOW + timedelta(days=6)
        self.assertEqual(turns[0], (NOW, change, "Ann", False))
        self.assertEqual(turns[1][:3], (change, change + timedelta(weeks=1), "Bo"))
        self.assertGreater(turns[-1][1], NOW + timedelta(weeks=8))
        self.assertEqual(len(turns), 10)

    def test_always_on_call_is_one_turn(self):
        [(start, _stop, who, following)] = self.draw()
        self.assertEqual((start, who, following), (NOW, "Ann", "Bo"))

    def test_hand_overs_time_off_and_nobody(self):
        self.shifts[1:].unlink()
        self.hand_over(self.ann, self.bo, hours=4, after=10)
        calendar = self.company.resource_calendar_id
        resource = self.env["resource.resource"].create(
            {"name": "Ann", "user_id": self.ann.id, "calendar_id": calendar.id}
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holidays",
                "resource_id": resource.id,
                "calendar_id": calendar.id,
                "date_from": NOW + timedelta(days=3),
                "date_to": NOW + timedelta(days=4),
            }
        )
        found = [who or "nobody" for _start, _stop, who, _next in self.draw()]
        self.assertEqual(found, ["Ann", "Bo", "Ann", "nobody", "Ann"])
        turns = self.env["sms.oncall.turn"].search([("user_id", "=", False)])
        self.assertEqual(turns.display_name, f"{self.team.name} · nobody")

    def test_what_is_the_same_stays_and_what_was_is_kept(self):
        self.make_weeks()
        self.draw()
        turns = self.env["sms.oncall.turn"].search([("team_id", "=", self.team.id)])
        self.frozen.tick(timedelta(hours=1))
        self.draw()
        self.assertEqual(turns.exists(), turns)
        self.assertEqual(turns[0].start_at, NOW)
        self.hand_over(self.ann, self.bo)
        self.frozen.tick(timedelta(minutes=30))
        before, *later = self.draw()
        now = NOW + timedelta(minutes=90)
        self.assertEqual(before[:3], (NOW, now, "Ann"))
        self.assertEqual(later[0][:3], (now, NOW + timedelta(hours=5), "Bo"))
        self.shifts.unlink()
        self.assertEqual([it[2] for it in self.draw()], ["Ann"])

    def test_take_over_from_the_calendar(self):
        self.make_weeks()
        self.draw()
        turns = self.env["sms.oncall.turn"].with_user(self.bo)
        [first, *_later] = turns.search([("user_id", "=", self.ann.id)])
        self.assertTrue(first.may_take_over)
        self.assertFalse(first.may_hand_over)
        action = first.action_take_over()
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.bo)
            .with_context(**action["context"])
        )
        self.assertEqual(form.replaced_user_id, self.ann)
        self.assertEqual((form.start_at, form.stop_at), (NOW, first.stop_at))
        form.save().action_hand_over()
        self.assertEqual(self.draw()[0][2], "Bo")

    def test_what_is_over_or_nobodys_is_handed_over_by_nobody(self):
        self.draw()
        turn = self.env["sms.oncall.turn"].search([("team_id", "=", self.team.id)])
        turn.stop_at = NOW - timedelta(hours=1)
        with self.assertRaisesRegex(UserError, "is over, or nobody has it"):
            turn.with_user(self.manager).action_hand_over()

    def test_another_company_sees_nothing_of_it(self):
        self.draw()
        company = self.make_company("Elsewhere")
        user = new_test_user(
            self.env,
            "sms-calendar-elsewhere",
            groups="helpdesk_mgmt.group_helpdesk_manager",
            company_id=company.id,
        )
        self.assertFalse(self.env["sms.oncall.turn"].with_user(user).search([]))
