# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsCachedRules(models.AbstractModel):
    """Rules that people change now and then, and that each message asks for.

    What is read of them is cached (``ormcache``). Whoever changes one has all workers
    read them anew.
    """

    _name = "sms.cached.rules"
    _description = "Rules That Are Kept in Memory"

    @api.model_create_multi
    def create(self, vals_list):
        """Let the rule hold from now on."""
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        """Let the rule hold from now on, as it is now."""
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Let the rule hold no longer."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
