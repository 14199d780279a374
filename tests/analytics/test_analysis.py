# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The figures of a scenario counted by hand, on every screen that shows them."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from ...models.appointment.calendar_event import OPEN
from ...providers.outbound import DeliveryReport, Price
from ...report.sms_analysis_query import SOURCES
from ...report.sms_figures import DIMENSIONS, MEASURES, RATIOS
from ..common import phone_number
from .common import ScenarioCase

#: The scenario's totals of the last 30 days, counted by hand in ``common.py``.
EXPECTED = {
    "made_count": 60,
    "sent_count": 40,
    "delivered_count": 30,
    "failed_count": 6,
    "blocked_count": 8,
    # 4 may leave, 2 are held, 2 answers and 2 confirmations of a STOP wait.
    "waiting_count": 10,
    "cancelled_count": 2,
    "segment_count": 40,
    # Ten for 2 cents as the carrier reports, thirty for 1 cent by the price table.
    "cost": 0.5,
    "priced_count": 10,
    # Nobody was called; tests/dispatch/test_price.py has what calls cost.
    "call_count": 0,
    "call_cost": 0,
    "timed_count": 30,
    # 20 took 4 seconds each, 10 took 10.
    "delivery_seconds": 180,
    "received_count": 6,
    # All but the two STOPs.
    "reply_count": 4,
    # After 10, 20 and 50 minutes, and after a day.
    "reply_seconds": (10 + 20 + 50 + 24 * 60) * 60,
    "stop_count": 2,
    # The second text of a customer who is waiting starts no new wait.
    "asked_count": 3,
    "answered_count": 2,
    # 30 minutes, and an hour counted from the first of the two texts.
    "answer_seconds": 90 * 60,
    "opt_in_count": 63,
    # Three by phone, two by STOP.
    "opt_out_count": 5,
    # Three on a template's link, one on a broadcast's.
    "click_count": 4,
    "visit_count": 3,
    "visit_confirmed_count": 1,
    "visit_moved_count": 1,
    "visit_missed_count": 1,
    "rating_count": 2,
    "rating_sum": 9,
    # One of them has no number, one had muted it.
    "concerned_count": 6,
    "left_out_count": 2,
    "reached_count": 4,
    "known_count": 1,
    "news_count": 2,
    "mute_count": 1,
    "alert_count": 3,
    "alert_taken_count": 2,
    "alert_in_time_count": 1,
    # After 3 and 30 minutes.
    "alert_seconds": 33 * 60,
}


