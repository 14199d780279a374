# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Loads and runs the tests of plain rules (``tests/tools/``) without a database.

Odoo imports an addon as a whole, models included, and pytest-odoo loads a registry
first. Here the packages of the addon and of its tests are empty, so that what a test
imports by its own name is all that is loaded.
"""

import contextlib
import importlib
import os
import sys
import unittest
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "odoo.addons.helpdesk_mgmt_sms"
#: The checkout under the addon's name, which some rules look for in paths.
ADDON = ROOT / ".dev/addons/helpdesk_mgmt_sms"
#: What is measured by these tests.
FOLDERS = ("tools", "providers")


def prepare(max_examples=100):
    """Make the addon's plain parts importable, and Odoo's test cases run by unittest.

    :param int max_examples: how many examples a property is tried with, the same each
        time: what is measured must not depend on chance
    """
    for name, folder in ((PACKAGE, ADDON), (f"{PACKAGE}.tests", ADDON / "tests")):
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(folder)]
    import pytest_odoo
    from hypothesis import HealthCheck, settings

    # Odoo's cases run a test again that fails, and need Odoo's own result.
    pytest_odoo.support_subtest()
    pytest_odoo.disable_odoo_test_retry()
    settings.register_profile(
        "plain",
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=max_examples,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("plain")


def load_tests(left_out=()):
    """Return all tests of the tools but those of some files."""
    loader = unittest.TestLoader()
    tests = []
    for path in sorted((ROOT / "tests/tools").glob("test_*.py")):
        if path.stem in left_out:
            continue
        module = importlib.import_module(f"{PACKAGE}.tests.tools.{path.stem}")
        tests += _flatten(loader.loadTestsFromModule(module))
    return tests


def import_measured(folders=FOLDERS):
    """Return each module of some folders, by its path below the checkout."""
    return {
        f"{folder}/{path.name}": importlib.import_module(
            f"{PACKAGE}.{folder}" + f".{path.stem}".replace(".__init__", "")
        )
        for folder in folders
        for path in sorted((ROOT / folder).glob("*.py"))
    }


def run(tests, result):
    """Run tests with their classes' fixtures."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        unittest.TestSuite(tests).run(result)
    return result


def _flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flatten(test)
        else:
            yield test
