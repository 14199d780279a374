# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Upgrade from the versions after the first one (see ``test_upgrade.py``).

From each of the next three, whose names differed, then from every third, and from the
previous one: what was stored in between has passed through the same migrations. They
take a minute each, and so are tagged ``long``.
"""

from odoo.tests import tagged

from .upgrade_case import UpgradeCase
from .upgrade_rows import find_unlike_new
from .upgrade_tests import EDITED, UpdatedTwice, UpgradeTests


@tagged("post_install", "-at_install", "live", "long")
class TestUpgradeFromSecond(UpgradeTests, UpgradeCase):
    """From the version with appointments, automations and alerts."""

    version = "19.0.1.2.0"


class TestUpgradeFromThird(UpdatedTwice, TestUpgradeFromSecond):
    """From the version that was in use longest."""

    version = "19.0.1.3.0"


class TestUpgradeFromFourth(TestUpgradeFromSecond):
    """From the version that corrected what had been entered: no warnings."""

    version = "19.0.1.4.0"
    warnings = ()

    def test_all_else_that_ships_is_as_in_a_new_database(self):
        self.assertLessEqual(find_unlike_new(self.after, self.new), EDITED)


class TestUpgradeFromSeventh(TestUpgradeFromFourth):
    """From the version with incidents in one step and calls."""

    version = "19.0.1.7.0"


class TestUpgradeFromTenth(TestUpgradeFromFourth):
    """From the version with codes that each have a reaction."""

    version = "19.0.1.10.0"


class TestUpgradeFromThirteenth(TestUpgradeFromFourth):
    """From the version whose dashboard opens in half the time."""

    version = "19.0.1.13.0"


class TestUpgradeFromSixteenth(TestUpgradeFromFourth):
    """From the version that asks anew when an appointment is moved."""

    version = "19.0.1.16.0"


class TestUpgradeFromNineteenth(TestUpgradeFromFourth):
    """From the version whose reminders follow a new time zone."""

    version = "19.0.1.19.0"


class TestUpgradeFromTwentieth(UpdatedTwice, TestUpgradeFromFourth):
    """From the previous version."""

    version = "19.0.1.20.0"
