# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Helpers of the set-up's tests: which screens users reach, what must be said."""

import re

from lxml import etree

from ..browser import MODULE, ROOT

DASHBOARD = ROOT / "static" / "src" / "analytics" / "dashboard.xml"
#: Links of the dashboard, which has no view: paths of actions.
LINK = re.compile(r'href="/odoo/(sms-[a-z-]+)"')
#: Required before texts go to real phones.
SAID = {
    "phone": "+1 303-555-0190",
    "sms_privacy_url": "https://www.example.com/privacy",
    "sms_terms_url": "https://www.example.com/terms",
}


class FindsScreens:
    """Mixin for test cases that follows menus and buttons from screen to screen."""

    def load_menus(self, user):
        """Return the menus visible to a user, by id."""
        return self.env["ir.ui.menu"].with_user(user).load_menus(False)

    def find_screens(self, user):
        """Return our actions that a user reaches without a record.

        :return: ``{id: name}``, with the names as XML ids without the module
        """
        actions = self.env["ir.actions.act_window"].sudo()
        names = {
            row.res_id: row.name
            for row in self.env["ir.model.data"].search(
                [
                    ("module", "=", MODULE),
                    ("model", "=like", "ir.actions.%"),
                    # A guided tour is not a screen.
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
        """Return the ids of the actions behind a screen's buttons."""
        views = self.env[action.res_model].with_user(user).get_views(action.views)
        return [
            int(button.get("name"))
            for view in views["views"].values()
            for button in etree.fromstring(view["arch"]).iter("button")
            if button.get("type") == "action" and button.get("name", "").isdigit()
        ]
