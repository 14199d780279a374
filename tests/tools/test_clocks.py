# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo.tests import BaseCase

from ...tools.clocks import to_local, to_utc

DENVER = "America/Denver"


class TestClocks(BaseCase):
    """UTC and the clock on a wall, neither with a zone."""

    def test_both_ways(self):
        for zone, utc, wall in (
            (DENVER, datetime(2026, 1, 15, 2, 30), datetime(2026, 1, 14, 19, 30)),
            (DENVER, datetime(2026, 7, 15, 2, 30), datetime(2026, 7, 14, 20, 30)),
            ("UTC", datetime(2026, 7, 15, 2, 30), datetime(2026, 7, 15, 2, 30)),
        ):
            with self.subTest(zone=zone, utc=utc):
                self.assertEqual(to_local(utc, zone), wall)
                self.assertEqual(to_utc(wall, zone), utc)

    def test_an_hour_that_comes_twice(self):
        wall = datetime(2026, 11, 1, 1, 30)
        first, second = datetime(2026, 11, 1, 7, 30), datetime(2026, 11, 1, 8, 30)
        self.assertEqual(to_utc(wall, DENVER), first)
        self.assertEqual(to_utc(wall, DENVER, fold=1), second)
        for utc in (first, second):
            self.assertEqual(to_local(utc, DENVER), wall)
