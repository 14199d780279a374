# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How property tests run here: a machine that is busy must not make them fail.

``HELPDESK_SMS_EXAMPLES`` is how many examples each of them tries, instead of a few.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "helpdesk_mgmt_sms",
    deadline=None,
    max_examples=int(os.environ.get("HELPDESK_SMS_EXAMPLES") or 100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("helpdesk_mgmt_sms")
