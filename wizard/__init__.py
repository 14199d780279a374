# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    sms_automation_replay,
    sms_automation_replay_line,
    sms_automation_replay_past,
    sms_composer,
    sms_composer_badge,
    sms_composer_forget,
    sms_composer_mass,
    sms_composer_rights,
    sms_composer_timing,
    sms_consent_record,
    sms_erasure_wizard,
    sms_evidence_wizard,
    sms_evidence_wizard_forget,
    sms_reschedule,
    sms_retention_form,
    sms_ticket_contact,
)
