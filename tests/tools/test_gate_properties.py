# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Properties of the gate that hold for any facts."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools import consent, exemptions, quiet_hours, timing, verdicts
from ...tools.conversation import CONVERSATION_TIME, TheirText
from ...tools.gate import Facts, decide
from ...tools.geography import Place
from ...tools.quiet_hours import CLOSED, QUIET_CLASSES, Rule
from ...tools.timing import When
from ...tools.verdicts import BLOCK, HOLD, SEND

NOW = datetime(2026, 7, 1, 4, 0)
OLD = NOW - CONVERSATION_TIME
#: Around now, and around the end of what began then.
MOMENTS = st.sampled_from(
    [at + timedelta(seconds=it) for at in (OLD, NOW) for it in (-3600, -1, 0, 1)]
)
MAYBE = st.one_of(st.none(), MOMENTS)
NUMBER_REFUSALS = (
    *(verdicts.EXTENSION, verdicts.SHORT_CODE, verdicts.EMERGENCY),
    *(verdicts.PREMIUM, verdicts.SERVICE_NUMBER, verdicts.LANDLINE),
)
SENDER_REFUSALS = (verdicts.NO_SENDER, verdicts.ONE_WAY)
DAYTIME = Rule(quiet_hours.MARKETING, "US", "", *[(480, 1200)] * 3)
NEVER = Rule(quiet_hours.MARKETING, "US", "", *[CLOSED] * 3)
WHENS = st.builds(
    When,
    now=st.just(NOW),
    quiet_class=st.sampled_from(("", *QUIET_CLASSES)),
    place=st.just(Place(("America/Denver",), (("US", "CO"),), ("number",))),
    rules=st.sampled_from(((), (DAYTIME,), (NEVER,))),
    send_at=st.sampled_from((None, None, NOW, NOW + timedelta(hours=1))),
    expires_at=st.sampled_from((None, None, NOW, NOW + timedelta(hours=9))),
)
#: Rare facts, most of which decide alone.
SELDOM = (
    {},
    *({"number": ""}, {"is_valid_number": False}, {"is_unusable": True}),
    *({"missing": ("Auth Token",)}, {"lacks_address": True}),
    {"is_ledger_readable": False},
    *({"number_refusal": reason} for reason in NUMBER_REFUSALS),
    *({"sender_refusal": reason} for reason in SENDER_REFUSALS),
    *({"standing": frozenset([reason])} for reason in verdicts.STANDING),
)
FACTS = st.builds(
    lambda seldom, **usual: Facts(**{**usual, **seldom}),
    st.one_of(st.just({}), st.sampled_from(SELDOM)),
    number=st.just("+13035550100"),
    is_valid_number=st.just(True),
    takes_landlines=st.booleans(),
    state=st.sampled_from(consent.STATES),
    policy=st.sampled_from((consent.POLICY_OPT_IN, consent.POLICY_OPT_OUT)),
    provider=st.sampled_from(("twilio", "sandbox", "iap")),
    is_helpdesk_purpose=st.booleans(),
    exemption=st.one_of(
        st.sampled_from(("", "nobody knows it", exemptions.REMINDER)),
        st.sampled_from(exemptions.EXEMPTIONS),
    ),
    is_under_review=st.booleans(),
    is_typed_only=st.booleans(),
    is_personal=st.booleans(),
    is_proven=st.booleans(),
    text=st.one_of(st.none(), st.builds(TheirText, st.just(1), MOMENTS)),
    stopped_at=MAYBE,
    written_at=MOMENTS,
    now=st.just(NOW),
    when=WHENS,
    texts_today=st.integers(0, 2),
    day_limit=st.sampled_from((None, None, 0, 2)),
    asks_consent=st.booleans(),
)


#: Each is a reason against a message, whatever the other facts.
PROHIBITIONS = (
    *SELDOM[1:],
    {"takes_landlines": False},
    {"state": consent.OPTED_OUT},
    {"policy": consent.POLICY_OPT_IN},
    {"is_under_review": True},
    {"is_typed_only": True},
    {"is_personal": False},
    {"is_proven": False},
    {"text": None},
    {"stopped_at": NOW},
    {"texts_today": 9},
    {"day_limit": 0},
    {"asks_consent": True},
    {"rules": (DAYTIME, NEVER)},
    {"expires_at": NOW},
)


