# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers.faults import NO_ANSWER
from ..tools import dispatch
from .sms_dispatcher import Account, Call
from .sms_sms import UNKNOWN_STATE
from .sms_sms_outcomes import REPORT_OVERDUE

_logger = logging.getLogger(__name__)

#: A carrier's clock may differ from ours by so much, and it may take so long to note a
#: message that it was handed.
TOLERANCE = timedelta(minutes=5)
#: Lookups that are given a place among the posts at once.
BATCH_SIZE = 16
#: How often the carrier is asked for a report, ever more seldom.
MAX_FETCHES = 4


class SmsDispatcher(models.AbstractModel):
    """What the carrier must be asked about: unknown outcomes, overdue reports.

    An unknown outcome is never posted again blindly. It is looked up until the carrier
    shows the message, or has said often enough that it has none.
    """

    _inherit = "sms.dispatcher"

    @api.model
    def _claim_lookups(self, room, full=()):
        """Take the messages that the carrier shall be asked about now.

        :param int room: how many calls can be made
        :param full: each :class:`Account` that has enough to do
        :return: as for :meth:`_claim`
        """
        self._end_unaskable()
        messages = self._lock_lookups(min(room, BATCH_SIZE), full)
        # Not again before this: another worker, or this one after a crash.
        messages.write({"lookup_at": fields.Datetime.now() + TOLERANCE})
        calls = (self._prepare_safely(sms) for sms in messages)
        return [call for call in calls if call]

    @api.model
    def _prepare_safely(self, sms):
        """Return the call that asks about a message; None if that cannot be made.

        Then it is asked about later, and what is behind it has its turn now.
        """
        try:
            return self._prepare_lookup(sms)
        except DatabaseError:  # the run's to decide
            raise
        except Exception:
            _logger.exception("Text message %s cannot be looked up", sms.id)
            return None

    @api.model
    def _prepare_lookup(self, sms):
        """Return the call that asks the carrier about a message, or None."""
        company = sms._get_sms_company()
        if company._has_locked_sms_account(sms.provider):
            return None
        provider = company._get_sms_provider(sms.provider)
        kind = "fetch" if sms.carrier_id else "find"
        if kind == "fetch":
            call = partial(provider.fetch, sms.carrier_id)
        else:
            since, until = sms.claimed_at - TOLERANCE, fields.Datetime.now()
            message = sms._to_outbound(sms.sender_id)
            call = partial(provider.find, message, since, until + TOLERANCE)
        key = Call(kind, sms.id, sms.attempts)
        return Account(company.id, sms.provider), key, call, 0

    @api.model
    def _get_lookup_source(self):
        """Return which messages a carrier can be asked about: ``FROM … WHERE …``.

        Not those of a carrier or an account that is none of the company's now, nor
        those whose person was erased: what is never asked must never be due either, or
        the outbox would wake for it without end.

        :rtype: SQL
        """
        return SQL(
            """
                  FROM sms_sms sms
                  JOIN res_company company ON company.id = sms.record_company_id
                   AND sms.provider IN (company.sms_provider,
                                        company.sms_backup_provider)
                 WHERE sms.lookup_at IS NOT NULL
                   AND sms.state IN ('unknown', 'pending')
                   AND sms.erased_at IS NULL
                   AND (sms.provider <> 'twilio'
                        OR company.sms_twilio_account_since IS NULL
                        OR sms.claimed_at >= company.sms_twilio_account_since)
            """
        )

    @api.model
    def _lock_lookups(self, limit, full):
        """Return the messages whose lookup is due, locked; none of some accounts."""
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.id %s AND sms.lookup_at <= %s
                   AND (company.id, sms.provider) NOT IN (
                       SELECT * FROM unnest(%s::int[], %s::varchar[])
                   )
              ORDER BY sms.lookup_at
                 LIMIT %s
                   FOR UPDATE OF sms SKIP LOCKED
                """,
                self._get_lookup_source(),
                fields.Datetime.now(),
                [account.company_id for account in full],
                [account.provider for account in full],
                limit,
            )
        )
        return self.env["sms.sms"].browse(row[0] for row in rows)

    @api.model
    def _settle_lookups(self, ends):
        """Write down what the carrier answered.

        :param ends: triples of a kind, a message id and the answer: for ``find`` a list
            of ``Found``, for ``fetch`` a ``DeliveryReport``; None if it could not be
            asked
        """
        for kind, sms_id, answer in ends:
            sms = self.env["sms.sms"].browse(sms_id)
            if kind == "fetch" and sms.state == "pending":
                self._settle_fetched(sms, answer)
            elif kind == "find" and sms.state == UNKNOWN_STATE:
                self._settle_found(sms, answer)

    @api.model
    def _settle_fetched(self, sms, report):
        """Note what has become of a message whose report was overdue."""
        if report is not None:
            sms._take_report(report)
        if sms.state == "pending":
            sms.lookups += 1
            pause = REPORT_OVERDUE * 4**sms.lookups
            is_over = sms.lookups >= MAX_FETCHES
            sms.lookup_at = not is_over and fields.Datetime.now() + pause

    @api.model
    def _settle_found(self, sms, found):
        """Note whether the carrier has a message whose outcome was unknown."""
        company = sms.record_company_id
        policy = self.env["sms.fault"]._get_policy(NO_ANSWER, company)
        now = fields.Datetime.now()
        if self._has_twin_on_its_way(sms):
            pause = dispatch.pause_after(policy, 1, 0)
            sms.lookup_at = now + timedelta(seconds=pause)
            return
        for one in self._pick_free(sms.provider, found or ()):
            sms._note_found(one)
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

    @api.model
    def _end_unaskable(self):
        """End what nobody can be asked about, once it would have been given up anyhow.

        Its carrier or account is none of the company's now, or its person was erased.
        Nobody could send it again or call it off else, and the watch would never be
        content.
        """
        policy = self.env["sms.fault"]._get_policy(NO_ANSWER)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_sms stuck
                 WHERE state = 'unknown' AND lookup_at < %s
                   AND NOT EXISTS (SELECT 1 %s AND sms.id = stuck.id)
                 LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                fields.Datetime.now() - timedelta(seconds=policy.deadline),
                self._get_lookup_source(),
                BATCH_SIZE,
            )
        )
        ended = self.env["sms.sms"].browse(row[0] for row in rows)
        for sms in ended:
            sms._fail(policy)
        ended._update_trackers()

    @api.model
    def _has_twin_on_its_way(self, sms):
        """Tell if the same words are being posted to the same number just now.

        What the carrier shows may then be that message, whose answer is outstanding.
        """
        return bool(
            self.env["sms.sms"].search_count(
                [
                    ("record_company_id", "=", sms.record_company_id.id),
                    ("number", "=", sms.number),
                    ("body", "=", sms.body),
                    ("state", "=", "process"),
                ],
                limit=1,
            )
        )

    @api.model
    def _pick_free(self, provider, found):
        """Return those of the carrier's messages that are none of our other rows'.

        :param str provider: code of the adapter
        :param found: list of ``Found``
        """
        ids = [one.report.carrier_id for one in found]
        if not ids:
            return []
        taken = self.env["sms.sms"].search(
            [("provider", "=", provider), ("carrier_id", "in", ids)]
        )
        taken_ids = set(taken.mapped("carrier_id"))
        return [one for one in found if one.report.carrier_id not in taken_ids]
