# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import models

from ...tools import TICKET_MODEL
from ...tools.purpose_rules import MessageSource

#: What our own code says in a context of the message that it is making: it holds for
#: that message, and not for what a rule makes of it.
MESSAGE_CONTEXT = ("sms_purpose", "sms_source", "sms_personal")
#: What automated actions have texted in this transaction (a key of ``cr.cache``).
TEXTED = "helpdesk_mgmt_sms.action_texts"


class IrActionsServer(models.Model):
    """What a server action, an automation or a cron texts is the action's own."""

    _inherit = "ir.actions.server"

    def run(self):
        """Let no message of the action pass for what a person wrote, or for another's.

        Automations run inside of what has set them off, a person's message too.
        """
        context = dict.fromkeys(MESSAGE_CONTEXT)
        return super(
            IrActionsServer, self.with_context(**context, sms_automated=True)
        ).run()

    # ------------------------------------------------------------------
    # Odoo's own automated actions that text about tickets: once, and never in the way
    # ------------------------------------------------------------------

    # Odoo's rules run inside of the change that sets them off. There a customer without
    # a phone stops the ticket from being saved, and a rule on the stage fires twice
    # when a ticket is made (as it is created, and as its stage is computed).

    def _run_action_sms_multi(self, eval_context=None):
        """Text each ticket once for one state of it, and note what goes wrong.

        The action is named to the intake: a rule may say what its texts are for.
        """
        named = self.with_context(sms_source=MessageSource(action_id=self.id))
        context = dict(eval_context or {})
        records = context.get("records") or context.get("record")
        is_automated = "__action_done" in self.env.context
        run = super(IrActionsServer, named)._run_action_sms_multi
        if not (is_automated and records and records._name == TICKET_MODEL):
            return run(eval_context=eval_context)
        fresh = records.filtered(self._is_first_text)
        if not fresh:
            return False
        context.update(records=fresh, record=fresh[:1])
        work = partial(run, eval_context=context)
        self.env["sms.automation"].sudo()._isolate(work, fresh.sudo())
        return False

    def _is_first_text(self, ticket):
        """Tell if the action has not texted this ticket as it stands, and note it."""
        cache, now = self.env.cr.cache, self.env.cr.now()
        since, texted = cache.get(TEXTED, (None, None))
        if since != now:
            texted = set()
            cache[TEXTED] = (now, texted)
        key = (self.id, ticket.id, *ticket.sudo()._get_sms_state())
        if key in texted:
            return False
        texted.add(key)
        return True
