# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell if a change of a rule or a purpose lets pass what was held or blocked before."""

from datetime import date
from functools import partial
from typing import NamedTuple

from .phone import LANDLINE
from .purpose_rules import ASSUMED, KINDS
from .quiet_hours import INFORMATIONAL, MARKETING, URGENT


class Terms(NamedTuple):
    """When, how often and through which providers the texts of a purpose may leave.

    :param int max_per_day: texts to a number in 24 hours; 0: no limit
    :param bool is_helpdesk: they never use a provider that cannot return a STOP
    :param bool accepts_web: consent by web form counts; the next ones likewise
    :param bool has_footer: they say how to opt out and get help
    """

    quiet_class: str
    max_per_day: int
    is_helpdesk: bool
    accepts_web: bool = True
    accepts_text: bool = True
    accepts_paper: bool = True
    accepts_written: bool = True
    accepts_spoken: bool = False
    has_footer: bool = True


#: Fields of the terms by which kinds of proof of consent are accepted, and the kind.
PROOF_FIELDS = {f"accepts_{kind}": kind for kind in KINDS}


def _is_later(order, before, after):
    """Tell if the new value comes later in an order than the old one."""
    return order.index(after) > order.index(before)


def _allows_more(before, after):
    """Tell if a limit is higher than before, or was removed (0)."""
    return bool(before) and not 0 < after <= before


def _is_kept_shorter(before, after):
    """Tell if something is kept for less time than before; 0 means for ever."""
    return bool(after) and not 0 < before <= after


#: A company's settings that can let more through, or keep proof for less time, each
#: with a function that tests a change by the values before and after.
COMPANY_SWITCHES = {
    "sms_consent_policy": partial(_is_later, ("opt_in", "opt_out")),
    "sms_free_right": partial(_is_later, ("managers", "agents", "everybody")),
    "sms_bulk_right": partial(_is_later, ("managers", "agents", "everybody")),
    "sms_redaction": partial(_is_later, ("keep", "empty", "delete")),
    "sms_form_kinds": lambda before, after: before != after == LANDLINE,
    "sms_bulk_from": lambda before, after: after > before,
    "sms_user_limit": _allows_more,
    "sms_approve_from": _allows_more,
    "sms_consent_months": _allows_more,
    "sms_keep_text_months": _is_kept_shorter,
    "sms_keep_raw_months": _is_kept_shorter,
    "sms_keep_consent_years": _is_kept_shorter,
    "sms_keep_opt_out_years": _is_kept_shorter,
    "sms_quiet_hours": lambda before, after: before and not after,
}


#: What a STOP ends: everything, or only the purpose that it answered.
SCOPE_ALL, SCOPE_PURPOSE = ("all", "purpose")


class ScopeTerms(NamedTuple):
    """A rule on the scope of an opt-out; ``company_id`` is False for all companies."""

    active: bool
    purpose_class: str
    scope: str
    effective_from: date | None
    effective_to: date | None
    company_id: int


def is_scope_less_strict(before, after):
    """Tell if a STOP may end less by a changed rule than it did before.

    Without any rule a STOP ends everything (47 CFR 64.1200(a)(10)). A rule with that
    scope may take precedence over an older one without it, so narrowing it requires a
    reason; so does widening a rule by which a STOP ends less.

    :param before: None for a new rule
    """
    if after.active and after.scope == SCOPE_PURPOSE:
        return not before or not _is_scope_within(after, before)
    return bool(
        before
        and before.active
        and before.scope == SCOPE_ALL
        and not _is_scope_within(before, after)
    )


def _is_scope_within(inner, outer):
    same = (inner.scope, inner.purpose_class, inner.company_id)
    is_same = same == (outer.scope, outer.purpose_class, outer.company_id)
    return outer.active and is_same and _is_period_within(inner, outer)


def _is_period_within(inner, outer):
    """Tell if a rule is in force only while another one is."""
    (start, end), (first, last) = map(_get_period, (inner, outer))
    return first <= start and end <= last


def _get_period(rule):
    return rule.effective_from or date.min, rule.effective_to or date.max


def are_terms_less_strict(before, after):
    """Tell if a changed purpose lets something pass that it did not before.

    Offers keep the legal hours, informational texts the company's, and neither contain
    the other: an offer may reach somebody on a Saturday, when the company is closed,
    and an informational text in Kentucky at eight, two hours before an offer. Urgent
    texts keep none, except for broadcasts that are no emergency, which keep the
    company's. So of all changes of class only urgent to informational lets nothing more
    pass.
    """
    classes = (before.quiet_class, after.quiet_class)
    opens_hours = classes[0] != classes[1] and classes != (URGENT, INFORMATIONAL)
    loses_way_back = before.is_helpdesk and not after.is_helpdesk
    loses_way_back |= before.has_footer and not after.has_footer
    allows_more = _allows_more(before.max_per_day, after.max_per_day)
    accepts_more = any(
        getattr(after, name) and not getattr(before, name) for name in PROOF_FIELDS
    )
    return opens_hours or loses_way_back or allows_more or accepts_more


#: Quiet classes by the consent that they need, the strictest first.
_BY_CONSENT = (MARKETING, INFORMATIONAL, URGENT)


def is_mapping_less_strict(before, after):
    """Tell if a changed mapping gives messages a purpose with less strict consent."""
    classes = [_BY_CONSENT.index(it.quiet_class) for it in (before, after)]
    return classes[0] < classes[1] or (before.has_footer and not after.has_footer)


def is_law_less_strict(before, after):
    """Tell if a changed law (``OfferLaw``) requires less; None: there is none.

    A law that requires less counts when it is new; a law that requires something, when
    it ends or its scope changes: it may take precedence over an older one that requires
    less.
    """
    is_same = before and after and _get_law_scope(before) == _get_law_scope(after)
    before_let, before_asked = _get_law_terms(before)
    after_let, after_asked = _get_law_terms(after)
    newly_let = after_let - before_let if is_same else after_let
    no_longer_asked = before_asked - after_asked if is_same else before_asked
    is_forgotten_sooner = is_same and after.keep_years < before.keep_years
    return bool(newly_let or no_longer_asked or is_forgotten_sooner)


def _get_law_scope(law):
    return law.country, law.duty, law.effective_from, law.effective_to


def _get_law_terms(law):
    """Return the assumed duties from which a law exempts, and those that it imposes."""
    spoken_of, asked = law.get_terms() if law else (set(), set())
    return ASSUMED & (spoken_of - asked), asked


def is_less_strict(before, after):
    """Tell if a changed rule lets more pass than before; ``after`` None: removed."""
    if after is None or _get_scope(before) != _get_scope(after):
        return True
    is_shorter = not _is_period_within(before, after)
    opens_holidays = before.is_closed_on_holidays and not after.is_closed_on_holidays
    allows_more = _allows_more(before.max_per_day, after.max_per_day)
    is_wider = any(
        not _is_within(getattr(after, day), getattr(before, day))
        for day in ("weekdays", "saturday", "sunday")
    )
    return is_shorter or opens_holidays or allows_more or is_wider


def _get_scope(rule):
    return rule.quiet_class, rule.country, rule.state


def _is_within(inner, outer):
    is_empty = inner[0] >= inner[1]
    return is_empty or (outer[0] <= inner[0] and inner[1] <= outer[1])
