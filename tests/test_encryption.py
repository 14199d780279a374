# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import os
import tempfile
from contextlib import suppress
from unittest.mock import patch

from cryptography.fernet import Fernet
from PIL import Image
from psycopg2.errors import RestrictViolation

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .. import hooks
from ..models import sms_encryption
from ..models.encrypted_field import (
    KEY_VARIABLE,
    EncryptedChar,
    EncryptedText,
    EncryptionKeyError,
)
from ..models.sms_consent_bulk import Statement
from ..models.sms_consent_evidence import ENCRYPTED_FIELDS
from ..models.sms_health import DONE, SKIPPED, TODO, WRONG
from ..providers import base
from ..tools.at_rest import PLAIN, get_key_id
from .common import SmsCase, phone_number
from .web import WebCase

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


def make_picture():
    """Return a picture larger than Odoo leaves pictures."""
    stream = io.BytesIO()
    Image.new("L", (2480, 40)).save(stream, "PNG")
    return stream.getvalue()


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


class TestEncrypted(EncryptionCase):
    """With a key nothing can be read in the database, and all by who may."""

    def setUp(self):
        super().setUp()
        self.use_keys(OLD)

    def test_no_table_shows_what_was_planted(self):
        event = self.plant()
        self.assertEqual(self.find_tables(), [])
        scan = event.evidence_id.attachment_ids
        self.assertNotIn(MARK.encode(), self.read_file(scan))
        self.assertEqual((scan.mimetype, scan.sms_key_id), (
            "application/pdf", get_key_id(OLD),
        ))  # fmt: skip

    def test_without_a_key_the_same_tables_show_it(self):
        """So the search finds what there is to find."""
        self.use_keys()
        event = self.plant()
        self.assertEqual(
            sorted(self.find_tables()), ["res_company", "sms_consent_evidence"]
        )
        self.assertEqual(self.read_file(event.evidence_id.attachment_ids), SCAN)

    def test_code_reads_it_as_before(self):
        event = self.plant()
        self.assert_readable(event)
        account = self.company._get_sms_account("twilio")
        self.assertEqual(account["auth_token"], SECRETS["sms_twilio_auth_token"])
        self.assertEqual(
            self.company._get_sms_account("telnyx")["api_key"],
            SECRETS["sms_telnyx_api_key"],
        )

    def test_who_writes_a_value_reads_it_at_once(self):
        self.company.sms_twilio_auth_token = "first"
        self.assertEqual(self.company.sms_twilio_auth_token, "first")
        self.env.flush_all()
        self.assertEqual(self.company.sms_twilio_auth_token, "first")
        self.company.sms_twilio_auth_token = False
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self.company.sms_twilio_auth_token)
        self.assertFalse(
            self.env["res.company"].search_count(
                [("id", "=", self.company.id), ("sms_twilio_auth_token", "!=", False)]
            )
        )

    def test_the_ledger_verifies_and_the_documents_say_it_all(self):
        self.plant()
        self.assert_intact()
        source = self.env["sms.evidence"].with_user(self.compliance_officer)
        facts = source._gather(self.company, [self.number])
        [event] = facts["events"]
        self.assertEqual(event["seal"], "holds")
        self.assertEqual(event["evidence"]["name"], FACTS["name"])
        self.assertEqual(event["evidence"]["number"], self.number)

    def test_lists_are_encrypted_too(self):
        statements = [
            Statement(phone_number(10 + index), "granted", "import",
                      self.purposes("ticket"), facts=FACTS)
            for index in range(60)
        ]  # fmt: skip
        self.env["sms.consent.event"]._record_many(self.company, statements)
        self.assertEqual(self.find_tables(), [])
        self.assert_intact()
        evidence = self.env["sms.consent.evidence"].search([], limit=1)
        self.assertEqual(evidence.name, FACTS["name"])

    def test_the_screens_show_it(self):
        event = self.plant()
        answer = self.env["sms.consent"].search([("number", "=", self.number)])
        [day] = answer.with_user(self.agent).get_story()["days"]
        self.assertEqual(day["entries"][0]["words"], FACTS["wording"])
        details = self.env["sms.consent.details"]
        said = details._read_said([event.id])
        self.assertEqual(said[event.id].wording, FACTS["wording"])

    def test_who_is_erased_is_gone(self):
        event = self.plant()
        erasures = self.env["sms.erasure"].with_user(self.compliance_officer)
        erasures._erase(self.company, self.number, "Letter 117")
        self.env.invalidate_all()
        evidence = event.evidence_id
        self.assertTrue(evidence.erased_at)
        self.assertFalse(any(evidence[name] for name in ENCRYPTED_FIELDS))
        self.assertFalse(evidence.attachment_ids)
        self.assert_intact()

    def test_a_name_is_found_by_the_privacy_lookup(self):
        self.plant()
        find = self.env["sms.consent.evidence"]._find_named
        self.assertEqual(find(FACTS["name"].upper()), [self.number])
        self.assertEqual(find("Dana"), [])

    def test_it_is_not_found_by_its_letters(self):
        """A search in what is encrypted would find any letters in it."""
        event = self.plant()
        evidence = self.env["sms.consent.evidence"]
        for operator, value in (("ilike", "a"), ("=like", "enc%"), ("in", [MARK])):
            self.assertFalse(evidence.search([("name", operator, value)]))
        self.assertEqual(evidence.search([("name", "!=", False)]), event.evidence_id)
        for name in ("name", "number", "note"):
            description = evidence.fields_get([name])[name]
            self.assertFalse(description["groupable"] or description["sortable"])

    def test_a_large_scan_stays_as_it_was(self):
        """Odoo makes large pictures smaller; then they are not what was recorded."""
        for keys in ((OLD,), ()):
            self.use_keys(*keys)
            event = self.record_consent(files=[("scan.png", make_picture())])
            self.assertTrue(event.evidence_id._files_hold())

    def test_an_encrypted_field_is_on_no_other_table(self):
        """What is encrypted is found by its kind: these are all."""
        found = {
            f"{model._name}.{name}"
            for model, names in self.env["sms.encryption"]._get_fields()
            for name in names
        }
        wanted = {f"res.company.{name}" for name in SECRETS}
        wanted |= {f"sms.consent.evidence.{name}" for name in ENCRYPTED_FIELDS}
        self.assertEqual(found, wanted)
        token = self.company._fields["sms_twilio_auth_token"]
        self.assertIsInstance(token, EncryptedChar)
        self.assertEqual(
            (token.string, token.groups), ("Auth Token", "base.group_system")
        )
        note = self.env["sms.consent.evidence"]._fields["note"]
        self.assertIsInstance(note, EncryptedText)


