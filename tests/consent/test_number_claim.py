# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import new_test_user

from ...models.core import sms_rate_limit
from ..clock import freeze_time
from ..common import phone_number
from .common import ACCOUNT, NEW, SAVE, SUBMIT, PortalCase

#: Text that an attacker wants us to send.
WORDS = "Your parcel waits at evil.example/pay"


class ClaimCase(PortalCase):
    """Common base. ``stranger`` is a number that is not the login's."""

    stranger = phone_number(0)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.new_stage.sms_template_id = cls.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_received"
        )
        cls.login.partner_id.name = WORDS

    def submit(self, number=None, is_ticked=True, subject="Screen is black", **values):
        """Post the form of a new ticket; return the response."""
        if is_ticked:
            values["sms_agree_ticket"] = str(self.wording.id)
        return self.post(
            SUBMIT,
            self.get(NEW),
            subject=subject,
            description="Since noon.",
            sms_phone=number or self.stranger,
            **values,
        )

    def save(self, number, **values):
        """Post our form on the account page; return the response."""
        return self.post(SAVE, self.get(ACCOUNT), sms_phone=number, **values)

    def box(self, code="ticket"):
        """Return field and value of a purpose's checkbox."""
        wording = self.env.ref(f"helpdesk_mgmt_sms.sms_wording_{code}")
        return {f"sms_agree_{code}": str(wording.id)}

    def save_address(self, **values):
        """Post Odoo's own address form."""
        page = self.get(ACCOUNT)
        [form] = self.tree(page).xpath("//form[@action='/my/address/submit']")
        data = {
            **dict(form.form_values()),
            "name": "Dana",
            "email": "portal@example.com",
            "street": "1 Main Street",
            "city": "Denver",
            "zip": "80202",
            "state_id": str(self.env.ref("base.state_us_6").id),
            "country_id": str(self.country.id),
            **values,
        }
        return self.url_open("/my/address/submit", data=data)

    def texts(self, number=None):
        """Return the waiting texts to a number."""
        return self.waiting_for(number or self.stranger)

    def assertOnlyAsked(self, number=None):
        """Check that a number got only the question, without any words of the login."""
        [question] = self.texts(number)
        self.assertEqual(question.exemption, "opt_in_question")
        for part in ("parcel", "evil", "Screen", self.login.partner_id.name):
            self.assertNotIn(part, question.body)


