# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers import PROVIDERS, faults, outbound
from ...providers.outbound import QUEUED, REPORT_RANKS, OutboundMessage
from ...tools import dispatch, links
from ...tools.dispatch import NEEDED
from ...tools.texts import clean
from ..core.batch_jobs import contain
from ..core.bulk_insert import as_arrays, create_many
from ..core.trail import LINE_IDS, trace
from ..message.sms_sms import IN_FLIGHT, LEFT, RECORDED, UNKNOWN_STATE
from .sms_counter import DELIVERED, FAILED, SENT

_logger = logging.getLogger(__name__)
#: Fields of one attempt and its outcome: a new attempt starts with them empty, and a
#: late report on the old one finds nothing to change.
ATTEMPT_FIELDS = (
    *("provider", "carrier_id", "carrier_code", "carrier_detail", "report_rank"),
    *("attempts", "claimed_at", "sent_at", "tried_at", "fault_id"),
    *("lookup_at", "lookups", "refused_by", "replaced_by_id", "cancelled_by_id"),
    *("call_ended_at", "carrier_key"),
)
#: State of the row by what its carrier reports (``providers.outbound.REPORT_RANKS``).
REPORT_STATES = {
    "queued": "pending",
    "sent": "pending",
    "canceled": "canceled",
    "undelivered": "error",
    "delivered": "sent",
    "read": "sent",
}
#: A delivery report is overdue after this; then the carrier is asked.
REPORT_OVERDUE = timedelta(hours=1)
#: That of a call sooner: a phone rings for less than half a minute, and somebody else
#: may have to be called.
CALL_OVERDUE = timedelta(minutes=2)
#: The adapter's methods for calls, by those for texts.
CALL_METHODS = {"send": "place_call", "find": "find_call", "fetch": "fetch_call"}
#: Stores carriers' answers, unless a report was faster.
NOTE_ACCEPTED = """
    UPDATE sms_sms sms
       SET sent_at = CASE WHEN sms.report_rank > 0 THEN sms.sent_at ELSE %s END,
           carrier_id = COALESCE(sms.carrier_id, new.carrier_id),
           state = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                        THEN new.state ELSE sms.state END,
           lookup_at = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                            THEN new.lookup_at ELSE sms.lookup_at END,
           lookups = 0,
           fault_id = CASE WHEN COALESCE(sms.report_rank, 0) >= new.rank
                           THEN sms.fault_id END,
           delivered_at = CASE WHEN new.state = 'sent' AND sms.delivered_at IS NULL
                               THEN %s ELSE sms.delivered_at END,
           report_rank = GREATEST(sms.report_rank, new.rank)
      FROM unnest(%s) AS new (id, carrier_id, rank, state, lookup_at)
     WHERE sms.id = new.id
"""
#: The column types of its ``new``.
ACCEPTED_KINDS = ("int4", "varchar", "int4", "varchar", "timestamp")
#: Attempts that meet a temporary fault at one carrier before the other one is tried.
TRIES = 2


