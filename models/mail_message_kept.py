# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_lax_reason import REASON_SUBTYPE


class MailMessage(models.Model):
    """Why something was made laxer stays as it was written.

    Odoo lets authors, and whoever may edit a record, change and delete what stands in
    its chatter.
    """

    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Let nobody change or delete a reason, its author least of all."""
        forbidden = super()._get_forbidden_access(operation)
        if operation in ("write", "unlink"):
            forbidden |= self._filter_lax_reasons()
        return forbidden

    def _filter_lax_reasons(self):
        """Return those messages that say why something was made laxer."""
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(REASON_SUBTYPE)
        return self.filtered(lambda it: it.sudo().subtype_id.id == subtype_id)
