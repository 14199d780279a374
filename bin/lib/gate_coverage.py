# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A plugin for pytest: measure which branches of the gate and the ledger tests take."""

import os
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    "tools/gate*.py",
    "models/ledger/*.py",
    "models/message/sms_gate*.py",
    "models/message/sms_quiet_hours.py",
    "models/message/sms_sms_intake.py",
)

# Begun here, since Odoo imports the addon before the first hook is called.
MEASURED = coverage.Coverage(
    data_file=os.environ["HELPDESK_SMS_COVERAGE"],
    branch=True,
    include=[str(ROOT / place) for place in PLACES],
    config_file=False,
)
MEASURED.erase()
MEASURED.start()


def pytest_unconfigure():
    """Save the measurement, even if tests have failed."""
    MEASURED.stop()
    MEASURED.save()
