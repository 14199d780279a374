# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ...tools import automation
from .sms_automation_engine import Change, get_notes

#: Keys of the transaction's notes on new tickets, and those whose customers are told.
NEW, TOLD = "helpdesk_mgmt_sms.new", "helpdesk_mgmt_sms.told"


class HelpdeskTicket(models.Model):
    """Triggers the texts of stages and automations when a ticket changes."""

    _inherit = "helpdesk.ticket"

    def _on_sms_changes(self, before):
        """Trigger the texts about the changes."""
        super()._on_sms_changes(before)
        told, new = (get_notes(self.env.cr, key) for key in (TOLD, NEW))
        new.update(ticket_id for ticket_id, state in before.items() if state is None)
        changes = []
        # A recordset may contain a ticket twice, as in ``ticket + ticket``.
        for ticket in self.browse(before).sudo():
            state, place = before[ticket.id], (ticket.id, ticket.team_id.id)
            happened = automation.compare(state, ticket._get_sms_state())
            # An automated action may give a new ticket its team, or its category.
            is_late = bool(state) and ticket.id in new and not ticket.stage_id.closed
            if is_late and automation.STAGE in happened:
                is_late = place not in new  # with the team's own stages
            if is_late and ticket._is_sms_confirmed():
                happened |= {automation.CREATED}
            new.add(place)
            if happened:
                changes.append(Change(ticket, happened, ticket.id in told, is_late))
        if not changes or self._is_sms_history():
            return
        planned = self.env["sms.automation"].sudo()._on_changes(changes)
        told.update(
            record.id
            for record, rule in planned
            if self._is_sms_told(rule)
            and (before[record.id] is None or rule.trigger == automation.CREATED)
        )

    def _on_sms_ordinary(self):
        is_told = super()._on_sms_ordinary()
        change = Change(self.sudo(), frozenset({automation.CREATED}))
        planned = self.env["sms.automation"].sudo()._on_changes([change])
        return is_told or any(self._is_sms_told(rule) for _ticket, rule in planned)

    @api.model
    def _is_sms_told(self, rule):
        """Return whether a planned text tells the customer at once."""
        return rule.audience == automation.CUSTOMER and not rule.delay

    def _on_sms_received(self, inbound):
        result = super()._on_sms_received(inbound)
        ticket_sudo = self.sudo()
        automations = self.env["sms.automation"].sudo()
        automations._on_changes([Change(ticket_sudo, frozenset({automation.WROTE}))])
        self.env["sms.automation.run"].sudo()._wake_for_waiting(ticket_sudo)
        return result
