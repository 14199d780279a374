# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..providers import PROVIDERS, SandboxProvider

#: Carriers that reach people.
REAL = tuple(code for code in PROVIDERS if code != SandboxProvider.code)


class ResCompany(models.Model):
    """Adds a second carrier, for what the first does not take."""

    _inherit = "res.company"

    sms_backup_provider = fields.Selection(
        selection="_get_sms_backup_providers",
        string="Second Carrier",
        help="What the first carrier surely did not take leaves by this one, from a "
        "number that you have there. Which refusals count is set on the faults.",
    )

    @api.model
    def _get_sms_backup_providers(self):
        """Return the carriers that can be a second one, with their names."""
        return [(code, PROVIDERS[code].name) for code in REAL]

    def _drop_sms_backup(self):
        """Keep a second carrier only beside another one that reaches people.

        Who goes back to the sandbox wants nothing to leave.
        """
        for company in self.filtered("sms_backup_provider"):
            first = company.sms_provider
            if first not in REAL or first == company.sms_backup_provider:
                company.sms_backup_provider = False

    def _get_sms_carriers(self):
        """Return the codes of the carriers that texts leave by, the own one first.

        :rtype: tuple
        """
        self.ensure_one()
        codes = (self.sms_provider, self.sms_backup_provider)
        return tuple(code for code in codes if code in PROVIDERS)
