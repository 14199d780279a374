# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules that end: managers are told ahead, and the stricter rules hold after."""

from datetime import date, datetime, timedelta

import holidays

from odoo.tests import tagged

from ...models.core.sms_dated_rule import NOTICE
from ...tools.geography import Place
from ...tools.quiet_hours import MARKETING
from ..clock import freeze_time
from .common import WatchCase

LAST_DAY = date(2031, 3, 31)


@tagged("post_install", "-at_install")
class TestDatedRules(WatchCase):
    """One alert for all rules that end, with an activity for each manager."""

    def setUp(self):
        super().setUp()
        self.hours = self.env["sms.quiet.hours"].create(
            {
                "name": "Evenings in Peru",
                "company_id": self.company.id,
                "country_id": self.env.ref("base.pe").id,
                "effective_to": LAST_DAY,
                "source": "The law",
            }
        )

    def watch_on(self, day):
        """Run the watch on a day; return the message of the alert, if it is open."""
        with freeze_time(datetime.combine(day, datetime.min.time())):
            self.watch()
            return self.open_alerts().filtered(lambda it: it.key == "rules").message

    def get_health(self, day):
        """Return the health panel's row on a day."""
        with freeze_time(datetime.combine(day, datetime.min.time())):
            rows = self.env["sms.health"]._get_rows(self.company)
        return next(row for row in rows if row["key"] == "rules")

    def test_nobody_is_told_sooner(self):
        day = LAST_DAY - NOTICE - timedelta(days=1)
        self.assertFalse(self.watch_on(day))
        self.assertEqual(self.get_health(day)["state"], "done")

    def test_a_manager_is_told_60_days_before_and_after(self):
        for day in (LAST_DAY - NOTICE, LAST_DAY + timedelta(days=1)):
            with self.subTest(day=day):
                self.assertIn("Evenings in Peru", self.watch_on(day))
                row = self.get_health(day)
                self.assertEqual(row["state"], "wrong")
                self.assertIn("“Evenings in Peru” (03/31/2031)", row["text"])
        alert = self.open_alerts().filtered(lambda it: it.key == "rules")
        told = alert.activity_ids.user_id
        self.assertLessEqual(self.manager | self.administrator, told)
        self.assertNotIn(self.agent, told)
        own = alert.with_user(self.manager).activity_ids
        self.assertIn("Evenings in Peru", own[:1].summary)

    def test_one_that_follows_ends_it(self):
        self.assertTrue(self.watch_on(LAST_DAY))
        following = self.hours.copy(
            {"effective_from": LAST_DAY + timedelta(days=2), "effective_to": False}
        )
        self.assertTrue(self.watch_on(LAST_DAY), "a day lies between them")
        following.effective_from = LAST_DAY + timedelta(days=1)
        self.assertFalse(self.watch_on(LAST_DAY))

    def test_one_of_another_country_or_company_does_not_follow(self):
        other = self.make_company("Other")
        for values in (
            {"country_id": self.env.ref("base.cl").id},
            {"company_id": other.id},
            {"quiet_class": "informational"},
        ):
            self.hours.copy({"effective_to": False, **values})
        self.assertTrue(self.watch_on(LAST_DAY))

    def test_archived_it_is_not_told(self):
        self.hours.write({"active": False, "relaxation_reason": "Repealed"})
        self.assertFalse(self.watch_on(LAST_DAY))

    def test_another_companys_is_not_told(self):
        self.hours.write(
            {"company_id": self.make_company("Other").id, "relaxation_reason": "Moved"}
        )
        self.assertFalse(self.watch_on(LAST_DAY))

    def test_each_kind_of_rule(self):
        country = self.env.ref("base.pe").id
        dated = {"effective_to": LAST_DAY, "source": "The law"}
        rules = [
            self.env["sms.consent.law"].create({"country_id": country, **dated}),
            self.env["sms.sender.rule"].create(
                {"country_id": country, "kind": "alphanumeric", **dated}
            ),
            self.env["sms.scope.rule"].create(
                {
                    "name": "Two years",
                    "effective_from": "2029-01-01",
                    "purpose_class": "marketing",
                    **dated,
                }
            ),
        ]
        message = self.watch_on(LAST_DAY)
        for rule in rules:
            with self.subTest(rule=rule):
                self.assertIn(f"“{rule.display_name}” (03/31/2031)", message)

    def test_what_ships_ends_in_nothing(self):
        self.hours.write({"active": False, "relaxation_reason": "Another test"})
        for day in (date.today(), date(2040, 1, 1)):
            self.assertFalse(self.watch_on(day))

    def test_after_it_offers_keep_the_companys_hours(self):
        self.company.write({"sms_courtesy_days": "weekdays", "sms_courtesy_from": 10})
        place = Place(("America/Lima",), (("PE", ""),), "address")
        hours = self.env["sms.quiet.hours"]
        own = self.company._get_sms_courtesy_rule(MARKETING)
        for day, expected in (
            (LAST_DAY - timedelta(days=30), False),
            (LAST_DAY + timedelta(days=1), True),
        ):
            with self.subTest(day=day), freeze_time(datetime(*day.timetuple()[:3])):
                rules = hours._select(self.company, place, MARKETING)
                self.assertIs(own in rules, expected)

    def test_which_holds_today(self):
        for day, standing in (
            (LAST_DAY, "in_force"),
            (LAST_DAY + timedelta(days=1), "ended"),
        ):
            with freeze_time(datetime(*day.timetuple()[:3], 12)):
                self.hours.invalidate_recordset(["standing"])
                self.assertEqual(self.hours.standing, standing)
        self.hours.write({"effective_from": LAST_DAY, "relaxation_reason": "Test"})
        with freeze_time(datetime(*LAST_DAY.timetuple()[:3]) - timedelta(days=1)):
            self.hours.invalidate_recordset(["standing"])
            self.assertEqual(self.hours.standing, "coming")
            own = ("country_id", "=", self.hours.country_id.id)
            row = self.env["sms.country.rule"].search([own, ("matter", "=", "hours")])
            self.assertEqual(row.standing, "coming")


@tagged("post_install", "-at_install")
class TestUnknownHolidays(WatchCase):
    """Holidays that follow the moon are known for some years."""

    last_day = date(holidays.LK.end_year, 12, 31)

    def explain(self, day):
        """Return what is told on a day."""
        with freeze_time(datetime.combine(day, datetime.min.time())):
            return self.env["sms.outbox.watch"]._explain_ends(self.company)

    def make_rule(self, **values):
        """Make a rule that allows no texts on holidays."""
        self.env["sms.quiet.hours"].create(
            {
                "name": "No texts on holidays",
                "company_id": self.company.id,
                "is_closed_on_holidays": True,
                "source": "The house",
                **values,
            }
        )

    def test_of_a_country_with_a_rule(self):
        self.assertFalse(self.explain(self.last_day))
        self.make_rule(country_id=self.env.ref("base.lk").id)
        self.assertFalse(self.explain(self.last_day - NOTICE))
        text = self.explain(self.last_day - NOTICE + timedelta(days=1))
        self.assertIn(f"of {self.last_day.year + 1} are not known: Sri Lanka.", text)
        self.assertIn("Sri Lanka", self.explain(self.last_day + timedelta(days=9)))

    def test_of_everywhere_with_contacts_there(self):
        self.make_rule()
        self.assertFalse(self.explain(self.last_day))
        self.make_customer(False, "Nimal", country_id=self.env.ref("base.lk").id)
        self.assertIn("Sri Lanka", self.explain(self.last_day))
