# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: What our own code says in a context of the message that it is making: it holds for
#: that message, and not for what a rule makes of it.
MESSAGE_CONTEXT = ("sms_purpose", "sms_source", "sms_personal")


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
