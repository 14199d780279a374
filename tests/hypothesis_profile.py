# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How property tests run here: a machine that is busy must not make them fail."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "helpdesk_mgmt_sms",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("helpdesk_mgmt_sms")
