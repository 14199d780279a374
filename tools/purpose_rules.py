# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Purposes of messages, proofs that they accept, and the law on offers.

A purpose decides which consent is asked for, so nothing that a client says may choose
one: what made a message is told by our own code alone (:class:`MessageSource`).
"""

from datetime import date
from typing import NamedTuple

#: Levels of a rule, the most specific first.
ACTION, TEMPLATE, MODEL = LEVELS = ("action", "template", "model")

#: The app whose messages mailings are, on whatever records.
MAILING_MODEL = "mailing.mailing"


class MessageSource(NamedTuple):
    """A message's origin; our own code puts it into the context ``sms_source``.

    A client can send any text in a context, but none of this type.

    :param model_name: the model whose app made it, such as ``helpdesk.ticket``
    :param template_id: id of the ``sms.template`` that it was made out of, or 0
    :param action_id: id of the ``ir.actions.server`` that made it, or 0
    :param is_own_text: somebody has written another text over the template's
    :param automation_id: id of the ``sms.automation`` that made it, or 0
    :param is_urgent: it leaves before others
    :param asks_answer: what it wants of an answer (``dispatch.ANSWERS``), or empty
    :param fact: what must still be so of its ticket when it leaves, or empty
    """

    model_name: str = ""
    template_id: int = 0
    action_id: int = 0
    is_own_text: bool = False
    automation_id: int = 0
    is_urgent: bool = False
    fact: str = ""
    asks_answer: str = ""


def find_purpose(rules, source, company_id):
    """Return the purpose of what a source makes in a company.

    A server action comes before a template, and that before a model; of two rules for
    the same the company's own comes before that for all companies. A template whose
    text was written over says nothing: anybody can choose one and write what they like.

    :param dict rules: purpose ids by ``(level, id or model, company id or False)``
    :param MessageSource source: what made the message
    :return: a purpose's id, or None when no rule speaks of it
    """
    targets = {
        ACTION: source.action_id,
        TEMPLATE: 0 if source.is_own_text else source.template_id,
        MODEL: source.model_name,
    }
    keys = (
        (level, targets[level], of_company)
        for level in LEVELS
        if targets[level]
        for of_company in (company_id, False)
    )
    return next((rules[key] for key in keys if key in rules), None)


# Proofs of a consent: their kinds, and those that a purpose accepts.
#
# For offers, 47 CFR 64.1200(a)(2) and (f)(9) ask for prior express written consent: a
# signed agreement. By the E-SIGN Act (15 U.S.C. 7001) a web form, a text message and an
# e-mail are in writing; what was said on the phone or in person is not.

KINDS = ("web", "text", "paper", "written", "spoken")
WEB, TEXT, PAPER, WRITTEN, SPOKEN = KINDS

#: The kind of what was said in a way, as the ledger or other systems name it.
KIND_OF = {
    "web": WEB,
    "keyword": TEXT,
    "text": TEXT,
    "paper": PAPER,
    "written": WRITTEN,
    "phone": SPOKEN,
    "in_person": SPOKEN,
}


def is_proof_accepted(way, accepted):
    """Tell if a consent that was given in a way is a proof that a purpose accepts.

    What an import or another system has entered was judged when it came, by the way in
    which it was given there.

    :param str way: a method of the ledger, or one of ``import_rows.WAYS``
    :param accepted: those of :data:`KINDS` that the purpose accepts
    """
    kind = KIND_OF.get(way)
    return kind is None or kind in accepted


# What the law of the reader's country asks of an offer, whatever a company's policy.
#
# Opt-out is a policy for what other apps send. For offers most laws ask for consent: 47
# CFR 64.1200(a)(2) and (f)(9) (US), Directive 2002/58/EC art. 13 (EU), PECR reg. 22
# (UK), CASL s. 6 (Canada). The laws are data (``sms.consent.law``); silence of the
# table is no leave to text.

CONSENT, SENDER, ADDRESS, WAY_OUT, RECORDS = DUTIES = (
    *("consent", "sender", "address", "way_out", "records"),
)
#: Consent is to be in writing: what was only said is none.
IN_WRITING = "written"
#: Duties where no law is known.
ASSUMED = frozenset({CONSENT, IN_WRITING, SENDER, WAY_OUT, RECORDS})


class OfferLaw(NamedTuple):
    """A country's law on one duty of who sends offers by text.

    :param str country: ISO code
    :param bool is_required: the law asks for it
    :param effective_from: its first day, or None
    :param effective_to: its last day, or None
    :param str duty: one of :data:`DUTIES`
    :param bool is_written: the consent is to be in writing
    :param int keep_years: proof of it is kept for so long; 0: no time is set
    """

    country: str
    is_required: bool
    effective_from: date | None = None
    effective_to: date | None = None
    duty: str = CONSENT
    is_written: bool = True
    keep_years: int = 0

    def is_in_force(self, day):
        """Tell if it is the law on a day."""
        starts = self.effective_from or date.min
        return starts <= day <= (self.effective_to or date.max)

    def get_terms(self):
        """Return what it speaks of, and what of that it asks for: two sets."""
        spoken_of = {self.duty, *([IN_WRITING] if self.duty == CONSENT else ())}
        asked = {self.duty, *([IN_WRITING] if self.is_written else ())}
        return spoken_of, spoken_of & asked if self.is_required else set()


def find_years_to_keep(laws, day):
    """Return for how many years proof of consent is kept, by ISO code; the longest."""
    years = {}
    for law in laws:
        if law.duty == RECORDS and law.is_required and law.is_in_force(day):
            years[law.country] = max(law.keep_years, years.get(law.country, 0))
    return years


def find_duties(laws, countries, day):
    """Return the duties of who sends an offer to somebody, by the newest laws.

    Of several countries all count. Where no law is known those of :data:`ASSUMED`.

    :param countries: ISO codes of where they may be; none: nobody knows
    :return: frozenset of :data:`DUTIES` and :data:`IN_WRITING`
    """
    if not countries:
        return ASSUMED
    in_force = [it for it in laws if it.country in countries and it.is_in_force(day)]
    in_force.sort(key=lambda law: law.effective_from or date.min)
    duties = {country: set(ASSUMED) for country in countries}
    for law in in_force:
        spoken_of, asked = law.get_terms()
        duties[law.country] -= spoken_of
        duties[law.country] |= asked
    return frozenset().union(*duties.values())
