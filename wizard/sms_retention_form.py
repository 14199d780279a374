# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.privacy.sms_retention import TIMES, get_limits
from ..tools.figures import render_counts

#: The longest time that any of them may be (``_sms_keep_positive`` refuses more).
LONGEST = 1200
#: Company fields by field of the form.
SAVED_IN = {kind: name for kind, (name, _unit) in TIMES.items()}
SAVED_IN["policy"] = "sms_consent_policy"


class SmsRetentionForm(models.TransientModel):
    """Form for a company's retention times and its consent policy.

    For compliance officers, who may not open the settings. It shows what would be
    erased now.
    """

    _name = "sms.retention.form"
    _description = "Retention of Text Messages and Evidence"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    text = fields.Integer("Texts")
    raw = fields.Integer("Raw Texts")
    consent = fields.Integer("Evidence of Consent")
    opt_out = fields.Integer("Evidence of Opt-outs")
    policy = fields.Selection(
        lambda self: self.env["res.company"]._fields["sms_consent_policy"].selection,
        "Consent Policy",
        required=True,
    )
    # What the form began with: only changes are saved.
    shown = fields.Json()
    reason = fields.Text(
        "Reason for Relaxing",
        help="Who decided it, and why. Required to keep data for less time, or to "
        "text without consent.",
    )
    count_html = fields.Html(compute="_compute_count_html", sanitize=False)

    @api.model
    def default_get(self, fields_list):
        """Default to what the company has now."""
        company_sudo = self.env.company.sudo()
        shown = {own: company_sudo[name] for own, name in SAVED_IN.items()}
        return {**shown, "shown": shown, **super().default_get(fields_list)}

    @api.depends("company_id", *TIMES)
    def _compute_count_html(self):
        for form in self:
            form.company_id._check_sms_user()
            # What is typed may be no time yet: it is refused when it is saved.
            amounts = {kind: min(max(form[kind], 0), LONGEST) for kind in TIMES}
            limits = get_limits(amounts)
            pairs = self.env["sms.retention"]._count(form.company_id, limits)
            form.count_html = render_counts((*pair, "") for pair in pairs)

    def action_save(self):
        """Store what was changed; the nightly cron erases older data.

        :raises AccessError: if the company is not among the user's selected ones
        :raises UserError: without a reason, if it makes the company less strict
        """
        self.ensure_one()
        self.check_access("write")
        self.company_id._check_sms_user()
        shown = self.shown or {}
        values = {
            SAVED_IN[it]: self[it] for it in SAVED_IN if self[it] != shown.get(it)
        }
        values["sms_relaxation_reason"] = self.reason
        self.company_id.sudo().write(values)
        return {"type": "ir.actions.act_window_close"}
