# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta
from itertools import product

from odoo.tests import BaseCase, tagged

from ...tools import consent, verdicts
from ...tools.consent import NONE, OPTED_IN, OPTED_OUT, PENDING
from ...tools.conversation import (
    CONVERSATION_PAUSE,
    CONVERSATION_TIME,
    TheirText,
)
from ...tools.gate import Decision, Facts, decide
from ...tools.timing import SCHEDULED, When
from ...tools.verdicts import BLOCK, CONVERSATION, HOLD, SEND

TEXTED = datetime(2026, 11, 25, 14, 2)
TEXT = TheirText(7, TEXTED)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def facts(**changes):
    """Return the facts of a written answer an hour after a text, some of them changed.

    ``written_at`` follows ``now`` unless it is given.
    """
    now = changes.get("now", TEXTED + HOUR)
    return Facts(
        **{
            "number": "+13035550100",
            "is_valid_number": True,
            "state": NONE,
            "policy": consent.POLICY_OPT_IN,
            "provider": "twilio",
            "is_helpdesk_purpose": True,
            "is_personal": True,
            "text": TEXT,
            "written_at": now,
            "now": now,
            **changes,
        }
    )


@tagged("post_install", "-at_install")
class TestConversation(BaseCase):
    """Answers to people who have just texted. A change of a line needs a reason."""

    def assertAllowed(self, **changes):
        decision = decide(facts(**changes))
        self.assertEqual(decision, Decision(SEND, CONVERSATION, text=TEXT), changes)

    def assertRefused(self, reason, **changes):
        self.assertEqual(decide(facts(**changes)), Decision(BLOCK, reason), changes)

    def test_an_answer_needs_no_recorded_consent(self):
        for state in (NONE, PENDING):
            self.assertAllowed(state=state)

    def test_an_answer_is_not_put_off_until_it_is_none(self):
        now, end = TEXTED + HOUR, TEXTED + CONVERSATION_TIME
        decision = decide(facts(when=When(now, send_at=end)))
        self.assertEqual(decision, Decision(HOLD, SCHEDULED, end, text=TEXT))
        self.assertRefused(verdicts.NO_CONSENT, when=When(now, send_at=end + SECOND))

    def test_recorded_consent_is_the_better_reason(self):
        self.assertEqual(
            decide(facts(state=OPTED_IN)), Decision(SEND, verdicts.CONSENT)
        )
        not_stopped = facts(policy=consent.POLICY_OPT_OUT)
        self.assertEqual(decide(not_stopped), Decision(SEND, verdicts.NOT_OPTED_OUT))

    def test_only_what_a_person_wrote(self):
        self.assertRefused(verdicts.NO_CONSENT, is_personal=False)
        self.assertRefused(verdicts.AWAITING_YES, is_personal=False, state=PENDING)
        self.assertRefused(
            verdicts.UNDER_REVIEW, is_personal=False, is_under_review=True
        )

    def test_only_to_who_has_texted(self):
        self.assertRefused(verdicts.NO_CONSENT, text=None)

    def test_its_last_second(self):
        end = TEXTED + CONVERSATION_TIME
        self.assertAllowed(now=end)
        self.assertRefused(verdicts.NO_CONSENT, now=end + SECOND)

    def test_an_answer_that_was_in_time_may_wait_a_little(self):
        written = TEXTED + CONVERSATION_TIME
        last = written + CONVERSATION_PAUSE
        self.assertAllowed(written_at=written, now=last)
        self.assertRefused(verdicts.NO_CONSENT, written_at=written, now=last + SECOND)

    def test_an_answer_that_waited_long_may_leave_while_the_conversation_lasts(self):
        self.assertAllowed(written_at=TEXTED, now=TEXTED + CONVERSATION_TIME)

    def test_a_no_after_the_text_ends_the_conversation(self):
        for stopped_at in (TEXTED, TEXTED + SECOND, TEXTED + HOUR):
            stop = {"state": OPTED_OUT, "stopped_at": stopped_at}
            self.assertRefused(verdicts.OPTED_OUT, **stop)

    def test_a_question_after_the_no_may_be_answered(self):
        """And only by a person's answer: the opt-out remains in force."""
        stop = {"state": OPTED_OUT, "stopped_at": TEXTED - SECOND}
        for policy in (consent.POLICY_OPT_IN, consent.POLICY_OPT_OUT):
            self.assertAllowed(**stop, policy=policy)
            self.assertRefused(
                verdicts.OPTED_OUT, **stop, policy=policy, is_personal=False
            )

    def test_it_passes_while_a_text_is_under_review(self):
        """A doubtful phrase: nothing is sent meanwhile but conversation."""
        for state in (NONE, OPTED_IN):
            self.assertAllowed(is_under_review=True, state=state)

    def test_it_mends_neither_number_nor_account_nor_ledger(self):
        self.assertRefused(verdicts.NO_NUMBER, number="", is_valid_number=False)
        self.assertRefused(verdicts.BAD_NUMBER, is_valid_number=False)
        self.assertRefused(verdicts.NO_PROVIDER, missing=("Auth Token",))
        self.assertRefused(verdicts.NO_WAY_BACK, provider="iap")
        self.assertRefused(verdicts.LEDGER_UNREADABLE, is_ledger_readable=False)

    def test_nothing_but_a_conversation_gives_its_reason(self):
        for state, policy, personal, text, review in product(
            (NONE, PENDING, OPTED_IN, OPTED_OUT),
            (consent.POLICY_OPT_IN, consent.POLICY_OPT_OUT),
            (True, False),
            (TEXT, None),
            (True, False),
        ):
            case = facts(
                state=state,
                policy=policy,
                is_personal=personal,
                text=text,
                is_under_review=review,
            )
            decision = decide(case)
            with self.subTest(case=case):
                if decision.reason == CONVERSATION:
                    self.assertTrue(personal and text)
                is_answer = decision.reason == CONVERSATION
                self.assertEqual(bool(decision.text), is_answer)
