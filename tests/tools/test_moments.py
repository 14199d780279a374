# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import datetime
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ...tools import moments

CASES = json.loads(Path(__file__).with_name("moments.json").read_text())

NEAR_DAYS = ("yesterday", "today", "tomorrow")


def say(case, lang, **options):
    """Return the time of a case in a language."""
    moment, now = (datetime.fromisoformat(case[name]) for name in ("moment", "now"))
    return moments.say(moment, now, case["zone"], lang, NEAR_DAYS, **options)


@tagged("post_install", "-at_install")
class TestMoments(BaseCase):
    """Times are in the reader's zone and language, with the day."""

    def test_a_city_as_its_reader_calls_it(self):
        for zone, lang, expected in (
            ("Europe/Vienna", "de_DE", "Wien"),
            ("Europe/Vienna", "en_US", "Vienna"),
            ("Vienna", "de_DE", "Vienna"),
            ("", "de_DE", ""),
            (None, "de_DE", ""),
        ):
            with self.subTest(zone=zone, lang=lang):
                found = moments.say_place(zone, moments.get_locale(lang))
                self.assertEqual(found, expected)

    def test_the_table(self):
        for case in CASES:
            for lang, said in case["said"].items():
                with self.subTest(moment=case["moment"], lang=lang):
                    self.assertEqual(say(case, lang), said)

    def test_what_lasts_never_says_today(self):
        case = {**CASES[0], "moment": "2026-12-01T15:00", "now": "2026-12-01T11:00"}
        self.assertEqual(say(case, "en_US", lasting=True), "December 1, 2026, 8:00 AM")
        self.assertEqual(say(case, "fr_FR", lasting=True), "1er décembre 2026, 08:00")

    def test_an_unknown_language_and_an_unknown_zone(self):
        self.assertEqual(say(CASES[0], "xx_XX"), "today 8:00 AM")
        self.assertEqual(say(CASES[0], "ca_ES@valencia"), "today 8:00")
        self.assertEqual(say({**CASES[0], "zone": "Mars"}, None), "today 2:00 PM")
        self.assertEqual(say({**CASES[0], "zone": ""}, ""), "today 2:00 PM")

    def test_clocks_that_show_the_same(self):
        noon = datetime(2026, 7, 1, 18)
        self.assertTrue(moments.is_same_clock(noon, "America/Denver", "US/Mountain"))
        # Phoenix has another local time in summer only.
        phoenix = "America/Denver", "America/Phoenix"
        self.assertFalse(moments.is_same_clock(noon, *phoenix))
        self.assertTrue(moments.is_same_clock(datetime(2026, 12, 1), *phoenix))
