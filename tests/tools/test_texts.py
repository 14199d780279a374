# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from odoo.tests import BaseCase, tagged

from ...tools.texts import (
    JSON_LEVELS,
    add_footer,
    clean,
    clean_json,
    clip,
    fill,
    fold,
    link,
    mask_number,
    plain_spaces,
    shorten,
    squeeze,
    tidy_note,
)

FOOTER = "Reply STOP to opt out, HELP for help."


@tagged("post_install", "-at_install")
class TestClean(BaseCase):
    """PostgreSQL refuses NUL, and a text must never be lost for it."""

    def test_nul_goes_and_all_else_stays(self):
        for text, expected in (
            ("a\x00b", "ab"),
            ("\x00", ""),
            ("", ""),
            (None, ""),
            (False, ""),
            ("tab\tline\r\nbell\x07 é 😀", "tab\tline\r\nbell\x07 é 😀"),
            ("half \ud83d an emoji", "half ? an emoji"),
        ):
            with self.subTest(text=text):
                self.assertEqual(clean(text), expected)

    def test_json_becomes_what_can_be_stored(self):
        for value, expected in (
            ({"a\x00": ["\ud83d", 1.5, True, None]}, {"a": ["?", 1.5, True, None]}),
            ([float("nan"), float("inf"), -float("inf")], [None] * 3),
        ):
            with self.subTest(value=value):
                self.assertEqual(clean_json(value), expected)
        lists, fields = [], {}
        for _level in range(5000):
            lists, fields = [lists], {"a": fields}
        self.assertEqual(str(clean_json(lists)).count("["), JSON_LEVELS)
        self.assertEqual(str(clean_json(fields)).count("{"), JSON_LEVELS)

    def test_what_is_too_long_is_cut(self):
        self.assertEqual(clip("a\x00bcd", 3), "abc")
        self.assertEqual(clip(None, 3), "")


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    """Texts shortened, made cheaper, and compared."""

    def test_a_long_text_is_cut_between_words(self):
        for text, limit, expected in (
            ("It jams", 7, "It jams"),
            (" It\n jams \t", 7, "It jams"),
            ("It jams again", 10, "It jams…"),
            # At least half is left, if necessary by cutting a word.
            ("abcdef ghijkl", 10, "abcdef…"),
            ("abcde fghijkl", 10, "abcde fgh…"),
            ("abcd efghijkl", 10, "abcd efgh…"),
            ("ab cdefg", 4, "ab…"),
            # Only the beginning of a text is read.
            (" " * 39 + "ab", 10, "a"),
            ("", 10, ""),
            (None, 10, ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(shorten(text, limit), expected)
        self.assertEqual(shorten("a" * 60), "a" * 60)
        self.assertEqual(shorten("a" * 61), "a" * 59 + "…")
        self.assertEqual(shorten("It jams again", 10, sign=".."), "It jams..")

    def test_spaces_that_cost_more_become_plain_ones(self):
        for text, expected in (
            ("1:30\u202fPM", "1:30 PM"),
            ("a\xa0b\u2000c\u200ad", "a b c d"),
            ("a b\n", "a b\n"),
            (None, ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(plain_spaces(text), expected)

    def test_words_are_compared_without_case_and_accents(self):
        for text, expected in (
            ("Él está", "el esta"),
            ("STRAẞE", "strasse"),
            ("ﬁn", "fin"),
            ("", ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(fold(text), expected)

    def test_words_are_compared_without_case_and_spacing(self):
        self.assertEqual(squeeze(" Reply\n STOP  now "), "reply stop now")


@tagged("post_install", "-at_install")
class TestFooter(BaseCase):
    """How to stop and get help: on every message, once."""

    def test_it_stands_on_a_line_of_its_own(self):
        self.assertEqual(add_footer("Hello", FOOTER), f"Hello\n{FOOTER}")

    def test_white_space_around_it_is_trimmed(self):
        self.assertEqual(add_footer("Hello \n\n", f" {FOOTER}\n"), f"Hello\n{FOOTER}")
        self.assertEqual(add_footer("  Hello", FOOTER), f"  Hello\n{FOOTER}")
        self.assertEqual(add_footer("\nXerox", FOOTER), f"Xerox\n{FOOTER}")

    def test_it_is_not_added_to_a_body_that_has_it(self):
        for body in (
            f"Hello {FOOTER}",
            f"{FOOTER} Bye.",
            "Hello\nreply stop to opt out, help for help.",
            "Hello\nReply  STOP\nto opt out,\n HELP for help.",
        ):
            with self.subTest(body=body):
                self.assertEqual(add_footer(body, FOOTER), body)

    def test_part_of_it_is_not_it(self):
        body = "Reply STOP to opt out"
        self.assertEqual(add_footer(body, FOOTER), f"{body}\n{FOOTER}")

    def test_no_footer_changes_nothing(self):
        for footer in ("", None, False, " \n"):
            with self.subTest(footer=footer):
                self.assertEqual(add_footer(" Hello \n", footer), " Hello \n")

    def test_an_empty_body_is_the_footer_alone(self):
        for body in ("", None, False, "\n", "  "):
            with self.subTest(body=body):
                self.assertEqual(add_footer(body, FOOTER), FOOTER)

    @settings(deadline=None)
    @given(st.text(), st.text())
    def test_to_add_it_twice_is_to_add_it_once(self, body, footer):
        once = add_footer(body, footer)
        self.assertEqual(add_footer(once, footer), once)

    @settings(deadline=None)
    @given(st.text(), st.text())
    def test_the_body_stays(self, body, footer):
        self.assertIn(body.strip(), add_footer(body, footer))


@tagged("post_install", "-at_install")
class TestFill(BaseCase):
    """A manager's wording: placeholders, but no access to objects."""

    def test_placeholders_are_replaced(self):
        values = {"company": "ACME", "contact": "help@acme.example"}
        self.assertEqual(
            fill("{company}: write to {contact}. {company}", values),
            "ACME: write to help@acme.example. ACME",
        )
        self.assertEqual(fill("{ company }", values), "ACME")

    def test_what_is_unknown_or_broken_stays_as_it_is(self):
        for text in (
            *("{unknown}", "{", "}", "{}", "{{", "{company", "company}"),
            *("{company.env}", "{company[0]}", "{company!r}", "{company:>99}", "{0}"),
            *("%s", "%(company)s", "$company", "{{ object.name }}"),
        ):
            with self.subTest(text=text):
                self.assertEqual(fill(text, {"company": "ACME"}), text)

    def test_a_value_is_not_filled_again(self):
        """A company called {contact} does not reveal the contact."""
        values = {"company": "{contact}", "contact": "secret"}
        self.assertEqual(fill("{company}", values), "{contact}")

    def test_nothing_is_an_empty_text(self):
        self.assertEqual(fill(None, {}), "")
        self.assertEqual(fill(False, {}), "")
        self.assertEqual(fill("", {"company": "ACME"}), "")

    def test_values_are_put_in_as_they_are(self):
        self.assertEqual(fill("{a}", {"a": r"\1 \g<0> $1"}), r"\1 \g<0> $1")
        self.assertEqual(fill("{a}", {"a": 7}), "7")


@tagged("post_install", "-at_install")
class TestAsHtml(BaseCase):
    """Texts on pages: nothing in them becomes markup."""

    def test_addresses_can_be_followed(self):
        start, end = 'target="_blank" rel="noopener noreferrer" class=', "</a>"
        found = str(link("See https://a.example/b?c=1&d, or <b> http://e.example."))
        for part in (
            'See <a href="https://a.example/b?c=1&amp;d" ' + start,
            ">https://a.example/b?c=1&amp;d" + end + ", or &lt;b&gt; <a href=",
            ">http://e.example" + end + ".",
        ):
            self.assertIn(part, found)
        for text, expected in (("a & b", "a &amp; b"), ("", ""), (None, "")):
            self.assertEqual(str(link(text)), expected)
        self.assertNotIn("<a", str(link("javascript:alert(1)")))

    def test_a_plain_note_needs_no_sanitizer(self):
        for html, expected in (
            ("Hello", "<p>Hello</p>"),
            ("a<br/>b &amp; &#34;c&#34; &#39;d&#39;", "<p>a<br>b &amp; \"c\" 'd'</p>"),
            ("a &lt;b&gt;", "<p>a &lt;b&gt;</p>"),
            (Markup("&#34;a&#34;"), '<p>"a"</p>'),
            # A note that is not plain is left to the sanitizer.
            ("<b>a</b>", None),
            ("a<br>b", None),
            ("a & b", None),
            (" a", None),
            ("a ", None),
            ("<br/>a", None),
            ("a<br/>", None),
            ("a\x00", None),
            ("", None),
        ):
            with self.subTest(html=html):
                self.assertEqual(tidy_note(html), expected)

    def test_a_number_is_masked(self):
        self.assertEqual(mask_number("+13035550142"), "•••• 42")
