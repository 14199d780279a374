# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.consent import (
    CONFIRMED,
    EVENTS,
    EXPIRED,
    FOR_ALL_EVENTS,
    GRANTED,
    NONE,
    OPTED_IN,
    OPTED_OUT,
    PENDING,
    REQUESTED,
    RESTORED,
    REVOKED,
    STATES,
    Answer,
    combine,
    has_left,
    next_answer,
    next_state,
    summarize,
)

ALL = "all"
PURPOSES = ("ticket", "appointment", "marketing")

#: One thing that a person says: an event about one purpose, or about all.
sayings = st.one_of(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(PURPOSES)),
    st.tuples(st.sampled_from(FOR_ALL_EVENTS), st.just(ALL)),
)
histories = st.lists(sayings, max_size=12)


def read(history):
    """Return the answer for each purpose after a history of sayings."""
    found = {}
    for event_id, (event, subject) in enumerate(history, start=1):
        current = found.get(subject, Answer())
        found[subject] = next_answer(current, event, event_id, subject == ALL)
    of_all = found.get(ALL, Answer())
    return {
        purpose: combine(found.get(purpose, Answer()), of_all) for purpose in PURPOSES
    }


def states(history):
    """Return the state for each purpose after a history of sayings."""
    return {purpose: answer.state for purpose, answer in read(history).items()}


@tagged("post_install", "-at_install")
class TestNextState(BaseCase):
    """The state machine, move by move."""

    def test_what_each_event_does_to_a_purpose(self):
        table = {
            #            none       pending    opted in   opted out
            REQUESTED: (PENDING, PENDING, OPTED_IN, OPTED_OUT),
            GRANTED: (OPTED_IN, OPTED_IN, OPTED_IN, OPTED_IN),
            CONFIRMED: (OPTED_IN, OPTED_IN, OPTED_IN, OPTED_IN),
            REVOKED: (OPTED_OUT, OPTED_OUT, OPTED_OUT, OPTED_OUT),
            RESTORED: (OPTED_IN, OPTED_IN, OPTED_IN, OPTED_IN),
            EXPIRED: (NONE, NONE, NONE, OPTED_OUT),
        }
        self.assertEqual(set(table), set(EVENTS))
        for event, row in table.items():
            for current, expected in zip(STATES, row, strict=True):
                with self.subTest(event=event, current=current):
                    self.assertEqual(next_state(current, event), expected)

    def test_what_each_event_does_to_all_purposes(self):
        for event, expected in ((REVOKED, OPTED_OUT), (RESTORED, NONE)):
            for current in STATES:
                with self.subTest(event=event, current=current):
                    self.assertEqual(next_state(current, event, True), expected)

    def test_nobody_agrees_to_everything(self):
        """A consent names its purposes; so does what ends without a stop."""
        for event in (REQUESTED, GRANTED, CONFIRMED, EXPIRED):
            with self.subTest(event=event), self.assertRaises(ValueError):
                next_state(NONE, event, for_all=True)

    def test_an_unknown_event_is_an_error_and_no_consent(self):
        for event in ("agreed", "", None, "GRANTED"):
            with self.subTest(event=event), self.assertRaises(ValueError):
                next_state(NONE, event)

    @given(st.sampled_from(STATES), st.sampled_from(EVENTS))
    def test_the_same_said_twice_is_said_once(self, current, event):
        once = next_state(current, event)
        self.assertEqual(next_state(once, event), once)


@tagged("post_install", "-at_install")
class TestCombine(BaseCase):
    """A stop for everything, against what was said about one purpose."""

    def test_the_stop_rules_until_the_person_agrees_anew(self):
        stop = Answer(OPTED_OUT, 5)
        for of_purpose, expected in (
            (Answer(), stop),
            (Answer(OPTED_IN, 4), stop),
            (Answer(OPTED_IN, 6), Answer(OPTED_IN, 6)),
            (Answer(PENDING, 4), stop),
            (Answer(PENDING, 6), stop),
            (Answer(NONE, 6), stop),
            (Answer(OPTED_OUT, 4), stop),
            (Answer(OPTED_OUT, 6), stop),
        ):
            with self.subTest(of_purpose=of_purpose):
                self.assertEqual(combine(of_purpose, stop), expected)

    def test_without_a_stop_the_purpose_speaks(self):
        for of_all in (Answer(), Answer(NONE, 9)):
            for state in STATES:
                with self.subTest(of_all=of_all, state=state):
                    answer = Answer(state, 3)
                    self.assertEqual(combine(answer, of_all), answer)

    def test_nothing_said_is_no_consent(self):
        self.assertEqual(combine(Answer(), Answer()), Answer(NONE, 0))


