# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import models


class MailMessage(models.Model):
    """The chatter keeps a copy of each text: it forgets when the text does."""

    _inherit = "mail.message"

    def _filter_texts(self):
        """Return the messages that are texts. What people else write stays theirs."""
        return self.filtered(lambda message: message.message_type == "sms")

    def _forget_attachments(self, attachments):
        """Delete the files that are these messages' own; let go of all others.

        A file that belongs to another record was merely sent along.

        :param attachments: ``ir.attachment`` of these messages
        """
        places = {(message.model, message.res_id) for message in self}
        own = attachments.filtered(
            lambda it: (
                not it.res_id
                or it.res_model in ("sms.composer", "mail.message")
                or (it.res_model, it.res_id) in places
            )
        )
        self.attachment_ids -= attachments
        own.unlink()

    def _forget_text(self):
        """Empty the copies of texts, but for those that are another person's too.

        A message to several people is theirs until the last of them is forgotten.
        """
        texts = self._filter_texts()
        domain = [("mail_message_id", "in", texts.ids)]
        rows = self.env["sms.sms"].search([*domain, ("number", "!=", False)])
        told = self.env["mail.notification"].search(
            [*domain, ("sms_number", "!=", False)]
        )
        texts -= rows.mail_message_id | told.mail_message_id
        if not texts:
            return
        texts._forget_attachments(texts.attachment_ids)
        copies = [("mail_message_id", "in", texts.ids)]
        self.env["mail.mail"].search(copies).unlink()
        self.env["mail.message.translation"].search(
            [("message_id", "in", texts.ids)]
        ).unlink()
        words = self.env._("This text was erased.")
        texts.write({"body": Markup("<p><em>%s</em></p>") % words, "email_from": False})
