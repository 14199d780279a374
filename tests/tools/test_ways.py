# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase

from ...providers import faults
from ...tools import verdicts, ways
from ...tools.ways import AGAIN, CALL, OTHER, RECORD, find_ways

#: Reasons to send, for which no option is needed.
PASSES = {"SEND", "HOLD", "BLOCK", "CONSENT", "NOT_OPTED_OUT", "ANSWER"}
PASSES |= {"CONVERSATION", "REMINDED"}
#: Each reason, and the options while it applies.
EXPECTED = {
    verdicts.NO_NUMBER: "other",
    verdicts.BAD_NUMBER: "other",
    verdicts.EXTENSION: "other",
    verdicts.SHORT_CODE: "other",
    verdicts.EMERGENCY: "other",
    verdicts.PREMIUM: "other",
    verdicts.SERVICE_NUMBER: "other call",
    verdicts.UNUSABLE: "other call",
    verdicts.OPTED_OUT: "call",
    verdicts.UNDER_REVIEW: "call",
    verdicts.AWAITING_YES: "record other call",
    verdicts.NO_CONSENT: "record other call",
    verdicts.NO_PROOF: "record other call",
    verdicts.UNPROVEN: "record other call",
    verdicts.NO_WAY_BACK: "call",
    verdicts.NO_PROVIDER: "call",
    verdicts.NO_SENDER: "other call",
    verdicts.ONE_WAY: "call",
    verdicts.NO_ADDRESS: "call",
    verdicts.LEDGER_UNREADABLE: "call",
    verdicts.EXPIRED: "again call",
    verdicts.UNCONFIRMED: "",
    verdicts.UNANSWERED: "call",
    verdicts.TOO_MANY: "again call",
    verdicts.QUESTION_OVER: "",
    verdicts.ERASED: "",
    verdicts.REFUSED_BY_APP: "call",
    verdicts.MUTED: "call",
    verdicts.OVERTAKEN: "",
    verdicts.CANCELLED: "",
    verdicts.PAUSED: "",
    faults.TOO_FAST: "again call",
    faults.NO_CONNECTION: "again call",
    faults.NO_ANSWER: "again call",
    faults.UNREACHABLE: "again other call",
    faults.UNSURE: "again other call",
    faults.GONE: "again other call",
    faults.LANDLINE: "other call",
    faults.FILTERED: "call",
    faults.CLOSED_HOURS: "again call",
    faults.COUNTRY: "again other call",
    faults.AUTHENTICATION: "again call",
    faults.SENDER: "again call",
    faults.REGISTRATION: "again call",
    faults.NO_CREDIT: "again call",
    faults.ACCOUNT_LIMIT: "again call",
    faults.TEMPORARY_BLOCK: "again call",
    faults.LOCKED: "again call",
    faults.COPY: "again call",
    faults.REFUSED_OTHERWISE: "again other call",
    faults.UNANSWERED: "call",
    faults.BUSY: "call",
    faults.VOICEMAIL: "call",
    faults.NO_CALL: "call",
}


def get_constants(module):
    """Return a module's text constants, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }


class TestWays(BaseCase):
    """Options for a text, by the reason for which it did not arrive."""

    def test_every_reason_is_in_the_table(self):
        reasons = get_constants(verdicts)
        known = {value for name, value in reasons.items() if name not in PASSES}
        known |= set(get_constants(faults).values())
        self.assertEqual(set(ways.BY_REASON), known)
        self.assertEqual(set(EXPECTED), known)

    def test_each_reason_while_it_holds(self):
        for reason, expected in EXPECTED.items():
            with self.subTest(reason):
                obstacle = reason if reason in ways.PASSING else ""
                found = " ".join(find_ways(reason, obstacle))
                self.assertEqual(found, expected)

    def test_a_reason_of_the_person_that_has_passed(self):
        for reason in ways.PASSING:
            with self.subTest(reason):
                found = find_ways(reason)
                self.assertIn(AGAIN, found)
                self.assertNotIn(RECORD, found)
        self.assertEqual(find_ways(verdicts.OPTED_OUT), (AGAIN, CALL))
        self.assertEqual(find_ways(verdicts.NO_CONSENT), (AGAIN, OTHER, CALL))

    def test_who_has_left_since_is_not_texted_for_any_reason(self):
        for reason in ways.BY_REASON:
            with self.subTest(reason):
                found = find_ways(reason, verdicts.OPTED_OUT)
                self.assertLessEqual(set(found), {CALL})

    def test_what_needs_no_way_needs_none_against_anything(self):
        self.assertEqual(find_ways(verdicts.UNCONFIRMED, verdicts.OPTED_OUT), ())

    def test_what_is_over_is_told_by_phone_alone(self):
        for reason in ways.BY_REASON:
            for facts in ({"is_over": True}, {"is_answer": True}):
                with self.subTest(reason, **facts):
                    self.assertLessEqual(set(find_ways(reason, **facts)), {CALL})

    def test_a_reason_that_nobody_knows_may_have_passed(self):
        self.assertEqual(find_ways("sms_server"), (AGAIN, OTHER, CALL))