@tagged("post_install", "-at_install")
class TestHistories(BaseCase):
    """Whole lives of a number, told and at random."""

    def test_a_life(self):
        history = []
        for saying, ticket, marketing in (
            ((REQUESTED, "ticket"), PENDING, NONE),
            ((CONFIRMED, "ticket"), OPTED_IN, NONE),
            ((REVOKED, ALL), OPTED_OUT, OPTED_OUT),
            ((REQUESTED, "ticket"), OPTED_OUT, OPTED_OUT),
            ((RESTORED, ALL), OPTED_IN, NONE),
            ((GRANTED, "marketing"), OPTED_IN, OPTED_IN),
            ((REVOKED, "marketing"), OPTED_IN, OPTED_OUT),
            ((REVOKED, ALL), OPTED_OUT, OPTED_OUT),
            ((GRANTED, "ticket"), OPTED_IN, OPTED_OUT),
            ((EXPIRED, "ticket"), OPTED_OUT, OPTED_OUT),
            ((RESTORED, ALL), NONE, OPTED_OUT),
        ):
            history.append(saying)
            with self.subTest(saying=saying):
                found = states(history)
                self.assertEqual(
                    (found["ticket"], found["marketing"]), (ticket, marketing)
                )

    @settings(deadline=None)
    @given(histories)
    def test_after_a_stop_nothing_is_granted(self, history):
        found = states([*history, (REVOKED, ALL)])
        self.assertEqual(set(found.values()), {OPTED_OUT})

    @settings(deadline=None)
    @given(histories, st.lists(st.sampled_from([REQUESTED, EXPIRED]), max_size=5))
    def test_no_question_and_no_expiry_lifts_a_stop(self, history, after):
        told = [*history, (REVOKED, ALL), *((event, "ticket") for event in after)]
        self.assertEqual(states(told)["ticket"], OPTED_OUT)

    def test_to_ask_again_does_not_revive_an_old_yes(self):
        """Who has stopped and texts a joining keyword is asked, and has not joined."""
        told = [(GRANTED, "ticket"), (REVOKED, ALL), (REQUESTED, "ticket")]
        self.assertEqual(states(told)["ticket"], OPTED_OUT)
        self.assertEqual(states([*told, (CONFIRMED, "ticket")])["ticket"], OPTED_IN)

    @settings(deadline=None)
    @given(histories, st.sampled_from(PURPOSES))
    def test_a_yes_to_one_purpose_is_no_yes_to_another(self, history, purpose):
        before = states(history)
        after = states([*history, (GRANTED, purpose)])
        self.assertEqual(after.pop(purpose), OPTED_IN)
        self.assertEqual(after, {other: before[other] for other in after})

    @settings(deadline=None)
    @given(histories)
    def test_to_rejoin_gives_back_what_a_stop_took_and_no_more(self, history):
        """After STOP and START each purpose is as if nobody had stopped everything."""
        after = states([*history, (REVOKED, ALL), (RESTORED, ALL)])
        for purpose in PURPOSES:
            own = [saying for saying in history if saying[1] == purpose]
            self.assertEqual(after[purpose], states(own)[purpose])

    @settings(deadline=None)
    @given(histories)
    def test_a_yes_needs_somebody_who_said_it(self, history):
        """Nothing but an explicit yes to the purpose ever opens it."""
        for purpose, answer in read(history).items():
            if answer.state == OPTED_IN:
                event, subject = history[answer.event_id - 1]
                self.assertEqual(subject, purpose)
                self.assertIn(event, (GRANTED, CONFIRMED, RESTORED))

    @settings(deadline=None)
    @given(histories)
    def test_the_answer_names_the_event_that_gave_it(self, history):
        for answer in read(history).values():
            if answer.state == OPTED_OUT:
                self.assertEqual(history[answer.event_id - 1][0], REVOKED)


@tagged("post_install", "-at_install")
class TestSummarize(BaseCase):
    """One badge for a contact."""

    def test_the_most_useful_answer_is_shown(self):
        for found, expected in (
            ((), NONE),
            ((NONE, NONE), NONE),
            ((NONE, OPTED_OUT), OPTED_OUT),
            ((OPTED_OUT, PENDING), PENDING),
            ((OPTED_OUT, PENDING, OPTED_IN), OPTED_IN),
            ((OPTED_OUT, OPTED_OUT), OPTED_OUT),
        ):
            with self.subTest(found=found):
                self.assertEqual(summarize(map(Answer, found)), expected)

    @given(
        st.lists(st.sampled_from(STATES)).flatmap(
            lambda s: st.tuples(st.just(s), st.permutations(s))
        )
    )
    def test_the_order_does_not_matter(self, pair):
        listed, shuffled = pair
        self.assertEqual(
            summarize(map(Answer, listed)), summarize(map(Answer, shuffled))
        )


@tagged("post_install", "-at_install")
class TestHasLeft(BaseCase):
    """Who has opted out of everything, and agreed to nothing since."""

    def test_the_cases(self):
        stop = Answer(OPTED_OUT, 5)
        for found, expected in (
            ({}, False),
            ({False: stop}, True),
            ({False: Answer(NONE, 6)}, False),
            ({False: stop, 1: Answer(OPTED_IN, 4)}, True),
            ({False: stop, 1: Answer(OPTED_IN, 6)}, False),
            ({False: stop, 1: Answer(PENDING, 6)}, True),
            ({False: stop, 1: Answer(OPTED_OUT, 6), 2: Answer(NONE, 7)}, True),
            ({1: Answer(OPTED_OUT, 5)}, False),
        ):
            with self.subTest(found=found):
                self.assertEqual(has_left(found), expected)

    @given(histories)
    def test_nothing_may_be_sent_to_who_has_left(self, history):
        found = {}
        for event_id, (event, subject) in enumerate(history, start=1):
            key = False if subject == ALL else subject
            current = found.get(key, Answer())
            found[key] = next_answer(current, event, event_id, subject == ALL)
        if has_left(found):
            self.assertEqual(set(states(history).values()), {OPTED_OUT})
