# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain


class PhoneBlacklist(models.Model):
    """Erases numbers from Odoo's blacklist; the ledger blocks without them."""

    _inherit = "phone.blacklist"
    _forgets_last = True

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of the row that all companies share.

        Each of them has its own ledger to block the number.
        """
        return Domain("number", "in", numbers)

    def _describe_personal(self):
        listed = self.filtered("active")
        return [
            (len(listed), self.env._("Phone blacklist: the ledger blocks from now on"))
        ]

    def _forget(self):
        self._erase_sms_numbers(self.mapped("number"))
