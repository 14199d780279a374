# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

from .sms_consent_mixin import SubjectColumns


class ResPartner(models.Model):
    """Shows on a contact whether its number may be texted."""

    _name = "res.partner"
    _inherit = ["res.partner", "sms.consent.mixin"]

    # Every incoming text looks up its sender by the number.
    _phone_sanitized_sms_index = models.Index(
        "(phone_sanitized) WHERE phone_sanitized IS NOT NULL"
    )

    def _get_sms_subject_fields(self):
        return ("phone_sanitized", "company_id")

    def _get_sms_subjects(self):
        any_purpose = self.env["sms.purpose"]
        return {
            it.id: (it.company_id or self.env.company, it.phone_sanitized, any_purpose)
            for it in self
        }

    def _get_sms_subject_columns(self, alias):
        own_company = SQL.identifier(alias, "company_id")
        company = SQL("COALESCE(%s, %s)", own_company, self.env.company.id)
        return SubjectColumns(company, SQL.identifier(alias, "phone_sanitized"))

    def _get_sms_typed_number(self):
        return self.phone

    @api.model
    def _is_sms_colleague(self, number):
        """Return whether a number (E.164) belongs to an internal user."""
        domain = [("phone_sanitized", "=", number), ("user_ids.share", "=", False)]
        return bool(number) and bool(self.sudo().search_count(domain, limit=1))

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Add the link to the preference page, for templates of contacts."""
        return super().mail_allowed_qweb_expressions() + ("object.sms_preference_url",)
