# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from functools import partial
from itertools import repeat

from odoo import SUPERUSER_ID, api, models
from odoo.service.model import retrying
from odoo.tools import SQL

from ..tools import consent
from ..tools.consent import Answer
from .sql_array import as_arrays


class SmsConsent(models.Model):
    """How the current answers follow the ledger, for one event as for thousands."""

    _inherit = "sms.consent"

    @api.model
    def _apply(self, company, events, numbers):
        """Bring the answers up to date with new events of the ledger, in order.

        Reads the answers of all their numbers at once, follows the rule in memory, and
        writes what has changed at once.

        :param company: ``res.company`` of all events
        :param events: their values, in order: ``id`` and
            :data:`sms_consent_event.APPLIED_FIELDS`
        :param dict numbers: number by its keyed hash
        """
        answers = self._read_locked_answers(company, list(numbers))
        before = dict(answers)
        changed = self._follow(answers, events)
        self._upsert(company, changed, numbers)
        self._look_again_when_committed(company.id, list(numbers))
        self._forget_answers()
        self.invalidate_model()
        self.env["sms.consent.mixin"]._invalidate_sms_consent_state()
        hashes = {number_hash for number_hash, _purpose_id in changed}
        self._tell_blacklist(
            self._find_left(before, hashes), self._find_left(answers, hashes), numbers
        )

    @staticmethod
    def _follow(answers, events):
        """Let events change answers, in order; what is overtaken changes nothing.

        :param dict answers: as :meth:`_read_locked_answers` returns them, updated here
        :param events: as for :meth:`_apply`
        :return: those of them that are other ones now
        """
        changed = {}
        for values in events:
            number_hash, purpose_id = values["number_hash"], values["purpose_id"] or 0
            key = (number_hash, purpose_id)
            stops = [
                since
                for answer, since in map(
                    answers.get, {(number_hash, 0), key}, repeat((Answer(), None))
                )
                if answer.state == consent.OPTED_OUT
            ]
            stopped_at = max(stops, default=None)
            if consent.is_overtaken(values["event"], values["happened_at"], stopped_at):
                continue
            current = answers.get(key, (Answer(), None))[0]
            answer = consent.next_answer(
                current, values["event"], values["id"], not purpose_id
            )
            if answer != current:
                answers[key] = (answer, values["happened_at"])
                changed[key] = answers[key]
        return changed

    @api.model
    def _find_left(self, answers, hashes):
        """Return who of some numbers has opted out of everything.

        :param dict answers: as :meth:`_read_locked_answers` returns them
        :param set hashes: keyed hashes of numbers
        :return: the hashes of those
        """
        found = defaultdict(dict)
        for (number_hash, purpose_id), (answer, _since) in answers.items():
            found[number_hash][purpose_id] = answer
        return {value for value in hashes if consent.has_left(found[value])}

    @api.model
    def _tell_blacklist(self, before, after, numbers):
        """Let Odoo's own blacklist follow: who has left, and who has come back.

        :param set before: keyed hashes of who had opted out of everything
        :param set after: keyed hashes of who has now
        :param dict numbers: number by its keyed hash
        """
        if before or after:
            left = [numbers[value] for value in after]
            back = [numbers[value] for value in before - after]
            self.env["phone.blacklist"]._follow_ledger(left, back)

    @api.model
    def _look_again_when_committed(self, company_id, hashes):
        """Let a STOP stand that was written by another transaction meanwhile.

        Neither of the two has seen the other. Whichever is committed last sees both.

        :param int company_id: whose answers
        :param list hashes: keyed hashes of the numbers that they are about
        """
        registry = self.env.registry

        def look_again():
            """Look in a transaction of its own, which sees what is committed."""
            with registry.cursor() as cr:
                consents = api.Environment(cr, SUPERUSER_ID, {})["sms.consent"]
                look = partial(consents._yield_to_stops, company_id, hashes)
                retrying(look, consents.env)

        self.env.cr.postcommit.add(look_again)

    @api.model
    def _yield_to_stops(self, company_id, hashes):
        """Take back a yes that was said before a stop and written after it.

        Written in the knowledge of the stop, it would have been overtaken.

        :param int company_id: whose answers
        :param list hashes: keyed hashes of the numbers that they are about
        """
        self.flush_model()
        taken_back = self.env.execute_query(
            SQL(
                """
                UPDATE sms_consent own SET state = %s
                  FROM sms_consent stop
                 WHERE own.company_id = %s AND own.number_hash = ANY(%s)
                   AND own.purpose_id IS NOT NULL AND own.state = %s
                   AND own.event_id > stop.event_id AND own.since < stop.since
                   AND stop.company_id = own.company_id AND stop.purpose_id IS NULL
                   AND stop.number_hash = own.number_hash AND stop.state = %s
             RETURNING own.number
                """,
                consent.NONE,
                company_id,
                hashes,
                consent.OPTED_IN,
                consent.OPTED_OUT,
            )
        )
        self._forget_answers()
        self.invalidate_model()
        self.env["sms.consent.mixin"]._invalidate_sms_consent_state()
        left = {number for (number,) in taken_back if number}
        self.env["phone.blacklist"]._follow_ledger(left, ())

    @api.model
    def _read_locked_answers(self, company, hashes):
        """Return the stored answers of some numbers, their rows locked.

        :return: ``{(number_hash, purpose_id or 0): (Answer, since)}``
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT number_hash, COALESCE(purpose_id, 0), state, event_id, since
                  FROM sms_consent
                 WHERE company_id = %s AND number_hash = ANY(%s)
              ORDER BY id
                   FOR UPDATE
                """,
                company.id,
                hashes,
            )
        )
        return {
            (number_hash, purpose_id): (Answer(state, event_id), since)
            for number_hash, purpose_id, state, event_id, since in rows
        }

    @api.model
    def _upsert(self, company, changed, numbers):
        """Write the answers that have changed.

        Plain SQL, because two texts of one number may come at once: the upsert makes
        the later transaction start over with what the earlier one wrote, where the
        ORM's create would fail on the unique index.

        :param dict changed: ``{(number_hash, purpose_id or 0): (Answer, since)}``
        :param dict numbers: number by its keyed hash
        """
        if not changed:
            return
        rows = [
            (number_hash, numbers[number_hash], purpose_id, *answer, since)
            for (number_hash, purpose_id), (answer, since) in sorted(changed.items())
        ]
        kinds = ("varchar", "varchar", "int4", "varchar", "int4", "timestamp")
        self.env.cr.execute(
            SQL(
                """
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
                              event_id = EXCLUDED.event_id
                """,
                company.id,
                as_arrays(rows, *kinds),
            )
        )
