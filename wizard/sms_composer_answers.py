# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools.misc import clean_context

from ..tools import TICKET_MODEL


class SmsComposer(models.TransientModel):
    """Answers many replies to a broadcast with the same text, each on its ticket."""

    _inherit = "sms.composer"

    def _action_send_sms(self):
        """Send answers one by one, so that the gate treats them as answers.

        Each is posted on its ticket, like one that an agent writes there.
        """
        is_answer = self.env.context.get("sms_answers")
        is_many = self.composition_mode == "mass" and self.res_model == TICKET_MODEL
        if not (is_answer and is_many):
            return super()._action_send_sms()
        self._check_sms_rights()
        # The form's defaults would make each of them a mass message.
        context = {
            name: value
            for name, value in clean_context(self.env.context).items()
            if not name.startswith("active_")
        }
        # pylint: disable-next=context-overridden
        composers = self.with_context(context)
        tickets = self._get_records()
        bodies = self._prepare_body_values(tickets)
        for ticket in tickets:
            one = composers.create(
                {
                    "composition_mode": "comment",
                    "res_model": TICKET_MODEL,
                    "res_id": ticket.id,
                    # Without it Odoo would text a ticket without a contact twice over:
                    # by field and by number.
                    "number_field_name": "partner_phone",
                    "template_id": self.template_id.id,
                    "body": bodies[ticket.id],
                }
            )
            super(SmsComposer, one)._action_send_sms()
        return None
