# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_sms_media import SentMedia


class MailThread(models.AbstractModel):
    """The pictures and files of a text go along with it, where our outbox sends it."""

    _inherit = "mail.thread"

    def _message_sms(self, body, **kwargs):
        """Post what the composer was given along with the text."""
        sent = self.env.context.get("sms_media")
        if isinstance(sent, SentMedia) and not sent.message_id:
            kwargs.setdefault("attachment_ids", list(sent.attachment_ids))
        return super()._message_sms(body, **kwargs)

    def _notify_thread_by_sms(self, message, recipients_data, msg_vals=False, **kwargs):
        """Say what goes along with the texts of this message.

        :raises UserError: for what carriers do not take
        """
        is_text = (msg_vals or {}).get("message_type") == "sms"
        if is_text and msg_vals.get("attachment_ids"):
            company = message.sudo().record_company_id or self.env.company
            if company._uses_sms_outbox():
                attachments_sudo = message.sudo().attachment_ids
                self.env["sms.sms"]._check_media(attachments_sudo)
                sent = SentMedia(message.id, tuple(attachments_sudo.ids))
                self = self.with_context(sms_media=sent)
        return super()._notify_thread_by_sms(
            message, recipients_data, msg_vals=msg_vals, **kwargs
        )
