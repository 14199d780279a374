# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..dispatch.sms_webhook_event import TEXT


class SmsWebhookEvent(models.Model):
    """Erases carriers' unprocessed webhook events about a person."""

    _inherit = "sms.webhook.event"
    # Usually processed within seconds.
    _is_counted = False

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Add the reports on texts to these numbers."""
        own = Domain("record_company_id", "=", company.id)
        own &= Domain("number", "in", numbers)
        texts_sudo = self.env["sms.sms"].sudo().search_fetch(own, ["uuid"])
        reports = Domain("company_id", "=", company.id)
        reports &= Domain("uuid", "in", texts_sudo.mapped("uuid"))
        return super()._get_personal_domain(company, numbers) | reports

    def _forget(self):
        """Erase events; of a text only the carrier's id stays, to detect repeats.

        A text that ends consent, or undoes that, is left: it will be recorded shortly,
        and must count.
        """
        texts = self.filtered(lambda it: it.kind == TEXT)
        holding = texts.filtered(lambda it: it._says_no())
        for event in texts - holding:
            inbounds = self.env["sms.inbound"]
            text = inbounds._store(
                event.company_id, event._parse_text(), event.received_at
            )
            text._forget()
        return super(SmsWebhookEvent, self - holding)._forget()

    def _forget_raw(self):
        """Delete events that could not be processed."""
        self.unlink()
