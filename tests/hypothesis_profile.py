# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The profile of property tests, which must not fail on a busy machine.

``HELPDESK_SMS_EXAMPLES`` is the number of examples that each tries, by default 100.
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
