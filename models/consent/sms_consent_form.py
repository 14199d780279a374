# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import models
from odoo.fields import Domain

from ...tools import consent, texts, web
from ...tools.consent import has_left
from ...tools.phone import BAD_COUNTRY, BAD_KIND, E164, has_extension, tidy

#: More is no phone number, whatever it is.
NUMBER_LIMIT = 40
#: Nothing was ticked on a page that takes nothing else.
NOT_TICKED = "not_ticked"
#: A field that people do not see and that programs fill in.
TRAP_FIELD = "website"
# Results of a form, which the portal says in words.
SAVED, AGREED, ASKED, NEW_NUMBER = ("saved", "agreed", "asked", "new_number")
BAD_NUMBER, NO_NUMBER, OUTDATED = ("bad_number", "no_number", "outdated")
EXTENSION = "extension"
REFUSALS = (BAD_NUMBER, EXTENSION, NO_NUMBER, OUTDATED, BAD_COUNTRY, BAD_KIND)


class Choice(NamedTuple):
    """A purpose as a form offers it: what was said of it, and the words to agree to.

    ``wording`` is empty where nobody has published any, or the purpose accepts no web
    form: then it cannot be agreed to.
    """

    purpose: models.BaseModel
    state: str
    is_sent: bool
    wording: models.BaseModel
    text: str

    @property
    def field(self):
        """Name of its checkbox, whose value is the id of the wording."""
        return f"sms_agree_{self.purpose.code}"

    @property
    def html(self):
        """The words, in which addresses can be followed."""
        return texts.link(self.text)

    @property
    def is_on(self):
        """True if the person has agreed."""
        return self.state == consent.OPTED_IN


class Trace(NamedTuple):
    """Origin of a form, for the evidence."""

    address: str
    device: str
    page: str


