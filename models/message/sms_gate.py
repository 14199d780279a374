# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import ormcache

from ...tools import consent, gate, purpose_rules
from ...tools.conversation import TheirText
from ...tools.phone import E164
from ..ledger.sms_consent_key import ConsentKeyError
from .res_partner import NOBODY, Reader
from .sms_gate_clock import GateClock

_logger = logging.getLogger(__name__)


class GateQuestion(NamedTuple):
    """One message, as the gate asks about it: ids, an E.164 number, a cause.

    ``is_personal`` and ``written_at`` (UTC, default now): see :class:`gate.Facts`.
    ``send_at`` and ``expires_at`` are UTC; ``key`` tells it from others that wait;
    ``sms_id`` is that of a stored message about which the gate is asked again;
    ``keeps_hours`` says that it waits for business hours though its purpose need not;
    ``is_unmapped`` says that no rule has said what it is for;
    ``replaces`` are the ids of messages whose place it takes, which do not count;
    ``standing`` decides whoever gets it, see :class:`gate.Facts`.
    """

    company_id: int
    number: str
    purpose_id: int
    exemption: str = ""
    is_personal: bool = False
    written_at: datetime | None = None
    reader: Reader = NOBODY
    send_at: object = None
    expires_at: object = None
    key: str = ""
    sms_id: int = 0
    keeps_hours: bool = False
    replaces: tuple = ()
    is_unmapped: bool = False
    standing: frozenset = frozenset()


class SmsGate(models.AbstractModel):
    """Gathers the facts that decide on a message, for a batch at a time.

    The rule itself is :func:`tools.gate.decide`. Asked when a message is made and
    again when it is about to leave, because people change their minds in between.
    """

    _name = "sms.gate"
    _description = "Text Message Gate"

    @api.model
    def _decide(self, questions):
        """Decide a batch of messages with one query for what people have said.

        :param questions: list of :class:`GateQuestion`
        :return: list of ``(Decision, consent event id or False)``, in the same order;
            None in place of the id where the ledger was not asked
        """
        open_questions = [it for it in questions if not it.standing]
        known = self._read_ledger(open_questions)
        batch = GateBatch(self.env, open_questions, known)
        return [batch.decide(question) for question in questions]

    @api.model
    def _read_ledger(self, questions):
        """Return what is recorded of the recipients.

        :return: :class:`sms_consent_known.Known`, or None if it cannot be looked up
        """
        company_ids = [question.company_id for question in questions]
        numbers = [question.number for question in questions]
        try:
            return self.env["sms.consent"]._get_known(company_ids, numbers)
        except ConsentKeyError:
            _logger.critical("The key of the consent ledger is wrong: nothing is sent")
            return None

    @api.model
    @ormcache("model_name", "record_id")
    def _get_code(self, model_name, record_id):
        """Return the ISO code of a country or a state: every message asks.

        :param str model_name: ``res.country`` or ``res.country.state``
        """
        return self.env[model_name].sudo().browse(record_id or ()).code or ""


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
        """
        is_left = its.is_unmapped and (
            self._company_facts[its.company_id]["provider"] == "twilio"
        )
        return bool(its.hours and its.hours.asks_consent and not is_left)

    def _get_facts(self, its, question):
        """Return what the gate needs to know."""
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
