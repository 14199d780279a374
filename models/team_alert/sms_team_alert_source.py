# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sms_team_alert import RESOLVED


class SmsTeamAlert(models.Model):
    """Links an alert to the monitoring system and the troubles that raised it."""

    _inherit = "sms.team.alert"

    source_id = fields.Many2one(
        "sms.alert.source",
        "Monitoring System",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    trouble_ids = fields.One2many(
        "sms.alert.trouble", "alert_id", "Reported Troubles", readonly=True
    )

    def _get_taker_name(self, user):
        """Name the monitoring system if it has resolved the alert."""
        if self.source_id and self.state == RESOLVED and not user:
            return self.source_id.sudo().name
        return super()._get_taker_name(user)
