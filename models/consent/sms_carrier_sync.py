# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime, time, timedelta
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ...providers import PROVIDERS
from ...providers.base import LookupFailed
from ...providers.faults import GONE
from ...tools import consent
from ...tools.phone import E164, canonical
from ..core.batch_jobs import lock_next, work_off_calls
from ..core.bulk_insert import as_array, as_arrays
from ..ledger.sms_consent_event import Statement

_logger = logging.getLogger(__name__)
#: Carriers with data to compare.
COMPARED = [
    code
    for code, cls in PROVIDERS.items()
    if cls.lists_opt_outs or cls.lists_deactivated
]
#: Longer than reading an account takes; after that a killed comparison is repeated.
LEASE = timedelta(hours=2)
EVERY = timedelta(days=1)
#: Delay before a retry after a failure.
PAUSE = timedelta(hours=1)
#: How many days back missed reports of deactivations are read.
REPORT_DAYS = 7
#: Numbers looked up in one query.
CHUNK_SIZE = 5000
#: Which of the given numbers are ours: they have agreed to something, were asked, or
#: were texted. Without those that have agreed or texted us since.
FIND_OURS = """
    SELECT wanted.number
      FROM unnest(%(numbers)s) AS wanted (number)
     WHERE (EXISTS (SELECT FROM sms_consent answer
                     WHERE answer.number = wanted.number
                       AND answer.company_id = %(company)s
                       AND answer.state IN ('opted_in', 'pending'))
            OR EXISTS (SELECT FROM sms_sms sms
                        WHERE sms.record_company_id = %(company)s
                          AND sms.number = wanted.number))
       AND NOT EXISTS (SELECT FROM sms_consent answer
                        WHERE answer.number = wanted.number
                          AND answer.company_id = %(company)s
                          AND answer.state = 'opted_in' AND answer.since >= %(end)s)
       AND NOT EXISTS (SELECT FROM sms_inbound text
                        WHERE text.company_id = %(company)s
                          AND text.number = wanted.number
                          AND text.received_at >= %(end)s)
"""

#: Opted out at the carrier, and recorded here too; blocked there despite a later opt-in
#: here; opted out only here; deactivated by its network.
ENTERED, BLOCKED = "entered", "blocked"
MISSING, DEACTIVATED = "missing", "deactivated"
#: Kinds that somebody should act on.
URGENT_KINDS = (BLOCKED, DEACTIVATED)


class Answer(NamedTuple):
    """A carrier's answer.

    :param opt_outs: list of ``OptOut``; None if the carrier lists none
    :param dict reports: lists of numbers (E.164) by day
    :param str fault: why something is missing, or empty
    """

    opt_outs: list | None
    reports: dict
    fault: str = ""


