# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers.faults import NO_ANSWER
from ...tools import dispatch
from ..core.batch_jobs import contain
from ..core.bulk_insert import as_arrays
from ..message.sms_sms import UNKNOWN_STATE
from .sms_dispatcher import Account, Call

_logger = logging.getLogger(__name__)
#: Allowance for the difference of a carrier's clock from ours, and for the time until
#: the carrier lists a message that it was handed.
TOLERANCE = timedelta(minutes=5)
#: Lookups that are claimed at once, in between posts.
BATCH_SIZE = 16
#: Fetches of an overdue report, at ever longer intervals.
MAX_FETCHES = 4
#: Condition: the carrier of ``sms`` can be asked about it. It is still one of the
#: ``company``, with the same account, and the person was not erased.
IS_ASKABLE = SQL(
    """
    (sms.provider IN (company.sms_provider, company.sms_backup_provider)
     AND sms.erased_at IS NULL
     AND (sms.claimed_at < CASE sms.provider
              WHEN 'twilio' THEN company.sms_twilio_account_since
              WHEN 'telnyx' THEN company.sms_telnyx_account_since
          END) IS NOT TRUE)
    """
)


class SmsDispatcher(models.AbstractModel):
    """Asks carriers about unknown outcomes and overdue reports.

    A message with an unknown outcome is never posted again blindly. It is looked up
    until the carrier shows it, or has said often enough that it does not have it.
    """

    _inherit = "sms.dispatcher"

    def _claim_lookups(self, room, full=()):
        """Claim the messages that carriers are to be asked about now.

        :param full: each :class:`Account` that has no room for more calls
        """
        self._end_unaskable()
        messages = self._lock_lookups(min(room, BATCH_SIZE), full)
        # Nobody asks again before then: no other worker, nor this one after a crash.
        self._write_plainly(messages, lookup_at=fields.Datetime.now() + TOLERANCE)
        # One that fails is asked about later, and does not hold up those behind it.
        failure, prepare = "%s: cannot be looked up", self._prepare_lookup
        calls = (
            contain(self.env, partial(prepare, sms), _logger, failure, sms)
            for sms in messages
        )
        return list(filter(None, calls))

    def _prepare_lookup(self, sms):
        """Return the call that asks about a message; None if that cannot be made."""
        company = sms._get_sms_company()
        if company._find_sms_account_lock(sms.provider):
            return None
        provider = company._get_sms_provider(sms.provider)
        kind = "fetch" if sms.carrier_id else "find"
        ask = sms._get_adapter_method(provider, kind)
        if kind == "fetch":
            call = partial(ask, sms.carrier_id)
        else:
            since, until = sms.claimed_at - TOLERANCE, fields.Datetime.now() + TOLERANCE
            call = partial(ask, sms._to_outbound(sms.sender_id), since, until)
        key = Call(kind, sms.id, sms.attempts)
        return Account(company.id, sms.provider), key, call, 0

    def _get_lookup_source(self):
        """Return the query for messages to look up at a carrier: ``FROM … WHERE …``.

        Not those of a carrier or account that the company no longer has, nor those of
        an erased person: a lookup that is never made must never be due either, or the
        outbox would wake for it forever.
        """
        query = """
              FROM sms_sms sms
              JOIN res_company company ON company.id = sms.record_company_id
             WHERE sms.lookup_at IS NOT NULL AND sms.state IN ('unknown', 'pending')
               AND %s
        """
        return SQL(query, IS_ASKABLE)

    def _lock_lookups(self, limit, full):
        """Lock and return the messages whose lookup is due, without full accounts'."""
        query = """
            SELECT sms.id %s AND sms.lookup_at <= %s
               AND (company.id, sms.provider) NOT IN (SELECT * FROM unnest(%s))
          ORDER BY sms.lookup_at LIMIT %s FOR UPDATE OF sms SKIP LOCKED
        """
        source, now = self._get_lookup_source(), fields.Datetime.now()
        accounts = as_arrays(full, "int4", "varchar")
        return self.env["sms.sms"]._select(SQL(query, source, now, accounts, limit))

    def _record_lookups(self, ends):
        """Record carriers' answers to lookups.

        :param ends: triples of a kind, a message id and the answer: for ``find`` a list
            of ``Found``, for ``fetch`` a ``DeliveryReport``; None if it could not be
            asked
        """
        for kind, sms_id, answer in ends:
            sms = self.env["sms.sms"].browse(sms_id)
            if kind == "fetch" and sms.state == "pending":
                self._record_fetch(sms, answer)
            elif kind == "find" and sms.state == UNKNOWN_STATE:
                self._record_find(sms, answer)

    def _record_fetch(self, sms, report):
        """Record an overdue report; plan the next fetch if it is still on its way."""
        if report is not None:
            sms._record_report(report)
        if sms.state == "pending":
            sms.lookups += 1
            pause = sms._get_report_pause() * 4**sms.lookups
            is_over = sms.lookups >= MAX_FETCHES
            sms.lookup_at = not is_over and fields.Datetime.now() + pause

    def _record_find(self, sms, found):
        """Record whether the carrier has a message whose outcome was unknown."""
        policy = self.env["sms.fault"]._get_policy(NO_ANSWER, sms.record_company_id)
        now = fields.Datetime.now()
        if self._is_same_text_in_flight(sms):
            pause = dispatch.pause_after(policy, 1, 0)
            sms.lookup_at = now + timedelta(seconds=pause)
            return
        if free := self._exclude_known(sms, found or ()):
            sms._record_found(free[0])
            return
        if found is not None:
            sms.lookups += 1
        is_over = found is not None and sms.lookups >= policy.max_attempts
        if is_over and policy.action == dispatch.AGAIN:
            sms._try_again(timedelta())
        elif is_over or now - sms.tried_at > timedelta(seconds=policy.deadline):
            sms._fail(policy)
        else:
            pause = dispatch.pause_after(policy, sms.lookups + 1, 0)
            sms.lookup_at = now + timedelta(seconds=pause)

    def _end_unaskable(self):
        """Fail unknown messages that cannot be looked up, after their deadline.

        The company no longer has their carrier or account, or their person was erased.
        Otherwise nobody could resend or cancel them, and the watch would report them
        forever.
        """
        policy = self.env["sms.fault"]._get_policy(NO_ANSWER)
        query = """
            SELECT id FROM sms_sms stuck
             WHERE state = 'unknown' AND lookup_at < %s
               AND NOT EXISTS (SELECT 1 %s AND sms.id = stuck.id)
             LIMIT %s FOR UPDATE SKIP LOCKED
        """
        before = fields.Datetime.now() - timedelta(seconds=policy.deadline)
        query = SQL(query, before, self._get_lookup_source(), BATCH_SIZE)
        ended = self.env["sms.sms"]._select(query)
        failed = self._contain_each(ended, partial(self._fail_all, policy))
        self._write_plainly(failed, state="error", lookup_at=None)

    def _fail_all(self, policy, messages):
        """End messages by the rule for their fault."""
        for sms in messages:
            sms._fail(policy)
        messages._update_trackers()

    def _is_same_text_in_flight(self, sms):
        """Return whether the same words are being posted to the same number now.

        The message that the carrier shows may then be that one, whose answer is
        outstanding. For calls the carrier shows no words, so any call counts.
        """
        names = ("number", "is_call") if sms.is_call else ("number", "is_call", "body")
        domain = [(name, "=", sms[name]) for name in names]
        domain += [("record_company_id", "=", sms.record_company_id.id)]
        domain += [("state", "=", "process")]
        return bool(self.env["sms.sms"].search_count(domain, limit=1))

    def _exclude_known(self, sms, found):
        """Return the carrier's messages that may be the last attempt at this one.

        Not those of other rows of ours, nor those that were reported as this one's
        before the attempt began.

        :param found: list of ``Found``
        """
        if not found:
            return []
        is_listed = Domain("carrier_id", "in", [one.report.carrier_id for one in found])
        theirs = is_listed & Domain("provider", "=", sms.provider)
        known = self.env["sms.sms"].search(theirs)
        former = is_listed & Domain("sms_id", "=", sms.id)
        former &= Domain("received_at", "<", sms.claimed_at)
        earlier = self.env["sms.report"].search(former)
        known_ids = {*known.mapped("carrier_id"), *earlier.mapped("carrier_id")}
        return [one for one in found if one.report.carrier_id not in known_ids]
