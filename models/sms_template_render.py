# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsTemplate(models.Model):
    """A template becomes a text: once, in the reader's language."""

    _inherit = "sms.template"

    def _render_text(self, record, partner=None, lang=None):
        """Return the text about a record.

        :param record: a record of the template's model
        :param partner: ``res.partner`` who reads it; None: the record's customer, in
            the language that the template says
        :param str lang: code of a language that comes before both
        :rtype: str
        """
        self.ensure_one()
        if not lang and partner is None:
            lang = self._render_lang(record.ids)[record.id]
        elif not lang:
            lang = partner.lang
        if not lang or not self.env["res.lang"]._get_code(lang):
            company = record.company_id if "company_id" in record else self.env.company
            lang = (company or self.env.company).sudo().partner_id.lang or "en_US"
        rendered = self._render_field(
            "body", record.ids, res_ids_lang={record.id: lang}
        )
        return rendered[record.id]
