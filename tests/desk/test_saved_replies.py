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

    def test_a_shortcut_can_be_typed(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_saved_restart")
        for shortcut in ("two words", "/slash", "x" * 21, "a.b"):
            with self.subTest(shortcut=shortcut), self.assertRaises(ValidationError):
                template.shortcut = shortcut
        template.shortcut = "größe-2"
