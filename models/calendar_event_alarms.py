# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: Context of Odoo's own reminder by text where ours go to the customers.
WITHOUT_CUSTOMERS_KEY = "sms_without_customers"


class CalendarEvent(models.Model):
    """Odoo's own reminders by text: colleagues keep them, customers get ours."""

    _inherit = "calendar.event"

    def _texts_customers(self):
        """Tell if the customers of an event get their texts by ``sms.reminder``."""
        self.ensure_one()
        company = self.sudo().sms_company_id
        return self.sms_enabled and bool(company) and company._uses_sms_outbox()

    def _do_sms_reminder(self, alarms):
        """Leave customers to our reminders, which stand in for these."""
        ours = self.filtered(lambda event: event._texts_customers())
        super(CalendarEvent, self - ours)._do_sms_reminder(alarms)
        without = ours.with_context(**{WITHOUT_CUSTOMERS_KEY: True})
        return super(CalendarEvent, without)._do_sms_reminder(alarms)

    def _message_sms_with_template(
        self,
        template=False,
        template_xmlid=False,
        template_fallback="",
        partner_ids=False,
        **kwargs,
    ):
        """Text nobody twice: see :meth:`_do_sms_reminder`."""
        if self.env.context.get(WITHOUT_CUSTOMERS_KEY):
            customers = self.sudo()._get_sms_customers()
            partner_ids = list(set(partner_ids or ()) - set(customers.ids))
            if not partner_ids:
                return self.env["mail.message"]
        return super()._message_sms_with_template(
            template=template,
            template_xmlid=template_xmlid,
            template_fallback=template_fallback,
            partner_ids=partner_ids,
            **kwargs,
        )
