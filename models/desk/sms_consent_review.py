# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ...tools import TICKET_MODEL
from .helpdesk_ticket_thread import REVIEW


class SmsConsentReview(models.Model):
    """Shows reviews of possible opt-outs on open conversations."""

    _inherit = "sms.consent.review"

    @api.model_create_multi
    def create(self, vals_list):
        """Notify the conversations of the numbers."""
        reviews = super().create(vals_list)
        reviews._notify_desks()
        return reviews

    def write(self, vals):
        """Notify the conversations of the numbers when a review is decided."""
        result = super().write(vals)
        if "state" in vals:
            self._notify_desks()
        return result

    def _notify_desks(self):
        text_ids = {}
        for review in self.sudo():
            key = review.company_id.id, review.number
            text_ids.setdefault(key, []).append(f"{REVIEW}-{review.id}")
        self.env[TICKET_MODEL]._notify_sms_number_desks(text_ids)
