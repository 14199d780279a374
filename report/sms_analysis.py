# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sms_analysis_query import SOURCES, make_facts


class SmsAnalysis(models.Model):
    """Facts about text messages, one row each, to be counted in any way.

    A query over messages, the consent ledger, appointments, ratings and the like;
    nothing is stored. Company rules hold here as there. Numbers are masked: the fact's
    own record shows them to those who may see them.
    """

    _name = "sms.analysis"
    _inherit = ["sms.figures"]
    _description = "Analysis of Text Messages"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "masked_number"
    _depends = {
        "sms.sms": [
            "state",
            "number",
            "delivered_at",
            "sent_at",
            "gate_verdict",
            "gate_reason",
        ],
        "sms.inbound": ["kind", "number", "ticket_id"],
        "sms.consent.event": ["event", "recorded_at"],
        "sms.reminder": ["kind", "state", "event_id"],
        "helpdesk.ticket": ["team_id"],
        "link.tracker": ["sms_template_id", "sms_broadcast_id", "sms_company_id"],
        "sms.broadcast.recipient": ["broadcast_id", "outcome", "reason"],
        "sms.incident.news": ["incident_id", "published_at"],
        "sms.incident.mute": ["incident_id", "muted_at"],
        "link.tracker.click": ["link_id"],
        "sms.team.alert": ["created_at", "acknowledged_at", "is_in_time", "team_id"],
        "calendar.event": ["start", "sms_confirmation", "sms_enabled"],
        "rating.rating": ["rating", "consumed"],
        "sms.price": [
            "amount",
            "media_amount",
            "currency_id",
            "prefix",
            "provider",
            "valid_from",
        ],
    }

    date = fields.Datetime("When", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True)
    masked_number = fields.Char(
        "Number",
        readonly=True,
        help="Its last four digits. Open the record to see all.",
    )
    automation_id = fields.Many2one("sms.automation", readonly=True)
    broadcast_id = fields.Many2one("sms.broadcast", readonly=True)
    incident_id = fields.Many2one("sms.incident", readonly=True)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        readonly=True,
        help="Who wrote or answered it, or is responsible for the appointment or "
        "ticket.",
    )
    outcome = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("held", "Held"),
            ("checking", "Checking with the carrier"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("failed", "Not delivered"),
            ("blocked", "Blocked"),
            ("cancelled", "Cancelled"),
        ],
        "State",
        readonly=True,
    )
    inbound_kind = fields.Selection(
        lambda self: (
            self.env["sms.inbound"]._fields["kind"]._description_selection(self.env)
        ),
        "Received as",
        readonly=True,
    )

    @property
    def _table_query(self):
        return make_facts()

    def action_view_source(self):
        """Open the record of a fact; its own rights hold."""
        self.ensure_one()
        row_id, place = divmod(self.id, len(SOURCES))
        return {
            "type": "ir.actions.act_window",
            "res_model": SOURCES[place].model,
            "res_id": row_id,
            "view_mode": "form",
        }
