# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consent given, shown and withdrawn outside of texts.

Offers the consent mixin for records, web forms, paper forms, imports and the API.
May use inbound and all below it.
"""

from . import (
    sms_consent_details,
    sms_consent_story,
    sms_carrier_opt_out,
    sms_carrier_sync,
    sms_consent,
    sms_consent_mixin,
    sms_consent_entry,
    sms_consent_form,
    sms_consent_api,
    sms_consent_paper,
    sms_reassigned_file,
    sms_consent_import,
    sms_consent_import_judge,
    sms_consent_import_row,
    sms_preference_link,
    phone_blacklist,
    res_partner,
    res_company,
    sms_sms,
)
