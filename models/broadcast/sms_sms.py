# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import verdicts
from ..message.sms_sms_untold import MEANT
from .sms_broadcast import CANCELLED, PAUSED
from .sms_incident import ENDED

#: Verdict reason by state of the broadcast.
STANDING = {PAUSED: verdicts.PAUSED, CANCELLED: verdicts.CANCELLED}


class SmsSms(models.Model):
    """Holds and cancels messages together with their broadcast or incident."""

    _inherit = "sms.sms"

    broadcast_id = fields.Many2one("sms.broadcast", readonly=True, copy=False)
    incident_id = fields.Many2one("sms.incident", readonly=True, copy=False)
    gate_reason = fields.Selection(
        selection_add=[
            (verdicts.PAUSED, "Its broadcast is paused"),
            (verdicts.CANCELLED, "Its broadcast was cancelled"),
            (verdicts.MUTED, "They want no more texts about this incident (MUTE)"),
        ]
    )

    _broadcast_index = models.Index(
        "(broadcast_id, state) WHERE broadcast_id IS NOT NULL"
    )
    _incident_index = models.Index(
        "(incident_id, number) WHERE incident_id IS NOT NULL"
    )

    @api.depends("incident_id")
    def _compute_gate_label(self):
        result = super()._compute_gate_label()
        overtaken = self.filtered(lambda it: it.gate_reason == verdicts.OVERTAKEN)
        for sms in overtaken.filtered("incident_id"):
            sms.gate_label = sms.incident_id.sudo()._say_overtaken()
        return result

    def _get_held_label(self):
        if self.gate_reason == verdicts.PAUSED:
            return self.env._("Held: its broadcast is paused")
        return super()._get_held_label()

    def _get_gate_standing(self):
        """Add paused and cancelled broadcasts, muted and ended incidents.

        MUTE applies only to broadcasts, not to answers to the person's own texts.
        """
        standing = super()._get_gate_standing()
        told = self.filtered("broadcast_id")
        broadcasts_sudo = told.broadcast_id.sudo()
        broadcasts_sudo._keep_paused()
        muted = self.env["sms.incident.mute"]._get_muted(told.incident_id.sudo())
        overtaken = broadcasts_sudo.filtered(lambda it: it._is_overtaken())
        for sms in told:
            reasons = standing[sms.id]
            if reason := STANDING.get(sms.broadcast_id.sudo().state):
                reasons.add(reason)
            if (sms.incident_id.id, sms.number) in muted:
                reasons.add(verdicts.MUTED)
            if sms.broadcast_id in overtaken:
                reasons.add(verdicts.OVERTAKEN)
        return standing

    def _find_overtaken(self):
        """Add known-issue replies about incidents that have ended since."""
        ended = self.incident_id.sudo().filtered(lambda it: it.state in ENDED)
        answers = self.filtered(lambda sms: not sms.broadcast_id)
        answers = answers.filtered(lambda sms: sms.incident_id.sudo() in ended)
        return super()._find_overtaken() | answers

    def _after_decision(self, decisions):
        reason = verdicts.CANCELLED
        cancelled = self.filtered(lambda sms: decisions[sms.id].reason == reason)
        for broadcast, messages in cancelled.grouped("broadcast_id").items():
            messages.cancelled_by_id = broadcast.sudo().cancelled_by_id
        return super()._after_decision(decisions)

    # === Sent again, or never told ===

    def _prepare_again(self, number=None):
        values = super()._prepare_again(number)
        values["broadcast_id"] = self.broadcast_id.id
        values["incident_id"] = self.incident_id.id
        return values

    def _hand_on_to(self, new):
        result = super()._hand_on_to(new)
        if self.broadcast_id:
            rows_sudo = self.env["sms.broadcast.recipient"].sudo()
            rows_sudo = rows_sudo.search([("sms_id", "=", self.id)])
            rows_sudo.write({"sms_id": new.id, "number": new.number})
        return result

    def _query_untold_more(self):
        """Add failed texts about current outages, each person's last one."""
        queries = super()._query_untold_more()
        if self and not self.incident_id:
            return queries
        ids = self.incident_id.ids
        about = SQL("incident.id = ANY(%s)", ids) if self else SQL("TRUE")
        query = SQL(
            """
            SELECT sms.id
              FROM (
                  SELECT DISTINCT ON (sms.incident_id, sms.number) sms.id
                    FROM sms_sms sms
                    JOIN sms_incident incident ON incident.id = sms.incident_id
                   WHERE incident.resolved_at IS NULL AND %(about)s
                     AND sms.create_date >= %(since)s AND sms.exemption IS NULL
                     AND %(meant)s
                ORDER BY sms.incident_id, sms.number, sms.id DESC
              ) last
              JOIN sms_sms sms ON sms.id = last.id
             WHERE %(failed)s
            """,
            about=about,
            since=self._get_untold_since(),
            meant=MEANT,
            failed=self._get_untold_condition(),
        )
        return [*queries, query]
