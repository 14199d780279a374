# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ticket and its conversation: templates, replies, routing, rights, rating.

Offers the rendering of templates, the thread and the desk's bus.
May use consent and all below it.
"""

from . import (
    helpdesk_ticket,
    helpdesk_ticket_thread,
    helpdesk_ticket_desk,
    helpdesk_ticket_inbox,
    helpdesk_ticket_notices,
    helpdesk_ticket_waiting,
    helpdesk_ticket_snooze,
    helpdesk_ticket_team,
    helpdesk_ticket_stage,
    helpdesk_ticket_rating,
    sms_question,
    sms_inbound_router,
    sms_template,
    sms_sms,
    res_company,
)
