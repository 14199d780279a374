# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import hmac

from ..tools import short_token
from .helpdesk_ticket_link import FIRST_DAY

TOKEN_SCOPE = "helpdesk_mgmt_sms.incident"
INCIDENT_PATH = "/sms/incident/"
#: The page can be opened so long after the incident began: always at one address, so
#: that all texts about it name the same.
PAGE_LIFE = timedelta(days=365)


class SmsIncident(models.Model):
    """An incident has a public page on which everybody with its address sees how it is.

    The address is signed with the database's secret: nobody guesses that of another
    incident. Nothing is stored for it.
    """

    _inherit = "sms.incident"

    status_page = fields.Char(
        compute="_compute_status_page",
        compute_sudo=True,
        help="Anybody who has the address sees what has failed, where, and the news.",
    )

    @api.depends("opened_at")
    def _compute_status_page(self):
        for incident in self:
            if not incident.id:
                incident.status_page = False
                continue
            day = (incident.create_date.date() + PAGE_LIFE - FIRST_DAY).days
            digest = incident._sign_link(day)
            token = short_token.make(incident.id, day, digest)
            incident.status_page = f"{incident.get_base_url()}{INCIDENT_PATH}{token}"

    def _sign_link(self, day):
        """Return the HMAC of the page's address until a day.

        :param int day: days since 1970
        :rtype: str
        """
        self.ensure_one()
        return hmac(self.sudo().env, TOKEN_SCOPE, (self.id, day))

    @api.model
    def _find_by_link(self, token):
        """Return the incident of an address that is genuine and has not ended.

        An empty set in all other cases, which a visitor cannot tell apart.

        :param str token: what a visitor called
        :return: ``sms.incident`` in sudo
        """
        none = self.sudo().browse()
        parts = short_token.read(token)
        if not parts or FIRST_DAY + timedelta(parts.day) < fields.Date.today():
            return none
        incident_sudo = none.browse(parts.record_id).exists()
        if not incident_sudo:
            return none
        digest = incident_sudo._sign_link(parts.day)
        return incident_sudo if short_token.is_genuine(parts, digest) else none

    def action_open_status_page(self):
        """Show the page as the public sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.status_page, "target": "new"}
