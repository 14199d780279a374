# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules without a database, and the models that automations and templates serve."""

TICKET_MODEL = "helpdesk.ticket"
EVENT_MODEL = "calendar.event"
