# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Upgrade a database of an older version that has data in each model."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from odoo.sql_db import db_connect
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name
from odoo.tools import SQL, config

from ..live import DATABASE_VARIABLE
from .upgrade_rows import MODULE, Snapshot

#: Environment variable with the database to copy: the addon's dependencies.
TEMPLATE_VARIABLE = "HELPDESK_SMS_TEMPLATE"
#: The addon's folder, from wherever this file is inside it.
ROOT = next(
    it for it in Path(__file__).resolve().parents if (it / "__manifest__.py").exists()
)
#: Prints the result of verifying each ledger, and exports each chain to a file.
VERIFY = """
checks = env["sms.consent.check"].sudo()
for company in env["res.company"].search([]):
    print("Ledger:", checks._verify(company).state)
    with open(f"{folder}/{company.id}.json", "w") as file:
        file.write(checks._export(company))
with open(f"{folder}/key", "w") as file:
    file.write(env["sms.consent.key"]._get())
"""


class UpgradeCase(BaseCase):
    """The database before the upgrade and after it."""

    #: Version to upgrade from; its sources are taken from the Git history.
    version = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = os.environ.get(TEMPLATE_VARIABLE)
        assert cls.template, f"{TEMPLATE_VARIABLE} is not set: run them by bin/test"
        cls.folder = tempfile.mkdtemp(prefix="upgrade-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.take_old_sources()
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        cls.database = f"{os.environ[DATABASE_VARIABLE]}-upgrade{worker}"
        cls.addClassCleanup(cls.drop_database)
        cls.copy_database(cls.template)
        cls.run_odoo("server", "-i", MODULE, "--stop-after-init", is_old=True)
        cls.run_shell_file(
            "upgrade_data.py", "OldDatabase(env, env.cr.commit).fill()", is_old=True
        )
        cls.before = cls.read_database()
        cls.log = cls.update()
        cls.after = cls.read_database()
        cls.new = cls.read_database(get_db_name())
        cls.said = cls.run_shell(f"folder = {cls.folder!r}\n{VERIFY}")

    # === The former version, and today's ===

    @classmethod
    def take_old_sources(cls):
        """Extract the sources of the last commit of the old version.

        :raises unittest.SkipTest: if the Git history does not reach back to it
        """
        archive = os.path.join(cls.folder, "old.tar")
        try:
            left = cls.git(
                *("log", "-1", "--format=%H", "-S", f'"{cls.version}"'),
                *("--", "__manifest__.py"),
            )
            cls.git("archive", "-o", archive, f"{left}^")
        except (OSError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"no history with {cls.version} here") from error
        sources = os.path.join(cls.folder, "addons", MODULE)
        shutil.unpack_archive(archive, sources, filter="data")

    @staticmethod
    def git(*arguments):
        """Run Git in the addon's folder; return its output."""
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()

    @classmethod
    def run_odoo(cls, command, *arguments, is_old=False, **options):
        """Run an Odoo command on the database to its end; return its output."""
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
        """Run a script in ``odoo shell``; return its output."""
        return cls.run_odoo("shell", "--log-level", "warn", input=script, **options)

    @classmethod
    def run_shell_file(cls, name, call, **options):
        """Run a call to what a file of this folder defines; return its output."""
        script = Path(__file__).with_name(name).read_text()
        return cls.run_shell(f"{script}\n{call}\n", **options)

    @classmethod
    def update(cls):
        """Update the addon to today's sources; return the log."""
        return cls.run_odoo("server", "-u", MODULE, "--stop-after-init")

    # === The database ===

    @classmethod
    def copy_database(cls, template):
        """Create the database as a copy of another one, with its filestore."""
        names = map(SQL.identifier, (cls.database, template))
        cls.execute_outside(SQL("CREATE DATABASE %s TEMPLATE %s", *names))
        files = config.filestore(template)
        if os.path.exists(files):
            # Files in a filestore never change.
            shutil.copytree(
                files, config.filestore(cls.database), copy_function=os.link
            )

    @classmethod
    def drop_database(cls):
        """Drop the database and its filestore."""
        name = SQL.identifier(cls.database)
        cls.execute_outside(SQL("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
        shutil.rmtree(config.filestore(cls.database), ignore_errors=True)

    @staticmethod
    def execute_outside(query):
        """Execute a statement that is not possible in a transaction."""
        with closing(db_connect("postgres").cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute(query)

    @classmethod
    def read_database(cls, database=None):
        """Return a snapshot of a database, by default the upgraded one."""
        with db_connect(database or cls.database).cursor() as cr:
            return Snapshot(cr)

    @staticmethod
    def find_warnings(log):
        """Return the lines of a log with warnings or errors."""
        return re.findall(r"(?m)^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) .*", log)
