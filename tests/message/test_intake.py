# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import new_test_user, tagged

from ...models.ledger.sms_purpose import PurposeCode
from ...models.message.sms_sms_media import SentMedia
from ..common import phone_number
from ..peer.media import PNG
from .common import IntakeCase


@tagged("post_install", "-at_install")
class TestNativePaths(IntakeCase):
    """In each of Odoo's ways a text gets a purpose, a verdict, a number, one footer."""

    def test_the_composer_on_a_ticket(self):
        self.record_consent()
        self.compose("comment", self.ticket)
        message = self.messages_to()
        self.assertSent(message, "ticket")
        self.assertTrue(message.body.startswith("We are on our way."))
        self.assertEqual(message.partner_id, self.customer)
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.notification_status, "ready")

    def test_the_composer_on_a_contact(self):
        """Nothing shows that it is about support, so it gets the strictest purpose."""
        self.record_consent(None, "ticket")
        seller = new_test_user(
            self.env, "sms-seller", groups="base.group_user,base.group_partner_manager"
        )
        self.compose("comment", self.customer, seller)
        self.assertBlocked(self.messages_to(), "marketing", "no_consent")

    def test_the_composer_for_many_tickets(self):
        tickets = self.ticket
        for index in range(1, 4):
            tickets |= self.make_ticket(self.make_customer(phone_number(index)))
            self.record_consent(phone_number(index))
        self.compose("mass", tickets)
        self.assertBlocked(self.messages_to(), "ticket", "no_consent")
        for index in range(1, 4):
            self.assertSent(self.messages_to(phone_number(index)), "ticket")

    def test_the_composer_for_many_contacts_with_a_log(self):
        other = self.make_customer(phone_number(1))
        self.record_consent(None, "marketing")
        self.compose("mass", self.customer | other, mass_keep_log=True)
        self.assertSent(self.messages_to(), "marketing")
        self.assertBlocked(self.messages_to(other.phone), "marketing", "no_consent")

    def test_the_composer_for_numbers(self):
        self.record_consent(phone_number(2), "marketing")
        self.compose("numbers", numbers=f"(303) 555-0101, {phone_number(2)}")
        self.assertBlocked(self.messages_to(phone_number(1)), "marketing", "no_consent")
        self.assertSent(self.messages_to(phone_number(2)), "marketing")

    def test_the_composer_for_a_number_in_two_spellings(self):
        self.record_consent(None, "marketing")
        self.compose("numbers", numbers=f"{self.number}, (303) 555-0100, 3035550100")
        self.assertSent(self.messages_to(), "marketing")

    def test_an_action_inherits_neither_the_time_nor_the_files_of_a_text(self):
        """It may run while a user's text is sent, and texts somebody else."""
        picture = self.env["ir.attachment"].create({"name": "photo.png", "raw": PNG})
        action = self.env["ir.actions.server"].create(
            {
                "name": "Text them",
                "state": "code",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "code": "record._message_sms('Look')",
            }
        )
        action.with_context(
            active_model="helpdesk.ticket",
            active_id=self.ticket.id,
            sms_send_at=fields.Datetime.now() + timedelta(days=1),
            sms_media=SentMedia(0, tuple(picture.ids)),
        ).run()
        message = self.messages_to()
        self.assertFalse(message.send_at)
        self.assertFalse(message.attachment_ids)

    def test_an_action_sends_no_customer_what_is_for_colleagues(self):
        self.record_consent()
        self.ticket_template.is_internal = True
        action = self.env["ir.actions.server"].create(
            {
                "name": "Text them",
                "state": "sms",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "sms_template_id": self.ticket_template.id,
            }
        )
        context = {"active_model": "helpdesk.ticket", "active_ids": self.ticket.ids}
        for method in ("sms", "comment", "note"):
            action.sms_method = method
            with (
                self.subTest(method=method),
                self.assertRaisesRegex(ValidationError, "is for colleagues"),
            ):
                action.with_context(**context).run()
        self.assertFalse(self.messages_to())

    def test_a_text_that_code_posts(self):
        self.record_consent()
        self.ticket.with_user(self.agent)._message_sms("On our way.")
        self.assertSent(self.messages_to(), "ticket")

    def test_a_stage_of_a_new_and_of_an_old_ticket(self):
        self.record_consent()
        stage = self.make_stage(self.ticket_template)
        self.make_ticket(self.customer, name="New", stage_id=stage.id)
        self.assertSent(self.messages_to(), "ticket")
        self.ticket.stage_id = stage
        first, second = self.messages_to()
        self.assertSent(second, "ticket")
        self.assertEqual(second.template_id, self.ticket_template)
        self.assertEqual(first.body, f"New\n{self.footer}")

    def test_a_stage_texts_once_however_often_it_is_reached(self):
        self.record_consent()
        stage = self.make_stage(self.ticket_template)
        self.ticket.stage_id = stage
        self.assertSent(self.messages_to(), "ticket")
        for _time in range(3):
            self.run_outbox()
            self.ticket.stage_id = self.quiet_stage
            self.ticket.stage_id = stage
        self.assertEqual(len(self.messages_to()), 1)

    def test_an_appointments_reminder(self):
        alarm = self.env["calendar.alarm"].create(
            {
                "name": "One hour",
                "alarm_type": "sms",
                "interval": "hours",
                "duration": 1,
                "sms_template_id": self.env.ref(
                    "helpdesk_mgmt_sms.sms_template_appointment_reminder"
                ).id,
            }
        )
        start = fields.Datetime.now() + timedelta(hours=1)
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": start,
                "stop": start + timedelta(hours=1),
                "user_id": self.agent.id,
                "partner_ids": [(6, 0, self.customer.ids)],
                "alarm_ids": [(6, 0, alarm.ids)],
            }
        )
        event._do_sms_reminder(alarm)
        self.assertBlocked(self.messages_to(), "appointment", "no_consent")
        self.record_consent(None, "appointment")
        event._do_sms_reminder(alarm)
        message = self.messages_to()[-1]
        self.assertSent(message, "appointment")
        self.assertIn("Hi Dana Customer, this is a reminder", message.body)

    def test_a_server_action(self):
        self.record_consent()
        for method in ("sms", "comment", "note"):
            with self.subTest(method=method):
                self.messages_to().unlink()
                action = self.env["ir.actions.server"].create(
                    {
                        "name": "Text them",
                        "state": "sms",
                        "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                        "sms_template_id": self.ticket_template.id,
                        "sms_method": method,
                    }
                )
                action.with_context(
                    active_model="helpdesk.ticket", active_ids=self.ticket.ids
                ).run()
                self.assertSent(self.messages_to(), "ticket")

    def test_a_row_that_code_writes_by_itself(self):
        self.record_consent(None, "marketing")
        for number in (self.number, "(303) 555-0100", "303.555.0100"):
            with self.subTest(number=number):
                values = {"number": number, "body": "Hello"}
                message = self.env["sms.sms"].create(values)
                self.assertEqual(message.number, self.number)
                self.assertSent(message, "marketing")

    def test_a_mailing(self):
        if "mailing_id" not in self.env["sms.sms"]:
            self.skipTest("mass_mailing_sms is not installed")
        other = self.make_customer(phone_number(1))
        self.record_consent(None, "marketing")
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "mailing_type": "sms",
                "body_plaintext": "Our news",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": repr([("id", "in", (self.customer | other).ids)]),
            }
        )
        mailing.action_send_sms()
        self.assertSent(self.messages_to(), "marketing")
        self.assertBlocked(self.messages_to(other.phone), "marketing", "no_consent")
        self.run_outbox()
        statuses = {
            trace.sms_number: (trace.trace_status, trace.failure_type)
            for trace in mailing.mailing_trace_ids
        }
        self.assertEqual(statuses[self.number], ("sent", False))
        self.assertEqual(statuses[other.phone], ("cancel", "sms_optout"))


