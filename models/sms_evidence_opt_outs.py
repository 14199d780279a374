# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..tools import consent, evidence

#: Texts are answered in the same transaction; what is further apart is no answer.
CONFIRMATION_WINDOW = "1 minute"


class SmsEvidence(models.AbstractModel):
    """Opt-outs, and how long it took until each was confirmed."""

    _inherit = "sms.evidence"

    @api.model
    def _read_opt_outs(self, events):
        """Return the opt-outs among some events, and when each was confirmed.

        What was said at once about several purposes is one opt-out.
        """
        revoked = defaultdict(list)
        for event in events:
            if event["content"]["event"] == consent.REVOKED:
                revoked[event["evidence_id"]].append(event)
        confirmations = self._read_confirmations(
            [
                event["content"]["event_id"]
                for group in revoked.values()
                for event in group
            ]
        )
        return [
            self._make_opt_out(group, confirmations.get(evidence_id))
            for evidence_id, group in revoked.items()
        ]

    @api.model
    def _make_opt_out(self, events, confirmation):
        """Return one opt-out: what it ended, and how long its confirmation took."""
        content = events[0]["content"]
        message_id, sent_at = confirmation or (None, None)
        said_at = evidence.parse_time(content["happened_at"])
        return {
            "event_ids": [event["content"]["event_id"] for event in events],
            "number": (events[0]["evidence"] or {}).get("number"),
            "purposes": [
                event["content"]["purpose"]
                for event in events
                if event["content"]["purpose"]
            ],
            "method": content["method"],
            "said_at": content["happened_at"],
            "recorded_at": content["recorded_at"],
            "message_id": message_id,
            "confirmed_at": evidence.plain(sent_at),
            "seconds": max(0, int((sent_at - said_at).total_seconds()))
            if sent_at
            else None,
        }

    @api.model
    def _read_confirmations(self, event_ids):
        """Return the text that confirmed each opt-out.

        Each text confirms one: that which was recorded when it was made. A second STOP
        is recorded and not answered.

        :param list event_ids: those that are no opt-outs are left out
        :return: ``{evidence id: (message id, when it was handed over, or None)}``
        """
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (sms.id) event.evidence_id, sms.id, sms.sent_at
                  FROM sms_consent_event event
             LEFT JOIN sms_consent answer ON answer.company_id = event.company_id
                   AND answer.number_hash = event.number_hash
                  JOIN sms_sms sms ON sms.record_company_id = event.company_id
                   AND sms.exemption = 'opt_out_confirmation'
                   AND (sms.consent_event_id = event.id
                        OR sms.number = answer.number
                       AND sms.create_date BETWEEN event.recorded_at - %s::interval
                                               AND event.recorded_at + %s::interval)
                 WHERE event.id = ANY(%s) AND event.event = %s
              ORDER BY sms.id,
                       abs(extract(epoch FROM sms.create_date - event.recorded_at)),
                       event.id
                """,
                CONFIRMATION_WINDOW,
                CONFIRMATION_WINDOW,
                list(event_ids),
                consent.REVOKED,
            )
        )
        return {row[0]: row[1:] for row in reversed(rows)}
