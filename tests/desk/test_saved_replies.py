# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import ValidationError

from .common import DeskCase


class TestSavedReplies(DeskCase):
    """Templates with a shortcut are offered where an agent types a slash."""

    def offered(self):
        """Return the shortcuts that an agent's screen gets."""
        templates = self.converse()["templates"]
        return {it["shortcut"]: it["id"] for it in templates if it["shortcut"]}

    def test_some_ship_and_are_filled_in(self):
        offered = self.offered()
        self.assertLessEqual({"details", "restart", "looking"}, offered.keys())
        desk = self.desk_of(self.own_agent)
        for template_id in offered.values():
            body = desk.preview_sms_reply(template_id)["body"]
            self.assertTrue(body)
            self.assertNotIn("{", body)

    def test_a_managers_own_is_offered(self):
        template = (
            self.env["sms.template"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Parking",
                    "about": "helpdesk.ticket",
                    "body": "Park at gate 2.",
                }
            )
        )
        template.shortcut = "parking"
        self.assertEqual(self.offered()["parking"], template.id)

    def test_they_are_those_of_the_tickets_company(self):
        other = self.make_company("Other")
        ours, theirs = self.env["sms.template"].create(
            [
                {
                    "name": company.name,
                    "about": "helpdesk.ticket",
                    "body": f"Call {company.name}",
                    "company_id": company.id,
                }
                for company in (self.company, other)
            ]
        )
        ticket = self.make_ticket(self.customer, company_id=other.id)
        desk = self.desk_of(self.agent, ticket).with_context(
            allowed_company_ids=(self.company | other).ids
        )
        offered = [it["id"] for it in desk.get_sms_conversation()["templates"]]
        self.assertIn(theirs.id, offered)
        self.assertNotIn(ours.id, offered)
        self.assertTrue(desk.preview_sms_reply(theirs.id)["body"])
        self.assertNotIn("body", desk.preview_sms_reply(ours.id))

    def test_a_shortcut_can_be_typed(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_saved_restart")
        for shortcut in ("two words", "/slash", "x" * 21, "a.b"):
            with self.subTest(shortcut=shortcut), self.assertRaises(ValidationError):
                template.shortcut = shortcut
        template.shortcut = "größe-2"
