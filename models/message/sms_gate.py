# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import ormcache

from ...tools import consent, gate, geography, phone
from ...tools.phone import E164
from ...tools.purpose_rules import (
    ADDRESS,
    CONSENT,
    IN_WRITING,
    SPOKEN,
    is_proof_accepted,
)
from ..ledger.sms_consent_key import ConsentKeyError
from .res_partner import NOBODY, Reader
from .sms_consent import Known
from .sms_gate_clock import GateClock

_logger = logging.getLogger(__name__)


class GateQuestion(NamedTuple):
    """The gate's question about one message. Times are UTC.

    :param str key: distinguishes it from other messages that wait
    :param int sms_id: of a stored message about which the gate is asked again
    :param bool keeps_hours: it waits for business hours though its purpose need not
    :param tuple replaces: ids of messages that it replaces, which do not count
    :param bool is_unmapped: no rule gives its purpose
    :param bool is_call: it is a call, for which some untextable numbers are allowed
    :param str sender_refusal: why no sender may take it, of ``verdicts``, or empty

    The others are those of :class:`gate.Facts`; ``written_at`` is now by default.
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
    is_call: bool = False
    sender_refusal: str = ""
    standing: frozenset = frozenset()


class SmsGate(models.AbstractModel):
    """Gathers the facts that decide on a message, for a batch at a time.

    The rule itself is :func:`tools.gate.decide`. Asked when a message is created and
    again when it is about to leave, because people change their minds in between.
    """

    _name = "sms.gate"
    _description = "Text Message Gate"

    @api.model
    def _decide(self, questions):
        """Decide a batch of messages with one query for people's answers.

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
        """Return what is recorded of the recipients (``Known``), None if unreadable."""
        company_ids = [question.company_id for question in questions]
        numbers = [question.number for question in questions]
        try:
            return self.env["sms.consent"]._get_known(company_ids, numbers)
        except ConsentKeyError:
            _logger.critical("The key of the consent ledger is wrong: nothing is sent")
            return None

    @api.model
    def _locate(self, company, number, reader):
        """Return where a person may be (``geography.Place``).

        :param str number: E.164
        :param Reader reader: the contact, or ``NOBODY``
        """
        return geography.locate(
            number,
            reader.tz or "",
            self._get_code("res.country", reader.country_id),
            self._get_code("res.country.state", reader.state_id),
            company._get_sms_place(),
        )

    @api.model
    @ormcache("model_name", "record_id")
    def _get_code(self, model_name, record_id):
        """Return the ISO code of a country or a state."""
        return self.env[model_name].sudo().browse(record_id or ()).code or ""


class GateBatch:
    """Decides the messages of one batch; those that are alike only once.

    The rule is :func:`tools.gate.decide` for each of them. A mass message differs
    little from person to person, and gathering and weighing facts costs ten times as
    much as finding that they are the same.
    """

    def __init__(self, env, questions, known):
        """Gather the facts that the messages share.

        :param questions: those without ``standing`` reasons
        :param known: ``Known``, None if it cannot be looked up
        """
        self._consent = env["sms.consent"]
        self._is_ledger_readable = known is not None
        self._known = known or Known.make()
        self._now = fields.Datetime.now()
        self._clock = GateClock(env, questions, self._now)
        companies = env["res.company"].browse({it.company_id for it in questions})
        self._companies = {it.id: it for it in companies}
        self._company_facts = {it.id: it._get_sms_gate_facts() for it in companies}
        purposes = env["sms.purpose"].browse({it.purpose_id for it in questions})
        self._rules = {
            (company.id, purpose.id): purpose._get_rules(env.lang, company)
            for company in companies
            for purpose in purposes
        }
        self._decisions = {}
        doubtful = {
            (it.company_id, it.number)
            for it in questions
            if phone.find_refusal(it.number or "") in phone.DOUBTFUL
        }
        self._heard = self._consent._find_heard(doubtful) if doubtful else ()

    def _find_number_refusal(self, question):
        """Return why a number is not texted; none for one that has texted us."""
        refusal = phone.find_refusal(question.number or "")
        is_callable = question.is_call and refusal in phone.CALLABLE
        if is_callable or (question.company_id, question.number) in self._heard:
            return ""
        return refusal

    def decide(self, question):
        """Decide one message, with the result of ``sms.gate._decide``."""
        if question.standing:
            return self._decide_standing(question), None
        key = (question.company_id, question.number)
        purpose_id = question.purpose_id
        found = self._known.answers.get(key, {})
        answer = self._consent._get_answer(found, purpose_id)
        hours = self._clock.get_hours(question, self._rules[key[0], purpose_id])
        facts = self._get_facts(question, key, answer, hours)
        # All that decides on a message; equal for many messages.
        circumstances = (
            question.company_id,
            purpose_id,
            bool(question.number),
            question.is_unmapped,
            question.send_at,
            question.expires_at,
            hours,
            *facts.values(),
        )
        decision = self._decisions.get(circumstances)
        if decision is None:
            facts.update(self._get_shared_facts(question, hours))
            decision = self._decisions[circumstances] = gate.decide(gate.Facts(**facts))
        decision = decision.spread(question.key)
        self._clock.note(key, purpose_id, decision)
        return decision, answer.event_id or False

    def _decide_standing(self, question):
        """Decide a message whose recipient does not matter."""
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

    def _get_facts(self, question, key, answer, hours):
        """Return the facts that differ from message to message, by name."""
        known, number, purpose_id = self._known, question.number, question.purpose_id
        proofs = self._rules[question.company_id, purpose_id].proofs
        if hours and IN_WRITING in hours.duties:
            proofs -= {SPOKEN}
        texts_today = 0
        if hours and hours.day_limit is not None:
            send_at = question.send_at or None
            texts_today = self._clock.count(key, purpose_id, hours, send_at)
        return {
            "exemption": question.exemption or "",
            "is_valid_number": bool(number and E164.match(number)),
            "number_refusal": number and self._find_number_refusal(question),
            "sender_refusal": question.sender_refusal,
            "state": answer.state,
            "is_proven": answer.state != consent.OPTED_IN
            or is_proof_accepted(known.methods.get(answer.event_id), proofs),
            "is_under_review": key in known.reviewed,
            "is_unusable": key in known.unusable and not question.is_call,
            "is_typed_only": (question.reader.partner_id, number) in known.typed,
            "is_personal": question.is_personal,
            "text": known.texts.get(key),
            "stopped_at": known.stops and known.get_stopped_at(key, purpose_id) or None,
            "written_at": question.written_at or self._now,
            "texts_today": texts_today,
        }

    def _get_shared_facts(self, question, hours):
        """Return the facts that follow from what many messages share, by name."""
        company = self._companies[question.company_id]
        company_facts = self._company_facts[question.company_id]
        # Messages of other apps through Twilio for which no rule gives a purpose are
        # left as in Odoo: most of them are no offers.
        is_left = question.is_unmapped and company_facts["provider"] == "twilio"
        rules = self._rules[question.company_id, question.purpose_id]
        duties = hours.duties if hours else frozenset()
        times = (question.send_at or None, question.expires_at or None)
        return {
            "number": question.number or "",
            "is_helpdesk_purpose": rules.is_helpdesk,
            "is_ledger_readable": self._is_ledger_readable,
            "now": self._now,
            "when": self._clock.get_when(hours, *times),
            "day_limit": hours and hours.day_limit,
            "asks_consent": CONSENT in duties and not is_left,
            "lacks_address": ADDRESS in duties
            and bool(rules.footer)
            and company._uses_sms_outbox()
            and not company._get_sms_postal_address(),
            **company_facts,
        }
