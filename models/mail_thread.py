# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools.misc import clean_context

from ..tools.purpose_rules import MessageSource
from .sms_sms_intake import PersonalText


class MailThread(models.AbstractModel):
    """Every app's records: what they text says out of what and by whom it was made."""

    _inherit = "mail.thread"

    def _notify_thread_by_sms(self, message, recipients_data, msg_vals=False, **kwargs):
        """Say what goes along with the texts of this message.

        What a person wrote to another record is nothing that they wrote to this one.

        :raises UserError: for pictures and files that carriers do not take
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
        self,
        template=False,
        template_xmlid=False,
        template_fallback="",
        partner_ids=False,
        **kwargs,
    ):
        """Name the template to the intake: a rule may say what it is for."""
        if not template and template_xmlid:
            template = self.env.ref(template_xmlid, raise_if_not_found=False)
        source = MessageSource(template_id=template.id if template else 0)
        return super(
            MailThread, self.with_context(sms_source=source)
        )._message_sms_with_template(
            template=template,
            template_xmlid=template_xmlid,
            template_fallback=template_fallback,
            partner_ids=partner_ids,
            **kwargs,
        )

    def _message_create(self, values_list):
        """Write the notes of a mass message at once: each costs the ORM as its text."""
        context = clean_context(self.env.context)
        # A context that replaces the old one is what is wanted, as in Odoo's own.
        # pylint: disable-next=context-overridden
        message_model = self.env["mail.message"].with_context(context)
        if message_model._is_for_bulk(values_list):
            return message_model._insert_notes(values_list)
        return super()._message_create(values_list)
