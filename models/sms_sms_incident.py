# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..tools import verdicts
from .sms_incident import RESOLVED


class SmsSms(models.Model):
    """A message remembers the incident that it is about, and ends with it."""

    _inherit = "sms.sms"

    incident_id = fields.Many2one(
        "sms.incident", readonly=True, copy=False, ondelete="set null"
    )
    gate_reason = fields.Selection(
        selection_add=[
            (verdicts.MUTED, "They want no more texts about this incident (MUTE)"),
            (verdicts.OVERTAKEN, "The incident has been resolved meanwhile"),
        ]
    )

    _incident_index = models.Index(
        "(incident_id, number) WHERE incident_id IS NOT NULL"
    )

    def _add_incident_standing(self, standing):
        """Add what was muted meanwhile, and news of what is over.

        Asked of broadcasts alone: an answer was asked for.

        :param dict standing: see :meth:`_get_gate_standing`
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
