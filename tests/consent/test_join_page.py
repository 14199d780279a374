# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import Form, tagged
from odoo.tools import SQL

from ...controllers.public import get_origin
from ...models.core import sms_rate_limit
from ..common import SmsCase, phone_number
from ..web import DEVICE, WebCase


class TestPage(WebCase):
    """The public page to join: anybody can type any number, so its owner is asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_join_page = True
        cls.page_url = f"/sms/join/{cls.company.sms_join_key}"
        cls.unknown = phone_number(60)

    def box(self, code):
        """Return field and value of a purpose's checkbox."""
        wording = self.env.ref(f"helpdesk_mgmt_sms.sms_wording_{code}")
        return {f"sms_agree_{code}": str(wording.id)}

    def join(self, number=None, *codes, page=None, **values):
        """Post the form; return the response."""
        for code in codes or ("ticket",):
            values |= self.box(code)
        return self.post(self.page_url, page, phone=number or self.unknown, **values)

    def assert_thanks(self, page):
        """Check that a page shows the same thanks as to everybody."""
        self.assertEqual(page.status_code, 200)
        self.assertIn("Thank you", self.text(page))
        return page.text

    # === The form ===

    def test_the_form_asks_and_nothing_is_ticked(self):
        page = self.get(self.page_url)
        self.assertEqual(
            list(self.boxes(page)),
            ["sms_agree_ticket", "sms_agree_appointment", "sms_agree_alert"],
        )
        self.assertFalse(self.ticked(page))
        self.assertIn("Message and data rates may apply", page.text)
        self.assertIn('href="https://www.example.com/terms"', page.text)
        self.assertNotIn("<script", page.text)
        self.assertIn(self.company.name, page.text)

    def test_what_no_text_can_confirm_is_not_offered(self):
        self.purposes("ticket").accepts_text = False
        page = self.get(self.page_url)
        self.assertNotIn("sms_agree_ticket", self.boxes(page))
        self.assertNotIn("Thank you", self.text(self.join(self.unknown, page=page)))
        self.assert_thanks(self.join(self.unknown, "alert"))
        self.assertEqual(self.answers(self.unknown), {"alert": "pending"})

    def test_without_a_published_wording_there_is_nothing_to_join(self):
        page = self.get(self.page_url)
        self.env.cr.execute("UPDATE sms_wording SET state = 'superseded'")
        self.env.invalidate_all()
        self.assertFalse(self.boxes(self.get(self.page_url)))
        self.assertNotIn("Thank you", self.text(self.join(self.unknown, page=page)))
        self.assertFalse(self.answers(self.unknown))

    def test_a_tick_asks_the_number_by_text(self):
        self.assert_thanks(self.join(self.unknown, "ticket", "alert"))
        events = self.events(self.unknown)
        self.assertEqual(set(events.mapped("event")), {"requested"})
        self.assertEqual(set(events.mapped("method")), {"web"})
        self.assertEqual(set(events.purpose_id.mapped("code")), {"ticket", "alert"})
        evidence = events.evidence_id
        self.assertEqual(len(evidence), 1)
        self.assertEqual((evidence.address, evidence.device), ("127.0.0.1", DEVICE))
        self.assertEqual(evidence.page, self.page_url)
        self.assertIn(self.wording._render(self.company), evidence.wording)
        for event in events:
            self.assertEqual(event.wording_id.purpose_id, event.purpose_id)
        sms = self.waiting_for(self.unknown)
        self.assertEqual(sms.exemption, "opt_in_question")
        self.assertIn("reply YES", sms.body)
        self.assertEqual(set(self.answers(self.unknown).values()), {"pending"})

    def test_the_question_is_that_of_the_joining_keyword(self):
        every = ("ticket", "appointment", "alert")
        self.join(self.unknown, *every)
        self.receive("SUPPORT", phone_number(61))
        self.assertEqual(
            self.waiting_for(self.unknown).body,
            self.waiting_for(phone_number(61)).body,
        )

    def test_yes_confirms_what_was_asked(self):
        self.join(self.unknown, "ticket", "alert")
        asked = self.events(self.unknown)
        self.receive("YES", self.unknown)
        self.assertEqual(
            self.answers(self.unknown), {"ticket": "opted_in", "alert": "opted_in"}
        )
        confirmed = self.events(self.unknown) - asked
        self.assertEqual(set(confirmed.mapped("event")), {"confirmed"})
        self.assertEqual(confirmed.wording_id, asked.wording_id)
        self.assertEqual(confirmed.evidence_id.wording, asked.evidence_id.wording)

    def test_yes_confirms_the_newest_question_alone(self):
        self.join(self.unknown, "ticket")
        self.age_events(timedelta(days=2))
        self.env["sms.keyword"].create(
            {
                "word": "ALERTS",
                "action": "join",
                "purpose_ids": [(6, 0, self.purposes("alert").ids)],
            }
        )
        self.receive("ALERTS", self.unknown)
        self.receive("YES", self.unknown)
        self.assertEqual(
            self.answers(self.unknown), {"ticket": "pending", "alert": "opted_in"}
        )

    def test_what_an_agent_enters_meanwhile_leaves_the_question_open(self):
        self.join(self.unknown, "ticket", "alert")
        self.record_consent(self.unknown, "ticket", method="phone")
        self.receive("YES", self.unknown)
        self.assertEqual(
            self.answers(self.unknown), {"ticket": "opted_in", "alert": "opted_in"}
        )
        last = self.events(self.unknown)[-1]
        self.assertEqual((last.event, last.purpose_id.code), ("confirmed", "alert"))

    def test_without_a_yes_nothing_is_sent(self):
        self.join()
        sms = self.env["sms.sms"].create(
            {
                "number": self.unknown,
                "body": "Hi",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "awaiting_yes"))

    def test_a_bad_number_is_told_and_kept(self):
        for number, words in (
            ("12", "not a phone number that we can text"),
            ("9" * 100_000, "not a phone number that we can text"),
            ("+1 303 555 0100 ext. 5", "has an extension"),
            ("\x00", "enter your mobile number"),
            ("   ", "enter your mobile number"),
            ("<script>alert(1)</script>", "not a phone number that we can text"),
        ):
            with self.subTest(number=number[:20]):
                page = self.join(number)
                self.assertIn(words, self.text(page))
                self.assertNotIn("alert(1)</script>", page.text)

    def test_what_was_ticked_stays_so_when_the_number_is_refused(self):
        page = self.join("12", "ticket", "alert")
        self.assertEqual(self.ticked(page), {"sms_agree_ticket", "sms_agree_alert"})
        [form] = self.tree(page).xpath("//form")
        data = {**dict(form.form_values()), "phone": self.unknown}
        self.assert_thanks(self.url_open(self.page_url, data=data))
        self.assertEqual(
            set(self.events(self.unknown).purpose_id.mapped("code")),
            {"ticket", "alert"},
        )

    def test_nothing_ticked_is_told(self):
        page = self.post(self.page_url, phone=self.unknown)
        self.assertIn("Tick at least one box", self.text(page))
        [phone] = self.tree(page).xpath("//input[@name='phone']/@value")
        self.assertEqual(phone, self.unknown)
        self.assertFalse(self.events(self.unknown))

    def test_a_wording_that_was_replaced_is_shown_again(self):
        page = self.get(self.page_url)
        draft = self.publish(self.wording)
        answer = self.join(page=page)
        self.assertIn("wording has changed", self.text(answer))
        self.assertEqual(self.boxes(answer)["sms_agree_ticket"], str(draft.id))
        self.assertFalse(self.events(self.unknown))

    # === Numbers that are silently not asked ===

    def age_events(self, age):
        """Move all requests into the past, without the append-only trigger."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("ALTER TABLE sms_consent_event DISABLE TRIGGER sms_append_only")
        )
        self.env.cr.execute(
            SQL("UPDATE sms_consent_event SET recorded_at = recorded_at - %s", age)
        )
        self.env.cr.execute(
            SQL("ALTER TABLE sms_consent_event ENABLE TRIGGER sms_append_only")
        )
        self.env.invalidate_all()

    def test_everybody_gets_the_same_answer(self):
        joined, stopped, asked = (phone_number(index) for index in (62, 63, 64))
        self.record_consent(joined)
        self.record_consent(stopped)
        self.receive("STOP", stopped)
        self.join(asked)
        before = {n: len(self.events(n)) for n in (joined, stopped, asked)}
        texts = {
            self.assert_thanks(self.join(number))
            for number in (joined, stopped, asked, self.unknown, self.number)
        }
        self.assertEqual(len(texts), 1)
        for number, count in before.items():
            self.assertEqual(len(self.events(number)), count)
        self.assertFalse(self.messages_to(joined))
        self.assertEqual(
            self.messages_to(stopped).mapped("exemption"), ["opt_out_confirmation"]
        )
        self.assertEqual(len(self.messages_to(asked)), 1)

    def test_who_has_opted_out_of_one_purpose_is_not_asked_for_another(self):
        self.record_consent(self.unknown, "ticket", event="revoked")
        self.assert_thanks(self.join(self.unknown, "alert"))
        self.assertFalse(self.messages_to(self.unknown))

    def test_a_number_that_has_answered_is_asked_once_a_day(self):
        self.join()
        self.receive("YES", self.unknown)
        self.join(self.unknown, "alert")
        self.assertEqual(self.questions(), 1)
        self.age_events(timedelta(days=1, minutes=1))
        self.join(self.unknown, "alert")
        self.assertEqual(self.questions(), 2)

    def test_a_number_that_never_answers_is_left_in_peace(self):
        for days, count in ((0, 1), (0, 1), (2, 1), (87, 1), (2, 2), (91, 2), (90, 3)):
            self.age_events(timedelta(days=days))
            self.join()
            with self.subTest(days=days):
                self.assertEqual(self.questions(), count)

    def test_who_typed_it_on_a_page_is_not_reminded(self):
        self.company.sms_opt_in_reminder_hours = 24
        self.join()
        self.assertEqual(len(self.messages_to(self.unknown)), 1)

    def questions(self):
        """Return the number of questions to the unknown number."""
        messages = self.messages_to(self.unknown)
        return len(messages.filtered(lambda sms: sms.exemption == "opt_in_question"))

    def test_who_has_texted_the_keyword_is_not_asked_again(self):
        self.receive("SUPPORT", self.unknown)
        self.join()
        self.assertEqual(len(self.messages_to(self.unknown)), 1)

    def test_a_program_that_fills_in_everything_is_thanked_and_ignored(self):
        self.assert_thanks(self.join(website="https://spam.example"))
        self.assertFalse(self.events(self.unknown))

    def test_a_visitors_questions_are_bounded(self):
        limit, _seconds = sms_rate_limit.LIMITS["join_visitor_question"]
        page = self.get(self.page_url)
        with patch.dict(sms_rate_limit.LIMITS, {"join_visitor": (100, 600)}):
            for index in range(limit + 2):
                self.assert_thanks(self.join(phone_number(100 + index), page=page))
        asked = [i for i in range(limit + 2) if self.events(phone_number(100 + i))]
        self.assertEqual(len(asked), limit)

    def test_a_companys_questions_are_bounded(self):
        with patch.dict(sms_rate_limit.LIMITS, {"join_company_question": (1, 3600)}):
            for index in (70, 71):
                self.assert_thanks(self.join(phone_number(index)))
        self.assertTrue(self.events(phone_number(70)))
        self.assertFalse(self.events(phone_number(71)))

    def test_a_visitor_is_rate_limited(self):
        limit, _seconds = sms_rate_limit.LIMITS["join_visitor"]
        for _ in range(limit):
            self.assertEqual(self.get(self.page_url).status_code, 200)
        page = self.get(self.page_url)
        self.assertEqual(page.status_code, 429)
        self.assertIn("Please wait a moment", self.text(page))

    # === Limits and refusals ===

    def test_a_get_asks_nobody(self):
        page = self.get(
            self.page_url, params={"phone": self.unknown, **self.box("ticket")}
        )
        self.assertEqual(page.status_code, 200)
        self.assertFalse(self.events(self.unknown))

    def test_without_the_token_of_the_form_nothing_happens(self):
        for token in ({}, {"csrf_token": "x"}):
            data = {"phone": self.unknown, **self.box("ticket"), **token}
            self.assertEqual(self.url_open(self.page_url, data=data).status_code, 400)
        self.assertFalse(self.events(self.unknown))

    def test_a_company_without_the_page_has_none(self):
        company = self.make_company("Other")
        for key in (company.sms_join_key, "x", "%00", "x" * 5000, str(company.id)):
            with self.subTest(key=key[:20]):
                self.assertEqual(self.get(f"/sms/join/{key}").status_code, 404)

    def test_a_company_asks_in_its_own_name(self):
        company = self.make_company("Other Works", sms_join_page=True)
        self.post(
            f"/sms/join/{company.sms_join_key}",
            phone=self.unknown,
            **self.box("ticket"),
        )
        self.assertFalse(self.events(self.unknown))
        self.assertEqual(self.answers(self.unknown, company), {"ticket": "pending"})
        sms = self.waiting_for(self.unknown)
        self.assertEqual(sms.record_company_id, company)
        self.assertIn("Other Works", sms.body)

    def test_only_the_companys_own_website_may_frame_it(self):
        self.company.website = "https://www.example.com/contact"
        page = self.get(self.page_url)
        self.assertIn(
            "frame-ancestors 'self' https://www.example.com",
            page.headers["Content-Security-Policy"],
        )
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        for website in (
            *("", None, "javascript:x", "https://a b; script-src *", "//x"),
            *("https://[odoo]", "https://exampl\u2100.com"),
        ):
            self.assertEqual(get_origin(website), "", website)


@tagged("post_install", "-at_install")
class TestSettings(SmsCase):
    """A company switches the page on; its address is in the settings."""

    def test_the_settings_open_it_and_show_its_address(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        with Form(settings) as form:
            form.sms_join_page = True
            self.assertIn(self.company.sms_join_key, form.sms_join_url)
        form.record.execute()
        self.assertTrue(self.company.sms_join_page)

    def test_each_company_has_a_key_that_tells_nothing(self):
        companies = self.company + self.make_company("Other")
        keys = companies.mapped("sms_join_key")
        self.assertEqual(len(set(keys)), 2)
        for key in keys:
            self.assertRegex(key, r"^[0-9a-f]{12}$")
