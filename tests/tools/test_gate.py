# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

from odoo.tests import BaseCase, tagged

from ...tools import consent, exemptions, timing, verdicts
from ...tools.consent import NONE, OPTED_IN, OPTED_OUT, PENDING, STATES
from ...tools.conversation import CONVERSATION_TIME, TheirText
from ...tools.exemptions import EXEMPTIONS
from ...tools.gate import Decision, Facts, decide
from ...tools.geography import Place
from ...tools.quiet_hours import CLOSED, INFORMATIONAL, SPREAD, URGENT, Rule
from ...tools.timing import When
from ...tools.verdicts import (
    ANSWER,
    AWAITING_YES,
    BAD_NUMBER,
    BLOCK,
    CONSENT,
    HOLD,
    NO_CONSENT,
    NO_NUMBER,
    NO_PROVIDER,
    NO_WAY_BACK,
    NOT_OPTED_OUT,
    SEND,
    UNDER_REVIEW,
)
from ...tools.verdicts import (
    OPTED_OUT as HAS_OPTED_OUT,
)

OPT_IN, OPT_OUT = consent.POLICY_OPT_IN, consent.POLICY_OPT_OUT
OUTBOX = ("twilio", "sandbox")
PROVIDERS = ("iap", *OUTBOX)


def facts(**changes):
    """Return the facts of a permitted message, with some of them changed."""
    return Facts(
        **{
            "number": "+13035550100",
            "is_valid_number": True,
            "state": OPTED_IN,
            "policy": OPT_IN,
            "provider": "twilio",
            "missing": (),
            "is_helpdesk_purpose": True,
            "exemption": "",
            **changes,
        }
    )


def all_facts():
    """Return every combination of the facts about a usable number."""
    return [
        facts(
            state=state,
            policy=policy,
            provider=provider,
            missing=missing,
            is_helpdesk_purpose=is_helpdesk,
            exemption=exemption,
        )
        for state, policy, provider, missing, is_helpdesk, exemption in product(
            STATES,
            (OPT_IN, OPT_OUT),
            PROVIDERS,
            ((), ("Auth Token",)),
            (True, False),
            ("", *EXEMPTIONS),
        )
    ]


