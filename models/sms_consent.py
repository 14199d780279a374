# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import product
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import consent
from ..tools.consent import Answer

STATE_SELECTION = [
    (consent.NONE, "No consent"),
    (consent.PENDING, "Waiting for YES"),
    (consent.OPTED_IN, "May text"),
    (consent.OPTED_OUT, "Opted out"),
]


#: What the transaction has read of the answers (a key of ``cr.precommit.data``).
READ_ANSWERS = "sms.consent:answers"


class Known(NamedTuple):
    """What a transaction has read: answers, and the numbers with an open review.

    ``unusable``: the numbers that their carrier cannot text.
    """

    answers: dict
    reviewed: set
    unusable: set


class SmsConsent(models.Model):
    """The current answer of a number for a purpose: what the ledger adds up to.

    Derived from ``sms.consent.event`` and written by :meth:`_apply` alone. A row
    without a purpose is about all of them. It exists so that the gate asks one index
    instead of reading a history.
    """

    _name = "sms.consent"
    _description = "Text Message Consent"
    _order = "since desc, id desc"
    _rec_name = "number"
    _log_access = False

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

    @api.model
    def _forget_answers(self):
        """Read anew what was read in this transaction: something was written."""
        self.env.cr.precommit.data.pop(READ_ANSWERS, None)

    @api.model
    def _get_stopped_at(self, company, number_hash, purposes):
        """Return when a number said the newest no to any of some purposes, or to all.

        :param str number_hash: see :meth:`SmsConsentKey._hash`
        :return: datetime (UTC), or None while it has said none that stands
        """
        query = SQL(
            """
            SELECT max(since) FROM sms_consent
             WHERE company_id = %s AND number_hash = %s AND state = %s
               AND (purpose_id IS NULL OR purpose_id = ANY(%s))
            """,
            company.id,
            number_hash,
            consent.OPTED_OUT,
            purposes.ids,
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _get_answers(self, company_ids, numbers):
        """Return what is recorded for some numbers, in one query.

        :param company_ids: iterable of ids
        :param numbers: iterable of E.164 numbers
        :return: ``{(company_id, number): {purpose_id or False: Answer}}``
        """
        wanted = set(product(set(company_ids), set(filter(None, numbers))))
        answers = self._read(wanted).answers
        return {key: answers[key] for key in wanted}

    @api.model
    def _get_found(self, company, number):
        """Return what is recorded for one number in one company.

        :param company: ``res.company``
        :param str number: E.164, may be empty
        :return: ``{purpose_id or False: Answer}``
        """
        answers = self._get_answers([company.id], [number])
        return answers.get((company.id, number), {})

    @api.model
    def _get_under_review(self, company_ids, numbers):
        """Return which numbers have texted what a person has yet to read.

        By the same query as :meth:`_get_answers`: the gate asks for both.

        :return: set of ``(company_id, number)``
        """
        wanted = set(product(set(company_ids), set(filter(None, numbers))))
        return wanted & self._read(wanted).reviewed

    @api.model
    def _get_unusable(self, company_ids, numbers):
        """Return which numbers their carrier cannot text, by the same query.

        :return: set of ``(company_id, number)``
        """
        wanted = set(product(set(company_ids), set(filter(None, numbers))))
        return wanted & self._read(wanted).unusable

    @api.model
    def _read(self, wanted):
        """Return what the transaction knows, after reading what it does not yet.

        A message is often made and sent in one transaction. That sees one state of
        the ledger, so what was read is kept until it ends, goes back to a savepoint
        or writes to the ledger itself.

        :param set wanted: pairs of a company's id and a number
        :rtype: Known
        """
        known = self.env.cr.precommit.data.setdefault(
            READ_ANSWERS, Known({}, set(), set())
        )
        missing = wanted - known.answers.keys()
        if missing:
            self._read_missing(known, missing)
        return known

    @api.model
    def _read_missing(self, known, missing):
        """Enter what is recorded for some companies and numbers into ``known``.

        The index is asked once for each number (``OFFSET 0`` keeps the planner from
        reading the whole table instead), so the cost does not grow with the ledger.
        """
        self.env["sms.consent.review"].flush_model(["company_id", "number", "state"])
        self.env["sms.unusable.number"].flush_model()
        company_ids, numbers = (list(set(ids)) for ids in zip(*missing, strict=True))
        hashes = self.env["sms.consent.key"]._hash(numbers)
        numbers_by_hash = {value: number for number, value in hashes.items()}
        # Not before the key is known to be right: else the next look would find nobody.
        known.answers.update((key, {}) for key in missing)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT 'answer', answer.*
                  FROM unnest(%s::varchar[]) AS wanted (number_hash),
                       LATERAL (
                           SELECT company_id, number_hash, purpose_id, state, event_id
                             FROM sms_consent
                            WHERE company_id = ANY(%s)
                              AND number_hash = wanted.number_hash
                           OFFSET 0
                       ) AS answer
             UNION ALL
                SELECT 'review', company_id, number, NULL, NULL, NULL
                  FROM sms_consent_review
                 WHERE state = 'open' AND company_id = ANY(%s) AND number = ANY(%s)
             UNION ALL
                SELECT 'unusable', company_id, number, NULL, NULL, NULL
                  FROM sms_unusable_number
                 WHERE company_id = ANY(%s) AND number = ANY(%s)
                """,
                list(numbers_by_hash),
                company_ids,
                company_ids,
                numbers,
                company_ids,
                numbers,
            )
        )
        for kind, company_id, sender, purpose_id, state, event_id in rows:
            if kind != "answer":
                marked = known.reviewed if kind == "review" else known.unusable
                marked.add((company_id, sender))
                continue
            found = known.answers.setdefault((company_id, numbers_by_hash[sender]), {})
            found[purpose_id or False] = Answer(state, event_id)

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
        """Tell if a person has stopped everything.

        :param dict found: a value of :meth:`_get_answers`
        """
        return found.get(False, Answer()).state == consent.OPTED_OUT
