# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang, ormcache

from ...providers.faults import GONE, UNSURE
from ...providers.outbound import REPORT_RANKS, UNDELIVERED, DeliveryReport
from ...tools import consent
from ...tools.texts import clean
from ..core.bulk_insert import as_array, as_arrays
from ..core.trail import trace
from ..ledger.sms_consent_event import IS_REAL
from ..message.sms_sms import IN_FLIGHT, LEFT, RECORDED, UNKNOWN_STATE
from .res_company import REAL
from .sms_counter import SENT
from .sms_sms import REPORT_STATES

#: Odoo's failure types for ours, for mass mailings (``mailing.trace``).
NATIVE_FAILURE_TYPES = {
    "sms_no_consent": "sms_optout",
    "sms_no_provider": "sms_acc",
    "sms_too_many": "sms_duplicate",
    "sms_replaced": "sms_duplicate",
}
#: Fields that a report on a message needs.
REPORTED_FIELDS = (
    *("uuid", "state", "provider", "carrier_id", "report_rank", "claimed_at"),
    *("carrier_code", "carrier_detail", "failure_type", "fault_id", "lookup_at"),
    *("record_company_id", "mail_message_id", "erased_at", "delivered_at"),
    *("gate_reason", "gate_verdict", "inbound_id", "is_call", "call_ended_at"),
    *("is_personal", "exemption", "is_report_fetched", "sender_id"),
    *("cancelled_by_id", "sent_again_id"),
)
#: Fields that a report changes when it moves a message.
STEP_FIELDS = (
    *("report_rank", "state", "carrier_id", "carrier_code", "failure_type"),
    *("fault_id", "delivered_at", "lookup_at", "price", "price_currency_id"),
    "sent_at",
)
#: Moves messages to what was reported. The worker that has posted one may be gone: then
#: nobody else notes when it left.
STORE_STEPS = """
    UPDATE sms_sms sms
       SET report_rank = new.rank, state = new.state,
           carrier_id = COALESCE(sms.carrier_id, new.carrier_id),
           carrier_code = new.code, failure_type = NULL, fault_id = NULL,
           sent_at = CASE WHEN sms.state IN ('process', 'unknown')
                          THEN sms.claimed_at ELSE sms.sent_at END,
           delivered_at = CASE WHEN new.state = 'sent'
                               THEN COALESCE(sms.delivered_at, %s) END,
           lookup_at = new.lookup_at,
           price = COALESCE(new.price, sms.price),
           price_currency_id = COALESCE(new.currency_id, sms.price_currency_id)
      FROM unnest(%s)
        AS new (id, rank, state, carrier_id, code, lookup_at, price, currency_id)
     WHERE sms.id = new.id
"""
#: The column types of its ``new``.
STEP_KINDS = (
    *("int4", "int4", "varchar", "varchar", "varchar"),
    *("timestamp", "numeric", "int4"),
)


class Reported(NamedTuple):
    """A report on a message; a listed one is kept only if it moves the message."""

    sms_id: int
    report: DeliveryReport
    is_listed: bool = False


def query_last_said(companies, number):
    """Return the end of a query (``FROM``) for companies' last text to a number.

    The last one that has left, or is leaving: a short answer such as STOP or "done"
    refers to that one.
    """
    query = """
          FROM sms_sms
         WHERE record_company_id IN %s AND number = %s AND state IN %s
           AND is_call IS NOT TRUE
      ORDER BY id DESC LIMIT 1
    """
    return SQL(query, companies._ids, number, (*IN_FLIGHT, *LEFT))


