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
    fill,
    link,
    mask_number,
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
        nested = []
        for _level in range(5000):
            nested = [nested]
        self.assertEqual(str(clean_json(nested)).count("["), JSON_LEVELS)


@tagged("post_install", "-at_install")
class TestFooter(BaseCase):
    """How to stop and get help: on every message, once."""

    def test_it_stands_on_a_line_of_its_own(self):
        self.assertEqual(add_footer("Hello", FOOTER), f"Hello\n{FOOTER}")

    def test_white_space_around_it_is_trimmed(self):
        self.assertEqual(add_footer("Hello \n\n", f" {FOOTER}\n"), f"Hello\n{FOOTER}")
        self.assertEqual(add_footer("  Hello", FOOTER), f"  Hello\n{FOOTER}")

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
    """A manager's wording: placeholders, and no way into objects."""

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
        """A company called {contact} does not tell the contact."""
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
            # What is not plain is the sanitizer's.
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
