# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError
from odoo.tests import Form

from ..common import SmsCase

PAGES = {
    "sms_privacy_url": "https://www.example.com/privacy",
    "sms_terms_url": "https://www.example.com/terms",
}


class TestRegistrationPacket(SmsCase):
    """A packet contains what is in force, and says what is missing."""

    def make_packet(self, user=None, **values):
        """Create a packet as a user does."""
        packets = self.env["sms.registration"].with_user(user or self.manager)
        return packets.create(values)

    def test_it_is_made_of_what_is_in_force(self):
        self.company.write({"sms_join_page": True, **PAGES})
        self.env["sms.keyword"].create(
            {
                "word": "JOINUS",
                "action": "join",
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
            }
        )
        packet = self.make_packet()
        self.assertIn("JOINUS", packet.opt_in_keywords.split(","))
        self.assertIn("JOINUS", packet.opt_in_flow)
        self.assertIn(self.company.sms_join_key, packet.opt_in_flow)
        self.assertIn("Message and data rates may apply", packet.opt_in_flow)
        self.assertIn("REVOKE", packet.opt_out_keywords.split(","))
        self.assertIn("HELP", packet.help_keywords.split(","))
        self.assertIn("you have opted out", packet.opt_out_text)
        self.assertIn(self.company.name, packet.description)
        self.assertIn("Hi [customer], your ticket #[ticket number]", packet.samples)
        self.assertEqual(packet.samples.count(self.footer), len(packet.template_ids))

    def test_a_sample_is_the_companys_own_version(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_closed")
        action = template.with_user(self.manager).action_copy_for_company()
        own = template.browse(action["res_id"]).with_user(self.manager)
        own.body = "Ticket {{ object.number }} is done. Reply to reopen it."
        samples = self.make_packet().samples
        self.assertIn("Ticket [ticket number] is done.", samples)
        self.assertNotIn("is closed", samples)

    def test_it_denies_no_offers_that_people_have_agreed_to(self):
        self.assertIn("no marketing is sent", self.make_packet().description)
        self.record_consent(self.number, "marketing")
        description = self.make_packet().description
        self.assertNotIn("no marketing", description)
        self.assertIn(self.purposes("marketing").name, description)

    def test_a_link_that_differs_from_person_to_person_is_one(self):
        template = self.env["sms.template"].create(
            {
                "name": "Preferences",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "Choose what we text you: {{ object.sms_preference_url }}",
            }
        )
        packet = self.make_packet(template_ids=[(6, 0, template.ids)])
        self.assertTrue(packet.has_links, packet.samples)

    def test_it_says_what_is_missing_and_then_nothing(self):
        packet = self.make_packet()
        self.assertIn("Privacy", packet.problems)
        self.assertEqual(packet.problem_count, 2, "the company's two pages alone")
        self.company.write(PAGES)
        self.assertEqual(self.make_packet().problems, "")
        self.purposes("ticket", "appointment", "alert").footer = False
        self.assertIn("name the company", self.make_packet().problems)

    def test_too_few_and_too_many_samples(self):
        templates = self.make_packet().template_ids
        few = self.make_packet(template_ids=[(6, 0, templates[:1].ids)])
        self.assertIn("at least 2", few.problems)
        templates += self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        many = self.make_packet(template_ids=[(6, 0, templates.ids)])
        self.assertIn("at most 5", many.problems)

    def test_what_is_edited_is_printed(self):
        with Form(self.env["sms.registration"].with_user(self.manager)) as form:
            form.description = (
                "What Acme's helpdesk texts to customers, in short words."
            )
        packet = form.record
        report = self.env["ir.actions.report"].with_user(self.manager)
        html, _kind = report._render_qweb_html(
            "helpdesk_mgmt_sms.sms_registration_report", packet.ids
        )
        self.assertIn(b"in short words", html)
        self.assertIn(b"REVOKE", html)
        self.assertEqual(
            packet.action_print()["report_name"], "helpdesk_mgmt_sms.sms_registration"
        )

    def test_it_is_a_pdf(self):
        report = self.env["ir.actions.report"].with_user(self.manager)
        if not report._can_render_sms_pdf():
            self.skipTest("neither wkhtmltopdf nor WeasyPrint is installed")
        report = report.with_context(force_report_rendering=True)
        pdf, kind = report._render_qweb_pdf(
            "helpdesk_mgmt_sms.sms_registration_report", self.make_packet().ids
        )
        self.assertEqual((kind, pdf[:5]), ("pdf", b"%PDF-"))

    def test_each_company_has_its_own(self):
        other = self.make_company("Northern Branch")
        packets = self.env["sms.registration"].with_user(self.manager)
        packet = packets.with_context(allowed_company_ids=other.ids).create({})
        self.assertIn("Northern Branch", packet.opt_out_text)
        self.manager.company_ids -= other
        with self.assertRaises(AccessError):
            packet.with_context(allowed_company_ids=self.company.ids).action_print()

    def test_others_do_not_make_one(self):
        for user in (self.agent, self.employee, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.make_packet(user)
