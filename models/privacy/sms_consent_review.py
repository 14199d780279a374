# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..inbound.sms_consent_review import OPEN


class SmsConsentReview(models.Model):
    """Erases the person from reviews, and keeps the decision."""

    _inherit = "sms.consent.review"
    _kept_since = "received_at"

    @api.model
    def _get_open_numbers(self, company):
        """Return the numbers under review, whose data retention must keep."""
        domain = Domain("company_id", "=", company.id) & Domain("state", "=", OPEN)
        return self.sudo().search(domain).mapped("number")

    @api.model
    def _get_overdue_domain(self, company, limits):
        overdue = super()._get_overdue_domain(company, limits)
        return overdue & Domain("state", "!=", OPEN)

    def _describe_personal(self):
        opened = self.filtered(lambda review: review.state == OPEN)
        return [
            (len(self), self.env._("Reviews of possible opt-outs")),
            (
                len(opened),
                self.env._("Of these reviews, not decided: they count as opt-outs"),
            ),
        ]

    def _forget(self):
        """Empty the rows; delete chatter and activities, which quote the text.

        All messages, since ``message_ids`` leaves out those of activities.
        """
        self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "in", self.ids)]
        ).unlink()
        self.with_context(active_test=False).activity_ids.unlink()
        silent = self.with_context(tracking_disable=True)
        silent.write(dict.fromkeys(("number", "body", "note", "reason"), False))
