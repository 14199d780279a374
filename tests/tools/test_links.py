# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import links


@tagged("post_install", "-at_install")
class TestLinks(BaseCase):
    """Which links are found in a text, and what takes their place."""

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
            ("twice https://a.example/ https://a.example/", ["https://a.example/"]),
            ("none: example.com/a", []),
            ("", []),
            (None, []),
            # What is filled in for each person makes a link of each person's own.
            ("https://example.com/{customer}", []),
            ("https://example.com/a.b{customer}c", []),
            ("https://example.com/?q={customer}", []),
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
            "https://user:word@example.com/",
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
