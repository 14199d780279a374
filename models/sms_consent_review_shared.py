# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .sms_consent_review import OPEN


class SmsConsentReview(models.Model):
    """A doubtful text to a number by which several companies send: a review in each.

    The text lies in the company to which it came. The others read its words, and
    nothing of the contact and the ticket that it has there.
    """

    _inherit = "sms.consent.review"

    partner_id = fields.Many2one("res.partner", "Contact", compute="_compute_of_text")
    ticket_id = fields.Many2one("helpdesk.ticket", compute="_compute_of_text")

    @api.depends("inbound_id", "company_id")
    def _compute_of_text(self):
        for review in self:
            text_sudo = review.sudo()._get_own_text()
            review.partner_id = text_sudo.partner_id
            review.ticket_id = text_sudo.ticket_id

    def _get_own_text(self):
        """Return the text if it came to the review's company, else none."""
        self.ensure_one()
        text = self.inbound_id
        return text if text.company_id == self.company_id else text.browse()

    def _find_twins(self):
        """Return what is open of these texts in all companies, in sudo."""
        self_sudo = self.sudo()
        return self_sudo.search(
            [
                ("state", "=", OPEN),
                "|",
                ("id", "in", self.ids),
                ("inbound_id", "in", self_sudo.inbound_id.ids),
            ]
        )
