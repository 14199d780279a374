# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The foundation of every room, with nothing about texting.

Offers mixins, encrypted fields, bulk writing, row locks, batch jobs and reasons.
Uses only ``tools`` and ``providers``, as every room may.
"""

from . import base, bulk_insert, batch_jobs, trail
from . import encrypted_field, sms_encryption, ir_attachment
from . import sms_personal_data, sms_relaxation_reason, mixins, sms_shared_row
from . import sms_dated_rule
from . import sms_rate_limit, ir_cron, sms_number_lock, res_company
