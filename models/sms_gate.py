# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, models
from odoo.tools import ormcache

from .res_partner_reader import NOBODY, Reader
from .sms_consent_key import ConsentKeyError
from .sms_gate_batch import GateBatch

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
        :param record_id: id, or False
        """
        return self.env[model_name].sudo().browse(record_id or ()).code or ""
