# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.privacy.sms_retention import TIMES, get_limits


class SmsRetentionForm(models.TransientModel):
    """A company's terms for keeping texts and evidence, with what would go now.

    For compliance officers, who may not open the settings. Who may be texted without
    consent stands here for the same reason.
    """

    _name = "sms.retention.form"
    _description = "Retention of Text Messages and Evidence"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True,
        default=lambda self: self.env.company,
    )  # fmt: skip
    text = fields.Integer("Texts", default=lambda self: self._default_time("text"))
    raw = fields.Integer(
        "Raw Form of Texts", default=lambda self: self._default_time("raw")
    )
    consent = fields.Integer(
        "Evidence of Consent", default=lambda self: self._default_time("consent")
    )
    opt_out = fields.Integer(
        "Evidence of Opt-outs", default=lambda self: self._default_time("opt_out")
    )
    policy = fields.Selection(
        lambda self: self.env["res.company"]._fields["sms_consent_policy"].selection,
        "Consent Policy",
        required=True,
        default=lambda self: self.env.company.sudo().sms_consent_policy,
    )
    reason = fields.Text(
        "Reason for Relaxing",
        help="Needed to keep something for less time, or to text without consent: who "
        "decided it, and why.",
    )
    count_html = fields.Html(compute="_compute_count_html", sanitize=False)

    @api.model
    def _default_time(self, kind):
        return self.env.company.sudo()[TIMES[kind][0]]

    @api.depends("company_id", *TIMES)
    def _compute_count_html(self):
        render = self.env["sms.erasure.wizard"]._render_counts
        for form in self:
            limits = get_limits({kind: max(form[kind], 0) for kind in TIMES})
            form.count_html = render(
                self.env["sms.retention"]._count(form.company_id, limits)
            )

    def action_save(self):
        """Keep things for so long from now on; the next night forgets what is older.

        :raises AccessError: for who does not work in the company now
        :raises UserError: without a reason, where it makes the company less strict
        """
        self.ensure_one()
        self.check_access("write")
        self.company_id._check_sms_user()
        self.company_id.sudo().write(
            {
                **{name: self[kind] for kind, (name, _unit) in TIMES.items()},
                "sms_consent_policy": self.policy,
                "sms_relaxation_reason": self.reason,
            }
        )
        return {"type": "ir.actions.act_window_close"}
