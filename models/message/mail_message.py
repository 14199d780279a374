# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from markupsafe import Markup

from odoo import api, models

from ...tools import texts
from ..core.bulk_insert import BULK_FROM, create_many, is_extended

#: Modules whose overrides of ``create`` are taken care of here.
KNOWN_MODULES = ("mail", "helpdesk_mgmt_sms")
#: Fields that only the ORM can store with a note.
EXTRAS = ("attachment_ids", "tracking_value_ids", "partner_ids")


class MailMessage(models.Model):
    """Notes on texts in the chatter: written in bulk, and erased with their text."""

    _inherit = "mail.message"

    def _filter_sms(self):
        return self.filtered(lambda message: message.message_type == "sms")

    def _forget_sms_attachments(self, attachments):
        """Delete the files that are these messages' own; detach all others.

        A file that belongs to another record was merely sent along.
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

    def _forget_sms_text(self):
        """Empty the copies of texts, except those that went to other people too.

        A message to several people is kept until the last of them is erased.
        """
        texts = self._filter_sms()
        domain = [("mail_message_id", "in", texts.ids)]
        rows = self.env["sms.sms"].search([*domain, ("number", "!=", False)])
        told = self.env["mail.notification"].search(
            [*domain, ("sms_number", "!=", False)]
        )
        texts -= rows.mail_message_id | told.mail_message_id
        if not texts:
            return
        texts._forget_sms_attachments(texts.attachment_ids)
        copies = [("mail_message_id", "in", texts.ids)]
        self.env["mail.mail"].search(copies).unlink()
        translated = [("message_id", "in", texts.ids)]
        self.env["mail.message.translation"].search(translated).unlink()
        words = self.env._("This text was erased.")
        erased = {"body": Markup("<p><em>%s</em></p>") % words}
        # Without an email address, both of these are the author's number.
        texts.write({**erased, "email_from": False, "reply_to": False})

    @api.model
    def _are_bulk_sms_notes(self, values_list):
        """Return whether new messages are many plain notes on texts that were sent."""
        is_many = self.env.su and len(values_list) >= BULK_FROM
        return (
            is_many
            and all(values.get("message_type") == "sms" for values in values_list)
            and not any(values.get(name) for values in values_list for name in EXTRAS)
            and not is_extended(self, KNOWN_MODULES)
        )

    @api.model
    def _insert_sms_notes(self, values_list):
        """Store notes on texts at once; return them, in order."""
        sanitize = self._fields["body"].convert_to_column_insert
        tidied, rows, res_ids = {}, [], defaultdict(list)
        for values in values_list:
            body = values.get("body") or ""
            if body not in tidied:
                tidied[body] = texts.tidy_note(body) or sanitize(body, self)
            row = {name: values[name] for name in values if name not in EXTRAS}
            rows.append({**row, "body": tidied[body]})
            res_ids[values["model"]].append(values["res_id"])
        messages = create_many(self, rows, ready={"body"})
        for model_name, ids in res_ids.items():
            self.env[model_name].browse(ids).invalidate_recordset(
                ["message_ids", "message_needaction", "message_needaction_counter"]
            )
        return messages
