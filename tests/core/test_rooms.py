# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rooms under ``models/`` use only rooms below them (docs/architecture.md)."""

import ast
import collections
from pathlib import Path

from odoo.orm.models import MetaModel
from odoo.tests import BaseCase

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
MODULE = "helpdesk_mgmt_sms"

#: Rooms, lowest first, with the rooms that each may use, and so may use indirectly.
ARROWS = {
    "core": (),
    "ledger": ("core",),
    "message": ("ledger",),
    "dispatch": ("message",),
    "inbound": ("dispatch",),
    "consent": ("inbound",),
    "desk": ("consent",),
    "automation": ("desk",),
    "appointment": ("automation",),
    "broadcast": ("desk",),
    "team_alert": ("automation",),
    "privacy": ("appointment", "broadcast", "team_alert", "analytics", "setup"),
    "analytics": ("appointment", "broadcast", "team_alert", "privacy", "setup"),
    "setup": ("appointment", "broadcast", "team_alert", "privacy", "analytics"),
}


def find_allowed(room):
    """Return the rooms that a room may use, including itself."""
    allowed, waiting = set(), [room]
    while waiting:
        found = waiting.pop()
        if found not in allowed:
            allowed.add(found)
            waiting += ARROWS[found]
    return allowed


def read_name(node, attribute):
    """Return the ``_name`` or ``_inherit`` of a class, as a list."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == attribute
            for target in statement.targets
        ):
            value = ast.literal_eval(statement.value)
            return [value] if isinstance(value, str) else list(value)
    return []


def is_ours(name):
    """Return whether a method is only ours: private, and in no class of another app."""
    others = (
        definition
        for module, definitions in MetaModel._module_to_models__.items()
        if module != MODULE
        for definition in definitions
    )
    return name.startswith("_") and not any(name in vars(other) for other in others)


def read_model(node):
    """Return the model of an expression like ``self.env["x"].sudo()``, or None."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    is_lookup = isinstance(node, ast.Subscript) and (
        getattr(node.value, "attr", getattr(node.value, "id", "")) == "env"
    )
    if is_lookup and isinstance(node.slice, ast.Constant):
        return node.slice.value
    return None


class TestHouse(BaseCase):
    """Compare every use between rooms in the code with the table."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trees = {
            path: ast.parse(path.read_text())
            for path in sorted(MODELS.rglob("*.py"))
            if path.parent != MODELS
        }
        cls.homes = {}
        cls.methods = collections.defaultdict(set)
        for path, tree in cls.trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    cls._note_class(path.parent.name, node)

    @classmethod
    def _note_class(cls, room, node):
        name, parents = read_name(node, "_name"), read_name(node, "_inherit")
        model = (name or parents or [None])[0]
        if name and model not in parents:
            cls.homes[model] = room
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and is_ours(statement.name):
                cls.methods[statement.name].add(room)

    def read_uses(self, tree):
        """Yield ``(line, what, rooms that define it)`` of all that a file uses."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                names = [it.name for it in node.names]
                for module in [node.module] if node.module else names:
                    yield node.lineno, f"import of {module}", {module.split(".")[0]}
            elif isinstance(node, ast.Subscript) and read_model(node) in self.homes:
                model = read_model(node)
                yield node.lineno, f'env["{model}"]', {self.homes[model]}
            elif isinstance(node, ast.Attribute) and node.attr in self.methods:
                yield node.lineno, f".{node.attr}", self.methods[node.attr]

    def test_no_file_lies_outside_a_room(self):
        self.assertEqual([it.name for it in MODELS.glob("*.py")], ["__init__.py"])
        rooms = {path.parent.name for path in self.trees}
        self.assertEqual(rooms, set(ARROWS))

    def test_rooms_use_only_what_lies_below(self):
        offenders = []
        for path, tree in self.trees.items():
            allowed = find_allowed(path.parent.name)
            offenders += [
                f"{path.relative_to(ROOT)}:{line}: {what} of {' and '.join(rooms)}"
                for line, what, rooms in self.read_uses(tree)
                if not rooms & allowed
            ]
        self.assertEqual(offenders, [])

    def test_rooms_are_imported_in_a_legal_order(self):
        tree = ast.parse((MODELS / "__init__.py").read_text())
        names = [
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        self.assertEqual(names, list(ARROWS))

    def test_a_room_says_what_it_is_for(self):
        for room in ARROWS:
            words = ast.get_docstring(
                ast.parse((MODELS / room / "__init__.py").read_text())
            )
            self.assertIn("Offers", words, room)
            self.assertRegex(words, "May use|Uses only", room)
