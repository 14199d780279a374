# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields that are encrypted in the database, if a key is given (``tools.at_rest``).

The ORM's cache holds what the database holds: a missing key makes reading that one
field fail, and no other, and what cannot be read is never overwritten by accident.
"""

import os
from functools import lru_cache
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL, config

from ...tools import at_rest

#: In the server's environment or configuration file: the keys, or a file with them.
KEY_VARIABLE = "HELPDESK_SMS_ENCRYPTION_KEY"
KEY_OPTION = "helpdesk_sms_encryption_key"
FILE_SUFFIX = "_FILE"


class EncryptionKeyError(UserError):
    """A value cannot be read: the key that it was encrypted with is missing."""


class Stored(str):
    """A text as stored in the database: encrypted, or plain."""

    __slots__ = ()


@lru_cache(maxsize=8)
def _make_box(text):
    return at_rest.Box(at_rest.split_keys(text))


def _read_setting(suffix=""):
    variable, option = KEY_VARIABLE + suffix, KEY_OPTION + suffix.lower()
    return os.environ.get(variable) or config.get(option) or ""


def get_box():
    """Return the ``at_rest.Box`` that encrypts and decrypts with the server's keys.

    An unreadable file and an invalid key count as no key: new values are stored plain
    rather than lost, and the health panel says so.
    """
    text = _read_setting()
    if not text and (path := _read_setting(FILE_SUFFIX)):
        try:
            text = Path(path).read_text("ascii")
        except (OSError, ValueError):
            text = "unreadable"
    return _make_box(text)


def decrypt(env, stored):
    """Decrypt an encrypted column, or raise :class:`EncryptionKeyError`."""
    if not stored:
        return stored
    try:
        return get_box().decrypt(stored)
    except at_rest.KeyMissing as error:
        raise make_key_error(env, error.key_id) from None


def make_key_error(env, key_id):
    """Return the error that names a missing key, and where it belongs."""
    return EncryptionKeyError(
        env._(
            "This was encrypted with a key (%(key)s) that the server does not have. "
            "Nothing is lost: let an administrator give it back, as %(variable)s in "
            "the environment or %(option)s in the configuration file.",
            key=key_id,
            variable=KEY_VARIABLE,
            option=KEY_OPTION,
        )
    )


class _Encrypted:
    """Encrypts a field on the way into the database, and decrypts it on the way out."""

    def convert_to_cache(self, value, record, validate=True):
        """Cache stored values as they are."""
        if isinstance(value, Stored):
            return value
        return super().convert_to_cache(value, record, validate)

    def _insert_cache(self, records, values):
        values = [value if value is None else Stored(value) for value in values]
        return super()._insert_cache(records, values)

    def convert_to_record(self, value, record):
        """Decrypt stored values."""
        if isinstance(value, Stored):
            value = decrypt(record.env, value)
        return super().convert_to_record(value, record)

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        """Encrypt values to be written."""
        if isinstance(value, Stored):
            return str(value)
        column = super().convert_to_column_insert(value, record, values, validate)
        return column and get_box().encrypt(column)

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        """Compare plain values only; whether there is a value is always known."""
        condition = super().condition_to_sql(
            field_expr, operator, value, model, alias, query
        )
        if operator in ("in", "not in") and not any(value):
            return condition
        column = model._field_to_sql(alias, field_expr, query)
        pattern = f"{at_rest.ENCRYPTED}%"
        return SQL("(%s AND %s NOT LIKE %s)", condition, column, pattern)

    def _description_groupable(self, env):
        return False

    def _description_sortable(self, env):
        return False


class EncryptedChar(_Encrypted, fields.Char):
    """A line of text that is encrypted in the database."""


class EncryptedText(_Encrypted, fields.Text):
    """A text of any length that is encrypted in the database."""
