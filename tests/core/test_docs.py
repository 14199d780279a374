# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from pathlib import Path

from odoo.tests import BaseCase

ROOT = Path(__file__).resolve().parents[2]
#: A file of tests, and the names that follow it in a cell.
CITED = re.compile(r"`(\w+/test_\w+\.py)`: ((?:`test_\w+`(?:, )?)+)")
#: The names in the first cell of a row.
NAMED = re.compile(r"`([a-z_]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


class TestDocs(BaseCase):
    """What the pages point at is there."""

    def test_the_tests_that_the_threat_model_names_exist(self):
        page = (ROOT / "docs" / "threat-model.md").read_text()
        cited = [
            (file, name)
            for file, names in CITED.findall(page)
            for name in re.findall(r"test_\w+", names)
        ]
        self.assertGreater(len(cited), 50)
        for file, name in cited:
            with self.subTest(test=name):
                self.assertIn(f"def {name}(", (ROOT / "tests" / file).read_text())

    def test_every_link_leads_to_a_file(self):
        for page in [*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/*.md")]:
            for target in LINK.findall(page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())

    def test_the_map_of_the_house_names_every_room_and_no_other(self):
        rows = (ROOT / "docs" / "architecture.md").read_text().splitlines()
        named = [NAMED.findall(row)[0] for row in rows if row.startswith("| `")]
        rooms = [path.parent.name for path in ROOT.glob("models/*/__init__.py")]
        self.assertEqual(sorted(named), sorted(rooms))

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
