# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from psycopg2 import IntegrityError
from psycopg2.errors import RestrictViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from ... import hooks
from ...hooks import post_init_hook, take_leave
from ...tools.segments import count_segments
from ..common import SmsCase, phone_number


@tagged("post_install", "-at_install")
class TestPostInit(SmsCase):
    """Existing data follows the addon's rules after its installation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.companies = cls.company + cls.other_company

    def make_old_message(self, **values):
        """Return a message as Odoo stored it before the addon was installed."""
        sms = self.env["sms.sms"].create({"number": "+13035550181", "body": "Old"})
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE sms_sms
               SET purpose_id = NULL, record_company_id = NULL, state = 'outgoing',
                   gate_verdict = NULL, gate_reason = NULL, failure_type = NULL,
                   mail_message_id = %s
             WHERE id = %s
            """,
            [values.get("mail_message_id"), sms.id],
        )
        self.env.invalidate_all()
        return sms

    def test_existing_companies_get_a_key_of_their_own(self):
        self.companies.sms_webhook_key = False
        post_init_hook(self.env)
        keys = self.companies.mapped("sms_webhook_key")
        self.assertEqual(len(set(keys)), 2)
        for key in keys:
            self.assertGreaterEqual(len(key), 40)

    def test_an_archived_company_gets_one_too(self):
        self.other_company.write({"active": False, "sms_webhook_key": False})
        post_init_hook(self.env)
        self.assertTrue(self.other_company.sms_webhook_key)

    def test_a_key_that_is_there_stays(self):
        """The carrier already knows the address with it."""
        before = self.companies.mapped("sms_webhook_key")
        post_init_hook(self.env)
        self.assertEqual(self.companies.mapped("sms_webhook_key"), before)

    def test_who_has_a_carrier_gets_a_public_address(self):
        """Odoo's own changes as soon as an administrator logs in elsewhere."""
        self.company.sms_provider = "twilio"
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_company SET sms_webhook_base_url = NULL")
        self.env.invalidate_all()
        post_init_hook(self.env)
        url = self.company.get_base_url()
        self.assertEqual(self.company.sms_webhook_base_url, url)
        self.assertFalse(self.other_company.sms_webhook_base_url)

    def test_two_companies_cannot_share_a_key(self):
        """A text to one company could be taken for one to the other."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.other_company.sms_webhook_key = self.company.sms_webhook_key
            self.other_company.flush_recordset()

    def test_a_copied_or_new_company_has_its_own_key(self):
        created = self.env["res.company"].create([{"name": "A"}, {"name": "B"}])
        keys = (self.companies + created).mapped("sms_webhook_key")
        self.assertEqual(len(set(keys)), 4)
        self.assertFalse(self.env["res.company"]._fields["sms_webhook_key"].copy)

    def test_a_waiting_message_gets_a_purpose_and_a_company(self):
        """Without them the outbox would not find it, or send it as another company."""
        sms = self.make_old_message()
        post_init_hook(self.env)
        self.assertEqual(sms.purpose_id.code, "marketing")
        self.assertEqual(sms.record_company_id, self.company)

    def test_the_company_is_that_of_the_record_it_was_posted_on(self):
        ticket = self.make_ticket(company_id=self.other_company.id)
        message = self.post_on(ticket, "Old")
        sms = self.make_old_message(mail_message_id=message.id)
        post_init_hook(self.env)
        self.assertEqual(sms.record_company_id, self.other_company)

    def test_the_segments_of_old_messages_are_counted(self):
        """By the same rule as for new ones, in batches, each row written once."""
        bodies = ["Old", "", "é" * 200, "😀 " * 40, "{" * 100]
        messages = self.env["sms.sms"].concat(
            *(self.make_old_message() for _body in bodies)
        )
        for sms, body in zip(messages, bodies, strict=True):
            self.env.cr.execute(
                "UPDATE sms_sms SET body = %s, segment_count = NULL, encoding = NULL"
                " WHERE id = %s",
                [body, sms.id],
            )
        with patch.object(hooks, "ADOPTED_AT_ONCE", 2):
            post_init_hook(self.env)
        for sms, body in zip(messages, bodies, strict=True):
            found = count_segments(body)
            self.assertEqual(sms.segment_count, found.count, body)
            self.assertEqual(sms.encoding, found.encoding, body)
            self.assertEqual(sms.purpose_id.code, "marketing")

    def test_a_switchboard_is_not_taken_for_its_extension(self):
        """Before the installation, Odoo has read the switchboard's number out of it."""
        partner = self.make_customer("303 555 0150 ext. 12")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET phone_sanitized = '+13035550150' WHERE id = %s",
            [partner.id],
        )
        self.env.invalidate_all()
        post_init_hook(self.env)
        self.assertFalse(partner.phone_sanitized)

    def test_an_old_message_meets_the_gate_before_it_leaves(self):
        """It was made before anybody asked for consent."""
        sms = self.make_old_message()
        post_init_hook(self.env)
        self.assertFalse(sms._ask_gate())
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "no_consent"))

    def test_what_has_been_decided_is_not_touched(self):
        purpose = self.env["sms.purpose"]._get("alert")
        sms = self.env["sms.sms"].create(
            {"number": "+13035550182", "body": "New", "purpose_id": purpose.id}
        )
        before = sms.read(["purpose_id", "record_company_id", "state", "gate_reason"])
        post_init_hook(self.env)
        self.assertEqual(
            sms.read(["purpose_id", "record_company_id", "state", "gate_reason"]),
            before,
        )

    def test_it_can_run_twice(self):
        sms = self.make_old_message()
        post_init_hook(self.env)
        first = sms.read(["purpose_id", "record_company_id"])
        post_init_hook(self.env)
        self.assertEqual(sms.read(["purpose_id", "record_company_id"]), first)


