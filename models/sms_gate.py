# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models

from ..providers.base import E164
from ..tools import gate
from .sms_consent_key import ConsentKeyError

_logger = logging.getLogger(__name__)


class GateQuestion(NamedTuple):
    """One message, as the gate asks about it: records, an E.164 number, a cause.

    ``is_personal`` and ``written_at`` (UTC, default now): see :class:`gate.Facts`.
    """

    company: models.BaseModel
    number: str
    purpose: models.BaseModel
    exemption: str = ""
    is_personal: bool = False
    written_at: datetime | None = None


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
        return [
            self._decide_one(question, known, companies[question.company])
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
    def _decide_one(self, question, known, company_facts):
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
            )
        )
        return decision, answer.event_id or False
