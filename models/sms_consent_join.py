# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import texts
from .sms_consent_form import NUMBER_LIMIT
from .sms_consent_portal import BAD_NUMBER, NO_NUMBER, OUTDATED

#: Nothing was ticked on a page that takes nothing else.
NOT_TICKED = "not_ticked"

#: A field that people do not see and that programs fill in.
TRAP_FIELD = "website"


class SmsConsentForm(models.AbstractModel):
    """The public page to join: anybody can type any number, so the number is asked."""

    _inherit = "sms.consent.form"

    @api.model
    def _get_join_choices(self, company):
        """Return what can be joined on the page, of no number in particular."""
        purposes = self.env["sms.purpose"]._get_for_customers()
        choices = self._get_choices(company, "", purposes)
        return [choice for choice in choices if choice.wording]

    @api.model
    def _take_join(self, company, form, trace):
        """Ask the number on a form to confirm by text, if it may be asked.

        :param dict form: the posted values
        :return: what the person can put right, or empty, whether or not the number is
            asked
        :rtype: str
        """
        if form.get(TRAP_FIELD):
            return ""
        choices = self._get_join_choices(company)
        ticked, is_outdated = self._read_choices(choices, form)
        typed = texts.clip(form.get("phone"), NUMBER_LIMIT + 1).strip()
        number = self._read_number(company, typed)
        if not number:
            return BAD_NUMBER if typed else NO_NUMBER
        if is_outdated or not ticked:
            return OUTDATED if is_outdated else NOT_TICKED
        refusal = self._refuse_number(company, number, trace)
        if not refusal:
            self._request(company, number, ticked, trace)
        return refusal
