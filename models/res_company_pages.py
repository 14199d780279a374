# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError

from ..tools.links import is_page

PAGES = ("sms_privacy_url", "sms_terms_url")


class ResCompany(models.Model):
    """The pages that wordings and forms name: a person can open them safely."""

    _inherit = "res.company"

    @api.constrains(*PAGES)
    def _check_sms_pages(self):
        """Refuse what is no page on the web: a browser would run it.

        :raises ValidationError: for anything but http and https
        """
        for company in self:
            for name in PAGES:
                if company[name] and not is_page(company[name]):
                    raise ValidationError(
                        self.env._(
                            "%(address)s is no page that people can open. Write "
                            "“%(field)s” as https://www.example.com/page.",
                            address=company[name],
                            field=company._fields[name]._description_string(self.env),
                        )
                    )
