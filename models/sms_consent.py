# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models

from ..tools import consent
from ..tools.consent import Answer
from .ledger_guards import ANSWER_GUARDS, install_guards

STATE_SELECTION = [
    (consent.NONE, "No consent"),
    (consent.PENDING, "Waiting for YES"),
    (consent.OPTED_IN, "May text"),
    (consent.OPTED_OUT, "Opted out"),
]


class Obstacle(NamedTuple):
    """The no that stands in the way of a yes.

    ``event`` of the ledger, in sudo: of several the person's own. ``since`` (UTC): when
    the latest no was said. ``is_own``: only the person can undo it.
    """

    event: models.BaseModel
    since: datetime
    is_own: bool


class SmsConsent(models.Model):
    """The current answer of a number for a purpose: what the ledger adds up to.

    Derived from ``sms.consent.event`` and written by :meth:`_apply` alone. A row
    without a purpose is about all of them. It exists so that the gate asks one index
    instead of reading a history.
    """

    _name = "sms.consent"
    _inherit = "sms.personal.data"
    _description = "Text Message Consent"
    _order = "since desc, id desc"
    _rec_name = "number"
    _log_access = False
    _ledger_guards = ANSWER_GUARDS

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        readonly=True,
        help="What the gate looks up. It stays when the person's data is erased.",
    )
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    purpose_id = fields.Many2one(
        "sms.purpose",
        readonly=True,
        ondelete="restrict",
        help="Empty: the answer is about all purposes.",
    )
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    event_id = fields.Many2one(
        "sms.consent.event", required=True, readonly=True, ondelete="restrict"
    )
    event = fields.Selection(related="event_id.event", string="What Happened")
    method = fields.Selection(related="event_id.method")
    name = fields.Char(related="event_id.name")

    _key_unique = models.UniqueIndex(
        "(company_id, number_hash, COALESCE(purpose_id, 0))"
    )
    _number_index = models.Index("(number) WHERE number IS NOT NULL")
    # The gate asks for one number after the other: the fastest index for just that.
    _hash_index = models.Index("USING hash (number_hash)")

    def init(self):
        """Install the triggers by which an answer follows from its event."""
        install_guards(self)
        return super().init()

    @api.model
    def _find_obstacle(self, company, number, said, purposes):
        """Return the no because of which what a person is to have said changes nothing.

        :param company: ``res.company``
        :param str number: E.164
        :param Said said: what is to be recorded
        :param purposes: ``sms.purpose``; none: all at once
        :rtype: Obstacle or None
        """
        number_hash = self.env["sms.consent.key"].sudo()._hash([number])[number]
        found = self.sudo()._replay(company, [number_hash])
        of_all = found.get((number_hash, 0), consent.Standing())
        for purpose_id in purposes.ids or [0]:
            standing = found.get((number_hash, purpose_id), consent.Standing())
            subject = (standing, of_all if purpose_id else None)
            stop = consent.find_obstacle(said, *subject)
            if stop:
                binding = consent.find_binding(*subject)
                event_id = binding.word if binding else stop.answer.event_id
                event_sudo = self.env["sms.consent.event"].sudo().browse(event_id)
                return Obstacle(event_sudo, stop.since, bool(binding))
        return None

    @staticmethod
    def _get_answer(found, purpose_id):
        """Return the answer for one purpose out of a number's answers.

        :param dict found: a value of :meth:`_get_answers`
        :rtype: Answer
        """
        return consent.combine(
            found.get(purpose_id, Answer()), found.get(False, Answer())
        )

    @staticmethod
    def _is_stopped(found):
        """Tell if a person has stopped everything, and agreed to nothing since.

        :param dict found: a value of :meth:`_get_answers`
        """
        return consent.has_left(found)
