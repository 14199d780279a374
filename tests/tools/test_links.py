# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import links


@tagged("post_install", "-at_install")
class TestLinks(BaseCase):
    """Finding and replacing links in a text."""

    def test_what_is_found(self):
        for text, found in (
            (
                "See https://example.com/help?topic=printers.",
                ["https://example.com/help?topic=printers"],
            ),
            (
                "http://a.example/c, and https://a.example/c/d!",
                ["http://a.example/c", "https://a.example/c/d"],
            ),
            ("(https://example.com/a)", ["https://example.com/a"]),
            ("https://example.com/MAX.", ["https://example.com/MAX"]),
            ("twice https://a.example/ https://a.example/", ["https://a.example/"]),
            ("none: example.com/a", []),
            ("", []),
            (None, []),
            # A placeholder makes the link a different one for each person.
            ("https://example.com/{customer}", []),
            ("https://example.com/a.b{customer}c", []),
            ("https://example.com/?q={customer}", []),
            ("https://example.com/?a=1,b={customer}", []),
            ("https://example.com/?a=1!{customer}", []),
            ("https://example.com/?a=1,b=2, then", ["https://example.com/?a=1,b=2"]),
        ):
            with self.subTest(text=text):
                self.assertEqual(links.find_links(text), found)

    def test_a_persons_own_links_and_secrets_are_left(self):
        for url in (
            "https://odoo.example/sms/preferences/abc",
            "https://odoo.example/my/ticket/7",
            "https://odoo.example/rate/abc/5",
            "https://example.com/reset?code=9",
            "https://example.com/x?access_token=1",
            "https://example.com/x?a=1&X-Amz-Signature=1",
            "https://example.com/#token=1",
            "https://example.com/?a=1&token",
            "https://user:word@example.com/",
            "https://user@example.com/",
            "https://:word@example.com/",
            "https://[",
        ):
            with self.subTest(url=url):
                self.assertTrue(links.is_personal(url))
        for url in (
            "https://example.com/?postcode=80202",
            "https://example.com/keyboards",
            "https://example.com/?topic=a#part",
        ):
            with self.subTest(url=url):
                self.assertFalse(links.is_personal(url))

    def test_no_part_of_a_longer_link_is_replaced(self):
        text = "https://a.example/c https://a.example/c/d. https://a.example/c."
        self.assertEqual(
            links.replace_links(text, {"https://a.example/c": "S"}),
            "S https://a.example/c/d. S.",
        )
        for text in ("See https://a.example/MAX, please", ""):
            with self.subTest(text=text):
                self.assertEqual(links.replace_links(text, {}), text)
        short = {"https://a.example/MAX": "S"}
        self.assertEqual(links.replace_links("https://a.example/MAX", short), "S")
        self.assertEqual(links.replace_links(None, short), "")


@tagged("post_install", "-at_install")
class TestPages(BaseCase):
    """A typed address that we show as a link."""

    def test_nothing_that_a_browser_runs(self):
        for url, expected in (
            ("https://example.com", True),
            ("http://example.com/a?b#c", True),
            ("javascript:alert(1)", False),
            ("java\tscript:alert(1)", False),
            ("ftp://example.com", False),
            ("https://", False),
            ("https://user@example.com", False),
            ("https://[", False),
            ("https://example.com/a b", False),
            ("https://example.com/<b>", False),
            ("https://example.com:8443/a", True),
            ("https://example.com:99999", False),
            ("https://example.com:0", False),
            ("example.com", False),
            ("", False),
            (None, False),
        ):
            with self.subTest(url=url):
                self.assertIs(links.is_page(url), expected)


@tagged("post_install", "-at_install")
class TestSignedAddresses(BaseCase):
    """Signed tokens, whose day and record nobody can change."""

    DIGEST = "0123456789abcdef" * 4

    def test_numbers_as_letters(self):
        for number, length, expected in (
            (0, 1, "0"),
            (9, 1, "9"),
            (61, 1, "Z"),
            (62, 1, "10"),
            (62, 4, "0010"),
            (20_000, 3, "5cA"),
        ):
            with self.subTest(number=number):
                self.assertEqual(links.encode(number, length), expected)
                self.assertEqual(links.decode(expected), number)
        self.assertEqual(links.encode(7), "7")

    def test_what_was_made_is_read(self):
        for record_id, day in ((1, 20_000), (61, 61), (62, 0), (2**31 - 1, 20_000)):
            token = links.make_token(record_id, day, self.DIGEST)
            with self.subTest(token=token):
                parts = links.read_token(token)
                self.assertEqual((parts.record_id, parts.day), (record_id, day))
                self.assertTrue(links.is_genuine(parts, self.DIGEST))
                self.assertLessEqual(len(token), links.MAX_LENGTH)
        # The first 80 bits count, each of them.
        for place in range(20):
            other = f"{self.DIGEST[:place]}f{self.DIGEST[place + 1 :]}"
            is_same = other[:20] == self.DIGEST[:20]
            self.assertIs(links.is_genuine(parts, other), is_same)

    def test_what_cannot_be_one(self):
        good = links.make_token(62, 20_000, self.DIGEST)
        fixed = good[:17]
        for token in (
            "",
            fixed,
            f"{fixed}0",
            f"{fixed}01",  # written otherwise than we do
            f"{fixed}{links.encode(2**31)}",
            f"{fixed}1234567",
            f"{fixed}1-",
            f"{fixed}é",
            f" {good}",
        ):
            with self.subTest(token=token):
                self.assertIsNone(links.read_token(token))
