# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, config

from ..live import DATABASE_VARIABLE
from .upgrade_rows import (
    MODULE,
    RENAMED,
    XML_IDS,
    Comparison,
    Snapshot,
    find_unlike_new,
)

#: The version that is upgraded: its sources are taken out of the history.
OLD_VERSION = "19.0.1.3.0"
#: Names the database that others are copied from: with what the addon depends on.
TEMPLATE_VARIABLE = "HELPDESK_SMS_TEMPLATE"
#: The addon's folder, wherever in it this file is.
ROOT = next(
    it for it in Path(__file__).resolve().parents if (it / "__manifest__.py").exists()
)

#: What people have edited of what ships: see ``upgrade_data.py``.
EDITED = {
    ("helpdesk_ticket_channel_sms", "name"),
    ("fault_too_fast", "advice"),
    ("ir_cron_sms_price", "active"),
    ("sms_automation_waiting", "active"),
    ("sms_automation_waiting", "name"),
    # Ships now; they had entered the word themselves.
    ("sms_keyword_ayuda", "answer"),
    ("sms_keyword_help", "answer"),
    ("sms_keyword_stop", "answer"),
    ("sms_purpose_ticket", "footer"),
    ("sms_purpose_ticket", "max_per_day"),
    ("sms_purpose_ticket", "name"),
    ("sms_quiet_hours_us", "active"),
    ("sms_quiet_hours_us_tx", "source"),
    ("sms_reply_help", "body"),
    ("sms_scope_rule_default", "source"),
    ("sms_team_alert_plan_default", "target_minutes"),
    ("sms_template_ticket_received", "body"),
}
#: What the upgrade warns of on purpose.
WARNINGS = (
    r"post-pages: Company \d+: sms_terms_url is 'https://www.example.com/terms' now",
    r"post-spoken-consents: 1 consents were only said",
)
#: Prints what the ledgers' own verification says, and writes each chain into a file.
VERIFY = """
checks = env["sms.consent.check"].sudo()
for company in env["res.company"].search([]):
    print("Ledger:", checks._verify(company).state)
    with open(f"{folder}/{company.id}.json", "w") as file:
        file.write(checks._export(company))
with open(f"{folder}/key", "w") as file:
    file.write(env["sms.consent.key"]._get())
"""


