# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A message's verdict and reason are the same in its row, on screen and in evidence."""

from datetime import datetime, timedelta

from odoo.tests import tagged

from ...tools import consent, exemptions, timing, verdicts
from ...tools.conversation import TheirText
from ...tools.gate import Facts, decide
from ...tools.geography import Place
from ...tools.quiet_hours import CLOSED, INFORMATIONAL, Rule
from ...tools.timing import When
from ...tools.verdicts import BLOCK, HOLD, SEND
from ..clock import freeze_time
from ..common import OtherOrder, SmsCase

#: In UTC; in Denver it is the evening before.
NIGHT = datetime(2026, 7, 1, 4)
LATER = NIGHT + timedelta(days=1)
DENVER = Place(("America/Denver",), (("US", "CO"),), ("number",))


def at_night(hours):
    """Return the fact ``when`` of a message to Denver at night, with these hours."""
    rule = Rule(INFORMATIONAL, "US", "", *[hours] * 3)
    return {"when": When(NIGHT, INFORMATIONAL, DENVER, (rule,))}


NONE, OVER = {"state": consent.NONE}, {"when": When(NIGHT, expires_at=NIGHT)}
#: By reason: its verdict, and the changed facts of a message with consent.
CASES = {
    verdicts.CONSENT: (SEND, {}),
    verdicts.NOT_OPTED_OUT: (SEND, {**NONE, "policy": consent.POLICY_OPT_OUT}),
    verdicts.ANSWER: (SEND, {"exemption": "help"}),
    verdicts.CONVERSATION: (
        SEND,
        {**NONE, "is_personal": True, "text": TheirText(0, NIGHT)},
    ),
    verdicts.REMINDED: (
        SEND,
        {"exemption": exemptions.REMINDER, "state": consent.PENDING},
    ),
    verdicts.QUESTION_OVER: (BLOCK, {**NONE, "exemption": exemptions.REMINDER}),
    verdicts.NO_NUMBER: (BLOCK, {"number": ""}),
    verdicts.BAD_NUMBER: (BLOCK, {"is_valid_number": False}),
    **{
        reason: (BLOCK, {"number_refusal": reason})
        for reason in (
            *(verdicts.EXTENSION, verdicts.SHORT_CODE, verdicts.EMERGENCY),
            *(verdicts.PREMIUM, verdicts.SERVICE_NUMBER, verdicts.LANDLINE),
        )
    },
    verdicts.NO_SENDER: (BLOCK, {"sender_refusal": verdicts.NO_SENDER}),
    verdicts.ONE_WAY: (BLOCK, {"sender_refusal": verdicts.ONE_WAY}),
    verdicts.UNUSABLE: (BLOCK, {"is_unusable": True}),
    verdicts.OPTED_OUT: (BLOCK, {"state": consent.OPTED_OUT}),
    verdicts.UNDER_REVIEW: (BLOCK, {"is_under_review": True}),
    verdicts.AWAITING_YES: (BLOCK, {"state": consent.PENDING}),
    verdicts.NO_CONSENT: (BLOCK, NONE),
    verdicts.NO_PROOF: (BLOCK, {"is_proven": False}),
    verdicts.UNPROVEN: (BLOCK, {"is_typed_only": True}),
    verdicts.NO_WAY_BACK: (BLOCK, {"provider": "iap", "is_helpdesk_purpose": True}),
    verdicts.NO_PROVIDER: (BLOCK, {"missing": ("Auth Token",)}),
    verdicts.NO_ADDRESS: (BLOCK, {"lacks_address": True}),
    verdicts.LEDGER_UNREADABLE: (BLOCK, {"is_ledger_readable": False}),
    timing.QUIET_HOURS: (HOLD, at_night((480, 1200))),
    timing.NO_OPENING: (HOLD, at_night(CLOSED)),
    timing.SCHEDULED: (HOLD, {"when": When(NIGHT, send_at=LATER)}),
    verdicts.TOO_MANY: (BLOCK, {"texts_today": 1, "day_limit": 1}),
    verdicts.EXPIRED: (BLOCK, OVER),
    verdicts.UNCONFIRMED: (BLOCK, {**OVER, "exemption": "opt_out_confirmation"}),
    verdicts.UNANSWERED: (BLOCK, {**OVER, "exemption": "help"}),
    **{
        reason: (
            HOLD if reason == verdicts.PAUSED else BLOCK,
            {"standing": frozenset([reason])},
        )
        for reason in verdicts.STANDING
    },
}
#: Shown states of refused messages other than "blocked".
SHOWN = {
    **dict.fromkeys(exemptions.TOO_LATE, "expired"),
    **dict.fromkeys(verdicts.CALLED_OFF, "cancelled"),
}


@tagged("post_install", "-at_install")
@freeze_time(NIGHT)
class TestReasons(SmsCase):
    """Each reason results from the gate's rule, and is the same everywhere."""

    def make(self, reason):
        """Return a message to which the gate has given this reason."""
        self.record_consent(None, "ticket")
        values = {"number": self.number, "body": "Hello"}
        values["purpose_id"] = self.purposes("ticket").id
        if reason == verdicts.REFUSED_BY_APP:
            values["state"] = "canceled"
        sms = self.env["sms.sms"].create(values)
        verdict, changes = CASES[reason]
        facts = {
            **{"number": self.number, "is_valid_number": True, "provider": "twilio"},
            **{"state": consent.OPTED_IN, "written_at": NIGHT, "now": NIGHT},
            "when": When(NIGHT),
            **changes,
        }
        decision = decide(Facts(**facts))
        self.assertEqual((decision.verdict, decision.reason), (verdict, reason))
        sms._store_decisions([(decision, None if "standing" in changes else False)])
        self.env.flush_all()
        return sms

    def test_every_reason_has_a_case(self):
        field = self.env["sms.sms"]._fields["gate_reason"]
        self.assertEqual(set(field.get_values(self.env)), set(CASES))

    def test_row_screen_and_evidence_agree(self):
        field = self.env["sms.sms"]._fields["gate_reason"]
        labels = dict(field._description_selection(self.env))
        evidence = self.env["sms.evidence"]
        for reason, (verdict, _changes) in CASES.items():
            with self.subTest(reason):
                sms = self.make(reason)
                self.assertEqual((sms.gate_verdict, sms.gate_reason), (verdict, reason))
                shown = {
                    SEND: "waiting",
                    HOLD: "held",
                    BLOCK: SHOWN.get(reason, "blocked"),
                }[verdict]
                self.assertEqual(sms.shown_state, shown)
                self.assertEqual(sms.gate_label, labels[reason])
                if verdict != SEND:
                    self.assertEqual(sms.shown_reason, labels[reason])
                [told] = evidence._iter_messages([("id", "=", sms.id)])
                self.assertEqual(told["decision"], verdict)
                self.assertEqual(told["decision_reason"], reason)
                self.assertEqual(told["state"], sms.shown_state)
                self.assertEqual(told["reason"] or "", sms.shown_reason)
                words = evidence._get_labels()["decision"]
                self.assertEqual(words[reason], sms.gate_label)

    def test_what_was_not_asked_anew_keeps_its_consent(self):
        sms = self.make(verdicts.PAUSED)
        self.assertEqual(sms.consent_event_id.event, "granted")


class TestReasonsInOtherOrder(OtherOrder, TestReasons):
    """Run the same tests with the rooms in another order."""
