# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mandatory words: STOP and HELP, the sender's name, no offers in confirmations."""

from psycopg2.errors import RestrictViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from ...tools.reply_codes import get_placeholders
from ...tools.texts import find_unknown
from ..common import SmsCase, phone_number
from ..tools.mandatory_words import CONFIRMATIONS, FOOTERS, HELP_WORDS, PROMOTIONS

REASON = "The board, on 3 May."


class TestFooters(SmsCase):
    """A footer names STOP and HELP; having none needs a reason."""

    def setUp(self):
        super().setUp()
        self.purpose = self.purposes("ticket").with_user(self.administrator)
        action = self.purpose.with_user(self.manager).action_copy_for_company()
        own = self.env["sms.purpose.company"].browse(action["res_id"])
        self.own = own.with_user(self.manager)

    def refuse(self, error, work, *args):
        with self.assertRaises(error), self.env.cr.savepoint():
            work(*args)

    def test_it_says_both_in_each_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for row in (self.purpose, self.own):
            for text, missing in FOOTERS:
                spoken = row.with_context(lang="fr_FR")
                with self.subTest(text=text, model=row._name):
                    if not missing:
                        spoken.footer = text
                        continue
                    self.refuse(ValidationError, row.write, {"footer": text})
                    translation = ("footer", {"fr_FR": text})
                    self.refuse(
                        ValidationError,
                        row.update_field_translations,
                        *translation,
                    )

    def test_it_goes_with_a_reason_alone_and_by_an_administrator(self):
        for empty in (False, "", " \n"):
            self.refuse(UserError, self.purpose.write, {"footer": empty})
            values = {"footer": empty, "relaxation_reason": REASON}
            self.refuse(AccessError, self.own.write, values)
            own = self.own.with_user(self.administrator)
            self.refuse(UserError, own.write, {"footer": empty})
        for row in (self.purpose, self.own):
            translation = ("footer", {"en_US": ""})
            self.refuse(UserError, row.update_field_translations, *translation)
        self.purpose.write({"footer": False, "relaxation_reason": REASON})
        self.assertIn(REASON, self.purpose.message_ids[0].body)

    def test_the_servers_owner_needs_no_reason(self):
        """Odoo's own suites are run like this, without footers."""
        purposes = self.env["sms.purpose"].search([])
        purposes.footer = False
        self.assertFalse(any(purposes.mapped("footer")))

    def test_words_for_help_are_understood(self):
        for word in HELP_WORDS:
            self.receive(word)
            self.assertEqual(self.messages_to()[-1].exemption, "help")


class TestSender(SmsCase):
    """The first text to a number and each offer name the sender."""

    are_numbers_known = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.name = "Northwind IT"
        cls.record_consent(cls.number, "ticket", "marketing")
        cls.signed = f"Northwind IT: {cls.footer}"

    def send(self, body="Hello", code="ticket", number=None, **values):
        return self.env["sms.sms"].create(
            {
                "number": number or self.number,
                "body": body,
                "purpose_id": self.purposes(code).id,
                **values,
            }
        )

    def test_the_first_text_to_a_number(self):
        self.assertEqual(self.send().body, f"Hello\n{self.signed}")
        self.assertEqual(self.send().body, f"Hello\n{self.footer}")

    def test_what_was_blocked_was_not_read(self):
        number = phone_number(7)
        self.assertEqual(self.send(number=number).gate_verdict, "block")
        self.record_consent(number)
        self.assertIn(self.signed, self.send(number=number).body)

    def test_what_never_left_was_not_read(self):
        for state in ("canceled", "error"):
            self.send().state = state
            self.assertIn(self.company.name, self.send().body)
            self.messages_to().state = "error"

    def test_what_the_virtual_phone_showed_was_not_read(self):
        self.send()
        self.run_outbox()
        self.assertNotIn(self.company.name, self.send().body)
        self.run_outbox()
        self.company.sms_provider = "twilio"
        self.record_consent()
        self.assertIn(self.company.name, self.send().body)

    def test_every_offer(self):
        for _twice in range(2):
            self.assertEqual(self.send(code="marketing").body, f"Hello\n{self.signed}")

    def test_a_text_that_names_them(self):
        self.assertEqual(
            self.send("Northwind IT: hello").body, f"Northwind IT: hello\n{self.footer}"
        )

    def test_another_company_is_another_sender(self):
        self.send()
        other = self.make_company("Other Company")
        self.record_consent(company=other)
        text = self.send(record_company_id=other.id)
        self.assertIn("Other Company: ", text.body)

    def test_it_is_counted(self):
        long = "x" * (160 - len(self.footer) - 1)
        self.assertEqual(self.send(long).segment_count, 2)
        self.assertEqual(self.send(long).segment_count, 1)

    def test_where_the_footer_was_taken_away_nothing_is_added(self):
        self.purposes("ticket").footer = False
        self.assertEqual(self.send().body, "Hello")

    def test_odoos_own_provider_is_left_as_it_was(self):
        other = self.make_company("Apps", "iap", sms_consent_policy="opt_out")
        text = self.send(record_company_id=other.id)
        self.assertEqual(text.body, f"Hello\n{self.footer}")

    def test_no_query_for_each_of_many(self):
        counts = []
        for amount in (1, 30):
            values = [
                {
                    "number": phone_number(200 + amount + index),
                    "body": "Hello",
                    "purpose_id": self.purposes("ticket").id,
                }
                for index in range(amount)
            ]
            batch = self.env["sms.sms"]
            pairs = {(self.company.id, it["number"]) for it in values}
            counts.append(self.count_queries(batch._find_known_numbers, pairs))
            texts = batch.create(values)
            self.assertTrue(all(self.signed in it.body for it in texts))
        self.assertEqual(*counts)


