# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ...tools.strictness import are_terms_less_strict
from ..core.sms_shared_row import ADMINISTRATORS


class SmsPurposeCompany(models.Model):
    """A company's own footer, hours and limit for the messages of a purpose.

    Consent is given for a purpose, so purposes themselves are never copied.
    """

    _name = "sms.purpose.company"
    _description = "Purpose in One Company"
    _inherit = ["sms.shared.row", "sms.purpose.terms", "sms.cached.rules"]
    _strictness_fields = frozenset({"quiet_class", "max_per_day", "footer"})
    _order = "company_id, purpose_id"
    _rec_name = "purpose_id"

    purpose_id = fields.Many2one("sms.purpose", required=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    _purpose_unique = models.UniqueIndex(
        "(purpose_id, company_id)",
        "The company already has its own row for this purpose.",
    )

    @api.constrains("quiet_class", "purpose_id")
    def _check_quiet_class(self):
        for own in self:
            own.purpose_id._check_class(own.quiet_class)

    @api.model_create_multi
    def create(self, vals_list):
        """Default to the shared footer."""
        purposes = self.env["sms.purpose"]
        return super().create(
            [
                {"footer": purposes.browse(vals.get("purpose_id")).footer, **vals}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        """Refuse to change the purpose or the company."""
        if any(
            name in vals and row[name].id != vals[name]
            for name in ("purpose_id", "company_id")
            for row in self
        ):
            raise UserError(
                self.env._(
                    "The purpose and the company cannot change. Create another row."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_stricter(self):
        """Keep a row that is stricter than the shared terms."""
        for row in self:
            if are_terms_less_strict(
                row._get_strictness(), row.purpose_id._get_strictness()
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” is stricter here than in other companies. Say why it "
                        "should not be, by changing it.",
                        row.display_name,
                    )
                )

    def _get_strictness(self):
        shared = self.purpose_id.sudo()._get_strictness()
        return shared._replace(
            quiet_class=self.quiet_class,
            max_per_day=self.max_per_day,
            has_footer=self._has_footer(),
        )

    def _get_usual_strictness(self):
        """Compare with the shared terms."""
        purpose_sudo = self.purpose_id.sudo()
        return purpose_sudo._get_strictness(), purpose_sudo

    def _get_footer_company(self):
        return self.company_id

    @api.constrains("footer")
    def _check_footer_is_kept(self):
        """Allow only administrators to remove a footer."""
        may_remove = self.env.user.has_group(ADMINISTRATORS)
        if may_remove or not self._asks_about_footer():
            return
        for own in self:
            if not own._has_footer() and own.purpose_id.sudo()._has_footer():
                raise AccessError(
                    self.env._(
                        "“%s”: only administrators can remove a footer.",
                        own.display_name,
                    )
                )

    @api.model
    def _copy_purpose(self, purpose, company):
        """Return a new row with the shared terms, in all languages."""
        row = self.create(
            {
                "purpose_id": purpose.id,
                "company_id": company.id,
                "footer": purpose.footer,
                "quiet_class": purpose.quiet_class,
                "max_per_day": purpose.max_per_day,
            }
        )
        for lang, _name in self.env["res.lang"].get_installed():
            row.with_context(lang=lang).footer = purpose.with_context(lang=lang).footer
        return row
