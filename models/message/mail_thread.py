# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Command
from odoo.tools.misc import clean_context

from ...tools import texts
from ...tools.purpose_rules import MessageSource
from ..core.bulk_insert import BULK_FROM, create_many, is_extended
from .sms_sms_intake import PersonalText
from .sms_sms_media import SentMedia
from .sms_sms_waiting import WAITING

#: Modules whose overrides of ``create`` are taken care of here.
KNOWN_MODULES = ("mail", "helpdesk_mgmt_sms")
#: Fields that only the ORM can store with a note.
EXTRAS = ("attachment_ids", "tracking_value_ids", "partner_ids")


class MailThread(models.AbstractModel):
    """Every app's records: they name the source of a text, and check who may send it.

    Odoo accepts numbers to text with every kind of message, from any client, and posts
    on any record that the user can read, so rights are checked where it notifies.
    """

    _inherit = "mail.thread"

    def _notify_thread_by_sms(self, message, recipients_data, msg_vals=False, **kwargs):
        """Add the pictures and files of this message to its texts.

        A text that a user wrote on another record does not count as personal here.

        :raises UserError: for pictures and files that carriers do not accept
        """
        context = self._get_sms_media_context(message, msg_vals or {})
        written = self.env.context.get("sms_personal")
        is_personal = isinstance(written, PersonalText)
        if is_personal and (written.model, written.res_id) != (self._name, self.id):
            context["sms_personal"] = None
        thread = self.with_context(**context) if context else self
        return super(MailThread, thread)._notify_thread_by_sms(
            message, recipients_data, msg_vals=msg_vals, **kwargs
        )

    def _message_sms_with_template(
        self, template=False, template_xmlid=False, *args, **kwargs
    ):
        """Pass the template on to the intake: a rule may give its purpose."""
        if not template and template_xmlid:
            template = self.env.ref(template_xmlid, raise_if_not_found=False)
        source = MessageSource(template_id=template.id if template else 0)
        thread = self.with_context(sms_source=source)
        return super(MailThread, thread)._message_sms_with_template(
            template, template_xmlid, *args, **kwargs
        )

    def _message_create(self, values_list):
        """Write the notes of a mass message in bulk."""
        context = clean_context(self.env.context)
        # Replacing the whole context is intended, as in Odoo's own method.
        # pylint: disable-next=context-overridden
        message_model = self.env["mail.message"].with_context(context)
        if message_model._are_bulk_sms_notes(values_list):
            return message_model._insert_sms_notes(values_list)
        return super()._message_create(values_list)

    # === Rights and limits ===

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Check the right to text before anybody is notified, now or at a set time."""
        msg_vals = msg_vals or {}
        numbers = [number for number in kwargs.get("sms_numbers") or [] if number]
        by_partner = kwargs.get("sms_pid_to_number") or {}
        is_text = msg_vals.get("message_type") == "sms"
        partner_ids = list(msg_vals.get("partner_ids") or []) if is_text else []
        if not self.env.su and (numbers or partner_ids):
            typed = [by_partner[pid] for pid in partner_ids if pid in by_partner]
            record = self._get_sms_record(msg_vals)
            record._check_sms_rights(partner_ids, numbers, numbers + typed)
        return super()._notify_thread(message, msg_vals=msg_vals or False, **kwargs)

    def _get_sms_record(self, msg_vals):
        """Return the record that a message is posted on.

        ``message_notify`` may be called on an empty recordset and given the record's
        model and id.
        """
        model = self.env.get(msg_vals.get("model") or "")
        if self or model is None or not isinstance(model, self.pool["mail.thread"]):
            return self
        return model.browse(msg_vals.get("res_id"))

    def _check_sms_rights(self, partner_ids, numbers, typed):
        """Refuse texts that the user may not send from this record.

        :raises AccessError: without the right to text any number, or so many people
        :raises UserError: over the daily limit
        """
        company = self.env.company
        if self:
            company = self._mail_get_companies(default=company)[self.id]
        if not self._has_sms_limits(company):
            return
        user = self.env.user
        user._check_sms_limits(company, len(partner_ids) + len(numbers))
        may_type = not typed or user._has_sms_free_right(company)
        if not may_type and set(typed) - self._get_sms_own_numbers(partner_ids):
            user._check_sms_free_right(company)

    def _has_sms_limits(self, company):
        return company._restricts_sms()

    def _get_sms_own_numbers(self, partner_ids):
        """Return the numbers of the record and of its contacts.

        :return: set of numbers, as stored and in E.164
        """
        fields_here = self._phone_get_number_fields() if self else []
        holders = [(self, name) for name in fields_here if name in self._fields]
        partners = self.env["res.partner"].browse(partner_ids)
        partners += self._mail_get_partners()[self.id] if self else partners.browse()
        holders += [(partner, "phone") for partner in partners]
        own = set()
        for record, name in holders:
            own |= {record[name], record._phone_format(fname=name)}
        return own

    # === Pictures and files, where our outbox sends the text ===

    def _message_sms(self, body, **kwargs):
        sent = self.env.context.get("sms_media")
        if isinstance(sent, SentMedia) and not sent.message_id:
            kwargs.setdefault("attachment_ids", list(sent.attachment_ids))
        return super()._message_sms(body, **kwargs)

    def _get_sms_media_context(self, message, msg_vals):
        """Return the context that adds a message's pictures and files to its texts.

        :raises UserError: for files that carriers do not accept
        """
        if msg_vals.get("message_type") != "sms" or not msg_vals.get("attachment_ids"):
            return {}
        company = message.sudo().record_company_id or self.env.company
        if not company._uses_sms_outbox():
            return {}
        attachments_sudo = message.sudo().attachment_ids
        self.env["sms.sms"]._check_media(attachments_sudo)
        return {"sms_media": SentMedia(message.id, tuple(attachments_sudo.ids))}


class MailMessage(models.Model):
    """Notes on texts in the chatter: written in bulk, and erased with their text."""

    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Keep texts to colleagues from customers, as Odoo keeps internal comments."""
        forbidden = super()._get_forbidden_access(operation)
        if operation == "read" and self.env.user.share:
            me = self.env.user.partner_id
            forbidden |= (
                self.sudo()
                .exists()
                ._filter_sms()
                .filtered(lambda it: it.subtype_id.internal and it.author_id != me)
            )
        return forbidden

    def unlink(self):
        """Cancel what people have scheduled: with its record its sense is gone."""
        domain = [("mail_message_id", "in", self.ids), ("gate_verdict", "=", "hold")]
        domain += [("state", "=", WAITING), ("exemption", "=", False)]
        domain += [("create_uid", "!=", SUPERUSER_ID)]
        held_sudo = self.env["sms.sms"].sudo().search(domain)
        if held_sudo := held_sudo.try_lock_for_update():
            held_sudo.cancelled_by_id = self.env.user
            held_sudo.action_set_canceled()
        return super().unlink()

    def _filter_sms(self):
        return self.filtered(lambda message: message.message_type == "sms")

    def _filter_sms_of(self, messages):
        """Return the copies of texts that nobody got but by these ``sms.sms``."""
        texts = self._filter_sms()
        domain = [("mail_message_id", "in", texts.ids)]
        others = [("id", "not in", messages.ids), ("number", "!=", False)]
        rows = messages.search([*domain, *others])
        others = [("sms_id_int", "not in", messages.ids), ("sms_number", "!=", False)]
        told = self.env["mail.notification"].search([*domain, *others])
        return texts - rows.mail_message_id - told.mail_message_id

    def _forget_sms_attachments(self, attachments):
        """Delete the files that are these messages' own; detach all others.

        A file that belongs to another record was merely sent along, and one that
        somebody else was sent too is theirs as well.
        """
        places = {(message.model, message.res_id) for message in self}
        own = attachments.filtered(
            lambda it: (
                not it.res_id
                or it.res_model in ("sms.composer", "mail.message")
                or (it.res_model, it.res_id) in places
            )
        )
        self.write({"attachment_ids": [Command.unlink(it) for it in attachments.ids]})
        domain = [("attachment_ids", "in", own.ids), ("number", "!=", False)]
        domain.append(("mail_message_id", "not in", self.ids))
        (own - self.env["sms.sms"].search(domain).attachment_ids).unlink()

    def _forget_sms_text(self):
        """Empty the copies of texts, except those that went to other people too.

        A message to several people is kept until the last of them is erased.
        """
        texts = self._filter_sms_of(self.env["sms.sms"])
        if not texts:
            return
        texts._forget_sms_attachments(texts.attachment_ids)
        # Without an email address, both of these are the author's number.
        texts._empty_sms_copies(email_from=False, reply_to=False)

    def _empty_sms_copies(self, **values):
        """Replace the words, delete mails and translations, and write other values."""
        about_mails = [("mail_message_id", "in", self.ids)]
        self.env["mail.mail"].search(about_mails).unlink()
        translated = [("message_id", "in", self.ids)]
        self.env["mail.message.translation"].search(translated).unlink()
        words = self.env._("This text was erased.")
        body = Markup("<p><em>%s</em></p>") % words
        self.exists().write({"body": body, **values})

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


class MailNotification(models.Model):
    """Reasons that the chatter shows for texts that were not sent.

    Odoo's own ``sms_optout`` and ``sms_blacklist`` are missing there: canceling a
    notified message with them raises an error.
    """

    _inherit = "mail.notification"

    failure_type = fields.Selection(
        selection_add=[
            ("sms_optout", "Opted out"),
            ("sms_blacklist", "Blacklisted"),
            ("sms_duplicate", "Duplicate"),
            ("sms_no_consent", "No consent"),
            ("sms_no_provider", "Text messaging is not set up"),
            ("sms_too_many", "Too many today"),
            ("sms_replaced", "Replaced by a newer text"),
        ]
    )
    sms_answered_at = fields.Datetime(
        "Answers Text Received On",
        readonly=True,
        help="When the text was received that this one answers without recorded "
        "consent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Store when the answered text was received: the chatter needs no query."""
        for vals in vals_list:
            if sms_id := vals.get("sms_id_int"):
                sms_sudo = self.env["sms.sms"].sudo().browse(sms_id)
                vals["sms_answered_at"] = sms_sudo.inbound_id.received_at
        return super().create(vals_list)

    def _to_store_defaults(self, target):
        return [*super()._to_store_defaults(target), "sms_answered_at"]
