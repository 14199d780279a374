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

    def _get_sms_media_context(self, message, msg_vals):
        """Return what says which pictures and files go along with a message's texts.

        :raises UserError: for what carriers do not take
        :rtype: dict
        """
        if msg_vals.get("message_type") != "sms" or not msg_vals.get("attachment_ids"):
            return {}
        company = message.sudo().record_company_id or self.env.company
        if not company._uses_sms_outbox():
            return {}
        attachments_sudo = message.sudo().attachment_ids
        self.env["sms.sms"]._check_media(attachments_sudo)
        return {"sms_media": SentMedia(message.id, tuple(attachments_sudo.ids))}
