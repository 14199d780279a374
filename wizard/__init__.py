# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import sms_composer, sms_consent_record, sms_evidence_wizard
