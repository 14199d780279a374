# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import models

from ...tools import TICKET_MODEL
from ...tools.purpose_rules import MessageSource
from .sms_automation_engine import get_notes

#: The notes of what automated actions have texted in this transaction.
TEXTED = "helpdesk_mgmt_sms.action_texts"


class IrActionsServer(models.Model):
    """Keeps what actions text apart from what people write, and texts a ticket once.

    Odoo's rules run inside of the change that sets them off. There a customer without
    a phone stops the ticket from being saved, and a rule on the stage fires twice when
    a ticket is made (as it is created, and as its stage is computed).
    """

    _inherit = "ir.actions.server"

    def run(self):
        """Keep messages of the action from passing for a person's, or for another's.

        Automations run inside of what has set them off, a person's message too: what
        our code says in the context of that message does not hold for the action's.
        """
        action = self.with_context(
            sms_purpose=None, sms_source=None, sms_personal=None, sms_automated=True
        )
        return super(IrActionsServer, action).run()

    def _run_action_sms_multi(self, eval_context=None):
        """Text each ticket once for one state of it, and note what goes wrong."""
        named = self.with_context(sms_source=MessageSource(action_id=self.id))
        context = dict(eval_context or {})
        records = context.get("records") or context.get("record")
        is_automated = "__action_done" in self.env.context
        run = super(IrActionsServer, named)._run_action_sms_multi
        if not (is_automated and records and records._name == TICKET_MODEL):
            return run(eval_context=eval_context)
        fresh = records.filtered(self._is_first_sms)
        if not fresh:
            return False
        context.update(records=fresh, record=fresh[:1])
        work = partial(run, eval_context=context)
        self.env["sms.automation"].sudo()._isolate(work, fresh.sudo())
        return False

    def _is_first_sms(self, ticket):
        """Return whether the action has not texted this ticket as it stands, and note it."""
        texted = get_notes(self.env.cr, TEXTED)
        key = (self.id, ticket.id, *ticket.sudo()._get_sms_state())
        is_first = key not in texted
        texted.add(key)
        return is_first