class SmsCarrierSync(models.Model):
    """Compares opt-outs and deactivated numbers with a company's carrier, daily.

    One row per company and carrier. An opt-out known to the carrier is recorded in our
    ledger; one unknown to it is never undone here.
    """

    _name = "sms.carrier.sync"
    _description = "Comparison with the Text Message Carrier"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    provider = fields.Char("Carrier", required=True)
    next_at = fields.Datetime(required=True)
    report_day = fields.Date(help="Deactivations are known up to this day.")

    _company_unique = models.UniqueIndex("(company_id, provider)")

    # === Asking: claim, commit, ask without a transaction, write ===

    @api.model
    def _run(self):
        """Run the due comparisons, one account after the other (cron)."""
        self._ensure_rows()
        steps = (type(self)._prepare_call, type(self)._record_answer)
        work_off_calls(self.env, self._claim, *steps)

    @api.model
    def _ensure_rows(self):
        """Create a row for each company and carrier, and delete former ones."""
        wanted = {
            (company, code)
            for company in self.env["res.company"].search([])
            for code in company._get_sms_carriers()
            if code in COMPARED
        }
        rows = self.search([])
        rows.filtered(lambda it: (it.company_id, it.provider) not in wanted).unlink()
        known = {(it.company_id, it.provider) for it in rows.exists()}
        now = fields.Datetime.now()
        self.create(
            [
                {"company_id": company.id, "provider": code, "next_at": now}
                for company, code in wanted - known
            ]
        )

    @api.model
    def _claim(self):
        now = fields.Datetime.now()
        row = lock_next(self, SQL("next_at <= %s", now), SQL("next_at, id"))
        row.next_at = now + LEASE
        return row

    def _prepare_call(self):
        company = self.company_id
        provider = company._get_sms_provider(self.provider)
        if company._find_sms_account_lock(self.provider) or provider.missing():
            self.next_at = fields.Datetime.now() + EVERY
            return None
        return partial(self._get_answer, provider, self._get_days())

    def _get_days(self):
        """Return the days whose reports are still to be read, up to yesterday."""
        today = fields.Date.today()
        first = today - timedelta(days=REPORT_DAYS + 1)
        begin = max(first, self.report_day or first)
        return tuple(begin + timedelta(it) for it in range(1, (today - begin).days))

    @staticmethod
    def _get_answer(provider, days):
        """Ask the carrier, without the database, also on deactivations of ``days``."""
        opt_outs, reports, faults = None, {}, []
        try:
            if provider.lists_opt_outs:
                opt_outs = [row for page in provider.list_opt_outs() for row in page]
        except LookupFailed as error:
            faults.append(str(error))
        try:
            for day in days if provider.lists_deactivated else ():
                reports[day] = provider.list_deactivated(day)
        except LookupFailed as error:
            faults.append(str(error))
        return Answer(opt_outs, reports, "; ".join(faults))

    def _record_answer(self, answer):
        """Apply the carrier's answer to the ledger and the differences."""
        if not self.try_lock_for_update():
            return
        if answer.opt_outs is not None:
            self._compare(answer.opt_outs)
        for day, numbers in sorted(answer.reports.items()):
            if numbers is not None:
                self._take_report(day, numbers)
        if answer.fault:
            told = "Company %s could not be compared with %s: %s"
            _logger.warning(told, self.company_id.id, self.provider, answer.fault)
        self.next_at = fields.Datetime.now() + (PAUSE if answer.fault else EVERY)

    # === Opt-outs ===

    def _compare(self, opt_outs):
        listed = {}
        for row in opt_outs:
            number = canonical(row.number)
            if number and E164.match(number):
                times = filter(None, (listed.get(number), row.said_at))
                listed[number] = max(times, default=None)
        blocked = {}
        for numbers in split_every(CHUNK_SIZE, sorted(listed)):
            blocked.update(self._enter({it: listed[it] for it in numbers}))
        differences = self.env["sms.carrier.difference"]
        differences._set(self, BLOCKED, blocked)
        stopped = self._read_stopped()
        missing = {number: since for number, since in stopped if number not in listed}
        differences._set(self, MISSING, missing)

    def _enter(self, listed):
        """Record the opt-outs missing here; return numbers that have agreed since.

        An agreement that has ended, as by an erasure, needs nothing from anybody.

        :param dict listed: time of the opt-out (UTC, or None) by number
        :return: dict like ``listed`` of the numbers that agree here since
        """
        company, consents = self.company_id, self.env["sms.consent"]
        events = self.env["sms.consent.event"]
        hashes = self.env["sms.consent.key"]._hash(listed)
        stored, _numbers = consents._read_stored(company, list(hashes.values()), False)
        left = consents._find_left(stored, hashes.values())
        standing = {
            number_hash
            for (number_hash, _purpose_id), (answer, _since) in stored.items()
            if answer.state == consent.OPTED_IN
        }
        others = [number for number in listed if hashes[number] not in left]
        is_yes = [("event", "in", consent.YESES)]
        agreed = events._find_newest(company, [hashes[it] for it in others], is_yes)
        facts = {"note": self.env._("The carrier keeps the number as opted out.")}
        blocked, statements = {}, []
        for number in others:
            said_at, agreed_at = listed[number], agreed.get(hashes[number])
            if said_at and agreed_at and agreed_at > said_at:
                if hashes[number] in standing:
                    blocked[number] = said_at
                continue
            opt_out = Statement(
                number, consent.REVOKED, "carrier", happened_at=said_at, facts=facts
            )
            statements.append(opt_out)
        events._record_many(company, statements)
        entered = [(it.number, it.happened_at) for it in statements]
        self.env["sms.carrier.difference"]._add(self, ENTERED, entered)
        return blocked

    def _read_stopped(self):
        """Return the numbers opted out of everything here, with the time (UTC)."""
        domain = Domain("company_id", "=", self.company_id.id)
        domain &= Domain("purpose_id", "=", False) & Domain("number", "!=", False)
        domain &= Domain("state", "=", consent.OPTED_OUT)
        return self.env["sms.consent"]._read_group(domain, ["number"], ["since:max"])

    # === Deactivated numbers ===

    def _take_report(self, day, numbers):
        """End the consents of our numbers that were deactivated on a day.

        The next holder has agreed to nothing (47 CFR 64.1200(m)). Whoever has texted or
        agreed since still has the number.
        """
        end = datetime.combine(day + timedelta(days=1), time())
        for chunk in split_every(CHUNK_SIZE, numbers, list):
            if found := self._find_ours(chunk, end):
                self._end_numbers(found, end)
        self.report_day = max(day, self.report_day or day)

    def _find_ours(self, numbers, end):
        for name in ("sms.consent", "sms.sms", "sms.inbound"):
            self.env[name].flush_model()
        wanted = as_array(numbers, "varchar")
        query = SQL(FIND_OURS, numbers=wanted, company=self.company_id.id, end=end)
        return [number for (number,) in self.env.execute_query(query)]

    def _end_numbers(self, numbers, end):
        company = self.company_id
        policy = self.env["sms.fault"]._get_policy(GONE, company)
        self.env["sms.unusable.number"]._note_many(company, numbers, policy)
        facts = {"note": self.env._("Its network has deactivated the number.")}
        domain = Domain("company_id", "=", company.id) & Domain("number", "in", numbers)
        domain &= Domain("state", "in", (consent.OPTED_IN, consent.PENDING))
        domain &= Domain("purpose_id", "!=", False)
        answers = self.env["sms.consent"].search(domain)
        statements = [
            Statement(number, consent.EXPIRED, "carrier", own.purpose_id, facts=facts)
            for number, own in answers.grouped("number").items()
        ]
        self.env["sms.consent.event"]._record_many(company, statements)
        self.env["sms.sms"]._cancel_waiting(company, numbers)
        gone = [(number, end) for number in numbers]
        self.env["sms.carrier.difference"]._add(self, DEACTIVATED, gone)


