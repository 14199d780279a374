# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ...tools import consent
from .sms_reminder import CANCELLED, PLANNED


class SmsConsent(models.Model):
    """Makes planned texts about appointments follow the ledger."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        """Cancel planned texts upon an opt-out; restore them upon an opt-in."""
        result = super()._after_answers(change)
        rows_sudo = self.env["sms.reminder"].sudo()
        rows_sudo = rows_sudo.browse(change.followers.get("reminders", ()))
        if rows_sudo:
            known = set(rows_sudo.partner_id.mapped("phone_sanitized"))
            left = self._find_left_appointments(change.company, known)
            gone_sudo = rows_sudo.filtered(
                lambda it: it.partner_id.phone_sanitized in left
            )
            planned_sudo = gone_sudo.filtered(lambda row: row.state == PLANNED)
            planned_sudo.write({"state": CANCELLED, "reason": "opted_out"})
            events_sudo = (rows_sudo - gone_sudo).event_id
            events_sudo.with_context(dont_notify=True)._touch_sms_reminders()
        return result

    @api.model
    def _get_follower_queries(self, change):
        queries = super()._get_follower_queries(change)
        if numbers := change.get_numbers():
            domain = Domain("state", "=", PLANNED) | Domain("reason", "=", "opted_out")
            domain &= Domain("company_id", "=", change.company.id)
            domain &= Domain("partner_id.phone_sanitized", "in", list(numbers))
            queries["reminders"] = self.env["sms.reminder"].sudo()._search(domain)
        return queries

    @api.model
    def _find_left_appointments(self, company, numbers):
        """Return the numbers (E.164) that have opted out of texts on appointments."""
        rules_sudo = self.env["sms.purpose.rule"].sudo()
        purpose = rules_sudo._find_for_model(company, "calendar.event")
        answers = self._get_answers([company.id], numbers)
        return {
            number
            for (_company_id, number), found in answers.items()
            if self._get_answer(found, purpose.id).state == consent.OPTED_OUT
        }