class TestScenario(ScenarioCase):
    """Analysis, daily table and dashboard agree with the count by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.play(cls())
        cls.env.flush_all()

    def get_dashboard(self, user=None, **filters):
        """Return what the page shows to a user, by default to a manager."""
        dashboard = self.env["sms.dashboard"].with_user(user or self.manager)
        return dashboard.get_dashboard(filters)

    def get_tiles(self, **filters):
        """Return the dashboard's tiles by key."""
        return {tile["key"]: tile for tile in self.get_dashboard(**filters)["tiles"]}

    def test_the_analysis_counts_what_happened(self):
        domain = [("date", ">", self.at(30, hours=12))]
        facts = self.env["sms.analysis"].with_user(self.agent)
        sums = facts._read_group(domain, aggregates=[f"{it}:sum" for it in EXPECTED])
        self.assertEqual(dict(zip(EXPECTED, sums[0], strict=True)), EXPECTED)

    def explain(self, measure):
        """Return the query plan of a measure's sum over all facts."""
        facts = self.env["sms.analysis"]._table_query
        plan = self.env.execute_query(
            SQL("EXPLAIN SELECT sum(%s) FROM (%s) it", SQL.identifier(measure), facts)
        )
        return "\n".join(line for (line,) in plan)

    def test_what_nobody_asks_for_is_not_looked_up(self):
        """Neither the price, nor the last text before, nor the first one after."""
        self.assertNotIn("Limit", self.explain("received_count"))
        for measure in ("reply_count", "answered_count", "cost"):
            self.assertIn("Limit", self.explain(measure), measure)

    def test_nobody_replies_to_what_was_written_long_before(self):
        """A text held for weeks counts by the day on which it was created."""
        facts = self.env["sms.analysis"]
        reply = facts.search([("kind", "=", "incoming"), ("reply_count", "=", 1)])[:1]
        inbound = self.env["sms.inbound"].browse(reply.id // len(SOURCES))
        for days, count in ((20, 1), (40, 0)):
            self.env.cr.execute(
                "UPDATE sms_sms SET create_date = %s - %s * interval '1 day'"
                " WHERE number = %s",
                [inbound.received_at, days, inbound.number],
            )
            reply.invalidate_recordset()
            self.assertEqual(reply.reply_count, count, days)

    def test_nothing_that_is_counted_is_left_out_here(self):
        self.assertEqual(set(EXPECTED), set(MEASURES))

    def test_rates_are_of_all_and_no_average_of_rows(self):
        """In the facts and in the daily table alike."""
        self.run_counting()
        first = self.today - timedelta(days=29)
        rates = {
            "delivery_rate": 30 / 36,
            "reply_rate": 4 / 40,
            "stop_rate": 2 / 40,
            "reach_rate": 4 / 6,
            "alert_rate": 1 / 3,
            "delivery_seconds": 6,
            "answer_seconds": 45 * 60,
            "rating_sum": 4.5,
        }
        for model, domain in (
            ("sms.analysis", [("date", ">", self.at(30, hours=12))]),
            ("sms.day", [("day", ">=", first), ("company_id", "=", self.company.id)]),
        ):
            records = self.env[model].with_user(self.agent)
            sums = records._read_group(domain, aggregates=[f"{it}:avg" for it in rates])
            for (name, rate), found in zip(rates.items(), sums[0], strict=True):
                with self.subTest(model=model, name=name):
                    self.assertAlmostEqual(found, rate, places=9)

    def test_the_opt_out_rate_of_each_template(self):
        """Two people left after 16 offers, nobody after 24 news."""
        groups = self.env["sms.analysis"]._read_group(
            [("template_id", "!=", False), ("date", ">", self.at(30, hours=12))],
            ["template_id"],
            ["stop_rate:avg"],
        )
        rates = {template.name: rate for template, rate in groups}
        self.assertEqual(rates, {"News": 0, "Offer": 2 / 16})

    def test_who_opts_out_after_a_failed_attempt_was_not_reached(self):
        """As who was not reached, since the text is tried again, at the moment."""
        texts = self.env["sms.sms"].search([("broadcast_id", "!=", False)])
        facts = [("kind", "=", "outgoing"), ("broadcast_id", "!=", False)]
        for state, reached in (("outgoing", 3), ("canceled", 3), ("sent", 4)):
            texts[0].write({"state": state, "sent_at": self.at(1)})
            self.env.flush_all()
            found = self.env["sms.analysis"]._read_group(
                facts, aggregates=["reached_count:sum"]
            )
            self.assertEqual(found[0][0], reached, state)

    def test_it_tells_every_fate_apart(self):
        domain = [("kind", "=", "outgoing"), ("date", ">", self.at(30))]
        groups = self.env["sms.analysis"]._read_group(domain, ["outcome"], ["__count"])
        self.assertEqual(
            dict(groups),
            {
                "delivered": 30,
                "failed": 6,
                "sent": 4,
                "waiting": 8,
                "held": 2,
                "blocked": 8,
                "cancelled": 2,
            },
        )

    def test_it_says_why_in_plain_words(self):
        facts = self.env["sms.analysis"]
        failed = facts._read_group([("outcome", "=", "failed")], ["fault_id"])
        self.assertEqual([fault.fault for (fault,) in failed], ["landline"])
        blocked = facts._read_group(
            [("outcome", "=", "blocked")], ["gate_reason"], ["__count"]
        )
        self.assertEqual(dict(blocked), {"no_consent": 5, "opted_out": 3})

    def test_an_answer_counts_for_the_template_that_was_answered(self):
        groups = self.env["sms.analysis"]._read_group(
            [("kind", "=", "incoming")],
            ["template_id"],
            ["reply_count:sum", "stop_count:sum"],
        )
        # Their second text also answers the news, although we had answered the first.
        self.assertEqual(
            {it.name: sums for it, *sums in groups}, {"News": [4, 0], "Offer": [0, 2]}
        )

    def test_a_fact_leads_to_its_record(self):
        fact = self.env["sms.analysis"].search([("outcome", "=", "failed")], limit=1)
        action = fact.with_user(self.agent).action_view_source()
        message = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((message._name, message.state), ("sms.sms", "error"))

    def test_numbers_are_masked(self):
        fact = self.env["sms.analysis"].search([("outcome", "=", "failed")], limit=1)
        self.assertRegex(fact.masked_number, r"^…\d{4}$")
        values = fact.read()[0].values()
        self.assertNotIn(phone_number(630), map(str, values))

    def test_who_may_export_gets_masked_numbers(self):
        """By Odoo's own export, which makes CSV and XLSX files."""
        names = ["kind", "date", "masked_number", "template_id/name", "outcome", "cost"]
        exporters = self.env.ref("base.group_allow_export")
        self.agent.group_ids -= exporters
        facts = self.env["sms.analysis"].with_user(self.agent)
        facts = facts.search([("outcome", "=", "failed")])
        with self.assertRaises(UserError):
            facts.export_data(names)
        self.agent.group_ids += exporters
        rows = facts.export_data(names)["datas"]
        self.assertEqual(len(rows), len(facts))
        self.assertRegex(rows[0][2], r"^…\d{4}$")
        self.assertNotIn(phone_number(630), str(rows))

    def test_no_export_has_zeros_for_what_is_not_known(self):
        """A text that nobody answered was not answered in 0 seconds."""
        self.agent.group_ids += self.env.ref("base.group_allow_export")
        facts = self.env["sms.analysis"].with_user(self.agent)
        facts = facts.search([("asked_count", "=", 1)])
        rows = facts.export_data(["answer_seconds", "rating_sum"])["datas"]
        self.assertCountEqual(rows, [[1800, ""], [3600, ""], ["", ""]])

    def test_exports_offer_no_rates_of_single_rows(self):
        """Nor sums of a day under the name of a time or of a rating."""
        rates = {name for name in RATIOS if name.endswith("_rate")}
        for model, left_out in (("sms.analysis", rates), ("sms.day", {*RATIOS})):
            found = self.env[model].fields_get([*RATIOS], ["exportable"])
            hidden = {name for name, it in found.items() if not it["exportable"]}
            with self.subTest(model=model):
                self.assertEqual(hidden, left_out)

    # === The dashboard ===

    def test_each_tile_shows_what_was_counted(self):
        tiles = self.get_tiles()
        values = {key: tile["value"] for key, tile in tiles.items()}
        cost = values.pop(f"cost_{self.env.ref('base.USD').id}")
        self.assertEqual(
            values,
            {
                "sent_count": 40,
                "delivery_rate": 30 / 36,
                "delivery_time": 6,
                "blocked_count": 8,
                "reply_count": 4,
                "answer_time": 45 * 60,
                "opt_out_count": 5,
                "click_count": 4,
                "confirmed_rate": 1 / 3,
                "rating": 4.5,
                "alert_rate": 1 / 3,
                "reach_rate": 4 / 6,
                "news_count": 2,
            },
        )
        self.assertIn("0.50", cost)

    def test_each_is_compared_with_the_days_before(self):
        """In the period before, eight of ten texts arrived, after 20 seconds each."""
        tiles = self.get_tiles()
        self.assertEqual(tiles["sent_count"]["ratio"], 3)
        self.assertAlmostEqual(
            tiles["delivery_rate"]["ratio"], (30 / 36 - 0.8) / 0.8, places=9
        )
        self.assertEqual(tiles["delivery_time"]["direction"], -1)
        self.assertAlmostEqual(tiles["delivery_time"]["ratio"], -0.7)
        self.assertIsNone(tiles["blocked_count"]["ratio"])

    def test_the_charts_show_each_day(self):
        series = self.get_dashboard()["series"]
        self.assertEqual(len(series["labels"]), 30)
        self.assertEqual(series["delivered_count"][-4], 20)
        self.assertEqual(series["delivered_count"][-6], 10)
        self.assertEqual(series["failed_count"][-6], 6)
        self.assertEqual(sum(series["blocked_count"]), 8)

    def test_a_year_is_shown_by_weeks(self):
        first = self.today - timedelta(days=364)
        series = self.get_dashboard(date_from=str(first))["series"]
        self.assertTrue(series["is_weekly"])
        self.assertEqual(len(series["labels"]), 53)
        self.assertEqual(sum(series["delivered_count"]), 38)

    def test_the_lists_say_why_and_who(self):
        data = self.get_dashboard()
        self.assertEqual([row["count"] for row in data["failures"]], [6])
        self.assertTrue(data["failures"][0]["name"] and data["failures"][0]["advice"])
        self.assertEqual(
            [(row["key"], row["count"]) for row in data["blocked"]],
            [("no_consent", 5), ("opted_out", 3)],
        )
        team = data["teams"][0]
        self.assertEqual(
            (team["name"], team["asked"], team["answered"], team["answer_time"]),
            ("Support", 3, 2, 45 * 60),
        )
        self.assertEqual([it["name"] for it in data["templates"]["best"]], ["News"])
        self.assertEqual((data["queue"]["waiting"], data["queue"]["held"]), (8, 2))

    def test_a_team_and_a_purpose_can_be_chosen(self):
        tiles = self.get_tiles(team_id=self.team.id)
        self.assertEqual(tiles["answer_time"]["value"], 45 * 60)
        self.assertEqual(tiles["sent_count"]["value"], 0)
        alert = self.env["sms.purpose"]._get("alert")
        self.assertEqual(self.get_tiles(purpose_id=alert.id)["sent_count"]["value"], 0)
        ticket = self.env["sms.purpose"]._get("ticket")
        tiles = self.get_tiles(purpose_id=ticket.id)
        self.assertEqual(tiles["sent_count"]["value"], 40)

    def test_a_tile_opens_what_it_counts_by_each_companys_clock(self):
        """The afternoon of an island in the Pacific is the night before in Denver."""
        other = self.make_company("Other")
        other.partner_id.tz = "Pacific/Kiritimati"
        day = str(self.today - timedelta(days=20))
        text = self.text([phone_number(600)], 20, record_company_id=other.id)
        self.shift(text, "create_date", self.at(20, hours=-17))
        both = [self.company.id, other.id]
        dashboard = self.env["sms.dashboard"].with_user(self.manager)
        dashboard = dashboard.with_context(allowed_company_ids=both)
        shown = dashboard.get_dashboard({"date_from": day, "date_to": day})
        tiles = {tile["key"]: tile["value"] for tile in shown["tiles"]}
        facts = dashboard.env["sms.analysis"].search(shown["period"]["facts"])
        self.assertEqual(tiles["blocked_count"], 1)
        self.assertEqual(sum(facts.mapped("blocked_count")), 1)

    def test_who_is_erased_did_not_wait_in_vain(self):
        """Nobody knows any more which of their texts were answered."""
        before = self.get_tiles()["answer_time"]["note"]
        self.assertEqual(before, "2 of 3 answered by text")
        answered = self.env["sms.inbound"].search([("body", "=", "Thank you")])
        waiting = self.env["sms.inbound"].search([("body", "=", "Is it done?")])
        again = self.env["sms.inbound"].search([("body", "=", "Hello?")])
        (answered | waiting | again)._forget()
        after = self.get_tiles()["answer_time"]["note"]
        self.assertEqual(after, "0 of 1 answered by text")

    def test_days_without_anything_are_empty(self):
        day = str(self.today - timedelta(days=100))
        data = self.get_dashboard(date_from=day, date_to=day)
        self.assertTrue(data["is_empty"])
        self.assertEqual(data["period"]["days"], 1)

    def test_days_that_are_none_are_refused(self):
        for value in ("yesterday", "2026-13-01", {"a": 1}):
            with self.subTest(value=value), self.assertRaises(UserError):
                self.get_dashboard(date_from=value)

    def test_a_year_that_is_being_typed_is_no_error(self):
        """Browsers report "0002" after the first digit of "2026"."""
        for value in ("0002-03-04", "0001-01-01"):
            with self.subTest(value=value):
                self.assertTrue(self.get_dashboard(date_to=value)["is_empty"])
                data = self.get_dashboard(date_from=value, date_to=value)
                self.assertTrue(data["is_empty"])

    def test_a_range_ends_today_and_is_never_too_long(self):
        data = self.get_dashboard(date_from="1999-01-01", date_to="2999-01-01")
        self.assertEqual(data["period"]["date_to"], str(self.today))
        self.assertEqual(data["period"]["days"], 731)

    def test_who_may_look(self):
        for user in (self.agent, self.manager, self.compliance_officer):
            self.assertTrue(self.get_dashboard(user)["tiles"])
        for user in (self.own_agent, self.team_agent, self.employee, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.get_dashboard(user)

    def test_another_company_sees_its_own_figures(self):
        other = self.make_company("Elsewhere")
        dashboard = self.env["sms.dashboard"].with_user(self.manager)
        data = dashboard.with_company(other).get_dashboard({})
        figures = {tile["key"] for tile in data["tiles"] if tile["value"]}
        self.assertEqual(figures, {"opt_out_count"}, "who is on the phone blacklist")

    # === The daily table ===

    def read_rows(self, source):
        """Return the rows of a query with the table's columns, in order."""
        names = SQL(", ").join(map(SQL.identifier, ("day", *DIMENSIONS, *MEASURES)))
        rows = self.env.execute_query(SQL("SELECT %s FROM (%s) it", names, source))
        return sorted(rows, key=str)

    def test_the_table_equals_the_facts(self):
        """Row by row, and on the page, which shows the same from either."""
        # The outbox is shown as of now.
        live = {**self.get_dashboard(), "queue": None}
        self.run_counting()
        first = self.today - timedelta(days=60)
        company_id = self.company.id
        table = SQL("SELECT * FROM sms_day WHERE company_id = %s", company_id)
        facts = self.days._query_facts(self.company, first, self.today)
        rows = self.read_rows(table)
        self.assertGreater(len(rows), 15)
        self.assertEqual(rows, self.read_rows(facts))
        self.assertEqual({**self.get_dashboard(), "queue": None}, live)

    def test_a_second_run_counts_nothing_twice(self):
        self.run_counting()
        before = self.days.search_count([])
        self.run_counting()
        self.assertEqual(self.days.search_count([]), before)

    def test_what_still_waits_is_counted_again_however_old(self):
        waiting = self.text([phone_number(600)], 20)
        self.run_counting()
        day = self.today - timedelta(days=20)
        self.assertEqual(self.sum_day(day, "waiting_count"), 1)
        self.deliver(waiting, 20, seconds=5)
        self.run_counting()
        self.assertEqual(self.sum_day(day, "waiting_count"), 0)
        self.assertEqual(self.sum_day(day, "delivered_count"), 1)

    def test_what_comes_late_to_an_old_day_is_counted(self):
        """A late report and price, and a late alert, rating and visit."""
        visit = self.env["calendar.event"].search([("sms_confirmation", "!=", False)])
        alert = self.env["sms.team.alert"].search([("acknowledged_at", "=", False)])
        rating = self.env["rating.rating"].search([("rating", "=", 5)])
        texts = self.env["sms.sms"].search([("state", "=", "pending")])
        self.shift(visit, "start", self.at(30))
        self.shift(alert, "created_at", self.at(30))
        self.shift(rating, "write_date", self.at(30))
        self.shift(texts, "create_date", self.at(30))
        self.run_counting()
        self.env["sms.day.stale"].search([]).unlink()
        day = self.today - timedelta(days=30)
        self.assertEqual(self.sum_day(day, "visit_confirmed_count"), 1)
        texts[0]._record_report(DeliveryReport(texts[0].carrier_id, "delivered"))
        self.env["sms.sms"]._record_prices(
            "sandbox", {texts[0].carrier_id: Price(5, "USD")}
        )
        visit.write({"sms_confirmation": OPEN})
        alert.acknowledged_at = fields.Datetime.now()
        rating.rating = 3
        self.env.flush_all()
        marks = self.env["sms.day.stale"].search([])
        self.assertEqual(
            set(marks.mapped("kind")), {"outgoing", "appointment", "alert", "rating"}
        )
        self.run_counting()
        self.assertFalse(self.env["sms.day.stale"].search([]))
        for measure, count in (
            ("delivered_count", 1),
            ("cost", 5 + 3 * 0.01),
            ("visit_count", 3),
            ("visit_confirmed_count", 0),
            ("alert_taken_count", 1),
            ("rating_sum", 0),
        ):
            with self.subTest(measure=measure):
                self.assertAlmostEqual(self.sum_day(day, measure), count)

    def test_the_price_of_a_call_comes_late_as_well(self):
        call = self.text([phone_number(600)], 30, is_call=True)
        self.hand_over(call, 30)
        self.run_counting()
        self.env["sms.day.stale"].search([]).unlink()
        self.env["sms.sms"]._record_prices(
            "sandbox", {call.carrier_id: Price(2, "USD")}
        )
        self.run_counting()
        day = self.today - timedelta(days=30)
        self.assertEqual(self.sum_day(day, "call_count"), 1)
        self.assertEqual(self.sum_day(day, "call_cost"), 2)

    def test_what_is_young_or_no_matter_of_figures_leaves_no_mark(self):
        self.env["sms.day.stale"].search([]).unlink()
        young = self.text([phone_number(600)], 5)
        self.hand_over(young, 5)
        old = self.text([phone_number(601)], 30)
        self.env["sms.day.stale"].search([]).unlink()
        old.write({"lookups": 3, "carrier_detail": "Nothing that is counted"})
        self.env.flush_all()
        self.assertFalse(self.env["sms.day.stale"].search([]))

    def test_a_visit_marks_the_old_days_that_it_leaves_and_joins(self):
        visit = self.env["calendar.event"].search([("sms_confirmation", "!=", False)])
        visit = visit[:1]
        left, joined, young = self.at(30), self.at(20), self.at(2)
        self.shift(visit, "start", left)
        stale = self.env["sms.day.stale"]
        stale.search([]).unlink()
        for start, moments in (
            # Once more, since the customer's answer is taken back.
            (joined, [left, joined, joined]),
            (young, [joined]),
            (young + timedelta(hours=1), []),
            (left, [left]),
            (left, []),
        ):
            with self.subTest(start=start):
                visit.write({"start": start, "stop": start + timedelta(hours=1)})
                visit.name = f"From {start}"
                self.env.flush_all()
                marks = stale.search([("kind", "=", "appointment")])
                self.assertEqual(sorted(marks.mapped("moment")), moments)
                self.assertLessEqual(marks.company_id, visit.sms_company_id)
                marks.unlink()

    def test_another_price_counts_for_the_days_from_which_on_it_holds(self):
        self.run_counting()
        day = self.today - timedelta(days=40)
        self.assertAlmostEqual(self.sum_day(day, "cost"), 0.1)
        self.set_price(0.03, prefix="+1", valid_from=day + timedelta(days=1))
        self.run_counting()
        self.assertAlmostEqual(self.sum_day(day, "cost"), 0.1)
        self.set_price(0.02, prefix="+1", valid_from=day - timedelta(days=5))
        self.run_counting()
        self.assertAlmostEqual(self.sum_day(day, "cost"), 0.2)

    def test_who_is_erased_later_was_texted_all_the_same(self):
        self.run_counting()
        day = self.today - timedelta(days=40)
        self.env["sms.sms"].search([("template_id", "=", self.offer.id)])._forget()
        self.run_counting()
        self.assertEqual(self.sum_day(day, "delivered_count"), 8)

    def test_a_day_ends_by_the_companys_clock(self):
        """Six in the evening in Denver is already tomorrow in London."""
        sms = self.text([phone_number(600)], 15)
        self.shift(sms, "create_date", self.at(15, hours=11))
        self.run_counting()
        self.assertEqual(self.sum_day(self.today - timedelta(days=15), "made_count"), 1)

    def sum_day(self, day, measure):
        """Return a measure's sum of one day in the table."""
        domain = [("day", "=", fields.Date.to_date(day))]
        return self.days._read_group(domain, aggregates=[f"{measure}:sum"])[0][0] or 0

    def run_counting(self):
        """Run the cron that fills the daily table."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_day"))

    # === Figures on other forms ===

    def test_each_form_leads_to_its_own_figures(self):
        partner = self.make_customer(phone_number(599), "With texts")
        self.text([phone_number(599)], 1, self.news, partner_id=partner.id)
        self.env.flush_all()
        for name, record, count in (
            # Four received texts, three alerts, three visits, two ratings.
            ("team", self.team, 4 + 3 + 3 + 2),
            ("partner", partner, 1),
        ):
            xmlid = f"helpdesk_mgmt_sms.sms_analysis_{name}_action"
            action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
            domain = safe_eval(action["domain"], {"active_id": record.id})
            facts = self.env["sms.analysis"].with_user(self.agent)
            with self.subTest(name=name):
                self.assertEqual(facts.search_count(domain), count)

    def count_figures(self, template):
        """Return how many facts the button of a template's form opens."""
        action = template.with_user(self.agent).action_view_sms_figures()
        facts = self.env["sms.analysis"].with_user(self.agent)
        return facts.search_count(action["domain"])

    def test_a_template_leads_to_its_own_figures(self):
        """Those of a company's own one, too, which is sent in place of a shared one."""
        # 24 texts of the scenario, their 4 answers, 3 clicks.
        self.assertEqual(self.count_figures(self.news), 24 + 4 + 3)
        other = self.make_company("Other")
        self.text([phone_number(599)], 1, self.news, record_company_id=other.id)
        self.env.flush_all()
        own = self.news._copy_for_company(self.company)
        self.assertEqual(self.count_figures(own), 24 + 4 + 3)
        theirs = self.news._copy_for_company(other)
        self.assertEqual(self.count_figures(theirs), 1)


class TestWaits(ScenarioCase):
    """When a wait for an answer begins, and what ends it."""

    def count(self):
        """Return how many waits there were, and how many were answered by text."""
        self.env.flush_all()
        facts = self.env["sms.analysis"].with_user(self.agent)
        names = ["asked_count:sum", "answered_count:sum"]
        return facts._read_group([("kind", "=", "incoming")], aggregates=names)[0]

    def test_who_said_thanks_a_month_ago_waits_again(self):
        number = self.person()
        self.hear("It is broken", number, 30)
        self.answer(number, 30, minutes=10)
        self.hear("Thanks", number, 30, minutes=20)
        self.hear("It is broken again", number, 2)
        self.answer(number, 2, minutes=10)
        self.assertEqual(self.count(), (3, 2))

    def test_an_answer_that_did_not_arrive_answers_nobody(self):
        number = self.person()
        self.hear("It is broken", number, 2)
        first = self.answer(number, 2, minutes=10)
        self.lose(first, 2)
        self.assertEqual(self.count(), (1, 0))
        self.hear("Hello?", number, 2, minutes=30)
        self.env["sms.unusable.number"].search([]).unlink()
        self.answer(number, 2, minutes=40)
        self.assertEqual(self.count(), (1, 1))

    def test_who_says_thanks_when_all_is_done_does_not_wait(self):
        number = self.person()
        ticket = self.hear("It is broken", number, 2).ticket_id
        self.answer(number, 2, minutes=10)
        ticket.stage_id = self.closed_stage
        thanks = self.hear("Thank you!", number, 2, minutes=20)
        self.assertEqual((thanks.ticket_id, ticket.sms_waiting_since), (ticket, False))
        self.assertEqual(self.count(), (1, 1))
        self.hear("It is broken again", number, 2, minutes=30)
        self.answer(number, 2, minutes=40)
        self.assertEqual(self.count(), (2, 2))
