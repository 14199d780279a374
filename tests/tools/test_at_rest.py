# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from cryptography.fernet import Fernet

from odoo.tests import BaseCase

from ...tools.at_rest import PLAIN, Box, KeyMissing, get_key_id, split_keys

OLD, NEW = (Fernet.generate_key().decode() for _number in range(2))
VALUES = (
    "x",
    "Dana Müller",
    "+13035550100",
    "🙂" * 400,
    "enc1:ab:cd",
    "enc0:x",
    "enc0",
)


class TestBox(BaseCase):
    """Encrypted values can be decrypted with their key and with no other."""

    def test_what_was_encrypted_is_decrypted(self):
        for keys in ((), (OLD,), (OLD, NEW), (PLAIN, OLD)):
            box = Box(keys)
            for value in VALUES:
                with self.subTest(keys=len(keys), value=value):
                    self.assertEqual(box.decrypt(box.encrypt(value)), value)

    def test_nothing_of_it_shows(self):
        box = Box((OLD,))
        stored = box.encrypt("Dana Customer")
        self.assertTrue(stored.startswith(f"enc1:{get_key_id(OLD)}:gAAAA"), stored)
        self.assertNotIn("Dana", stored)
        self.assertNotIn(OLD, stored)
        self.assertNotEqual(
            stored, box.encrypt("Dana Customer"), "they can be compared"
        )

    def test_without_a_key_all_stays_as_it_is(self):
        for value in ("x", "Dana", "enc", "enc2:x"):
            self.assertEqual(Box().encrypt(value), value)

    def test_nobody_makes_plain_words_look_encrypted(self):
        """Otherwise typing the prefix into a form would make the record unreadable."""
        for typed in (Box((OLD,)).encrypt("x"), "enc1:", "enc1:zz:zz"):
            stored = Box().encrypt(typed)
            self.assertTrue(Box().is_current(stored))
            self.assertEqual(Box().decrypt(stored), typed)
            self.assertEqual(Box((NEW,)).decrypt(stored), typed)

    def test_the_first_key_encrypts_and_all_decrypt(self):
        stored = Box((OLD,)).encrypt("x")
        both = Box((NEW, OLD))
        self.assertEqual(both.decrypt(stored), "x")
        self.assertFalse(both.is_current(stored))
        self.assertTrue(both.is_current(both.encrypt("x")))
        self.assertEqual(Box((NEW,)).decrypt(both.encrypt("x")), "x")

    def test_the_word_plain_stands_for_no_key(self):
        box = Box((PLAIN, OLD))
        self.assertEqual(box.encrypt("x"), "x")
        self.assertFalse(box.is_current(Box((OLD,)).encrypt("x")))

    def test_a_missing_key_is_named(self):
        stored = Box((OLD,)).encrypt("x")
        for keys in ((), (NEW,), (PLAIN,)):
            with self.assertRaises(KeyMissing) as caught:
                Box(keys).decrypt(stored)
            self.assertEqual(caught.exception.key_id, get_key_id(OLD))

    def test_what_was_changed_is_not_read(self):
        stored = Box((OLD,)).encrypt("agreed")
        for changed in (
            *(stored[:-2] + "AA", stored[:40] + stored[44:], stored[:14]),
            stored + ":x",
        ):
            with self.subTest(changed=changed):
                with self.assertRaises(KeyMissing) as caught:
                    Box((OLD,)).decrypt(changed)
                self.assertEqual(caught.exception.key_id, get_key_id(OLD))

    def test_bytes(self):
        data = b"\x89PNG" + bytes(range(256))
        box = Box((OLD,))
        self.assertEqual(box.decrypt_bytes(box.key_id, box.encrypt_bytes(data)), data)
        self.assertEqual(Box().encrypt_bytes(data), data)
        self.assertEqual(box.decrypt_bytes("", data), data)

    def test_what_is_no_key_encrypts_nothing(self):
        for bad in ("secret", "ü" * 44, OLD[:-4]):
            box = Box((bad, OLD))
            self.assertEqual((box.bad_count, box.key_id), (1, ""))
            self.assertEqual(box.decrypt(Box((OLD,)).encrypt("x")), "x")
        self.assertEqual(Box(("secret", OLD, "another")).bad_count, 2)

    def test_a_key_has_the_id_by_which_its_values_were_stored(self):
        # printf helpdesk_mgmt_sms:key | sha256sum
        self.assertEqual(get_key_id("key"), "c2c23ebd")

    def test_keys_are_separated_by_blanks_commas_and_lines(self):
        self.assertEqual(split_keys(f" {NEW},\n{OLD}\n"), (NEW, OLD))
        self.assertEqual(split_keys(""), ())
        self.assertEqual(split_keys(None), ())


class TestKeys(BaseCase):
    """Whether there is a key at all."""

    def test_one_for_decrypting_is_a_key(self):
        for keys, expected in (
            ((), False),
            ((PLAIN,), False),
            (("none",), False),
            ((PLAIN, OLD), True),
            ((NEW,), True),
        ):
            with self.subTest(keys=keys):
                self.assertIs(Box(keys).has_keys, expected)
