# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools import chain


def seal(contents):
    """Return the rows of a chain over some contents, as they are stored."""
    previous, rows = chain.GENESIS, []
    for sequence, content in enumerate(contents, 1):
        own_hash = chain.link_hash(previous, sequence, content)
        rows.append((sequence, previous, own_hash, content))
        previous = own_hash
    return rows


def find_break(rows, heads=None):
    """Return the first break of a stored chain, or None."""
    verifier = chain.Verifier(heads)
    for row in rows:
        if found := verifier.check(*row):
            return found
    return verifier.finish()


def contents(count):
    """Return contents that differ."""
    return [{"event_id": number, "event": "granted"} for number in range(count)]


class TestCanonical(BaseCase):
    """One mapping, one text, whatever made it."""

    def test_order_and_type_of_quotes_do_not_matter(self):
        self.assertEqual(
            chain.canonical({"b": 1, "a": "é"}), chain.canonical({"a": "é", "b": 1})
        )

    def test_a_time_is_utc_without_fractions(self):
        value = datetime(2026, 11, 25, 10, 18, 5, 999)
        self.assertEqual(
            chain.canonical({"at": value}), b'{"at":"2026-11-25T10:18:05Z"}'
        )

    def test_what_cannot_be_hashed_is_refused(self):
        with self.assertRaises(TypeError):
            chain.canonical({"what": object()})

    def test_the_digest_is_plain_sha_256(self):
        # printf '{"a":1}' | sha256sum
        expected = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        self.assertEqual(chain.digest({"a": 1}), expected)

    def test_a_number_needs_the_key(self):
        self.assertEqual(
            chain.number_hash("key", "+13035550100"),
            chain.number_hash("key", "+13035550100"),
        )
        self.assertNotEqual(
            chain.number_hash("key", "+13035550100"),
            chain.number_hash("other", "+13035550100"),
        )


class TestVerifier(BaseCase):
    """A chain that was tampered with is found broken, at the first place."""

    def test_an_untouched_chain_holds(self):
        self.assertIsNone(find_break(seal(contents(5))))
        self.assertIsNone(find_break([]))

    def test_each_way_to_tamper_is_located(self):
        rows = seal(contents(5))
        changed = [*rows]
        changed[2] = (*rows[2][:3], {"event_id": 2, "event": "revoked"})
        recomputed = [*rows]
        content = {"event_id": 2, "event": "revoked"}
        recomputed[2] = (
            3,
            rows[2][1],
            chain.link_hash(rows[2][1], 3, content),
            content,
        )
        gone = [*rows]
        gone[2] = (*rows[2][:3], None)
        swapped = [*rows]
        swapped[1] = (2, *rows[2][1:])
        swapped[2] = (3, *rows[1][1:])
        for name, tampered, expected in (
            ("a changed event", changed, (3, chain.CHANGED)),
            ("one hash computed anew", recomputed, (4, chain.REORDERED)),
            ("an event that is gone", gone, (3, chain.EVENT_GONE)),
            ("a link that is gone", rows[:2] + rows[3:], (3, chain.MISSING)),
            ("the first link gone", rows[1:], (1, chain.MISSING)),
            ("two links swapped", swapped, (2, chain.REORDERED)),
        ):
            with self.subTest(name):
                self.assertEqual(find_break(tampered), expected)

    def test_a_seen_end_must_still_be_there(self):
        rows = seal(contents(5))
        heads = {5: rows[-1][2]}
        self.assertIsNone(find_break(rows, heads))
        self.assertEqual(find_break(rows[:3], heads), (4, chain.SHORTENED))

    def test_a_chain_that_was_computed_anew_does_not_hold_the_seen_end(self):
        rows = seal(contents(5))
        forged = seal([{"event_id": 0, "event": "revoked"}, *contents(5)[1:]])
        self.assertIsNone(find_break(forged), "without an end that was seen")
        self.assertEqual(find_break(forged, {5: rows[-1][2]}), (5, chain.CHANGED))

    @given(st.lists(st.integers(), min_size=1, max_size=12), st.data())
    def test_any_single_change_is_found(self, numbers, data):
        rows = seal([{"event_id": number} for number in numbers])
        index = data.draw(st.integers(0, len(rows) - 1))
        row = list(rows[index])
        column = data.draw(st.integers(0, 3))
        row[column] = {
            0: row[0] + 1,
            1: "f" * 64,
            2: "f" * 64,
            3: {"event_id": "another"},
        }[column]
        rows[index] = tuple(row)
        self.assertIsNotNone(find_break(rows, {len(rows): seal_hash(numbers)}))


def seal_hash(numbers):
    """Return the last hash of the chain over some numbers."""
    return seal([{"event_id": number} for number in numbers])[-1][2]