class SmsSms(models.Model):
    """A message's way through the outbox: claimed, then accepted or refused.

    Odoo's own sending loop is kept behind the gate and off the outbox's rows.
    """

    _inherit = "sms.sms"

    refused_by = fields.Char(
        **RECORDED,
        help="The carrier that refused it, so that the other one was used.",
    )
    carrier_key = fields.Char(
        **RECORDED,
        help="By which the carrier recognizes a repeated post of the message. It stays "
        "the same until the carrier has the message, or has certainly refused it.",
    )

    @api.model
    def _select(self, query):
        """Return the messages whose ids are the first column of a query (``SQL``)."""
        self.flush_model()
        return self.browse(row[0] for row in self.env.execute_query(query))

    @api.model
    def _wake_outbox(self, at=None):
        self.env["sms.dispatcher"]._wake(at)
        return super()._wake_outbox(at)

    def send(self, *args, **kwargs):
        """Leave the outbox's messages to the outbox; send the others as Odoo does."""
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        return super(SmsSms, self - outbox).send(*args, **kwargs)

    def resend_failed(self):
        """Send the outbox's failed messages again, by the rules for users' resends.

        The others are sent as Odoo does.
        """
        failed = self._filter_outbox().filtered(lambda sms: sms.state == "error")
        others = self - self._filter_outbox()
        told = super(SmsSms, others).resend_failed() if others or not failed else {}
        if not failed:
            return told
        failed.check_access("write")
        sent_sudo, errors = failed._send_again()
        return sent_sudo._get_outcome_notice(errors)

    def _send(self, *args, **kwargs):
        """Keep blocked messages and those of the outbox from Odoo's sending loop.

        In a copy of the database all messages wait.
        """
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        allowed = (self - outbox)._ask_gate()
        if not allowed or self.env["sms.database"]._is_copy():
            return None
        # A carrier that refused one for now does not have it.
        tried = allowed.filtered("provider")
        tried.write(dict.fromkeys(ATTEMPT_FIELDS))
        return super(SmsSms, allowed)._send(*args, **kwargs)

    def _split_by_api(self):
        """Send masked links by their company's API class, which reveals them."""
        masked = self.filtered(lambda sms: links.MASK in (sms.body or ""))
        if others := self - masked:
            yield from super(SmsSms, others)._split_by_api()
        by_company = masked.grouped(lambda sms: sms._get_sms_company())
        for company, messages in by_company.items():
            sms_api = company._get_sms_api_class()(self.with_company(company).env)
            sms_api._set_company(company)
            yield sms_api, messages

    @api.model
    def _process_queue(self):
        """Send the messages of Odoo's own loop, one company at a time.

        Odoo's method fails on a batch of two companies, and would find the outbox's
        rows again and again, since it may not send them. What one company has sent is
        committed: another's failure must not send it again.
        """
        if self.env["sms.database"]._is_copy():
            _logger.warning("Texts wait, since this database is a copy")
            return
        domain = Domain("state", "=", "outgoing") & Domain("to_delete", "!=", True)
        domain &= Domain("record_company_id.sms_provider", "not in", list(PROVIDERS))
        domain &= self._get_due_domain()
        cron, size = self.env["ir.cron"], self._get_send_batch_size()
        # Each once: what fails is left to the next run, as the carrier may have it.
        behind = domain
        while found := self.search(behind, limit=size, order="id"):
            behind = domain & Domain("id", ">", found[-1].id)
            by_company = found.grouped(lambda sms: sms._get_sms_company())
            for company, messages in by_company.items():
                batch = messages.try_lock_for_update().filtered_domain(domain)
                send, failure = batch.with_company(company)._send, "%s: not sent"
                contain(self.env, send, _logger, failure, batch[:LINE_IDS])
                cron._commit_progress(len(batch))
            if not cron._commit_progress(remaining=self.search_count(behind)):
                return

    @api.autovacuum
    def _gc_device(self):
        """Keep the outbox's rows from Odoo's daily clean-up: they are records.

        ``sms_twilio``'s own route marks rows for deletion that the outbox has sent.
        """
        self.env.cr.execute(
            "UPDATE sms_sms SET to_delete = FALSE "
            "WHERE to_delete AND provider IS NOT NULL"
        )
        return super()._gc_device()

    def _update_sms_state_and_trackers(self, new_state, failure_type=None):
        """Send a message again only if the gate allows it.

        A message that was blocked on creation has no tracker; it gets one, so that its
        notification in the chatter is updated.
        """
        is_again = new_state == "outgoing"
        if is_again or new_state == "canceled":
            self._check_not_left()
        if is_again:
            self._ensure_trackers()
            retried = self.filtered(lambda sms: sms.state in ("error", "canceled"))
            now = fields.Datetime.now()
            retried.write({**dict.fromkeys(ATTEMPT_FIELDS), "not_before": now})
        result = super()._update_sms_state_and_trackers(new_state, failure_type)
        trace(self, "%s: set to %s", "state")
        if is_again:
            self._ask_gate()._filter_outbox()._wake_dispatcher()
        # Not in Odoo's own loop, which is to read no more than without this addon.
        if is_again or new_state == "canceled":
            self._notify_changed()
        return result

    def _ensure_trackers(self):
        """Link messages to their notification where Odoo did not."""
        orphans = self.filtered(lambda sms: not sms.sms_tracker_id)
        uuids = {sms.id: sms.uuid for sms in orphans}
        notifications_sudo = self.env["mail.notification"].sudo()
        found_sudo = notifications_sudo.search([("sms_id_int", "in", [*uuids])])
        vals_list = [
            {"sms_uuid": uuids[it.sms_id_int], "mail_notification_id": it.id}
            for it in found_sudo
        ]
        if vals_list:
            create_many(self.env["sms.tracker"].sudo(), vals_list)
        self.invalidate_recordset(["sms_tracker_id"])

    # === Posts and their answers ===

    # Every method expects its rows locked, and leaves the chatter to the caller, who
    # updates it once per batch (:meth:`_update_trackers`).

    def _to_outbound(self, sender, body=None):
        """Return what the adapter needs to send this message from a sender.

        :param str body: with links revealed, if that was done for many at once
        """
        self.ensure_one()
        provider = sender.provider or self.provider
        company = self._get_sms_company()
        callback = ""
        if not self.is_report_fetched:
            callback = company._get_sms_url(f"status/{self.uuid}", provider)
        return OutboundMessage(
            self.uuid,
            self.number,
            self._get_revealed_bodies()[self.id] if body is None else body,
            callback,
            sender.address,
            key=self.carrier_key or "",
            media=self._get_media_urls(),
            answer_url=self._get_answer_url(company, provider),
        )

    def _get_revealed_bodies(self):
        """Return the bodies as recipients get them, by id: with their personal links.

        For the outbox, and for the virtual phone; nobody else may see these links.
        """
        bodies = {sms.id: sms.body or "" for sms in self}
        masked = self.filtered(lambda sms: links.is_masked(sms.body))
        if not masked:
            return bodies
        pairs = {sms.id: (sms._get_sms_company(), sms.number) for sms in masked}
        urls = self._get_preference_urls(pairs.values())
        for sms in masked:
            if url := urls.get(pairs[sms.id]):
                bodies[sms.id] = links.reveal_key(sms.body, url)
        return bodies

    @api.model
    def _get_preference_urls(self, pairs):
        """Return the addresses of people's own pages; the room with pages extends this.

        :return: ``{(res.company, number): address}``
        """
        return {}

    @api.model
    def _get_masked_preference_url(self, company):
        """Return the placeholder of such an address in stored texts; extended too."""
        return ""

    def _get_adapter_method(self, provider, kind):
        """Return an adapter's method for a text or a call: send, find or fetch."""
        return getattr(provider, CALL_METHODS[kind] if self.is_call else kind)

    def _get_report_pause(self):
        """Return after how long the carrier is asked for a report that is missing."""
        return CALL_OVERDUE if self.is_call else REPORT_OVERDUE

    def _mark_claimed(self, provider):
        """Mark messages as being sent, before their first byte leaves."""
        query = """
            UPDATE sms_sms
               SET state = 'process', provider = %s, claimed_at = %s,
                   tried_at = COALESCE(tried_at, %s),
                   carrier_key = COALESCE(carrier_key, gen_random_uuid()::text),
                   attempts = COALESCE(attempts, 0) + 1,
                   carrier_id = NULL, carrier_code = NULL, carrier_detail = NULL,
                   fault_id = NULL, failure_type = NULL, report_rank = 0,
                   lookups = 0, lookup_at = NULL, call_ended_at = NULL,
                   is_report_fetched = is_report_fetched AND %s
             WHERE id = ANY(%s)
        """
        now, lists_reports = fields.Datetime.now(), PROVIDERS[provider].lists_reports
        self.flush_recordset()
        self.env.cr.execute(query, [provider, now, now, lists_reports, self.ids])
        self.invalidate_recordset(flush=False)

    def _record_accepted(self, outcomes):
        """Record that the carrier has accepted these messages.

        A delivery report may have come before its answer: then only the id is new.

        :param dict outcomes: ``Outcome`` by message id
        """
        if not self:
            return
        self._reassign_carrier_ids({it.carrier_id for it in outcomes.values()})
        now = fields.Datetime.now()
        rows, states = [], {}
        for sms_id, outcome in outcomes.items():
            # Accepted with a status that we do not know means queued at least; why it
            # has failed already, a report or a lookup tells.
            report = outcome.report
            if REPORT_STATES.get(report) not in LEFT:
                report = QUEUED
            lookup_at = self.browse(sms_id)._get_lookup_time(report, now)
            rank, states[sms_id] = REPORT_RANKS[report], REPORT_STATES[report]
            carrier_id = outcome.carrier_id or None
            rows.append((sms_id, carrier_id, rank, states[sms_id], lookup_at))
        self._count(SENT)
        self._count_delivered(states)
        accepted = as_arrays(rows, *ACCEPTED_KINDS)
        self.env.cr.execute(SQL(NOTE_ACCEPTED, now, now, accepted))
        self.invalidate_recordset(flush=False)
        delivered = self.filtered(lambda sms: sms.state == "sent")
        delivered._start_senders(is_delivered=True)
        (self - delivered)._start_senders()

    def _start_senders(self, is_delivered=False):
        """Start the stopped senders that these texts show to work again.

        Texts that were claimed before the pause had ended show nothing.

        :param bool is_delivered: else they were only accepted, which is not enough for
            a sender that a delivery report has stopped
        """
        senders = self.filtered(lambda sms: sms._is_trial()).sender_id
        if not is_delivered:
            senders = senders.filtered(lambda sender: not sender._needs_report())
        senders._start()

    def _is_trial(self):
        """Return whether it was to show if its stopped sender may send again."""
        sender, claimed_at = self.sender_id, self.claimed_at
        until = sender.stopped_until or claimed_at
        return bool(sender.stop_count and claimed_at and claimed_at >= until)

    def _count(self, name, reason=None):
        """Count the outcome of messages, for a monitor."""
        amounts = Counter(sms.record_company_id for sms in self)
        self.env["sms.counter"]._add(name, amounts, reason)

    def _count_delivered(self, states):
        """Count the messages that are now reported as delivered for the first time.

        :param dict states: their new states by id
        """
        now_sent = self.filtered(lambda sms: states.get(sms.id) == "sent")
        now_sent.filtered(lambda sms: sms.state != "sent")._count(DELIVERED)

    def _get_lookup_time(self, report, now):
        """Return when to ask the carrier if no further report comes; None: never.

        :param str report: the last report, of ``REPORT_STATES``
        """
        if REPORT_STATES[report] != "pending" or self.is_report_fetched:
            return None
        return now + self._get_report_pause()

    def _record_found(self, found):
        """Record that the carrier has a message whose outcome was unknown.

        As a report, so that no later lookup takes it for another attempt.
        """
        self.ensure_one()
        report, self.lookups = found.report, 0
        if report.report not in REPORT_STATES:
            report = replace(report, report=QUEUED)
        self._record_locked_report(report)

    def _reassign_carrier_ids(self, carrier_ids):
        """Clear the carrier's ids on other messages: they belong to these.

        A lookup cannot tell which of two messages with the same words to the same
        number the carrier has. Its answer and its reports can. The other message is
        looked up again.

        :return: the other messages
        """
        if not (wanted := carrier_ids - {False, ""}):
            return self.browse()
        domain = [("carrier_id", "in", wanted), ("id", "not in", self.ids)]
        domain += [("provider", "in", self.mapped("provider"))]
        if others := self.search(domain):
            others.write({"carrier_id": False, "report_rank": 0, "lookups": 0})
            others._mark_unknown()
            self.env.flush_all()
        return others

    # === Faults ===

    # Such messages are retried, looked up, sent through the second carrier, or ended.

    def _record_refused(self, outcome):
        """Record that the carrier refused the message, or its outcome is unknown."""
        # A delivery report or a lookup may have settled it meanwhile.
        if self.report_rank or self.state not in IN_FLIGHT:
            if self.report_rank and outcome.kind == outbound.UNKNOWN:
                self._count(SENT)
            return
        code, detail = clean(outcome.code), clean(outcome.detail)
        self.write({"carrier_code": code, "carrier_detail": detail})
        # A message that a carrier has accepted without an id is looked up as well.
        if outcome.kind in (outbound.UNKNOWN, outbound.ACCEPTED):
            self._mark_unknown()
        else:
            self.failure_type = outcome.failure_type
            is_again = outcome.kind == outbound.AGAIN
            default = faults.NO_CONNECTION if is_again else faults.REFUSED_OTHERWISE
            self._apply_fault(outcome.fault or default, is_taken=False)

    def _mark_unknown(self):
        """Mark messages that the carrier may have: they are looked up, not sent."""
        for company, messages in self.grouped("record_company_id").items():
            policy = self.env["sms.fault"]._get_policy(faults.NO_ANSWER, company)
            pause = timedelta(seconds=dispatch.pause_after(policy, 1, 0))
            values = {"state": UNKNOWN_STATE, "fault_id": policy.id}
            messages.write({**values, "lookup_at": fields.Datetime.now() + pause})

    def _apply_fault(self, fault, is_taken):
        """Apply the manager's rule for a fault (``sms.fault``).

        What was cancelled before, or sent again, is not retried.
        """
        self.ensure_one()
        policy = self.env["sms.fault"]._get_policy(fault, self.record_company_id)
        self.fault_id = policy.id
        if fault == faults.TOO_FAST:
            self.sender_id._slow_down()
        if policy.action == dispatch.SENDER:
            self.sender_id._stop(policy, self.carrier_detail or self.carrier_code)
        is_senders = policy.action == dispatch.SENDER and not is_taken
        if is_senders or is_taken:
            # The carrier would take the next post for a repetition of this one.
            self.carrier_key = False
        if is_senders:
            # The message itself is fine: neither the attempt nor the time until its
            # sender may send again counts against it.
            self.write({"attempts": self.attempts - 1, "tried_at": False})
        if not is_taken and self._use_backup(policy):
            return
        if is_senders:
            self._try_again(timedelta())
            return
        now = fields.Datetime.now()
        since = (now - (self.tried_at or now)).total_seconds()
        pause = dispatch.next_pause(policy, self.attempts, since, random.random())
        if pause is None or self.cancelled_by_id or self.sent_again_id:
            self._fail(policy)
        else:
            self._try_again(timedelta(seconds=pause))

    def _try_again(self, pause):
        """Requeue a message that the carrier certainly does not have.

        The last answer stays on it until the next attempt, so that a late report finds
        the message.
        """
        self.ensure_one()
        values = {"state": "outgoing", "failure_type": False, "lookup_at": False}
        self.write({**values, "not_before": fields.Datetime.now() + pause})

    def _fail(self, policy):
        """End a message, and stop texting its number if the rule says so."""
        self.ensure_one()
        failure_type = self.failure_type or "sms_not_delivered"
        values = {"state": "error", "fault_id": policy.id, "lookup_at": False}
        self.write({**values, "failure_type": failure_type})
        self._count(FAILED, policy.fault)
        self.filtered("is_call")._end_call()
        if policy.fault == faults.OPTED_OUT:
            self._record_carrier_opt_out(self.carrier_code)
        elif policy.number_after:
            self._end_number_after(policy)

    def _use_backup(self, policy):
        """Send a message through the other carrier, if its rule says so.

        Only for messages that their carrier certainly did not accept; one with an
        unknown outcome is looked up where it was posted, and nowhere else.

        :return: whether it was requeued for the other carrier
        """
        self.ensure_one()
        if not (policy.use_backup and self._may_change_carrier(policy)):
            return False
        company = self._get_sms_company()
        others = [it for it in company._get_sms_carriers() if it != self.provider]
        sender = others and self._choose_open_senders(company, others[0])[self.id]
        if not sender:
            return False
        self.write({"sender_id": sender.id, "refused_by": self.provider})
        self._try_again(timedelta())
        return True

    def _may_change_carrier(self, policy):
        """Return whether it is time to try the other carrier.

        After a final fault the other one is tried once, so that a message cannot go
        back and forth; after a temporary one they take turns. An opt-out at one carrier
        is an opt-out from our texts, whichever carrier sends them.
        """
        if policy.fault == faults.OPTED_OUT:
            return False
        if policy.action == dispatch.AGAIN:
            return self.attempts % TRIES == 0
        return not self.refused_by

    def _choose_senders(self, company, code, among=None):
        """Return the sender at a carrier that each of a company's messages would use.

        A text that was written for a two-way sender does not leave by a one-way one:
        its footer says STOP.

        :param among: ids of the senders to choose from, None for all
        :return: ``sms.sender`` by message id, empty where there is none
        """
        senders_sudo = self.env["sms.sender"].sudo()
        chosen = {}
        for is_call, messages in self.grouped("is_call").items():
            sender_ids = company._choose_sms_senders(
                [sms.number for sms in messages],
                [sms.mail_message_id.sudo() for sms in messages],
                code,
                is_call,
                ["" if sms.sender_id.is_one_way else NEEDED for sms in messages],
                among,
            )
            for sms, sender_id in zip(messages, sender_ids, strict=True):
                chosen[sms.id] = senders_sudo.browse(sender_id or ())
        return chosen

    def _choose_open_senders(self, company, code):
        """Return :meth:`_choose_senders` among the senders that may send now."""
        domain = [("company_id", "=", company.id), ("provider", "=", code)]
        senders_sudo = self.env["sms.sender"].sudo().search(domain)
        open_ids = senders_sudo.filtered(lambda it: not it._is_stopped())._ids
        return self._choose_senders(company, code, open_ids)

    def _prepare_again(self, number=None):
        """Keep words that say STOP from a sender that cannot receive one."""
        answer = "" if self.sender_id.is_one_way else NEEDED
        return {**super()._prepare_again(number), "asks_answer": answer}

    def _find_sender_refusal(self):
        company = self._get_sms_company()
        if not (self.sender_id or self.is_call) and company._uses_sms_outbox():
            chosen = self._choose_senders(company, company.sudo().sms_provider)
            if not chosen[self.id]:
                return company._find_sms_sender_refusal(self.number)
        return super()._find_sender_refusal()
