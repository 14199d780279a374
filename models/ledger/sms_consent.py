# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ...tools import consent
from ...tools.consent import Answer, Standing
from ..core.batch_jobs import repeat_after_commit
from ..core.bulk_insert import as_array, as_arrays
from .ledger_guards import ANSWER_GUARDS
from .sms_consent_event import APPLIED_FIELDS, to_said

STATE_SELECTION = [
    (consent.NONE, "No consent"),
    (consent.PENDING, "Waiting for YES"),
    (consent.OPTED_IN, "May text"),
    (consent.OPTED_OUT, "Opted out"),
]


class Obstacle(NamedTuple):
    """The opt-out that keeps an opt-in from taking effect.

    :param event: ``sms.consent.event``, in sudo; of several the person's own
    :param datetime since: when the latest opt-out was given (UTC)
    :param bool is_own: only the person can undo it
    :param bool by_start: a START undoes it
    """

    event: models.BaseModel
    since: datetime
    is_own: bool
    by_start: bool


class SmsConsent(models.Model):
    """The current answer of a number for a purpose, or for all: the sum of the ledger.

    Derived from ``sms.consent.event`` and written by :meth:`_apply` and
    :meth:`_rebuild` alone, so that the gate reads one index instead of a history.
    """

    _name = "sms.consent"
    _inherit = ["sms.ledger.row", "sms.personal.data", "sms.searched.number"]
    _description = "Text Message Consent"
    _order = "since desc, id desc"
    _rec_name = "number"
    _log_access = False
    _ledger_guards = ANSWER_GUARDS
    _is_append_only = False

    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        help="Identifies the number. It stays when the person's data is erased.",
    )
    number = fields.Char(help="E.164; empty once it is erased.")
    purpose_id = fields.Many2one(
        "sms.purpose",
        ondelete="restrict",
        help="Empty: the answer is about all purposes.",
    )
    state = fields.Selection(STATE_SELECTION, required=True)
    since = fields.Datetime(required=True)
    verified_at = fields.Datetime(
        "Last Verified",
        help="The Reassigned Numbers Database was asked then whether the number was "
        "disconnected since it agreed, and answered no.",
    )
    event_id = fields.Many2one("sms.consent.event", required=True)
    event = fields.Selection(related="event_id.event", string="What Happened")
    method = fields.Selection(related="event_id.method")
    name = fields.Char(related="event_id.name")

    _key_unique = models.UniqueIndex(
        "(company_id, number_hash, COALESCE(purpose_id, 0))"
    )
    _number_index = models.Index("(number) WHERE number IS NOT NULL")
    # Numbers that opted out, or were asked, are few: looked up for lists of tickets.
    _few_index = models.Index(
        "(state, number, company_id) WHERE state IN ('opted_out', 'pending')"
    )
    # The gate looks up one number after the other: the fastest index for just that.
    _hash_index = models.Index("USING hash (number_hash)")

    @api.model
    def _find_obstacle(self, company, number, said, purposes):
        """Return the opt-out because of which a statement would change nothing.

        :param str number: E.164
        :param said: the statement, a ``tools.consent.Said``
        :param purposes: ``sms.purpose``; an obstacle to one of them is enough. None:
            all purposes, and there must be an obstacle to each
        :return: :class:`Obstacle`, None if the statement would count
        """
        number_hash = self.env["sms.consent.key"].sudo()._hash([number])[number]
        rows = self.sudo()._read_applied(company, [number_hash])
        found = {}
        self._follow(found, rows)
        of_all = found.get((number_hash, 0), Standing())
        restorable = consent.find_restorable(
            (row["purpose_id"] or consent.ALL, to_said(row)) for row in rows
        )
        obstacles = []
        for purpose_id in (purposes or self.env["sms.purpose"].search([])).ids:
            own = found.get((number_hash, purpose_id), Standing())
            stop = consent.find_obstacle(said, own, of_all)
            if not stop:
                if not purposes:
                    return None
                continue
            binding = consent.find_binding(own, of_all)
            event_id = binding.word if binding else stop.answer.event_id
            event_sudo = self.env["sms.consent.event"].sudo().browse(event_id)
            by_start = bool(restorable & {purpose_id, consent.ALL})
            obstacles.append(Obstacle(event_sudo, stop.since, bool(binding), by_start))
        return next(iter(obstacles), None)

    @api.model
    def _find_handovers(self, company, hashes):
        """Return since when numbers may have another holder, who has agreed to nothing.

        Whatever its purpose, an older consent was the former holder's (47 CFR
        64.1200(m)). What is in the ledger already keeps its effect: those who enter a
        consent must ask here.

        :param hashes: keyed hashes of numbers
        :return: ``{number_hash: datetime}`` (UTC), without the other numbers
        """
        ended = Domain("event", "=", consent.EXPIRED)
        ended &= Domain("method", "in", consent.HANDED_OVER)
        return self.env["sms.consent.event"]._find_newest(company, hashes, ended)

    @api.model
    def _find_outdated(self, company, hashes):
        """Return until when consents of numbers do not count. Rooms add to it.

        Parameters and result as of :meth:`_find_handovers`.
        """
        return self._find_handovers(company, hashes)

    @api.model
    def _find_bound(self, subjects):
        """Return which numbers have opted out so that only the person can undo it.

        :param subjects: iterable of ``(company, number, purposes)``, the purposes all
            of which they have opted out of; empty: of all there are
        :return: set of ``(company, number)``
        """
        subjects = [subject for subject in subjects if subject[0] and subject[1]]
        hashes = self.env["sms.consent.key"].sudo()._hash(it[1] for it in subjects)
        found = {
            company: self.sudo()._replay(company, [hashes[it[1]] for it in own])
            for company, own in groupby(subjects, itemgetter(0))
        }
        return {
            (company, number)
            for company, number, purposes in subjects
            if self._has_own_no(found[company], hashes[number], purposes)
        }

    @api.model
    def _has_own_no(self, found, number_hash, purposes):
        """Return whether a number's own opt-out covers each of the purposes, or all."""
        of_all = found.get((number_hash, 0), Standing())
        known = {purpose_id for value, purpose_id in found if value == number_hash}
        return all(
            consent.find_binding(found.get((number_hash, it), Standing()), of_all)
            for it in purposes.ids or {0, *known}
        )

    @staticmethod
    def _get_answer(found, purpose_id):
        """Return the answer for one purpose out of a number's answers."""
        return consent.combine(
            found.get(purpose_id, Answer()), found.get(False, Answer())
        )

    # === Following the ledger, for one event as for thousands ===

    @api.model
    def _apply(self, company, events, numbers):
        """Update the answers by new events of the ledger, in order.

        :param company: ``res.company`` of all events
        :param events: their values, in order: ``id`` and
            :data:`sms_consent_event.APPLIED_FIELDS`
        :param dict numbers: number (E.164) by its keyed hash
        """
        first = min(values["id"] for values in events)
        answers = self._read_locked_answers(company, list(numbers), before=first)
        before = self._get_shown(answers)
        self._follow(answers, events)
        after = self._get_shown(answers)
        changed = {key: after[key] for key in after if after[key] != before.get(key)}
        self._upsert(company, changed, numbers)
        # A STOP that another transaction has written meanwhile must stand.
        repeat_after_commit(
            self, "_settle_overlaps", company.id, list(numbers), uid=SUPERUSER_ID
        )
        hashes = {number_hash for number_hash, _purpose_id in changed}
        self._follow_up(company, events, numbers, before, after, hashes)

    @api.model
    def _follow_up(self, company, events, numbers, before, after, hashes):
        """Find what depends on new answers, with one query, and update it."""
        had_left, has_left = (self._find_left(it, hashes) for it in (before, after))
        left = [numbers[value] for value in has_left]
        back = [numbers[value] for value in had_left - has_left]
        states = {answer.state for answer, _since in before.values()}
        answers = None if consent.OPTED_OUT in states else after
        change = Change(company, events, numbers, left, back, answers, {})
        if queries := self._get_follower_queries(change):
            arrays = [SQL("ARRAY%s", query.subselect()) for query in queries.values()]
            [row] = self.env.execute_query(SQL("SELECT %s", SQL(", ").join(arrays)))
            change.followers.update(zip(queries, row, strict=True))
        self._after_answers(change)

    @api.model
    def _get_follower_queries(self, change):
        """Return the queries for what depends on new answers. Rooms add to them.

        :return: ``{name: Query}``; :meth:`_after_answers` gets the ids of each in
            ``change.followers``
        """
        return {}

    @api.model
    def _after_answers(self, change):
        """Update what depends on new answers. Extended by other rooms.

        The one place where an opt-out takes effect on what waits, is planned or is
        shown, whichever way it came. The answers are written already. Called once for
        all numbers of a batch, so what is done here is set-based.

        :param Change change: the new events and answers
        """
        self.invalidate_model()

    @staticmethod
    def _follow(answers, events):
        """Apply events to standing answers, in order, in memory.

        :param dict answers: ``{(number_hash, purpose_id or 0): Standing}``, the last
            statement on each, updated here. What is stored is :meth:`_get_shown`.
        """
        for values in events:
            number_hash, purpose_id = values["number_hash"], values["purpose_id"] or 0
            key = (number_hash, purpose_id)
            standing = answers.get(key, Standing())
            of_all = answers.get((number_hash, 0), Standing()) if purpose_id else None
            after = consent.take(to_said(values), standing, of_all)
            if after != standing:
                answers[key] = after

    @staticmethod
    def _get_shown(answers):
        """Return the answers as stored: an opt-out from everything covers the rest.

        :return: ``{(number_hash, purpose_id or 0): (Answer, since)}``
        """
        shown = {}
        for key, standing in answers.items():
            of_all = answers.get((key[0], 0), Standing())
            visible = consent.show(standing, of_all)
            shown[key] = (visible.answer, visible.since)
        return shown

    @api.model
    def _replay(self, company, hashes, before=None, counting=None):
        """Return the standing answers of numbers, from all their events that count."""
        answers = {}
        self._follow(answers, self._read_applied(company, hashes, before, counting))
        return answers

    @api.model
    def _read_applied(self, company, hashes, before=None, counting=None):
        """Return the events of some numbers that count, as :meth:`_apply` takes them.

        :param int before: only events with a lower id, default all
        """
        if not hashes:
            return []
        self.env["sms.consent.event"].flush_model()
        names = ("id", *APPLIED_FIELDS)
        query = """
            SELECT %s FROM sms_consent_event
             WHERE company_id = %s AND number_hash = ANY(%s) AND %s AND %s
          ORDER BY id
        """
        columns = SQL(", ").join(map(SQL.identifier, names))
        earlier = SQL("id < %s", before) if before else SQL("TRUE")
        counting = counting or self._get_counting_sql(company)
        hashes = as_array(hashes, "varchar")
        rows = self.env.execute_query(
            SQL(query, columns, company.id, hashes, earlier, counting)
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    @api.model
    def _find_left(self, answers, hashes):
        """Return the hashes of numbers that have opted out of everything."""
        found = defaultdict(dict)
        for (number_hash, purpose_id), (answer, _since) in answers.items():
            found[number_hash][purpose_id] = answer
        return {value for value in hashes if consent.has_left(found[value])}

    @api.model
    def _read_locked_answers(self, company, hashes, before=None):
        """Lock the stored answers of numbers, and return their standing answers.

        Only the ledger knows what binds the few that have opted out, and what their
        opt-out covers, so those are read from there.
        """
        stored, _numbers = self._read_stored(company, hashes)
        stopped = {
            number_hash
            for (number_hash, _purpose_id), (answer, _since) in stored.items()
            if answer.state == consent.OPTED_OUT
        }
        answers = {
            key: Standing(*row) for key, row in stored.items() if key[0] not in stopped
        }
        answers.update(self._replay(company, list(stopped), before))
        return answers

    @api.model
    def _read_stored(self, company, hashes, is_locked=True):
        """Return the stored answers of some numbers, and the numbers by their hash."""
        query = """
            SELECT number_hash, COALESCE(purpose_id, 0), state, event_id, since,
                   number
              FROM sms_consent
             WHERE company_id = %s AND number_hash = ANY(%s)
          ORDER BY id %s
        """
        lock = SQL("FOR UPDATE") if is_locked else SQL()
        rows = self.env.execute_query(
            SQL(query, company.id, as_array(hashes, "varchar"), lock)
        )
        stored, numbers = {}, {}
        for number_hash, purpose_id, state, event_id, since, number in rows:
            stored[number_hash, purpose_id] = (Answer(state, event_id), since)
            numbers[number_hash] = number or numbers.get(number_hash)
        return stored, numbers

    @api.model
    def _upsert(self, company, changed, numbers):
        """Write the answers that have changed.

        When two texts of a number come at once, the upsert makes the later transaction
        start over; the ORM's create would fail on the unique index.
        """
        if not changed:
            return
        rows = [
            (number_hash, numbers[number_hash], purpose_id, *answer, since)
            for (number_hash, purpose_id), (answer, since) in sorted(changed.items())
        ]
        kinds = ("varchar", "varchar", "int4", "varchar", "int4", "timestamp")
        query = """
            INSERT INTO sms_consent
                (company_id, number_hash, number, purpose_id, state, event_id,
                 since)
            SELECT %s, number_hash, number, NULLIF(purpose_id, 0), state, event_id,
                   since
              FROM unnest(%s)
                AS new (number_hash, number, purpose_id, state, event_id, since)
            ON CONFLICT (company_id, number_hash, COALESCE(purpose_id, 0))
            DO UPDATE SET state = EXCLUDED.state,
                          number = EXCLUDED.number,
                          since = EXCLUDED.since,
                          event_id = EXCLUDED.event_id,
                          verified_at = CASE
                              WHEN sms_consent.since = EXCLUDED.since
                              THEN sms_consent.verified_at END
        """
        self.env.cr.execute(SQL(query, company.id, as_arrays(rows, *kinds)))


class Change(NamedTuple):
    """New events and answers of a company, for :meth:`SmsConsent._after_answers`.

    :param company: ``res.company``
    :param events: values of the new events, as for :meth:`SmsConsent._apply`; none
        if answers were only derived again
    :param numbers: number by its keyed hash
    :param left: the numbers that have opted out of everything, of those whose answers
        have changed
    :param back: the numbers that had opted out of everything, and no longer have
    :param answers: all that is stored of the numbers now, as
        :meth:`SmsConsent._get_shown` returns it; None if one had opted out before:
        only the ledger knows what that opt-out has covered
    :param followers: ids of what depends on the answers, by name
    """

    company: models.BaseModel
    events: list
    numbers: dict
    left: list
    back: list
    answers: dict | None
    followers: dict

    def get_numbers(self, *kinds, methods=()):
        """Return the numbers that have new events, without erased ones.

        :param kinds: of :data:`tools.consent.EVENTS`; none: any event
        :param methods: how it was said; empty: in any way
        """
        hashes = {
            values["number_hash"]
            for values in self.events
            if not (kinds and values["event"] not in kinds)
            and not (methods and values["method"] not in methods)
        }
        return {self.numbers[value] for value in hashes if self.numbers[value]}
