# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from pathlib import Path

from odoo.tests import BaseCase

ROOT = Path(__file__).resolve().parents[2]
#: Names in the first cell of a table's row.
NAMED = re.compile(r"`([a-z_]+)`")


class TestDocs(BaseCase):
    """The map of the rooms is right. Links are checked by ``bin/lint``."""

    def test_the_map_of_the_house_names_every_room_and_no_other(self):
        rows = (ROOT / "docs" / "architecture.md").read_text().splitlines()
        named = {}
        for row in rows:
            if row.startswith("| `"):
                room, _purpose, files = row.strip("| ").split(" | ")
                named[room.strip("`")] = NAMED.findall(files)
        rooms = [path.parent.name for path in ROOT.glob("models/*/__init__.py")]
        self.assertEqual(sorted(named), sorted(rooms))
        for room, files in named.items():
            for name in files:
                with self.subTest(room=room, file=name):
                    self.assertTrue((ROOT / "models" / room / f"{name}.py").exists())

    def test_the_map_of_the_house_names_files_and_methods_that_exist(self):
        rows = (ROOT / "docs" / "architecture.md").read_text().splitlines()
        steps = [row.split("|")[2:4] for row in rows if row.count("|") == 4]
        checked = 0
        for files, methods in steps:
            paths = re.findall(r"`([a-z_/]+\.py)`", files)
            code = "".join((ROOT / path).read_text() for path in paths)
            for name in re.findall(r"`(\w+)`", methods) if paths else ():
                with self.subTest(files=files, method=name):
                    self.assertIn(f"def {name}(", code)
                    checked += 1
        self.assertGreater(checked, 30)

    def test_the_lives_of_texts_name_methods_that_exist(self):
        page = (ROOT / "docs" / "architecture.md").read_text()
        folders = ("models", "tools", "controllers", "providers")
        code = "".join(
            path.read_text()
            for folder in folders
            for path in (ROOT / folder).rglob("*.py")
        )
        for name in sorted({*re.findall(r"\b(\w+)\(\)", page)} - {"super"}):
            with self.subTest(method=name):
                self.assertIn(f"def {name}(", code)