def forbid(facts, change):
    """Return the facts with one more reason against sending."""
    if change.keys() & {"rules", "expires_at"}:
        return replace(facts, when=replace(facts.when, **change))
    if "standing" in change:
        change = {"standing": facts.standing | change["standing"]}
    if "stopped_at" in change:
        change = {"stopped_at": max(facts.stopped_at or NOW, NOW)}
    # A number or sender has one refusal, which another one would replace.
    kept = {
        name: getattr(facts, name)
        for name in change.keys() & {"number_refusal", "sender_refusal"}
        if getattr(facts, name)
    }
    return replace(facts, **{**change, **kept})


@tagged("post_install", "-at_install")
class TestGateProperties(BaseCase):
    """Facts in any combination, many of which never occur."""

    @given(FACTS)
    def test_who_said_no_gets_what_the_law_exempts_alone(self, facts):
        """Only answers to their own text (47 CFR 64.1200(a)(12), CTIA)."""
        facts = replace(facts, state=consent.OPTED_OUT)
        decision = decide(facts)
        if decision.verdict == BLOCK or decision.reason == verdicts.PAUSED:
            return
        if facts.exemption in exemptions.EXEMPTIONS:
            return
        # A user answers what they asked since.
        self.assertEqual(facts.exemption, "")
        self.assertTrue(facts.is_personal)
        if facts.stopped_at:
            self.assertGreater(facts.text.received_at, facts.stopped_at)

    @given(FACTS, st.sampled_from(exemptions.INVITATIONS))
    def test_no_invitation_outlives_a_no(self, facts, exemption):
        written_at = NOW - timedelta(hours=1)
        facts = replace(
            facts, exemption=exemption, written_at=written_at, stopped_at=NOW
        )
        self.assertNotEqual(decide(facts).verdict, SEND)

    @given(FACTS, st.lists(st.sampled_from(PROHIBITIONS), min_size=1, max_size=5))
    def test_a_prohibition_more_never_lets_anything_leave(self, facts, changes):
        before = decide(facts)
        for change in changes:
            after = decide(forbid(facts, change))
            is_paused = after.reason == verdicts.PAUSED
            if before.verdict == BLOCK and not is_paused:
                self.assertEqual(after.verdict, BLOCK, change)
            elif before.verdict != SEND:
                # A paused message waits, whatever other reasons are against it.
                self.assertNotEqual(after.verdict, SEND, change)

    @given(FACTS)
    def test_verdict_and_reason_agree(self, facts):
        decision = decide(facts)
        if decision.verdict == SEND:
            self.assertIn(decision.reason, PASSES)
            self.assertIn(decision.timing, timing.PASSES)
            self.assertIsNone(decision.until)
        elif decision.verdict == HOLD:
            self.assertIn(decision.reason, (*timing.HOLDS, verdicts.PAUSED))
            if decision.reason == verdicts.PAUSED:
                self.assertIsNone(decision.until)
            else:
                self.assertGreater(decision.until, facts.when.now)
                self.assertFalse(facts.when.is_too_late(decision.until))
        else:
            self.assertEqual(decision.verdict, BLOCK)
            self.assertIn(
                decision.reason, {*verdicts.FAILURE_TYPES, *verdicts.STANDING}
            )
            self.assertIsNone(decision.until)
        if decision.reason == verdicts.CONSENT:
            self.assertTrue(facts.state == consent.OPTED_IN and facts.is_proven)
        if decision.reason == verdicts.NOT_OPTED_OUT:
            self.assertEqual(facts.policy, consent.POLICY_OPT_OUT)
            self.assertNotEqual(facts.state, consent.OPTED_OUT)

    @given(FACTS)
    def test_the_same_facts_give_the_same_verdict(self, facts):
        decision = decide(facts)
        for forget in (quiet_hours._is_open, quiet_hours._search):
            forget.cache_clear()
        again = decide(replace(facts, when=replace(facts.when)))
        self.assertEqual((again, again.timing), (decision, decision.timing))
        # Nor does it matter which of two numbers it is.
        if facts.number:
            self.assertEqual(decide(replace(facts, number="+442079460000")), decision)

    @given(FACTS, st.text(max_size=5))
    def test_what_is_spread_leaves_within_its_window(self, facts, key):
        decision = decide(facts)
        later = decision.spread(key)
        self.assertEqual(replace(later, until=None), replace(decision, until=None))
        if decision.reason == timing.QUIET_HOURS:
            when = facts.when
            self.assertGreaterEqual(later.until, decision.until)
            self.assertFalse(when.is_too_late(later.until))
            is_open = quiet_hours.is_open(later.until, when.place.zones, when.rules)
            self.assertTrue(is_open)


