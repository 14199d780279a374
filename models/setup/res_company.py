# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import RedirectWarning

from .sms_health import uses_carrier

#: Key of a missing contact: not a field, but either of two.
CONTACT = "contact"
#: Group that may edit a company's phone number and email address, as in Odoo.
CONTACT_GROUP = "base.group_erp_manager"
#: Opens the settings where the missing information is entered.
SAY_ACTION = {
    "type": "ir.actions.act_url",
    "url": "/odoo/sms-settings#sms_policy_pages",
    "target": "self",
}


class ResCompany(models.Model):
    """Requires legal pages and a contact before a company gets a real carrier.

    A request for consent must link to a privacy policy and terms, and HELP must be
    answered with a contact (CTIA Messaging Principles and Best Practices, sections
    5.1.1 and 5.1.4). The forms for choosing a carrier refuse one until these are
    entered. A company that already texts real phones is only warned. Also refreshes the
    menus, as the virtual phone depends on the carrier.
    """

    _inherit = "res.company"

    def _after_sms_write(self, before, vals):
        result = super()._after_sms_write(before, vals)
        if "sms_provider" in vals:
            self.env.registry.clear_cache()  # of the menus
        return result

    def _get_sms_unsaid(self):
        """Return the names of missing legal information, by key."""
        company_sudo, unsaid = self.sudo(), {}
        if not company_sudo.sms_privacy_url:
            unsaid["sms_privacy_url"] = self.env._("the privacy policy")
        if not company_sudo.sms_terms_url:
            unsaid["sms_terms_url"] = self.env._("the terms of text messages")
        if not (company_sudo.phone or company_sudo.email):
            unsaid[CONTACT] = self.env._("a phone number or email for HELP")
        return unsaid

    @contextmanager
    def _guard_sms_go_live(self):
        """Refuse, in this context, a first real carrier without legal information.

        :raises RedirectWarning: with what is missing, and a link to enter it
        """
        waiting = self.filtered(lambda company: not uses_carrier(company))
        yield
        for company in waiting.filtered(uses_carrier):
            if unsaid := company._get_sms_unsaid():
                raise RedirectWarning(
                    self.env._(
                        "%(company)s cannot text real phones yet, since people could "
                        "not read who writes and where to ask. Still missing: "
                        "%(missing)s.",
                        company=company.sudo().name,
                        missing=", ".join(unsaid.values()),
                    ),
                    SAY_ACTION,
                    self.env._("Legal pages and contact"),
                )


class ResConfigSettings(models.TransientModel):
    """Guards the choice of a carrier in Odoo's own settings, too."""

    _inherit = "res.config.settings"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse a first carrier for a company without legal information."""
        with self.env.companies._guard_sms_go_live():
            return super().create(vals_list)

    def write(self, vals):
        """Refuse a first carrier for a company without legal information."""
        with self.company_id._guard_sms_go_live():
            return super().write(vals)
