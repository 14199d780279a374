# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Encryption of values in the database, with keys that are kept elsewhere.

Fernet (https://github.com/fernet/spec: AES-128-CBC and HMAC-SHA-256), from the library
``cryptography``. Each stored value names its key, so that several keys can be in use
while one is being replaced, and a missing one can be named.
"""

import hashlib
import re
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

#: In place of the first key: write values unencrypted; the other keys only decrypt.
PLAIN = "plain"
#: Prefix of an encrypted value; its key's id, a colon and the token follow.
ENCRYPTED = "enc1:"
#: Prefix added to a plain value that itself begins with one of these prefixes.
ESCAPED = "enc0:"


class KeyMissing(ValueError):
    """A value cannot be decrypted: its key is missing, or the value was changed."""

    @property
    def key_id(self):
        """The id of the key that encrypted the value, the error's only argument."""
        return self.args[0]


def get_key_id(key):
    """Return a short id of a key that does not reveal it.

    :param str key: as ``Fernet.generate_key`` makes it
    """
    return hashlib.sha256(f"helpdesk_mgmt_sms:{key}".encode()).hexdigest()[:8]


def split_keys(text):
    """Return the keys in a text, in order; split at blanks, commas, semicolons."""
    return tuple(word for word in re.split(r"[\s,;]+", text or "") if word)


class Box:
    """Encrypt with the first key, and decrypt with any: ``MultiFernet`` with key ids.

    The key's id before each token is what ``MultiFernet`` lacks: it says which key is
    missing, and SQL can find values that another key encrypted. Among 300,000 values
    that takes 0.3 seconds an hour; trying to decrypt them would take at least 4.

    :param keys: as :func:`split_keys` returns them; without any, values stay plain
    """

    def __init__(self, keys=()):
        ciphers = {}
        #: Number of keys that are invalid.
        self.bad_count = 0
        for key in keys:
            if key != PLAIN:
                try:
                    ciphers[get_key_id(key)] = Fernet(key)
                except ValueError:
                    self.bad_count += 1
        self._cipher = MultiFernet(ciphers.values()) if ciphers else None
        first = next(map(get_key_id, keys), None)
        #: Id of the key that encrypts; empty if values are written unencrypted.
        self.key_id = first if first in ciphers else ""

    @property
    def has_keys(self):
        """Whether there is any valid key, even if only for decrypting."""
        return self._cipher is not None

    @property
    def prefix(self):
        """The prefix of values that the first key has encrypted."""
        return f"{ENCRYPTED}{self.key_id}:"

    def encrypt(self, value):
        """Return a value as it is to be stored.

        :param str value: any text
        """
        if self.key_id:
            return self.prefix + self.encrypt_bytes(value.encode()).decode()
        return ESCAPED + value if value.startswith((ENCRYPTED, ESCAPED)) else value

    def decrypt(self, stored):
        """Return a stored value in plain text.

        :param str stored: as :meth:`encrypt` returned it, with any key
        :raises KeyMissing: if none of the keys can decrypt it
        """
        if stored.startswith(ENCRYPTED):
            key_id, _colon, token = stored[len(ENCRYPTED) :].partition(":")
            return self.decrypt_bytes(key_id, token.encode()).decode()
        return stored.removeprefix(ESCAPED)

    def encrypt_bytes(self, data):
        """Return bytes encrypted with the first key, unchanged without one."""
        return self._cipher.encrypt(data) if self.key_id else data

    def decrypt_bytes(self, key_id, data):
        """Decrypt bytes that :meth:`encrypt_bytes` returned.

        :param str key_id: of the key that was used; empty for none
        :raises KeyMissing: if that key is missing, or the bytes were changed
        """
        if not key_id:
            return data
        if self._cipher:
            with suppress(InvalidToken):
                return self._cipher.decrypt(data)
        raise KeyMissing(key_id)

    def is_current(self, stored):
        """Tell if a stored value is as the first key would write it."""
        if self.key_id:
            return stored.startswith(self.prefix)
        return not stored.startswith(ENCRYPTED)
