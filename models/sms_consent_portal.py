# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..tools import texts
from ..tools.phone import BAD_COUNTRY, BAD_KIND
from .sms_consent_form import NUMBER_LIMIT

# What came of a form: the portal says it in words.
SAVED, AGREED, ASKED, NEW_NUMBER = ("saved", "agreed", "asked", "new_number")
BAD_NUMBER, NO_NUMBER, OUTDATED = ("bad_number", "no_number", "outdated")
REFUSALS = (BAD_NUMBER, NO_NUMBER, OUTDATED, BAD_COUNTRY, BAD_KIND)


class SmsConsentForm(models.AbstractModel):
    """The forms of the customer portal, where a login stands for a contact.

    A login proves no number. What it ticks is a request until the number has answered
    YES to a question that was asked for it (``sms.number.claim``).
    """

    _inherit = "sms.consent.form"

    @api.model
    def _get_portal_choices(self, company, partner, purposes):
        """Return the choices for the contact's own number.

        Nothing is shown of what was said where the login has typed the number and not
        confirmed it, or where it is another contact's too.
        """
        number = partner.phone_sanitized or ""
        if not self._is_own(company, number, partner):
            number = ""
        return self._get_choices(company, number, purposes)

    @api.model
    def _read_portal_form(self, company, partner, choices, form, trace):
        """Read number and ticks of a portal form.

        A number that the contact has anyway, and that nothing is ticked for, is not
        asked about: it may be a landline.

        :param dict form: the posted values, ``sms_phone`` and the choices' fields
        :return: ``(number, ticked, refusal)``: E.164 or empty, the choices that are
            agreed to, and one of :data:`REFUSALS` or empty
        """
        typed = texts.clip(form.get("sms_phone"), NUMBER_LIMIT + 1).strip()
        number = self._read_number(company, typed, partner.country_id)
        ticked, is_outdated = self._read_choices(choices, form)
        refusal = ""
        if typed and not number:
            refusal = BAD_NUMBER
        elif is_outdated:
            refusal = OUTDATED
        elif ticked and not number:
            refusal = NO_NUMBER
        elif ticked or number not in ("", partner.phone_sanitized):
            refusal = self._refuse_number(company, number, trace)
        return number, ticked, refusal

    @api.model
    def _take_ticket(self, company, partner, form, trace):
        """Take what the form of a new ticket says of texts about tickets.

        :return: one of :data:`REFUSALS`: nothing is done; else :data:`SAVED`, or what
            came of the yes
        :rtype: str
        """
        purpose = self.env["sms.purpose"]._get("ticket")
        choices = self._get_choices(company, "", purpose)
        number, ticked, refusal = self._read_portal_form(
            company, partner, choices, form, trace
        )
        if refusal or not ticked:
            return refusal or SAVED
        return self._agree_in_portal(company, number, partner, ticked, trace)

    @api.model
    def _take_account(self, company, partner, form, trace):
        """Take what the account page says: a yes, a no, a new number.

        A box that was shown ticked says nothing new while it is left so, and nothing
        at all of another number; un-ticked it is an opt-out.

        :return: as for :meth:`_take_ticket`, or :data:`NEW_NUMBER`: what was agreed to
            was agreed to for the old one
        :rtype: str
        """
        own = partner.phone_sanitized or ""
        purposes = self.env["sms.purpose"]._get_for_customers()
        choices = self._get_portal_choices(company, partner, purposes)
        shown = [c for c in choices if form.get(f"sms_shown_{c.purpose.code}")]
        fresh = [choice for choice in choices if choice not in shown]
        number, ticked, refusal = self._read_portal_form(
            company, partner, fresh, form, trace
        )
        if refusal:
            return refusal
        dropped = [c for c in shown if c.is_on and not form.get(c.field)]
        if dropped:
            self._stop(
                company,
                own,
                purposes.browse().union(*(choice.purpose for choice in dropped)),
                trace,
                **self._get_portal_facts(partner),
            )
        is_new = bool(number) and number != own
        if is_new:
            partner.phone = company._phone_format_number(
                number, company.country_id, force_format="INTERNATIONAL"
            )
        result = SAVED
        if ticked:
            result = self._agree_in_portal(company, number, partner, ticked, trace)
        is_left = any(choice not in dropped for choice in shown)
        return NEW_NUMBER if is_new and is_left else result

    @api.model
    def _get_portal_facts(self, partner):
        """Return the evidence that a login is."""
        return {"name": partner.name, "res_model": partner._name, "res_id": partner.id}

    # ------------------------------------------------------------------
    # Whose number it is
    # ------------------------------------------------------------------

    @api.model
    def _is_anothers(self, company, number, partner):
        """Tell if a number is that of another contact than the one who is logged in.

        A customer can type any number, and must not see what its owner has said.

        :param partner: ``res.partner`` of the login
        """
        domain = Domain("phone_sanitized", "=", number)
        domain &= Domain("company_id", "in", [False, company.id])
        domain &= ~Domain("id", "child_of", partner.commercial_partner_id.id)
        return bool(self.env["res.partner"].search_count(domain, limit=1))

    @api.model
    def _is_own(self, company, number, partner):
        """Tell if a number counts as a contact's: it was confirmed, or we entered it.

        :param str number: E.164, may be empty
        :param partner: ``res.partner`` of the login
        """
        claims = self.env["sms.number.claim"]
        if not number or claims._is_confirmed(partner, number):
            return bool(number)
        is_entered = number == partner.phone_sanitized
        return (
            is_entered
            and not claims._is_unproven(partner, number)
            and not self._is_anothers(company, number, partner)
        )

    @api.model
    def _agree_in_portal(self, company, number, partner, choices, trace):
        """Take a yes of a logged-in customer, or have an unproven number confirm it.

        Of a number that is the contact's by our own word a yes that stands says nothing
        new, and is not asked about.

        :param partner: ``res.partner`` of the login
        :return: :data:`AGREED` or :data:`ASKED`
        :rtype: str
        """
        purposes = self.env["sms.purpose"].union(*(c.purpose for c in choices))
        facts = self._get_portal_facts(partner)
        claims = self.env["sms.number.claim"]
        is_own = self._is_own(company, number, partner)
        known = self._get_choices(company, number if is_own else "", purposes)
        if claims._is_confirmed(partner, number) or all(it.is_on for it in known):
            self._agree(company, number, known, trace, **facts)
            return AGREED
        is_typed = number != partner.phone_sanitized
        claim = claims._note(company, partner, number, is_typed)
        asked = self._request(company, number, choices, trace, is_login=True, **facts)
        claim._note_question(asked)
        return ASKED
