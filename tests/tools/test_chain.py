# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ...tools import chain

KEY, OTHER_KEY = "the ledger's", "another's"
COMPANY = 7


def seal(contents):
    """Return the rows of a chain over some contents, as they are stored."""
    previous, rows = chain.GENESIS, []
    for sequence, content in enumerate(contents, 1):
        own_hash = chain.link_hash(previous, sequence, content)
        rows.append((sequence, previous, own_hash, content))
        previous = own_hash
    return rows


def find_break(rows, heads=None, key=None):
    """Return the first break of a stored chain, or None."""
    verifier = chain.Verifier(heads, key, COMPANY)
    for row in rows:
        if found := verifier.check(chain.Link(*row)):
            return found
    return verifier.finish()


def put_seals(rows, key=KEY):
    """Return the rows of a chain with their seals."""
    return [
        chain.Link(*row, seal=chain.link_seal(key, COMPANY, row[0], row[2]))
        for row in rows
    ]


def carry_over(rows, key=KEY, others=()):
    """Return the rows of an old chain, and the link that takes it over.

    :param dict others: what that link says else than it should
    """
    previous = rows[-1][2] if rows else chain.GENESIS
    number = len(rows) + 1
    said = chain.carry_over(COMPANY, number, previous, key, datetime(2026, 11, 27))
    said.update(others)
    own_hash = chain.link_hash(previous, number, said)
    own_seal = chain.link_seal(key, COMPANY, number, own_hash)
    links = [chain.Link(*row) for row in rows]
    return [*links, chain.Link(number, previous, own_hash, None, own_seal, said)]


def go_on(links, count):
    """Return links with some sealed ones after them."""
    links = [*links]
    for number in range(len(links) + 1, len(links) + 1 + count):
        own, previous = {"event_id": number}, links[-1].hash
        own_hash = chain.link_hash(previous, number, own)
        links += put_seals([(number, previous, own_hash, own)])
    return links


def contents(count):
    """Return contents that differ."""
    return [{"event_id": number, "event": "granted"} for number in range(count)]


class TestCanonical(BaseCase):
    """Equal mappings have one canonical form, however they were made."""

    def test_order_and_type_of_quotes_do_not_matter(self):
        for values in ({"b": 1, "a": "é"}, {"a": "é", "b": 1}):
            self.assertEqual(chain.canonical(values), '{"a":"é","b":1}'.encode())

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
        # printf %s +13035550100 | openssl dgst -sha256 -hmac key
        expected = "bf7d00a527c7ed1b1693db7c1d048b95b985c5acd79e27801ee2561af15b4c7a"
        self.assertEqual(chain.number_hash("key", "+13035550100"), expected)
        self.assertNotEqual(chain.number_hash("other", "+13035550100"), expected)

    def test_what_earlier_versions_stored_still_holds(self):
        """Computed by openssl from the canonical JSON."""
        own_hash = "f" * 64
        for found, expected in (
            (chain.fingerprint("key"), "8683ad46979ffe4f"),
            (
                chain.seal("key", chain.CHECK, {"a": 1}),
                "faa2dfa92a32f31bf86f15490fa37f483517c33a7606b6312d964d929290beef",
            ),
            (
                chain.link_seal("key", COMPANY, 3, own_hash),
                "512b17945dc567b7815ced5a3fa8a32b4ccce480b4f7eacdc6fe7e57ea822706",
            ),
            (
                chain.link_hash(chain.GENESIS, 1, {"a": 1}),
                "4bc2e8bc06e12cdb582b6abd26162b57ffe68c2363137c03ca753c8851fb40e5",
            ),
        ):
            self.assertEqual(found, expected)


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


