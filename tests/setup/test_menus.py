# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from ..browser import MODULE, BrowserCase
from ..common import SmsCase
from .common import FindsScreens

AGENT = ["Conversations", "Visits", "Outages", "Team alerts", "Reporting"]
GUIDES = "Guided tours"
MANAGER = [*AGENT[:3], "Broadcasts", "Messages", *AGENT[3:], "Virtual phone", GUIDES]
WEEKLY = [
    *("Templates", "Automations", "Keywords", "Quiet hours", "Areas", "Alert plans"),
    *("Set-up and health", "Settings"),
]
AUDIT = [
    *("Events", "Lookups", "Reasons for relaxing", "Erasures", "Policy and retention"),
    *("Removal at the carrier", "Carrier's opt-outs", "Opt-outs told to the carrier"),
    "Verification",
]
#: Entries that each user sees below our menus, in order. Not listed: none.
MENUS = {
    "own_agent": {
        "sms_menu_root": ["Conversations", "Visits", "Team alerts", "Virtual phone"],
    },
    "agent": {
        "sms_menu_root": [*AGENT, "Virtual phone", GUIDES],
        "sms_menu_guides": ["For agents"],
        "sms_menu_consent": ["Numbers", "Paper forms"],
    },
    "manager": {
        "sms_menu_root": MANAGER,
        "sms_menu_guides": ["For agents", "For managers"],
        "sms_menu_consent": [
            *("Numbers", "Review queue", "Paper forms", "Import"),
            *("Rules by country", "Audit"),
        ],
        "sms_menu_audit": [
            *("Events", "Reasons for relaxing", "Removal at the carrier"),
            *("Carrier's opt-outs", "Opt-outs told to the carrier"),
        ],
        "sms_menu_configuration": WEEKLY,
    },
    "compliance_officer": {
        "sms_menu_root": [
            *("Outages", "Broadcasts", "Messages", "Team alerts", "Reporting"),
            GUIDES,
        ],
        "sms_menu_guides": ["For compliance officers"],
        "sms_menu_consent": [
            *("Numbers", "Review queue", "Import", "Reassigned numbers", "Evidence"),
            "Rules by country",
            "Audit",
        ],
        "sms_menu_audit": AUDIT,
    },
    "employee": {},
}
#: Former menus: actions that each user must still reach.
REACHED = {
    "own_agent": "calendar_event sms_reminder sms_team_alert sms_oncall_shift",
    "agent": "sms_sms sms_inbound sms_reminder sms_broadcast sms_incident "
    "sms_oncall_shift sms_analysis sms_day sms_consent sms_consent_event "
    "sms_subscription sms_consent_paper",
    "manager": "sms_sender sms_outbox_alert sms_unusable_number sms_reply sms_wording "
    "sms_purpose sms_purpose_rule sms_consent_law sms_sender_rule sms_scope_rule "
    "sms_price sms_fault sms_registration sms_redaction sms_relaxation_reason "
    "sms_subscription sms_consent_review sms_consent_import sms_oncall_shift "
    "sms_inbound sms_broadcast sms_alert_source",
    "compliance_officer": "sms_sms sms_inbound sms_broadcast sms_incident sms_day "
    "sms_oncall_shift sms_analysis sms_consent_event sms_subscription "
    "sms_evidence_audit sms_evidence_export sms_evidence_lookup sms_erasure "
    "sms_retention_form sms_redaction sms_consent_check sms_consent_review "
    "sms_reassigned_file",
}


class TestMenus(FindsScreens, SmsCase):
    """Each role sees what it works with, and reaches the rest from there."""

    def test_each_role_sees_its_menus(self):
        for name, wanted in MENUS.items():
            menus = self.load_menus(getattr(self, name))
            found = {}
            for menu in menus.values():
                xmlid = menu.get("xmlid", "")
                if xmlid.startswith(f"{MODULE}.") and menu["children"]:
                    names = [menus[child]["name"] for child in menu["children"]]
                    found[xmlid.removeprefix(f"{MODULE}.")] = names
            with self.subTest(user=name):
                self.assertEqual(found, wanted)

    def test_the_virtual_phone_is_there_in_the_sandbox_only(self):
        phone = self.env.ref(f"{MODULE}.sms_menu_virtual_phone").id
        self.assertIn(phone, self.load_menus(self.agent))
        self.company.write({"sms_provider": "iap"})
        self.assertNotIn(phone, self.load_menus(self.agent))
        self.company.write({"sms_provider": "sandbox"})
        self.assertIn(phone, self.load_menus(self.agent))

    def test_what_has_no_menu_is_found_from_one(self):
        for name, wanted in REACHED.items():
            reached = self.find_screens(getattr(self, name)).values()
            for action in wanted.split():
                with self.subTest(user=name, action=action):
                    self.assertIn(f"{action}_action", reached)


@tagged("long")
class TestMenusOnScreen(BrowserCase):
    """Each menu fits on the screen of a small laptop."""

    def test_no_dropdown_leaves_the_screen(self):
        self.manager.group_ids |= self.env.ref(f"{MODULE}.group_sms_compliance")
        measured = {}

        def measure(page):
            page.wait_for(".o_menu_sections button[data-menu-xmlid]")
            measured.update(page.call("measureMenus"))

        action = f"{MODULE}.sms_team_alert_action"
        self.browse(f"/odoo/action-{action}", measure, login="sms-manager")
        self.assertGreaterEqual(
            measured.keys(), {"Text messages", "Consents", "Configuration"}
        )
        for name, (bottom, hidden) in measured.items():
            with self.subTest(menu=name):
                self.assertLessEqual(bottom, 800)
                self.assertLessEqual(hidden, 0)
