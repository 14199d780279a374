# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import timedelta

from psycopg2 import errors

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.privacy.sms_evidence_audit import MAX_TRIES
from ...tools import evidence
from ..common import phone_number
from .common import PacketCase

AUDIT_CRON = "helpdesk_mgmt_sms.ir_cron_sms_evidence_audit"


class TestWizard(PacketCase):
    """The form by which an officer exports the evidence of one person."""

    def open_wizard(self, user=None, record=None, **values):
        """Return the form as it opens on a record."""
        wizards = self.env["sms.evidence.wizard"].with_user(
            user or self.compliance_officer
        )
        if record:
            wizards = wizards.with_context(
                active_model=record._name, active_ids=record.ids
            )
        return wizards.create(values)

    def fetch(self, action):
        """Return the file that an action downloads."""
        attachment_id = int(action["url"].split("/")[-1].partition("?")[0])
        attachment = self.env["ir.attachment"].browse(attachment_id)
        return attachment.with_user(self.compliance_officer)

    def test_it_opens_on_contacts_answers_and_events(self):
        event = self.record_consent()
        answer = self.env["sms.consent"].search([("number", "=", self.number)])
        for record in (self.customer, answer, event):
            with self.subTest(model=record._name):
                self.assertEqual(self.open_wizard(record=record).numbers, self.number)

    def test_it_opens_on_who_was_erased(self):
        event = self.record_consent()
        event.evidence_id._erase()
        wizard = self.open_wizard(record=event, kind="packet")
        self.assertFalse(wizard.numbers)
        folder = self.unpack(self.fetch(wizard.action_make()).raw)
        self.assertEqual(self.verify(folder)[0], 0)

    def test_it_makes_a_packet_and_notes_it(self):
        self.tell_story()
        wizard = self.open_wizard(numbers="(303) 555-0100", kind="packet")
        attachment = self.fetch(wizard.action_make())
        export = self.env["sms.evidence.export"].search([], limit=1)
        self.assertEqual(export.user_id, self.compliance_officer)
        self.assertEqual(export.file_digest, evidence.sha256(attachment.raw))
        self.assertEqual(export.file_name, attachment.name)
        self.assertEqual(export.message_count, len(self.messages_to()))
        stored = str(export.read())
        self.assertNotIn(self.number[-7:], stored)
        self.assertNotIn("Dana", stored)
        folder = self.unpack(attachment.raw)
        self.assertIn(export.reference, (folder / "README.txt").read_text("utf-8"))

    def test_making_it_again_is_another_line(self):
        self.record_consent()
        wizard = self.open_wizard(numbers=self.number, kind="packet")
        exports = self.env["sms.evidence.export"]
        wizard.action_make()
        first = exports.search([], limit=1).read()
        wizard.action_make()
        self.assertEqual(exports.search_count([]), 2)
        self.assertEqual(exports.browse(first[0]["id"]).read(), first)

    def test_only_who_made_it_fetches_it(self):
        self.record_consent()
        wizard = self.open_wizard(numbers=self.number, kind="packet")
        attachment = self.fetch(wizard.action_make())
        other = self.compliance_officer.copy({"login": "sms-other-officer"})
        for user in (other, self.manager, self.agent, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                attachment.with_user(user).read(["raw"])

    def test_nobody_else_opens_it(self):
        for user in (self.agent, self.manager, self.employee, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.open_wizard(user=user, numbers=self.number)

    def test_another_company_is_out_of_reach(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        wizard = self.open_wizard(numbers=self.number, company_id=other.id)
        with self.assertRaises(AccessError):
            wizard.action_make()
        self.assertFalse(self.env["sms.evidence.export"].search([]))

    def test_the_record_of_exports_cannot_be_changed(self):
        self.record_consent()
        self.open_wizard(numbers=self.number, kind="packet").action_make()
        export = self.env["sms.evidence.export"].search([])
        with self.assertRaises(UserError):
            export.write({"reference": "x"})
        with self.assertRaises(UserError):
            export.unlink()
        for query in (
            "UPDATE sms_evidence_export SET reference = 'x'",
            "DELETE FROM sms_evidence_export",
            "TRUNCATE sms_evidence_export CASCADE",
        ):
            with (
                self.subTest(query),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(errors.RestrictViolation, "append-only"),
                self.cr.savepoint(),
            ):
                self.cr.execute(query)


@tagged("post_install", "-at_install")
class TestAudit(PacketCase):
    """The export of a period."""

    def make_audit(self, user=None, **values):
        """Return a new audit, by default of today."""
        today = fields.Date.today()
        return (
            self.env["sms.evidence.audit"]
            .with_user(user or self.compliance_officer)
            .create({"date_from": today, "date_to": today, "tz": "UTC", **values})
        )

    def run_audits(self):
        self._run_cron(self.env.ref(AUDIT_CRON))

    def test_a_period_is_exported_and_verifies(self):
        self.record_consent(phone_number(3), name="Somebody Else")
        self.tell_story()
        audit = self.make_audit()
        audit.action_make()
        self.assertEqual(audit.state, "waiting")
        self.run_audits()
        self.assertEqual(audit.state, "ready", audit.problem)
        folder = self.unpack(base64.b64decode(audit.file))
        events = self.env["sms.consent.event"].search(
            [("company_id", "=", self.company.id)]
        )
        status, words = self.verify(folder)
        self.assertEqual(status, 0, words)
        self.assertIn(f"intact: {len(events)} links", words)
        self.assertEqual(audit.event_count, len(events))
        messages = self.read_table(folder, "messages.csv")
        self.assertEqual(len(messages), audit.message_count)
        self.assertEqual(len(self.read_table(folder, "received.csv")), 4)
        [opt_out] = self.read_table(folder, "opt-outs.csv")
        self.assertTrue(opt_out["seconds"])

    def test_no_link_of_a_period_can_be_left_out_unseen(self):
        for index in range(4):
            self.record_consent(phone_number(index))
        now = fields.Datetime.now()
        _reference, data, _counts = self.source._make_period(
            self.company, now - timedelta(hours=1), now + timedelta(hours=1)
        )
        folder = self.unpack(data)
        # Nothing is sealed yet, so nothing proves that it is complete.
        status, words = self.verify(folder)
        self.assertEqual(status, 1)
        self.assertIn("is not sealed", words)
        self.env["sms.consent.link"]._seal(self.company)
        _reference, data, _counts = self.source._make_period(
            self.company, now - timedelta(hours=1), now + timedelta(hours=1)
        )
        folder = self.unpack(data)
        self.assertEqual(self.verify(folder)[0], 0)
        path = folder / "evidence.json"
        lines = path.read_text("utf-8").splitlines(keepends=True)
        [second] = [line for line in lines if '"sequence": 2,' in line]
        path.write_text("".join(line for line in lines if line != second), "utf-8")
        self.assertIn("link 2 is missing", self.verify(folder)[1])

    def test_what_lies_outside_is_not_in_it(self):
        self.tell_story()
        yesterday = fields.Date.today() - timedelta(days=1)
        audit = self.make_audit(date_from=yesterday, date_to=yesterday)
        audit.action_make()
        self.run_audits()
        self.assertEqual((audit.event_count, audit.message_count), (0, 0))
        folder = self.unpack(base64.b64decode(audit.file))
        self.assertEqual(self.verify(folder)[0], 0)

    def test_days_begin_where_the_officer_says(self):
        audit = self.make_audit(
            date_from="2026-03-01", date_to="2026-03-31", tz="America/Denver"
        )
        start, end = audit._span()
        # Daylight saving time began on 8 March.
        self.assertEqual(str(start), "2026-03-01 07:00:00")
        self.assertEqual(str(end), "2026-04-01 06:00:00")

    def test_it_is_noted(self):
        self.record_consent()
        audit = self.make_audit()
        audit.action_make()
        self.run_audits()
        export = audit.export_id
        self.assertEqual(export.user_id, self.compliance_officer)
        self.assertEqual(export.kind, "period")
        self.assertEqual(export.date_from, audit.date_from)
        data = base64.b64decode(audit.file)
        self.assertEqual(export.file_digest, evidence.sha256(data))

    def test_the_file_goes_after_a_week_and_the_note_stays(self):
        audit = self.make_audit()
        audit.action_make()
        self.run_audits()
        export = audit.export_id
        self.env["sms.evidence.audit"]._gc_files()
        self.assertTrue(audit.exists())
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_evidence_audit SET write_date = now() - interval '8 days'"
        )
        self.env.invalidate_all()
        self.env["sms.evidence.audit"]._gc_files()
        self.assertFalse(audit.exists())
        self.assertTrue(export.exists())

    def test_a_right_that_was_lost_since_is_noticed(self):
        audit = self.make_audit()
        audit.action_make()
        group = self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        self.compliance_officer.group_ids -= group
        self.run_audits()
        audit = audit.sudo()
        self.assertEqual(audit.state, "failed")
        self.assertIn("Only compliance officers", audit.problem)
        self.assertFalse(self.env["sms.evidence.export"].search([]))

    def test_what_the_server_ends_each_time_is_given_up(self):
        audit = self.make_audit()
        audit.action_make()
        audit.sudo().tries = MAX_TRIES
        self.run_audits()
        self.assertEqual(audit.state, "failed")
        self.assertIn("shorter period", audit.problem)
        audit.action_make()
        self.run_audits()
        self.assertEqual(audit.state, "ready")

    def test_an_erasure_deletes_packets_and_starts_those_in_preparation_over(self):
        finished, waiting = self.make_audit(), self.make_audit()
        finished.action_make()
        self.run_audits()
        waiting.action_make()
        waiting.sudo().tries = 1
        self.cr.flush()
        triggers = self.env["ir.cron.trigger"].search([])
        self.env["sms.erasure"].sudo()._erase(
            self.company, phone_number(5), "Letter 117"
        )
        self.assertFalse(finished.exists())
        self.assertEqual((waiting.state, waiting.tries), ("waiting", 0))
        self.cr.flush()
        triggers = self.env["ir.cron.trigger"].search([]) - triggers
        self.assertIn(self.env.ref(AUDIT_CRON), triggers.cron_id)

    def test_everything_is_a_period_too(self):
        always = {"date_from": "0001-01-01", "date_to": "9999-12-31"}
        for tz in ("Asia/Tokyo", "America/Denver"):
            with self.subTest(tz):
                audit = self.make_audit(**always, tz=tz)
                audit.action_make()
                self.run_audits()
                self.assertEqual(audit.state, "ready")

    def test_who_may(self):
        for user in (self.agent, self.manager, self.employee, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.make_audit(user=user)
        other = self.make_company("Other")
        with self.assertRaises(AccessError):
            self.make_audit(company_id=other.id)
        with self.assertRaises(AccessError):
            self.make_audit(state="ready")
        audit = self.make_audit()
        with self.assertRaises(AccessError):
            audit.state = "ready"
        with self.assertRaises(AccessError):
            audit.company_id = other
        audit.action_make()
        with self.assertRaises(UserError):
            audit.date_from = "2026-01-01"

    def test_a_period_ends_after_it_begins(self):
        with self.assertRaises(ValidationError):
            self.make_audit(date_from="2026-03-02", date_to="2026-03-01")
