# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .sms_incident import MONITORING, OPEN, RESOLVED


class SmsIncidentNews(models.Model):
    """An entry of an incident's status page.

    Publishing it moves the incident's state. It can be corrected, not taken back:
    people have read it.
    """

    _name = "sms.incident.news"
    _description = "News of an Incident"
    _order = "id desc"
    _rec_name = "published_at"

    incident_id = fields.Many2one(
        "sms.incident", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="incident_id.company_id")
    state = fields.Selection(
        [
            (OPEN, "We are working on it"),
            (MONITORING, "Working again, and we are monitoring it"),
            (RESOLVED, "Resolved"),
        ],
        "Status",
        required=True,
        default=OPEN,
    )
    body = fields.Text(
        "Public Text",
        required=True,
        translate=True,
        help="In plain words: what works, what does not, and when you will post the "
        "next update.",
    )
    published_at = fields.Datetime(
        "Published On", required=True, readonly=True, default=fields.Datetime.now
    )
    user_id = fields.Many2one(
        "res.users",
        "Published By",
        readonly=True,
        default=lambda self: self.env.user,
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Publish the news, and move the incident's state."""
        for vals in vals_list:
            vals.pop("published_at", None)
            vals.pop("user_id", None)
        news = super().create(vals_list)
        news.incident_id._check_works_here()
        for entry in news:
            entry.incident_id._set_state(entry.state)
        return news

    def write(self, vals):
        """Take corrections of the words, and ignore all else."""
        if not self.env.su:
            vals = {name: value for name, value in vals.items() if name == "body"}
        return super().write(vals)
