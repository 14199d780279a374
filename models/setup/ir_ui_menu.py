# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ...providers import SandboxProvider

PHONE_MENU = "helpdesk_mgmt_sms.sms_menu_virtual_phone"


class IrUiMenu(models.Model):
    """Hides the virtual phone from users without a sandbox company."""

    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        hidden = super()._load_menus_blacklist()
        companies_sudo = self.env.user.sudo().company_ids
        if SandboxProvider.code not in companies_sudo.mapped("sms_provider"):
            menu = self.env.ref(PHONE_MENU, raise_if_not_found=False)
            hidden = [*hidden, *(menu.ids if menu else ())]
        return hidden