PASSES = (
    *(verdicts.CONSENT, verdicts.NOT_OPTED_OUT, verdicts.ANSWER),
    *(verdicts.CONVERSATION, verdicts.REMINDED),
)
GOOD = Facts(
    number="+13035550100",
    is_valid_number=True,
    state=consent.OPTED_IN,
    provider="twilio",
    is_helpdesk_purpose=True,
    written_at=NOW,
    now=NOW,
    when=When(NOW),
)
CLOSED_NOW = When(
    *(NOW, quiet_hours.INFORMATIONAL, Place(("America/Denver",))),
    (Rule(quiet_hours.INFORMATIONAL, "", "", *[(480, 1200)] * 3),),
)
OVER = When(NOW, expires_at=NOW)
#: For each reason, the changed facts of a permitted message.
REASONS = {
    verdicts.CONSENT: {},
    verdicts.NOT_OPTED_OUT: {"state": consent.NONE, "policy": consent.POLICY_OPT_OUT},
    verdicts.ANSWER: {"exemption": "help"},
    verdicts.CONVERSATION: {
        **{"state": consent.NONE, "is_personal": True},
        "text": TheirText(1, NOW),
    },
    verdicts.REMINDED: {"exemption": exemptions.REMINDER, "state": consent.PENDING},
    verdicts.NO_NUMBER: {"number": ""},
    verdicts.BAD_NUMBER: {"is_valid_number": False},
    **{reason: {"number_refusal": reason} for reason in NUMBER_REFUSALS},
    verdicts.UNUSABLE: {"is_unusable": True},
    verdicts.OPTED_OUT: {"state": consent.OPTED_OUT},
    verdicts.UNDER_REVIEW: {"is_under_review": True},
    verdicts.AWAITING_YES: {"state": consent.PENDING},
    verdicts.NO_CONSENT: {"state": consent.NONE},
    verdicts.NO_PROOF: {"is_proven": False},
    verdicts.UNPROVEN: {"is_typed_only": True},
    verdicts.NO_WAY_BACK: {"provider": "iap"},
    verdicts.NO_PROVIDER: {"missing": ("Auth Token",)},
    **{reason: {"sender_refusal": reason} for reason in SENDER_REFUSALS},
    verdicts.NO_ADDRESS: {"lacks_address": True},
    verdicts.LEDGER_UNREADABLE: {"is_ledger_readable": False},
    verdicts.EXPIRED: {"when": OVER},
    verdicts.UNCONFIRMED: {"when": OVER, "exemption": "opt_out_confirmation"},
    verdicts.UNANSWERED: {"when": OVER, "exemption": "help"},
    verdicts.TOO_MANY: {"texts_today": 3, "day_limit": 3},
    verdicts.QUESTION_OVER: {"exemption": exemptions.REMINDER},
    **{reason: {"standing": frozenset([reason])} for reason in verdicts.STANDING},
    timing.QUIET_HOURS: {"when": CLOSED_NOW},
    timing.SCHEDULED: {"when": When(NOW, send_at=NOW + timedelta(hours=1))},
    timing.NO_OPENING: {"when": replace(CLOSED_NOW, rules=(NEVER,))},
}


@tagged("post_install", "-at_install")
class TestReasons(BaseCase):
    """The gate can give each reason that it knows."""

    def test_each_is_given(self):
        for reason, change in REASONS.items():
            with self.subTest(reason=reason):
                self.assertEqual(decide(replace(GOOD, **change)).reason, reason)

    def test_none_is_forgotten(self):
        known = {*PASSES, *timing.HOLDS, *verdicts.STANDING, *verdicts.FAILURE_TYPES}
        self.assertEqual(REASONS.keys(), known)
