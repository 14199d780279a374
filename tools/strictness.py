# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell if a rule or a purpose lets something pass that was held or blocked before."""

from datetime import date
from functools import partial
from typing import NamedTuple

from .purpose_rules import ASSUMED, KINDS
from .quiet_hours import INFORMATIONAL, MARKETING, URGENT


class Terms(NamedTuple):
    """When, how often and by which providers the texts of a purpose may leave.

    :param int max_per_day: texts to a number in 24 hours; 0: any
    :param bool is_helpdesk: they leave by no provider that cannot bring a STOP back
    :param bool accepts_web: a consent by web form counts, and so on
    :param bool has_footer: they say how to stop and get help
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


#: Those of the terms that say which proofs of a consent are accepted, by kind.
PROOF_FIELDS = {f"accepts_{kind}": kind for kind in KINDS}


def _is_later(order, before, after):
    """Tell if a value stands later in an order than one before."""
    return order.index(after) > order.index(before)


def _allows_more(before, after):
    """Tell if a limit of texts is higher than one before, or gone (0)."""
    return bool(before) and not 0 < after <= before


def _is_kept_shorter(before, after):
    """Tell if something is kept for less time than before; 0 is for ever."""
    return bool(after) and not 0 < before <= after


#: A company's settings that can let more through, and the test of a change: of value
#: before and after.
COMPANY_SWITCHES = {
    "sms_consent_policy": partial(_is_later, ("opt_in", "opt_out")),
    "sms_free_right": partial(_is_later, ("managers", "agents", "everybody")),
    "sms_bulk_right": partial(_is_later, ("managers", "agents", "everybody")),
    "sms_redaction": partial(_is_later, ("keep", "empty", "delete")),
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


def is_switch_less_strict(name, before, after):
    """Tell if a company's setting lets more through, or keeps proof for less time.

    :param str name: a key of :data:`COMPANY_SWITCHES`
    """
    return bool(COMPANY_SWITCHES[name](before, after))


#: What a STOP ends: everything, or what it answered.
SCOPE_ALL, SCOPE_PURPOSE = ("all", "purpose")


class ScopeTerms(NamedTuple):
    """An opt-out's scope by one rule; ``company_id`` is False for all companies."""

    active: bool
    purpose_class: str
    scope: str
    effective_from: date | None
    effective_to: date | None
    company_id: int


def is_scope_less_strict(before, after):
    """Tell if a STOP may end less by a rule than it did before.

    Without any rule a STOP ends everything (47 CFR 64.1200(a)(10)). A rule by which it
    does may stand before an older one by which it does not, so it is made narrower
    with a reason alone; one by which it ends less is made wider with a reason alone.
    ``before`` is None for a new rule.
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
    return (
        outer.active
        and same == (outer.scope, outer.purpose_class, outer.company_id)
        and (outer.effective_from or date.min) <= (inner.effective_from or date.min)
        and (inner.effective_to or date.max) <= (outer.effective_to or date.max)
    )


def are_terms_less_strict(before, after):
    """Tell if a purpose lets something pass that it did not before.

    Offers keep the hours of the law, informational texts those of the house, and
    neither lie within the other: an offer may reach somebody on a Saturday, when the
    house is closed, and an informational text in Kentucky at eight, two hours before an
    offer. What is urgent keeps none, but for broadcasts that are no emergency, which
    keep the house's. So only a change from urgent to informational lets nothing pass.
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


#: Kinds of messages by the consent that they need, the strictest first.
_BY_CONSENT = (MARKETING, INFORMATIONAL, URGENT)


def is_mapping_less_strict(before, after):
    """Tell if messages get a purpose with less strict consent than they had."""
    classes = [_BY_CONSENT.index(it.quiet_class) for it in (before, after)]
    return classes[0] < classes[1] or (before.has_footer and not after.has_footer)


def is_law_less_strict(before, after):
    """Tell if a law (``OfferLaw``) asks for less than before; None: there is none.

    One that asks for less counts when it is new; one that asks, when it ends or no
    longer speaks of the same: it may stand before an older one that asks for less.
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
    """Return what a law lets be that is assumed elsewhere, and what it asks for."""
    spoken_of, asked = law.get_terms() if law else (set(), set())
    return ASSUMED & (spoken_of - asked), asked


def is_less_strict(before, after):
    """Tell if a rule lets something pass that it did not before; None: taken away."""
    if after is None or _get_scope(before) != _get_scope(after):
        return True
    starts_later = (after.effective_from or date.min) > (
        before.effective_from or date.min
    )
    ends_earlier = (after.effective_to or date.max) < (before.effective_to or date.max)
    opens_holidays = before.is_closed_on_holidays and not after.is_closed_on_holidays
    allows_more = _allows_more(before.max_per_day, after.max_per_day)
    is_wider = any(
        not _is_within(getattr(after, day), getattr(before, day))
        for day in ("weekdays", "saturday", "sunday")
    )
    return starts_later or ends_earlier or opens_holidays or allows_more or is_wider


def _get_scope(rule):
    return rule.quiet_class, rule.country, rule.state


def _is_within(inner, outer):
    is_empty = inner[0] >= inner[1]
    return is_empty or (outer[0] <= inner[0] and inner[1] <= outer[1])
