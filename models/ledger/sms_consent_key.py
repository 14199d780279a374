# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hmac
import logging
import os
import secrets

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import config

from ...tools import chain
from ...tools.phone import canonical

_logger = logging.getLogger(__name__)
#: Where the key is looked for, the safest place first: the server's environment, its
#: configuration file, and last a system parameter, which is in the database.
KEY_VARIABLE = "HELPDESK_SMS_CONSENT_KEY"
KEY_OPTION = "helpdesk_sms_consent_key"
KEY_PARAMETER = "helpdesk_mgmt_sms.consent_key"
#: Fingerprint of the key that the ledger was begun with, so that another is noticed.
FINGERPRINT_PARAMETER = "helpdesk_mgmt_sms.consent_key_fingerprint"


class ConsentKeyError(UserError):
    """The ledger cannot be read: its key is not the one that it was begun with."""


class SmsConsentKey(models.AbstractModel):
    """The secret that numbers are hashed and the ledger is sealed with.

    Outside the database it also protects against those who have a copy of it (they
    cannot try all numbers) or own it (they cannot recompute the ledger). In the
    database it protects only against those who see an export or a certificate.
    """

    _name = "sms.consent.key"
    _description = "Key of the Consent Ledger"

    @property
    def _parameters_sudo(self):
        return self.env["ir.config_parameter"].sudo()

    def _get(self):
        """Return the key.

        :raises ConsentKeyError: if the ledger was begun with another one: with a wrong
            key no opt-out would be found
        """
        key = self._read()
        fingerprint = chain.fingerprint(key)
        if fingerprint == self._get_fingerprint(key):
            return key
        if not self._is_empty():
            raise ConsentKeyError(
                self.env._(
                    "The key of the consent ledger is not the one that it was begun "
                    "with, so no consent and no opt-out can be found. Restore the key: "
                    "%(variable)s in the environment, %(option)s in the configuration "
                    "file, or the system parameter %(parameter)s.",
                    variable=KEY_VARIABLE,
                    option=KEY_OPTION,
                    parameter=KEY_PARAMETER,
                )
            )
        # The installation creates a key. An administrator may still set another one.
        self._parameters_sudo.set_param(FINGERPRINT_PARAMETER, fingerprint)
        return key

    def _hash(self, numbers):
        """Return the keyed hashes of some numbers, one for all spellings of a number.

        :param numbers: iterable of E.164 numbers (or other names of a sender)
        :return: ``{number: hash}``, without empty numbers
        """
        key = self._get()
        return {it: chain.number_hash(key, canonical(it)) for it in set(numbers) if it}

    def _read(self):
        """Read the key from its place; for an empty ledger create one if missing."""
        key = self._read_outside() or self._parameters_sudo.get_param(KEY_PARAMETER)
        if not key and self._is_empty():
            key = secrets.token_hex(32)
            self._parameters_sudo.set_param(KEY_PARAMETER, key)
        return key or ""

    def _read_outside(self):
        return os.environ.get(KEY_VARIABLE) or config.get(KEY_OPTION) or ""

    def _is_inside(self):
        inside = self._parameters_sudo.get_param(KEY_PARAMETER)
        fingerprint = chain.fingerprint(inside or "")
        return bool(inside) and self._get_fingerprint(inside) == fingerprint

    def _is_copied_outside(self):
        outside = self._read_outside()
        inside = self._parameters_sudo.get_param(KEY_PARAMETER) or ""
        is_same = hmac.compare_digest(outside.encode(), inside.encode())
        return is_same and self._is_inside()

    def _remove_inside(self):
        """Remove the copy in the database, if the server was started with the same key.

        Otherwise the database may hold the only copy, and keeps it.
        """
        if not self._is_copied_outside():
            return False
        self._parameters_sudo.search([("key", "=", KEY_PARAMETER)]).unlink()
        _logger.info("The key of the consent ledger was removed from the database")
        return True

    def _get_fingerprint(self, key):
        """Return the fingerprint of the ledger's key; the first key sets it."""
        fingerprint = self._parameters_sudo.get_param(FINGERPRINT_PARAMETER)
        if not fingerprint:
            fingerprint = chain.fingerprint(key)
            self._parameters_sudo.set_param(FINGERPRINT_PARAMETER, fingerprint)
        return fingerprint

    def _is_empty(self):
        return not self.env["sms.consent.event"].sudo().search_count([], limit=1)


class SmsSearchedNumber(models.AbstractModel):
    """Mixin for rows that are found by part of a number, or by a whole one's hash.

    The keyed hash outlives erasure.
    """

    _name = "sms.searched.number"
    _description = "Search by a Number or Its Hash"

    searched_number = fields.Char(
        "Phone Number", store=False, search="_search_searched_number"
    )

    def _search_searched_number(self, operator, value):
        if operator == "in":
            return Domain.OR(self._search_searched_number("=ilike", it) for it in value)
        if operator not in ("ilike", "=ilike", "like", "=like"):
            return NotImplemented
        typed = (value or "").strip()
        number = self._phone_format_number(typed, self.env.company.country_id)
        if not number:
            return Domain("number", operator, typed)
        hashes = self.env["sms.consent.key"]._hash([number])
        return Domain("number_hash", "in", list(hashes.values()))
