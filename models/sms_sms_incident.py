# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sms_incident import RESOLVED

MUTED = "muted"
OVERTAKEN = "overtaken"


class SmsSms(models.Model):
    """A message remembers the incident that it is about, and ends with it."""

    _inherit = "sms.sms"

    incident_id = fields.Many2one(
        "sms.incident", readonly=True, copy=False, ondelete="set null"
    )
    gate_reason = fields.Selection(
        selection_add=[
            (MUTED, "They want no more texts about this incident (MUTE)"),
            (OVERTAKEN, "The incident has been resolved meanwhile"),
        ]
    )

    _incident_index = models.Index(
        "(incident_id, number) WHERE incident_id IS NOT NULL"
    )

    def _ask_gate(self):
        """Call off what was muted meanwhile, and news of what is over.

        Asked of broadcasts alone: an answer was asked for.
        """
        told = self.filtered(lambda sms: sms.incident_id and sms.broadcast_id)
        if not told:
            return super()._ask_gate()
        incidents_sudo = told.incident_id.sudo()
        muted = self.env["sms.incident.mute"]._get_muted(incidents_sudo)
        called_off = self.browse()
        for sms in told:
            broadcast_sudo = sms.broadcast_id.sudo()
            reason = ""
            if (sms.incident_id.id, sms.number) in muted:
                reason = MUTED
            elif broadcast_sudo.kind != RESOLVED and broadcast_sudo._is_overtaken():
                reason = OVERTAKEN
            if reason:
                sms.gate_reason = reason
                called_off |= sms
        if called_off:
            called_off.action_set_canceled()
        return super(SmsSms, self - called_off)._ask_gate()
