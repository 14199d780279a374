# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import new_test_user

from ..common import phone_number
from ..web import DEVICE
from .common import ACCOUNT, NEW, SAVE, SUBMIT, PortalCase


class TestNewTicket(PortalCase):
    """The form of a new ticket asks for consent, which only its checkbox gives."""

    def submit(self, page=None, **values):
        """Post the form; return the response."""
        values = {
            "subject": "Screen is black",
            "description": "Since noon.",
            "sms_phone": "(303) 555-0120",
            **values,
        }
        return self.post(SUBMIT, page or self.get(NEW), **values)

    def agree(self, **values):
        """Post the form with its checkbox checked."""
        return self.submit(sms_agree_ticket=str(self.wording.id), **values)

    def test_the_form_asks_and_nothing_is_ticked(self):
        page = self.get(NEW)
        self.assertEqual(self.boxes(page), {"sms_agree_ticket": str(self.wording.id)})
        self.assertFalse(self.ticked(page))
        self.assertIn("sends me text messages about my support tickets", page.text)
        self.assertIn('href="https://www.example.com/privacy"', page.text)
        [phone] = self.tree(page).xpath("//input[@name='sms_phone']")
        self.assertEqual(phone.get("value"), self.login.partner_id.phone)
        self.assertIsNone(phone.get("required"))

    def test_the_box_is_not_ticked_for_who_has_agreed_either(self):
        self.record_consent(self.own_number)
        self.assertFalse(self.ticked(self.get(NEW)))

    def test_a_yes_reaches_the_ledger_with_all_that_proves_it(self):
        self.prove()
        self.agree()
        [event] = self.events(self.own_number)
        self.assertEqual((event.event, event.method), ("granted", "web"))
        self.assertEqual(event.purpose_id, self.purpose)
        self.assertEqual(event.wording_id, self.wording)
        self.assertEqual(event.wording_digest, self.wording.digest)
        self.assertEqual(event.user_id, self.login)
        evidence = event.evidence_id
        self.assertEqual(evidence.number, self.own_number)
        self.assertEqual(evidence.wording, self.wording._render(self.company))
        self.assertEqual(evidence.address, "127.0.0.1")
        self.assertEqual(evidence.device, DEVICE)
        self.assertEqual(evidence.page, SUBMIT)
        self.assertEqual(evidence.name, self.login.partner_id.name)
        self.assertEqual(evidence.res_model, "res.partner")
        self.assertEqual(evidence.res_id, self.login.partner_id.id)

    def test_the_first_text_of_the_ticket_may_leave(self):
        self.new_stage.sms_template_id = self.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_received"
        )
        self.prove()
        self.agree()
        self.assertEqual(self.tickets().stage_id, self.new_stage)
        self.assertEqual(self.tickets().partner_phone_sanitized, self.own_number)
        self.assertSent(self.messages_to(self.own_number), "ticket")

    def test_without_a_tick_the_number_is_on_the_ticket_and_nothing_agreed(self):
        self.submit(sms_phone="303-555-0121")
        self.assertEqual(self.tickets().partner_phone, "303-555-0121")
        self.assertEqual(self.tickets().partner_phone_sanitized, phone_number(21))
        self.assertFalse(self.events(phone_number(21)))
        self.assertFalse(self.events(self.own_number))

    def test_an_empty_number_makes_a_ticket_without_one(self):
        self.submit(sms_phone="")
        self.assertEqual(len(self.tickets()), 1)
        self.assertFalse(self.tickets().partner_phone)

    def test_a_new_number_that_is_nobodys_is_asked_and_not_agreed(self):
        self.agree(sms_phone="303-555-0121")
        self.assertEqual(self.answers(phone_number(21)), {"ticket": "pending"})
        self.assertFalse(self.events(self.own_number))

    def test_a_link_agrees_to_nothing(self):
        """Nor does it make a ticket, although the host's route accepts GET."""
        query = f"?sms_phone=3035550120&sms_agree_ticket={self.wording.id}"
        self.assertEqual(self.get(SUBMIT + query).status_code, 405)
        self.assertFalse(self.events(self.own_number))

    def test_a_bad_number_is_told_and_nothing_is_lost(self):
        for number in ("12", "not a number", "+1 303 555 01" + "0" * 100_000):
            with self.subTest(number=number[:20]):
                page = self.agree(sms_phone=number)
                self.assertEqual(page.status_code, 200)
                self.assertIn("not a phone number that we can text", self.text(page))
                shown = self.tree(page)
                [subject] = shown.xpath("//input[@name='subject']/@value")
                self.assertEqual(subject, "Screen is black")
                [words] = shown.xpath("//textarea[@name='description']/text()")
                self.assertEqual(words, "Since noon.")
                [phone] = shown.xpath("//input[@name='sms_phone']/@value")
                self.assertEqual(phone, number[:40])
                self.assertEqual(self.ticked(page), {"sms_agree_ticket"})
        self.assertFalse(self.tickets())

    def test_a_bad_number_keeps_the_team_and_the_category(self):
        self.company.write(
            {
                "helpdesk_mgmt_portal_select_team": True,
                "helpdesk_mgmt_portal_select_category": True,
            }
        )
        teams = self.env["helpdesk.ticket.team"].create(
            [{"name": name, "show_in_portal": True} for name in ("One", "Two")]
        )
        categories = self.env["helpdesk.ticket.category"].create(
            [{"name": name, "show_in_portal": True} for name in ("One", "Two")]
        )
        chosen = {"team": str(teams[1].id), "category": str(categories[1].id)}
        page = self.agree(sms_phone="12", **chosen)
        for name, value in chosen.items():
            with self.subTest(name):
                found = self.tree(page).xpath(
                    f"//select[@name='{name}']/option[@selected]/@value"
                )
                self.assertEqual(found, [value])

    def test_a_present_number_that_cannot_be_texted_is_no_obstacle(self):
        """The form fills it in by itself: a desk phone with an extension."""
        desk = "(303) 555-0100 ext. 204"
        self.login.partner_id.phone = desk
        page = self.agree(sms_phone=desk)
        self.assertIn("has an extension", self.text(page))
        self.assertFalse(self.tickets())
        self.submit(page, sms_phone=desk)
        self.assertEqual(self.tickets().partner_phone, desk)

    def test_a_category_that_was_deleted_meanwhile_loses_nothing(self):
        category = self.env["helpdesk.ticket.category"].create({"name": "Gone"})
        page = self.get(NEW)
        gone_id = category.id
        category.unlink()
        hidden = category.create({"name": "X", "company_id": self.make_company("X").id})
        for category_id in (gone_id, hidden.id):
            with self.subTest(category=category_id):
                answer = self.submit(page, category=str(category_id))
                self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(self.tickets()), 2)
        self.assertFalse(self.tickets().category_id)

    def test_a_tick_without_a_number_is_told(self):
        page = self.agree(sms_phone=" ")
        self.assertIn("please enter your mobile number", self.text(page))
        self.assertFalse(self.tickets())

    def test_another_wording_than_the_one_in_force_is_shown_again(self):
        page = self.get(NEW)
        draft = self.publish(self.wording)
        answer = self.submit(page, sms_agree_ticket=str(self.wording.id))
        self.assertIn("wording beside the box has changed", self.text(answer))
        self.assertFalse(self.ticked(answer))
        self.assertEqual(self.boxes(answer), {"sms_agree_ticket": str(draft.id)})
        self.assertIn("service tickets", answer.text)
        self.assertFalse(self.events(self.own_number))
        self.assertFalse(self.tickets())
        self.submit(answer, sms_agree_ticket=str(draft.id))
        self.assertEqual(self.events(self.own_number).wording_id, draft)

    def test_a_wording_that_a_form_brings_along_is_not_believed(self):
        for value in ("on", "0", "-1", f"{self.wording.id} ", "x" * 100_000):
            with self.subTest(value=value[:10]):
                self.submit(sms_agree_ticket=value, wording="I agree to all")
                self.assertFalse(self.events(self.own_number))

    def test_parameters_in_the_address_of_a_post_agree_to_nothing(self):
        page = self.get(NEW)
        query = f"?sms_phone={phone_number(22)}&sms_agree_ticket={self.wording.id}"
        self.post(f"{SUBMIT}{query}", page, subject="Screen is black", description="x")
        self.assertEqual(len(self.tickets()), 1)
        self.assertFalse(self.events(phone_number(22)))
        self.assertFalse(self.events(self.own_number))

    def test_without_the_token_nothing_happens(self):
        for token in ({}, {"csrf_token": "x"}):
            data = {"subject": "Screen is black", "description": "x", **token}
            data |= {
                "sms_phone": self.own_number,
                "sms_agree_ticket": str(self.wording.id),
            }
            self.assertEqual(self.url_open(SUBMIT, data=data).status_code, 400)
        self.assertFalse(self.tickets())
        self.assertFalse(self.events(self.own_number))

    def test_a_second_post_agrees_no_second_time(self):
        self.prove()
        page = self.get(NEW)
        for _ in range(3):
            self.submit(page, sms_agree_ticket=str(self.wording.id))
        self.assertEqual(len(self.events(self.own_number)), 1)

    def test_hostile_input_does_no_harm(self):
        self.submit(
            subject="Screen is black",
            description="<script>alert(1)</script>\x00" + "x" * 100_000,
            sms_phone="303-555-0120\x00",
        )
        self.assertEqual(len(self.tickets()), 1)
        self.opener.headers["User-Agent"] = "x" * 5000
        page = self.agree(sms_phone='"><script>alert(1)</script>')
        self.assertNotIn("<script>alert(1)", page.text)
        self.prove()
        self.agree()
        self.assertEqual(len(self.events(self.own_number).evidence_id.device), 400)

    def test_the_number_of_another_contact_is_asked_and_not_agreed(self):
        self.agree(sms_phone=self.number)
        [event] = self.events()
        self.assertEqual((event.event, event.method), ("requested", "web"))
        self.assertEqual(self.waiting_for(self.number).exemption, "opt_in_question")
        self.assertEqual(self.answers(), {"ticket": "pending"})
        self.assertEqual(len(self.tickets()), 1)

    def test_an_opt_out_by_text_is_not_undone_by_a_tick(self):
        self.receive("STOP", self.own_number)
        self.agree()
        self.assertEqual(self.answers(self.own_number)["ticket"], "opted_out")
        waiting = self.waiting_for(self.own_number)
        self.assertEqual(waiting.exemption, "opt_out_confirmation")

    def test_the_login_of_another_company_agrees_for_that_company(self):
        company = self.make_company("Other")
        login = new_test_user(
            self.env,
            "sms-other-portal",
            groups="base.group_portal",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.authenticate("sms-other-portal", "sms-other-portal")
        self.prove(phone_number(23), login)
        self.agree(sms_phone=phone_number(23))
        self.assertFalse(self.events(phone_number(23)))
        self.assertEqual(
            self.answers(phone_number(23), company), {"ticket": "opted_in"}
        )

    def test_without_a_published_wording_nothing_can_be_agreed_to(self):
        self.env.cr.execute("UPDATE sms_wording SET state = 'superseded'")
        self.env.invalidate_all()
        self.assertFalse(self.boxes(self.get(NEW)))
        self.agree()
        self.assertFalse(self.events(self.own_number))


class TestAccount(PortalCase):
    """The account page shows the customer's consents, and records changes."""

    FIELDS = ("sms_agree_ticket", "sms_agree_appointment", "sms_agree_alert")

    def save(self, page=None, **values):
        """Post the form of a page, with values changed.

        :param values: values of fields; None clears a checkbox
        """
        page = page or self.get(ACCOUNT)
        [form] = self.tree(page).xpath(f"//form[@action='{SAVE}']")
        data = {**dict(form.form_values()), **values}
        data = {name: value for name, value in data.items() if value is not None}
        return self.url_open(SAVE, data=data)

    def box(self, code):
        """Return field and value of a purpose's checkbox."""
        wording = self.env.ref(f"helpdesk_mgmt_sms.sms_wording_{code}")
        return {f"sms_agree_{code}": str(wording.id)}

    def test_it_offers_the_helpdesks_purposes_and_nothing_is_ticked(self):
        page = self.get(ACCOUNT)
        self.assertEqual(tuple(self.boxes(page)), self.FIELDS)
        self.assertFalse(self.ticked(page))

    def test_it_shows_what_was_agreed_to(self):
        self.record_consent(self.own_number, "alert")
        self.assertEqual(self.ticked(self.get(ACCOUNT)), {"sms_agree_alert"})

    def test_a_yes_reaches_the_ledger(self):
        self.prove()
        page = self.save(**self.box("ticket"), **self.box("alert"))
        self.assertIn("Your choices have been saved", self.text(page))
        self.assertEqual(self.ticked(page), {"sms_agree_ticket", "sms_agree_alert"})
        events = self.events(self.own_number)
        self.assertEqual(set(events.mapped("event")), {"granted"})
        self.assertEqual(set(events.purpose_id.mapped("code")), {"ticket", "alert"})
        self.assertEqual(len(events.evidence_id), 1)
        evidence = events.evidence_id
        self.assertEqual((evidence.page, evidence.device), (ACCOUNT, DEVICE))
        self.assertEqual(evidence.address, "127.0.0.1")
        for event in events:
            self.assertEqual(event.wording_id.purpose_id, event.purpose_id)
            self.assertIn(event.wording_id._render(self.company), evidence.wording)

    def test_what_else_they_have_agreed_to_is_shown_and_ended_too(self):
        """As on the preference page: offers are not offered here by themselves."""
        self.record_consent(self.own_number, "marketing")
        page = self.get(ACCOUNT)
        self.assertEqual(self.ticked(page), {"sms_agree_marketing"})
        self.save(page, sms_agree_marketing=None)
        self.assertEqual(self.answers(self.own_number), {"marketing": "opted_out"})
        self.login.partner_id.phone = phone_number(24)
        self.assertEqual(tuple(self.boxes(self.get(ACCOUNT))), self.FIELDS)

    def test_to_untick_is_to_opt_out_of_that_purpose(self):
        self.record_consent(self.own_number, "ticket", "alert")
        waiting = self.env["sms.sms"].create(
            {
                "number": self.own_number,
                "body": "The network is down.",
                "purpose_id": self.purposes("alert").id,
            }
        )
        self.save(sms_agree_alert=None)
        self.assertEqual(
            self.answers(self.own_number), {"ticket": "opted_in", "alert": "opted_out"}
        )
        event = self.events(self.own_number)[-1]
        self.assertEqual((event.event, event.method), ("revoked", "web"))
        self.assertEqual(event.evidence_id.page, ACCOUNT)
        self.assertEqual(
            (waiting.state, waiting.gate_reason), ("canceled", "opted_out")
        )
        self.assertEqual(self.messages_to(self.own_number), waiting)

    def test_who_has_unticked_can_tick_again(self):
        self.record_consent(self.own_number)
        self.save(sms_agree_ticket=None)
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_out"})
        page = self.save(**self.box("ticket"))
        self.assertIn("its owner must agree", self.text(page))
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_out"})
        self.receive("YES", self.own_number)
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_in"})

    def test_who_has_confirmed_the_number_ticks_again_at_once(self):
        self.prove()
        self.record_consent(self.own_number)
        self.save(sms_agree_ticket=None)
        self.save(**self.box("ticket"))
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_in"})

    def test_who_has_texted_stop_is_told_that_the_carrier_may_block(self):
        self.prove()
        self.record_consent(self.own_number)
        self.receive("STOP", self.own_number)
        page = self.save(**self.box("ticket"))
        self.assertEqual(self.answers(self.own_number)["ticket"], "opted_in")
        self.assertIn("please text START to us too", self.text(page))
        self.assertNotIn("text START", self.text(self.save()))

    def test_a_present_number_with_an_extension_is_no_obstacle(self):
        self.login.partner_id.phone = "(303) 555-0100 ext. 204"
        self.assertIn("have been saved", self.text(self.save()))

    def test_to_save_what_is_there_says_nothing_new(self):
        self.record_consent(self.own_number)
        for _ in range(2):
            self.save()
        self.assertEqual(len(self.events(self.own_number)), 1)

    def test_an_opt_out_by_text_is_not_undone_by_a_tick(self):
        self.record_consent(self.own_number)
        self.receive("STOP", self.own_number)
        page = self.save(**self.box("ticket"))
        self.assertIn("rejoin by texting START", self.text(page))
        self.assertEqual(self.answers(self.own_number)["ticket"], "opted_out")
        self.assertEqual(len(self.messages_to(self.own_number)), 1)

    def test_a_new_number_takes_no_old_yes_along(self):
        self.record_consent(self.own_number)
        page = self.save(sms_phone="303 555 0124")
        self.assertIn("for your former number", self.text(page))
        self.assertEqual(self.login.partner_id.phone_sanitized, phone_number(24))
        self.assertFalse(self.ticked(page))
        self.assertFalse(self.events(phone_number(24)))
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_in"})

    def test_a_new_number_and_a_new_tick_are_a_question_to_it(self):
        page = self.save(sms_phone="303 555 0124", **self.box("ticket"))
        self.assertIn("its owner must agree", self.text(page))
        self.assertIn("Not confirmed yet", self.text(page))
        self.assertFalse(self.ticked(page))
        self.assertEqual(self.answers(phone_number(24)), {"ticket": "pending"})
        self.receive("YES", phone_number(24))
        self.assertEqual(self.answers(phone_number(24)), {"ticket": "opted_in"})
        page = self.get(ACCOUNT)
        self.assertNotIn("Not confirmed yet", self.text(page))
        self.assertEqual(self.ticked(page), {"sms_agree_ticket"})

    def test_a_bad_number_is_told_and_nothing_is_lost(self):
        self.record_consent(self.own_number, "alert")
        page = self.save(sms_phone="12", sms_agree_alert=None, **self.box("ticket"))
        self.assertIn("not a phone number that we can text", self.text(page))
        self.assertEqual(self.ticked(page), {"sms_agree_ticket"})
        self.assertEqual(self.answers(self.own_number), {"alert": "opted_out"})
        [phone] = self.tree(page).xpath("//input[@name='sms_phone']/@value")
        self.assertEqual(phone, "12")

    def test_to_untick_counts_even_if_the_rest_is_refused(self):
        for code, values in (
            ("alert", {"sms_phone": "12"}),
            ("appointment", {"sms_agree_ticket": "0"}),
        ):
            self.record_consent(self.own_number, code)
            page = self.save(**{f"sms_agree_{code}": None, **values})
            with self.subTest(code):
                self.assertTrue(self.tree(page).xpath("//*[@role='alert']"))
                self.assertEqual(self.answers(self.own_number)[code], "opted_out")
                event = self.events(self.own_number)[-1]
                self.assertEqual((event.event, event.method), ("revoked", "web"))

    def test_an_old_page_brings_no_former_number_back(self):
        page = self.get(ACCOUNT)
        self.login.partner_id.phone = phone_number(24)
        answer = self.save(page)
        self.assertNotIn("for your former number", self.text(answer))
        self.assertEqual(self.login.partner_id.phone_sanitized, phone_number(24))
        self.save(page, sms_phone="303 555 0125")
        self.assertEqual(self.login.partner_id.phone_sanitized, phone_number(25))

    def test_no_number_is_needed_to_opt_out(self):
        self.record_consent(self.own_number)
        self.save(sms_phone="", sms_agree_ticket=None)
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_out"})
        self.assertEqual(self.login.partner_id.phone_sanitized, self.own_number)

    def test_a_wording_that_was_replaced_is_shown_again(self):
        page = self.get(ACCOUNT)
        draft = self.publish(self.wording)
        answer = self.save(page, **self.box("ticket"))
        self.assertIn("wording beside the box has changed", self.text(answer))
        self.assertFalse(self.ticked(answer))
        self.assertEqual(self.boxes(answer)["sms_agree_ticket"], str(draft.id))
        self.assertFalse(self.events(self.own_number))

    def test_what_others_have_said_is_not_shown(self):
        """Typing another contact's number does not show that contact's consents."""
        self.record_consent()
        self.login.partner_id.phone = self.number
        page = self.get(ACCOUNT)
        self.assertFalse(self.ticked(page))
        self.save(page, sms_shown_ticket="1", sms_agree_ticket=None)
        self.assertEqual(self.answers(), {"ticket": "opted_in"})
        answer = self.save(**self.box("alert"))
        self.assertIn("its owner must agree", self.text(answer))
        self.assertEqual(self.answers(), {"ticket": "opted_in", "alert": "pending"})

    def test_questions_by_one_login_are_bounded(self):
        for index in range(30, 38):
            self.make_customer(phone_number(index))
            self.save(sms_phone=phone_number(index), **self.box("ticket"))
        asked = [index for index in range(30, 38) if self.events(phone_number(index))]
        self.assertEqual(len(asked), 5)

    def test_a_get_changes_nothing(self):
        self.record_consent(self.own_number)
        self.assertEqual(self.get(SAVE).status_code, 405)
        self.get(ACCOUNT, params={"sms_shown_ticket": "1", **self.box("alert")})
        self.assertEqual(len(self.events(self.own_number)), 1)

    def test_without_the_token_nothing_happens(self):
        data = {"sms_phone": self.own_number, **self.box("ticket")}
        self.assertEqual(self.url_open(SAVE, data=data).status_code, 400)
        self.assertFalse(self.events(self.own_number))

    def test_without_a_login_nothing_happens(self):
        self.authenticate(None, None)
        page = self.url_open(SAVE, data={"sms_phone": "x"}, allow_redirects=False)
        self.assertIn(page.status_code, (303, 400))
        self.assertFalse(self.events(self.own_number))

    def test_hostile_input_does_no_harm(self):
        answer = self.save(
            sms_phone="\x00" + "9" * 100_000,
            sms_agree_ticket="\x00" * 100_000,
            sms_shown_alert="x",
        )
        self.assertEqual(answer.status_code, 200)
        self.assertFalse(self.events(self.own_number))

    def test_the_address_is_saved_as_before(self):
        """Odoo's own form on the page works without ours, and records nothing."""
        page = self.get(ACCOUNT)
        [form] = self.tree(page).xpath("//form[@action='/my/address/submit']")
        data = {
            **dict(form.form_values()),
            "name": self.login.partner_id.name,
            "email": "portal@example.com",
            "street": "1 Main Street",
            "city": "Denver",
            "zip": "80202",
            "state_id": str(self.env.ref("base.state_us_6").id),
            "country_id": str(self.country.id),
            **self.box("ticket"),
        }
        answer = self.url_open("/my/address/submit", data=data)
        self.assertIn("redirectUrl", answer.json(), answer.text)
        self.assertFalse(self.events(self.own_number))
