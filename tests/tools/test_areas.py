# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase

from ...tools import texts
from ...tools.geography import MAX_ZIPS, ZipRange, parse_zips, split_names


class TestZips(BaseCase):
    """Postal codes as people write them down."""

    def test_what_can_be_read(self):
        for text, expected in (
            (None, []),
            ("", []),
            (" \n", []),
            ("80202", [ZipRange("80202", "80202", 5)]),
            ("803*", [ZipRange("803", "803", 3)]),
            ("80401-80419", [ZipRange("80401", "80419", 5)]),
            ("80401-80401", [ZipRange("80401", "80401", 5)]),
            ("sw1a, M1*", [ZipRange("SW1A", "SW1A", 4), ZipRange("M1", "M1", 2)]),
            (
                "80202;803*\n80401-80419",
                [
                    ZipRange("80202", "80202", 5),
                    ZipRange("803", "803", 3),
                    ZipRange("80401", "80419", 5),
                ],
            ),
        ):
            with self.subTest(text):
                self.assertEqual(parse_zips(text), expected)

    def test_what_cannot(self):
        for text in ("*", "80-*", "80419-80401", "802-80210", "80%", "8", "a-b", "éé"):
            with self.subTest(text), self.assertRaises(ValueError) as caught:
                parse_zips(f"80202, {text}")
            self.assertEqual(str(caught.exception), text.upper())

    def test_too_many(self):
        codes = [str(80000 + number) for number in range(MAX_ZIPS + 1)]
        with self.assertRaisesRegex(ValueError, codes[-1]):
            parse_zips(" ".join(codes))
        self.assertEqual(len(parse_zips(" ".join(codes[:-1]))), MAX_ZIPS)

    def test_names(self):
        self.assertEqual(split_names(None), [])
        self.assertEqual(
            split_names("Denver,  Fort   Collins\n;,Boulder "),
            ["denver", "fort collins", "boulder"],
        )


class TestBlanks(BaseCase):
    """Blanks are filled once, and only those that are known."""

    def test_fill(self):
        for text, expected in (
            ("", ""),
            ("Hi {customer}.", "Hi Dana."),
            ("{ customer } in {area}, {area}", "Dana in Denver, Denver"),
            ("{unknown} {", "{unknown} {"),
            ("{{customer}}", "{Dana}"),
        ):
            with self.subTest(text):
                values = {"customer": "Dana", "area": "Denver"}
                self.assertEqual(texts.fill(text, values), expected)

    def test_what_is_filled_in_is_not_read_again(self):
        values = {"customer": "{area}", "area": "Denver"}
        self.assertEqual(texts.fill("Hi {customer}", values), "Hi {area}")

    def test_unknown(self):
        self.assertEqual(
            texts.find_unknown("{area} {x}{ y }{x}", ("area",)), ["x", "y"]
        )
        self.assertEqual(texts.find_unknown(None, ()), [])
