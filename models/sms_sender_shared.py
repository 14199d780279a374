# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..providers import account


class SmsSender(models.Model):
    """One number may send for several companies, and hears its answers at one of them.

    To the people whom it texts they are one sender: what they say of it by text is said
    to all of these companies.
    """

    _inherit = "sms.sender"

    @api.model
    def _find_companies(self, inbound):
        """Return the companies that send by the number which was texted.

        :param inbound: ``sms.inbound``, one
        :return: ``res.company``, that of the text first
        """
        shared_sudo = self.sudo().search(
            [
                ("provider", "=", inbound.provider),
                ("address", "in", inbound._get_addresses()),
                ("kind", "!=", account.SANDBOX),
            ]
        )
        return inbound.company_id | shared_sudo.company_id