class TestTypedNumber(ClaimCase):
    """A number that a login has typed gets only a question before its YES."""

    def test_the_ticket_form_asks_a_stranger_and_texts_nothing_else(self):
        self.submit()
        self.assertOnlyAsked()
        self.assertEqual(self.answers(), {"ticket": "pending"})
        self.assertTrue(self.tickets().sms_phone_is_unproven)
        page = self.get(f"/my/ticket/{self.tickets().id}")
        self.assertIn(
            "once the mobile number that you gave has answered YES", page.text
        )

    def test_a_stranger_who_has_agreed_gets_no_text_about_anothers_ticket(self):
        self.record_consent(self.stranger, "ticket")
        for is_ticked in (False, True):
            self.submit(is_ticked=is_ticked)
            messages = self.messages_to(self.stranger)
            blocked = messages.filtered(lambda sms: not sms.exemption)
            with self.subTest(is_ticked=is_ticked):
                self.assertEqual(set(blocked.mapped("gate_reason")), {"unproven"})
        self.assertOnlyAsked()
        self.assertEqual(self.answers(), {"ticket": "opted_in"})

    def test_nor_under_opt_out(self):
        self.company.sms_consent_policy = "opt_out"
        self.submit(is_ticked=False)
        self.assertFalse(self.texts())
        self.assertEqual(
            self.messages_to(self.stranger).mapped("gate_reason"), ["unproven"]
        )
        self.submit(subject="Again")
        self.assertOnlyAsked()

    def test_yes_confirms_and_what_has_waited_is_sent(self):
        number = phone_number(70)
        self.submit(number)
        self.assertOnlyAsked(number)
        self.receive("YES", number)
        self.assertEqual(self.answers(number), {"ticket": "opted_in"})
        self.assertFalse(self.tickets().sms_phone_is_unproven)
        texts = self.texts(number)
        [update] = texts.filtered(lambda sms: not sms.exemption)
        self.assertIn("your ticket", update.body)
        self.assertIn("Hi Your parcel waits at,", update.body)
        self.assertNotIn("evil", update.body)
        self.submit(number, subject="Another")
        self.assertEqual(len(self.texts(number)), len(texts) + 1)

    def test_what_they_were_told_by_phone_meanwhile_is_not_sent(self):
        number = phone_number(70)
        self.submit(number)
        waiting = self.messages_to(number).filtered(lambda sms: not sms.exemption)
        waiting.with_user(self.agent).action_mark_told()
        self.receive("YES", number)
        texts = self.texts(number)
        self.assertFalse(texts.filtered(lambda sms: not sms.exemption))

    def test_what_has_waited_in_another_company_is_sent(self):
        number = phone_number(70)
        other = self.make_company("Other")
        claims = self.env["sms.number.claim"]
        claims._note(other, self.login.partner_id, number)
        self.submit(number)
        self.assertOnlyAsked(number)
        self.receive("YES", number)
        updates = self.texts(number).filtered(lambda sms: not sms.exemption)
        self.assertEqual(len(updates), 1)

    def test_what_was_blocked_for_another_reason_is_not_sent_by_a_yes(self):
        number = phone_number(70)
        self.submit(number)
        self.assertOnlyAsked(number)
        wanted = [("number", "=", number), ("gate_verdict", "=", "block")]
        blocked = self.env["sms.sms"].search(wanted)
        self.assertTrue(blocked)
        blocked.gate_reason = "overtaken"
        self.receive("YES", number)
        self.assertEqual(self.answers(number), {"ticket": "opted_in"})
        self.assertFalse(self.texts(number).filtered(lambda sms: not sms.exemption))

    def test_yes_of_who_has_agreed_before_confirms_too(self):
        self.record_consent(self.stranger, "ticket")
        self.submit()
        self.receive("YES", self.stranger)
        updates = self.texts().filtered(lambda sms: not sms.exemption)
        self.assertEqual(len(updates), 1)
        self.assertFalse(self.tickets().sms_phone_is_unproven)

    def test_a_yes_to_another_login_confirms_nothing_here(self):
        other = new_test_user(self.env, "sms-other", groups="base.group_portal")
        number = phone_number(71)
        self.submit(number, is_ticked=False)
        self.authenticate("sms-other", "sms-other")
        self.submit(number, subject="Theirs")
        self.receive("YES", number)
        claims = self.env["sms.number.claim"]
        self.assertTrue(claims._is_confirmed(other.partner_id, number))
        self.assertFalse(claims._is_confirmed(self.login.partner_id, number))
        self.assertTrue(self.tickets().sms_phone_is_unproven)

    def test_a_yes_that_two_logins_wait_for_confirms_neither(self):
        """Either of them may be its owner."""
        other = new_test_user(self.env, "sms-other", groups="base.group_portal")
        number = phone_number(72)
        self.submit(number)
        self.authenticate("sms-other", "sms-other")
        self.submit(number, subject="Theirs")
        self.receive("YES", number)
        claims = self.env["sms.number.claim"]
        for partner in (other.partner_id, self.login.partner_id):
            self.assertFalse(claims._is_confirmed(partner, number))
        self.assertFalse(self.texts(number).filtered(lambda sms: not sms.exemption))

    def test_what_a_confirmed_number_texts_is_the_logins(self):
        number = phone_number(73)
        self.save(number, **self.box())
        self.assertFalse(self.receive("Hello", number).partner_id)
        self.receive("YES", number)
        said = self.receive("Hello again", number)
        self.assertEqual(said.partner_id, self.login.partner_id)

    def test_a_number_that_we_have_entered_too_is_confirmed_all_the_same(self):
        other = new_test_user(self.env, "sms-other", groups="base.group_portal")
        number, claims = phone_number(72), self.env["sms.number.claim"]
        self.submit(number)
        claims._note(self.company, other.partner_id, number, is_typed=False)
        self.receive("YES", number)
        self.assertTrue(claims._is_confirmed(self.login.partner_id, number))

    def test_the_account_page_asks_and_texts_nothing_else(self):
        number = phone_number(73)
        self.record_consent(self.own_number)
        page = self.save(number, **self.box())
        self.assertIn("its owner must agree", self.text(page))
        self.assertOnlyAsked(number)
        self.submit(number, subject="With it")
        self.assertOnlyAsked(number)
        self.assertEqual(self.answers(self.own_number), {"ticket": "opted_in"})

    def test_odoos_own_address_form_proves_nothing_either(self):
        self.record_consent(self.stranger, "ticket")
        answer = self.save_address(phone=self.stranger)
        self.assertIn("redirectUrl", answer.json(), answer.text)
        self.assertEqual(self.login.partner_id.phone_sanitized, self.stranger)
        self.assertFalse(self.texts())
        page = self.get(ACCOUNT)
        self.assertFalse(self.ticked(page), "what the stranger has agreed to")
        self.assertIn("Not confirmed yet", self.text(page))
        self.submit(is_ticked=False)
        self.assertFalse(self.texts())
        ticket = self.make_ticket(self.login.partner_id, stage_id=self.new_stage.id)
        self.assertTrue(ticket.sms_phone_is_unproven)
        self.assertFalse(self.texts(), "nor from a ticket that we make for them")

    def test_another_country_makes_another_number(self):
        self.login.partner_id.phone = "20 7946 0018"
        self.record_consent("+442079460018", "ticket")
        partner = self.login.partner_id.with_user(self.login).sudo()
        partner.country_id = self.env.ref("base.uk")
        self.assertEqual(partner.phone_sanitized, "+442079460018")
        claims = self.env["sms.number.claim"]
        self.assertTrue(claims._is_unproven(partner, "+442079460018"))

    def test_what_we_have_entered_is_texted_as_before(self):
        self.record_consent(self.own_number)
        self.submit(self.own_number, is_ticked=False)
        [text] = self.texts(self.own_number)
        self.assertEqual(text.gate_verdict, "send")
        self.save(self.own_number, **self.box("alert"))
        self.assertFalse(self.tickets().sms_phone_is_unproven, "asked, not typed")

    def test_one_of_us_can_vouch(self):
        number = phone_number(74)
        self.submit(number)
        ticket = self.tickets()
        self.assertTrue(ticket.sms_phone_is_unproven)
        self.record_consent(
            number, method="phone", res_model=ticket._name, res_id=ticket.id
        )
        self.assertFalse(ticket.sms_phone_is_unproven)
        other = phone_number(75)
        self.login.partner_id.with_user(self.login).sudo().phone = other
        claims = self.env["sms.number.claim"]
        self.assertTrue(claims._is_unproven(self.login.partner_id, other))
        self.login.partner_id.phone = False
        self.login.partner_id.phone = other
        self.assertFalse(claims._is_unproven(self.login.partner_id, other))

    def test_to_merge_contacts_vouches_for_nothing(self):
        self.record_consent(self.stranger, "ticket")
        twin = self.make_customer(self.stranger, "Dana again", email="d@example.com")
        claims = self.env["sms.number.claim"]
        claims._note(self.company, twin, self.stranger)
        self.customer.phone = False
        ticket = self.make_ticket(twin, stage_id=self.quiet_stage.id)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard.with_user(self.administrator).sudo()._merge(
            (self.customer | twin).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(self.customer.phone_sanitized, self.stranger)
        self.assertTrue(claims._is_unproven(self.customer, self.stranger))
        self.assertTrue(ticket.sms_phone_is_unproven)
        ticket.stage_id = self.new_stage
        self.run_automations()
        self.assertFalse(self.texts())

    def test_to_delete_the_contact_proves_nothing(self):
        self.record_consent(self.stranger, "ticket")
        twin = self.make_customer(False, "Dana again")
        self.env["sms.number.claim"]._note(self.company, twin, self.stranger)
        ticket = self.make_ticket(twin, partner_phone=self.stranger)
        archived = self.make_ticket(
            twin, partner_phone=self.stranger, active=False, number="Old"
        )
        other = self.make_ticket(twin, partner_phone=self.own_number)
        self.assertTrue(ticket.sms_phone_is_unproven)
        twin.unlink()
        self.env.invalidate_all()
        self.assertFalse(ticket.partner_phone or archived.partner_phone)
        self.assertEqual(other.partner_phone, self.own_number)
        ticket.stage_id = self.new_stage
        self.run_automations()
        self.assertFalse(self.texts())

    def test_another_customer_of_the_ticket_does_not_get_the_number(self):
        self.record_consent(self.stranger, "ticket")
        self.submit(is_ticked=False)
        ticket = self.tickets()
        ticket.partner_id = self.make_customer(phone_number(76))
        self.assertEqual(ticket.partner_phone_sanitized, phone_number(76))

    def test_what_the_stranger_texts_is_not_for_the_login_to_read(self):
        self.customer.phone = False
        self.submit()
        self.save(self.stranger)
        ticket = self.tickets()
        for words in ("What is this?", ticket.number, "STATUS"):
            inbound = self.receive(words, self.stranger)
            with self.subTest(words=words):
                self.assertNotEqual(inbound.ticket_id, ticket)
                self.assertNotEqual(inbound.partner_id, self.login.partner_id)
        self.assertFalse(
            any("Screen is black" in sms.body for sms in self.texts()), "its title"
        )

    def test_a_wrong_number_ends_the_proof(self):
        number = phone_number(77)
        self.submit(number)
        self.receive("YES", number)
        claims = self.env["sms.number.claim"]
        self.assertTrue(claims._is_confirmed(self.login.partner_id, number))
        self.receive("wrong number", number)
        self.assertFalse(claims._is_confirmed(self.login.partner_id, number))
        self.submit(number, subject="Later")
        self.assertEqual(self.answers(number)["ticket"], "opted_out")

    def run_expiry(self, **time):
        """Run the cron that expires questions and consents, after some time."""
        with freeze_time(fields.Datetime.now() + relativedelta(**time)):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry"))
        self.env.invalidate_all()

    def test_a_question_that_a_stranger_caused_does_not_end_the_proof(self):
        number = phone_number(80)
        self.submit(number)
        self.receive("YES", number)
        self.record_consent(number, "alert", event="requested", method="web")
        self.run_expiry(days=8)
        self.assertEqual(self.events(number)[-1].event, "expired")
        claims = self.env["sms.number.claim"]
        self.assertTrue(claims._is_confirmed(self.login.partner_id, number))
        self.submit(number, subject="Later")
        self.assertFalse(self.tickets("Later").sms_phone_is_unproven)

    def test_a_consent_of_long_ago_ends_the_proof(self):
        number = phone_number(81)
        self.company.sms_consent_months = 18
        self.submit(number)
        self.receive("YES", number)
        self.run_expiry(months=19)
        claims = self.env["sms.number.claim"]
        self.assertFalse(claims._is_confirmed(self.login.partner_id, number))

    def test_it_casts_no_doubt_on_a_number_that_we_have_entered(self):
        partner, number = self.login.partner_id, self.own_number
        self.company.sms_consent_months = 18
        self.record_consent(number)
        claims = self.env["sms.number.claim"]
        claims._note(self.company, partner, number, is_typed=False)
        self.run_expiry(months=19)
        self.assertEqual(self.events(number)[-1].event, "expired")
        self.assertFalse(claims._is_unproven(partner, number))

    def test_a_portal_with_a_confirmed_number_undoes_a_stop(self):
        number = phone_number(78)
        self.submit(number)
        self.receive("YES", number)
        self.receive("STOP", number)
        self.assertEqual(self.answers(number)["ticket"], "opted_out")
        self.submit(number, subject="Again")
        self.assertEqual(self.events(number)[-1].event, "granted")

    def test_a_portal_without_one_does_not(self):
        number = phone_number(79)
        self.record_consent(number)
        self.receive("STOP", number)
        before = len(self.events(number))
        page = self.save(number, **self.box())
        self.assertIn("its owner must agree", self.text(page))
        self.assertEqual(len(self.events(number)), before)

    def test_everybody_gets_the_same_answer(self):
        joined, stopped, unknown = (phone_number(index) for index in (80, 81, 82))
        self.record_consent(joined)
        self.record_consent(stopped)
        self.receive("STOP", stopped)
        pages = set()
        for number in (joined, stopped, unknown):
            self.login.partner_id.with_user(self.login).sudo().phone = False
            page = self.save(number, **self.box())
            [main] = self.tree(page).xpath("//section[@id='sms']")
            words = " ".join(main.text_content().split())
            pages.add((page.status_code, words))
        self.assertEqual(len(pages), 1)

    def leave(self, login):
        """Delete a login's account on its page, and have its number blacklisted."""
        self.authenticate(login, login)
        values = {"validation": login, "password": login, "request_blacklist": "on"}
        page = self.get("/my/security")
        answer = self.post("/my/deactivate_account", page, **values)
        self.assertIn("/web/login", answer.url)

    def test_who_deletes_their_account_silences_no_stranger(self):
        self.record_consent(self.stranger)
        self.save(self.stranger)
        self.leave("sms-portal")
        self.assertEqual(self.answers(self.stranger), {"ticket": "opted_in"})
        self.assertFalse(self.env["phone.blacklist"].search([]))

    def test_who_deletes_their_account_has_left(self):
        self.record_consent(self.own_number)
        self.leave("sms-portal")
        self.assertEqual(self.answers(self.own_number)["ticket"], "opted_out")

    def test_erasing_the_number_forgets_who_has_typed_it(self):
        self.submit()
        self.env["sms.erasure"]._erase(self.company, self.stranger, "Letter")
        self.assertFalse(
            self.env["sms.number.claim"].search([("number", "=", self.stranger)])
        )


class TestLimits(ClaimCase):
    """All forms share the same rate limits, and a number is asked rarely."""

    def count_asked(self, indexes):
        """Return how many of the given example numbers were asked."""
        return sum(bool(self.texts(phone_number(index))) for index in indexes)

    def test_a_login_asks_few_numbers(self):
        limit, _seconds = sms_rate_limit.LIMITS["portal_user_question"]
        indexes = range(100, 102 + limit)
        for index in indexes:
            form = self.submit if index % 2 else self.save
            values = {"subject": str(index)} if index % 2 else self.box()
            form(phone_number(index), **values)
        self.assertEqual(self.count_asked(indexes), limit)

    def test_an_address_asks_few_numbers_by_all_forms(self):
        self.company.sms_join_page = True
        page_url = f"/sms/join/{self.company.sms_join_key}"
        limits = {
            "join_visitor_question": (3, 3600),
            "portal_user_question": (100, 3600),
        }
        with patch.dict(sms_rate_limit.LIMITS, limits):
            for index in (110, 111):
                self.post(page_url, phone=phone_number(index), **self.box())
            for index in (112, 113):
                self.submit(phone_number(index), subject=str(index))
        self.assertEqual(self.count_asked(range(110, 114)), 3)

    def test_a_company_asks_few_numbers(self):
        with patch.dict(sms_rate_limit.LIMITS, {"join_company_question": (1, 3600)}):
            for index in (114, 115):
                self.submit(phone_number(index), subject=str(index))
        self.assertEqual(self.count_asked((114, 115)), 1)

    def test_refused_numbers_count(self):
        limits = {"portal_user_question": (2, 3600)}
        with patch.dict(sms_rate_limit.LIMITS, limits):
            for _ in range(2):
                page = self.submit("+18765550123")
                self.assertIn("numbers of this country", self.text(page))
            self.submit(phone_number(116))
        self.assertEqual(self.count_asked([116]), 0)

    def test_a_number_is_asked_once_by_whoever_types_it(self):
        new_test_user(self.env, "sms-other", groups="base.group_portal")
        number = phone_number(117)
        for login in ("sms-portal", "sms-other"):
            self.authenticate(login, login)
            for subject in ("One", "Two"):
                self.submit(number, subject=subject)
        self.assertEqual(len(self.texts(number)), 1)


class TestTakenNumbers(ClaimCase):
    """Which countries and kinds of numbers the forms accept."""

    REFUSED = (
        ("+8816123456789", "numbers of this country"),
        ("+97912345678", None),
        ("+19005550123", "not a mobile number"),
        ("+18005550123", "not a mobile number"),
        ("+18765550123", "numbers of this country"),
        ("+33612345678", "numbers of this country"),
    )

    def join(self, number):
        """Post the page to join; return the response."""
        self.company.sms_join_page = True
        return self.post(
            f"/sms/join/{self.company.sms_join_key}", phone=number, **self.box()
        )

    def test_every_form_refuses_them(self):
        generous = dict.fromkeys(
            ("join_visitor_question", "portal_user_question"), (100, 3600)
        )
        with patch.dict(sms_rate_limit.LIMITS, generous):
            for number, words in self.REFUSED:
                for form in (self.join, self.submit, self.save):
                    values = self.box() if form == self.save else {}
                    page = form(number, **values)
                    with self.subTest(number=number, form=form.__name__):
                        self.assertIn(words or "number", self.text(page))
                        self.assertFalse(self.events(number))
                        self.assertFalse(self.messages_to(number))
        self.assertFalse(self.tickets())
        self.assertEqual(self.login.partner_id.phone_sanitized, self.own_number)

    def test_a_customers_address_opens_its_country(self):
        number = "+33612345678"
        france = self.env.ref("base.fr")
        self.employee.partner_id.country_id = france
        self.make_company("Other").partner_id.country_id = france
        self.assertIn("numbers of this country", self.text(self.join(number)))
        self.env["res.partner"].create({"name": "Léa", "country_id": france.id})
        self.join(number)
        self.assertEqual(self.answers(number), {"ticket": "pending"})

    def test_a_manager_says_which(self):
        settings = self.env["sms.settings"].with_user(self.manager)
        settings.create(
            {
                "company_id": self.company.id,
                "sms_form_country_ids": [(6, 0, self.env.ref("base.fr").ids)],
                "sms_form_kinds": "landline",
                "sms_relaxation_reason": "Landlines that read texts aloud.",
            }
        )
        self.assertEqual(self.company.sms_form_country_ids.code, "FR")
        self.join("+33123456789")
        self.assertTrue(self.events("+33123456789"))
        self.assertIn("numbers of this country", self.text(self.join("+13035550199")))

    def test_a_landline_that_we_have_entered_is_no_error_until_it_is_ticked(self):
        self.company.country_id = self.env.ref("base.uk")
        self.login.partner_id.write(
            {"phone": "+442079460018", "country_id": self.company.country_id.id}
        )
        page = self.submit("+442079460018")
        self.assertIn("not a mobile number", self.text(page))
        self.submit("+442079460018", is_ticked=False)
        self.assertEqual(self.tickets().partner_phone_sanitized, "+442079460018")
        self.assertFalse(self.events("+442079460018"))

    def test_it_is_said_in_the_visitors_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.opener.headers["Accept-Language"] = "fr"
        page = self.join("+18765550123")
        self.assertEqual(self.tree(page).get("lang"), "fr-FR")
        self.assertFalse(self.events("+18765550123"))
