# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sms_analysis_query import SOURCES, make_facts


class SmsAnalysis(models.Model):
    """Facts about text messages, one row each, for pivot and graph views.

    A query on messages, the consent ledger, appointments, ratings and so on; nothing is
    stored. Record rules by company apply. Numbers are masked: the fact's own record
    shows them to users who may see them.
    """

    _name = "sms.analysis"
    _inherit = ["sms.figures"]
    _description = "Analysis of Text Messages"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "masked_number"

    date = fields.Datetime("When")
    partner_id = fields.Many2one("res.partner", "Contact")
    masked_number = fields.Char(
        "Number", help="Its last four digits. Open the record to see all."
    )
    automation_id = fields.Many2one("sms.automation")
    broadcast_id = fields.Many2one("sms.broadcast")
    incident_id = fields.Many2one("sms.incident")
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
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
    )
    inbound_kind = fields.Selection(
        lambda self: self._get_selection("kind", "sms.inbound"), "Received as"
    )

    @property
    def _table_query(self):
        return make_facts()

    @property
    def _table_sql(self):
        self.env.flush_all()
        return super()._table_sql

    def action_view_source(self):
        """Open the record of a fact, with the record's own access rights."""
        self.ensure_one()
        row_id, place = divmod(self.id, len(SOURCES))
        return self.env[SOURCES[place].model].browse(row_id)._get_records_action()
