# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import itertools
import unicodedata

from odoo.tests import BaseCase, tagged

from ...tools.names import (
    NAME_LIMIT,
    TITLE_LIMIT,
    close_greeting,
    tidy_name,
    tidy_title,
)


@tagged("post_install", "-at_install")
class TestNames(BaseCase):
    """Names that strangers type can only be names in our texts."""

    def check(self, table, function=tidy_name):
        """Compare the results with a table of pairs."""
        for typed, told in table:
            with self.subTest(typed=typed):
                self.assertEqual(function(typed), told)

    def test_names_stay(self):
        self.check(
            (name, name)
            for name in (
                "Dana Customer",
                "O'Neil-Smith, Jr.",
                "Dr. A. Miller",
                "J. R. R. Tolkien",
                "U.S.A",
                "José Ñandú",
                "Zoë Ünlü",
                "王小明",
                "محمد",
                "می\u200cخواهم",
                "ی\u200cخ",
                "Ali ی\u200cخ",
                "क\u094d\u200dष",
                "Ana 👩\u200d👧",
                "Team 🇫🇷",
                "Agent 007",
                "Müller & Söhne GmbH",
            )
        )

    def test_nothing_is_nothing(self):
        self.check(
            (typed, "")
            for typed in (
                "",
                None,
                False,
                "   ",
                "\n\r\t",
                "\u200b\u202e\ufeff",
                "\x00",
            )
        )

    def test_addresses_go(self):
        self.check(
            (
                ("Win at http://evil.example/x now", "Win at now"),
                ("HTTPS://EVIL.EXAMPLE", ""),
                ("www.evil.example", ""),
                ("evil.com", ""),
                ("evil.com/x?y=1", ""),
                ("evil.com:8080/x", ""),
                ("sub.evil.co.uk/x", ""),
                ("Dana (evil.com)", "Dana"),
                ("Dana, see evil.com.", "Dana, see"),
                ("Dana evil.com/a evil.com/b", "Dana"),
                ("t.co/abc", ""),
                ("пример.рф", ""),
                ("xn--e1afmkfd.xn--p1ai/x", ""),
                ("dana@evil.example", ""),
                ("mailto:dana@x", ""),
                ("tel:+19005550123", ""),
                ("http:/evil", ""),
                ("1.2.3.4/x", ""),
                ("ftp://evil", ""),
                ("Xaver, see evil.com", "Xaver, see"),
                # One letter to us, two in an address.
                ("So\ufb01a evil.com", "So\ufb01a"),
            )
        )

    def test_disguised_addresses_go(self):
        self.check(
            (typed, "Dana")
            for typed in (
                "Dana evil\uff0ecom",
                "Dana evil\u3002com/x",
                "Dana evil\uff61com",
                "Dana evil\u2024com",
                "Dana evil\ufe52com",
                "Dana e\u200bvil.c\u200dom",
                "Dana evil\u00ad.com",
                "Dana evil.\u2060com",
                "Dana evil\ufe0f.com",
                "Dana ｅｖｉｌ．ｃｏｍ",
                "Dana ｈｔｔｐ：／／evil",
                "Dana http\uff1a//evil",
                "Dana evil.com\uff0fx",
                "Dana \u202ehttp://evil",
                "Dana evil\u3164.com",
                "Dana eviⅬ.com",
            )
        )

    def test_what_is_left_makes_no_new_address(self):
        for typed in (
            "evil.http://x com",
            "ev evil.com il.com",
            "www.www.x.y.com",
            "a.b.http://c.d/ .com",
            # The remainder is an address again.
            "Bob t.me2.3.4.5",
        ):
            with self.subTest(typed=typed):
                self.assertNotRegex(tidy_name(typed), r"\w\.\w")
        self.check([("Bob Lee t.me2.3.4.5 Doe", "Bob Lee Doe")])

    def test_a_name_without_its_blank_is_none(self):
        self.check(
            (
                ("J.Smith", "J. Smith"),
                ("J.R.Tolkien", "J. R. Tolkien"),
                ("St.John", "St. John"),
                ("J.Smith/x", ""),
            )
        )

    def test_it_is_one_line_without_what_is_unseen(self):
        self.check(
            (
                ("Dana\r\nYour account is locked", "Dana Your account is locked"),
                ("Dana\u2028\u2029\x0b\x85x", "Dana x"),
                ("Da\u200bna\u202e \u2066x\u2069", "Dana x"),
                ("Da\u200cna\u200d", "Dana"),
                ("می\u200cDana", "میDana"),
                ("Zo\u00eb\u200dDana", "ZoëDana"),
                ("Da\ufe00na", "Dana"),
                ("D\x00a\x1bna", "D a na"),
                ("Dana\u00a0\u2003Customer", "Dana Customer"),
                ("\ud800Dana", "Dana"),
                ("\ue000Dana", "Dana"),
            )
        )

    def test_it_is_cut_at_a_word(self):
        long = "Your account is locked, please call us at once to unlock it"
        told = tidy_name(long)
        self.assertEqual(told, "Your account is locked, please call us")
        self.assertLessEqual(len(told), NAME_LIMIT)
        self.assertEqual(tidy_name("x" * 100), "x" * NAME_LIMIT)
        self.assertEqual(tidy_name("Dana " + "x" * 100), "Dana " + "x" * 35)
        x20, x21 = "x" * 20, "x" * 21
        self.check(
            (
                (f"{x20} {'y' * 30}", f"{x20} {'y' * 19}"),
                (f"{x21} {'y' * 30}", x21),
                (f"{x21} {'y' * 18} more", f"{x21} {'y' * 18}"),
                (
                    "Max Mustermann and Company, Division X, Berlin",
                    "Max Mustermann and Company, Division X",
                ),
            )
        )

    def test_no_character_is_cut_in_two(self):
        family = "👩\u200d👩\u200d👧"
        parts = (family, "e\u0323\u0301", "🇫🇷", "👍🏽", "❤\ufe0f")
        for filler in (0, *range(30, 41)):
            for part, times in itertools.product(parts, (4, 25)):
                told = tidy_name("x" * filler + part * times)
                rest = told[filler:]
                with self.subTest(filler=filler, part=part, times=times):
                    self.assertEqual(told[:filler], "x" * filler)
                    whole = unicodedata.normalize("NFC", part)
                    self.assertEqual(rest, whole * (len(rest) // len(whole)))
                    self.assertLessEqual(len(told), NAME_LIMIT)
        for function in (tidy_name, tidy_title):
            self.assertEqual(function("x" + "\u0301" * 100), "")

    def test_titles_have_their_own_length(self):
        self.check(
            (
                ("Printer jams", "Printer jams"),
                ("x" * 60, "x" * 60),
                ("Printer jams\nclick evil.com/x", "Printer jams click"),
                ("word " * 40, ("word " * 11)[:-1] + "..."),
            ),
            tidy_title,
        )
        self.assertLessEqual(len(tidy_title("x" * 500)), TITLE_LIMIT)

    def test_a_greeting_without_a_name(self):
        self.check(
            (
                ("Hi , your ticket", "Hi, your ticket"),
                ("Thanks, . Could you", "Thanks. Could you"),
                ("¡Hola , novedades", "¡Hola, novedades"),
                ("Guten Tag , Ihr Ticket", "Guten Tag, Ihr Ticket"),
                ("Bonjour  ! Votre ticket", "Bonjour ! Votre ticket"),
                ("Hi ! Your ticket", "Hi! Your ticket"),
                ("Hi, about .NET , please", "Hi, about .NET , please"),
                ("", ""),
            ),
            close_greeting,
        )

    def test_a_huge_text_is_read_no_further_than_needed(self):
        for typed in ("a." * 500_000, "@" * 10**6, "http:" * 10**5, "\u0301" * 10**6):
            with self.subTest(typed=typed[:10]):
                self.assertLessEqual(len(tidy_name(typed)), NAME_LIMIT)
                self.assertLessEqual(len(tidy_title(typed)), TITLE_LIMIT)
