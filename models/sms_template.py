# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: A change of these changes which template stands for which.
PLACE_FIELDS = {"shared_id", "company_id"}


class SmsTemplate(models.Model):
    """A template stays where its author may write templates."""

    _inherit = "sms.template"

    def write(self, vals):
        """Let the words of a company hold from now on.

        Nobody moves a template to a model whose templates they may not write. Odoo
        checks what the template was, and not what it becomes: a helpdesk manager could
        make one for a ticket and turn it into another app's.
        """
        result = super().write(vals)
        if "model_id" in vals:
            self.check_access("write")
        if PLACE_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Let the automations know that they have lost their template."""
        self.env.registry.clear_cache()
        return super().unlink()
