# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of encryption: keys, planted secrets, a search for them."""

import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.core.encrypted_field import KEY_VARIABLE
from ..common import SmsCase

OLD, NEW = (Fernet.generate_key().decode() for _number in range(2))
#: Part of each planted value, and of nothing else.
MARK = "7d1c93"
SECRETS = {
    "sms_twilio_auth_token": f"{MARK}-token",
    "sms_twilio_second_auth_token": f"{MARK}-second-token",
    "sms_twilio_api_key_secret": f"{MARK}-key-secret",
    "sms_telnyx_api_key": f"{MARK}-telnyx-key",
}
#: Personal data that is stored only in the evidence.
FACTS = {
    "name": f"Dana {MARK}",
    "wording": f"I agree, {MARK}",
    "note": f"my words {MARK}",
    "address": f"{MARK}::1",
    "device": f"Phone {MARK}",
    "page": f"/page/{MARK}",
    "witness": f"Wendy {MARK}",
}
#: A scan whose bytes contain the mark.
SCAN = b"%PDF-1.4 " + MARK.encode() * 3 + b"\n%%EOF"


@tagged("post_install", "-at_install")
class EncryptionCase(SmsCase):
    """Set the server's keys, and search the whole database for a text."""

    def setUp(self):
        super().setUp()
        self.use_keys()

    def use_keys(self, *keys):
        """Set the server's keys, of which the first one encrypts."""
        self.env.flush_all()
        self.env.invalidate_all()
        self.enterContext(patch.dict(os.environ, {KEY_VARIABLE: ",".join(keys)}))

    def run_cron(self):
        """Run the encryption's cron."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_encryption"))
        self.env.invalidate_all()

    def plant(self):
        """Store credentials and evidence; return the event."""
        self.company.write(SECRETS)
        return self.record_consent(files=[("scan.pdf", SCAN)], **FACTS)

    def find_tables(self, word=MARK):
        """Return the tables that contain a text, as a dump would."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        return [
            table
            for (table,) in rows
            if self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s t WHERE t::text LIKE %s LIMIT 1",
                    SQL.identifier(table),
                    f"%{word}%",
                )
            )
        ]

    def read_file(self, attachment):
        """Return the stored bytes, from the disk or from the database."""
        if attachment.store_fname:
            return attachment._file_read(attachment.store_fname)
        return attachment.db_datas

    def assert_readable(self, event):
        """Check that code reads all planted values in plain text."""
        self.env.invalidate_all()
        evidence = event.evidence_id
        for record, wanted in (
            (self.company, SECRETS),
            (evidence, {**FACTS, "number": self.number}),
        ):
            [values] = record.read(list(wanted))
            self.assertEqual(values, {"id": record.id, **wanted})
        self.assertEqual(event.name, FACTS["name"])
        self.assertEqual(evidence.attachment_ids.raw, SCAN)
        self.assertTrue(evidence._files_hold())

    def assert_intact(self):
        """Check that the ledger verifies."""
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual(check.state, "intact", check.broken_reason)
