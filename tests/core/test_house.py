# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
from pathlib import Path

from odoo.tests import BaseCase

from ... import tests

TESTS = Path(__file__).resolve().parents[1]


def read_imports(path):
    """Yield the full names of what a test file imports from the tests."""
    package = path.relative_to(TESTS).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(package) + 1:
            base = package[: len(package) + 1 - node.level]
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield from (".".join((*module, alias.name)) for alias in node.names)


class TestTests(BaseCase):
    """Each test module lies in its room, and does not import other test modules."""

    def test_no_module_lies_outside_of_a_room(self):
        self.assertEqual(list(TESTS.glob("test_*.py")), [])

    def test_no_test_module_imports_another(self):
        for path in TESTS.rglob("*.py"):
            if path.parent == TESTS and path.name == "__init__.py":
                continue
            with self.subTest(path=str(path.relative_to(TESTS))):
                imported = [
                    name
                    for name in read_imports(path)
                    if any(part.startswith("test_") for part in name.split("."))
                ]
                self.assertEqual(imported, [])

    def test_commands_that_drive_a_server_find_its_launcher(self):
        for name in ("bench", "test"):
            command = (TESTS.parent / "bin" / name).read_text()
            self.assertIn("PYTHONPATH=$ROOT/bin/lib", command)

    def test_odoo_collects_every_module(self):
        collected = sorted(
            vars(tests)[name].__name__.removeprefix(f"{tests.__name__}.")
            for name in vars(tests)
            if name.startswith("test_")
        )
        files = sorted(
            f"{path.parent.name}.{path.stem}" for path in TESTS.glob("*/test_*.py")
        )
        self.assertEqual(collected, files)