@tagged("post_install", "-at_install")
class TestUninstall(SmsCase):
    """The addon can be uninstalled: the ledger's guards go, and nothing else breaks."""

    def try_to_delete(self):
        """Delete the whole ledger by SQL, in a savepoint."""
        with self.env.cr.savepoint():
            self.env.cr.execute("DELETE FROM sms_consent")
            self.env.cr.execute("UPDATE sms_sms SET consent_event_id = NULL")
            self.env.cr.execute("DELETE FROM sms_consent_event")

    def test_the_ledger_is_locked_until_then_and_free_afterwards(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(RestrictViolation):
            self.try_to_delete()
        take_leave(self.env)
        self.try_to_delete()

    def test_it_can_run_twice(self):
        take_leave(self.env)
        take_leave(self.env)
        self.try_to_delete()

    def test_who_has_left_one_company_is_on_odoos_list_afterwards(self):
        """The ledger, which alone knows it, is deleted."""
        other = self.make_company("Other")
        self.record_consent(event="revoked")
        self.record_consent(phone_number(1), company=other)
        own = [("number", "in", [self.number, phone_number(1)])]
        self.assertFalse(self.env["phone.blacklist"].search(own))
        take_leave(self.env)
        listed = self.env["phone.blacklist"].search(own)
        self.assertEqual(listed.mapped("number"), [self.number])

    def test_an_installation_afterwards_locks_the_ledger_again(self):
        take_leave(self.env)
        self.env["sms.consent.event"].init()
        with mute_logger("odoo.sql_db"), self.assertRaises(RestrictViolation):
            self.try_to_delete()

    def test_odoos_messages_outlive_the_addons_words_for_them(self):
        """Values that only the addon knows must become values that Odoo knows."""
        sms_field = self.env["sms.sms"]._fields["state"]
        self.assertIn("unknown", sms_field.ondelete)
        provider = self.env["res.company"]._fields["sms_provider"]
        self.assertLessEqual({"sandbox", "telnyx"}, set(provider.ondelete))
        for model, name in (
            ("sms.sms", "failure_type"),
            ("mail.notification", "failure_type"),
        ):
            field = self.env[model]._fields[name]
            added = {"sms_no_consent", "sms_no_provider"}
            self.assertLessEqual(added, set(field.ondelete))
