# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import fields

from ..tools import consent, gate, purpose_rules
from ..tools.conversation import TheirText
from ..tools.phone import E164
from .sms_gate_clock import GateClock


class _Circumstances(NamedTuple):
    """All that decides on a message: those of many messages are equal."""

    company_id: int
    purpose_id: int
    exemption: str
    has_number: bool
    is_valid_number: bool
    state: str
    is_proven: bool
    is_under_review: bool
    is_unusable: bool
    is_typed_only: bool
    is_personal: bool
    is_unmapped: bool
    text: TheirText | None
    stopped_at: object
    written_at: object
    send_at: object
    expires_at: object
    hours: object
    texts_today: int


class GateBatch:
    """Decides the messages of one batch; those that are alike only once.

    The rule is :func:`tools.gate.decide` for each of them. A mass message differs from
    person to person in few things, and to gather and weigh facts costs ten times what
    it takes to see that they are the same.
    """

    def __init__(self, env, questions, known):
        """Gather what the messages share.

        :param questions: list of :class:`sms_gate.GateQuestion` whose reader matters
        :param known: :class:`sms_consent_known.Known`, None if it cannot be looked up
        """
        self._consent = env["sms.consent"]
        self._known = known
        self._now = fields.Datetime.now()
        self._clock = GateClock(env, questions, self._now)
        companies = env["res.company"].browse({it.company_id for it in questions})
        self._company_facts = {it.id: it._get_sms_gate_facts() for it in companies}
        purposes = env["sms.purpose"].browse({it.purpose_id for it in questions})
        self._rules = {
            (company.id, purpose.id): purpose._get_rules(env.lang, company)
            for company in companies
            for purpose in purposes
        }
        self._decisions = {}

    def decide(self, question):
        """Decide one message.

        :return: ``(Decision, consent event id or False)``; None in place of the id
            where the ledger was not asked
        """
        if question.standing:
            return self._decide_standing(question), None
        key = (question.company_id, question.number)
        purpose_id = question.purpose_id
        found = self._known.answers.get(key, {}) if self._known else {}
        answer = self._consent._get_answer(found, purpose_id)
        circumstances = self._get_circumstances(question, key, purpose_id, answer)
        decision = self._decisions.get(circumstances)
        if decision is None:
            facts = self._get_facts(circumstances, question)
            decision = self._decisions[circumstances] = gate.decide(facts)
        decision = decision.spread(question.key)
        self._clock.note(key, purpose_id, decision)
        return decision, answer.event_id or False

    def _decide_standing(self, question):
        """Decide a message whose reader does not matter."""
        key = question.standing, question.exemption, question.expires_at
        if key not in self._decisions:
            expires_at = question.expires_at or None
            self._decisions[key] = gate.decide(
                gate.Facts(
                    standing=question.standing,
                    exemption=question.exemption or "",
                    when=self._clock.get_when(None, None, expires_at),
                )
            )
        return self._decisions[key]

    def _get_circumstances(self, question, key, purpose_id, answer):
        """Return what decides on a message."""
        known, number = self._known, question.number
        hours = self._clock.get_hours(question, self._rules[key[0], purpose_id])
        texts_today = 0
        if hours and hours.day_limit is not None:
            send_at = question.send_at or None
            texts_today = self._clock.count(key, purpose_id, hours, send_at)
        return _Circumstances(
            key[0],
            purpose_id,
            question.exemption or "",
            bool(number),
            bool(number and E164.match(number)),
            answer.state,
            answer.state != consent.OPTED_IN
            or purpose_rules.is_proof_accepted(
                known.methods.get(answer.event_id),
                self._rules[key[0], purpose_id].proofs,
            ),
            known is not None and key in known.reviewed,
            known is not None and key in known.unusable,
            known is not None and (question.reader.partner_id, number) in known.typed,
            question.is_personal,
            question.is_unmapped,
            known and known.texts.get(key),
            known and known.stops and known.get_stopped_at(key, purpose_id) or None,
            question.written_at,
            question.send_at or None,
            question.expires_at or None,
            hours,
            texts_today,
        )

    def _asks_consent(self, its):
        """Tell if the law asks for consent to some messages, whatever the policy.

        What other apps send by a Twilio account of their own, and nobody has said what
        it is for, is left as Odoo has it: most of that is no offer.

        :param _Circumstances its: of the messages
        """
        is_left = its.is_unmapped and (
            self._company_facts[its.company_id]["provider"] == "twilio"
        )
        return bool(its.hours and its.hours.asks_consent and not is_left)

    def _get_facts(self, its, question):
        """Return what the gate needs to know.

        :param _Circumstances its: of the message
        :param question: a message of which they are true
        """
        hours = its.hours
        return gate.Facts(
            number=question.number or "",
            is_valid_number=its.is_valid_number,
            state=its.state,
            is_proven=its.is_proven,
            is_helpdesk_purpose=self._rules[its.company_id, its.purpose_id].is_helpdesk,
            exemption=its.exemption,
            is_ledger_readable=self._known is not None,
            is_under_review=its.is_under_review,
            is_unusable=its.is_unusable,
            is_typed_only=its.is_typed_only,
            is_personal=its.is_personal,
            text=its.text,
            stopped_at=its.stopped_at,
            written_at=its.written_at or self._now,
            now=self._now,
            when=self._clock.get_when(hours, its.send_at, its.expires_at),
            day_limit=hours and hours.day_limit,
            texts_today=its.texts_today,
            asks_consent=self._asks_consent(its),
            **self._company_facts[its.company_id],
        )
