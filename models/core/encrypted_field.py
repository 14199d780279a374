# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields that are encrypted in the database, where a key is given (``tools.at_rest``).

Code reads and writes them as any other field. In between, the ORM's cache holds what
the database holds: a key that is missing makes reading that one field fail, and no
other, and what cannot be read is never written over by the way.
"""

import os
from functools import lru_cache
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL, config

from ...tools import at_rest

#: Where the keys are looked for: the keys themselves, or a file that holds them; in the
#: server's environment, or in its configuration file.
KEY_VARIABLE = "HELPDESK_SMS_ENCRYPTION_KEY"
KEY_OPTION = "helpdesk_sms_encryption_key"
FILE_SUFFIX = "_FILE"


class EncryptionKeyError(UserError):
    """A value cannot be read: the key by which it was encrypted is not there."""


class Stored(str):
    """A text as it lies in the database: encrypted, or plain."""

    __slots__ = ()


@lru_cache(maxsize=8)
def _make_box(text):
    """Return the box of some keys; to set up its ciphers takes a while."""
    return at_rest.Box(at_rest.split_keys(text))


def _read_setting(suffix=""):
    variable, option = KEY_VARIABLE + suffix, KEY_OPTION + suffix.lower()
    return os.environ.get(variable) or config.get(option) or ""


def get_box():
    """Return what encrypts and decrypts, by the keys that are given to the server.

    A file that cannot be read, and a key that is none, count as no key: what comes in
    is stored as it is rather than lost, and the health panel says so.
    """
    text = _read_setting()
    if not text and (path := _read_setting(FILE_SUFFIX)):
        try:
            text = Path(path).read_text("ascii")
        except (OSError, ValueError):
            text = "unreadable"
    return _make_box(text)


def decrypt(env, stored):
    """Return the text that a column of an encrypted field means.

    :param str stored: as SQL reads it, or None
    :raises EncryptionKeyError: when its key is not there
    """
    if not stored:
        return stored
    try:
        return get_box().decrypt(stored)
    except at_rest.KeyMissing as error:
        raise make_key_error(env, error.key_id) from None


def make_key_error(env, key_id):
    """Return the error that says which key is missing, and what to do."""
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
    """What both kinds of field add: the way into the database, and the way out."""

    def convert_to_cache(self, value, record, validate=True):
        """Keep what the database holds as it is."""
        if isinstance(value, Stored):
            return value
        return super().convert_to_cache(value, record, validate)

    def _insert_cache(self, records, values):
        values = [value if value is None else Stored(value) for value in values]
        return super()._insert_cache(records, values)

    def convert_to_record(self, value, record):
        """Decrypt what the database holds."""
        if isinstance(value, Stored):
            value = decrypt(record.env, value)
        return super().convert_to_record(value, record)

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        """Encrypt what is to be written."""
        if isinstance(value, Stored):
            return str(value)
        column = super().convert_to_column_insert(value, record, values, validate)
        return column and get_box().encrypt(column)

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        """Find by its words only what is plain; whether there is something, always."""
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