@tagged("post_install", "-at_install")
class TestValues(IntakeCase):
    """How the intake treats given values."""

    def make_sms(self, **values):
        """Create one message to the customer."""
        values = {"number": self.number, "body": "Hello", **values}
        return self.env["sms.sms"].create(values)

    def make_ticket_sms(self, **values):
        """Create a message that is no offer, and so need not name the company."""
        return self.make_sms(purpose_id=self.purposes("ticket").id, **values)

    def test_the_purpose_that_is_named_rules(self):
        values = {"number": self.number, "body": "Hello"}
        named = self.make_sms(purpose_id=self.purposes("alert").id)
        self.assertEqual(named.purpose_id.code, "alert")
        self.assertEqual(self.make_sms().purpose_id.code, "marketing")
        for code, purpose in (
            (PurposeCode("internal"), "internal"),
            ("internal", "marketing"),
        ):
            with self.subTest(code=type(code)):
                # A client's context has plain strings. They must choose no purpose.
                sms = self.env["sms.sms"].with_context(sms_purpose=code)
                self.assertEqual(sms.create(values).purpose_id.code, purpose)

    def test_no_row_comes_to_be_without_a_purpose(self):
        """The outbox would not find it."""
        for nothing in (False, None):
            with self.subTest(nothing=nothing):
                message = self.make_sms(purpose_id=nothing)
                self.assertBlocked(message, "marketing", "no_consent")

    def test_a_clients_context_decides_nothing(self):
        """``default_*`` keys may come over RPC, and would be applied after the gate."""
        sms = self.env["sms.sms"].with_context(
            default_exemption="help",
            default_state="sent",
            default_gate_verdict="send",
            default_provider="twilio",
            default_carrier_id="SM1",
        )
        message = sms.create({"number": self.number, "body": "Hello"})
        self.assertBlocked(message, "marketing", "no_consent")
        self.assertFalse(message.exemption or message.provider or message.carrier_id)

    def test_a_number_is_read_where_its_owner_is(self):
        australia = self.env.ref("base.au").id
        partner = self.make_customer("0491 570 156", country_id=australia)
        message = self.make_sms(number="0491 570 156", partner_id=partner.id)
        self.assertEqual(message.number, "+61491570156")
        self.assertEqual(self.make_sms(number="303 555 0100").number, self.number)

    def test_a_body_that_has_the_footer_gets_no_second_one(self):
        for body in (f"Hello. {self.footer}", f"Hello\n{self.footer.upper()}"):
            with self.subTest(body=body):
                self.assertEqual(self.make_ticket_sms(body=body).body, body)
        copied = self.make_sms().copy()
        self.assertEqual(copied.body.count(self.footer), 1)

    def test_the_footer_speaks_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        purpose = self.purposes("marketing")
        footer = "Répondez STOP pour arrêter, AIDE pour de l'aide."
        purpose.with_context(lang="fr_FR").footer = footer
        self.customer.lang = "fr_FR"
        message = self.make_sms(partner_id=self.customer.id)
        self.assertTrue(message.body.endswith(footer))
        self.assertTrue(self.make_sms().body.endswith(self.footer))

    def test_an_empty_footer_adds_nothing(self):
        self.purposes("marketing").footer = False
        self.assertEqual(self.make_sms(body="Hello ").body, "Hello ")

    def test_an_answer_to_the_persons_own_text_has_no_footer(self):
        message = self.make_sms(exemption="help")
        self.assertEqual((message.body, message.gate_reason), ("Hello", "answer"))

    def test_nul_bytes_are_dropped(self):
        """PostgreSQL refuses them, but the text must not be lost."""
        message = self.make_sms(body="Hel\x00lo", number="303\x00 555 0100")
        self.assertTrue(message.body.startswith("Hello\n"))
        self.assertEqual(message.number, self.number)

    def test_nul_bytes_do_not_block_a_ticket(self):
        self.record_consent()
        self.ticket._message_sms("Hel\x00lo")
        self.assertTrue(self.messages_to().body.startswith("Hello\n"))

    def test_a_huge_body_is_kept_and_counted(self):
        message = self.make_ticket_sms(body="x" * 100_000)
        self.assertEqual(len(message.body), 100_000 + 1 + len(self.footer))
        self.assertEqual(message.segment_count, 654)

    def test_an_empty_body_is_its_footer(self):
        for body in ("", False, None):
            with self.subTest(body=body):
                self.assertEqual(self.make_ticket_sms(body=body).body, self.footer)

    def test_what_costs_how_much(self):
        self.purposes("marketing").footer = False
        for body, encoding, count in (
            ("a" * 160, "GSM-7", 1),
            ("a" * 161, "GSM-7", 2),
            ("ç" * 70, "UCS-2", 1),
            ("😀" * 36, "UCS-2", 2),
        ):
            with self.subTest(body=body[:3]):
                message = self.make_sms(body=body)
                self.assertEqual(
                    (message.encoding, message.segment_count), (encoding, count)
                )

    def test_the_decision_names_the_event_behind_it(self):
        event = self.record_consent(None, "marketing")
        self.assertEqual(self.make_sms().consent_event_id, event)
        stop = self.record_consent(event="revoked")
        self.assertEqual(self.make_sms().consent_event_id, stop)

    def test_a_message_that_an_app_has_refused_stays_refused(self):
        """The mass composer has found it blacklisted or a duplicate before."""
        self.record_consent(None, "marketing")
        message = self.make_sms(state="canceled", failure_type="sms_blacklist")
        self.assertEqual(message.state, "canceled")
        self.assertEqual(message.failure_type, "sms_blacklist")
        self.assertEqual(
            (message.gate_verdict, message.gate_reason), ("block", "refused_by_app")
        )


@tagged("post_install", "-at_install")
class TestCost(IntakeCase):
    """The number of queries does not grow with each message."""

    def create_batch(self, size):
        """Create messages to as many contacts of several countries and languages."""
        self.env["sms.sms"].create(
            [
                {
                    "number": partner.phone,
                    "partner_id": partner.id,
                    "body": f"Hello {partner.name}",
                }
                for partner in self.partners[:size]
            ]
        )

    def test_two_hundred_messages_take_as_many_queries_as_ten(self):
        self.partners = self.env["res.partner"]
        for index in range(200):
            number = phone_number(100 + index)
            self.partners |= self.make_customer(number, f"No. {index}")
            if index % 3 == 0:
                self.record_consent(number, "marketing")
        self.count_queries(self.create_batch, 1)
        few = self.count_queries(self.create_batch, 10)
        many = self.count_queries(self.create_batch, 200)
        # The ORM inserts rows a hundred at a time.
        self.assertLessEqual(many, few + 4)
        self.assertLess(few, 40)
