# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Appointments: texts on booking, moving and cancelling, reminders and answers.

Offers the planning of reminders (``sms.reminder``).
May use automation and all below it.
"""

from . import calendar_event, calendar_event_texts, calendar_event_google
from . import calendar_event_install, calendar_attendee
from . import sms_reminder, sms_reminder_plan, sms_reminder_run
from . import sms_automation, sms_question, sms_inbound_router
from . import sms_consent, sms_sms, helpdesk_ticket
