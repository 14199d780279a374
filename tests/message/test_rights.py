# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rights to text by the composer, over RPC and by posting, and limits."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import SmsCase, phone_number

STRANGER = phone_number(900)
NEEDS_NUMBER = "not a number that you type"
TOO_MANY = "people at once"
DAILY = "texts that a user may send"


class RightsCase(SmsCase):
    """Common base: an employee, an agent and a manager try to text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        cls.record_consent(cls.number, "marketing")
        cls.clerk = new_test_user(
            cls.env, "sms-clerk", "base.group_user,base.group_partner_manager"
        )

    def compose(self, user, mode, records=None, **values):
        """Send by Odoo's composer as a client does."""
        context = {"default_composition_mode": mode}
        if records is not None:
            context["default_res_model"] = records._name
            context["default_res_ids"] = repr(records.ids)
            if mode == "comment" and len(records) == 1:
                context.pop("default_res_ids")
                context["default_res_id"] = records.id
        composer = self.env["sms.composer"].with_user(user).with_context(**context)
        composer.create({"body": "We are on our way.", **values}).action_send_sms()

    def refuse(self, words, error=AccessError):
        """Return a context that expects a refusal with these words."""
        return self.assertRaisesRegex(error, words)

    def make_customers(self, count):
        """Return ``count`` contacts without consent."""
        return self.env["res.partner"].create(
            [
                {"name": f"C{index}", "phone": phone_number(100 + index)}
                for index in range(count)
            ]
        )


@tagged("post_install", "-at_install")
class TestAnyNumber(RightsCase):
    """Only helpdesk users and named others may text a number that is on no record."""

    def test_by_the_composer(self):
        with self.refuse(NEEDS_NUMBER):
            self.compose(self.employee, "numbers", numbers=STRANGER)
        self.assertFalse(self.messages_to(STRANGER))
        self.compose(self.agent, "numbers", numbers=STRANGER)
        self.assertEqual(len(self.messages_to(STRANGER)), 1)

    def test_managers_alone(self):
        self.company.sms_free_right = "managers"
        with self.refuse(NEEDS_NUMBER):
            self.compose(self.agent, "numbers", numbers=STRANGER)
        self.compose(self.manager, "numbers", numbers=STRANGER)
        self.assertEqual(len(self.messages_to(STRANGER)), 1)

    def test_everybody(self):
        self.company.sms_free_right = "everybody"
        self.compose(self.employee, "numbers", numbers=STRANGER)
        self.assertEqual(len(self.messages_to(STRANGER)), 1)

    def test_opt_out_companies_keep_odoos_rights(self):
        self.company.sms_consent_policy = "opt_out"
        self.compose(self.employee, "numbers", numbers=STRANGER)
        self.assertEqual(len(self.messages_to(STRANGER)), 1)

    def test_by_posting_on_a_contact(self):
        """Odoo's own method accepts numbers from any client."""
        contact = self.customer.with_user(self.clerk)
        for values in (
            {"message_type": "comment", "sms_numbers": [STRANGER]},
            {"message_type": "sms", "sms_numbers": [STRANGER]},
            {
                "message_type": "sms",
                "partner_ids": self.customer.ids,
                "sms_pid_to_number": {self.customer.id: STRANGER},
            },
        ):
            with self.subTest(**values), self.refuse(NEEDS_NUMBER):
                self.post_on(contact, "Hello", **values)
        self.assertFalse(self.messages_to(STRANGER))

    def test_by_a_notification(self):
        contact = self.customer.with_user(self.clerk)
        with self.refuse(NEEDS_NUMBER):
            contact.message_notify(
                body="Hello",
                partner_ids=self.employee.partner_id.ids,
                sms_numbers=[STRANGER],
            )
        self.assertFalse(self.messages_to(STRANGER))

    def test_their_own_number_is_not_typed(self):
        contact = self.customer.with_user(self.clerk)
        contact._message_sms("Hello")
        self.post_on(contact, "Hi", message_type="sms", sms_numbers=[self.number])
        self.assertEqual(len(self.messages_to()), 2)

    def test_nobody_else_learns_what_a_typed_number_has_said(self):
        self.record_consent(event="revoked")
        contact = self.make_customer(STRANGER)
        composers = self.env["sms.composer"].with_context(
            default_composition_mode="comment",
            default_res_model="res.partner",
            default_res_id=contact.id,
        )
        values = {"body": "Hello", "recipient_single_number_itf": self.number}
        for user, learns in ((self.employee, False), (self.own_agent, True)):
            composer = composers.with_user(user).create(values)
            self.assertEqual(bool(composer.sms_block_reason), learns)

    def test_a_record_that_nobody_posts_on(self):
        """There Odoo's composer sends to the typed numbers."""
        composer = self.env["sms.composer"].with_user(self.employee)
        composer = composer.with_context(
            default_composition_mode="comment", default_res_model="res.country"
        )
        with self.refuse(NEEDS_NUMBER):
            composer.create({"body": "Hello", "numbers": STRANGER})._action_send_sms()
        self.assertFalse(self.messages_to(STRANGER))


