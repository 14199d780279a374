# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Appointments: texts on booking, moving and cancelling, reminders and answers.

Offers the planning of reminders (``sms.reminder``).
May use automation and all below it.
"""

from . import (
    calendar_event,
    calendar_event_texts,
    calendar_event_google,
    calendar_event_install,
    calendar_recurrence,
    calendar_attendee,
    sms_reminder,
    sms_reminder_plan,
    sms_reminder_run,
    sms_automation,
    sms_question,
    sms_inbound_router,
    sms_consent,
    sms_sms,
    helpdesk_ticket,
)
