# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check that ``docs/access.md`` matches the code.

``HELPDESK_SMS_WRITE_DOCS=1 bin/test tests/core/test_access_page.py`` rewrites it.
"""

import inspect
import os
from pathlib import Path

from lxml import etree

from odoo.exceptions import AccessError
from odoo.http import _generate_routing_rules

from ..common import SmsCase
from .common import MODULE, OPERATIONS, RIGHTS, USERS

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
WRITE_VARIABLE = "HELPDESK_SMS_WRITE_DOCS"
TITLES = {
    "own_agent": "own tickets",
    "team_agent": "team's tickets",
    "agent": "all tickets",
    "manager": "manager",
    "compliance_officer": "compliance",
    "employee": "employee",
    "portal_user": "portal",
    "public_user": "public",
    "administrator": "admin",
}
INTRODUCTION = """# Who may do what

Written by a test (`tests/core/test_access_page.py`) that asks Odoo as each of these
users, and fails when this page no longer says what the code does. *Own tickets*,
*team's tickets* and *all tickets* are the three kinds of helpdesk user, *admin* is an
administrator of the server who is a helpdesk manager too. Beside this, records follow
their company: nobody sees those of a company in which they do not work
(`TestCompanyRules` in `tests/core/test_access.py`).

## Records

r: read, w: write, c: create, d: delete, e: export, for those who may export at all
(Odoo's own group). A dot is a refusal.

{models}

## Phone numbers

*All of it*, the *last* two digits, or nothing. Where it is masked nobody searches,
groups or exports by it either.

{numbers}

## Buttons

Who is shown a button. What it does is checked again when it is called, also over RPC:
by the rights above, and by the tests of each screen.

{buttons}

## Addresses

{routes}
"""


class TestAccessPage(SmsCase):
    """The page of rights, generated from Odoo's answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            name: cls.env.ref("base.public_user")
            if name == "public_user"
            else getattr(cls, name)
            for name in USERS
        }
        export = cls.env.ref("base.group_allow_export")
        for name in set(USERS) - {"portal_user", "public_user"}:
            cls.users[name].group_ids += export

    def test_the_page_says_what_is(self):
        found = INTRODUCTION.format(
            models=self.draw(["Model", *TITLES.values()], self.list_models()),
            numbers=self.draw(["Model", *TITLES.values()], self.list_numbers()),
            buttons=self.draw(["Button", *TITLES.values()], self.list_buttons()),
            routes=self.draw(
                ["Address", "Methods", "Login", "What it is"], self.list_routes()
            ),
        )
        if os.environ.get(WRITE_VARIABLE):
            PAGE.write_text(found)
        self.maxDiff = None
        self.assertEqual(PAGE.read_text(), found, f"{WRITE_VARIABLE}=1 writes it anew.")

    @staticmethod
    def draw(titles, rows):
        """Return a Markdown table."""
        lines = [titles, ["---"] * len(titles), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def list_models(self):
        """Return who may do what with each model."""
        names = [row.split()[0] for row in RIGHTS.strip().splitlines()[1:]]
        letters = {"r": "r", "w": "w", "c": "c", "u": "d"}
        rows = []
        for name in sorted(names):
            row = [f"`{name}`"]
            for user in self.users.values():
                records = self.env[name].with_user(user)
                found = "".join(
                    letters[letter] if records.has_access(operation) else "."
                    for letter, operation in OPERATIONS.items()
                )
                row.append(f"`{found}{'e' if self.may_export(records) else '.'}`")
            rows.append(row)
        return rows

    def list_numbers(self):
        """Return who sees which numbers of people."""
        names = [row.split()[0] for row in RIGHTS.strip().splitlines()[1:]]
        rows = []
        for name in sorted(it for it in names if "number" in self.env[it]._fields):
            row = [f"`{name}`"]
            for user in self.users.values():
                records = self.env[name].with_user(user)
                field = records._fields["number"]
                if not records.has_access("read"):
                    row.append(".")
                elif records._has_field_access(field, "read"):
                    row.append("all")
                else:
                    row.append("last" if "shown_number" in records._fields else ".")
            rows.append(row)
        return rows

    @staticmethod
    def may_export(records):
        """Return whether a user may export these records."""
        may = records.env.user.has_group("base.group_allow_export")
        return may and records.has_access("read")

    def list_buttons(self):
        """Return who sees each button of our views, and of views that we extend."""
        views = self.env["ir.ui.view"].search(
            [("type", "in", ("form", "list", "kanban")), ("model", "!=", False)]
        )
        rows, seen = {}, {}
        ours = views.filtered(lambda view: view.xml_id.startswith(f"{MODULE}."))
        for view in ours.sorted(lambda view: (view.model, view.type, view.id)):
            root = view
            while root.mode != "primary":
                root = root.inherit_id
            own = {button[1] for button in self.read_buttons(view.arch)}
            for name, user in self.users.items():
                if (root, name) not in seen:
                    seen[root, name] = self.find_buttons(root, user)
                for button in seen[root, name]:
                    if button[1] in own:
                        rows.setdefault((view.model, *button), set()).add(name)
        return [
            [f"`{model}` {label}", *("x" if name in who else "." for name in USERS)]
            for (model, label, _method), who in sorted(rows.items())
        ]

    def find_buttons(self, view, user):
        """Return the buttons that a user sees in a view: (label, method)."""
        model = view.env[view.model].with_user(user)
        try:
            model.check_access("read")
            return self.read_buttons(model.get_view(view.id, view.type)["arch"])
        except AccessError:
            return set()

    def read_buttons(self, arch):
        """Return the buttons of an arch that do something: (label, name)."""
        return {
            (self.get_label(node), node.get("name"))
            for node in etree.fromstring(arch).iter("button")
            if node.get("type") in ("object", "action")
        }

    def get_label(self, node):
        """Return a button's label, else the name of its method or action."""
        name = node.get("name")
        if name.isdigit():
            name = self.env["ir.actions.actions"].browse(int(name)).name
        return node.get("string") or node.get("title") or name

    def list_routes(self):
        """Return the routes of our controllers."""
        rows = {}
        modules = sorted(self.env.registry._init_modules)
        for path, endpoint in _generate_routing_rules(modules, nodb_only=False):
            function = inspect.unwrap(endpoint.func)
            if not function.__module__.startswith(f"odoo.addons.{MODULE}."):
                continue
            routing = endpoint.routing
            says = (inspect.getdoc(function) or "").partition("\n")[0]
            methods = ", ".join(sorted(routing.get("methods") or ("any",)))
            login = {"none": "none", "public": "none", "user": "yes"}[routing["auth"]]
            rows[path] = [f"`{path}`", methods, login, says]
        return [rows[path] for path in sorted(rows)]
