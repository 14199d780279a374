# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.consent import (
    ALL,
    BY_TEXT,
    CONFIRMED,
    EVENTS,
    EXPIRED,
    FOR_ALL_EVENTS,
    GRANTED,
    RESTORED,
    REVOKED,
    Effect,
    Said,
    find_effects,
    find_restorable,
)

TICKET, ALERT = 1, 2
START_OF_TIME = datetime(2026, 1, 1)
OTHER_WAYS = (
    *("web", "paper", "in_person", "phone", "written", "import", "api", "blacklist"),
)


def history(*events):
    """Return a history of ``(purpose_id, event, method)``, a day apart."""
    return [
        (purpose_id, Said(event, method, START_OF_TIME + timedelta(days=index), index))
        for index, (purpose_id, event, method) in enumerate(events, start=1)
    ]


GRANT = (TICKET, GRANTED, "paper")


@tagged("post_install", "-at_install")
class TestRestore(BaseCase):
    """A START undoes opt-outs by text, and restores no more than was granted."""

    def assertRestorable(self, events, expected):
        with self.subTest(events=events):
            self.assertEqual(find_restorable(history(*events)), expected)

    def test_nothing_was_said(self):
        self.assertRestorable([], set())
        self.assertRestorable([GRANT], set())

    def test_a_stop_by_text_or_by_the_carrier(self):
        for method in BY_TEXT:
            self.assertRestorable([GRANT, (ALL, REVOKED, method)], {ALL})

    def test_a_stop_that_was_said_by_text_twice(self):
        both = [(TICKET, REVOKED, method) for method in BY_TEXT]
        self.assertRestorable([GRANT, *both], {TICKET})

    def test_what_follows_a_yes_that_did_not_count(self):
        stop, agent = (ALL, REVOKED, "keyword"), (TICKET, GRANTED, "phone")
        # The yes restores nothing, and a no after it counts.
        again = (TICKET, REVOKED, "keyword")
        self.assertRestorable([stop, agent, again], {ALL})
        self.assertRestorable([stop, agent, (ALL, REVOKED, "phone")], set())

    def test_a_stop_in_another_way_stays(self):
        for method in OTHER_WAYS:
            self.assertRestorable([GRANT, (ALL, REVOKED, method)], set())

    def test_the_other_way_stays_whichever_came_first(self):
        phone, text = (ALL, REVOKED, "phone"), (ALL, REVOKED, "keyword")
        self.assertRestorable([GRANT, phone, text], set())
        self.assertRestorable([GRANT, text, phone], set())

    def test_what_was_restored_before_does_not_count(self):
        phone, back = (ALL, REVOKED, "phone"), (ALL, RESTORED, "keyword")
        self.assertRestorable([phone, back, (ALL, REVOKED, "keyword")], {ALL})

    def test_one_purpose(self):
        text = (TICKET, REVOKED, "keyword")
        self.assertRestorable([GRANT, text], {TICKET})
        phone = (TICKET, REVOKED, "phone")
        self.assertRestorable([GRANT, phone], set())
        self.assertRestorable([GRANT, phone, text], set())
        self.assertRestorable([GRANT, phone, GRANT, text], {TICKET})

    def test_nothing_more_than_was_granted(self):
        self.assertRestorable([(TICKET, REVOKED, "keyword")], set())
        expired = (TICKET, EXPIRED, "keyword")
        self.assertRestorable([GRANT, expired, (TICKET, REVOKED, "keyword")], set())

    def test_a_purpose_does_not_come_back_through_a_stop_that_stays(self):
        self.assertRestorable(
            [GRANT, (TICKET, REVOKED, "keyword"), (ALL, REVOKED, "phone")], set()
        )

    def test_a_purpose_that_was_left_in_another_way_stays_left(self):
        self.assertRestorable(
            [GRANT, (TICKET, REVOKED, "phone"), (ALL, REVOKED, "keyword")], {ALL}
        )

    def test_a_consent_that_was_overtaken_undoes_no_other_way(self):
        """A form signed before the call, and entered after it."""
        early, late = (START_OF_TIME + timedelta(days=days) for days in (-1, 9))
        events = history(GRANT, (TICKET, REVOKED, "phone"))
        events.append((TICKET, Said(GRANTED, "paper", early, 3)))
        events.append((TICKET, Said(REVOKED, "keyword", late, 4)))
        self.assertEqual(find_restorable(events), set())

    def test_what_an_agent_says_after_a_stop_changes_nothing(self):
        spoken = (TICKET, GRANTED, "phone")
        stop = (TICKET, REVOKED, "keyword")
        self.assertRestorable([GRANT, stop, spoken], {TICKET})
        self.assertRestorable([stop, spoken], set())

    @given(
        st.lists(
            st.tuples(
                st.sampled_from((ALL, TICKET, ALERT)),
                st.sampled_from(EVENTS),
                st.sampled_from((*BY_TEXT, *OTHER_WAYS)),
            ).filter(lambda said: said[0] or said[1] in FOR_ALL_EVENTS),
            max_size=12,
        )
    )
    def test_a_purpose_comes_back_only_after_a_yes_to_it(self, events):
        agreed = {
            purpose_id
            for purpose_id, event, _method in events
            if event in (GRANTED, CONFIRMED, RESTORED)
        }
        found = find_restorable(history(*events))
        self.assertLessEqual(found - {ALL}, agreed)
        revoked = {purpose_id for purpose_id, event, _ in events if event == REVOKED}
        self.assertLessEqual(found, revoked)


