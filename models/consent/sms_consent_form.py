# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import models
from odoo.fields import Domain

from ...tools import consent, texts, web
from ...tools.consent import has_left
from ...tools.phone import BAD_COUNTRY, BAD_KIND, E164, has_extension, tidy
from ..inbound.sms_consent_review import CONVERSATION

#: Longest input that can be a phone number.
NUMBER_LIMIT = 40
#: Result: nothing was ticked on a form that needs it.
NOT_TICKED = "not_ticked"
#: Honeypot: a hidden field that only bots fill in.
TRAP_FIELD = "website"
# Results of a form, which the portal shows in words.
SAVED, AGREED, ASKED, NEW_NUMBER = ("saved", "agreed", "asked", "new_number")
BAD_NUMBER, NO_NUMBER, OUTDATED = ("bad_number", "no_number", "outdated")
EXTENSION = "extension"
REFUSALS = (BAD_NUMBER, EXTENSION, NO_NUMBER, OUTDATED, BAD_COUNTRY, BAD_KIND)


class Choice(NamedTuple):
    """A purpose offered by a form, with its current state and the words to agree to.

    ``wording`` is empty if none is published, or the purpose accepts no web forms; then
    it cannot be agreed to.
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
        """The words as HTML, with links."""
        return texts.link(self.text)

    @property
    def is_on(self):
        """Whether the person has agreed."""
        return self.state == consent.OPTED_IN


class SmsConsentForm(models.AbstractModel):
    """Serves web forms: the choices to show, and the opt-ins and opt-outs they submit.

    An opt-in counts only under the wording in force: the checkbox carries its id, and
    the recorded words are rendered here, never taken from the form. All methods must
    run in ``sudo``: the person has no user rights, and the page has verified that they
    may speak for the number.
    """

    _name = "sms.consent.form"
    _description = "Consent by Web Form"

    # === Choices ===

    def _get_choices(self, company, number, purposes=None, lang=None):
        """Return the choices for a number.

        :param str number: E.164, or empty for a number that is not known yet
        :param purposes: ``sms.purpose``, in their order; default: :meth:`_get_purposes`
        :return: list of :class:`Choice`
        """
        if purposes is None:
            purposes = self._get_purposes(company, number)
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
        """Return which choices a form has ticked.

        :return: ``(ticked, is_outdated)``: the choices agreed to, and whether one was
            ticked under a wording that is no longer in force
        """
        ticked = [c for c in choices if form.get(c.field)]
        valid = [c for c in ticked if c.wording and form[c.field] == str(c.wording.id)]
        return valid, len(valid) < len(ticked)

    def _read_number(self, company, typed, country=None):
        """Return a typed number as E.164, or an empty string if it is invalid."""
        if not typed or len(typed) > NUMBER_LIMIT:
            return ""
        number = company._phone_format_number(typed, country or company.country_id)
        return number if number and E164.match(number) else ""

    def _explain_number(self, typed):
        """Return why a typed number cannot be read, one of :data:`REFUSALS`."""
        return EXTENSION if has_extension(tidy(typed)) else BAD_NUMBER

    def _get_purposes(self, company, number):
        """Return the purposes to show to a number's owner.

        Those offered to customers, then others that they have made a statement about.
        """
        offered = self.env["sms.purpose"]._get_for_customers()
        found = self.env["sms.consent"]._get_found(company, number)
        return offered + (offered.browse(filter(None, found)) - offered).sorted()

    # === Statements ===

    def _agree(self, company, number, choices, trace, **facts):
        """Record an opt-in to choices that are not agreed to already.

        It decides open reviews: the person has been explicit since.
        """
        if new := [choice for choice in choices if not choice.is_on]:
            facts = {**self._get_shown(new), **trace, **facts}
            ledger = self.env["sms.consent.event"]
            ledger._record(company, number, consent.GRANTED, "web", **facts)
            reviews = self.env["sms.consent.review"]
            reviews._find_open(company, number)._close(CONVERSATION)

    def _stop(self, company, number, purposes, trace, **facts):
        """Record an opt-out from purposes, or (None) from everything; send no text."""
        found = self.env["sms.consent"]._get_found(company, number)
        if purposes is not None:
            purposes = purposes.filtered(lambda it: not self._is_lasting(found, it.id))
        is_new = bool(purposes) if purposes is not None else not self._is_lasting(found)
        if is_new:
            subject = (company, number, consent.REVOKED, "web", purposes)
            self.env["sms.consent.event"]._record(*subject, **trace, **facts)

    def _is_lasting(self, found, purpose_id=False):
        """Return whether an opt-out stands that a START cannot undo.

        Opt-outs by text do not count: repeated here, they become lasting. Nor does an
        opt-out from everything after which the person has agreed to something.

        :param purpose_id: id of a ``sms.purpose``; False: everything
        """
        answer = self.env["sms.consent"]._get_answer(found, purpose_id)
        stands = answer.state == consent.OPTED_OUT if purpose_id else has_left(found)
        said = [found[key] for key in {purpose_id, False} & found.keys()]
        stops = [it.event_id for it in said if it.state == consent.OPTED_OUT]
        ways = self.env["sms.consent.event"].sudo().browse(stops).mapped("method")
        return stands and any(way not in consent.BY_TEXT for way in ways)

    def _request(self, company, number, choices, trace, **facts):
        """Ask an unconfirmed number to confirm an opt-in by text; return the events."""
        if self._is_asking_too_much(trace) or self.env["sms.rate.limit"]._is_over(
            "join_company_question", str(company.id)
        ):
            return self.env["sms.consent.event"]
        shown, opt_in = self._get_shown(choices), self.env["sms.opt.in"]
        return opt_in._ask_on_web(company, number, **shown, **trace, **facts)

    def _is_asking_too_much(self, trace):
        """Count a typed number; return whether the visitor has typed too many.

        Counted by IP address and, if logged in, by user, with the same counters for all
        forms.
        """
        limits = self.env["sms.rate.limit"]
        if limits._is_over("join_visitor_question", web.visitor(trace["address"])):
            return True
        user, scope = self.env.user, "portal_user_question"
        return not user._is_public() and limits._is_over(scope, str(user.id))

    def _refuse_number(self, company, number, trace):
        """Return why a company's forms refuse a number, or an empty string.

        Refused numbers count towards the visitor's limit like asked ones.

        :return: a refusal of ``tools.phone``, or empty
        """
        if refusal := company._find_sms_form_refusal(number):
            self._is_asking_too_much(trace)
        return refusal

    def _get_shown(self, choices):
        """Return the evidence of choices for the ledger: purposes and their words."""
        return {
            "purposes": self.env["sms.purpose"].union(*(c.purpose for c in choices)),
            "wordings": self.env["sms.wording"].union(*(c.wording for c in choices)),
            "wording": "\n\n".join(choice.text for choice in choices),
        }

    def _get_trace(self, address, device, page):
        """Return the origin of a form, for the evidence."""
        address, device = texts.clip(address, 64), texts.clip(device, 400)
        return {"address": address, "device": device, "page": page}

    # === Public page to join ===

    # Anybody can type any number, so the number must confirm.

    def _get_join_choices(self, company):
        purposes = self.env["sms.purpose"]._get_for_customers()
        choices = self._get_choices(company, "", purposes.filtered("accepts_text"))
        return [choice for choice in choices if choice.wording]

    def _take_join(self, company, form, trace):
        """Ask the number on a form to confirm by text, if it may be asked.

        :return: what the person can correct, or empty, which does not reveal whether
            the number is asked
        """
        if form.get(TRAP_FIELD):
            return ""
        ticked, is_outdated = self._read_choices(self._get_join_choices(company), form)
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

    # A login identifies a contact, but proves no number. What it ticks is a request
    # until the number has answered YES (``sms.number.claim``).

    def _get_portal_choices(self, company, partner, purposes=None, number=None):
        """Return the choices for a number, by default the contact's present one.

        The current answers are hidden if the user has typed the number without
        confirming it, or if another contact has it too.
        """
        number = number or partner.phone_sanitized
        is_own = self._is_own(company, number, partner)
        return self._get_choices(company, number if is_own else "", purposes)

    def _read_portal_form(self, company, partner, choices, form, trace):
        """Read the number and the ticked choices of a portal form.

        The contact's present number is not checked if nothing is ticked for it: it may
        be a landline, or have an extension.

        :param dict form: the posted values, ``sms_phone`` and the choices' fields
        :return: ``(number, ticked, refusal)``: E.164 or empty, the choices agreed to,
            and one of :data:`REFUSALS` or empty
        """
        typed = texts.clip(form.get("sms_phone"), NUMBER_LIMIT + 1).strip()
        number = self._read_number(company, typed, partner.country_id)
        ticked, is_outdated = self._read_choices(choices, form)
        is_new = typed != (partner.phone or "").strip()
        refusal = ""
        if typed and not number and (ticked or is_new):
            refusal = self._explain_number(typed)
        elif is_outdated:
            refusal = OUTDATED
        elif ticked and not number:
            refusal = NO_NUMBER
        elif ticked or number not in ("", partner.phone_sanitized):
            refusal = self._refuse_number(company, number, trace)
        return number, ticked, refusal

    def _take_ticket(self, company, partner, form, trace):
        """Process the consent on the form of a new ticket; return a result code."""
        choices = self._get_choices(company, "", self.env["sms.purpose"]._get("ticket"))
        found = self._read_portal_form(company, partner, choices, form, trace)
        number, ticked, refusal = found
        if refusal or not ticked:
            return refusal or SAVED
        return self._agree_in_portal(company, number, partner, ticked, trace)

    def _take_account(self, company, partner, form, trace):
        """Process the account page: opt-ins, opt-outs, a new number.

        A box that was shown ticked and left so says nothing new, and nothing about a
        new number; unticked, it is an opt-out.

        :return: code of the result
        """
        own = partner.phone_sanitized or ""
        choices = self._get_portal_choices(company, partner)
        shown = [c for c in choices if form.get(f"sms_shown_{c.purpose.code}")]
        fresh = [choice for choice in choices if choice not in shown]
        # A no counts, even if the rest of the form is refused.
        if dropped := [c for c in shown if c.is_on and not form.get(c.field)]:
            ended = self.env["sms.purpose"].union(*(it.purpose for it in dropped))
            self._stop(company, own, ended, trace, **self._get_portal_facts(partner))
        found = self._read_portal_form(company, partner, fresh, form, trace)
        number, ticked, refusal = found
        if refusal:
            return refusal
        # Not the number of an old page, which has been replaced since.
        is_new = bool(number) and number != own
        is_new &= form.get("sms_phone") != form.get("sms_present")
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
        """Return whether a number counts as a contact's: confirmed, or entered by us.

        A customer can type any number, and must not see what its owner has said.

        :param str number: E.164, may be empty
        :param partner: ``res.partner`` of the portal user
        """
        claims = self.env["sms.number.claim"]
        if not number or claims._is_confirmed(partner, number):
            return bool(number)
        if number != partner.phone_sanitized or claims._is_unproven(partner, number):
            return False
        anothers = Domain("phone_sanitized", "=", number)
        anothers &= Domain("company_id", "in", [False, company.id])
        anothers &= ~Domain("id", "child_of", partner.commercial_partner_id.id)
        return not self.env["res.partner"].search_count(anothers, limit=1)

    def _agree_in_portal(self, company, number, partner, choices, trace):
        """Record a portal user's opt-in, or ask an unconfirmed number to confirm it.

        If we entered the number ourselves, an opt-in that already stands is not asked
        about again.

        :return: :data:`AGREED` or :data:`ASKED`
        """
        purposes = self.env["sms.purpose"].union(*(c.purpose for c in choices))
        facts = self._get_portal_facts(partner)
        claims = self.env["sms.number.claim"]
        known = self._get_portal_choices(company, partner, purposes, number)
        if claims._is_confirmed(partner, number) or all(it.is_on for it in known):
            self._agree(company, number, known, trace, **facts)
            return AGREED
        is_typed = number != partner.phone_sanitized
        claim = claims._note(company, partner, number, is_typed)
        asked = self._request(company, number, choices, trace, is_login=True, **facts)
        if asked:
            claim.question_id = asked[:1].sudo().evidence_id
        return ASKED
