# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Actions that our screens open have all keys that the web client needs.

Odoo completes the action that a view's button returns, but not one that a screen gets
by its own RPC call: without ``views`` the client crashes.
"""

import ast
import re
from pathlib import Path

from odoo.tests import BaseCase

ROOT = Path(__file__).parents[2]
_CALL = re.compile(r"\.call\(\s*[^,()]+,\s*\"(\w+)\"")


def find_called_methods():
    """Return the methods called in those of our JS files that open actions."""
    names = set()
    for path in (ROOT / "static/src").rglob("*.js"):
        source = path.read_text()
        if "doAction(" in source:
            names |= set(_CALL.findall(source))
    return names


def read_functions():
    """Return all functions of the addon's Python by name."""
    found = {}
    for folder in ("models", "wizard", "report"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    found.setdefault(node.name, []).append(node)
    return found


def find_actions(node):
    """Yield each literal window action, as a dict of its constant keys and values."""
    for item in ast.walk(node):
        if isinstance(item, ast.Dict):
            pairs = zip(item.keys, item.values, strict=True)
            entries = {
                key.value: getattr(value, "value", None)
                for key, value in pairs
                if isinstance(key, ast.Constant)
            }
            if entries.get("type") == "ir.actions.act_window":
                yield entries


def find_incomplete():
    """Return the functions behind our screens whose actions lack ``views``."""
    functions = read_functions()
    todo, seen, incomplete = find_called_methods(), set(), set()
    while todo:
        name = todo.pop()
        seen.add(name)
        for node in functions.get(name, ()):
            if any("views" not in it for it in find_actions(node)):
                incomplete.add(name)
            todo |= {
                item.func.attr
                for item in ast.walk(node)
                if isinstance(item, ast.Call)
                and isinstance(item.func, ast.Attribute)
                and re.match(r"_?(get|take|action|prepare|open)_", item.func.attr)
            } - seen
    return incomplete


class TestScreenActions(BaseCase):
    """Actions that screens open have views."""

    def test_the_methods_are_found(self):
        found = find_called_methods()
        self.assertIn("action_change_time", found)
        self.assertIn("action_record_sms_consent", found)

    def test_all_have_views(self):
        self.assertFalse(find_incomplete())
