# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Pure rules, and the names of the models that automations and templates are about."""

TICKET_MODEL = "helpdesk.ticket"
EVENT_MODEL = "calendar.event"
