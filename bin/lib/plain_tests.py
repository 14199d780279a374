# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Load and run the tests of plain rules (``tests/tools/``) without a database.

Odoo imports an addon as a whole, models included, and pytest-odoo loads a registry
first. Here the packages of the addon and of its tests are empty modules, so that only
what a test imports by name is loaded.
"""

import ast
import contextlib
import importlib
import os
import re
import sys
import unittest
from functools import cache
from itertools import chain
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "odoo.addons.helpdesk_mgmt_sms"
#: The checkout under the addon's name, which several rules look for in paths.
ADDON = ROOT / ".dev/addons/helpdesk_mgmt_sms"
#: The folders that these tests cover.
FOLDERS = ("tools", "providers")


#: Names that show that a test uses an adapter.
ADAPTERS = re.compile(r"\.\.\.providers|make_twilio|make_telnyx")
#: Number of examples for each property test.
EXAMPLES = 25


def prepare():
    """Make the addon's plain parts importable, and let unittest run Odoo's test cases.

    Property tests get the same examples each time: the measurement must not vary.
    """
    for name, folder in ((PACKAGE, ADDON), (f"{PACKAGE}.tests", ADDON / "tests")):
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(folder)]
    import pytest_odoo
    from hypothesis import HealthCheck, settings

    # Odoo's test cases rerun a failed test, and need Odoo's own result class.
    pytest_odoo.support_subtest()
    pytest_odoo.disable_odoo_test_retry()
    settings.register_profile(
        "plain",
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("plain")


def load_tests(names=None):
    """Return the tests of the tools.

    :param names: names of test files; None for all
    """
    loader = unittest.TestLoader()
    tests = []
    for name in get_test_files() if names is None else sorted(names):
        module = importlib.import_module(f"{PACKAGE}.tests.tools.{name}")
        # A module's suite has one for each class.
        tests += chain.from_iterable(loader.loadTestsFromModule(module))
    return tests


def get_test_files():
    """Return the names of all test files of the tools."""
    return sorted(path.stem for path in (ROOT / "tests/tools").glob("test_*.py"))


def find_test_files(path):
    """Return the names of the test files that import a measured file.

    A file that no test imports is covered by the tests of the files that import it, and
    so on. An adapter is covered by all tests that use any adapter: most of them get it
    from ``tests/tools/common.py``.
    """
    if path.startswith("providers/"):
        return set(filter(_uses_adapters, get_test_files()))
    tests = {it: _read_imports(f"tests/tools/{it}.py") for it in get_test_files()}
    imports = {file: _read_imports(file) for file in get_measured_files()}
    wanted, seen = {path}, set()
    while wanted - seen:
        if found := {it for it, imported in tests.items() if imported & wanted}:
            return found
        seen |= wanted
        wanted = {it for it, imported in imports.items() if imported & wanted}
    return set()


def _uses_adapters(name):
    return bool(ADAPTERS.search((ROOT / f"tests/tools/{name}.py").read_text()))


@cache
def _read_imports(path):
    """Return the paths of the measured files that a file imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")
            base = module[:1] if module[0] in FOLDERS else path.split("/")[:1]
            names = [*module[-1:], *(it.name for it in node.names)]
            found.update(f"{base[0]}/{name}.py" for name in names)
            found.add(f"{base[0]}/__init__.py")
    return {it for it in found if (ROOT / it).exists()}


def get_measured_files():
    """Return the paths of all measured files, relative to the checkout."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def import_measured():
    """Return each measured module, by its path."""
    modules = {}
    for path in get_measured_files():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        modules[path] = importlib.import_module(f"{PACKAGE}.{name}")
    return modules


def run(tests, result):
    """Run tests with their classes' fixtures."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        unittest.TestSuite(tests).run(result)
    return result
