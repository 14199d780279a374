# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import web


@tagged("post_install", "-at_install")
class TestPublicAddress(BaseCase):
    """What a carrier could reach, by the look of it."""

    CASES = (
        ("https://odoo.example.com", "fine"),
        ("https://odoo.example.com:8443/", "fine"),
        ("https://8.8.8.8", "fine"),
        ("http://odoo.example.com", "not_https"),
        ("http://localhost:8069", "private"),
        ("https://odoo.local", "private"),
        ("https://helpdesk", "private"),
        ("https://127.0.0.1", "private"),
        ("https://192.168.1.7", "private"),
        ("https://[::1]:8069", "private"),
        # Twilio: host names in an address must not contain "_".
        ("https://my_odoo.example.com", "underscore"),
        ("ftp://odoo.example.com", "no_address"),
        ("https://[odoo", "no_address"),
        ("odoo.example.com", "no_address"),
        ("", "no_address"),
        (None, "no_address"),
    )

    def test_each_address(self):
        for url, verdict in self.CASES:
            with self.subTest(url=url):
                self.assertEqual(web.judge_address(url), verdict)
