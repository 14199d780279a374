# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import topics


@tagged("post_install", "-at_install")
class TestTopics(BaseCase):
    """The words that a text mentions."""

    def test_what_is_mentioned(self):
        for text, words, is_found in (
            ("The Internet is gone", "internet", True),
            ("My internets!", "internet", True),
            ("An extranet", "net", False),
            ("A download", "down", False),
            ("The outages", "outage", True),
            ("nothing\nworks here", "nothing works", True),
            ("nothing here works", "nothing works", False),
            ("Kein Netz, Störung?", "storung", True),
            ("No hay conexión", "conexion, red", True),
            ("", "internet", False),
            (None, "internet", False),
            ("internet", "", False),
            ("internet", None, False),
            ("anything", ", ,", False),
            ("anything", "!?", False),
            ("x" * 6000 + " internet", "internet", False),
        ):
            with self.subTest(text=(text or "")[:30], words=words):
                self.assertEqual(topics.mentions(text, words), is_found)

    def test_what_is_suggested(self):
        name = "No connection to the Denver data center since noon"
        suggested = topics.suggest(name, ["Denver", "Center"], "down, x y")
        self.assertEqual(suggested, "connection, data, noon, down, x y")
        self.assertEqual(topics.suggest("", (), "down"), "down")
        self.assertEqual(topics.suggest(None), "")
