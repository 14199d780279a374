# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import SUPERUSER_ID, models

from ...tools import TICKET_MODEL, automation
from ...tools.purpose_rules import MessageSource
from .sms_automation_engine import get_notes

#: Key of the transaction's notes on texts of automated actions.
TEXTED = "helpdesk_mgmt_sms.action_texts"


class IrActionsServer(models.Model):
    """Separates actions' texts from people's, and texts about a ticket only once.

    Odoo's automation rules run inside of the change that triggers them. There a
    customer without a phone would keep the ticket from being saved, and a rule on the
    stage fires twice for a new ticket (on creation, and when its stage is computed).
    """

    _inherit = "ir.actions.server"

    def run(self):
        """Reset our context keys, which describe the message that triggered the action.

        An automation may run while a person's message is sent; that message's purpose,
        source, time and files do not apply to the action's.
        """
        keys = ("sms_purpose", "sms_source", "sms_personal", "sms_is_again")
        keys += ("sms_send_at", "sms_media", "sms_sent")
        action = self.with_context(**dict.fromkeys(keys), sms_automated=True)
        return super(IrActionsServer, action).run()

    def _run_action_sms_multi(self, eval_context=None):
        """Text about each ticket once per state, and note failures on it."""
        named, source = self, MessageSource(action_id=self.id)
        context = dict(eval_context or {})
        records = context.get("records") or context.get("record")
        is_automated = "__action_done" in self.env.context
        is_automated = is_automated and records and records._name == TICKET_MODEL
        if is_automated:
            # As OdooBot: no user has written it, least of all a customer.
            ticket_sudo = records[:1].sudo()
            fact = ticket_sudo._make_sms_fact(automation.REOPENED)
            source = source._replace(fact=fact)
            named = named.with_user(SUPERUSER_ID).with_company(ticket_sudo.company_id)
        named = named.with_context(sms_source=source)
        run = super(IrActionsServer, named)._run_action_sms_multi
        if not is_automated:
            return run(eval_context=eval_context)
        fresh = records.filtered(self._is_first_sms)
        if not fresh:
            return False
        context.update(records=fresh, record=fresh[:1])
        work = partial(run, eval_context=context)
        self.env["sms.automation"].sudo()._isolate(work, fresh.sudo())
        return False

    def _is_first_sms(self, ticket):
        """Return whether the action has not texted the ticket in its state; note it."""
        texted = get_notes(self.env.cr, TEXTED)
        key = (self.id, ticket.id, *ticket.sudo()._get_sms_state())
        is_first = key not in texted
        texted.add(key)
        return is_first
