# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ...tools import automation
from ...tools.automation import Change, Event, Facts, Rule

NOON = datetime(2026, 5, 4, 12)
NEW, OPEN, DONE = 1, 2, 3


def at(hour, minute=0):
    """Return a time of the day."""
    return NOON.replace(hour=hour, minute=minute)


@tagged("post_install", "-at_install")
class TestReplayRules(BaseCase):
    """The history of a ticket, reconstructed from its state today."""

    def test_a_history(self):
        events = automation.read_history(
            at(8),
            [Change(at(10), old_stage_id=OPEN), Change(at(9), NEW, 0)],
            DONE,
            7,
            {DONE},
        )
        self.assertEqual(
            [(e.at, sorted(e.happened), e.stage_id, e.user_id) for e in events],
            [
                (at(8), ["created", "stage"], NEW, 0),
                (at(9), ["assigned", "stage"], OPEN, 7),
                (at(10), ["closed", "stage"], DONE, 7),
            ],
        )

    def test_what_has_not_changed_stays_as_it_was(self):
        """A user, then a stage in the same second, the newer one first; and back."""
        events = automation.read_history(
            at(8),
            [Change(at(9), NEW), Change(at(9), None, 0), Change(at(10), DONE)],
            OPEN,
            7,
            {DONE},
        )
        self.assertEqual(
            [(e.at, sorted(e.happened), e.stage_id, e.user_id) for e in events],
            [
                (at(8), ["created", "stage"], NEW, 0),
                (at(9), ["assigned"], NEW, 7),
                (at(9), ["closed", "stage"], DONE, 7),
                (at(10), ["reopened", "stage"], OPEN, 7),
            ],
        )

    def test_a_ticket_that_was_there_before(self):
        events = automation.read_history(None, [], NEW, 0, {DONE})
        self.assertEqual(events, [])

    def test_waits(self):
        for texts, answers, expected in (
            ([], [], []),
            ([at(8)], [], [(at(8), None)]),
            ([at(8), at(9)], [at(10)], [(at(8), at(10))]),
            ([at(8), at(11)], [at(10)], [(at(8), at(10)), (at(11), None)]),
            (
                [at(8), at(9), at(11)],
                [at(10), at(12)],
                [(at(8), at(10)), (at(11), at(12))],
            ),
            ([at(8)], [at(7)], [(at(8), None)]),
            # An answer in the same second as a text came before it was read.
            ([at(8)], [at(8)], [(at(8), None)]),
            ([at(8), at(10)], [at(10)], [(at(8), at(10)), (at(10), None)]),
        ):
            with self.subTest(texts=texts, answers=answers):
                self.assertEqual(automation.find_waits(texts, answers), expected)

    def plan(self, rule, changes, now=None, waits=(), **facts):
        events = automation.read_history(at(8), changes, DONE, 7, {DONE})
        facts = Facts(stage_id=DONE, **facts)
        return automation.plan_replay(events, list(waits), [rule], facts, now or at(20))

    def test_a_delayed_one_must_hold(self):
        rule = Rule(
            1,
            automation.STAGE,
            1,
            stage_ids=frozenset({OPEN}),
            delay=timedelta(hours=2),
        )
        changes = [Change(at(9), old_stage_id=NEW), Change(at(10), old_stage_id=OPEN)]
        self.assertFalse(self.plan(rule, changes), "it was left after an hour")
        changes[1] = Change(at(12), old_stage_id=OPEN)
        self.assertEqual(self.plan(rule, changes), [(at(11), rule)])
        self.assertEqual(self.plan(rule, changes, now=at(11)), [(at(11), rule)])
        self.assertFalse(self.plan(rule, changes, now=at(10)), "it is still to come")

    def test_who_is_asked_how_it_went_gets_no_other_text(self):
        rule = Rule(1, automation.CLOSED, 1)
        changes = [Change(at(9), old_stage_id=OPEN)]
        self.assertEqual(self.plan(rule, changes), [(at(9), rule)])
        self.assertEqual(self.plan(rule, changes, asks_rating=True), [])

    def test_who_still_waits_gets_the_delayed_text(self):
        rule = Rule(1, automation.WROTE, 1, delay=timedelta(hours=2))
        event = Event(at(9), frozenset({automation.WROTE}), OPEN, 7)
        for until, expected in ((None, [(at(11), rule)]), (at(10), [])):
            with self.subTest(until=until):
                waits = [(at(9), until)]
                found = automation.plan_replay([event], waits, [rule], Facts(), at(20))
                self.assertEqual(found, expected)

    def test_texts_come_by_time_and_then_in_the_order_of_the_rules(self):
        """Also the timed ones, which are found last."""
        waiting = Rule(1, automation.NO_ANSWER, 1)
        later = Rule(2, automation.STAGE, 1, delay=timedelta(hours=4))
        closed, staff = Rule(4, automation.CLOSED, 1), Rule(3, automation.STAGE, 1)
        staff = staff._replace(audience=automation.TEAM)
        changes = [Change(at(10), old_stage_id=OPEN)]
        events = automation.read_history(None, changes, DONE, 7, {DONE})
        rules, waits = [later, closed, staff, waiting], [(at(9), None)]
        found = automation.plan_replay(events, waits, rules, Facts(), at(20))
        self.assertEqual(
            found,
            [(at(9), waiting), (at(10), closed), (at(10), staff), (at(14), later)],
        )

    def test_what_happens_meanwhile(self):
        """An assignment, a text and a closing hold until something undoes them."""
        hour, delay = at(9), timedelta(hours=2)
        wrote = automation.WROTE

        def event(when, *happened, user_id=7):
            return Event(when, frozenset(happened), OPEN, user_id)

        for trigger, between, waits, expected in (
            (automation.ASSIGNED, [], [], True),
            (automation.ASSIGNED, [event(at(10), "closed")], [], False),
            (automation.ASSIGNED, [event(at(11), user_id=8)], [], False),
            (automation.ASSIGNED, [event(at(11, 1), user_id=8)], [], True),
            (automation.ASSIGNED, [event(hour, user_id=8)], [], True),
            (wrote, [], [(hour, None)], True),
            (wrote, [], [(at(8), at(12))], True),
            (wrote, [], [(at(8), at(11))], False),
            (wrote, [], [(at(10), None)], False),
            (wrote, [], [], False),
            (wrote, [event(at(10), wrote)], [(hour, None)], False),
            (wrote, [event(at(10), "stage")], [(hour, None)], True),
            (automation.CLOSED, [], [], True),
            (automation.CLOSED, [event(at(10), "reopened")], [], False),
            (automation.CLOSED, [event(at(10), "closed")], [], False),
            (automation.CLOSED, [event(at(10), "assigned")], [], True),
        ):
            with self.subTest(trigger=trigger, between=between, waits=waits):
                rule = Rule(1, trigger, 1, delay=delay)
                first = event(hour, trigger)
                found = automation.holds(first, rule, [first, *between], waits)
                self.assertIs(found, expected)

    def test_texts_as_events(self):
        """With the state of their time, also before the first change."""
        texts = [at(9), at(10), at(11)]
        changes = [Change(at(10), NEW, 0)]
        for created_at in (None, at(8)):
            found = automation.read_history(created_at, changes, OPEN, 7, (), texts)
            self.assertEqual(
                [(it.at, *it[2:]) for it in found if "wrote" in it.happened],
                [(at(9), NEW, 0), (at(10), OPEN, 7), (at(11), OPEN, 7)],
            )
            self.assertEqual([it.at for it in found], sorted(it.at for it in found))

    def test_a_text_that_opened_its_ticket(self):
        found = automation.read_history(at(8), [], NEW, 0, (), [at(7)])
        self.assertEqual([it.at for it in found], [at(7), at(8)])
        self.assertEqual(found[0].happened, {"wrote"})

    def test_no_answer(self):
        rule = Rule(1, automation.NO_ANSWER, 1, lead=timedelta(hours=2))
        for until, expected in (
            (None, [(at(11), rule)]),
            (at(10), []),
            (at(11), []),
            (at(12), [(at(11), rule)]),
        ):
            with self.subTest(until=until):
                found = self.plan(rule, [], waits=[(at(9), until)])
                self.assertEqual(found, expected)
        rule = rule._replace(company_id=9)
        self.assertEqual(self.plan(rule, [], waits=[(at(9), None)]), [])


