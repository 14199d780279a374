# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools.broadcast_replies import OPT_OUT, OTHER, QUESTION, THANKS, classify


@tagged("post_install", "-at_install")
class TestBroadcastReplies(BaseCase):
    """Questions are found by their question mark or first word."""

    def test_kinds(self):
        for expected, *texts in (
            (
                QUESTION,
                *("Still down?", "when will it work again", "Hi, is the VPN back"),
                *("¿Cuándo vuelve", "Hola, cuando vuelve", "Quand est-ce fini"),
                *("Wann geht es wieder", "Guten Tag, wie lange noch", "thanks. ETA?"),
                *("Où en est-on ？", "Will it be fixed today", "متى تعود؟"),
            ),
            (THANKS, "Thank you", "ok thanks!", "Merci beaucoup", "danke", "Gracias"),
            (
                OTHER,
                *("Our phones are dead too", "will do", "Will do it now", "", None),
                *("No problem here", "Whenever", "{}", "\x00", "Or not", "a" * 100000),
            ),
        ):
            for text in texts:
                with self.subTest(text=(text or "")[:40]):
                    self.assertEqual(classify("conversation", text), expected)

    def test_who_leaves_asks_nothing(self):
        self.assertEqual(classify("stop", "STOP texting me, ok?"), OPT_OUT)
        self.assertEqual(classify("service", "MUTE"), OTHER)
        self.assertEqual(classify(False, "Are you there"), QUESTION)
