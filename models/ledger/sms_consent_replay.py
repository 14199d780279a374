# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict

from odoo import SUPERUSER_ID, api, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ...tools import chain, consent, evidence
from ..core.batch_jobs import repeat_after_commit
from ..core.bulk_insert import as_array, as_arrays
from .ledger_guards import DERIVING, EVENT_STATE
from .sms_consent_event import to_said

#: Numbers whose events are in memory at once.
BATCH_SIZE = 5000


class SmsConsent(models.Model):
    """Answers derived again from all events that count, to compare or correct them."""

    _inherit = "sms.consent"

    @api.model
    def _get_counting_sql(self, company):
        if self.env["sms.consent.event"]._is_on_sandbox(company):
            return SQL("TRUE")
        return SQL("sandbox IS NOT TRUE")

    @api.model
    def _iter_numbers(self, company):
        """Yield batches of the keyed hashes of all numbers with answers or events."""
        last = ""
        query = """
            SELECT number_hash FROM (
                (SELECT DISTINCT number_hash FROM sms_consent_event
                  WHERE company_id = %(company)s AND number_hash > %(last)s
               ORDER BY number_hash LIMIT %(limit)s)
                  UNION
                (SELECT DISTINCT number_hash FROM sms_consent
                  WHERE company_id = %(company)s AND number_hash > %(last)s
               ORDER BY number_hash LIMIT %(limit)s)
            ) AS known ORDER BY number_hash LIMIT %(limit)s
        """
        while rows := self.env.execute_query(
            SQL(query, company=company.id, last=last, limit=BATCH_SIZE)
        ):
            yield [row[0] for row in rows]
            last = rows[-1][0]

    # === Comparison ===

    @api.model
    def _find_underived(self, company):
        """Yield the answers that differ from what their numbers' events give.

        Without numbers that have an event without a link: a transaction that is just
        being committed may not have seen what another one has written.

        :return: tuples of a number's hash, a purpose's id or 0, the stored answer and
            the derived one, as :meth:`_get_shown` has them, or None. For an answer that
            names another number all but the hash are None
        """
        unsealed = self.env["sms.consent.link"]._get_unsealed(company)
        contents = self.env["sms.consent.event"]._read_content(unsealed)
        waiting = {content["number_hash"] for content in contents.values()}
        self.flush_model()
        for batch in self._iter_numbers(company):
            stored, _numbers = self._read_stored(company, batch, is_locked=False)
            derived = self._get_shown(self._replay(company, batch))
            for key in sorted(stored.keys() | derived.keys()):
                found, expected = stored.get(key), derived.get(key)
                if found != expected and key[0] not in waiting:
                    yield (*key, found, expected)
            for number_hash in self._find_misnamed(company, batch):
                yield number_hash, None, None, None

    @api.model
    def _find_misnamed(self, company, hashes):
        """Return the hashes whose answers name another number, or spell it otherwise.

        Before 19.0.1.4.0 each spelling had a hash of its own.
        """
        key = self.env["sms.consent.key"]._get()
        domain = [("company_id", "=", company.id), ("number_hash", "in", hashes)]
        domain.append(("number", "!=", False))
        named = self._read_group(domain, ["number_hash", "number"])
        return sorted(
            {own for own, number in named if chain.number_hash(key, number) != own}
        )

    # === Correction ===

    @api.model
    def _rebuild(self, company, hashes):
        """Derive the answers of numbers again; write and count those that differ."""
        count = 0
        for batch in split_every(BATCH_SIZE, hashes, list):
            before, numbers = self._read_stored(company, batch)
            after = self._get_shown(self._replay(company, batch))
            changed = {k: it for k, it in after.items() if before.get(k) != it}
            gone = before.keys() - after.keys()
            touched = {number_hash for number_hash, _purpose in [*changed, *gone]}
            numbers |= self._find_numbers(company, touched - numbers.keys())
            self._upsert(company, changed, numbers)
            self._take_away(company, gone)
            known = {value for value in touched if numbers[value]}
            self._follow_up(company, [], numbers, before, after, known)
            count += len(changed) + len(gone)
        return count

    @api.model
    def _rebuild_all(self):
        """Derive all answers of all companies again (in migrations, or by hand)."""
        for company in self.env["res.company"]._get_sms_all():
            for batch in self._iter_numbers(company):
                self._rebuild(company, batch)

    @api.model
    def _take_away(self, company, keys):
        """Delete answers that no event gives: pairs of hash and purpose's id or 0."""
        if not keys:
            return
        set_config = "SELECT set_config(%s, %s, TRUE)"
        self.env.cr.execute(SQL(set_config, DERIVING, "on"))
        query = """
            DELETE FROM sms_consent answer
             USING unnest(%s) AS gone (number_hash, purpose_id)
             WHERE answer.company_id = %s
               AND answer.number_hash = gone.number_hash
               AND COALESCE(answer.purpose_id, 0) = gone.purpose_id
        """
        self.env.cr.execute(
            SQL(query, as_arrays(sorted(keys), "varchar", "int4"), company.id)
        )
        self.env.cr.execute(SQL(set_config, DERIVING, ""))

    @api.model
    def _find_numbers(self, company, hashes):
        """Return numbers by their keyed hashes, from the evidence; None: erased."""
        domain = Domain("company_id", "=", company.id)
        domain &= Domain("number_hash", "in", list(hashes))
        domain &= Domain("evidence_id.erased_at", "=", False)
        events_sudo = self.env["sms.consent.event"].sudo().search(domain, order="id")
        return dict.fromkeys(hashes) | {it.number_hash: it.number for it in events_sudo}

    # === Overlapping transactions ===

    @api.model
    def _settle_overlaps(self, company_id, hashes):
        """Derive answers again that two transactions wrote without seeing each other.

        A STOP for everything and a statement on one purpose are in two rows, so that
        neither waits for the other, and each follows from its own event alone. Also, a
        statement in the sandbox may be written while the company leaves it.
        """
        company = self.env["res.company"].browse(company_id)
        left_sandbox = not self.env["sms.consent.event"]._is_on_sandbox(company)
        self.flush_model()
        query = """
            SELECT own.number_hash
              FROM sms_consent own
              JOIN sms_consent stop ON stop.company_id = own.company_id
               AND stop.number_hash = own.number_hash AND stop.purpose_id IS NULL
               AND stop.state = %(opted_out)s AND own.state != %(opted_out)s
              JOIN sms_consent_event event ON event.id = own.event_id
               AND event.purpose_id = own.purpose_id AND own.state = %(given)s
             WHERE own.company_id = %(company)s
               AND own.number_hash = ANY(%(hashes)s)
         UNION
            SELECT own.number_hash
              FROM sms_consent own
              JOIN sms_consent_event event ON event.id = own.event_id
             WHERE own.company_id = %(company)s
               AND own.number_hash = ANY(%(hashes)s)
               AND event.sandbox AND %(left_sandbox)s
        """
        rows = self.env.execute_query(
            SQL(
                query,
                company=company_id,
                hashes=as_array(hashes, "varchar"),
                opted_out=consent.OPTED_OUT,
                given=SQL(EVENT_STATE),
                left_sandbox=left_sandbox,
            )
        )
        self._rebuild(company, [row[0] for row in rows])

    # === The sandbox ===

    @api.model
    def _follow_sandbox(self, companies):
        """Derive the answers of the sandbox's numbers, now and after the commit."""
        self._rebuild_tried(companies.ids)
        if companies:
            repeat_after_commit(self, "_rebuild_tried", companies.ids, uid=SUPERUSER_ID)

    @api.model
    def _rebuild_tried(self, company_ids):
        for company in self.env["res.company"].sudo().browse(company_ids):
            self._rebuild(company, self._get_tried_hashes(company))

    @api.model
    def _count_tried(self, company):
        """Return how many consents, and how many opt-outs, stand in the sandbox now."""
        counts = Counter()
        hashes = self._get_tried_hashes(company)
        for batch in split_every(BATCH_SIZE, hashes, list):
            tried = self._replay(company, batch, counting=SQL("sandbox"))
            shown = self._get_shown(tried).values()
            counts.update(answer.state for answer, _since in shown)
        return counts[consent.OPTED_IN], counts[consent.OPTED_OUT]

    @api.model
    def _get_tried_hashes(self, company):
        """Return the keyed hashes of the numbers with events of the sandbox."""
        events_sudo = self.env["sms.consent.event"].sudo()
        domain = [("company_id", "=", company.id), ("sandbox", "=", True)]
        groups = events_sudo._read_group(domain, ["number_hash"])
        return [number_hash for (number_hash,) in groups]

    @api.model
    def _read_effects(self, event_ids):
        """Return the opt-outs that events have undone, or that outweighed them.

        See :func:`tools.consent.find_effects`.

        :param list event_ids: ids of ``sms.consent.event``
        :return: ``{event id: {"undone", "obstacle"}}``, with the opt-out in one of
            them, as ``event_id``, ``method`` and ``happened_at``
        """
        events_sudo = self.env["sms.consent.event"].sudo()
        domain = [("id", "in", event_ids), ("event", "in", consent.YESES)]
        aggregates = ["number_hash:array_agg_distinct"]
        groups = events_sudo._read_group(domain, ["company_id"], aggregates)
        histories, known = defaultdict(list), {}
        for company, hashes in groups:
            for row in self._read_applied(company, hashes):
                said = known[row["id"]] = to_said(row)
                history = histories[company, row["number_hash"]]
                history.append((row["purpose_id"] or 0, said))

        def describe(event_id):
            """Return an opt-out for the JSON, None for none."""
            said = known.get(event_id)
            return said and {
                "event_id": event_id,
                "method": said.method,
                "happened_at": evidence.plain(said.happened_at),
            }

        return {
            event_id: {name: describe(it) for name, it in effect._asdict().items()}
            for history in histories.values()
            for event_id, effect in consent.find_effects(history).items()
        }
