# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

from odoo import api, fields, models
from odoo.tools import SQL, groupby

from ...tools import consent
from ...tools.consent import Answer
from ...tools.conversation import CONVERSATION_PAUSE, CONVERSATION_TIME, TheirText
from ...tools.phone import canonical
from ..core.bulk_insert import as_array

#: Key of the answers that a transaction has read, in ``cr.precommit.data``.
READ_ANSWERS = "sms.consent:answers"
#: Reads the answers of some numbers. The index is asked once for each (``OFFSET 0``
#: keeps the planner from reading the whole table instead), so the cost does not grow
#: with the ledger.
READ_ANSWER = """
    SELECT 'answer', answer.*
      FROM unnest(%(hashes)s) AS wanted (number_hash),
           LATERAL (
               SELECT own.company_id, own.number_hash, own.purpose_id, own.state,
                      own.event_id, own.since, event.method
                 FROM sms_consent own
                 JOIN sms_consent_event event ON event.id = own.event_id
                WHERE own.company_id = ANY(%(company_ids)s)
                  AND own.number_hash = wanted.number_hash
               OFFSET 0
           ) AS answer
"""
READ_UNUSABLE = """
    SELECT 'unusable', company_id, number, NULL, NULL, NULL, NULL, NULL
      FROM sms_unusable_number
     WHERE company_id = ANY(%(company_ids)s) AND number = ANY(%(numbers)s)
"""


@dataclass
class Known:
    """The answers that a transaction has read, by ``(company id, number)``.

    :param dict answers: ``{purpose id or False: Answer}``
    :param set reviewed: those with an open review
    :param dict stops: when each opt-out was given, ``{purpose id or False: UTC}``
    :param dict texts: the newest ``TheirText`` of those who have texted lately
    :param set unusable: those that their carrier cannot text
    :param dict methods: how an opt-in was given, by event id
    :param set typed: pairs of a contact's id and a number that its login has typed and
        that has not confirmed it by YES
    """

    answers: dict = field(default_factory=dict)
    reviewed: set = field(default_factory=set)
    stops: dict = field(default_factory=dict)
    texts: dict = field(default_factory=dict)
    unusable: set = field(default_factory=set)
    methods: dict = field(default_factory=dict)
    typed: set = field(default_factory=set)

    def get_stopped_at(self, key, purpose_id):
        """Return when the newest opt-out from a purpose or all was given, or None."""
        stops = self.stops.get(key, {})
        return max(filter(None, map(stops.get, (purpose_id, False))), default=None)


