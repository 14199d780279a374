# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsComposer(models.TransientModel):
    """Keeps lists of people and typed numbers to who may text them.

    What is posted on one record is asked for where it is posted (``mail.thread``), so
    that it holds for every way there.
    """

    _inherit = "sms.composer"

    def _check_sms_rights(self):
        """Refuse typed numbers and long lists to who has no right to them.

        :raises AccessError: without the right to text any number, or so many people
        :raises UserError: over the user's daily limit
        """
        company = self._get_sms_company()
        records = self._get_records()
        is_posted = isinstance(records, self.pool["mail.thread"])
        is_typed = self.composition_mode == "numbers" or not is_posted
        if not self._has_sms_limits(company, records) or self._is_own_mailing():
            return
        user = self.env.user
        if is_typed and self.composition_mode != "mass":
            user._check_may_text_any_number(company)
            user._check_may_text_many(company, self._count_typed_numbers())
        elif self.composition_mode == "mass" or len(records) > 1:
            user._check_may_text_many(company, len(records))
            if self.res_model == "helpdesk.ticket":
                records._check_sms_team_limit()

    def _has_sms_limits(self, company, records):
        """Tell if the limits of whoever texts hold for these records."""
        thread = self.env["mail.thread"]
        is_thread = isinstance(records, self.pool["mail.thread"])
        return (records if is_thread else thread)._has_sms_limits(company)

    def _is_own_mailing(self):
        """Tell if the list is a mailing's: its app has groups and counts of its own."""
        group = "mass_mailing.group_mass_mailing_user"
        is_mailing = "mailing_id" in self._fields and self.mailing_id
        return bool(is_mailing) and self.env.user.has_group(group)

    def _count_typed_numbers(self):
        """Return how many numbers were typed."""
        return len((self.sanitized_numbers or "-").split(","))