@tagged("post_install", "-at_install")
class TestTicket(RightsCase):
    """Only those who may edit a ticket may text from it, in any way."""

    def test_a_notification_on_a_ticket(self):
        self.ticket.message_subscribe(self.employee.partner_id.ids)
        for thread in (
            self.ticket.with_user(self.employee),
            self.env["mail.thread"].with_user(self.employee),
        ):
            with self.subTest(thread=thread), self.refuse("Only helpdesk users"):
                thread.message_notify(
                    body="Hello",
                    partner_ids=self.employee.partner_id.ids,
                    model="helpdesk.ticket",
                    res_id=self.ticket.id,
                    sms_numbers=[self.number],
                )
        self.assertFalse(self.messages_to())

    def test_a_text_for_later_is_asked_for_now(self):
        """A cron would send it without a user."""
        self.company.sms_user_limit = 1
        self.compose(self.agent, "comment", self.ticket)
        later = fields.Datetime.now() + timedelta(hours=1)
        with self.refuse(DAILY, UserError):
            self.post_on(
                self.ticket.with_user(self.agent),
                "Hello",
                message_type="sms",
                partner_ids=self.customer.ids,
                scheduled_date=fields.Datetime.to_string(later),
            )

    def test_each_group(self):
        for user in (self.own_agent, self.team_agent, self.agent, self.manager):
            with self.subTest(user=user.login):
                before = len(self.messages_to())
                self.compose(user, "comment", self.ticket)
                self.assertEqual(len(self.messages_to()), before + 1)
        with self.refuse("have 'read' access"):
            self.compose(self.employee, "comment", self.ticket)

    def test_the_limit_of_a_user_holds_under_opt_out_too(self):
        self.company.write({"sms_consent_policy": "opt_out", "sms_user_limit": 1})
        self.compose(self.agent, "comment", self.ticket)
        with self.refuse(DAILY, UserError):
            self.compose(self.agent, "comment", self.ticket)
        self.assertEqual(len(self.messages_to()), 1)


@tagged("post_install", "-at_install")
class TestChatterRoute(RightsCase, HttpCase):
    """Odoo's own route posts with sudo, so nobody may text through it."""

    def test_nobody_texts_by_posting_over_http(self):
        self.ticket.message_subscribe(self.employee.partner_id.ids)
        for login in ("sms-employee", "sms-agent"):
            self.authenticate(login, login)
            response = self.url_open(
                "/mail/message/post",
                json={
                    "params": {
                        "thread_model": "helpdesk.ticket",
                        "thread_id": self.ticket.id,
                        "post_data": {
                            "body": "Hello",
                            "message_type": "sms",
                            "partner_ids": self.customer.ids,
                        },
                    }
                },
            )
            with self.subTest(login):
                self.assertIn("Send SMS", response.json()["error"]["data"]["message"])
        self.assertFalse(self.messages_to())

    def test_a_comment_still_gets_there(self):
        self.authenticate("sms-agent", "sms-agent")
        params = {
            "thread_model": "helpdesk.ticket",
            "thread_id": self.ticket.id,
            "post_data": {"body": "Hello", "message_type": "comment"},
        }
        response = self.url_open("/mail/message/post", json={"params": params})
        self.assertTrue(response.json()["result"]["message_id"])