class TestSeals(BaseCase):
    """Nobody can make a valid chain without the key."""

    def test_a_sealed_chain_holds(self):
        self.assertIsNone(find_break(put_seals(seal(contents(5))), key=KEY))
        self.assertIsNone(find_break([], key=KEY))

    def test_a_chain_computed_anew_does_not(self):
        forged = seal([{"event_id": 0, "event": "revoked"}, *contents(5)[1:]])
        theirs = put_seals(seal(contents(5)))
        kept = [
            link._replace(hash=row[2], previous=row[1], content=row[3])
            for link, row in zip(theirs, forged, strict=True)
        ]
        partly = [*theirs[:3], *map(lambda row: chain.Link(*row), forged[3:])]
        for name, links, expected in (
            ("without seals", forged, (5, chain.NOT_SEALED)),
            ("with seals of another key", put_seals(forged, OTHER_KEY), 1),
            ("with other letters as seals", [it._replace(seal="é") for it in kept], 1),
            ("with the seals that were there", kept, 1),
            ("from the middle on", partly, (4, chain.REORDERED)),
        ):
            with self.subTest(name):
                if isinstance(expected, int):
                    expected = (expected, chain.FORGED)
                self.assertEqual(find_break(links, key=KEY), expected)

    def test_each_link_after_the_first_seal_has_one(self):
        links = put_seals(seal(contents(5)))
        links[3] = links[3]._replace(seal=None)
        self.assertEqual(find_break(links, key=KEY), (4, chain.NOT_SEALED))

    def test_an_old_chain_is_taken_over(self):
        rows = seal(contents(3))
        links = go_on(carry_over(rows), 2)
        self.assertIsNone(find_break(links, key=KEY))
        verifier = chain.Verifier(None, KEY, COMPANY)
        for link in links:
            verifier.check(link)
        self.assertEqual(
            verifier.carried,
            {
                "statement": "carried_over",
                "company_id": COMPANY,
                "links": 3,
                "end": rows[-1][2],
                "key": chain.fingerprint(KEY),
                "at": "2026-11-27T00:00:00Z",
            },
        )

    def test_a_link_that_takes_over_says_all_of_it(self):
        rows = seal(contents(3))
        for name, wrong in (
            ("statement", "another"),
            ("company_id", COMPANY + 1),
            ("links", 2),
            ("end", "f" * 64),
            ("key", chain.fingerprint(OTHER_KEY)),
        ):
            with self.subTest(name=name):
                found = find_break(carry_over(rows, others={name: wrong}), key=KEY)
                self.assertEqual(found, (4, chain.NOT_CARRIED))

    def test_nobody_takes_over_another_chain(self):
        old, made_up = seal(contents(3)), seal(contents(4)[1:])
        taken = carry_over(old)
        on_another = [*map(lambda row: chain.Link(*row), made_up)]
        on_another.append(taken[-1]._replace(previous=made_up[-1][2]))
        without = [*map(lambda row: chain.Link(*row), made_up)]
        previous, number = made_up[-1][2], 4
        own = {"event_id": 4}
        own_hash = chain.link_hash(previous, number, own)
        without += put_seals([(number, previous, own_hash, own)])
        late = [chain.Link(*old[0]), *put_seals(old[1:])]
        twice = go_on(taken, 1)
        said = chain.carry_over(COMPANY, 6, twice[-1].hash, KEY, datetime(2026, 12, 1))
        own_hash = chain.link_hash(twice[-1].hash, 6, said)
        own_seal = chain.link_seal(KEY, COMPANY, 6, own_hash)
        twice.append(
            chain.Link(6, twice[-1].hash, own_hash, None, own_seal, said),
        )
        for name, links, expected in (
            ("with another key", carry_over(old, OTHER_KEY), (4, chain.FORGED)),
            ("by a link that took over another", on_another, (4, chain.CHANGED)),
            ("by going on with seals", without, (4, chain.NOT_SEALED)),
            ("after its first link", late, (2, chain.NOT_SEALED)),
            ("a second time", twice, (6, chain.NOT_CARRIED)),
        ):
            with self.subTest(name):
                self.assertEqual(find_break(links, key=KEY), expected)

    def test_a_seal_of_one_kind_is_none_of_another(self):
        self.assertEqual(
            len({chain.seal(KEY, kind, {"a": 1}) for kind in chain.SEAL_KINDS}),
            len(chain.SEAL_KINDS),
        )
        with self.assertRaises(ValueError):
            chain.seal(KEY, "whatever", {})

    def test_a_link_of_one_company_is_none_of_another(self):
        links = put_seals(seal(contents(2)))
        verifier = chain.Verifier(None, KEY, COMPANY + 1)
        self.assertEqual(verifier.check(links[0]), (1, chain.FORGED))


def seal_hash(numbers):
    """Return the last hash of the chain over some numbers."""
    return seal([{"event_id": number} for number in numbers])[-1][2]


class TestEntries(BaseCase):
    """The seal that an event gets when it is entered, and what a link hashes of it."""

    content = {name: f"its {name}" for name in chain.CONTENT_FIELDS}

    def test_the_seal_is_that_of_all_but_the_id(self):
        sealed = chain.entry_seal(KEY, self.content)
        for name in chain.CONTENT_FIELDS:
            with self.subTest(name=name):
                changed = chain.entry_seal(KEY, {**self.content, name: "another"})
                self.assertEqual(changed == sealed, name == "event_id")
        self.assertNotEqual(chain.entry_seal(OTHER_KEY, self.content), sealed)
        self.assertNotIn(sealed, [chain.seal(KEY, it, {}) for it in chain.SEAL_KINDS])

    def test_a_stored_seal(self):
        values = {"a": 1}
        sealed = chain.seal(KEY, chain.CHECK, values)
        self.assertTrue(chain.is_sealed(KEY, chain.CHECK, values, sealed))
        for found in ("", None, "é", sealed[:-1]):
            self.assertFalse(chain.is_sealed(KEY, chain.CHECK, values, found))
        self.assertFalse(chain.is_sealed(KEY, chain.PACKET, values, sealed))
        self.assertFalse(chain.is_sealed(OTHER_KEY, chain.CHECK, values, sealed))

    def test_what_each_version_hashes(self):
        for version, fields in (
            (None, chain.FIRST_CONTENT_FIELDS),
            (1, chain.FIRST_CONTENT_FIELDS),
            (2, chain.CONTENT_FIELDS),
            (99, chain.CONTENT_FIELDS),
        ):
            found = chain.content_of({**self.content, "more": 1}, version)
            self.assertEqual(list(found), list(fields))
            self.assertEqual(found["purpose"], "its purpose")