class TestKeysChange(EncryptionCase):
    """What is there follows the keys, in batches, whenever it is interrupted."""

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
        encryption = type(self.env["sms.encryption"])
        done = []

        def write(self, model, names, rows):
            if len(done) == 3:
                raise KeyboardInterrupt
            done.append(len(rows))
            return write.origin(self, model, names, rows)

        write.origin = encryption._write
        with (
            patch.object(encryption, "_write", write),
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
        """Run without the cron around it; what it commits stays in the test."""
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
        with patch.object(type(self.env["sms.encryption"]), "_write") as write:
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
        self.assertIn("_decrypt_host", hooks.uninstall_hook.__code__.co_names)


class TestKeyMissing(EncryptionCase):
    """A key that is not there: it is said plainly, and nothing is lost."""

    def setUp(self):
        super().setUp()
        self.use_keys(OLD)
        self.event = self.plant()
        self.env.flush_all()
        self.use_keys()

    def test_the_error_says_which_key_and_what_to_do(self):
        for record, name in (
            (self.event.evidence_id, "name"),
            (self.event, "name"),
            (self.company, "sms_twilio_auth_token"),
        ):
            for keys in ((), (NEW,)):
                self.use_keys(*keys)
                with self.assertRaises(EncryptionKeyError) as caught:
                    record.read([name])
                for word in (get_key_id(OLD), KEY_VARIABLE):
                    self.assertIn(word, str(caught.exception))
        with self.assertRaises(EncryptionKeyError):
            self.event.evidence_id.attachment_ids.read(["raw"])

    def test_all_else_goes_on(self):
        self.assertTrue(self.company.name)
        self.assertTrue(self.company._get_sms_account("twilio")["account_sid"] is False)
        self.receive("STOP")
        [answer] = self.env["sms.consent"].search(
            [("number", "=", self.number), ("purpose_id", "=", False)]
        )
        self.assertEqual(answer.state, "opted_out")

    def test_what_cannot_be_read_is_not_written_over(self):
        self.company.name = "Another Name"
        settings = self.env["sms.settings"].with_user(self.administrator)
        form = settings.create({})
        shown = form.read(["sms_twilio_auth_token"])[0]["sms_twilio_auth_token"]
        self.assertTrue(shown)
        form.write({"sms_twilio_auth_token": shown, "sms_review_days": 3})
        self.run_cron()
        self.use_keys(OLD)
        self.assert_readable(self.event)
        self.assert_intact()

    def test_a_new_token_can_be_entered(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        settings.create({"sms_twilio_auth_token": "a new one"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.company.sms_twilio_auth_token, "a new one")

    def test_the_cron_counts_what_it_cannot_read_and_leaves_it(self):
        self.use_keys(NEW)
        self.run_cron()
        state, text = self.env["sms.encryption"]._get_state(self.make_company("Other"))
        self.assertEqual(state, WRONG)
        self.assertIn("3 rows", text)
        self.use_keys(OLD)
        self.assert_readable(self.event)

    def test_the_check_says_that_it_cannot_be_read_and_not_that_it_was_changed(self):
        with self.assertRaises(EncryptionKeyError):
            self.env["sms.consent.check"]._verify(self.company)

    def test_what_is_no_key_loses_nothing(self):
        self.use_keys("this is none", OLD)
        self.assert_readable(self.event)
        with mute_logger("odoo.addons.helpdesk_mgmt_sms.models.sms_encryption"):
            self.run_cron()
        state, _text = self.env["sms.encryption"]._get_state(self.company)
        self.assertEqual(state, WRONG)


class TestTextsWait(EncryptionCase):
    """Texts of an account that cannot be read are held, and leave with the key."""

    def setUp(self):
        super().setUp()
        number = self.env["sms.twilio.number"].create(
            {
                "number": phone_number(90),
                "country_id": self.country.id,
                "company_id": self.company.id,
            }
        )
        self.use_keys(OLD)
        self.company.write(
            {
                **SECRETS,
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_api_key_secret": False,
                "sms_twilio_number_ids": [(4, number.id)],
            }
        )
        self.record_consent()
        self.use_keys()

    def test_they_wait_and_the_administrators_are_told(self):
        self.ticket._message_sms("Your printer is ready")
        sms = self.messages_to()
        self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "send"))
        self.run_outbox()
        self.assertEqual(sms.state, "outgoing")
        sender = sms.sender_id
        self.assertTrue(sender._is_stopped())
        self.assertEqual(sender.fault_id.fault, base.LOCKED)
        state, text = self.env["sms.encryption"]._get_state(self.company)
        self.assertEqual(state, WRONG)
        self.assertIn("Texts wait", text)
        self.assertFalse(self.env["sms.dispatcher"]._claim(10))
        self.use_keys(OLD)
        sender.action_start()
        [(key, call, _delay)] = self.env["sms.dispatcher"]._claim(10)
        self.assertEqual((key.kind, key.sms_id), ("send", sms.id))
        account = call.func.__self__.account
        self.assertEqual(account["auth_token"], SECRETS["sms_twilio_auth_token"])

    def test_a_lookup_waits_too(self):
        self.ticket._message_sms("Your printer is ready")
        sms = self.messages_to()
        sms.write(
            {
                "state": "unknown",
                "provider": "twilio",
                "lookup_at": "2026-01-01",
                "claimed_at": "2026-01-01",
            }
        )
        self.assertEqual(self.env["sms.dispatcher"]._claim_lookups(5), [])
        self.assertEqual(sms.state, "unknown")

    def test_the_setup_says_it(self):
        setup = self.env["sms.onboarding"].with_user(self.manager).get_setup()
        steps = {step["key"]: step for step in setup["steps"]}
        rows = {row["key"]: row for row in setup["health"]}
        for row in (steps["account"], rows["encryption"]):
            self.assertEqual(row["state"], WRONG)
            self.assertIn(KEY_VARIABLE, row["text"])


class TestState(EncryptionCase):
    """The health panel says how it is, and administrators may hurry it."""

    def get_row(self):
        """Return the state that the panel shows a manager."""
        setup = self.env["sms.onboarding"].with_user(self.manager).get_setup()
        [row] = [row for row in setup["health"] if row["key"] == "encryption"]
        return row["state"], row["text"]

    def test_without_a_key_it_says_so(self):
        state, text = self.get_row()
        self.assertEqual(state, SKIPPED)
        self.assertIn("not encrypted", text)
        self.assertIn(KEY_VARIABLE, text)

    def test_with_a_key_it_says_so_when_all_is_encrypted(self):
        self.plant()
        self.use_keys(OLD)
        self.assertEqual(self.get_row()[0], TODO)
        self.run_cron()
        state, text = self.get_row()
        self.assertEqual(state, DONE)
        self.assertIn(get_key_id(OLD), text)
        self.assertNotIn(OLD, text)

    def test_administrators_let_it_run_now(self):
        self.use_keys(OLD)
        settings = self.env["sms.settings"].with_user(self.administrator).create({})
        self.assertTrue(settings.sms_has_key)
        settings.action_encrypt()
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_encryption")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertTrue(triggers)
        with self.assertRaises(AccessError):
            self.env["sms.settings"].with_user(self.manager).create({}).action_encrypt()


class TestGuard(EncryptionCase):
    """The trigger lets evidence be encrypted; what is not its own is found out."""

    def setUp(self):
        super().setUp()
        self.evidence = self.record_consent(**FACTS).evidence_id
        self.assert_intact()

    def update(self, **values):
        """Write past the ORM, as who has the database may."""
        changes = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value)
            for name, value in values.items()
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sms_consent_evidence SET %s WHERE id = %s",
                changes,
                self.evidence.id,
            )
        )
        self.env.invalidate_all()

    def test_plain_words_cannot_be_changed(self):
        token = f"enc1:{get_key_id(OLD)}:x"
        for values in (
            {"name": "Somebody else"},
            {"name": None},
            {"name": token, "message_ref": "SM1"},
            {"name": token, "company_id": self.make_company("Other").id},
            {"name": token, "witness": "Somebody else"},
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(RestrictViolation),
                self.cr.savepoint(),
            ):
                self.update(**values)

    def test_a_field_that_was_empty_stays_empty(self):
        other = self.record_consent(phone_number(1)).evidence_id
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(RestrictViolation),
            self.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE sms_consent_evidence SET note = 'enc1:x' WHERE id = %s",
                [other.id],
            )

    def test_other_words_under_the_same_key_are_found_by_the_digest(self):
        self.use_keys(OLD)
        forged = self.env["sms.consent.evidence"]._fields["name"]
        self.update(
            name=forged.convert_to_column_insert("Somebody else", self.evidence)
        )
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual(check.broken_reason, "evidence_changed")


