# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An outgoing text from its creation to the gate's decision.

Offers ``sms.sms.create`` and ``_queue_many``, ``sms.gate._decide``, what numbers have
answered (``sms.consent._get_answers``), and hooks for facts and for what follows.
May use core and ledger.
"""

from . import (
    sms_send_at,
    sms_sms,
    sms_sms_timing,
    sms_sms_intake,
    sms_sms_media,
    sms_sms_again,
    sms_sms_untold,
    sms_gate,
    sms_gate_clock,
    sms_consent,
    sms_dated_law,
    sms_consent_law,
    sms_quiet_hours,
    sms_country_rule,
    res_company,
    mail_thread,
    mail_message,
    mail_notification,
    res_partner,
    res_users,
    sms_unusable_number,
)
