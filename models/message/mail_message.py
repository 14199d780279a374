# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, models

from ...tools import texts
from ..core.bulk_insert import BULK_FROM, create_many, is_extended

#: Modules whose additions to ``create`` are seen to here.
KNOWN_MODULES = ("mail", "helpdesk_mgmt_sms")
#: What only the ORM knows how to store with a note.
EXTRAS = ("attachment_ids", "tracking_value_ids", "partner_ids")


class MailMessage(models.Model):
    """The chatter keeps a copy of each text: it forgets when the text does."""

    _inherit = "mail.message"

    def _filter_texts(self):
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

    # ------------------------------------------------------------------
    # Writes the notes of a mass message at once
    # ------------------------------------------------------------------

    @api.model
    def _is_for_bulk(self, values_list):
        """Tell if new messages are many plain notes on texts that were sent.

        :param values_list: as ``mail.thread`` completes them: author and address too
        """
        is_many = self.env.su and len(values_list) >= BULK_FROM
        return (
            is_many
            and all(values.get("message_type") == "sms" for values in values_list)
            and not any(values.get(name) for values in values_list for name in EXTRAS)
            and not is_extended(self, KNOWN_MODULES)
        )

    @api.model
    def _insert_notes(self, values_list):
        """Store notes on texts; return them, in order.

        :param values_list: as for ``create``
        """
        tidied = {}
        field = self._fields["body"]
        rows = []
        for values in values_list:
            body = values.get("body") or ""
            if body not in tidied:
                tidied[body] = texts.tidy_note(body) or field.convert_to_column_insert(
                    body, self
                )
            rows.append({**values, "body": tidied[body]})
            for name in EXTRAS:
                rows[-1].pop(name, None)
        messages = create_many(self, rows, ready={"body"})
        self._forget_chatter(values_list)
        return messages

    @api.model
    def _forget_chatter(self, values_list):
        ids = {}
        for values in values_list:
            ids.setdefault(values["model"], []).append(values["res_id"])
        for model_name, res_ids in ids.items():
            self.env[model_name].browse(res_ids).invalidate_recordset(
                ["message_ids", "message_needaction", "message_needaction_counter"]
            )
