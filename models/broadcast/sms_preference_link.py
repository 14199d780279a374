# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsPreferenceLink(models.Model):
    """Adds subscriptions to the preference page."""

    _inherit = "sms.preference.link"

    def _get_subscriptions(self):
        """Return the subscriptions of the number, including pending ones."""
        self.ensure_one()
        subscriptions_sudo = self.env["sms.subscription"].sudo()
        return subscriptions_sudo.search(
            subscriptions_sudo._get_current_domain(self.company_id, self.number),
            order="id",
        )

    def _take(self, form, trace):
        """End the subscription whose id is posted as ``end``."""
        wanted = form.get("end")
        if not wanted:
            return super()._take(form, trace)
        self._get_subscriptions().filtered(lambda it: str(it.id) == wanted)._end()
        return "ended"
