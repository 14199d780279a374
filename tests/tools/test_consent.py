# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.consent import (
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
    Said,
    Standing,
    combine,
    find_binding,
    find_obstacle,
    has_left,
    next_answer,
    next_state,
    show,
    summarize,
    take,
)

ALL = "all"
PURPOSES = ("ticket", "appointment", "marketing")

#: One statement of a person: an event about one purpose, or about all.
sayings = st.one_of(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(PURPOSES)),
    st.tuples(st.sampled_from(FOR_ALL_EVENTS), st.just(ALL)),
)
histories = st.lists(sayings, max_size=12)


def read(history):
    """Return the answer for each purpose after a history of statements."""
    found = {}
    for event_id, (event, subject) in enumerate(history, start=1):
        current = found.get(subject, Answer())
        found[subject] = next_answer(current, event, event_id, subject == ALL)
    of_all = found.get(ALL, Answer())
    return {
        purpose: combine(found.get(purpose, Answer()), of_all) for purpose in PURPOSES
    }


def states(history):
    """Return the state for each purpose after a history of statements."""
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

    def test_to_take_back_a_stop_is_no_yes_to_everything(self):
        stop = next_answer(Answer(), REVOKED, 1, True)
        self.assertEqual(next_answer(stop, RESTORED, 2, True), Answer(NONE, 2))
        self.assertEqual(next_answer(stop, RESTORED, 2), Answer(OPTED_IN, 2))
        now = datetime(2026, 5, 1)
        stopped = take(Said(REVOKED, "keyword", now, 1), Standing(), None)
        back = take(Said(RESTORED, "keyword", now, 2), stopped, None)
        self.assertEqual(back.answer, Answer(NONE, 2))

    def test_of_two_noes_the_one_that_was_said_last_counts(self):
        """Whichever was entered first: a letter may be opened late."""
        day = datetime(2026, 5, 1)
        late = Said(REVOKED, "phone", day + timedelta(days=4), 1)
        early = Said(REVOKED, "phone", day, 2)
        signed = Said(GRANTED, "paper", day + timedelta(days=2), 3)
        for of_ticket, of_all in ((late, early), (early, late)):
            standing = take(of_ticket, Standing(), Standing())
            stop = take(of_all, Standing(), None)
            found = find_obstacle(signed, standing, stop)
            self.assertEqual(found and found.since, late.happened_at)

    def test_nobody_agrees_to_everything(self):
        """A consent names its purposes, and so does an expiry."""
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
    """An opt-out of everything, against statements about one purpose."""

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
    """Whole histories of a number, written and random ones."""

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
        """A joining keyword after a STOP causes a question and is no consent yet."""
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
    """People who have opted out of everything, and agreed to nothing since."""

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


DAY_0 = datetime(2026, 5, 1, 12)

#: (event, method, purpose, day, wording shown): see :func:`tell`.
STOP = (REVOKED, "keyword", ALL)
SPOKEN_NO = (REVOKED, "phone", ALL)
SPOKEN_YES = (GRANTED, "in_person", "ticket")
PAPER_YES = (GRANTED, "paper", "ticket")
TEXT_YES = (CONFIRMED, "keyword", "ticket")
PAGE_YES = (GRANTED, "web", "ticket", None, True)
START = (RESTORED, "keyword", ALL)


def follow(*told):
    """Return the standing of each subject after a history of one event a day."""
    found = {}
    for event_id, (event, method, subject, *more) in enumerate(told, start=1):
        day, is_worded = (*more, None, False)[:2] if len(more) < 2 else more
        happened_at = DAY_0 + timedelta(days=event_id if day is None else day)
        said = Said(event, method, happened_at, event_id, bool(is_worded))
        of_all = None if subject == ALL else found.get(ALL, Standing())
        found[subject] = take(said, found.get(subject, Standing()), of_all)
    return found


def shown(*told, purpose="ticket"):
    """Return the state of a purpose as it is shown after a history."""
    found = follow(*told)
    of_all = found.get(ALL, Standing())
    return show(found.get(purpose, Standing()), of_all).answer.state