class SmsConsent(models.Model):
    """The answers that the gate needs, read once per transaction."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        result = super()._after_answers(change)
        self._renew_answers(change)
        if waiting_ids := change.followers.get("waiting"):
            self.env["sms.sms"].sudo().browse(sorted(waiting_ids))._ask_gate_early()
        return result

    @api.model
    def _get_follower_queries(self, change):
        """Add messages that wait for numbers that opted out, to ask the gate again."""
        queries = super()._get_follower_queries(change)
        if numbers := change.get_numbers(consent.REVOKED):
            messages_sudo = self.env["sms.sms"].sudo()
            queries["waiting"] = messages_sudo._query_waiting(change.company, numbers)
        return queries

    @api.model
    def _renew_answers(self, change):
        """Enter the new answers of one number, so that they are not read again.

        If several have changed, or one that had opted out, all are dropped.
        """
        known = self.env.cr.precommit.data.get(READ_ANSWERS)
        is_one = len(change.numbers) == 1 and bool(change.events)
        if not (known and is_one and change.answers is not None):
            self._forget_answers()
            return
        [number] = change.numbers.values()
        own = (change.company.id, number)
        for key in [it for it in known.answers if (it[0], canonical(it[1])) == own]:
            del known.answers[key]  # other spellings are read again
            known.stops.pop(key, None)
            if key == own:
                self._enter_answers(known, key, change)

    @api.model
    def _enter_answers(self, known, key, change):
        known.answers[key] = {}
        methods = {values["id"]: values["method"] for values in change.events}
        for (_hash, purpose_id), (answer, since) in change.answers.items():
            method = methods.get(answer.event_id, known.methods.get(answer.event_id))
            row = (purpose_id, answer.state, answer.event_id, since, method)
            self._enter(known, "answer", key, row)

    @api.model
    def _forget_answers(self):
        """Drop the answers that this transaction has read: something was written."""
        self.env.cr.precommit.data.pop(READ_ANSWERS, None)

    @api.model
    def _get_answers(self, company_ids, numbers):
        """Return the recorded answers of numbers, in one query.

        :return: ``{(company_id, number): {purpose_id or False: Answer}}``
        """
        company_ids, numbers = set(company_ids), set(filter(None, numbers))
        answers = self._get_known(company_ids, numbers).answers
        return {key: answers[key] for key in product(company_ids, numbers)}

    @api.model
    def _get_found(self, company, number):
        """Return the recorded answers of a number: ``{purpose_id or False: Answer}``.

        :param str number: E.164, may be empty
        """
        return self._get_answers([company.id], [number]).get((company.id, number), {})

    @api.model
    def _find_standing(self, company, number):
        """Return the purposes for which a number's answer or open question stands."""
        found = self._get_found(company, number).items()
        ids = [key for key, answer in found if key and answer.state != consent.NONE]
        return self.env["sms.purpose"].browse(ids)

    @api.model
    def _get_known(self, company_ids, numbers):
        """Return all that the gate needs to know about numbers, in one query.

        A message is often created and sent in one transaction, which sees one state of
        the ledger. So the answers are kept until it ends, rolls back to a savepoint or
        writes to the ledger itself.

        :return: :class:`Known`, perhaps of more numbers
        """
        known = self.env.cr.precommit.data.setdefault(READ_ANSWERS, Known())
        wanted = set(product(set(company_ids), set(filter(None, numbers))))
        if missing := wanted - known.answers.keys():
            self._flush_known()
            query, enter = self._prepare_known(known, missing)
            enter(self.env.execute_query(query))
        return known

    @api.model
    def _find_unproven(self, company, number):
        """Return the purposes for which a number's opt-in lacks proof.

        The opt-in can be given again.

        :param str number: E.164, may be empty
        """
        purposes = self.env["sms.purpose"]
        known = self._get_known([company.id], [number])
        found, methods = known.answers.get((company.id, number), {}), known.methods
        return purposes.browse(
            purpose_id
            for purpose_id, answer in found.items()
            if answer.state == consent.OPTED_IN
            and purposes.browse(purpose_id)._find_proof_fault(methods[answer.event_id])
        )

    @api.model
    def _prepare_known(self, known, missing):
        """Return the query for companies and numbers, and a function for its rows."""
        company_ids, numbers = (list(set(ids)) for ids in zip(*missing, strict=True))
        spellings = dict(groupby(numbers, canonical))
        hashes = self.env["sms.consent.key"]._hash(spellings)
        numbers_by_hash = {value: number for number, value in hashes.items()}
        # Only now that the key is right: else the next lookup would find no answers.
        known.answers.update((key, {}) for key in missing)
        query = SQL(
            " UNION ALL ".join(self._get_known_sources()),
            hashes=as_array(list(numbers_by_hash), "varchar"),
            company_ids=company_ids,
            numbers=as_array(spellings, "varchar"),
            since=fields.Datetime.now() - CONVERSATION_TIME - CONVERSATION_PAUSE,
        )

        def enter(rows):
            for what, company_id, sender, *row in rows:
                for number in spellings[numbers_by_hash.get(sender, sender)]:
                    self._enter(known, what, (company_id, number), row)

        return query, enter

    @api.model
    def _prepare_known_column(self, company, number):
        """Return an SQL expression for what is known of a number, and its loader.

        For callers that look up something else of the number with the same query.

        :return: the expression, and a function that enters its value into the cache
        """
        self._forget_answers()
        known = self.env.cr.precommit.data.setdefault(READ_ANSWERS, Known())
        query, enter = self._prepare_known(known, {(company.id, number)})
        names = SQL("what, company_id, sender, purpose_id, state, id, moment, method")
        rows = SQL("SELECT json_agg(json_build_array(%s)) FROM (%s)", names, query)
        column = SQL("(%s AS known (%s))", rows, names)

        def enter_json(rows):
            for *row, moment, method in rows or ():
                enter([(*row, moment and datetime.fromisoformat(moment), method)])

        return column, enter_json

    @staticmethod
    def _enter(known, what, key, row):
        """Enter one row of :meth:`_get_known_sources`.

        :param tuple key: the company's id and the number as it was asked about
        """
        purpose_id, state, row_id, moment, method = row
        if what == "answer":
            answers = known.answers.setdefault(key, {})
            answers[purpose_id or False] = Answer(state, row_id)
            if state == consent.OPTED_IN:
                known.methods[row_id] = method
            elif state == consent.OPTED_OUT:
                known.stops.setdefault(key, {})[purpose_id or False] = moment
        elif what == "text":
            known.texts[key] = TheirText(row_id, moment)
        elif what == "typed":
            known.typed.add((row_id, key[1]))
        else:
            (known.reviewed if what == "review" else known.unusable).add(key)

    @api.model
    def _flush_known(self):
        """Flush the models that :meth:`_get_known_sources` reads."""
        self.env["sms.unusable.number"].flush_model()

    @api.model
    def _find_heard(self, pairs):
        """Return which pairs of company id and number (E.164) have ever texted us.

        Received texts are known to the rooms above, which extend this.
        """
        return set()

    @api.model
    def _get_known_sources(self):
        """Return the queries for what is known of numbers.

        Their columns: ``answer``, ``unusable``, ``review``, ``typed`` or ``text``;
        company, number or its hash, purpose, state, id, moment, method. Parameters are
        ``hashes``, ``numbers``, ``company_ids`` and ``since`` (texts count since then).
        """
        return [READ_ANSWER, READ_UNUSABLE]
