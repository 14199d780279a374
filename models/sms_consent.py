# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models

from ..tools import consent
from ..tools.consent import Answer
from .ledger_guards import ANSWER_GUARDS, install_guards
from .sms_consent_event import to_said

STATE_SELECTION = [
    (consent.NONE, "No consent"),
    (consent.PENDING, "Waiting for YES"),
    (consent.OPTED_IN, "May text"),
    (consent.OPTED_OUT, "Opted out"),
]


class Obstacle(NamedTuple):
    """The no that stands in the way of a yes.

    ``event`` of the ledger, in sudo: of several the person's own. ``since`` (UTC): when
    the latest no was said. ``is_own``: only the person can undo it. ``by_start``: a
    START does.
    """

    event: models.BaseModel
    since: datetime
    is_own: bool
    by_start: bool


class SmsConsent(models.Model):
    """The current answer of a number for a purpose: what the ledger adds up to.

    Derived from ``sms.consent.event`` and written by :meth:`_apply` alone. A row
    without a purpose is about all of them. It exists so that the gate asks one index
    instead of reading a history.
    """

    _name = "sms.consent"
    _inherit = ["sms.personal.data", "sms.searched.number"]
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
        :param purposes: ``sms.purpose``; one in the way is enough. None: what stands in
            the way of each purpose that there is
        :rtype: Obstacle or None
        """
        every = purposes or self.env["sms.purpose"].search([])
        found = self._find_obstacles(company, number, said, every)
        if not purposes and None in found:
            return None
        return next(filter(None, found), None)

    @api.model
    def _find_obstacles(self, company, number, said, purposes):
        """Return for each purpose the no that stands in the way, or None."""
        number_hash = self.env["sms.consent.key"].sudo()._hash([number])[number]
        rows = self.sudo()._read_applied(company, [number_hash])
        found = {}
        self._follow(found, rows)
        of_all = found.get((number_hash, 0), consent.Standing())
        restorable = consent.find_restorable(
            (row["purpose_id"] or consent.ALL, to_said(row)) for row in rows
        )
        obstacles = []
        for purpose_id in purposes.ids:
            own = found.get((number_hash, purpose_id), consent.Standing())
            stop = consent.find_obstacle(said, own, of_all)
            binding = stop and consent.find_binding(own, of_all)
            event_id = stop and (binding.word if binding else stop.answer.event_id)
            event_sudo = self.env["sms.consent.event"].sudo().browse(event_id)
            by_start = bool(restorable & {purpose_id, consent.ALL})
            obstacles.append(
                stop and Obstacle(event_sudo, stop.since, bool(binding), by_start)
            )
        return obstacles

    @api.model
    def _is_bound(self, company, number, purposes):
        """Tell if a number has opted out so that only the person can undo it.

        :param company: ``res.company``
        :param str number: E.164
        :param purposes: ``sms.purpose``: of these all; empty: of all purposes
        :rtype: bool
        """
        return (company, number) in self._find_bound([(company, number, purposes)])

    @api.model
    def _find_bound(self, subjects):
        """Return which numbers have opted out so that only the person can undo it.

        :param subjects: iterable of ``(company, number, purposes)``, as for
            :meth:`_is_bound`
        :return: set of ``(company, number)``
        """
        subjects = [subject for subject in subjects if subject[0] and subject[1]]
        key_model = self.env["sms.consent.key"].sudo()
        hashes = key_model._hash(number for _company, number, _purposes in subjects)
        wanted = defaultdict(set)
        for company, number, _purposes in subjects:
            wanted[company].add(hashes[number])
        found = {
            company: self.sudo()._replay(company, list(values))
            for company, values in wanted.items()
        }
        return {
            (company, number)
            for company, number, purposes in subjects
            if self._has_own_no(found[company], hashes[number], purposes)
        }

    @api.model
    def _has_own_no(self, found, number_hash, purposes):
        """Tell if a number's own no stands over each of some purposes, or over all.

        :param dict found: as :meth:`_replay` returns it
        """
        of_all = found.get((number_hash, 0), consent.Standing())
        if not purposes:
            stands = {
                key[1]: row for key, row in found.items() if key[0] == number_hash
            }
            return of_all.is_bound and all(
                consent.find_binding(row, of_all)
                for purpose_id, row in stands.items()
                if purpose_id
            )
        return all(
            consent.find_binding(
                found.get((number_hash, purpose_id), consent.Standing()), of_all
            )
            for purpose_id in purposes.ids
        )

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
