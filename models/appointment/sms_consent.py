# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

from ...tools import consent


class SmsConsent(models.Model):
    """What is planned about appointments follows the ledger."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        result = super()._after_answers(change)
        numbers = change.get_numbers()
        known = numbers and self._find_reminded(change.company, numbers)
        if known:
            self._follow_appointments(change.company, known)
        return result

    @api.model
    def _find_reminded(self, company, numbers):
        """Return those numbers about which reminders are planned, or were until a no.

        :param numbers: E.164
        """
        self.env["sms.reminder"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT partner.phone_sanitized
                  FROM res_partner partner
                  JOIN sms_reminder row ON row.partner_id = partner.id
                 WHERE partner.phone_sanitized = ANY(%s) AND row.company_id = %s
                   AND (row.state = 'planned' OR row.reason = 'opted_out')
                """,
                list(numbers),
                company.id,
            )
        )
        return [number for (number,) in rows]

    @api.model
    def _follow_appointments(self, company, numbers):
        """Bring what is planned for some numbers in line with what they have said."""
        rules = self.env["sms.purpose.rule"].sudo()
        purpose = rules._find_for_model(company, "calendar.event")
        found = self._get_answers([company.id] * len(numbers), numbers)
        left = {
            number
            for number in numbers
            if self._get_answer(found.get((company.id, number), {}), purpose.id).state
            == consent.OPTED_OUT
        }
        reminders_sudo = self.env["sms.reminder"].sudo()
        if left:
            reminders_sudo._cancel_for_numbers(company, left)
        if back := set(numbers) - left:
            reminders_sudo._restore_for_numbers(company, back)
