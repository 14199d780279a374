# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo import models
from odoo.exceptions import RedirectWarning

from .sms_health import uses_carrier

#: What is missing when nobody can be asked: no field, but either of two.
CONTACT = "contact"
#: Who may edit a company's phone number and email address, in Odoo too.
CONTACT_GROUP = "base.group_erp_manager"
#: Opens the settings where all of it is entered.
SAY_ACTION = {
    "type": "ir.actions.act_url",
    "url": "/odoo/sms-settings#sms_policy_pages",
    "target": "self",
}


class ResCompany(models.Model):
    """Shows and hides the virtual phone with the carrier; says who writes before that.

    Consent is asked for with the addresses of a privacy policy and of terms, and HELP
    is answered with a contact (CTIA Messaging Principles and Best Practices, sections
    5.1.1 and 5.1.4). The forms by which people choose a carrier refuse one until they
    are entered. A company that texts real phones already is only warned.
    """

    _inherit = "res.company"

    def _after_sms_write(self, before, vals):
        result = super()._after_sms_write(before, vals)
        if "sms_provider" in vals:
            self.env.registry.clear_cache()  # of the menus
        return result

    def _get_sms_unsaid(self):
        """Return the names of what people must be told and is empty, by its key."""
        self.ensure_one()
        company_sudo = self.sudo()
        facts = {
            "sms_privacy_url": (
                company_sudo.sms_privacy_url,
                self.env._("the privacy policy"),
            ),
            "sms_terms_url": (
                company_sudo.sms_terms_url,
                self.env._("the terms of text messages"),
            ),
            CONTACT: (
                company_sudo.phone or company_sudo.email,
                self.env._("a phone number or email for HELP"),
            ),
        }
        return {key: name for key, (value, name) in facts.items() if not value}

    @contextmanager
    def _guard_sms_go_live(self):
        """Refuse that companies get a carrier in here before they say who writes.

        :raises RedirectWarning: what is missing, and the way to enter it
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
