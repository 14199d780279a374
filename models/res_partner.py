# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .sms_consent_search import SubjectColumns


class ResPartner(models.Model):
    """A contact shows if its number may be texted."""

    _name = "res.partner"
    _inherit = ["res.partner", "sms.consent.mixin"]

    def init(self):
        """Index the number: every incoming text looks its sender up by it."""
        self.env.cr.execute(
            """
            CREATE INDEX IF NOT EXISTS res_partner_phone_sanitized_sms_index
                ON res_partner (phone_sanitized) WHERE phone_sanitized IS NOT NULL
            """
        )
        return super().init()

    def _get_sms_subject_fields(self):
        return ("phone_sanitized",)

    def _get_sms_subjects(self):
        """Mean the contact's own number, for any purpose, in the current company."""
        any_purpose = self.env["sms.purpose"]
        return {
            partner.id: (self.env.company, partner.phone_sanitized, any_purpose)
            for partner in self
        }

    def _get_sms_subject_columns(self, alias):
        return SubjectColumns(
            SQL("%s", self.env.company.id),
            SQL.identifier(alias, "phone_sanitized"),
        )

    def _get_sms_typed_number(self):
        return self.phone

    @api.model
    def _find_by_sms_number(self, company, number):
        """Return the contact of a number if there is exactly one.

        Not one whose login has typed the number and has not confirmed it: what its
        owner texts is not for them to read.

        :param company: ``res.company`` whose contacts count, besides everybody's
        :param str number: E.164
        """
        claims_sudo = self.env["sms.number.claim"].sudo()
        typed = claims_sudo._search(
            claims_sudo._get_open_domain() & Domain("number", "=", number)
        )
        partners = self.search(
            [
                ("phone_sanitized", "=", number),
                ("company_id", "in", [False, company.id]),
                ("id", "not in", typed.subselect("partner_id")),
            ],
            limit=2,
        )
        return partners if len(partners) == 1 else partners.browse()

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let templates of contacts name the page of their preferences."""
        return super().mail_allowed_qweb_expressions() + ("object.sms_preference_url",)
