# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models

from ...tools import TICKET_MODEL, verdicts
from ..message.sms_sms_intake import get_ids
from .helpdesk_ticket_desk import OUT


class SmsSms(models.Model):
    """Each change of a ticket's text shows on its open conversations."""

    _inherit = "sms.sms"

    # What makes a ticket a conversation: it is looked for among all tickets.
    _conversation_index = models.Index(
        "(mail_message_id) WHERE is_personal OR state = 'error' "
        "OR (state = 'canceled' AND gate_verdict = 'block')"
    )

    def _notify_changed(self):
        """Tell the open conversations: one notice for each ticket of the batch.

        The outbox calls it for what it reads anyway; no message takes a query.
        """
        result = super()._notify_changed()
        self._tell_desks_of(
            (sms_sudo.id, sms_sudo.mail_message_id) for sms_sudo in self.sudo()
        )
        return result

    @api.model
    def _tell_desks_of(self, posts):
        """Tell the open conversations which of their texts have changed.

        :param posts: ``(id of a message, its mail.message)``, in sudo
        """
        changed = defaultdict(list)
        for sms_id, post_sudo in posts:
            if post_sudo.model == TICKET_MODEL:
                changed[post_sudo.res_id].append(f"{OUT}-{sms_id}")
        self.env[TICKET_MODEL]._notify_sms_desks(changed)

    def _after_intake(self, vals_list):
        """Show new texts, and end the waiting of who was answered.

        The rows of a long list are not read again for that.
        """
        result = super()._after_intake(vals_list)
        posts_sudo = self.env["mail.message"].sudo()
        posts_sudo = posts_sudo.browse(get_ids(vals_list, "mail_message_id"))
        post_of = {post_sudo.id: post_sudo for post_sudo in posts_sudo}
        self._tell_desks_of(
            (sms_id, post_of[vals["mail_message_id"]])
            for sms_id, vals in zip(self._ids, vals_list, strict=True)
            if vals.get("mail_message_id")
        )
        self._end_waiting()
        return result

    # ------------------------------------------------------------------
    # What one of us texts a ticket's customer ends their waiting for an answer
    # ------------------------------------------------------------------

    def _end_waiting(self):
        """Note on a ticket that its customer was answered, unless the gate refused."""
        if len(self) > 1:  # what is for many is not personal
            return
        answers = self.filtered(
            lambda sms: sms.is_personal and sms.gate_verdict != verdicts.BLOCK
        )
        for message_sudo in answers.mail_message_id.sudo():
            if message_sudo.model == "helpdesk.ticket":
                ticket = self.env["helpdesk.ticket"].browse(message_sudo.res_id)
                ticket._end_sms_waiting()
