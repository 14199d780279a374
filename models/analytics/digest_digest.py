# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: Measure of the analysis, by field of the digest.
KPIS = {
    "kpi_sms_sent": "sent_count",
    "kpi_sms_delivered": "delivered_count",
    "kpi_sms_failed": "failed_count",
    "kpi_sms_replies": "reply_count",
    "kpi_sms_opt_outs": "opt_out_count",
}
#: Figures that should be low.
LESS_IS_BETTER = ("kpi_sms_failed", "kpi_sms_opt_outs")


def _figure(name):
    """Return the field with one figure, as Odoo reads and invalidates it separately."""
    return fields.Integer(compute=lambda self: self._count_sms(name))


class DigestDigest(models.Model):
    """Adds figures of text messages to the weekly e-mail.

    Odoo omits them for users who may not read the analysis.
    """

    _inherit = "digest.digest"

    kpi_sms_sent = fields.Boolean("Texts Sent")
    kpi_sms_sent_value = _figure("kpi_sms_sent")
    kpi_sms_delivered = fields.Boolean("Texts Delivered")
    kpi_sms_delivered_value = _figure("kpi_sms_delivered")
    kpi_sms_failed = fields.Boolean("Texts Not Delivered")
    kpi_sms_failed_value = _figure("kpi_sms_failed")
    kpi_sms_replies = fields.Boolean("Replies by Text")
    kpi_sms_replies_value = _figure("kpi_sms_replies")
    kpi_sms_opt_outs = fields.Boolean("Opt-outs from Texts")
    kpi_sms_opt_outs_value = _figure("kpi_sms_opt_outs")

    def _count_sms(self, name):
        """Compute one figure."""
        self._calculate_company_based_kpi(
            "sms.analysis", f"{name}_value", date_field="date", sum_field=KPIS[name]
        )

    def _compute_kpis(self, company, user):
        """Omit the margin of figures that should be low: Odoo shows a fall in red."""
        kpis = super()._compute_kpis(company, user)
        for kpi in kpis:
            if kpi["kpi_name"] in LESS_IS_BETTER:
                for place in ("kpi_col1", "kpi_col2", "kpi_col3"):
                    kpi[place]["margin"] = 0
        return kpis

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        action = "helpdesk_mgmt_sms.sms_dashboard_action"
        return {**actions, **dict.fromkeys(KPIS, action)}