@tagged("post_install", "-at_install")
class TestGate(BaseCase):
    """The gate's rules as a table: a changed line changes the product."""

    def assertDecisions(self, *cases):
        """Check ``(changed facts, verdict, reason)`` for each case."""
        for changes, verdict, reason in cases:
            with self.subTest(**changes):
                self.assertEqual(decide(facts(**changes)), Decision(verdict, reason))

    def test_consent_under_each_policy(self):
        self.assertDecisions(
            ({"policy": OPT_IN, "state": OPTED_IN}, SEND, CONSENT),
            ({"policy": OPT_IN, "state": NONE}, BLOCK, NO_CONSENT),
            ({"policy": OPT_IN, "state": PENDING}, BLOCK, AWAITING_YES),
            ({"policy": OPT_IN, "state": OPTED_OUT}, BLOCK, HAS_OPTED_OUT),
            ({"policy": OPT_OUT, "state": OPTED_IN}, SEND, CONSENT),
            ({"policy": OPT_OUT, "state": NONE}, SEND, NOT_OPTED_OUT),
            ({"policy": OPT_OUT, "state": PENDING}, SEND, NOT_OPTED_OUT),
            ({"policy": OPT_OUT, "state": OPTED_OUT}, BLOCK, HAS_OPTED_OUT),
        )

    def test_the_number(self):
        self.assertDecisions(
            ({"number": "", "is_valid_number": False}, BLOCK, NO_NUMBER),
            ({"number": "call me", "is_valid_number": False}, BLOCK, BAD_NUMBER),
            ({"number": "12345", "is_valid_number": False}, BLOCK, BAD_NUMBER),
        )

    def test_odoos_own_provider_judges_numbers_itself_under_opt_out(self):
        no_number = {"number": "", "is_valid_number": False}
        iap = {"provider": "iap", "is_helpdesk_purpose": False, "state": NONE}
        self.assertDecisions(
            ({**iap, **no_number, "policy": OPT_OUT}, SEND, NOT_OPTED_OUT),
            ({**iap, **no_number, "policy": OPT_IN}, BLOCK, NO_NUMBER),
            (
                {**iap, **no_number, "policy": OPT_OUT, "state": OPTED_OUT},
                BLOCK,
                HAS_OPTED_OUT,
            ),
        )

    def test_the_account(self):
        lacking = ("Account SID", "Auth Token")
        self.assertDecisions(
            ({"missing": lacking}, BLOCK, NO_PROVIDER),
            ({"missing": lacking, "policy": OPT_OUT}, BLOCK, NO_PROVIDER),
            ({"missing": lacking, "exemption": "help"}, BLOCK, NO_PROVIDER),
        )

    def test_odoos_own_provider_has_no_way_back(self):
        """A STOP could not come back from there (design, 7.6)."""
        helpdesk, other = {"is_helpdesk_purpose": True}, {"is_helpdesk_purpose": False}
        self.assertDecisions(
            ({"provider": "iap", **helpdesk}, BLOCK, NO_WAY_BACK),
            ({"provider": "iap", **helpdesk, "policy": OPT_OUT}, SEND, CONSENT),
            ({"provider": "iap", **other}, SEND, CONSENT),
            ({"provider": "iap", **other, "state": NONE}, BLOCK, NO_CONSENT),
            (
                {"provider": "iap", **other, "state": NONE, "policy": OPT_OUT},
                SEND,
                NOT_OPTED_OUT,
            ),
            ({"provider": "sandbox", **helpdesk}, SEND, CONSENT),
            ({"provider": "twilio", **helpdesk}, SEND, CONSENT),
        )

    def test_the_nearest_reason_is_told(self):
        """Reasons that the agent can fix come first: the number, then the person."""
        everything_wrong = {"state": OPTED_OUT, "missing": ("Auth Token",)}
        self.assertDecisions(
            ({**everything_wrong, "number": ""}, BLOCK, NO_NUMBER),
            ({**everything_wrong, "is_valid_number": False}, BLOCK, BAD_NUMBER),
            (everything_wrong, BLOCK, HAS_OPTED_OUT),
            ({**everything_wrong, "state": NONE}, BLOCK, NO_CONSENT),
            ({**everything_wrong, "state": OPTED_IN}, BLOCK, NO_PROVIDER),
        )

    def test_answers_to_the_persons_own_text_pass_whatever_the_state(self):
        for exemption, state, policy in product(EXEMPTIONS, STATES, (OPT_IN, OPT_OUT)):
            changes = {"exemption": exemption, "state": state, "policy": policy}
            self.assertDecisions((changes, SEND, ANSWER))

    def test_a_no_takes_back_what_still_invites(self):
        """The carrier was unreachable, and the person has opted out meanwhile."""
        written_at = datetime(2026, 7, 1, 12, 0, 0, 500)
        for exemption, seconds in product(EXEMPTIONS, (-1, 0, 1)):
            changes = {
                "exemption": exemption,
                "state": OPTED_OUT,
                "written_at": written_at,
                "stopped_at": datetime(2026, 7, 1, 12) + timedelta(seconds=seconds),
            }
            is_over = seconds > 0 and exemption in exemptions.INVITATIONS
            expected = (BLOCK, HAS_OPTED_OUT) if is_over else (SEND, ANSWER)
            self.assertDecisions((changes, *expected))

    def test_a_no_of_which_the_time_is_not_known_takes_nothing_back(self):
        moment = datetime(2026, 7, 1, 12)
        for known in ("stopped_at", "written_at"):
            changes = {"exemption": "start", "state": OPTED_OUT, known: moment}
            self.assertDecisions((changes, SEND, ANSWER))

    def test_an_exemption_that_nobody_knows_exempts_from_nothing(self):
        for exemption in ("promotion", "HELP", " help", "help,", "None"):
            changes = {"exemption": exemption, "state": NONE}
            self.assertDecisions((changes, BLOCK, NO_CONSENT))

    def test_an_exemption_mends_no_number(self):
        self.assertDecisions(
            (
                {"exemption": "help", "number": "BANK", "is_valid_number": False},
                BLOCK,
                BAD_NUMBER,
            )
        )

    def test_while_a_text_is_under_review_only_answers_pass(self):
        for case in all_facts():
            reviewed = replace(case, is_under_review=True)
            with self.subTest(case=reviewed):
                if case.exemption:
                    self.assertEqual(decide(reviewed), decide(case))
                elif case.state == OPTED_OUT:
                    self.assertEqual(decide(reviewed).reason, HAS_OPTED_OUT)
                else:
                    self.assertEqual(decide(reviewed), Decision(BLOCK, UNDER_REVIEW))

    def test_who_opted_out_gets_nothing_but_answers(self):
        for case in all_facts():
            if case.state == OPTED_OUT and not case.exemption:
                with self.subTest(case=case):
                    self.assertEqual(decide(case), Decision(BLOCK, HAS_OPTED_OUT))

    def test_under_opt_in_nothing_leaves_without_a_yes_or_a_question(self):
        for case in all_facts():
            if case.policy == OPT_IN and decide(case).verdict == SEND:
                with self.subTest(case=case):
                    self.assertTrue(case.state == OPTED_IN or case.exemption)

    def test_an_incomplete_account_sends_nothing(self):
        for case in all_facts():
            if case.missing:
                with self.subTest(case=case):
                    self.assertEqual(decide(case).verdict, BLOCK)

    def test_what_cannot_be_looked_up_is_not_sent(self):
        """Not even under opt-out: there may be a STOP. Its confirmation may be sent."""
        for policy in (OPT_IN, OPT_OUT):
            unreadable = facts(policy=policy, state=NONE, is_ledger_readable=False)
            self.assertEqual(decide(unreadable).reason, verdicts.LEDGER_UNREADABLE)
        answer = facts(is_ledger_readable=False, exemption="opt_out_confirmation")
        self.assertEqual(decide(answer).verdict, SEND)

    def test_what_the_carrier_cannot_text_is_not_tried(self):
        """Not even as an answer: it could not be received."""
        for exemption in ("", "help"):
            case = facts(state="opted_in", is_unusable=True, exemption=exemption)
            self.assertEqual(decide(case).reason, verdicts.UNUSABLE)

    def test_a_reminder_leaves_only_while_its_question_is_open(self):
        for state, policy, reason in (
            (PENDING, "opt_in", verdicts.REMINDED),
            (OPTED_IN, "opt_in", verdicts.QUESTION_OVER),
            (NONE, "opt_in", verdicts.QUESTION_OVER),
            (NONE, "opt_out", verdicts.QUESTION_OVER),
            (OPTED_OUT, "opt_in", verdicts.OPTED_OUT),
        ):
            with self.subTest(state=state, policy=policy):
                case = facts(state=state, policy=policy, exemption=exemptions.REMINDER)
                self.assertEqual(decide(case).reason, reason)

    def test_a_number_that_is_not_proven_gets_nothing_by_itself(self):
        for values, reason in (
            ({"state": OPTED_IN}, verdicts.UNPROVEN),
            ({"policy": OPT_OUT, "state": NONE}, verdicts.UNPROVEN),
            ({"policy": OPT_OUT, "state": PENDING}, verdicts.UNPROVEN),
            ({"policy": OPT_IN, "state": PENDING}, AWAITING_YES),
            ({"policy": OPT_IN, "state": NONE}, verdicts.NO_CONSENT),
            ({"state": OPTED_OUT}, verdicts.OPTED_OUT),
            ({"state": OPTED_IN, "is_personal": True}, CONSENT),
            ({"state": NONE, "exemption": "opt_in_question"}, ANSWER),
        ):
            with self.subTest(**values):
                found = decide(facts(**{"is_typed_only": True, **values}))
                self.assertEqual(found.reason, reason)

    def test_which_landlines_are_texted(self):
        """Landlines that agreed, if the company texts them; other refusals remain."""
        takes = {"takes_landlines": True}
        landline = {"number_refusal": verdicts.LANDLINE}
        self.assertDecisions(
            (landline, BLOCK, verdicts.LANDLINE),
            ({**landline, **takes}, SEND, CONSENT),
            ({**landline, **takes, "state": NONE}, BLOCK, NO_CONSENT),
            ({**landline, **takes, "is_valid_number": False}, BLOCK, BAD_NUMBER),
            (
                {"number_refusal": verdicts.PREMIUM, **takes},
                *(BLOCK, verdicts.PREMIUM),
            ),
        )

    def test_a_consent_that_the_purpose_does_not_accept(self):
        """47 CFR 64.1200(a)(2): it does not count. Under opt-out none is needed."""
        spoken = {"is_proven": False}
        self.assertDecisions(
            (spoken, BLOCK, verdicts.NO_PROOF),
            ({**spoken, "policy": OPT_OUT}, SEND, NOT_OPTED_OUT),
            (
                {**spoken, "policy": OPT_OUT, "asks_consent": True},
                *(BLOCK, verdicts.NO_PROOF),
            ),
        )

    def test_an_offer_where_the_law_asks_for_consent(self):
        law = {"policy": OPT_OUT, "asks_consent": True}
        self.assertDecisions(
            ({**law, "state": NONE}, BLOCK, NO_CONSENT),
            ({**law, "state": PENDING}, BLOCK, AWAITING_YES),
            (law, SEND, CONSENT),
        )

    def test_what_the_account_lacks_in_order(self):
        lacking = {
            "missing": ("Auth Token",),
            "sender_refusal": verdicts.ONE_WAY,
            "provider": "iap",
            "lacks_address": True,
        }
        for name, reason in (
            ("missing", NO_PROVIDER),
            ("sender_refusal", verdicts.ONE_WAY),
            ("provider", NO_WAY_BACK),
            ("lacks_address", verdicts.NO_ADDRESS),
        ):
            self.assertDecisions((lacking, BLOCK, reason))
            del lacking[name]
        self.assertDecisions(
            ({"lacks_address": True, "exemption": "help"}, SEND, ANSWER)
        )

    def test_every_block_has_a_failure_that_the_chatter_shows(self):
        reasons = {decide(case).reason for case in all_facts()}
        reasons |= {NO_NUMBER, BAD_NUMBER, verdicts.LEDGER_UNREADABLE, verdicts.ERASED}
        reasons.add(decide(facts(is_under_review=True)).reason)
        reasons.add(decide(facts(is_unusable=True)).reason)
        reasons.add(decide(facts(state=OPTED_IN, is_typed_only=True)).reason)
        reasons.add(decide(facts(state=NONE, exemption=exemptions.REMINDER)).reason)
        reasons.add(decide(facts(state=OPTED_IN, is_proven=False)).reason)
        reasons.add(decide(facts(lacks_address=True)).reason)
        reasons |= {*exemptions.TOO_LATE, verdicts.TOO_MANY}
        for reason in (
            *(verdicts.EXTENSION, verdicts.SHORT_CODE, verdicts.EMERGENCY),
            *(verdicts.PREMIUM, verdicts.SERVICE_NUMBER, verdicts.LANDLINE),
        ):
            reasons.add(decide(facts(number_refusal=reason)).reason)
        for reason in (verdicts.NO_SENDER, verdicts.ONE_WAY):
            reasons.add(decide(facts(state=OPTED_IN, sender_refusal=reason)).reason)
        blocked = reasons - {CONSENT, NOT_OPTED_OUT, ANSWER}
        self.assertEqual(blocked, set(verdicts.FAILURE_TYPES))

    def test_what_decides_whoever_gets_it(self):
        """The first that applies decides, before anything known about the recipient."""
        blocking = [it for it in verdicts.STANDING if it != verdicts.PAUSED]
        for index, reason in enumerate(blocking):
            standing = frozenset(verdicts.STANDING[index:])
            for changes in ({}, {"state": OPTED_OUT}, {"exemption": "help"}):
                decision = decide(facts(standing=standing, **changes))
                self.assertEqual(decision, Decision(BLOCK, reason))
            self.assertEqual(decide(Facts(standing=standing)).reason, reason)

    def test_what_is_paused_waits_without_an_end(self):
        paused = facts(standing=frozenset([verdicts.PAUSED]), state=OPTED_OUT)
        self.assertEqual(decide(paused), Decision(HOLD, verdicts.PAUSED))

    def test_what_says_nothing_is_refused(self):
        self.assertEqual(decide(Facts()).verdict, BLOCK)


