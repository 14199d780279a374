# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Automations: rules on tickets that send texts, and their planned runs.

Offers triggers and ``sms.automation._on_changes``.
May use desk and all below it.
"""

from . import sms_automation, sms_automation_engine, sms_automation_run
from . import helpdesk_ticket, sms_sms, ir_actions_server, sms_outbox_watch
