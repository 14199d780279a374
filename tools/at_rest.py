# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Encryption of what lies in the database, by keys that lie elsewhere.

Fernet (https://github.com/fernet/spec: AES-128-CBC and HMAC-SHA-256) as the library
``cryptography`` has it. What is stored names the key by which it can be read, so that
several keys can be in use while one is being replaced, and a missing one is known.
"""

import hashlib
import re
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

#: Stands in the place of the first key: what is encrypted is to be decrypted again.
PLAIN = "plain"
#: What an encrypted value begins with; then its key's id, a colon and the token.
ENCRYPTED = "enc1:"
#: What a plain value begins with that could be taken for an encrypted one.
ESCAPED = "enc0:"


class KeyMissing(ValueError):
    """A value cannot be read: its key is not there, or it was changed."""

    @property
    def key_id(self):
        """The id of the key by which it was encrypted, the error's only argument."""
        return self.args[0]


def get_key_id(key):
    """Return what tells one key from another, and does not give it away.

    :param str key: as ``Fernet.generate_key`` makes them
    """
    return hashlib.sha256(f"helpdesk_mgmt_sms:{key}".encode()).hexdigest()[:8]


def split_keys(text):
    """Return the keys in a text, in order; blanks, commas and lines separate them."""
    return tuple(word for word in re.split(r"[\s,;]+", text or "") if word)


class Box:
    """Encrypt by the first of some keys, and decrypt by each: a named ``MultiFernet``.

    The key's id before each token is what ``MultiFernet`` lacks: it says which key is
    missing, and lets SQL find what another key has written. Among 300,000 values that
    takes 0.3 seconds an hour; to decrypt them, as only a trial shows it, 4 and more.

    :param keys: as :func:`split_keys` returns them; without any, values stay plain
    """

    def __init__(self, keys=()):
        ciphers = {}
        #: How many of the keys are none.
        self.bad_count = 0
        for key in keys:
            if key != PLAIN:
                try:
                    ciphers[get_key_id(key)] = Fernet(key)
                except ValueError:
                    self.bad_count += 1
        self._cipher = MultiFernet(ciphers.values()) if ciphers else None
        first = next(map(get_key_id, keys), None)
        #: The key that encrypts; empty where values are written as they are.
        self.key_id = first if first in ciphers else ""

    @property
    def has_keys(self):
        """Whether there is any key, be it for decrypting alone."""
        return self._cipher is not None

    @property
    def prefix(self):
        """What values begin with that were encrypted by the first key."""
        return f"{ENCRYPTED}{self.key_id}:"

    def encrypt(self, value):
        """Return a value as it is to be stored.

        :param str value: any text
        """
        if self.key_id:
            return self.prefix + self.encrypt_bytes(value.encode()).decode()
        return ESCAPED + value if value.startswith((ENCRYPTED, ESCAPED)) else value

    def decrypt(self, stored):
        """Return what a stored value means.

        :param str stored: as :meth:`encrypt` returned it, by whatever key
        :raises KeyMissing: when none of the keys opens it
        """
        if stored.startswith(ENCRYPTED):
            key_id, _colon, token = stored[len(ENCRYPTED) :].partition(":")
            return self.decrypt_bytes(key_id, token.encode()).decode()
        return stored.removeprefix(ESCAPED)

    def encrypt_bytes(self, data):
        """Return bytes encrypted by the first key, or as they are without one."""
        return self._cipher.encrypt(data) if self.key_id else data

    def decrypt_bytes(self, key_id, data):
        """Return what bytes mean that :meth:`encrypt_bytes` returned.

        :param str key_id: of the key that was used; empty for none
        :raises KeyMissing: when it is not there, or the bytes were changed
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
