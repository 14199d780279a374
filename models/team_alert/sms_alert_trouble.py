# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import monitoring
from .sms_team_alert import RESOLVED

#: Key of the row that stands for all excess troubles; no system's key starts with a
#: blank.
STORM = " too many"
#: Troubles are deleted this long after their last report.
KEPT = timedelta(days=90)


class SmsAlertTrouble(models.Model):
    """A trouble that a monitoring system reports: one row until it is over.

    However often it is reported, it has one alert, or none if it is not urgent. Several
    may share an alert, which ends with the last of them.
    """

    _name = "sms.alert.trouble"
    _description = "Reported Trouble"
    _order = "id desc"
    _rec_name = "summary"

    source_id = fields.Many2one(
        "sms.alert.source",
        "System",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    alert_id = fields.Many2one(
        "sms.team.alert", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True, help="The system's own key.")
    group_key = fields.Char(
        readonly=True, help="The system's key for what belongs together."
    )
    summary = fields.Char("Problem", required=True, readonly=True)
    severity = fields.Selection(
        [
            (monitoring.CRITICAL, "Critical"),
            (monitoring.WARNING, "Warning"),
            (monitoring.INFO, "Information"),
        ],
        required=True,
        readonly=True,
    )
    link = fields.Char("Page", readonly=True)
    is_firing = fields.Boolean("Firing", readonly=True)
    report_count = fields.Integer("Reports", readonly=True, default=1)
    reported_at = fields.Datetime(
        "First Reported", required=True, readonly=True, default=fields.Datetime.now
    )
    heard_at = fields.Datetime(
        "Last Reported", required=True, readonly=True, default=fields.Datetime.now
    )
    ended_at = fields.Datetime("Over Since", readonly=True)

    _firing_unique = models.UniqueIndex("(source_id, key) WHERE is_firing")

    def _repeat(self, trouble, now):
        """Count another report of the trouble, which may have become worse.

        :param trouble: ``tools.monitoring.Trouble``
        """
        self.write(
            {
                "report_count": self.report_count + 1,
                "heard_at": now,
                "summary": trouble.summary,
                "severity": trouble.severity,
            }
        )

    def _end(self, now):
        """Close troubles, and resolve alerts without a firing trouble."""
        self._close(now)
        for alert in self.alert_id:
            if not any(alert.trouble_ids.mapped("is_firing")):
                alert._resolve(now, {"user_id": False, "partner_id": False})

    def _close(self, now):
        self.write({"is_firing": False, "ended_at": now, "heard_at": now})
        # Before another row with the same key is created (unique index).
        self.flush_recordset(["is_firing"])

    @api.autovacuum
    def _gc_troubles(self):
        """Delete troubles not reported for :data:`KEPT`, unless their alert is open."""
        old = Domain("heard_at", "<", fields.Datetime.now() - KEPT)
        over = Domain("alert_id", "=", False) | Domain("alert_id.state", "=", RESOLVED)
        self.search(old & over, limit=10_000).unlink()
