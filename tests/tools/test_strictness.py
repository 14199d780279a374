# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from ...tools.strictness import (
    COMPANY_SWITCHES,
    SCOPE_ALL,
    SCOPE_PURPOSE,
    ScopeTerms,
    Terms,
    are_terms_less_strict,
    is_mapping_less_strict,
    is_scope_less_strict,
)
from .switches import read_cases

DAY, END = date(2026, 11, 27), date(2027, 11, 27)


@tagged("post_install", "-at_install")
class TestSwitches(BaseCase):
    """Changed settings that let more through, or keep proof for less time."""

    def test_each_case(self):
        for name, before, after, expected in read_cases():
            with self.subTest(name=name, before=before, after=after):
                is_less_strict = COMPANY_SWITCHES[name](before, after)
                self.assertIs(bool(is_less_strict), expected)

    def test_every_switch_has_a_case_of_either_kind(self):
        for name in COMPANY_SWITCHES:
            found = {it[3] for it in read_cases() if it[0] == name}
            self.assertEqual(found, {True, False}, name)


@tagged("post_install", "-at_install")
class TestScope(BaseCase):
    """A STOP ends everything (47 CFR 64.1200(a)(10)), unless a rule says less."""

    def test_which_changes_of_a_rule_let_it_end_less(self):
        less = ScopeTerms(True, "marketing", SCOPE_PURPOSE, DAY, END, 1)
        all_ = less._replace(scope=SCOPE_ALL)
        day = timedelta(days=1)
        longer = {"effective_from": DAY - day, "effective_to": END + day}
        shorter = {"effective_from": DAY + day, "effective_to": END - day}
        for before, after, expected in (
            (None, less, True),
            (None, all_, False),
            (None, less._replace(active=False), False),
            (less, less, False),
            (less, all_, False),
            (all_, less, True),
            (less, less._replace(active=False), False),
            (less._replace(active=False), less, True),
            (less, less._replace(purpose_class="ticket"), True),
            (less, less._replace(company_id=False), True),
            *((less, less._replace(**{key: it}), True) for key, it in longer.items()),
            *((less, less._replace(**{key: it}), False) for key, it in shorter.items()),
            (less, less._replace(effective_from=None), True),
            (less, less._replace(effective_to=None), True),
            (less._replace(effective_from=None, effective_to=None), less, False),
            # A rule that ends everything is removed, or applies to less.
            (all_, all_, False),
            (all_, all_._replace(active=False), True),
            (all_._replace(active=False), all_._replace(company_id=2), False),
            (all_, all_._replace(company_id=2), True),
            *((all_, all_._replace(**{key: it}), False) for key, it in longer.items()),
            *((all_, all_._replace(**{key: it}), True) for key, it in shorter.items()),
        ):
            with self.subTest(before=before, after=after):
                self.assertIs(is_scope_less_strict(before, after), expected)


@tagged("post_install", "-at_install")
class TestTerms(BaseCase):
    """A purpose's accepted proofs, its footer, and its mapping to messages."""

    offers = Terms("marketing", 5, True, accepts_text=False, accepts_spoken=False)

    def test_more_proofs_or_no_way_out(self):
        for changes, expected in (
            ({"accepts_text": True}, True),
            ({"accepts_spoken": True}, True),
            ({"accepts_web": False}, False),
            ({"has_footer": False}, True),
        ):
            with self.subTest(**changes):
                after = self.offers._replace(**changes)
                self.assertIs(are_terms_less_strict(self.offers, after), expected)

    def test_a_purpose_that_needs_less_consent(self):
        for before, after, expected in (
            ("marketing", "marketing", False),
            ("marketing", "informational", True),
            ("informational", "urgent", True),
            ("informational", "marketing", False),
            ("urgent", "marketing", False),
        ):
            with self.subTest(before=before, after=after):
                terms = (self.offers._replace(quiet_class=it) for it in (before, after))
                self.assertIs(is_mapping_less_strict(*terms), expected)
        bare = self.offers._replace(has_footer=False)
        self.assertTrue(is_mapping_less_strict(self.offers, bare))
        self.assertFalse(is_mapping_less_strict(bare, self.offers))
