# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io

from PIL import Image
from psycopg2.errors import RestrictViolation

from odoo.exceptions import AccessError
from odoo.tools import SQL, mute_logger

from ...models.core.encrypted_field import KEY_VARIABLE, EncryptedChar, EncryptedText
from ...models.ledger.sms_consent_event import Statement
from ...models.ledger.sms_consent_evidence import ENCRYPTED_FIELDS
from ...models.setup.sms_health import DONE, SKIPPED, TODO
from ...tools.at_rest import get_key_id
from ..common import phone_number
from .encryption import FACTS, MARK, OLD, SCAN, SECRETS, EncryptionCase


def make_picture():
    """Return a picture that is larger than Odoo's limit for resizing."""
    stream = io.BytesIO()
    Image.new("L", (2480, 40)).save(stream, "PNG")
    return stream.getvalue()


class TestEncrypted(EncryptionCase):
    """With a key, the database is unreadable, and those with access read everything."""

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
        """This proves that the search works."""
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
        told = details._explain(self.company, self.number, "", event.purpose_id)
        words = {it["id"]: it["words"] for it in told["purposes"]}
        self.assertEqual(words[event.purpose_id.id], FACTS["wording"])

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
        """A search would match the letters of the encrypted value."""
        event = self.plant()
        evidence = self.env["sms.consent.evidence"]
        for operator, value in (("ilike", "a"), ("=like", "enc%"), ("in", [MARK])):
            self.assertFalse(evidence.search([("name", operator, value)]))
        self.assertEqual(evidence.search([("name", "!=", False)]), event.evidence_id)
        for name in ("name", "number", "note"):
            description = evidence.fields_get([name])[name]
            self.assertFalse(description["groupable"] or description["sortable"])

    def test_a_large_scan_stays_as_it_was(self):
        """Odoo resizes large pictures, which would no longer be what was recorded."""
        for keys in ((OLD,), ()):
            self.use_keys(*keys)
            event = self.record_consent(files=[("scan.png", make_picture())])
            self.assertTrue(event.evidence_id._files_hold())

    def test_an_encrypted_field_is_on_no_other_table(self):
        """Encrypted fields are found by their class, and these are all."""
        found = {
            f"{model._name}.{name}"
            for model, names in self.env["sms.encryption"]._get_fields()
            for name in names
        }
        wanted = {f"res.company.{name}" for name in SECRETS}
        wanted |= {f"sms.consent.evidence.{name}" for name in ENCRYPTED_FIELDS}
        wanted.add("sms.alert.source.secret")
        self.assertEqual(found, wanted)
        token = self.company._fields["sms_twilio_auth_token"]
        self.assertIsInstance(token, EncryptedChar)
        self.assertEqual(
            (token.string, token.groups), ("Auth Token", "base.group_system")
        )
        note = self.env["sms.consent.evidence"]._fields["note"]
        self.assertIsInstance(note, EncryptedText)


class TestState(EncryptionCase):
    """The health panel shows the state, and administrators may start the encryption."""

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
        self.env.cr.flush()
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_encryption")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertTrue(triggers)
        with self.assertRaises(AccessError):
            self.env["sms.settings"].with_user(self.manager).create({}).action_encrypt()


class TestGuard(EncryptionCase):
    """The trigger allows encrypting evidence; any other value is detected."""

    def setUp(self):
        super().setUp()
        self.evidence = self.record_consent(**FACTS).evidence_id
        self.assert_intact()

    def update(self, **values):
        """Write by SQL, as anybody with access to the database can."""
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