class TestAnswers(SmsCase):
    """Replies to STOP and HELP keep their mandatory words."""

    def reply(self, code):
        found = self.env["sms.reply"].search([("code", "=", code)])
        return found.with_user(self.administrator)

    def test_the_confirmation_only_confirms(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for code in ("stop_done", "stop_purpose", "stop_appointment"):
            reply = self.reply(code)
            for text in PROMOTIONS:
                with self.subTest(code=code, text=text):
                    with self.assertRaises(ValidationError), self.env.cr.savepoint():
                        reply.body = text
                    with self.assertRaises(ValidationError), self.env.cr.savepoint():
                        reply.update_field_translations("body", {"fr_FR": text})
            known = get_placeholders(code)
            for text in CONFIRMATIONS:
                if not find_unknown(text, known):
                    reply.body = text

    def test_help_names_who_a_contact_and_the_way_out(self):
        reply = self.reply("help")
        for text in (
            "For help: {contact}. Reply STOP to opt out.",
            "{company} texts. Reply STOP to opt out.",
            "{company} texts. For help: {contact}.",
        ):
            with (
                self.subTest(text=text),
                self.assertRaises(ValidationError),
                self.env.cr.savepoint(),
            ):
                reply.body = text
        reply.body = "{company}: call +1 303-555-0100. STOP to opt out."


class TestWordings(SmsCase):
    """A published wording cannot be changed, and its digest is that of its text."""

    def setUp(self):
        super().setUp()
        self.wording = self.env.ref("helpdesk_mgmt_sms.sms_wording_ticket")

    def test_nobody_writes_it_over_rpc(self):
        for user in (self.manager, self.administrator):
            for values in (
                {"digest": "0" * 64},
                {"body": "I agree to everything."},
                {"version": 9},
                {"state": "draft"},
                {"lang": "fr_FR"},
                {"company_id": self.company.id},
            ):
                with self.subTest(user=user.login, **values):
                    records = self.env["sms.wording"].with_user(user)
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        call_kw(records, "write", [self.wording.ids, values], {})

    def test_a_new_one_has_its_own_digest(self):
        draft = self.wording.with_user(self.manager)._copy_for_company(self.company)
        self.assertEqual(draft.digest, self.wording.digest)
        with self.assertRaises(UserError):
            draft.digest = "0" * 64
        records = self.env["sms.wording"].with_user(self.manager)
        values = {"purpose_id": draft.purpose_id.id, "body": "X", "lang": "en_US"}
        made = records.create({**values, "digest": "0" * 64})
        self.assertNotEqual(made.digest, "0" * 64)
        before = draft.digest
        draft.body = f"{draft.body} Thanks."
        self.assertNotEqual(draft.digest, before)

    def test_nor_by_sql(self):
        self.env.flush_all()
        for statement in (
            "UPDATE sms_wording SET body = 'x' WHERE id = %s",
            "UPDATE sms_wording SET digest = 'x' WHERE id = %s",
            "UPDATE sms_wording SET state = 'draft' WHERE id = %s",
            "DELETE FROM sms_wording WHERE id = %s",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.cr.execute(statement, [self.wording.id])
