# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import sql

from .sms_sms_outcomes import REPORT_STATES


class SmsSms(models.Model):
    """When a message arrived, and what lets a year of them be counted."""

    _inherit = "sms.sms"

    delivered_at = fields.Datetime(
        "Delivered On",
        readonly=True,
        copy=False,
        help="When its carrier told us so first.",
    )

    # Rows lie in the order in which they were made: it costs next to nothing to keep.
    _made_index = models.Index("USING brin (create_date) WITH (pages_per_range = 32)")

    def _get_delivered_at(self, report):
        """Return when the message arrived, as a report says it; None if it has not.

        :param str report: one of ``providers.outbound.REPORT_RANKS``
        """
        self.ensure_one()
        is_there = REPORT_STATES[report] == "sent"
        return is_there and (self.delivered_at or fields.Datetime.now())

    def _init_column(self, column_name):
        """Take the times of an older database from its delivery reports."""
        result = super()._init_column(column_name)
        has_reports = sql.table_exists(self.env.cr, "sms_report")
        if column_name == "delivered_at" and has_reports:
            self.env.cr.execute(
                """
                UPDATE sms_sms sms
                   SET delivered_at = report.received_at
                  FROM (SELECT sms_id, min(received_at) AS received_at
                          FROM sms_report WHERE status IN ('delivered', 'read')
                      GROUP BY sms_id) report
                 WHERE report.sms_id = sms.id AND sms.state = 'sent'
                """
            )
        return result