NOON = datetime(2026, 7, 1, 18, 0)  # in Denver
NIGHT = datetime(2026, 7, 1, 4, 0)  # 22:00 in Denver, the evening before
MORNING = datetime(2026, 7, 1, 14, 0)
DENVER = Place(("America/Denver",), (("US", "CO"),), ("number",))
DAYTIME = Rule(INFORMATIONAL, "US", "", *[(480, 1200)] * 3)


@tagged("post_install", "-at_install")
class TestGateTime(BaseCase):
    """The time at which a permitted message leaves."""

    def when(self, now=NIGHT, quiet_class=INFORMATIONAL, **changes):
        """Return the ``When`` of a message to Denver."""
        rules = changes.pop("rules", (DAYTIME,))
        return When(now, quiet_class, DENVER, rules, **changes)

    def decide(self, when=None, **changes):
        """Decide on a permitted message, with some of its facts changed."""
        return decide(facts(when=when or self.when(), **changes))

    def test_within_the_hours_it_leaves(self):
        decision = self.decide(self.when(NOON))
        self.assertEqual(decision, Decision(SEND, CONSENT))
        self.assertEqual(decision.timing, timing.IN_WINDOW)

    def test_outside_it_is_held_until_they_open(self):
        decision = self.decide(self.when()).spread("a key")
        self.assertEqual((decision.verdict, decision.reason), (HOLD, "quiet_hours"))
        self.assertGreater(decision.until, MORNING)
        self.assertLess(decision.until, MORNING + timedelta(minutes=30))

    def test_a_reminder_is_no_answer_and_waits(self):
        held = self.decide(exemption=exemptions.REMINDER, state=PENDING)
        self.assertEqual((held.verdict, held.reason), (HOLD, timing.QUIET_HOURS))

    def test_an_answer_of_ours_to_their_text_leaves_at_night_and_is_not_counted(self):
        text = TheirText(7, NIGHT - timedelta(hours=1))
        values = {"text": text, "now": NIGHT, "written_at": NIGHT, "is_personal": True}
        for state, reason in ((NONE, verdicts.CONVERSATION), (OPTED_IN, CONSENT)):
            found = self.decide(state=state, texts_today=3, day_limit=3, **values)
            self.assertEqual((found.verdict, found.reason), (SEND, reason))
            self.assertEqual(found.timing, timing.ANSWER)

    def test_what_was_known_of_the_hour_is_stored(self):
        for when, changes in (
            (self.when(NOON), {}),
            (self.when(), {}),
            (self.when(expires_at=NIGHT), {}),
            (self.when(NOON), {"texts_today": 3, "day_limit": 3}),
        ):
            self.assertEqual(self.decide(when, **changes).when, when)

    def test_only_what_waits_for_a_window_is_spread(self):
        """Messages with the same facts are decided together, and spread by a key."""
        held = self.decide()
        self.assertEqual(held.until, MORNING)
        times = {held.spread(f"key-{index}").until for index in range(50)}
        self.assertGreater(len(times), 40)
        self.assertTrue(all(MORNING <= it < MORNING + SPREAD for it in times))
        for decision in (
            self.decide(self.when(send_at=NOON)),
            self.decide(self.when(NOON)),
            self.decide(state=NONE),
        ):
            self.assertIs(decision.spread("key-1"), decision)

    def test_what_is_blocked_is_not_held(self):
        self.assertEqual(self.decide(state=NONE).reason, NO_CONSENT)
        self.assertEqual(self.decide(state=OPTED_OUT).verdict, BLOCK)
        self.assertEqual(self.decide(missing=("Auth Token",)).reason, NO_PROVIDER)

    def test_urgent_messages_and_answers_pass_and_say_so(self):
        urgent = self.decide(self.when(quiet_class=URGENT))
        self.assertEqual((urgent.verdict, urgent.timing), (SEND, timing.URGENT))
        for exemption in EXEMPTIONS:
            answer = self.decide(exemption=exemption, state=OPTED_OUT)
            self.assertEqual((answer.verdict, answer.timing), (SEND, timing.ANSWER))

    def test_a_company_that_keeps_no_quiet_hours(self):
        decision = self.decide(self.when(quiet_class=""))
        self.assertEqual((decision.verdict, decision.timing), (SEND, timing.NOT_KEPT))

    def test_send_at_and_quiet_hours_the_later_of_both(self):
        at_noon = self.decide(self.when(send_at=NOON))
        self.assertEqual(at_noon, Decision(HOLD, timing.SCHEDULED, NOON))
        at_night = self.decide(self.when(NOON, send_at=NIGHT + timedelta(days=1)))
        self.assertEqual(at_night.reason, timing.QUIET_HOURS)
        self.assertGreaterEqual(at_night.until, MORNING + timedelta(days=1))
        passed = self.decide(self.when(NOON, send_at=MORNING))
        self.assertEqual(passed, Decision(SEND, CONSENT))
        urgent = self.decide(self.when(quiet_class=URGENT, send_at=NOON))
        self.assertEqual(urgent, Decision(HOLD, timing.SCHEDULED, NOON))

    def test_what_is_paused_loses_its_point_like_all_else(self):
        when = self.when(expires_at=NIGHT + timedelta(hours=1))
        paused = {"standing": frozenset([verdicts.PAUSED])}
        self.assertEqual(self.decide(when, **paused).verdict, HOLD)
        late = replace(when, now=NIGHT + timedelta(hours=1))
        over = self.decide(late, **paused)
        self.assertEqual(over, Decision(BLOCK, verdicts.EXPIRED))
        answer = self.decide(late, exemption="help", **paused)
        self.assertEqual(answer, Decision(BLOCK, verdicts.UNANSWERED))

    def test_what_has_lost_its_point_by_then(self):
        for expires_at, expected in (
            (NIGHT, BLOCK),
            (MORNING, BLOCK),
            (MORNING + timedelta(minutes=1), HOLD),
            (NOON, HOLD),
        ):
            with self.subTest(expires_at=expires_at):
                when = self.when(expires_at=expires_at)
                decision = self.decide(when).spread("a key")
                self.assertEqual(decision.verdict, expected)
                if expected == BLOCK:
                    self.assertEqual(decision.reason, verdicts.EXPIRED)
                else:
                    self.assertLess(decision.until, expires_at)

    def test_an_answer_that_is_late_says_which(self):
        reasons = {
            "opt_out_confirmation": verdicts.UNCONFIRMED,
            exemptions.REMINDER: verdicts.EXPIRED,
        }
        for exemption in (*EXEMPTIONS, exemptions.REMINDER):
            for seconds, verdict in ((-1, BLOCK), (0, BLOCK), (1, SEND)):
                end = NOON + timedelta(seconds=seconds)
                decision = self.decide(
                    self.when(NOON, expires_at=end), exemption=exemption, state=PENDING
                )
                self.assertEqual(decision.verdict, verdict)
                if verdict == BLOCK:
                    reason = reasons.get(exemption, verdicts.UNANSWERED)
                    self.assertEqual(decision.reason, reason)
                    self.assertIn(reason, exemptions.TOO_LATE)

    def test_how_long_each_answer_is_one(self):
        for exemption in EXEMPTIONS:
            life = timing.get_answer_end(exemption, NOON) - NOON
            self.assertTrue(timedelta() < life <= CONVERSATION_TIME, exemption)
        self.assertEqual(
            timing.get_answer_end("service", NOON), NOON + timing.STATE_LIFE
        )
        end = timing.get_answer_end("opt_out_confirmation", NOON)
        self.assertEqual(end - NOON, timedelta(minutes=5), "47 CFR 64.1200(a)(12)")

    def test_the_daily_limit(self):
        for texts_today, expected in ((0, SEND), (2, SEND), (3, BLOCK), (4, BLOCK)):
            decision = self.decide(
                self.when(NOON), texts_today=texts_today, day_limit=3
            )
            self.assertEqual(decision.verdict, expected)
        self.assertEqual(decision.reason, verdicts.TOO_MANY)
        answer = self.decide(texts_today=99, day_limit=3, exemption="help")
        self.assertEqual(answer.verdict, SEND)
        self.assertEqual(self.decide(self.when(NOON), day_limit=0).verdict, BLOCK)

    def test_which_messages_count_for_a_day(self):
        """From 24 hours before until the person's midnight."""
        for leaves_at, zone, midnight in (
            (datetime(2026, 7, 1, 18), "America/Denver", datetime(2026, 7, 2, 6)),
            (datetime(2026, 7, 2, 5, 59), "America/Denver", datetime(2026, 7, 2, 6)),
            (datetime(2026, 7, 2, 6), "America/Denver", datetime(2026, 7, 3, 6)),
            # The clocks are put back at 2 in the morning.
            (datetime(2026, 11, 1, 6), "America/Denver", datetime(2026, 11, 2, 7)),
            (datetime(2026, 7, 1, 23), "Pacific/Auckland", datetime(2026, 7, 2, 12)),
        ):
            with self.subTest(leaves_at=leaves_at, zone=zone):
                found = timing.get_day(leaves_at, zone)
                self.assertEqual(found, (leaves_at - timedelta(days=1), midnight))

    def test_no_hour_in_all_zones(self):
        closed = Rule(INFORMATIONAL, "", "", CLOSED, CLOSED, CLOSED)
        decision = self.decide(self.when(rules=(closed,)))
        self.assertEqual(decision.reason, timing.NO_OPENING)
        self.assertEqual(decision.until, NIGHT + timedelta(days=1))

    def test_what_is_stored_of_the_hour(self):
        two = Place(
            ("America/New_York", "America/Chicago"),
            (("US", "FL"),),
            ("address", "number"),
        )
        found = When(NIGHT, INFORMATIONAL, two, (DAYTIME,)).describe()
        self.assertEqual(
            found,
            (
                "America/New_York,America/Chicago",
                "address, number",
                "2026-07-01 00:00 New York, 2026-06-30 23:00 Chicago",
            ),
        )
        self.assertEqual(When(NIGHT).describe(), ("", "", ""))
