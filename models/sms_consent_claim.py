# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import consent


class SmsConsentEvent(models.Model):
    """What one of us enters of a contact proves the number that it is about."""

    _inherit = "sms.consent.event"

    @api.model
    def _record(self, company, number, event, method, *args, **facts):
        """Take a number for the contact's whose yes one of us has heard or read."""
        events = super()._record(company, number, event, method, *args, **facts)
        if event == consent.GRANTED and not self.env.user.share:
            record = self.env.get(facts.get("res_model"))
            partners = self.env["res.partner"]
            if record is not None and "partner_id" in record:
                partners = record.browse(facts.get("res_id")).sudo().partner_id
            elif record is not None and record._name == partners._name:
                partners = partners.browse(facts.get("res_id"))
            if partners:
                self.env["sms.number.claim"].sudo()._vouch(partners, [number])
        return events


class SmsConsent(models.Model):
    """A consent that has run out says nothing of whose the number is."""

    _inherit = "sms.consent"

    @api.model
    def _apply(self, company, events, numbers):
        """Have numbers confirmed anew whose consent has expired."""
        result = super()._apply(company, events, numbers)
        expired = {
            numbers[values["number_hash"]]
            for values in events
            if values["event"] == consent.EXPIRED
        }
        if expired := expired - {False, None}:
            self.env["sms.number.claim"].sudo()._reopen(expired)
        return result
