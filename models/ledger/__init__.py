# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The consent ledger: who said what, in which words, for which purposes; and its proof.

Offers ``sms.consent.event._record`` and ``_record_many``, purposes and wordings, and
the hook that follows each entry, ``sms.consent._after_answers``.
May use core.
"""

from . import (
    ledger_guards,
    sms_consent_key,
    sms_consent,
    sms_consent_replay,
    sms_consent_event,
    sms_consent_evidence,
    sms_consent_link,
    sms_consent_check,
    sms_consent_check_facts,
    sms_purpose,
    sms_purpose_rule,
    sms_wording,
)
