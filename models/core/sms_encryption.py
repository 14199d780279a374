# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import logging
from itertools import chain

from odoo import models
from odoo.tools import SQL

from ...tools import at_rest
from .bulk_insert import update_many
from .encrypted_field import EncryptedChar, EncryptedText, get_box

_logger = logging.getLogger(__name__)
#: Rows, and scans, that are processed in one transaction.
BATCH_SIZE = 500
SCAN_BATCH_SIZE = 20
#: System parameter: JSON with the key of the last run and how much it could not read.
STATE_PARAMETER = "helpdesk_mgmt_sms.encryption_state"


class SmsEncryption(models.AbstractModel):
    """Encrypts stored values with the server's current key.

    New values are encrypted as they are written; this processes older ones when the
    first key is given, when a newer one is put before it, and when the word *plain* is,
    which decrypts everything. Each batch is committed, so a killed run is continued.
    """

    _name = "sms.encryption"
    _description = "Encryption of Credentials and Evidence"

    def _run(self):
        """Encrypt, re-encrypt or decrypt all that needs it (cron)."""
        box, cron, lost = get_box(), self.env["ir.cron"], 0
        if box.bad_count:
            _logger.critical("%d encryption keys are none", box.bad_count)
        works = [self._work_off(*found, box) for found in self._get_fields()]
        for done, unreadable in chain(*works, self._work_off_scans(box)):
            lost += unreadable
            if not cron._commit_progress(done, remaining=1):
                return
        state = json.dumps({"key": box.key_id, "lost": lost})
        self.env["ir.config_parameter"].sudo().set_param(STATE_PARAMETER, state)
        cron._commit_progress(remaining=0)

    def _get_fields(self):
        """Return the models with encrypted fields, and the names of these."""
        found = []
        for name, model in sorted(self.env.registry.items()):
            names = [
                field.name
                for field in model._fields.values()
                if isinstance(field, EncryptedChar | EncryptedText) and field.store
            ]
            if names and model._auto and not model._abstract:
                found.append((self.env[name], sorted(names)))
        return found

    def _work_off(self, model, names, box):
        """Re-encrypt a model's values that were written with another key.

        :return: yields, to be committed, how many were done and how many are lost
        """
        model.flush_model(names)
        last = 0
        while rows := self._lock_next(model, names, box, last):
            last = rows[-1][0]
            changed, lost = [], 0
            for row_id, *stored in rows:
                try:
                    changed.append((row_id, *(_renew(box, one) for one in stored)))
                except at_rest.KeyMissing:
                    lost += 1
            update_many(model, names, changed)
            yield len(changed), lost
        model.invalidate_model(names)

    def _lock_next(self, model, names, box, last):
        """Lock the next rows with a stale value; skip those in use.

        :return: tuples of an id and the values of ``names``
        """
        columns = [SQL.identifier(name) for name in names]
        query = """
            SELECT id, %s FROM %s WHERE id > %s AND (%s)
          ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
        """
        table, values = SQL.identifier(model._table), SQL(", ").join(columns)
        stale = SQL(" OR ").join(_is_stale(column, box) for column in columns)
        query = SQL(query, values, table, last, stale, BATCH_SIZE)
        return self.env.execute_query(query)

    def _work_off_scans(self, box):
        """Re-encrypt stale scans; yield as :meth:`_work_off` does."""
        attachments_sudo = self.env["ir.attachment"].sudo()
        last = 0
        while scans := attachments_sudo.search(
            [
                ("res_model", "=", "sms.consent.evidence"),
                ("sms_key_id", "!=", box.key_id or False),
                ("id", ">", last),
            ],
            order="id",
            limit=SCAN_BATCH_SIZE,
        ):
            last = scans[-1].id
            yield len(scans), scans._encrypt_sms_anew()

    def _decrypt_host(self):
        companies = self.env["res.company"]._get_sms_all()
        tokens = [
            (it.id, it._read_sms_secret("sms_twilio_auth_token") or None)
            for it in companies
        ]
        update_many(companies, ["sms_twilio_auth_token"], tokens)


def _is_stale(column, box):
    if box.key_id:
        return SQL("(%s <> '' AND %s NOT LIKE %s)", column, column, f"{box.prefix}%")
    return SQL("%s LIKE %s", column, f"{at_rest.ENCRYPTED}%")


def _renew(box, stored):
    if not stored or box.is_current(stored):
        return stored
    return box.encrypt(box.decrypt(stored))
