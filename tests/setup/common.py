# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of the set-up share: who finds which screens, and what is said."""

import re

from lxml import etree

from ..browser import MODULE, ROOT

DASHBOARD = ROOT / "static" / "src" / "analytics" / "dashboard.xml"
#: Links of the dashboard, which is no view: paths of actions.
LINK = re.compile(r'href="/odoo/(sms-[a-z-]+)"')
#: What people must be told before texts go to real phones.
SAID = {
    "phone": "+1 303-555-0190",
    "sms_privacy_url": "https://www.example.com/privacy",
    "sms_terms_url": "https://www.example.com/terms",
}


class FindsScreens:
    """For a test case: walks from menu to menu, by the buttons of the screens."""

    def load_menus(self, user):
        """Return the menus that a user sees, by id."""
        return self.env["ir.ui.menu"].with_user(user).load_menus(False)

    def find_screens(self, user):
        """Return the names of our actions that a user gets to without a record.

        :return: ``{id: name}``, the names without the module
        """
        actions = self.env["ir.actions.act_window"].sudo()
        names = {
            row.res_id: row.name
            for row in self.env["ir.model.data"].search(
                [
                    ("module", "=", MODULE),
                    ("model", "=like", "ir.actions.%"),
                    # A guided tour is no screen.
                    ("name", "not like", "sms_guide_"),
                ]
            )
        }
        by_path = {action.path: action.id for action in actions.search([])}
        linked = {by_path[path] for path in LINK.findall(DASHBOARD.read_text())}
        todo = [menu.get("action_id") for menu in self.load_menus(user).values()]
        done = {}
        while todo:
            action = actions.browse(todo.pop(0) or 0)
            if action.id in done or action.id not in names:
                continue
            done[action.id] = names[action.id]
            if names[action.id] == "sms_dashboard_action":
                todo.extend(linked)
            elif action.exists():
                todo.extend(self._find_links(action, user))
        return done

    def _find_links(self, action, user):
        """Return the ids of the actions that buttons of a screen open."""
        views = self.env[action.res_model].with_user(user).get_views(action.views)
        return [
            int(button.get("name"))
            for view in views["views"].values()
            for button in etree.fromstring(view["arch"]).iter("button")
            if button.get("type") == "action" and button.get("name", "").isdigit()
        ]
