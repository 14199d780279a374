# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reasons that forbid a message, whatever the time.

They concern its number, its recipient or the account. Each rule reads
:class:`gate.Facts` and returns a reason of ``verdicts``, or None.
"""

from . import consent, verdicts
from .conversation import CONVERSATION_ALLOWS, is_conversation
from .exemptions import EXEMPTIONS, INVITATIONS, REMINDER


def find_block(facts):
    """Return why the message must not leave, or None."""
    return _check_number(facts) or _check_person(facts) or _check_provider(facts)


def _check_number(facts):
    """Return why the number itself forbids the message, or None.

    Under *opt_out* Odoo's IAP checks the numbers, as it does without this addon: other
    apps of the company show its answer.
    """
    if facts.provider == "iap" and facts.policy == consent.POLICY_OPT_OUT:
        return None
    if not facts.number:
        return verdicts.NO_NUMBER
    refusal = facts.number_refusal
    if refusal == verdicts.LANDLINE and facts.takes_landlines:
        refusal = ""
    if refusal or not facts.is_valid_number:
        return refusal or verdicts.BAD_NUMBER
    return verdicts.UNUSABLE if facts.is_unusable else None


def _check_person(facts):
    reason = find_refusal(facts)
    if reason in CONVERSATION_ALLOWS and is_conversation(facts):
        return None
    return reason


def _check_provider(facts):
    """Return why the company's account cannot send the message, or None.

    Odoo's IAP receives no texts: a STOP could not reach us, so this addon's own
    messages must not be sent through it where the policy is *opt_in*.
    """
    if facts.missing:
        return verdicts.NO_PROVIDER
    if facts.sender_refusal:
        return facts.sender_refusal
    opt_in = facts.policy == consent.POLICY_OPT_IN
    if facts.provider == "iap" and facts.is_helpdesk_purpose and opt_in:
        return verdicts.NO_WAY_BACK
    if facts.lacks_address and not facts.exemption:
        return verdicts.NO_ADDRESS
    return None


def find_refusal(facts):
    """Return why the person's recorded answers forbid the message, or None.

    Source: 47 CFR 64.1200(a)(10)-(12); under *opt_in* also our own rule that no message
    leaves without recorded consent; under *opt_out* no offer leaves without it where
    the law requires consent (``tools.purpose_rules``). A possible opt-out counts as one
    until a person has read it. A consent counts only if the purpose accepts the way in
    which it was given: for offers, 47 CFR 64.1200(a)(2) and (f)(9), in writing. A
    number that a customer has typed gets no automatic texts about that customer until
    it has said YES, under any policy: it may belong to somebody else, who has agreed to
    other texts.
    """
    if facts.exemption in EXEMPTIONS:
        return verdicts.OPTED_OUT if _is_taken_back(facts) else None
    if not facts.is_ledger_readable:
        return verdicts.LEDGER_UNREADABLE
    if facts.state == consent.OPTED_OUT:
        return verdicts.OPTED_OUT
    if facts.is_under_review:
        return verdicts.UNDER_REVIEW
    if facts.exemption == REMINDER:
        return None if facts.state == consent.PENDING else verdicts.QUESTION_OVER
    is_yes = facts.state == consent.OPTED_IN
    is_allowed = facts.policy == consent.POLICY_OPT_OUT and not facts.asks_consent
    if (is_yes and facts.is_proven) or is_allowed:
        is_strangers = facts.is_typed_only and not facts.is_personal
        return verdicts.UNPROVEN if is_strangers else None
    if is_yes:
        return verdicts.NO_PROOF
    is_asked = facts.state == consent.PENDING
    return verdicts.AWAITING_YES if is_asked else verdicts.NO_CONSENT


def _is_taken_back(facts):
    """Tell if the person has opted out since an invitation was written to them.

    Compared in whole seconds, in which opt-outs are recorded.
    """
    is_invitation = facts.exemption in INVITATIONS
    if not (is_invitation and facts.stopped_at and facts.written_at):
        return False
    return facts.stopped_at > facts.written_at.replace(microsecond=0)
