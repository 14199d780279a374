# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2.extras import Json

from odoo import api, fields, models

from ..core.bulk_insert import insert_many, update_all
from ..core.mixins import NUMBER_GROUPS


class SmsReport(models.Model):
    """A delivery report as received, whatever it changed.

    Reports come late, twice and out of order. The message shows their result; these
    rows show what was reported, and when.
    """

    _name = "sms.report"
    _description = "Text Message Delivery Report"
    _order = "id desc"
    _rec_name = "status"
    _log_access = False

    sms_id = fields.Many2one(
        "sms.sms", "Message", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    received_at = fields.Datetime(required=True, readonly=True)
    carrier_id = fields.Char("Carrier's ID", readonly=True)
    status = fields.Char(readonly=True, help="In Odoo's words.")
    code = fields.Char("Carrier's Error Code", readonly=True)
    raw = fields.Json("Raw Data", readonly=True, groups=NUMBER_GROUPS)

    _sms_index = models.Index("(sms_id, carrier_id)")

    @api.model
    def _store(self, reports):
        """Store reports in one statement: the ORM would take longer than all the rest.

        :param reports: pairs of an ``sms.sms`` and a ``DeliveryReport``
        """
        now = fields.Datetime.now()
        rows = [
            {
                "sms_id": sms.id,
                "company_id": (sms.record_company_id or sms._get_sms_company()).id,
                "received_at": report.received_at or now,
                "carrier_id": report.carrier_id,
                "status": report.report,
                "code": report.code,
                # It names the person: none for one who was erased. Nor has a report for
                # which the carrier was asked.
                "raw": Json(report.raw) if report.raw and not sms.erased_at else None,
            }
            for sms, report in reports
        ]
        insert_many(self, rows)
        self.env["sms.sms"].invalidate_model(["report_ids"], flush=False)

    def _forget_raw(self):
        """Delete the reports' raw data; their status and code are kept.

        In SQL: many rows at once, and JSON's null is not SQL's.
        """
        self.flush_model()
        update_all(self, raw=None)
        self.invalidate_model()
