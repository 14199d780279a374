# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ...providers import faults
from ...tools.exposition import Metric
from .sms_counter import DELIVERED, FAILED, SENT

#: How the names of all metrics begin.
METRIC_PREFIX = "helpdesk_sms_"


class SmsOutboxWatch(models.AbstractModel):
    """Exposes the watch's figures to Prometheus."""

    _inherit = "sms.outbox.watch"

    @api.model
    def _get_facts(self, company):
        """Add the counters, which never decrease."""
        counts = self.env["sms.counter"].sudo()._read(company)
        return {
            **super()._get_facts(company),
            "sent_total": counts.get((SENT, None), 0),
            "delivered_total": counts.get((DELIVERED, None), 0),
            "failed_total": {
                fault: counts.get((FAILED, fault), 0)
                for fault, _name in faults.SELECTION
            },
        }

    @api.model
    def _make_metrics(self, health):
        """Return the outboxes' health as :class:`Metric`, without personal data.

        :param dict health: as :meth:`_get_health` returns it
        """
        outboxes, words = health["outboxes"], self._get_metric_words()
        metrics = [
            Metric(METRIC_PREFIX + fact, text, self._sample(fact, outboxes))
            for fact, text in words.items()
        ]
        troubles = [
            ({"company": it["company"], "trouble": key}, int(key in it["troubles"]))
            for it in outboxes
            for key in self._find_troubles(it)
        ]
        text = "1 while this trouble lasts, as in the JSON form of this page."
        return [Metric(f"{METRIC_PREFIX}trouble", text, troubles), *metrics]

    @api.model
    def _sample(self, fact, outboxes):
        """Return the samples of a fact: one per company, or per company and reason.

        A fact without a value is 0: a missing series cannot be monitored.
        """
        samples = []
        for outbox in outboxes:
            labels, value = {"company": outbox["company"]}, outbox[fact]
            if isinstance(value, list):
                samples.append((labels, len(value)))
            elif isinstance(value, dict):
                samples += [({**labels, "reason": it}, value[it]) for it in value]
            else:
                samples.append((labels, int(value or 0)))
        return samples

    @api.model
    def _get_metric_words(self):
        """Return the facts that are exposed, with their help texts. Rooms add to it.

        Only numbers, in base units; names of counters end in ``_total``.

        :return: ``{name of a fact: its help}``
        """
        return {
            "waiting": "Texts that are due and wait to be sent.",
            "oldest_seconds": "For how long the oldest of them has been due.",
            "held": "Texts that wait for their hour.",
            "unknown": "Texts of which the carrier is asked whether it has them.",
            "standing_still": "Due texts whose sender has sent nothing for 15 minutes.",
            "stuck_sending": "Texts that a crash has left behind.",
            "stopped_senders": "Senders that the carrier refuses.",
            "waiting_events": "Received texts and reports that are not processed yet.",
            "oldest_event_seconds": "For how long the oldest of them has waited.",
            "failed_events": "Received texts and reports that cannot be processed.",
            "refused_requests": "Requests to the carrier's address that were refused "
            "since the last good one.",
            "is_cron_active": "1 if the outbox's scheduled action is switched on.",
            "broken_jobs": "Scheduled actions that are switched off or keep failing.",
            "late_jobs": "Scheduled actions that are due for 15 minutes.",
            "ledger_checked_timestamp_seconds": "When the ledger was last verified.",
            "ledger_broken": "1 if that found something.",
            "sent_total": "Texts and calls that a carrier has taken, each time.",
            "delivered_total": "Texts and calls that it reports as delivered.",
            "failed_total": "Texts and calls that were given up, by reason.",
        }
