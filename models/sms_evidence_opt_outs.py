# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models

from ..tools import consent, evidence


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
        confirmations = self.env["sms.consent.story"]._read_confirmations(
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
