# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Personal data: evidence, erasure and retention.

Offers erasure, retention, redaction at the carrier, and evidence packets.
May use all rooms.
"""

from . import sms_erasure, sms_retention, sms_redaction
from . import sms_evidence, sms_evidence_packet, sms_evidence_audit, sms_evidence_lookup
from . import sms_erasure_rows, sms_outbox_watch, sms_sms, sms_inbound
from . import sms_consent, sms_consent_evidence, sms_consent_import
from . import calendar_event, res_company
