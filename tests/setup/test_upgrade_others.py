# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Upgrade from each released version except the first (see ``test_upgrade.py``).

Each takes a few minutes, so they are not in ``.ci/run``.
"""

from odoo.tests import tagged

from .upgrade_case import UpgradeCase
from .upgrade_rows import find_unlike_new
from .upgrade_tests import EDITED, UpdatedTwice, UpgradeTests


@tagged("post_install", "-at_install", "live")
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


class TestUpgradeFromFifth(TestUpgradeFromFourth):
    """From the version in which everything has its present name."""

    version = "19.0.1.5.0"


class TestUpgradeFromSixth(TestUpgradeFromFourth):
    """From the version with the inbox."""

    version = "19.0.1.6.0"


class TestUpgradeFromSeventh(TestUpgradeFromFourth):
    """From the version with incidents in one step and calls."""

    version = "19.0.1.7.0"


class TestUpgradeFromEighth(TestUpgradeFromFourth):
    """From the version that speaks four languages."""

    version = "19.0.1.8.0"


class TestUpgradeFromNinth(TestUpgradeFromFourth):
    """From the version that learned opt-outs from examples."""

    version = "19.0.1.9.0"


class TestUpgradeFromTenth(TestUpgradeFromFourth):
    """From the version with codes that each have a reaction."""

    version = "19.0.1.10.0"


class TestUpgradeFromEleventh(TestUpgradeFromFourth):
    """From the version whose text coming in holds back what goes out."""

    version = "19.0.1.11.0"


class TestUpgradeFromTwelfth(TestUpgradeFromFourth):
    """From the version whose stopped sender waits for a delivery."""

    version = "19.0.1.12.0"


class TestUpgradeFromThirteenth(TestUpgradeFromFourth):
    """From the version whose dashboard opens in half the time."""

    version = "19.0.1.13.0"


class TestUpgradeFromFourteenth(TestUpgradeFromFourth):
    """From the version whose long jobs give way to urgent texts."""

    version = "19.0.1.14.0"


class TestUpgradeFromFifteenth(TestUpgradeFromFourth):
    """From the version in which an answer that does not leave counts as none."""

    version = "19.0.1.15.0"


class TestUpgradeFromSixteenth(UpdatedTwice, TestUpgradeFromFourth):
    """From the previous version."""

    version = "19.0.1.16.0"
