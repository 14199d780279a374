# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ...tools import verdicts
from .sms_broadcast import CANCELLED, PAUSED
from .sms_incident import RESOLVED

#: State of a broadcast: what the gate is told of its messages.
STANDING = {PAUSED: verdicts.PAUSED, CANCELLED: verdicts.CANCELLED}


class SmsSms(models.Model):
    """A message remembers its broadcast and incident, waits and ends with them."""

    _inherit = "sms.sms"

    broadcast_id = fields.Many2one(
        "sms.broadcast", readonly=True, copy=False, ondelete="set null"
    )
    incident_id = fields.Many2one(
        "sms.incident", readonly=True, copy=False, ondelete="set null"
    )
    gate_reason = fields.Selection(
        selection_add=[
            (verdicts.PAUSED, "Its broadcast is paused"),
            (verdicts.CANCELLED, "Its broadcast was cancelled"),
            (verdicts.MUTED, "They want no more texts about this incident (MUTE)"),
            (verdicts.OVERTAKEN, "The incident has been resolved meanwhile"),
        ]
    )

    _broadcast_index = models.Index(
        "(broadcast_id, state) WHERE broadcast_id IS NOT NULL"
    )

    _incident_index = models.Index(
        "(incident_id, number) WHERE incident_id IS NOT NULL"
    )

    def _get_held_label(self):
        if self.gate_reason == verdicts.PAUSED:
            return self.env._("Held: its broadcast is paused")
        return super()._get_held_label()

    def _get_gate_standing(self):
        """Add what has become of broadcasts and their incidents meanwhile.

        Asked before each message leaves, whatever brought it back.
        """
        standing = super()._get_gate_standing()
        told = self.filtered("broadcast_id")
        told.broadcast_id.sudo()._keep_paused()
        for sms in told:
            if reason := STANDING.get(sms.broadcast_id.sudo().state):
                standing[sms.id].add(reason)
        told._add_incident_standing(standing)
        return standing

    def _after_decision(self, decisions):
        cancelled = self.filtered(
            lambda sms: decisions[sms.id].reason == verdicts.CANCELLED
        )
        for broadcast, messages in cancelled.grouped("broadcast_id").items():
            messages.cancelled_by_id = broadcast.sudo().cancelled_by_id
        return super()._after_decision(decisions)

    def _add_incident_standing(self, standing):
        """Add what was muted meanwhile, and news of what is over.

        Asked of broadcasts alone: an answer was asked for.
        """
        told = self.filtered("incident_id")
        if not told:
            return
        muted = self.env["sms.incident.mute"]._get_muted(told.incident_id.sudo())
        overtaken = told.broadcast_id.sudo().filtered(
            lambda it: it.kind != RESOLVED and it._is_overtaken()
        )
        for sms in told:
            if (sms.incident_id.id, sms.number) in muted:
                standing[sms.id].add(verdicts.MUTED)
            if sms.broadcast_id in overtaken:
                standing[sms.id].add(verdicts.OVERTAKEN)
