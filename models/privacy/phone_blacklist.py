# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain


class PhoneBlacklist(models.Model):
    """Odoo's blacklist, which has the number. The ledger blocks without it."""

    _inherit = "phone.blacklist"
    _forgets_last = True

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of the one row of all companies.

        Each of them has its own ledger to block.
        """
        return Domain("number", "in", numbers)

    def _describe_personal(self):
        listed = self.filtered("active")
        return [
            (len(listed), self.env._("Phone blacklist: the ledger blocks from now on"))
        ]

    def _forget(self):
        self._erase_sms_numbers(self.mapped("number"))
