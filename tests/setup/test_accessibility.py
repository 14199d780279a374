# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from urllib.parse import urlsplit

from odoo.tests import tagged

from ..browser import MODULE, AxeCase

#: Our screens in the web client: action, view, record (XML id), our own elements.
SCREENS = (
    ("helpdesk_ticket_conversation_action", "list", None, ".o_content"),
    ("sms_dashboard_action", False, None, ".o_sms_dashboard"),
    ("sms_onboarding_action", False, None, ".o_sms_onboarding"),
    ("sms_virtual_phone_action", False, None, ".o_action > *"),
    ("sms_team_alert_action", "kanban", None, ".o_kanban_renderer"),
    ("sms_broadcast_action", "form", "sms_broadcast_demo", ".o_form_sheet"),
    ("sms_incident_action", "form", "sms_incident_demo", ".o_form_sheet"),
    ("sms_settings_action", "form", None, ".settings"),
)


@tagged("long")
class TestAccessibility(AxeCase):
    """Everybody can read, identify and reach what we show."""

    ODOO = (
        ".o_optional_columns_dropdown",
        ".o_list_record_selector",
        ".o_field_many2one_avatar_user",
        ".o_field_widget input",
        ".o_field_widget .o-dropdown",
        ".o_field_widget .o_tag",
        ".o_clipboard_button",
        ".o_notebook_headers",
        ".o_list_button button",
        ".o_form_view .text-muted",
        ".o_setting_right_pane > .text-muted",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load_demo()
        cls.demo_ticket = cls.env.ref(f"{MODULE}.ticket_demo_vpn")
        cls.incident = cls.env.ref(f"{MODULE}.sms_incident_demo")

    def look_at_dialog(self, page, label, button):
        """Press a button of the screen; return its dialog's barriers, and close it."""
        page.run(f"document.querySelector({button!r}).click()")
        page.call("settle")
        found = self.find_barriers(page, label, ".modal-content")
        page.call("closeDialogs")
        return found

    def test_the_web_client(self):
        records = {
            name: self.env.ref(f"{MODULE}.{name}").id
            for _action, _view, name, _own in SCREENS
            if name
        }
        ticket_id = self.demo_ticket.id
        found = []

        def look(page):
            page.wait_for(".o_sms_dashboard")
            self.load_axe(page)
            for action, view, name, own in SCREENS:
                page.call("open", f"{MODULE}.{action}", view, records.get(name))
                found.extend(self.find_barriers(page, action, own))
            action = "helpdesk_mgmt.helpdesk_ticket_action"
            page.call("open", action, "form", ticket_id)
            page.run("document.querySelector('.o_notebook a[name=sms_desk]').click()")
            found.extend(self.find_barriers(page, "ticket", ".o_sms_desk"))
            for name in ("action_send_sms", "action_record_sms_consent"):
                button = f"button[name={name}]"
                found.extend(self.look_at_dialog(page, name, button))

        action = f"{MODULE}.sms_dashboard_action"
        self.browse(f"/odoo/action-{action}", look, login="manager")
        self.assertFalse(found, "\n".join(found))

    def test_pages_of_customers(self):
        number = "+13035550142"
        self.record_consent(number, "ticket")
        pair = (self.company, number)
        pages = {
            "preferences": self.env["sms.preference.link"]._get_urls([pair])[pair],
            "ticket": self.demo_ticket.sms_ticket_url,
            "incident": self.incident.status_page,
            "join": self.company.sms_join_url,
            "nothing": "/sms/t/nothing",
        }
        paths = {name: urlsplit(url).path for name, url in pages.items()}
        found = []

        def look(page):
            for name, path in paths.items():
                page.go(path)
                self.load_axe(page)
                found.extend(self.find_barriers(page, name, "body"))

        self.browse("/web/login", look)
        self.assertFalse(found, "\n".join(found))

    def test_the_portal(self):
        found = []

        def look(page):
            for path, own in (
                ("/new/ticket", "#sms"),
                ("/my/outages", "#wrap"),
                ("/my/account", "#sms"),
            ):
                page.go(path)
                self.load_axe(page)
                found.extend(self.find_barriers(page, path, own))

        self.browse("/my", look, login="customer")
        self.assertFalse(found, "\n".join(found))
