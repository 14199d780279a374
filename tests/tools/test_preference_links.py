# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import links
from ...tools.links import MASK
from ...tools.segments import count_segments

KEY = "aB3dE6gH9jK2mN5p"
URL = f"https://help.example.com/sms/p/{KEY}"
MASKED = f"https://help.example.com/sms/p/{MASK}"


@tagged("post_install", "-at_install")
class TestPreferenceLinks(BaseCase):
    """Only the carrier gets the key of a customer's page."""

    def test_what_is_hidden(self):
        token = "A" * 80
        for text, shown in (
            ("", ""),
            (None, None),
            ("No link", "No link"),
            (f"Choose: {URL}", f"Choose: {MASKED}"),
            (f"({URL}), or {URL}.", f"({MASKED}), or {MASKED}."),
            (f'<a href="{URL}">{URL}</a>', f'<a href="{MASKED}">{MASKED}</a>'),
            (f"/sms/p/{KEY}x is none", f"/sms/p/{KEY}x is none"),
            (f"https://x.example/sms/preferences/{token}=", None),
        ):
            with self.subTest(text=text):
                found = links.hide_keys(text)
                if shown is None and text:
                    self.assertNotIn(token, found)
                else:
                    self.assertEqual(found, shown)

    def test_what_is_revealed(self):
        for text, sent in (
            (f"Choose: {MASKED}", f"Choose: {URL}"),
            (f"{MASKED}\nReply STOP", f"{URL}\nReply STOP"),
            (f"({MASKED}).", f"({URL})."),
            (f"{MASKED} {MASKED}", f"{URL} {URL}"),
            # The server has another name now.
            (f"Choose: http://old.example/sms/p/{MASK}", f"Choose: {URL}"),
        ):
            with self.subTest(text=text):
                self.assertTrue(links.is_masked(text))
                self.assertEqual(links.reveal_key(text, URL), sent)
        for text in (None, "", "Choose", f"Choose: {URL}", MASK):
            with self.subTest(text=text):
                self.assertIs(links.is_masked(text), False)

    def test_no_key_goes_to_another_page(self):
        for text in (
            f"evil.example/?u={MASKED}",
            f"https://evil.example/?u={MASKED}",
            f"https://evil.example/sms/p/{MASK}",
            f"https://evil.example/({MASKED}",
            f"evil.example/：{MASKED}",
            f"x{MASKED}",
            f"{MASKED}{MASK}",
            MASK,
        ):
            with self.subTest(text=text):
                sent = links.reveal_key(text, URL)
                self.assertIn(sent, (text, URL))

    def test_both_take_the_same_room(self):
        for words in ("Choose: ", "Choose " * 20, "Préférences — "):
            with self.subTest(words=words):
                self.assertEqual(
                    count_segments(words + MASKED)[:2], count_segments(words + URL)[:2]
                )