class SmsSms(models.Model):
    """Delivery reports, what follows from them for the number, prices, trackers."""

    _inherit = "sms.sms"

    price = fields.Float(
        digits=(16, 5),
        **RECORDED,
        help="Of all its segments, as the carrier has charged it.",
    )
    price_currency_id = fields.Many2one("res.currency", **RECORDED)
    price_label = fields.Char("Cost", compute="_compute_price_label")
    delivered_at = fields.Datetime(
        "Delivered On", **RECORDED, help="When the carrier first reported it."
    )

    # Rows are stored in order of creation: the index costs next to nothing.
    _made_index = models.Index(
        "USING brin (create_date) WITH (pages_per_range = 32, autosummarize = on)"
    )

    def _update_trackers(self):
        """Update the chatter and mass mailings with the messages' outcomes."""
        by_outcome = self.filtered("sms_tracker_id").grouped(
            lambda sms: (
                sms.state,
                sms.failure_type,
                sms.carrier_detail or sms.fault_id.name or sms.gate_label,
            )
        )
        for (state, failure_type, reason), messages in by_outcome.items():
            trackers_sudo = messages.sms_tracker_id.sudo()
            of_chatter = trackers_sudo.filtered("mail_notification_id")
            if state in ("outgoing", "canceled"):
                # Those that have left and come back, which Odoo does not expect.
                is_left = [("notification_status", "in", ("process", "pending"))]
                left = of_chatter.mail_notification_id.filtered_domain(is_left)
                left.notification_status = "ready"
                left.mail_message_id._notify_message_notification_update()
            others = trackers_sudo - of_chatter
            # Odoo does not know our own state.
            native_state = "process" if state == UNKNOWN_STATE else state
            native_type = NATIVE_FAILURE_TYPES.get(failure_type, failure_type)
            for its_type, told in ((failure_type, of_chatter), (native_type, others)):
                if told:
                    values = {"failure_type": its_type, "failure_reason": reason}
                    told._action_update_from_sms_state(native_state, **values)
        return super()._update_trackers()

    # === Reports ===

    # For one message or thousands, received by the webhook or read from a list: all go
    # through :meth:`_record_locked_reports`, which has the rules.

    @api.model
    def _record_reports(self, company, provider, reports):
        """Record delivery reports on a company's messages, in the order given.

        A few statements for all of them, apart from what follows when a message was not
        delivered. Reports on no message of the company are left out.

        :param str provider: code of the carrier that reports; None: each message's own
        :param reports: list of pairs of a message's uuid and a ``DeliveryReport``.
            A report without a uuid was read from the carrier's list, which has only the
            carrier's id and repeats itself: it is kept only if it moves a message.
        :return: the ``sms.sms`` that were reported on
        """
        reports = [(clean(uuid), _clean_report(report)) for uuid, report in reports]
        by_uuid, by_carrier_id = self._lock_reported(company, provider, reports)
        found = []
        for uuid, report in reports:
            sms_id = by_uuid.get(uuid) if uuid else by_carrier_id.get(report.carrier_id)
            if sms_id:
                found.append(Reported(sms_id, report, is_listed=not uuid))
        self._record_locked_reports(found, provider)
        return self.browse({it.sms_id for it in found})

    @api.model
    def _lock_reported(self, company, provider, reports):
        """Lock the messages that are reported on, in order of id to avoid deadlocks.

        :return: their ids by uuid, and by the carrier's id
        """
        self.flush_model()
        uuids = {uuid for uuid, _report in reports} - {""}
        listed = {report.carrier_id for uuid, report in reports if not uuid} - {""}
        ways = []
        if uuids:
            ways.append(SQL("uuid = ANY(%s)", as_array(uuids, "varchar")))
        if listed and provider:
            array = as_array(listed, "varchar")
            ways.append(SQL("provider = %s AND carrier_id = ANY(%s)", provider, array))
        if not ways:
            return {}, {}
        query = (
            "SELECT id, uuid, provider = %s, carrier_id FROM sms_sms"
            " WHERE record_company_id = %s AND (%s) ORDER BY id FOR UPDATE"
        )
        query = SQL(query, provider, company.id, SQL(" OR ").join(ways))
        rows = self.env.execute_query(query)
        by_uuid = {uuid: sms_id for sms_id, uuid, _is_own, _id in rows}
        by_carrier_id = {its: sms_id for sms_id, _uuid, is_own, its in rows if is_own}
        return by_uuid, by_carrier_id

    def _record_report(self, report):
        """Record a report on a message, from whichever carrier."""
        self.ensure_one()
        # The outbox may be recording the outcome of its post: one after the other.
        self.env["sms.dispatcher"]._lock_messages(self.ids)
        self._record_locked_report(report)

    def _record_locked_report(self, report, provider=None):
        reported = Reported(self.id, _clean_report(report))
        self._record_locked_reports([reported], provider)

    @api.model
    def _record_locked_reports(self, reports, provider):
        """Store reports on messages whose rows are locked, and move the messages.

        A report of a carrier that is no longer the message's is stored, and moves
        nothing.

        :param reports: list of :class:`Reported`
        """
        for turn in _take_turns(reports):
            self.invalidate_model()
            messages = self.browse(it.sms_id for it in turn)
            messages.fetch(REPORTED_FIELDS)
            known = messages._find_known(turn, provider)
            moved = set(self._apply_reports(known)._ids)
            kept = [it for it in turn if not it.is_listed or it.sms_id in moved]
            stored = ((self.browse(it.sms_id), it.report) for it in kept)
            self.env["sms.report"]._store(stored)
            self._record_late_prices([it for it in known if it.sms_id not in moved])
            for it in known:
                self.browse(it.sms_id)._follow_call(it.report)

    def _find_known(self, reports, provider):
        """Return the reports on the current attempt, not those on an earlier one.

        While the carrier's answer is outstanding, its id is not known yet; an id that
        was reported before the attempt began belongs to an earlier one.

        :param reports: list of :class:`Reported`, one on each of these messages
        """
        pairs = list(zip(self, reports, strict=True))
        if provider:
            pairs = [(sms, it) for sms, it in pairs if sms.provider == provider]
        doubtful = [
            (sms.id, it.report.carrier_id, sms.claimed_at)
            for sms, it in pairs
            if it.report.carrier_id and not sms.carrier_id and sms.claimed_at
        ]
        late = {
            sms.id
            for sms, it in pairs
            if not sms.carrier_id and it.report.received_at and sms.claimed_at
            if it.report.received_at < sms.claimed_at
        }
        if doubtful:
            query = """
                SELECT new.sms_id
                  FROM unnest(%s) AS new (sms_id, carrier_id, claimed_at)
                 WHERE EXISTS (SELECT FROM sms_report earlier
                                WHERE earlier.sms_id = new.sms_id
                                  AND earlier.carrier_id = new.carrier_id
                                  AND earlier.received_at < new.claimed_at)
            """
            values = as_arrays(doubtful, "int4", "varchar", "timestamp")
            late |= {row[0] for row in self.env.execute_query(SQL(query, values))}
        return [it for sms, it in pairs if sms.id not in late]

    @api.model
    def _apply_reports(self, reports):
        """Move messages forward by what their carrier reports; never backward.

        Reports come late, twice and out of order. The rank alone decides.

        :param reports: list of :class:`Reported`, in which each message and each
            carrier's id occurs once
        :return: the messages that were moved
        """
        messages = self.browse(it.sms_id for it in reports)
        steps = [
            (sms, it.report)
            for sms, it in zip(messages, reports, strict=True)
            if sms._is_step(it.report)
        ]
        steps = self._adopt_carrier_ids(steps)
        states = {sms.id: REPORT_STATES[report.report] for sms, report in steps}
        # The carrier has them after all, and no lookup will count them.
        unknown = self.browse(states).filtered(lambda it: it.state == UNKNOWN_STATE)
        unknown._count(SENT)
        messages._count_delivered(states)
        # Their numbers can be texted after all.
        lost = messages.filtered(lambda it: it.state == "error")
        if arrived := lost.filtered(lambda it: states.get(it.id) == "sent"):
            domain = [("sms_id", "in", arrived.ids)]
            self.env["sms.unusable.number"].search(domain).unlink()
        ended = messages.filtered(lambda it: it.state == "canceled")
        moved = self._store_steps(steps)
        # They are not retried, even if a later report says that they did not arrive.
        ended = (ended & moved).filtered(lambda it: not it.cancelled_by_id)
        ended.cancelled_by_id = SUPERUSER_ID
        failed = {sms.id: it for sms, it in steps if it.report == UNDELIVERED}
        for sms in self.browse(failed):
            report = failed[sms.id]
            sms.failure_type = report.failure_type or "sms_not_delivered"
            sms._apply_fault(report.fault or UNSURE, is_taken=True)
        if moved:
            delivered = moved.filtered(lambda sms: sms.state == "sent")
            delivered._start_senders(is_delivered=True)
            trace(moved, "%s: reported, %s %s", "state", "carrier_code")
            moved._update_trackers()
        return moved

    def _is_step(self, report):
        # A message that was sent again has another id: reports on the old one are late.
        ids = {self.carrier_id, report.carrier_id} - {False, ""}
        is_higher = REPORT_RANKS[report.report] > self.report_rank
        return bool(self.provider) and len(ids) <= 1 and is_higher

    @api.model
    def _adopt_carrier_ids(self, steps):
        """Store ids that a carrier has reported before its answer came.

        :param steps: list of pairs of a message and its report
        :return: ``steps`` without other messages that wrongly had such an id
        """
        ids = {
            sms.id: report.carrier_id
            for sms, report in steps
            if report.carrier_id and not sms.carrier_id
        }
        others = self.browse(ids)._reassign_carrier_ids(set(ids.values()))
        return [(sms, report) for sms, report in steps if sms not in others]

    @api.model
    def _store_steps(self, steps):
        """Store the steps of messages in one statement; return the messages.

        :param steps: list of pairs of a message and its report
        """
        messages = self.browse(sms.id for sms, _report in steps)
        if not steps:
            return messages
        now, rows = fields.Datetime.now(), []
        for sms, report in steps:
            price = report.carrier_id and self._read_price(report.price)
            rows.append(
                (
                    sms.id,
                    REPORT_RANKS[report.report],
                    REPORT_STATES[report.report],
                    report.carrier_id or None,
                    report.code or None,
                    # The worker that posted it may be gone, and the next report lost.
                    sms._get_lookup_time(report.report, now),
                    *(price or (None, None)),
                )
            )
        messages.flush_recordset()
        self.env.cr.execute(SQL(STORE_STEPS, now, as_arrays(rows, *STEP_KINDS)))
        messages.invalidate_recordset(STEP_FIELDS, flush=False)
        # Reading one of them would prefetch the whole row.
        messages.fetch(STEP_FIELDS)
        return messages

    # === Consequences for the number ===

    @api.model
    def _get_last_said(self, company, number):
        """Return, in sudo, the text that :func:`query_last_said` finds."""
        query = SQL("SELECT id %s", query_last_said(company, number))
        return self.sudo()._select(query)

    def _record_carrier_opt_out(self, code):
        """Record in the ledger an opt-out that the carrier knows and we do not.

        After the person was erased, the number is unknown. A refusal of what was posted
        before their newest yes, such as a START, is out of date.
        Source: Twilio error 21610, https://www.twilio.com/docs/api/errors/21610
        """
        if not self.number:
            return
        company = self._get_sms_company()
        found = self.env["sms.consent"]._get_found(company, self.number)
        if not (consent.has_left(found) or self._has_agreed_since(company)):
            note = self.env._("The carrier refused the message: error %s", code)
            self._record_by_carrier(consent.REVOKED, None, note)

    def _has_agreed_since(self, company):
        """Return whether the person has agreed to texts since this one was posted."""
        hashes = list(self.env["sms.consent.key"]._hash([self.number]).values())
        events, is_yes = self.env["sms.consent.event"], [("event", "in", consent.YESES)]
        newest = events._find_newest(company, hashes, is_yes).values()
        return any(self.claimed_at and it > self.claimed_at for it in newest)

    def _record_by_carrier(self, event, purposes, note):
        """Record in the ledger what the carrier has reported about the number."""
        is_real, company = {IS_REAL: self.provider in REAL}, self._get_sms_company()
        events = self.env["sms.consent.event"].with_context(**is_real)
        values = {"note": note, "message_ref": self.carrier_id or self.uuid}
        events._record(company, self.number, event, "carrier", purposes, **values)

    def _end_number_after(self, policy):
        """Stop texting the number if enough messages in a row have met the same fault.

        A single report may be a passing error. A number that has texted since the
        message was posted can be texted.
        """
        if not self.number:
            return
        company = self._get_sms_company()
        texts = self.env["sms.consent"]._get_known([company.id], [self.number]).texts
        text = texts.get((company.id, self.number))
        if text and self.claimed_at and text.received_at > self.claimed_at:
            return
        if wanted := policy.number_after - 1:
            domain = Domain("record_company_id", "=", company.id)
            domain &= Domain("number", "=", self.number) & Domain("id", "<", self.id)
            domain &= Domain("state", "in", ("error", "sent"))
            before_sudo = self.sudo().search(domain, order="id desc", limit=wanted)
            met = [sms.fault_id.fault for sms in before_sudo]
            if met != [policy.fault] * wanted:
                return
        unusable = self.env["sms.unusable.number"]
        unusable._note_many(company, [self.number], policy, sms_id=self.id)
        if policy.fault == GONE:
            self._record_gone(self.carrier_code)
        self._cancel_waiting(company, [self.number])

    def _record_gone(self, code):
        """Expire the consent of a number that its carrier no longer knows.

        The next holder has agreed to nothing (47 CFR 64.1200(m)), and their START does
        not restore anything that an opt-out covers.
        """
        company = self._get_sms_company()
        purposes = self.env["sms.consent"]._find_standing(company, self.number)
        if purposes:
            note = self.env._("The carrier does not know the number: error %s", code)
            self._record_by_carrier(consent.EXPIRED, purposes, note)

    # === Costs ===

    # Carriers report them late or never. Until then the table of prices (``sms.price``)
    # gives an estimate, which is not stored here.

    @api.depends(
        "price", "price_currency_id", "sent_at", "segment_count", "media_count"
    )
    def _compute_price_label(self):
        for sms in self:
            sms.price_label = False
            if sms.price_currency_id:
                amount = self._show_price(sms.price, sms.price_currency_id)
                sms.price_label = self.env._("%s, says the carrier", amount)
            elif sms.sent_at:
                # Officers see the price, but no number. An erased one has no country.
                sms_sudo, day = sms.sudo(), sms.sent_at.date()
                subject = (sms_sudo._get_sms_company(), sms_sudo.number or "+")
                price_sudo = self.env["sms.price"]._find(*subject, sms.provider, day)
                total = price_sudo._get_cost(sms.segment_count, sms.media_count > 0)
                if total:
                    amount = self._show_price(total, price_sudo.currency_id)
                    sms.price_label = self.env._("About %s", amount)

    @api.model
    def _show_price(self, amount, currency):
        """Return an amount with its fractions of a cent: one text may cost no more."""
        return f"{formatLang(self.env, amount, 4)} {currency.name}"

    @api.model
    def _record_prices(self, provider, prices):
        """Store what a carrier has charged; a missing price overwrites nothing.

        One statement, however many there are.

        :param dict prices: ``{carrier's id of a message: providers.outbound.Price}``
        """
        rows = [
            (carrier_id, *known)
            for carrier_id, price in prices.items()
            if (known := self._read_price(price))
        ]
        if not rows:
            return 0
        query = """
            UPDATE sms_sms sms
               SET price = new.price, price_currency_id = new.currency_id
              FROM unnest(%s) AS new (carrier_id, price, currency_id)
             WHERE sms.provider = %s AND sms.carrier_id = new.carrier_id
               AND (sms.price, sms.price_currency_id)
                   IS DISTINCT FROM (new.price, new.currency_id)
        """
        values = as_arrays(rows, "varchar", "numeric", "int4")
        self.flush_model()
        self.env.cr.execute(SQL(query, values, provider))
        self.invalidate_model(["price", "price_currency_id"], flush=False)
        return self.env.cr.rowcount

    @api.model
    def _record_late_prices(self, reports):
        """Store charges that carriers report when a message no longer moves.

        :param reports: list of :class:`Reported`, by the messages' own carriers
        """
        by_provider = defaultdict(dict)
        for it in reports:
            sms = self.browse(it.sms_id)
            if it.report.price and sms.carrier_id == it.report.carrier_id:
                by_provider[sms.provider][sms.carrier_id] = it.report.price
        for provider, prices in by_provider.items():
            self._record_prices(provider, prices)

    @api.model
    def _read_price(self, price):
        """Return a price's amount and currency's id; None for one that is no price."""
        currency_id = price and self._get_currency_id(price.currency)
        return (price.amount, currency_id) if currency_id else None

    @api.model
    @ormcache("code")
    def _get_currency_id(self, code):
        """Return the id of a currency (ISO 4217), in use or not; False if unknown."""
        all_sudo = self.env["res.currency"].sudo().with_context(active_test=False)
        return all_sudo.search([("name", "=", code.upper())], limit=1).id


def _clean_report(report):
    """Return a report without characters that the database refuses."""
    return replace(
        report,
        carrier_id=clean(report.carrier_id),
        code=clean(report.code),
        raw={clean(key): clean(value) for key, value in report.raw.items()},
    )


def _take_turns(reports):
    """Yield reports in turns: in each, a message or a carrier's id occurs once.

    :param reports: list of :class:`Reported`
    """
    while reports:
        turn, later, seen = [], [], set()
        for it in reports:
            keys = {it.sms_id, it.report.carrier_id or it.sms_id}
            (turn if seen.isdisjoint(keys) else later).append(it)
            seen |= keys
        yield turn
        reports = later