@tagged("post_install", "-at_install")
class TestEffects(BaseCase):
    """The effect of each yes in a number's history: a no undone, or an obstacle."""

    def assertEffects(self, events, **expected):
        found = find_effects(history(*events))
        expected = {int(key[1:]): effect for key, effect in expected.items()}
        self.assertEqual(found, expected, events)

    def test_nobody_agrees_to_everything(self):
        agreed = history((ALL, GRANTED, "keyword"))
        for read in (find_effects, find_restorable):
            with self.subTest(read=read.__name__), self.assertRaises(ValueError):
                read(agreed)

    def test_a_first_yes_does_neither(self):
        self.assertEffects([GRANT])
        self.assertEffects([(ALL, REVOKED, "keyword"), (TICKET, EXPIRED, "expiry")])

    def test_the_persons_own_yes_undoes_their_no(self):
        stop, ticket_stop = (ALL, REVOKED, "keyword"), (TICKET, REVOKED, "keyword")
        start = (ALL, RESTORED, "keyword")
        self.assertEffects([GRANT, stop, start], _3=Effect(undone=2))
        self.assertEffects([stop, (TICKET, GRANTED, "keyword")], _2=Effect(undone=1))
        self.assertEffects(
            [ticket_stop, (TICKET, GRANTED, "paper")], _2=Effect(undone=1)
        )
        self.assertEffects([ticket_stop, (ALERT, GRANTED, "keyword")])

    def test_an_agents_yes_is_held_by_it(self):
        agreed = (TICKET, GRANTED, "phone")
        for subject in (ALL, TICKET):
            own_no, said_no = (subject, REVOKED, "web"), (subject, REVOKED, "phone")
            self.assertEffects([own_no, agreed], _2=Effect(obstacle=1))
            self.assertEffects([own_no, said_no, agreed], _3=Effect(obstacle=1))
            self.assertEffects([said_no, agreed], _2=Effect(undone=1))

    def test_a_form_that_is_older_than_the_no(self):
        stopped = Said(REVOKED, "phone", START_OF_TIME, 1)
        earlier = START_OF_TIME - timedelta(seconds=1)
        signed = Said(GRANTED, "paper", earlier, 2)
        found = find_effects([(TICKET, stopped), (TICKET, signed)])
        self.assertEqual(found, {2: Effect(obstacle=1)})