class SmsCarrierDifference(models.Model):
    """A number for which the carrier and our ledger disagreed.

    Written by the daily comparison (``sms.carrier.sync``). Differences in the current
    state are deleted when they are over; the others stay until somebody marks them as
    done.
    """

    _name = "sms.carrier.difference"
    _description = "Difference to the Carrier's Opt-outs"
    _inherit = "sms.personal.data"
    _kept_since = "found_at"
    _order = "done_at DESC NULLS FIRST, id desc"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    provider = fields.Char("Carrier", required=True)
    number = fields.Char(help="E.164")
    kind = fields.Selection(
        [
            (ENTERED, "Opted out at the carrier"),
            (BLOCKED, "Blocked at the carrier"),
            (MISSING, "Opted out here only"),
            (DEACTIVATED, "Deactivated"),
        ],
        "What",
        required=True,
    )
    advice = fields.Char("What to Do", compute="_compute_advice")
    said_at = fields.Datetime("Since", help="When it was said, as far as it is known.")
    found_at = fields.Datetime("Found On", required=True)
    done_at = fields.Datetime("Done On")
    done_by_id = fields.Many2one("res.users")

    _kind_unique = models.UniqueIndex("(company_id, provider, kind, number)")

    @api.depends("kind")
    def _compute_advice(self):
        advice = {
            ENTERED: self.env._("Nothing: the opt-out was recorded here as well."),
            BLOCKED: self.env._(
                "They have agreed here since, but the carrier still blocks them. Ask "
                "them to text START to your number."
            ),
            MISSING: self.env._(
                "Nothing: they get no texts from here. The carrier only takes a STOP "
                "from their phone."
            ),
            DEACTIVATED: self.env._(
                "It may get another owner, so its consent has ended. Ask the person "
                "for their number."
            ),
        }
        for row in self:
            row.advice = advice.get(row.kind)

    def action_done(self):
        """Mark the differences as done by the user."""
        self.check_access("read")
        open_sudo = self.sudo().filtered(lambda row: not row.done_at)
        open_sudo.write({"done_at": fields.Datetime.now(), "done_by_id": self.env.uid})

    @api.model
    def _add(self, sync, kind, rows):
        """Store differences, each number once.

        :param sync: the ``sms.carrier.sync`` that has found them
        :param rows: pairs of a number and the time since when (UTC) or None
        """
        if not rows:
            return
        self.flush_model()
        query = """
            INSERT INTO sms_carrier_difference (company_id, provider, kind,
                   found_at, number, said_at)
            SELECT %(company)s, %(provider)s, %(kind)s, %(now)s, number, said_at
              FROM unnest(%(rows)s) AS new (number, said_at)
            ON CONFLICT (company_id, provider, kind, number)
            DO UPDATE SET found_at = EXCLUDED.found_at, done_at = NULL,
                          said_at = EXCLUDED.said_at, done_by_id = NULL
                    WHERE sms_carrier_difference.said_at
                          IS DISTINCT FROM EXCLUDED.said_at
        """
        account = {"company": sync.company_id.id, "provider": sync.provider}
        found = {"kind": kind, "rows": as_arrays(rows, "varchar", "timestamp")}
        query = SQL(query, **account, **found, now=fields.Datetime.now())
        self.env.cr.execute(query)
        self.invalidate_model()

    @api.model
    def _set(self, sync, kind, rows):
        """Replace the stored differences of a kind by the current ones.

        :param sync: as for :meth:`_add`
        :param dict rows: the time since when (UTC) or None, by number
        """
        over = Domain("company_id", "=", sync.company_id.id)
        over &= Domain("provider", "=", sync.provider) & Domain("kind", "=", kind)
        self.search(over & Domain("number", "not in", list(rows))).unlink()
        self._add(sync, kind, rows.items())

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Keep those to act on, and those that the next comparison finds again."""
        overdue = super()._get_overdue_domain(company, limits)
        overdue &= ~Domain(self._get_urgent_domain())
        return overdue & Domain("kind", "in", (ENTERED, DEACTIVATED))

    @api.model
    def _get_urgent_domain(self):
        return [("kind", "in", URGENT_KINDS), ("done_at", "=", False)]