@tagged("post_install", "-at_install", "live")
class TestUpgrade(BaseCase):
    """A database of the version before, with data in each model, brought up to date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        template = os.environ.get(TEMPLATE_VARIABLE)
        assert template, f"{TEMPLATE_VARIABLE} is not set: run the tests by bin/test"
        cls.folder = tempfile.mkdtemp(prefix="upgrade-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.take_old_sources()
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        cls.database = f"{os.environ[DATABASE_VARIABLE]}-upgrade{worker}"
        cls.addClassCleanup(cls.drop_database)
        cls.copy_database(template)
        cls.run_odoo("server", "-i", MODULE, "--stop-after-init", is_old=True)
        script = Path(__file__).with_name("upgrade_data.py").read_text()
        script += "\nOldDatabase(env, env.cr.commit).fill()\n"
        cls.run_shell(script, is_old=True)
        cls.before = cls.read_database()
        cls.log = cls.update()
        cls.after = cls.read_database()
        cls.second_log = cls.update()
        cls.again = cls.read_database()
        cls.new = cls.read_database(get_db_name())

    # === The former version, and today's ===

    @classmethod
    def take_old_sources(cls):
        """Take the sources of the last commit of the former version.

        :raises unittest.SkipTest: where the history does not go back to it
        """
        archive = os.path.join(cls.folder, "old.tar")
        try:
            left = cls.git(
                *("log", "-1", "--format=%H", "-S", f'"{OLD_VERSION}"'),
                *("--", "__manifest__.py"),
            )
            cls.git("archive", "-o", archive, f"{left}^")
        except (OSError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"no history with {OLD_VERSION} here") from error
        sources = os.path.join(cls.folder, "addons", MODULE)
        shutil.unpack_archive(archive, sources, filter="data")

    @staticmethod
    def git(*arguments):
        """Return what git says in the addon's folder."""
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()

    @classmethod
    def run_odoo(cls, command, *arguments, is_old=False, **options):
        """Run a command of Odoo on the database, to the end; return what it says."""
        paths = config["addons_path"]
        if is_old:
            others = [it for it in paths if not os.path.exists(f"{it}/{MODULE}")]
            paths = [os.path.join(cls.folder, "addons"), *others]
        process = subprocess.run(
            [
                *(sys.executable, "-m", "odoo", command, "-c", config["config"]),
                *("-d", cls.database, "--no-http", "--addons-path", ",".join(paths)),
                *arguments,
            ],
            cwd=tempfile.gettempdir(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )
        assert not process.returncode, process.stdout[-5000:]
        return process.stdout

    @classmethod
    def run_shell(cls, script, **options):
        """Run a script in ``odoo shell``; return what it prints."""
        return cls.run_odoo("shell", "--log-level", "warn", input=script, **options)

    @classmethod
    def update(cls):
        """Update the addon to today's sources; return the log."""
        return cls.run_odoo("server", "-u", MODULE, "--stop-after-init")

    # === The database ===

    @classmethod
    def copy_database(cls, template):
        """Make the database as a copy of another one, files included."""
        names = map(SQL.identifier, (cls.database, template))
        cls.execute_outside(SQL("CREATE DATABASE %s TEMPLATE %s", *names))
        files = config.filestore(template)
        if os.path.exists(files):
            # They never change once written.
            shutil.copytree(
                files, config.filestore(cls.database), copy_function=os.link
            )

    @classmethod
    def drop_database(cls):
        """Drop the database with its files."""
        name = SQL.identifier(cls.database)
        cls.execute_outside(SQL("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
        shutil.rmtree(config.filestore(cls.database), ignore_errors=True)

    @staticmethod
    def execute_outside(query):
        """Execute what no transaction may be open for."""
        with closing(db_connect("postgres").cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute(query)

    @classmethod
    def read_database(cls, database=None):
        """Return what a database holds, default that which is upgraded."""
        with db_connect(database or cls.database).cursor() as cr:
            return Snapshot(cr)

    # === The tests ===

    def test_nothing_is_lost_and_nothing_else_changed(self):
        found = Comparison(self.before, self.after, self.new).find()
        self.assertFalse(found, "\n".join(["", *found]))

    def test_what_people_have_edited_stays(self):
        before, after = self.before.get_shipped(), self.after.get_shipped()
        for name, column in EDITED:
            if name in before:
                with self.subTest(name, column=column):
                    self.assertEqual(before[name][2][column], after[name][2][column])

    def test_all_else_that_ships_is_as_in_a_new_database(self):
        self.assertEqual(find_unlike_new(self.after, self.new), EDITED)

    def test_xml_ids_name_what_they_named(self):
        for name, (model, row_id, _noupdate) in self.before.ids.items():
            name = XML_IDS.get(name, name)
            if name in self.after.ids:
                self.assertEqual(self.after.ids[name][1], row_id, (name, model))
        self.assertEqual(
            {(name, *it[::2]) for name, it in self.after.ids.items()},
            {(name, *it[::2]) for name, it in self.new.ids.items()},
        )

    def test_tables_are_those_of_a_new_database(self):
        self.assertFalse(self.after.schema ^ self.new.schema)

    def test_the_upgrade_warns_of_what_it_should_and_nothing_else(self):
        warned = self.find_warnings(self.log)
        for pattern in WARNINGS:
            found = [line for line in warned if re.search(pattern, line)]
            self.assertEqual(len(found), 1, pattern)
            warned.remove(found[0])
        self.assertFalse(warned)

    def test_a_second_update_changes_nothing(self):
        self.assertFalse(self.find_warnings(self.second_log))
        for name in ("schema", "ids", "views", "fields", "relations", "rows"):
            with self.subTest(name):
                self.assertEqual(getattr(self.again, name), getattr(self.after, name))

    @staticmethod
    def find_warnings(log):
        """Return what a log warns of, by line."""
        return re.findall(r"(?m)^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) .*", log)

    def test_the_ledgers_are_intact(self):
        said = self.run_shell(f"folder = {self.folder!r}\n{VERIFY}")
        self.assertEqual(re.findall("Ledger: (.*)", said), ["intact"] * 2, said)
        chains = list(Path(self.folder).glob("*.json"))
        self.assertEqual(len(chains), 2)
        verifier = [sys.executable, ROOT / "bin" / "verify-ledger.py"]
        for chain in chains:
            arguments = ["--key", f"{self.folder}/key", chain]
            subprocess.run([*verifier, *arguments], check=True)


class FakeSnapshot:
    """A snapshot without a database, of one row that does not ship."""

    def __init__(self, row, **values):
        self.ids = {}
        self.fields = {"sms.area": {*row, "state_ids"}}
        self.rows = {"sms.area": {1: row}}
        self.relations = {("sms.area", "state_ids"): {(1, 7)}}
        vars(self).update(values)

    get_shipped = Snapshot.get_shipped


@tagged("post_install", "-at_install")
class TestComparison(BaseCase):
    """What is lost is found: else the test above would say nothing."""

    def compare(self, after, before=None):
        """Return what is found to differ."""
        before = before or FakeSnapshot({"name": "Denver"})
        return Comparison(before, after, FakeSnapshot({})).find()

    def test_a_value_and_a_field(self):
        self.assertEqual(self.compare(FakeSnapshot({"name": "Denver"})), [])
        self.assertEqual(
            self.compare(FakeSnapshot({"name": None})),
            ["sms.area 1: name was 'Denver' and is None"],
        )
        self.assertEqual(
            self.compare(FakeSnapshot({"title": "Denver"})),
            ["sms.area.name is lost", "sms.area 1: name was 'Denver' and is None"],
        )

    def test_a_row_a_model_and_a_relation(self):
        for lost in (
            {"rows": {"sms.area": {}}},
            {"rows": {}},
            {"relations": {}},
        ):
            found = self.compare(FakeSnapshot({"name": "Denver"}, **lost))
            self.assertEqual(len(found), 1, found)

    def test_what_has_another_name_is_not_lost(self):
        after = FakeSnapshot(
            {},
            fields={"sms.zone": {"title", "state_ids"}},
            rows={"sms.zone": {1: {"title": "Denver"}}},
            relations={("sms.zone", "state_ids"): {(1, 7)}},
        )
        names = {"sms.area": "sms.zone", ("sms.area", "name"): "title"}
        with patch.dict(RENAMED, names):
            self.assertEqual(self.compare(after), [])
            after.rows["sms.zone"][1]["title"] = "Boulder"
            self.assertEqual(len(self.compare(after)), 1)