class TestOverHttp(WebCase, EncryptionCase):
    """What a browser gets, and what a carrier is told."""

    def test_an_officer_opens_an_encrypted_scan(self):
        self.use_keys(OLD)
        scan = self.record_consent(files=[("a.pdf", SCAN)]).evidence_id.attachment_ids
        self.env.flush_all()
        self.authenticate("sms-compliance", "sms-compliance")
        answer = self.get(f"/web/content/{scan.id}")
        self.assertEqual(answer.content, SCAN)
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.authenticate("sms-agent", "sms-agent")
        self.assertEqual(self.get(f"/web/content/{scan.id}").status_code, 404)

    def test_a_request_that_cannot_be_verified_is_to_be_sent_again(self):
        self.use_keys(OLD)
        self.company.write(
            {**SECRETS, "sms_provider": "twilio", "sms_twilio_account_sid": "AC0"}
        )
        url = self.company.sms_inbound_url
        self.use_keys(NEW)
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            answer = self.url_open(url, data={"Body": "STOP", "From": self.number})
        self.assertEqual(answer.status_code, 503)
        self.assertFalse(self.env["sms.inbound"].search([("body", "=", "STOP")]))
        self.use_keys(OLD)
        answer = self.url_open(url, data={"Body": "STOP", "From": self.number})
        self.assertEqual(answer.status_code, 403)
