# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

from odoo import api, fields, models
from odoo.tools import SQL, format_amount, ormcache

from ...providers.faults import GONE, UNSURE
from ...providers.outbound import REPORT_RANKS, UNDELIVERED
from ...tools import consent
from ...tools.texts import clean
from ..core.bulk_insert import as_arrays
from ..message.sms_sms import IN_FLIGHT, LEFT, UNKNOWN_STATE
from .sms_sms import FINAL_REPORTS, REPORT_STATES

#: States that Odoo does not know, as the chatter and mass mailings are told.
NATIVE_STATES = {UNKNOWN_STATE: "process"}
#: Our failure types, as mass mailings (``mailing.trace``) are told.
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
)


class SmsSms(models.Model):
    """Delivery reports, what follows from them for the number, prices, trackers."""

    _inherit = "sms.sms"

    price = fields.Float(
        digits=(16, 5),
        readonly=True,
        copy=False,
        help="Of all its segments, as the carrier has charged it.",
    )
    price_currency_id = fields.Many2one("res.currency", readonly=True, copy=False)
    price_label = fields.Char("Cost", compute="_compute_price_label")
    delivered_at = fields.Datetime(
        "Delivered On",
        readonly=True,
        copy=False,
        help="When the carrier first reported it.",
    )

    # Rows lie in the order in which they were made: it costs next to nothing to keep.
    _made_index = models.Index("USING brin (create_date) WITH (pages_per_range = 32)")

    def _update_trackers(self):
        """Tell the chatter and mass mailings what has become of the messages."""
        by_outcome = self.grouped(
            lambda sms: (
                sms.state,
                sms.failure_type,
                sms.carrier_detail or sms.fault_id.name or sms.gate_label,
            )
        )
        for (state, failure_type, reason), messages in by_outcome.items():
            trackers_sudo = messages.sms_tracker_id.sudo()
            of_chatter = trackers_sudo.filtered("mail_notification_id")
            native_type = NATIVE_FAILURE_TYPES.get(failure_type, failure_type)
            for told_type, told in (
                (failure_type, of_chatter),
                (native_type, trackers_sudo - of_chatter),
            ):
                if told:
                    told._action_update_from_sms_state(
                        NATIVE_STATES.get(state, state),
                        failure_type=told_type,
                        failure_reason=reason,
                    )
        return super()._update_trackers()

    def _record_report(self, report):
        """Store a delivery report as it came, and move the message by it."""
        self.ensure_one()
        # The outbox may be writing its own end of it: one after the other.
        self.env["sms.dispatcher"]._lock_messages(self.ids)
        self._record_locked_report(report)

    @api.model
    def _record_report_by_uuid(self, company, uuid, report, provider=None):
        """Record a report on a company's message; tell if there is such a message.

        Carriers report several times on each message, so this finds and locks it at
        once, and reads no more of it than is asked.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM sms_sms"
                " WHERE uuid = %s AND record_company_id = %s FOR UPDATE",
                uuid,
                company.id,
            )
        )
        message = self.browse(row[0] for row in rows)
        message.invalidate_recordset()
        for sms in message:
            sms.fetch(REPORTED_FIELDS)
            sms._record_locked_report(report, provider)
        return bool(message)

    def _record_locked_report(self, report, provider=None):
        """Store a report on a message whose row is locked, and move it by that.

        What a carrier says that has not taken it is stored, and moves nothing: the
        message is another carrier's now.
        """
        report = replace(
            report,
            carrier_id=clean(report.carrier_id),
            code=clean(report.code),
            raw={clean(key): clean(value) for key, value in report.raw.items()},
        )
        is_carriers = provider in (None, self.provider)
        is_known = is_carriers and self._knows_attempt(report)
        self.env["sms.report"]._store(self, report)
        if is_known:
            self._apply_report(report)
            self._follow_call(report)
        is_own = report.carrier_id and report.carrier_id == self.carrier_id
        if report.price and is_own and is_carriers:
            self._record_prices(self.provider, {report.carrier_id: report.price})

    def _knows_attempt(self, report):
        """Tell if a report is on the attempt that counts, not on an earlier one.

        While the carrier's own answer is outstanding its id is not known yet; what has
        reported before the attempt began is an earlier one's.
        """
        self.ensure_one()
        if self.carrier_id or not report.carrier_id or not self.claimed_at:
            return True
        earlier = [
            ("sms_id", "=", self.id),
            ("carrier_id", "=", report.carrier_id),
            ("received_at", "<", self.claimed_at),
        ]
        return not self.env["sms.report"].sudo().search_count(earlier, limit=1)

    def _apply_report(self, report):
        """Move a message forward by what its carrier says; never backward.

        Reports come late, twice and out of order. The rank alone decides.
        """
        for sms in self:
            rank = REPORT_RANKS[report.report]
            # A message that was sent again has another id: its old reports are late.
            ids = {sms.carrier_id, report.carrier_id} - {False, ""}
            if not sms.provider or len(ids) > 1 or rank <= sms.report_rank:
                continue
            if not sms.carrier_id:
                sms._reassign_carrier_ids({report.carrier_id})
            sms.write(
                {
                    "report_rank": rank,
                    "state": REPORT_STATES[report.report],
                    "carrier_id": sms.carrier_id or report.carrier_id,
                    "carrier_code": report.code,
                    "failure_type": False,
                    "fault_id": False,
                    "delivered_at": REPORT_STATES[report.report] == "sent"
                    and (sms.delivered_at or fields.Datetime.now()),
                }
            )
            # Whoever posted it may be dead, and the next report be lost: ask then.
            is_final = report.report in FINAL_REPORTS
            overdue_at = fields.Datetime.now() + sms._get_report_pause()
            sms.lookup_at = not is_final and overdue_at
            if report.report == UNDELIVERED:
                sms.failure_type = report.failure_type or "sms_not_delivered"
                sms._apply_fault(report.fault or UNSURE, is_taken=True)
            sms._update_trackers()

    # === Consequences for the number ===

    @api.model
    def _get_last_said(self, company, number):
        """Return, in sudo, the last text to a number that has left, or is leaving.

        A short answer such as STOP or "done" is about that one.
        """
        domain = [
            ("record_company_id", "=", company.id),
            ("number", "=", number),
            ("state", "in", (*IN_FLIGHT, *LEFT)),
            ("is_call", "=", False),
        ]
        return self.sudo().search(domain, order="id desc", limit=1)

    def _record_carrier_opt_out(self, code):
        """Enter into the ledger that the carrier knows of an opt-out, if we do not.

        Once the person is erased the number is not known any more.
        Source: Twilio error 21610, https://www.twilio.com/docs/api/errors/21610
        """
        if not self.number:
            return
        consents, company = self.env["sms.consent"], self._get_sms_company()
        if not consents._is_stopped(consents._get_found(company, self.number)):
            note = self.env._("The carrier refused the message: error %s", code)
            self._record_by_carrier(consent.REVOKED, None, note)

    def _record_by_carrier(self, event, purposes, note):
        """Enter into the ledger what the carrier has told of the number."""
        self.ensure_one()
        self.env["sms.consent.event"]._record(
            self._get_sms_company(),
            self.number,
            event,
            "carrier",
            purposes,
            note=note,
            message_ref=self.carrier_id or self.uuid,
        )

    def _end_number_after(self, policy):
        """End the number when so many messages in a row have met the same fault.

        One report may be a fault on the way.
        """
        self.ensure_one()
        if not self.number:
            return
        company = self._get_sms_company()
        if wanted := policy.number_after - 1:
            domain = [
                ("record_company_id", "=", company.id),
                ("number", "=", self.number),
                ("id", "<", self.id),
                ("state", "in", ("error", "sent")),
            ]
            before_sudo = self.sudo().search(domain, order="id desc", limit=wanted)
            met = [sms.fault_id.fault for sms in before_sudo]
            if met != [policy.fault] * wanted:
                return
        self.env["sms.unusable.number"]._note(self, policy)
        if policy.fault == GONE:
            self._record_gone(self.carrier_code)
        self._cancel_waiting(company, [self.number])

    def _record_gone(self, code):
        """Expire the consent of a number that its carrier no longer knows.

        The next holder has agreed to nothing (47 CFR 64.1200(m)), and their START
        brings nothing back that an opt-out covers.
        """
        if not self.number:
            return
        company = self._get_sms_company()
        purposes = self.env["sms.consent"]._find_standing(company, self.number)
        if purposes:
            note = self.env._("The carrier does not know the number: error %s", code)
            self._record_by_carrier(consent.EXPIRED, purposes, note)

    # === Costs ===

    # Carriers tell them late or never. Until then the table of prices is asked
    # (``sms.price``), and nothing of that is stored here.

    @api.depends(
        "price", "price_currency_id", "sent_at", "segment_count", "media_count"
    )
    def _compute_price_label(self):
        for sms in self:
            sms.price_label = False
            if sms.price_currency_id:
                amount = format_amount(self.env, sms.price, sms.price_currency_id)
                sms.price_label = self.env._("%s, says the carrier", amount)
            elif sms.sent_at:
                price_sudo = self.env["sms.price"]._find(
                    sms._get_sms_company(), sms.number, sms.provider
                )
                total = price_sudo._get_cost(sms.segment_count, sms.media_count > 0)
                if total:
                    amount = format_amount(self.env, total, price_sudo.currency_id)
                    sms.price_label = self.env._("About %s", amount)

    @api.model
    def _record_prices(self, provider, prices):
        """Store what a carrier has charged; what it does not say overwrites nothing.

        One statement, however many they are.

        :param dict prices: ``{carrier's id of a message: providers.outbound.Price}``
        """
        rows = [
            (carrier_id, price.amount, self._get_currency_id(price.currency))
            for carrier_id, price in prices.items()
        ]
        rows = [row for row in rows if row[2]]
        if not rows:
            return 0
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms sms
                   SET price = new.price, price_currency_id = new.currency_id
                  FROM unnest(%s)
                    AS new (carrier_id, price, currency_id)
                 WHERE sms.provider = %s AND sms.carrier_id = new.carrier_id
                   AND (sms.price, sms.price_currency_id)
                       IS DISTINCT FROM (new.price, new.currency_id)
                """,
                as_arrays(rows, "varchar", "numeric", "int4"),
                provider,
            )
        )
        self.invalidate_model(["price", "price_currency_id"], flush=False)
        return self.env.cr.rowcount

    @api.model
    @ormcache("code")
    def _get_currency_id(self, code):
        """Return the id of a currency (ISO 4217), in use or not; False if unknown."""
        currencies_sudo = self.env["res.currency"].sudo()
        all_sudo = currencies_sudo.with_context(active_test=False)
        return all_sudo.search([("name", "=", code.upper())], limit=1).id
