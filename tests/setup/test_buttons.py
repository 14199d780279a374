# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..browser import MODULE, BrowserCase
from .common import FindsScreens

#: Buttons that are not pressed, by name or label, and the reason.
LEFT_OUT = {
    "Legal pages and contact": "leaves the page for a place in the settings",
    "action_export": "leaves the page for a file",
    "action_open_status_page": "opens another window",
    "action_print": "leaves the page for a PDF",
    "action_view_scan": "opens another window",
}
#: Titles of dialogs by which a user error is reported. All others are faults.
TELLS = ("Invalid Operation", "Validation Error")
#: Parts of refusals that say how to go on.
WAYS_ON = ("Choose “Edit for my company”", "Use those, or ask an administrator")


@tagged("long")
class TestButtons(FindsScreens, BrowserCase):
    """Every button of every screen works, or says what is missing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load_demo()

    def list_screens(self, user):
        """Return the screens to open as a user: action, view and record."""
        screens = []
        for action_id, name in self.find_screens(user).items():
            action = self.env["ir.actions.act_window"].sudo().browse(action_id)
            if not action.exists():
                screens.append((name, False, False))
                continue
            if "active_id" in f"{action.domain}{action.context}":
                continue  # shows rows of one record, whose button opens it
            for _view, mode in action.views:
                record = self.find_record(action, user) if mode == "form" else False
                if mode == "form" and not record and action.view_mode != "form":
                    continue
                screens.append((name, mode, record))
        return screens

    def find_record(self, action, user):
        """Return the id of the first record that a user finds in a screen, if any."""
        if action.view_mode == "form":
            return False
        records = self.env[action.res_model].with_user(user)
        context = {"uid": user.id, "allowed_company_ids": user.company_ids.ids}
        domain = safe_eval(action.domain or "[]", context)
        return records.search(domain, limit=1).id

    def press_all(self, login, modes=None):
        """Open a user's screens and press their buttons; return what goes wrong.

        :param modes: kinds of views, by default all
        """
        user = self.env["res.users"].search([("login", "=", login)])
        screens = [it for it in self.list_screens(user) if not modes or it[1] in modes]
        wrong, pressed = [], set()

        def check(page, said, *where):
            error = said.get("error")
            is_told = error and any(way in error for way in WAYS_ON)
            if error and not error.startswith(TELLS) and not is_told:
                wrong.append((*where, error))
            wrong.extend((*where, line) for line in page.said)
            page.said.clear()

        def press(page):
            page.wait_for(".o_action")
            for name, mode, record in screens:
                where = (name, mode)
                page.wait_for(".o_action_manager > *")
                opened = page.call("open", f"{MODULE}.{name}", mode, record)
                check(page, opened, *where)
                is_left = False
                for button in opened["buttons"]:
                    if {button, *button.split(":", 1)} & LEFT_OUT.keys():
                        continue
                    if is_left:
                        page.call("open", f"{MODULE}.{name}", mode, record)
                    said = page.call("press", button)
                    check(page, said, *where, button)
                    is_left = said.get("moved") or said.get("dialog")
                    if not said.get("gone"):
                        pressed.add((*where, button))
                page.call("closeDialogs")

        self.browse(f"/odoo/action-{MODULE}.sms_consent_action", press, login=login)
        return wrong, pressed

    def test_a_manager_presses_every_button(self):
        wrong, pressed = self.press_all("manager")
        self.assertFalse(wrong, "\n".join(map(str, wrong)))
        self.assertGreater(len(pressed), 60)

    def test_an_agent_presses_every_button(self):
        # The lists' buttons are tested with the manager, too.
        wrong, pressed = self.press_all("agent", modes=("form", "kanban"))
        self.assertFalse(wrong, "\n".join(map(str, wrong)))
        self.assertGreater(len(pressed), 10)