@tagged("post_install", "-at_install")
class TestVisits(RightsCase):
    """A visit's texts are its ticket's: only those who may read that can book one."""

    def book(self, user, customers, **values):
        """Return a visit to customers, booked by a user."""
        start = fields.Datetime.now() + timedelta(days=2)
        return (
            self.env["calendar.event"]
            .with_user(user)
            .create(
                {
                    "name": "Visit",
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "partner_ids": [(6, 0, customers.ids)],
                    **values,
                }
            )
        )

    def test_a_ticket_that_one_may_not_read(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        for values in (
            {"ticket_id": other.id},
            {
                "res_model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "res_id": other.id,
            },
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                self.book(self.own_agent, self.customer, **values)
        self.assertTrue(self.book(self.agent, self.customer, ticket_id=other.id))

    def test_who_may_not_read_the_ticket_passes_their_visit_on(self):
        """Colleagues who join get no texts; customers who come or go do."""
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        values = {"ticket_id": other.id, "technician_id": self.own_agent.id}
        people = self.customer | self.own_agent.partner_id
        visit = self.book(self.agent, people, **values).with_user(self.own_agent)
        colleague = self.team_agent
        visit.write(
            {
                "technician_id": colleague.id,
                "partner_ids": [(4, colleague.partner_id.id)],
            }
        )
        self.assertEqual(visit.technician_id, colleague)
        [stranger] = self.make_customers(1)
        for command in ((4, stranger.id), (3, self.customer.id)):
            with self.subTest(command=command), self.assertRaises(AccessError):
                visit.write({"partner_ids": [command]})
        visit.write({"partner_ids": [(3, colleague.partner_id.id)]})

    def test_many_customers(self):
        self.company.sms_bulk_from = 3
        customers = self.make_customers(4)
        with self.refuse(TOO_MANY):
            self.book(self.agent, customers, ticket_id=self.ticket.id)
        self.assertTrue(self.book(self.employee, customers))
        self.assertTrue(self.book(self.manager, customers, ticket_id=self.ticket.id))


@tagged("post_install", "-at_install")
class TestUnknownNumbers(RightsCase):
    """The form that links a number shows no number that its user may not read."""

    def test_the_number_of_anothers_ticket(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        forms = self.env["sms.ticket.contact"].with_user(self.own_agent)
        with self.assertRaises(AccessError):
            forms.create({"ticket_id": other.id}).read(["number"])
        form = forms.create({"ticket_id": self.ticket.id, "name": "Dana"})
        self.assertEqual(form.number, self.customer.phone)
        with self.assertRaises(AccessError):
            form.with_user(self.agent).read(["name"])


@tagged("post_install", "-at_install")
class TestMany(RightsCase):
    """Managers may text in bulk; others only a few people at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_bulk_from = 3

    def test_the_edge(self):
        customers = self.make_customers(4)
        self.compose(self.agent, "mass", customers[:3])
        self.assertEqual(len(self.messages_to(customers[2].phone)), 1)
        with self.refuse(TOO_MANY):
            self.compose(self.agent, "mass", customers)
        self.assertFalse(self.messages_to(customers[3].phone))
        self.compose(self.manager, "mass", customers)
        self.assertEqual(len(self.messages_to(customers[3].phone)), 1)

    def test_every_way(self):
        customers = self.make_customers(4)
        typed = ",".join(customers.mapped("phone"))
        self.company.sms_free_right = "everybody"
        for mode, values in (
            ("numbers", {"numbers": typed}),
            ("comment", {"records": customers}),
            ("mass", {"records": customers}),
        ):
            with self.subTest(mode=mode), self.refuse(TOO_MANY):
                self.compose(self.agent, mode, **values)

    def test_the_limit_of_each_company_that_texts(self):
        lax, strict = (self.make_company(name) for name in ("Lax", "Strict"))
        lax.sms_bulk_right, strict.sms_bulk_from = "agents", 3
        agent = self.env["sms.composer"].with_user(self.agent)
        for company, is_refused in ((lax, False), (strict, True)):
            tickets = self.env["helpdesk.ticket"]
            for customer in self.make_customers(4):
                tickets += self.make_ticket(customer, company_id=company.id)
            here = lax | strict if is_refused else strict | lax
            composer = agent.with_context(
                allowed_company_ids=here.ids,
                default_composition_mode="mass",
                default_res_model=tickets._name,
                default_res_ids=repr(tickets.ids),
            ).create({"body": "We are on our way."})
            with self.subTest(company.name):
                if not is_refused:
                    composer.action_send_sms()
                    continue
                with self.refuse(TOO_MANY):
                    composer.action_send_sms()

    def test_a_post_to_many(self):
        customers = self.make_customers(4)
        with self.refuse(TOO_MANY):
            self.post_on(
                self.customer.with_user(self.clerk),
                "Hello",
                message_type="sms",
                partner_ids=customers.ids,
            )

    def test_agents_in_bulk_if_the_company_says_so(self):
        self.company.sms_bulk_right = "agents"
        customers = self.make_customers(4)
        with self.refuse(TOO_MANY):
            self.compose(self.employee, "mass", customers)
        self.compose(self.agent, "mass", customers)
        self.assertEqual(len(self.messages_to(customers[3].phone)), 1)

    def test_nonsense_is_refused(self):
        for values in ({"sms_bulk_from": 0}, {"sms_user_limit": -1}):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.company.write(values)
                self.company.flush_recordset()


@tagged("post_install", "-at_install")
class TestDailyLimit(RightsCase):
    """Limits of a user's and of a team's texts in 24 hours."""

    def text(self, user=None, ticket=None):
        """Text the ticket's customer."""
        self.compose(user or self.agent, "comment", ticket or self.ticket)

    def test_a_user(self):
        self.company.sms_user_limit = 2
        self.text()
        self.text()
        with self.refuse(DAILY, UserError):
            self.text()
        self.text(self.team_agent)
        self.text(self.manager)
        self.assertEqual(len(self.messages_to()), 4)

    def test_a_day_later(self):
        self.company.sms_user_limit = 1
        self.text()
        self.messages_to().flush_recordset()
        self.env.cr.execute(
            "UPDATE sms_sms SET create_date = create_date - interval '25 hours'"
            " WHERE number = %s",
            (self.number,),
        )
        self.text()
        self.assertEqual(len(self.messages_to()), 2)

    def test_blocked_texts_do_not_count(self):
        self.company.sms_user_limit = 1
        stranger = self.make_customer(phone_number(8))
        silent = self.make_ticket(stranger)
        self.text(ticket=silent)
        self.assertEqual(self.messages_to(stranger.phone).gate_verdict, "block")
        self.text()
        self.assertEqual(self.messages_to().gate_verdict, "send")

    def test_no_limit(self):
        self.company.sms_user_limit = 0
        for _time in range(3):
            self.text()
        self.assertEqual(len(self.messages_to()), 3)

    def test_what_runs_by_itself_does_not_count(self):
        self.company.sms_user_limit = 1
        self.send_template(
            self.ticket, self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        )
        self.text()
        self.assertEqual(len(self.messages_to()), 2)

    def test_a_team(self):
        self.team.sms_daily_limit = 2
        self.text()
        self.text(self.team_agent)
        for user in (self.own_agent, self.manager):
            words = "The team Support has sent"
            with self.subTest(user=user.login), self.refuse(words, UserError):
                self.text(user)
        with self.refuse("The team Support has sent", UserError):
            self.compose(self.agent, "mass", self.ticket)
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        self.text(ticket=other)
        self.assertEqual(len(self.messages_to()), 3)


@tagged("post_install", "-at_install")
class TestMailingRights(RightsCase):
    """Users of the marketing app send its mailings with that app's rights."""

    def test_a_mailing(self):
        group = "mass_mailing.group_mass_mailing_user"
        if not self.env.ref(group, raise_if_not_found=False):
            self.skipTest("mass_mailing_sms is not installed")
        marketer = new_test_user(
            self.env, "sms-marketer", f"base.group_user,{group}", company_id=1
        )
        customers = self.make_customers(11)
        composer = self.env["sms.composer"].with_user(marketer)
        composer = composer.with_context(
            default_composition_mode="mass",
            default_res_model="res.partner",
            default_res_ids=repr(customers.ids),
        )
        with self.refuse(TOO_MANY):
            composer.create({"body": "An offer"}).action_send_sms()
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Offer",
                "mailing_type": "sms",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "body_plaintext": "An offer",
            }
        )
        composer.create(
            {"body": "An offer", "mailing_id": mailing.id}
        ).action_send_sms()
        self.assertTrue(self.messages_to(customers[10].phone))
