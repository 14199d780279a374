# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...providers import PROVIDERS

#: System parameter: from how many texts created at once a list is long; 0: never.
LEAST_PARAMETER = "helpdesk_mgmt_sms.fetch_reports_from"
LEAST = 200


class SmsSms(models.Model):
    """Texts of long lists, whose reports are read in pages (``sms.report.fetch``).

    Each report is a request to the callback, two or three per text: after a broadcast
    nobody else would get an answer. So such texts leave without a callback, if their
    carrier has a list of reports.
    """

    _inherit = "sms.sms"

    is_report_fetched = fields.Boolean(
        "Report Is Fetched",
        readonly=True,
        copy=False,
        help="It was made together with many others, so the carrier is asked for their "
        "reports page by page, instead of sending each report here.",
    )

    # Columns that change with a report are in the condition only.
    _fetched_index = models.Index(
        "(record_company_id, provider, sent_at)"
        " WHERE is_report_fetched AND state = 'pending'"
    )

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Mark the texts of a long list; the claim checks the carrier used."""
        result = super()._prepare_intake(vals_list, batch)
        is_long = 0 < self._get_long_list() <= len(vals_list)
        listing = {
            company_id: is_long
            and any(
                PROVIDERS[code].lists_reports
                for code in company.sudo()._get_sms_carriers()
            )
            for company_id, company in batch.companies.items()
        }
        for vals in vals_list:
            is_listed = listing[vals["record_company_id"]]
            vals["is_report_fetched"] = is_listed and not vals.get("is_call")
        return result

    @api.model
    def _get_long_list(self):
        """Return from how many texts created at once a list is long, 0 for never."""
        value = self.env["ir.config_parameter"].sudo().get_param(LEAST_PARAMETER, LEAST)
        try:
            return max(int(value), 0)
        except ValueError:
            return LEAST
