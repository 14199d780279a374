# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import consent


class SmsConsentEvent(models.Model):
    """What one of us enters of a contact proves the number that it is about."""

    _inherit = "sms.consent.event"

    @api.model
    def _after_record(self, number, event, facts):
        """Take a number for the contact's whose yes one of us has heard or read."""
        result = super()._after_record(number, event, facts)
        if event == consent.GRANTED and not self.env.user.share:
            record = self.env.get(facts.get("res_model"))
            partners = self.env["res.partner"]
            if record is not None and "partner_id" in record:
                partners = record.browse(facts.get("res_id")).sudo().partner_id
            elif record is not None and record._name == partners._name:
                partners = partners.browse(facts.get("res_id"))
            if partners:
                self.env["sms.number.claim"].sudo()._vouch(partners, [number])
        return result


class SmsConsent(models.Model):
    """A consent that has run out says nothing of whose the number is."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        """Have numbers confirmed anew whose consent has expired."""
        result = super()._after_answers(change)
        if expired := change.get_numbers(consent.EXPIRED):
            self.env["sms.number.claim"].sudo()._reopen(expired)
        return result
