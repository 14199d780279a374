# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers.faults import COUNTRY, NO_CONNECTION
from .sms_dispatcher_settle import LEASE

#: A queue that waits and of which nothing left for so long stands still.
STANDSTILL = timedelta(minutes=15)
#: An outcome that the carrier could not be asked about for so long needs a person.
UNKNOWN_TOO_LONG = timedelta(hours=1)

#: What :data:`COUNT_OPEN` counts, in its order.
OPEN_FACTS = (
    *("waiting", "held", "oldest_seconds", "stuck_sending"),
    *("unknown", "unknown_too_long", "not_connected"),
)
#: Counts a company's messages that have no outcome yet.
COUNT_OPEN = """
    SELECT count(*) FILTER (WHERE %(due)s),
           count(*) FILTER (WHERE state = 'outgoing' AND NOT %(due)s),
           EXTRACT(EPOCH FROM %(now)s - min(not_before)
                   FILTER (WHERE %(due)s))::int,
           count(*) FILTER (WHERE state = 'process'
                              AND claimed_at < %(lease)s),
           count(*) FILTER (WHERE state = 'unknown'),
           count(*) FILTER (WHERE state = 'unknown'
                              AND claimed_at < %(unknown)s),
           count(*) FILTER (WHERE state = 'outgoing'
                              AND fault_id = ANY(%(no_connection)s)
                              AND tried_at < %(lately)s)
      FROM sms_sms
     WHERE record_company_id = %(company)s AND erased_at IS NULL
       AND state IN ('outgoing', 'process', 'unknown')
"""


class SmsOutboxWatch(models.AbstractModel):
    """How a company's outbox is, in numbers: without a word about any person."""

    _inherit = "sms.outbox.watch"

    @api.model
    def _get_facts(self, company):
        """Return how a company's outbox is. Extended.

        :return: a dict of numbers; seconds where a name says so
        """
        now = fields.Datetime.now()
        self.env["sms.sms"].flush_model()
        return {
            **self._get_open_facts(company, now),
            **self._get_recent_facts(company, now),
            **self._get_refusal_facts(company),
            "standing_still": self._count_standing_still(company, now),
            "stopped_senders": self.env["sms.sender"].search_count(
                [("company_id", "=", company.id), ("stop_count", ">", 0)]
            ),
            "is_cron_active": self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
            .sudo()
            .active,
        }

    @api.model
    def _get_open_facts(self, company, now):
        """Return how many messages have no outcome yet, and since when."""
        [row] = self.env.execute_query(
            SQL(
                COUNT_OPEN,
                due=SQL("(state = 'outgoing' AND not_before <= %s)", now),
                now=now,
                lease=now - 2 * LEASE,
                unknown=now - UNKNOWN_TOO_LONG,
                no_connection=self.env["sms.fault"]._get_ids(NO_CONNECTION),
                lately=now - STANDSTILL,
                company=company.id,
            )
        )
        return dict(zip(OPEN_FACTS, row, strict=True))

    @api.model
    def _get_recent_facts(self, company, now):
        """Return what became of the last hour's messages."""
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE state IN ('pending', 'sent', 'error')),
                       count(*) FILTER (WHERE state = 'error'),
                       count(*) FILTER (WHERE state = 'error'
                                          AND fault_id = ANY(%(country)s))
                  FROM sms_sms
                 WHERE record_company_id = %(company)s AND claimed_at > %(since)s
                """,
                country=self.env["sms.fault"]._get_ids(COUNTRY),
                company=company.id,
                since=now - timedelta(hours=1),
            )
        )
        return dict(zip(("ended", "failed", "country_refused"), row, strict=True))

    @api.model
    def _count_standing_still(self, company, now):
        """Return how many messages wait for senders that stand still.

        Each sender for itself: another one's texts leave whatever holds up this one.
        Of those that have stopped the administrators know.
        """
        [[count]] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(sum(queue.size), 0)::int
                  FROM (SELECT sender_id, count(*) AS size, min(not_before) AS oldest
                          FROM sms_sms
                         WHERE record_company_id = %(company)s AND erased_at IS NULL
                           AND state = 'outgoing' AND not_before <= %(now)s
                      GROUP BY sender_id) queue
             LEFT JOIN sms_sender sender ON sender.id = queue.sender_id
                 WHERE queue.oldest < %(lately)s
                   AND COALESCE(sender.stop_count, 0) = 0
                   AND NOT EXISTS (
                           SELECT 1 FROM sms_sms left_lately
                            WHERE left_lately.sender_id = queue.sender_id
                              AND left_lately.sent_at > %(lately)s
                              AND left_lately.claimed_at > %(recently)s
                       )
                """,
                company=company.id,
                now=now,
                lately=now - STANDSTILL,
                # What left lately was not claimed long before; for the index.
                recently=now - 2 * STANDSTILL,
            )
        )
        return count
