# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import ormcache

from ..providers.base import E164
from ..tools import gate
from .sms_consent_key import ConsentKeyError
from .sms_gate_clock import GateClock

_logger = logging.getLogger(__name__)


class GateQuestion(NamedTuple):
    """One message, as the gate asks about it: records, an E.164 number, a cause.

    ``is_personal`` and ``written_at`` (UTC, default now): see :class:`gate.Facts`.
    ``send_at`` and ``expires_at`` are UTC; ``key`` tells it from others that wait;
    ``sms_id`` is that of a stored message about which the gate is asked again.
    """

    company: models.BaseModel
    number: str
    purpose: models.BaseModel
    exemption: str = ""
    is_personal: bool = False
    written_at: datetime | None = None
    partner: models.BaseModel | None = None
    send_at: object = None
    expires_at: object = None
    key: str = ""
    sms_id: int = 0


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
        :return: list of ``(Decision, consent event id or False)``, in the same order
        """
        known = self._read_ledger(questions)
        companies = {
            company: company._get_sms_gate_facts()
            for company in {question.company for question in questions}
        }
        clock = GateClock(self.env, questions)
        return [
            self._decide_one(question, known, companies[question.company], clock)
            for question in questions
        ]

    @api.model
    def _read_ledger(self, questions):
        """Return what is recorded of the recipients.

        :return: :class:`sms_consent.Known`, or None if it cannot be looked up
        """
        company_ids = [question.company.id for question in questions]
        numbers = [question.number for question in questions]
        try:
            return self.env["sms.consent"]._get_known(company_ids, numbers)
        except ConsentKeyError:
            _logger.critical("The key of the consent ledger is wrong: nothing is sent")
            return None

    @api.model
    def _decide_one(self, question, known, company_facts, clock):
        """Decide one message out of the facts gathered for its batch."""
        key = (question.company.id, question.number)
        found = known.answers.get(key, {}) if known else {}
        answer = self.env["sms.consent"]._get_answer(found, question.purpose.id)
        now = fields.Datetime.now()
        rules = question.purpose._get_rules(self.env.lang)
        number = question.number or ""
        decision = gate.decide(
            gate.Facts(
                number=number,
                is_valid_number=bool(E164.match(number)),
                state=answer.state,
                is_helpdesk_purpose=rules.is_helpdesk,
                exemption=question.exemption or "",
                is_ledger_readable=known is not None,
                is_under_review=known is not None and key in known.reviewed,
                is_unusable=known is not None and key in known.unusable,
                is_personal=question.is_personal,
                text=known and known.texts.get(key),
                stopped_at=known and known.get_stopped_at(key, question.purpose.id),
                written_at=question.written_at or now,
                now=now,
                **company_facts,
                **clock.get_facts(question, rules),
            )
        )
        clock.note(question, decision)
        return decision, answer.event_id or False

    @api.model
    @ormcache("model_name", "record_id")
    def _get_code(self, model_name, record_id):
        """Return the ISO code of a country or a state: every message asks.

        :param str model_name: ``res.country`` or ``res.country.state``
        :param record_id: id, or False
        """
        return self.env[model_name].sudo().browse(record_id or ()).code or ""
