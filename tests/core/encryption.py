# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of encryption share: keys, planted words, and a search for them."""

import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.core.encrypted_field import KEY_VARIABLE
from ..common import SmsCase

OLD, NEW = (Fernet.generate_key().decode() for _number in range(2))
#: Stands in each planted word, and nowhere else.
MARK = "7d1c93"
SECRETS = {
    "sms_twilio_auth_token": f"{MARK}-token",
    "sms_twilio_second_auth_token": f"{MARK}-second-token",
    "sms_twilio_api_key_secret": f"{MARK}-key-secret",
    "sms_telnyx_api_key": f"{MARK}-telnyx-key",
}
#: What is said of a person, and is nowhere but in the evidence.
FACTS = {
    "name": f"Dana {MARK}",
    "wording": f"I agree, {MARK}",
    "note": f"my words {MARK}",
    "address": f"{MARK}::1",
    "device": f"Phone {MARK}",
    "page": f"/page/{MARK}",
    "witness": f"Wendy {MARK}",
}
#: The picture's bytes, and a text in them.
SCAN = b"%PDF-1.4 " + MARK.encode() * 3 + b"\n%%EOF"


@tagged("post_install", "-at_install")
class EncryptionCase(SmsCase):
    """A server that is given keys, and a database in which to look for words."""

    def setUp(self):
        super().setUp()
        self.use_keys()

    def use_keys(self, *keys):
        """Give the server some keys, the first of which encrypts."""
        self.env.flush_all()
        self.env.invalidate_all()
        self.enterContext(patch.dict(os.environ, {KEY_VARIABLE: ",".join(keys)}))

    def run_cron(self):
        """Let the cron work off what is there."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_encryption"))
        self.env.invalidate_all()

    def plant(self):
        """Enter credentials and evidence; return the event."""
        self.company.write(SECRETS)
        return self.record_consent(files=[("scan.pdf", SCAN)], **FACTS)

    def find_tables(self, word=MARK):
        """Return the tables in which a word stands: what a dump would show."""
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
        """Return what lies on the disk, or in the database where files lie there."""
        if attachment.store_fname:
            return attachment._file_read(attachment.store_fname)
        return attachment.db_datas

    def assert_readable(self, event):
        """Check that code reads all that was planted."""
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
