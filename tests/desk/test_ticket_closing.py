# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import new_test_user

from ..common import phone_number
from ..web import WebCase

CLOSE = "/ticket/close"
SUBMIT = "/submitted/ticket"


class TestTicketClosing(WebCase):
    """Nobody closes another's ticket, nor their own by a plain link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.login = cls.portal_user
        cls.own_number = phone_number(20)
        cls.login.partner_id.phone = cls.own_number
        cls.closed_stage.close_from_portal = True
        cls.closed_stage.sms_template_id = cls.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_closed"
        )
        cls.own_ticket = cls.make_ticket(cls.login.partner_id)

    def setUp(self):
        super().setUp()
        for number in (self.number, self.own_number):
            self.record_consent(number)
        self.authenticate("sms-portal", "sms-portal")

    def close(self, ticket, stage=None, **values):
        """Post what the button posts; return the answer."""
        stage = self.closed_stage if stage is None else stage
        values = {"ticket_id": str(ticket.id), "stage_id": str(stage.id), **values}
        return self.post(CLOSE, self.get("/my/account"), **values)

    def stage_of(self, ticket):
        """Return the stage of a ticket as it is stored."""
        self.env.invalidate_all()
        return ticket.stage_id

    def assertUntouched(self, ticket):
        """Assert that a ticket is where it was, and nobody was texted."""
        self.assertEqual(self.stage_of(ticket), self.quiet_stage)
        self.run_automations()
        self.assertFalse(self.messages_to(ticket.partner_phone_sanitized))

    def test_the_button_of_the_page_closes(self):
        page = self.get(f"/my/ticket/{self.own_ticket.id}")
        forms = self.tree(page).xpath(f"//form[@action='{CLOSE}']")
        self.assertEqual({form.method for form in forms}, {"POST"})
        [form] = [
            form
            for form in forms
            if form.fields["stage_id"] == str(self.closed_stage.id)
        ]
        answer = self.url_open(CLOSE, data=dict(form.form_values()))
        self.assertEqual(
            answer.url.rpartition("/my/")[2], f"ticket/{self.own_ticket.id}"
        )
        self.assertEqual(self.stage_of(self.own_ticket), self.closed_stage)

    def test_a_ticket_that_was_reopened_is_shown_as_open(self):
        """It can be closed again, also after a text has reopened it."""
        self.close(self.own_ticket)
        url = f"/my/ticket/{self.own_ticket.id}"
        dates = "//tr/td[last()]/span"
        self.assertIn("Closed Date", self.text(self.get(url)))
        self.assertTrue(self.tree(self.get("/my/tickets")).xpath(dates))
        self.assertFalse(self.tree(self.get(url)).xpath(f"//form[@action='{CLOSE}']"))
        self.receive("It is broken again", self.own_number)
        self.assertFalse(self.stage_of(self.own_ticket).closed)
        page = self.get(url)
        self.assertNotIn("Closed Date", self.text(page))
        self.assertFalse(self.tree(self.get("/my/tickets")).xpath(dates))
        self.assertTrue(self.tree(page).xpath(f"//form[@action='{CLOSE}']"))

    def test_to_close_twice_texts_once(self):
        for _ in range(2):
            self.close(self.own_ticket)
        self.run_automations()
        self.assertEqual(len(self.messages_to(self.own_number)), 1)

    def test_a_link_closes_nothing(self):
        path = f"{CLOSE}?ticket_id=%s&stage_id={self.closed_stage.id}"
        for ticket in (self.own_ticket, self.ticket):
            answer = self.get(path % ticket.id)
            self.assertEqual(answer.status_code, 405)
            self.assertUntouched(ticket)

    def test_a_post_without_the_token_closes_nothing(self):
        data = {
            "ticket_id": self.own_ticket.id,
            "stage_id": self.closed_stage.id,
        }
        for token in ({}, {"csrf_token": "x"}):
            answer = self.url_open(CLOSE, data={**data, **token})
            self.assertEqual(answer.status_code, 400)
        self.assertUntouched(self.own_ticket)

    def test_parameters_in_the_address_of_a_post_close_nothing(self):
        query = f"?ticket_id={self.own_ticket.id}&stage_id={self.closed_stage.id}"
        answer = self.post(CLOSE + query, self.get("/my/account"))
        self.assertEqual(answer.status_code, 404)
        self.assertUntouched(self.own_ticket)

    def test_another_customers_ticket_is_as_good_as_none(self):
        others = self.close(self.ticket)
        gone = self.make_ticket(self.customer)
        gone_id = gone.id
        gone.unlink()
        self.env.flush_all()
        for typed in (str(gone_id), "0", "-1", "", "x", "1.5", "²", "9" * 30, "\x00"):
            answer = self.close(self.own_ticket, ticket_id=typed)
            with self.subTest(ticket=typed):
                self.assertEqual(answer.status_code, others.status_code)
        self.assertEqual(others.status_code, 404)
        self.assertUntouched(self.ticket)

    def test_only_stages_that_the_page_offers_are_taken(self):
        other_team = self.env["helpdesk.ticket.team"].create({"name": "Other"})
        stages = self.env["helpdesk.ticket.stage"]
        of_other_team = stages.create(
            {
                "name": "Theirs",
                "close_from_portal": True,
                "team_ids": [(6, 0, other_team.ids)],
            }
        )
        of_other_company = stages.create(
            {
                "name": "Elsewhere",
                "close_from_portal": True,
                "company_id": self.make_company("Other").id,
            }
        )
        for stage in (self.new_stage, of_other_team, of_other_company):
            answer = self.close(self.own_ticket, stage)
            with self.subTest(stage=stage.name):
                self.assertTrue(answer.url.endswith(f"/my/ticket/{self.own_ticket.id}"))
        for typed in ("0", "-1", "", "x", "1.5", "9" * 30, "2147483647"):
            answer = self.close(self.own_ticket, stage_id=typed)
            with self.subTest(stage=typed):
                self.assertTrue(answer.url.endswith(f"/my/ticket/{self.own_ticket.id}"))
        self.assertUntouched(self.own_ticket)

    def test_an_employee_closes_what_they_may_edit(self):
        self.env.flush_all()
        for login, ticket, status in (
            ("sms-employee", self.ticket, 404),
            ("sms-own-agent", self.own_ticket, 404),
        ):
            self.authenticate(login, login)
            with self.subTest(login=login):
                self.assertEqual(self.close(ticket).status_code, status)
                self.assertUntouched(ticket)
        own = self.make_ticket(self.employee.partner_id)
        for login, ticket in (("sms-employee", own), ("sms-agent", self.ticket)):
            self.authenticate(login, login)
            self.close(ticket)
            with self.subTest(login=login):
                self.assertEqual(self.stage_of(ticket), self.closed_stage)

    def test_who_is_not_logged_in_closes_nothing(self):
        self.logout()
        answer = self.post(CLOSE, self.get("/web/login"), ticket_id=self.own_ticket.id)
        self.assertIn("/web/login", answer.url)
        self.assertUntouched(self.own_ticket)

    def test_a_link_makes_no_ticket(self):
        query = "?subject=By a link&description=x&sms_phone=%2B13035550120"
        answer = self.get(SUBMIT + query)
        self.assertEqual(answer.status_code, 405)
        self.assertFalse(
            self.env["helpdesk.ticket"].search([("name", "=", "By a link")])
        )

    def test_a_team_or_a_category_that_is_none_makes_no_error(self):
        values = {"subject": "Odd", "description": "x", "team": "x", "category": "1.5"}
        answer = self.post(SUBMIT, self.get("/new/ticket"), **values)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(self.env["helpdesk.ticket"].search([("name", "=", "Odd")]))

    def test_a_login_of_another_customer_sees_no_button(self):
        new_test_user(self.env, "sms-stranger", groups="base.group_portal")
        self.authenticate("sms-stranger", "sms-stranger")
        page = self.get(f"/my/ticket/{self.own_ticket.id}")
        self.assertFalse(self.tree(page).xpath(f"//form[@action='{CLOSE}']"))
        self.assertEqual(self.close(self.own_ticket).status_code, 404)