@tagged("post_install", "-at_install")
class TestWhoMaySayYes(BaseCase):
    """The person's own no is stronger than anybody's yes but their own."""

    OWN_NOES = (
        *("keyword", "web", "carrier", "blacklist", "api", "import", "erasure"),
        *("written", "paper"),
    )
    OWN_YESES = (TEXT_YES, PAGE_YES, PAPER_YES, (GRANTED, "keyword", "ticket"))
    OTHER_YESES = tuple(
        (event, method, "ticket")
        for event in (GRANTED, CONFIRMED, RESTORED)
        for method in (
            *("in_person", "phone", "written", "import", "api", "web"),
            *("blacklist", "carrier", "time", "erasure", "anything"),
        )
    )

    def assertShown(self, told, expected):
        with self.subTest(told=told):
            self.assertEqual(shown(*told), expected)

    def test_the_persons_own_no(self):
        for method in self.OWN_NOES:
            for subject in (ALL, "ticket"):
                stop = (REVOKED, method, subject)
                for yes in self.OTHER_YESES:
                    self.assertShown([stop, yes], OPTED_OUT)
                    self.assertShown(
                        [(GRANTED, "phone", "ticket"), stop, yes], OPTED_OUT
                    )
                for yes in self.OWN_YESES:
                    self.assertShown([stop, yes], OPTED_IN)

    def test_a_no_that_an_agent_entered(self):
        for method in ("phone", "in_person"):
            for subject in (ALL, "ticket"):
                stop = (REVOKED, method, subject)
                for yes in (SPOKEN_YES, *self.OWN_YESES, (GRANTED, "api", "ticket")):
                    self.assertShown([stop, yes], OPTED_IN)

    def test_a_second_no_that_an_agent_entered_frees_nobody(self):
        """They repeat on the phone an opt-out that they texted before."""
        for again in (SPOKEN_NO, (REVOKED, "phone", "ticket")):
            self.assertShown([STOP, again, SPOKEN_YES], OPTED_OUT)
            self.assertShown([again, STOP, SPOKEN_YES], OPTED_OUT)
            self.assertShown([STOP, again, START, SPOKEN_YES], OPTED_IN)

    def test_who_has_come_back_is_bound_by_nothing_older(self):
        for back in (TEXT_YES, PAGE_YES, PAPER_YES):
            self.assertShown([STOP, back, SPOKEN_NO], OPTED_OUT)
            self.assertShown([STOP, back, SPOKEN_NO, SPOKEN_YES], OPTED_IN)
        told = [STOP, TEXT_YES, SPOKEN_NO, (GRANTED, "phone", "marketing")]
        self.assertEqual(shown(*told, purpose="marketing"), OPTED_OUT)

    def test_one_purpose_binds_no_other(self):
        told = [(REVOKED, "keyword", "marketing"), SPOKEN_YES]
        self.assertShown(told, OPTED_IN)
        self.assertEqual(shown(*told, purpose="marketing"), OPTED_OUT)

    def test_only_the_person_takes_back_what_ends_everything(self):
        yes = (GRANTED, "paper", "ticket")
        self.assertShown([yes, STOP, (RESTORED, "phone", ALL)], OPTED_OUT)
        self.assertShown([yes, STOP, START], OPTED_IN)
        self.assertShown([yes, STOP, SPOKEN_YES, START], OPTED_IN)
        self.assertShown([STOP, SPOKEN_YES, START], NONE)

    def test_a_yes_dated_before_the_no(self):
        for yes in (TEXT_YES, PAGE_YES, PAPER_YES, SPOKEN_YES):
            for no in (STOP, SPOKEN_NO):
                self.assertShown([no, (*yes[:3], 0, True)], OPTED_OUT)

    def test_in_the_same_second(self):
        """A form must be dated later; of two texts the later one counts."""
        for yes, expected in (
            (TEXT_YES, OPTED_IN),
            (PAGE_YES, OPTED_IN),
            (PAPER_YES, OPTED_OUT),
            (SPOKEN_YES, OPTED_OUT),
        ):
            self.assertShown([(*STOP, 7), (*yes[:3], 7, True)], expected)
        for yes in (TEXT_YES, PAPER_YES, SPOKEN_YES):
            self.assertShown([(*SPOKEN_NO, 7), (*yes[:3], 7)], OPTED_IN)

    def test_of_several_noes_the_latest_counts(self):
        """Whichever was entered first: the form is older than one of them."""
        for noes in ([(*STOP, 3), (*STOP, 9)], [(*STOP, 9), (*STOP, 3)]):
            self.assertShown([*noes, (*PAPER_YES, 5)], OPTED_OUT)
            self.assertShown([*noes, (*PAPER_YES, 10)], OPTED_IN)
        noes = [(*STOP, 3), (*SPOKEN_NO, 9)]
        self.assertShown([*noes, (*PAPER_YES, 5)], OPTED_OUT)

    def test_a_page_counts_with_the_wording_that_it_showed(self):
        self.assertShown([STOP, (GRANTED, "web", "ticket", None, False)], OPTED_OUT)
        self.assertShown([STOP, PAGE_YES], OPTED_IN)

    def test_what_stands_in_the_way_is_named(self):
        found = follow(STOP, SPOKEN_NO)
        stop = found[ALL]
        said = Said(GRANTED, "phone", DAY_0 + timedelta(days=9), 9)
        self.assertEqual(find_obstacle(said, Standing(), stop), stop)
        self.assertEqual(find_binding(Standing(), stop).word, 1)
        self.assertIsNone(find_binding(Standing(), follow(SPOKEN_NO)[ALL]))
        self.assertIsNone(find_obstacle(said, Standing(), None))

    def test_a_no_to_everything_covers_what_was_agreed_to(self):
        for own in ((GRANTED, "paper", "ticket"), (REQUESTED, "web", "ticket")):
            found = follow(own, STOP)
            visible = show(found["ticket"], found[ALL])
            self.assertEqual(visible, found[ALL])
        own = follow((REVOKED, "web", "ticket"), STOP)
        self.assertEqual(show(own["ticket"], own[ALL]), own["ticket"])

    ways = st.sampled_from(
        (
            *("keyword", "web", "paper", "in_person", "phone", "written"),
            *("import", "api", "carrier", "blacklist"),
        )
    )
    lives = st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from(EVENTS),
                ways,
                st.sampled_from(PURPOSES),
                st.integers(0, 12),
                st.booleans(),
            ),
            st.tuples(
                st.sampled_from(FOR_ALL_EVENTS), ways, st.just(ALL), st.integers(0, 12)
            ),
        ),
        max_size=10,
    )

    @settings(deadline=None)
    @given(lives, st.lists(st.sampled_from(OTHER_YESES), max_size=4))
    def test_after_a_stop_nobody_elses_yes_opens_anything(self, life, yeses):
        told = [*life, (*STOP, 20), *((*yes, 30) for yes in yeses)]
        for purpose in PURPOSES:
            self.assertEqual(shown(*told, purpose=purpose), OPTED_OUT)

    @settings(deadline=None)
    @given(lives)
    def test_what_is_shown_is_what_the_gate_combines(self, life):
        found = follow(*life)
        of_all = found.get(ALL, Standing())
        for purpose in PURPOSES:
            own = found.get(purpose, Standing())
            visible = show(own, of_all).answer
            combined = combine(own.answer, of_all.answer)
            self.assertEqual(visible.state, combined.state)
            self.assertEqual(combine(visible, of_all.answer), combined)

    @settings(deadline=None)
    @given(lives)
    def test_who_is_bound_has_opted_out(self, life):
        found = follow(*life)
        of_all = found.get(ALL, Standing())
        for purpose in PURPOSES:
            own = found.get(purpose, Standing())
            if find_binding(own, of_all):
                self.assertEqual(show(own, of_all).answer.state, OPTED_OUT)