@tagged("post_install", "-at_install")
class TestAutomationRules(BaseCase):
    """The automations that run."""

    def test_what_a_change_means(self):
        for before, after, expected in (
            (None, (NEW, False, 0), "created stage"),
            (None, (NEW, False, 7), "assigned created stage"),
            (None, (DONE, True, 0), "closed created stage"),
            ((NEW, False, 0), (NEW, False, 0), ""),
            ((NEW, False, 0), (OPEN, False, 0), "stage"),
            ((NEW, False, 0), (DONE, True, 0), "closed stage"),
            ((DONE, True, 0), (NEW, False, 0), "reopened stage"),
            ((DONE, True, 0), (4, True, 0), "stage"),
            ((NEW, False, 7), (NEW, False, 8), "assigned"),
            ((NEW, False, 7), (NEW, False, 0), ""),
        ):
            with self.subTest(before=before, after=after):
                found = automation.compare(before, after)
                self.assertEqual(" ".join(sorted(found)), expected)

    def test_the_first_of_each_audience_and_all_that_wait(self):
        first, second = Rule(1, "stage", 1), Rule(2, "stage", 2)
        team = Rule(3, "stage", 3, audience=automation.TEAM)
        later = Rule(4, "stage", 4, delay=timedelta(hours=1))
        self.assertEqual(
            automation.choose([first, second, team, later, later]),
            [first, team, later, later],
        )

    def test_who_is_asked_how_it_went_is_not_told_besides(self):
        customer, team = Rule(1, "closed", 1), Rule(2, "closed", 2, automation.TEAM)
        later = customer._replace(delay=timedelta(hours=1))
        asked = Facts(asks_rating=True)
        for happened, facts, expected in (
            ("closed stage", asked, [team, later]),
            ("closed stage", Facts(), [customer, team, later]),
            ("reopened stage", asked, [customer, team, later]),
            ("created closed stage", asked, [customer, team, later]),
        ):
            with self.subTest(happened=happened, facts=facts):
                served = automation.get_served(set(happened.split()), facts)
                heard = automation.choose([customer, team, later], served)
                self.assertEqual(heard, expected)

    def test_how_often(self):
        for name, pause, expected in (
            ("each", timedelta(), True),
            ("hour", timedelta(minutes=59), False),
            ("hour", timedelta(hours=1), True),
            ("day", timedelta(hours=23), False),
            ("day", timedelta(days=1), True),
            ("week", timedelta(days=7), True),
            ("once", timedelta(days=9999), False),
        ):
            rule = Rule(1, "stage", 1, pause=automation.PAUSES[name])
            with self.subTest(name=name, pause=pause):
                self.assertIs(automation.may_text(rule, NOON - pause, NOON), expected)
                self.assertTrue(automation.may_text(rule, None, NOON))


@tagged("post_install", "-at_install")
class TestFits(BaseCase):
    """The tickets that an automation matches."""

    def test_each_condition(self):
        ticket = Facts(1, team_id=2, stage_id=3, category_id=4, priority="1")
        for changes, expected in (
            ({}, True),
            ({"company_id": 1}, True),
            ({"company_id": 9}, False),
            ({"replaced_in": frozenset({1})}, False),
            ({"replaced_in": frozenset({9})}, True),
            ({"team_ids": frozenset({2})}, True),
            ({"team_ids": frozenset({9})}, False),
            ({"stage_ids": frozenset({3})}, True),
            ({"stage_ids": frozenset({9})}, False),
            ({"category_ids": frozenset({4})}, True),
            ({"category_ids": frozenset({9})}, False),
            ({"priority": "1"}, True),
            ({"priority": "2"}, False),
        ):
            with self.subTest(**changes):
                rule = Rule(1, automation.STAGE, 1)._replace(**changes)
                self.assertIs(automation.fits(rule, ticket), expected)
