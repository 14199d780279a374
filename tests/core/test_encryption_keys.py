# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import os
import tempfile
from contextlib import suppress
from unittest.mock import patch

from odoo.tools import SQL

from ... import hooks
from ...models.core import sms_encryption
from ...models.core.bulk_insert import update_many
from ...models.core.encrypted_field import KEY_VARIABLE
from ...tools.at_rest import PLAIN, get_key_id
from ..common import phone_number
from .encryption import FACTS, MARK, NEW, OLD, SCAN, SECRETS, EncryptionCase


class TestKeysChange(EncryptionCase):
    """Stored values are re-encrypted for new keys, in interruptible batches."""

    def setUp(self):
        super().setUp()
        self.event = self.plant()
        self.assert_intact()

    def test_the_first_key_encrypts_what_is_there(self):
        self.use_keys(OLD)
        self.assert_readable(self.event)
        self.run_cron()
        self.assertEqual(self.find_tables(), [])
        scan = self.event.evidence_id.attachment_ids
        self.assertNotIn(MARK.encode(), self.read_file(scan))
        self.assertEqual(scan.mimetype, "application/pdf")
        self.assert_readable(self.event)
        self.assert_intact()

    def test_a_newer_key_takes_over(self):
        self.use_keys(OLD)
        self.run_cron()
        self.use_keys(NEW, OLD)
        self.assert_readable(self.event)
        self.run_cron()
        self.assertEqual(self.find_tables(f"enc1:{get_key_id(OLD)}"), [])
        self.use_keys(NEW)
        self.assert_readable(self.event)
        self.assert_intact()

    def test_the_word_plain_decrypts_everything(self):
        self.use_keys(OLD)
        self.run_cron()
        self.use_keys(PLAIN, OLD)
        self.run_cron()
        self.use_keys()
        self.assert_readable(self.event)
        self.assertEqual(self.find_tables("enc1:"), [])
        scan = self.event.evidence_id.attachment_ids
        self.assertEqual((self.read_file(scan), scan.sms_key_id), (SCAN, False))
        self.assert_intact()

    def test_a_run_that_is_killed_is_gone_on_with(self):
        for index in range(1, 6):
            self.record_consent(phone_number(index), **FACTS)
        self.use_keys(OLD)
        done = []

        def write(model, names, rows):
            if len(done) == 3:
                raise KeyboardInterrupt
            done.append(len(rows))
            return update_many(model, names, rows)

        with (
            patch.object(sms_encryption, "update_many", write),
            patch.object(sms_encryption, "BATCH_SIZE", 1),
            suppress(KeyboardInterrupt),  # assertRaises would roll back what is done
        ):
            self.run_here()
        self.env.invalidate_all()
        self.assert_readable(self.event)
        count = self.count_encrypted()
        self.assertEqual((len(done), count), (3, 2))
        self.run_cron()
        self.assertEqual(self.count_encrypted(), 6)
        self.assertEqual(self.find_tables(), [])
        self.assert_intact()

    def run_here(self):
        """Run the job without its cron; its commits stay in the test."""
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", return_value=60):
            self.env["sms.encryption"]._run()

    def count_encrypted(self):
        """Return how many rows of evidence are encrypted."""
        [(count,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM sms_consent_evidence WHERE name LIKE 'enc1:%%'")
        )
        return count

    def test_a_cron_whose_time_is_over_is_called_again(self):
        self.use_keys(OLD)
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", return_value=0) as told:
            self.env["sms.encryption"]._run()
        told.assert_called_once_with(1, remaining=1)

    def test_a_second_run_writes_nothing(self):
        self.use_keys(OLD)
        self.run_cron()
        with patch.object(sms_encryption, "update_many") as write:
            self.run_cron()
        write.assert_not_called()

    def test_queries_do_not_grow_with_the_rows(self):
        def count():
            self.use_keys(OLD)
            return self.count_queries(self.run_here)

        few = count()
        self.use_keys()
        for index in range(1, 30):
            self.record_consent(phone_number(index), **FACTS)
        self.assertLessEqual(count(), few)

    def test_the_file_of_keys(self):
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
            file.write(f"{NEW}\n{OLD}\n")
            file.flush()
            with patch.dict(
                os.environ, {KEY_VARIABLE: "", f"{KEY_VARIABLE}_FILE": file.name}
            ):
                self.run_cron()
        self.assertEqual(self.find_tables(), [])
        self.use_keys(NEW)
        self.assert_readable(self.event)

    def test_odoos_token_is_plain_when_the_addon_is_gone(self):
        self.use_keys(OLD)
        self.run_cron()
        self.env["sms.encryption"]._decrypt_host()
        self.assertEqual(self.find_tables(SECRETS["sms_twilio_auth_token"]), [
            "res_company",
        ])  # fmt: skip
        self.assertIn("_decrypt_host", hooks.take_leave.__code__.co_names)