class SmsConsentForm(models.AbstractModel):
    """Serves web forms: the choices that they show, the yes and no that they take.

    A yes counts only with the wording that was in force when it was shown: the checkbox
    carries its id, the words that are recorded are rendered here and never taken from
    the form. All methods expect to run in ``sudo``: the person has no rights of a user,
    the page has made sure that they may speak for the number.
    """

    _name = "sms.consent.form"
    _description = "Consent by Web Form"

    # === Choices ===

    def _get_choices(self, company, number, purposes, lang=None):
        """Return the choices for a number.

        :param str number: E.164, or empty for a number that is not known yet
        :param purposes: ``sms.purpose``, in the order in which they are shown
        :return: list of :class:`Choice`
        """
        wordings, consents = self.env["sms.wording"], self.env["sms.consent"]
        accepting = purposes.filtered("accepts_web")
        published = wordings._get_published(company, accepting, lang)
        by_purpose = published.grouped("purpose_id")
        found = consents._get_found(company, number)
        unproven = consents._find_unproven(company, number)
        sent_states = [consent.OPTED_IN]
        if company.sms_consent_policy == consent.POLICY_OPT_OUT:
            sent_states += [consent.NONE, consent.PENDING]
        choices = []
        for purpose in purposes:
            state = consents._get_answer(found, purpose.id).state
            if purpose in unproven:
                state = consent.NONE
            wording = by_purpose.get(purpose, wordings)
            text = wording._render(company)
            choices.append(Choice(purpose, state, state in sent_states, wording, text))
        return choices

    def _read_choices(self, choices, form):
        """Return which of some choices a form has ticked.

        :return: ``(ticked, is_outdated)``: the choices that are agreed to, and whether
            one was ticked under a wording that is not in force any more
        """
        ticked = [choice for choice in choices if form.get(choice.field)]
        valid = [
            choice
            for choice in ticked
            if choice.wording and form[choice.field] == str(choice.wording.id)
        ]
        return valid, len(valid) < len(ticked)

    def _read_number(self, company, typed, country=None):
        """Return what a person has typed as E.164, or an empty text."""
        if not typed or len(typed) > NUMBER_LIMIT:
            return ""
        number = company._phone_format_number(typed, country or company.country_id)
        return number if number and E164.match(number) else ""

    def _explain_number(self, typed):
        """Return why what a person has typed cannot be read, of :data:`REFUSALS`."""
        return EXTENSION if has_extension(tidy(typed)) else BAD_NUMBER

    def _get_purposes(self, company, number):
        """Return what is shown to a number's owner: what customers are offered, and
        whatever else they have once said something about.
        """
        offered = self.env["sms.purpose"]._get_for_customers()
        found = self.env["sms.consent"]._get_found(company, number)
        answered = filter(None, found)
        return offered + (offered.browse(answered) - offered).sorted()

    # === Statements ===

    def _agree(self, company, number, choices, trace, **facts):
        """Enter a yes; what has been agreed to already is not entered again."""
        new = [choice for choice in choices if not choice.is_on]
        if new:
            facts = {**self._get_shown(new), **trace._asdict(), **facts}
            ledger = self.env["sms.consent.event"]
            ledger._record(company, number, consent.GRANTED, "web", **facts)

    def _stop(self, company, number, purposes, trace, **facts):
        """Enter a no to some purposes, or (None) to everything; nothing is texted."""
        found = self.env["sms.consent"]._get_found(company, number)
        if purposes is not None:
            purposes = purposes.filtered(lambda it: not self._is_lasting(found, it.id))
        is_new = bool(purposes) if purposes is not None else not self._is_lasting(found)
        if is_new:
            facts = {**trace._asdict(), **facts}
            ledger = self.env["sms.consent.event"]
            ledger._record(company, number, consent.REVOKED, "web", purposes, **facts)

    def _is_lasting(self, found, purpose_id=False):
        """Return whether a no stands, to a purpose or to all, which no START takes back.

        What was said by text before does not count: said here again, it lasts. Nor does
        a no to everything count where the person has agreed to something since.
        """
        answer = self.env["sms.consent"]._get_answer(found, purpose_id)
        stands = answer.state == consent.OPTED_OUT if purpose_id else has_left(found)
        said = [found[key] for key in {purpose_id, False} & found.keys()]
        stops = [it.event_id for it in said if it.state == consent.OPTED_OUT]
        ways = self.env["sms.consent.event"].sudo().browse(stops).mapped("method")
        return stands and any(way not in consent.BY_TEXT for way in ways)

    def _request(self, company, number, choices, trace, **facts):
        """Have a number that nobody has proven confirm a yes by text; return events."""
        is_over = self.env["sms.rate.limit"]._is_over
        if self._is_asking_too_much(trace) or is_over(
            "join_company_question", str(company.id)
        ):
            return self.env["sms.consent.event"]
        facts = {**self._get_shown(choices), **trace._asdict(), **facts}
        return self.env["sms.opt.in"]._ask_on_web(company, number, **facts)

    def _is_asking_too_much(self, trace):
        """Count a number that somebody has typed; tell if they have typed too many.

        Counted by address, and by login where there is one: on the same counters for
        every form.
        """
        limits = self.env["sms.rate.limit"]
        if limits._is_over("join_visitor_question", web.visitor(trace.address)):
            return True
        user = self.env.user
        return not user._is_public() and limits._is_over(
            "portal_user_question", str(user.id)
        )

    def _refuse_number(self, company, number, trace):
        """Return why no form of a company takes a number, or an empty text.

        What is refused counts as what is asked does.

        :return: one of ``tools.phone``, or empty
        """
        refusal = company._find_sms_form_refusal(number)
        if refusal:
            self._is_asking_too_much(trace)
        return refusal

    def _get_shown(self, choices):
        """Return what the ledger keeps of some choices: purposes and their words."""
        return {
            "purposes": self.env["sms.purpose"].union(*(c.purpose for c in choices)),
            "wordings": self.env["sms.wording"].union(*(c.wording for c in choices)),
            "wording": "\n\n".join(choice.text for choice in choices),
        }

    def _get_trace(self, address, device, page):
        return Trace(texts.clip(address, 64), texts.clip(device, 400), page)

    # === Public page to join ===

    # Anybody can type any number, so the number is asked.

    def _get_join_choices(self, company):
        purposes = self.env["sms.purpose"]._get_for_customers()
        choices = self._get_choices(company, "", purposes)
        return [choice for choice in choices if choice.wording]

    def _take_join(self, company, form, trace):
        """Ask the number on a form to confirm by text, if it may be asked.

        :return: what the person can put right, or empty, whether or not the number is
            asked
        """
        if form.get(TRAP_FIELD):
            return ""
        choices = self._get_join_choices(company)
        ticked, is_outdated = self._read_choices(choices, form)
        typed = texts.clip(form.get("phone"), NUMBER_LIMIT + 1).strip()
        number = self._read_number(company, typed)
        if not number:
            return self._explain_number(typed) if typed else NO_NUMBER
        if is_outdated or not ticked:
            return OUTDATED if is_outdated else NOT_TICKED
        refusal = self._refuse_number(company, number, trace)
        if not refusal:
            self._request(company, number, ticked, trace)
        return refusal

    # === Customer portal ===

    # A login stands for a contact, and proves no number. What it ticks is a request
    # until the number has answered YES (``sms.number.claim``).

    def _get_portal_choices(self, company, partner, purposes):
        """Return the choices for the contact's own number.

        Nothing is shown of what was said where the login has typed the number and not
        confirmed it, or where it is another contact's too.
        """
        number = partner.phone_sanitized or ""
        is_own = self._is_own(company, number, partner)
        return self._get_choices(company, number if is_own else "", purposes)

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
            refusal = self._explain_number(typed)
        elif is_outdated:
            refusal = OUTDATED
        elif ticked and not number:
            refusal = NO_NUMBER
        elif ticked or number not in ("", partner.phone_sanitized):
            refusal = self._refuse_number(company, number, trace)
        return number, ticked, refusal

    def _take_ticket(self, company, partner, form, trace):
        """Take what the form of a new ticket says of texts about tickets."""
        purpose = self.env["sms.purpose"]._get("ticket")
        choices = self._get_choices(company, "", purpose)
        number, ticked, refusal = self._read_portal_form(
            company, partner, choices, form, trace
        )
        if refusal or not ticked:
            return refusal or SAVED
        return self._agree_in_portal(company, number, partner, ticked, trace)

    def _take_account(self, company, partner, form, trace):
        """Take what the account page says: a yes, a no, a new number.

        A box that was shown ticked says nothing new while it is left so, and nothing
        at all of another number; un-ticked it is an opt-out.
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
            ended = purposes.browse().union(*(choice.purpose for choice in dropped))
            self._stop(company, own, ended, trace, **self._get_portal_facts(partner))
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

    def _get_portal_facts(self, partner):
        return {"name": partner.name, "res_model": partner._name, "res_id": partner.id}

    def _is_own(self, company, number, partner):
        """Return whether a number counts as a contact's: it was confirmed, or we entered it.

        A customer can type any number, and must not see what its owner has said.

        :param str number: E.164, may be empty
        :param partner: ``res.partner`` of the login
        """
        claims = self.env["sms.number.claim"]
        if not number or claims._is_confirmed(partner, number):
            return bool(number)
        is_entered = number == partner.phone_sanitized
        if not is_entered or claims._is_unproven(partner, number):
            return False
        anothers = Domain("phone_sanitized", "=", number)
        anothers &= Domain("company_id", "in", [False, company.id])
        anothers &= ~Domain("id", "child_of", partner.commercial_partner_id.id)
        return not self.env["res.partner"].search_count(anothers, limit=1)

    def _agree_in_portal(self, company, number, partner, choices, trace):
        """Take a yes of a logged-in customer, or have an unproven number confirm it.

        Of a number that is the contact's by our own word a yes that stands says nothing
        new, and is not asked about.
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
