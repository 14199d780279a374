# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.appointments import find_free
from ..core.mixins import open_linked

#: Fields that decide which automations apply to a visit, and whose account is used.
RULE_FIELDS = {"company_id", "team_id", "category_id", "priority"}
#: How far ahead a visit is proposed at least, how much further working hours are
#: searched, and the length of a visit.
LEAD, HORIZON, LENGTH = timedelta(days=1), timedelta(days=14), timedelta(hours=1)


class HelpdeskTicket(models.Model):
    """Adds visits to a ticket."""

    _inherit = "helpdesk.ticket"

    visit_ids = fields.One2many("calendar.event", "ticket_id", "Visits")
    visit_count = fields.Integer(compute="_compute_visit_count", compute_sudo=True)

    @api.depends("visit_ids")
    def _compute_visit_count(self):
        for ticket in self:
            ticket.visit_count = len(ticket.visit_ids)

    def write(self, vals):
        """Plan the reminders of visits again where other automations may apply now."""
        result = super().write(vals)
        if RULE_FIELDS & vals.keys():
            domain = Domain("ticket_id", "in", self.ids)
            self.env["calendar.event"].sudo()._plan_sms_again(domain)
        return result

    def action_schedule_visit(self):
        """Open the form of a new visit, with customer and technician invited."""
        self.ensure_one()
        technician = self.user_id if self.user_id.active else self.env.user
        start = self._propose_sms_visit(technician)
        return self.env["calendar.event"]._get_records_action(
            name=self.env._("Schedule visit"),
            context={
                **self._get_sms_visit_context(),
                "default_name": f"{self.number} {self.name}",
                "default_partner_ids": (self.partner_id | technician.partner_id).ids,
                "default_technician_id": technician.id,
                "default_start": start,
                "default_stop": start + LENGTH,
            },
        )

    def _propose_sms_visit(self, technician):
        """Return when a visit can begin (UTC), a day from now at the earliest.

        Chosen like the times offered by text: when technician and customer are free.
        """
        earliest = fields.Datetime.start_of(fields.Datetime.now(), "hour") + LEAD
        people = self.partner_id | technician.partner_id
        values = {"technician_id": technician.id, "ticket_id": self.id}
        visit = self.env["calendar.event"].new({**values, "partner_ids": people.ids})
        hours = visit._get_sms_hours(earliest, earliest + HORIZON)
        return next(iter(find_free(*hours, LENGTH, earliest, count=1)), earliest)

    def action_view_visits(self):
        """Open the visits of this ticket as a list: a calendar would hide others'."""
        action = open_linked(
            self,
            "helpdesk_mgmt_sms.calendar_event_action",
            "ticket_id",
            **self._get_sms_visit_context(),
            default_partner_ids=(self.partner_id | self.user_id.partner_id).ids,
            initial_date=max(self.visit_ids.mapped("start"), default=False),
        )
        action["name"] = self.env._("Visits")
        if len(self.visit_ids) == 1:
            action |= {"views": [(False, "form")], "res_id": self.visit_ids.id}
        return action

    def _get_sms_visit_context(self):
        return {
            "default_res_model": self._name,
            "default_res_model_id": self.env["ir.model"]._get_id(self._name),
            "default_res_id": self.id,
            "default_ticket_id": self.id,
        }
