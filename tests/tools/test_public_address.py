# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import web


@tagged("post_install", "-at_install")
class TestPublicAddress(BaseCase):
    """Addresses that a carrier could reach, by their form."""

    CASES = (
        ("https://odoo.example.com", "fine"),
        ("https://odoo.example.com:8443/", "fine"),
        ("https://8.8.8.8", "fine"),
        ("http://odoo.example.com", "not_https"),
        ("http://localhost:8069", "private"),
        ("https://odoo.local", "private"),
        ("https://odoo.local.", "private"),
        ("https://helpdesk", "private"),
        ("https://127.0.0.1", "private"),
        ("https://192.168.1.7", "private"),
        ("https://[::1]:8069", "private"),
        # Twilio: host names in an address must not contain "_".
        ("https://my_odoo.example.com", "underscore"),
        ("ftp://odoo.example.com", "no_address"),
        ("https://[odoo", "no_address"),
        ("https://", "no_address"),
        ("odoo.example.com", "no_address"),
        ("", "no_address"),
        (None, "no_address"),
    )

    def test_each_address(self):
        for url, verdict in self.CASES:
            with self.subTest(url=url):
                self.assertEqual(web.judge_address(url), verdict)

    def test_what_is_typed(self):
        for url, expected in (
            (" https://odoo.example.com/ ", "https://odoo.example.com"),
            ("http://odoo.example.com:8069/a//", "http://odoo.example.com:8069/a"),
            ("https://odoo.example.com/MAX/", "https://odoo.example.com/MAX"),
            ("https://odoo.example.com/MAX", "https://odoo.example.com/MAX"),
            ("https://odoo.example.com:0", None),
            ("https://odoo.example.com:1", "https://odoo.example.com:1"),
            ("https://odoo.example.com:x", None),
            ("https://odoo.example.com:65535", "https://odoo.example.com:65535"),
            ("https://me@odoo.example.com", None),
            ("https://odoo.example.com?a", None),
            ("https://odoo.example.com#a", None),
            ("https://odoo.example.com/a b", None),
            ('https://odoo.example.com/"', None),
            ("ftp://odoo.example.com", None),
            ("https://", None),
            ("odoo.example.com", None),
            ("", None),
            (None, None),
        ):
            with self.subTest(url=url):
                self.assertEqual(web.normalize_address(url), expected)


@tagged("post_install", "-at_install")
class TestVisitors(BaseCase):
    """Networks that count as one visitor of a public page."""

    def test_each_network(self):
        for address, expected in (
            ("203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("unknown", "unknown"),
            ("", ""),
            (None, ""),
        ):
            with self.subTest(address=address):
                self.assertEqual(web.visitor(address), expected)

    def test_counters_are_spread_and_bounded(self):
        found = {web.bucket(f"key-{index}") for index in range(500)}
        self.assertGreater(len(found), 490)
        self.assertTrue(all(0 <= it < web.BUCKETS for it in found))
        # The same in each process, and after an upgrade.
        self.assertEqual(web.bucket("a"), 33042)
        self.assertIn(web.bucket("half \ud83d"), range(web.BUCKETS))
