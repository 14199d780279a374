# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..tools.purposes import MessageSource


class MailThread(models.AbstractModel):
    """Every app's records: a text out of a template says which template it was."""

    _inherit = "mail.thread"

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
