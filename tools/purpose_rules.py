# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Purposes of messages, the proofs of consent that they accept, and the law on offers.

A purpose decides which consent is required, so no client may choose it: only our own
code says what created a message (:class:`MessageSource`).
"""

from datetime import date
from typing import NamedTuple

from .quiet_hours import Rule

#: Levels of a rule, the most specific first.
ACTION, TEMPLATE, MODEL = LEVELS = ("action", "template", "model")

#: The model of mailings, which stands for their app on any records.
MAILING_MODEL = "mailing.mailing"


class MessageSource(NamedTuple):
    """A message's origin; our own code puts it into the context as ``sms_source``.

    A client can put any JSON into a context, but no object of this type.

    :param model_name: the model whose app created it, such as ``helpdesk.ticket``
    :param template_id: id of the ``sms.template`` that it was created from, or 0
    :param action_id: id of the ``ir.actions.server`` that created it, or 0
    :param is_own_text: somebody has replaced the template's text
    :param automation_id: id of the ``sms.automation`` that created it, or 0
    :param is_urgent: it leaves before others
    :param asks_answer: one of ``dispatch.ANSWERS``, or empty if it wants no answer
    :param fact: what must still be true of its ticket when it leaves, or empty
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
    """Return the purpose of a message in a company by its source.

    A rule for a server action comes before one for a template, and that before one for
    a model; of two for the same target, the company's own comes before that for all
    companies. A template whose text was replaced does not count: anybody can choose one
    and write whatever they like.

    :param dict rules: purpose ids by ``(level, id or model, company id or False)``
    :param MessageSource source: what created the message
    :return: a purpose's id, or None if no rule applies
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


# Proofs of consent: their kinds, and which of them a purpose accepts.
#
# For offers, 47 CFR 64.1200(a)(2) and (f)(9) ask for prior express written consent: a
# signed agreement. By the E-SIGN Act (15 U.S.C. 7001) a web form, a text message and an
# e-mail are in writing; what was said on the phone or in person is not.

KINDS = ("web", "text", "paper", "written", "spoken")
WEB, TEXT, PAPER, WRITTEN, SPOKEN = KINDS

#: Kind of proof by the method of consent, as the ledger or other systems name it.
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
    """Tell if a purpose accepts a consent as proven, by the method of the consent.

    Any other method (an import, another system) is accepted: such a consent was judged
    when it was entered, by the way in which it was given there.

    :param str way: a method of the ledger, or one of ``import_rows.WAYS``
    :param accepted: the :data:`KINDS` that the purpose accepts
    """
    kind = KIND_OF.get(way)
    return kind is None or kind in accepted


# Legal duties for offers in the recipient's country, whatever a company's policy.
#
# Opt-out is a policy for messages of other apps. For offers most laws require consent:
# 47 CFR 64.1200(a)(2) and (f)(9) (US), Directive 2002/58/EC art. 13 (EU), PECR reg. 22
# (UK), CASL s. 6 (Canada). The laws are data (``sms.consent.law``); if a country is not
# in the table, that is no permission to text.

CONSENT, SENDER, ADDRESS, WAY_OUT, RECORDS = DUTIES = (
    *("consent", "sender", "address", "way_out", "records"),
)
#: Consent must be in writing: spoken consent does not count.
IN_WRITING = "written"
#: Duties where no law is known.
ASSUMED = frozenset({CONSENT, IN_WRITING, SENDER, WAY_OUT, RECORDS})


class OfferLaw(NamedTuple):
    """A country's law on one duty of companies that text offers.

    :param str country: ISO code
    :param bool is_required: the law requires it
    :param effective_from: the law's first day, or None
    :param effective_to: its last day, or None
    :param str duty: one of :data:`DUTIES`
    :param bool is_written: the consent must be in writing
    :param int keep_years: how long proof of it must be kept; 0: no time is set
    """

    country: str
    is_required: bool
    effective_from: date | None = None
    effective_to: date | None = None
    duty: str = CONSENT
    is_written: bool = True
    keep_years: int = 0

    is_in_force = Rule.is_in_force

    def get_terms(self):
        """Return the duties that it regulates, and those that it imposes: two sets."""
        spoken_of = {self.duty, *([IN_WRITING] if self.duty == CONSENT else ())}
        asked = {self.duty, *([IN_WRITING] if self.is_written else ())}
        return spoken_of, spoken_of & asked if self.is_required else set()


def find_years_to_keep(laws, day):
    """Return the longest time to keep proof of consent, in years, by ISO code."""
    years = {}
    for law in laws:
        if law.duty == RECORDS and law.is_required and law.is_in_force(day):
            years[law.country] = max(law.keep_years, years.get(law.country, 0))
    return years


def find_duties(laws, countries, day):
    """Return the duties for an offer to somebody, by the newest law of each country.

    Those of all their possible countries are combined; duties that no known law
    regulates are taken from :data:`ASSUMED`.

    :param countries: ISO codes of where they may be; empty if unknown
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
