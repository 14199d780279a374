# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

DIGEST = "helpdesk_mgmt_sms.digest_digest_sms"


class SmsDashboard(models.AbstractModel):
    """The figures of the week by e-mail, for who asks for them on the dashboard."""

    _inherit = "sms.dashboard"

    @api.model
    def get_dashboard(self, filters=None):
        """Say too if the user gets the weekly e-mail; None where there is none."""
        data = super().get_dashboard(filters)
        digest_sudo = self._get_digest_sudo()
        data["gets_mail"] = digest_sudo and (self.env.user in digest_sudo.user_ids)
        return data

    @api.model
    def set_weekly_mail(self, is_wanted):
        """Send the user the figures every week from now on, or no longer.

        :return: if they are sent
        :raises AccessError: for who may not see them
        """
        self._check_dashboard_access()
        digest_sudo = self._get_digest_sudo()
        if not digest_sudo:
            return False
        if is_wanted:
            digest_sudo._action_subscribe_users(self.env.user)
        else:
            digest_sudo._action_unsubscribe_users(self.env.user)
        return bool(is_wanted)

    @api.model
    def _get_digest_sudo(self):
        """Return the digest that ships with us, or None when somebody deleted it."""
        digest = self.env.ref(DIGEST, raise_if_not_found=False)
        return digest and digest.sudo()
