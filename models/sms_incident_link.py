# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

#: The page can be opened so long after the incident began: always at one address, so
#: that all texts about it name the same.
PAGE_LIFE = timedelta(days=365)


class SmsIncident(models.Model):
    """An incident has a public page: everybody with its address sees how it is."""

    _name = "sms.incident"
    _inherit = ["sms.incident", "sms.short.link"]
    _short_link_path = "/sms/incident/"
    _short_link_scope = "helpdesk_mgmt_sms.incident"

    status_page = fields.Char(
        compute="_compute_status_page",
        compute_sudo=True,
        help="Anybody who has the address sees what has failed, where, and the news.",
    )

    @api.depends("opened_at")
    def _compute_status_page(self):
        for incident in self:
            incident.status_page = incident.id and incident._make_short_link(
                incident.create_date.date() + PAGE_LIFE
            )

    def action_open_status_page(self):
        """Show the page as the public sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.status_page, "target": "new"}
