# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
import re
from datetime import datetime
from pathlib import Path

from odoo.sql_db import db_connect
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name

from ... import tests
from ..clock import freeze_time

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


#: What stops Python's clock, and what SQL calls its own, as in CONTRIBUTING.md.
STOPPED = re.compile(r"^(?:from|import) .*(?:freezegun|tests.*freeze_time)", re.M)
SQL_CLOCK = re.compile(
    r"(?:^|[^.a-z_])now\(\)|CURRENT_(?:TIMESTAMP|DATE)|clock_timestamp", re.M
)


class TestClocks(BaseCase):
    """No test compares a stopped clock with one that goes on (``tests/clock.py``)."""

    def test_the_clock_is_stopped_in_one_place(self):
        found = [it for it in TESTS.rglob("*.py") if STOPPED.search(it.read_text())]
        self.assertEqual(found, [TESTS / "clock.py"])

    def test_no_sql_beside_it_has_its_own(self):
        for path in {*TESTS.glob("*/*.py")} - {Path(__file__).resolve()}:
            text = path.read_text()
            if "clock import freeze_time" in text or "self.frozen" in text:
                with self.subTest(path=str(path.relative_to(TESTS))):
                    self.assertIsNone(SQL_CLOCK.search(text))

    def test_records_say_the_time_at_which_it_stands(self):
        moment = datetime(2031, 5, 6, 7)
        cursor = db_connect(get_db_name()).cursor()
        self.addCleanup(cursor.close)
        with freeze_time(moment):
            self.assertEqual(cursor.now(), moment)
            self.assertEqual(datetime.now(), moment)
        self.assertNotEqual(cursor.now(), moment)
