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
        for page in [ROOT / "README.md", *ROOT.glob("[a-z]*/*.md")]:
            for target in LINK.findall(page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())

    def test_the_map_of_the_models_names_every_file_and_no_other(self):
        room = ROOT / "models"
        files = {path.stem for path in room.glob("*.py")} - {"__init__"}
        rows = (room / "README.md").read_text().splitlines()
        named = {
            name
            for row in rows
            if row.startswith("| `")
            for name in NAMED.findall(row.split("|")[1])
        }
        self.assertEqual(
            sorted(file for file in files if not file.startswith(tuple(named))), []
        )
        self.assertEqual(
            sorted(
                name
                for name in named
                if not any(file.startswith(name) for file in files)
            ),
            [],
        )
