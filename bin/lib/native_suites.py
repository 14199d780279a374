"""pytest plugin: compare the failures of Odoo's own suites with a list of exceptions.

A line of the list is a test in the syntax of Odoo's ``--test-tags``, then its reason::

    /sms_twilio/tests/test_x.py:TestX.test_y  # why it cannot pass with the addon

A listed test must fail: when it passes, or does not exist, the list is out of date and
the run fails.
"""

from pathlib import Path

import pytest

SEPARATOR = "  # "


def pytest_addoption(parser):
    """Add the option for the list of exceptions."""
    parser.addoption("--native-exceptions", type=Path, help="the list of exceptions")


def read_exceptions(path):
    """Return ``{tag: reason}``."""
    exceptions = {}
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        tag, _separator, reason = line.partition(SEPARATOR)
        if not reason.strip():
            raise pytest.UsageError(f"{path}: no reason is given for {tag}")
        exceptions[tag.strip()] = reason.strip()
    return exceptions


def get_tag(item):
    """Return a test's name in the syntax of ``--test-tags``."""
    module = item.module.__name__.removeprefix("odoo.addons.").replace(".", "/")
    return f"/{module}.py:{item.cls.__name__}.{item.name}"


def is_own(item):
    """Return whether Odoo's own loader would run a test too.

    It takes neither classes that a module merely imports nor inherited tests.
    """
    if item.cls.__module__ != item.module.__name__:
        return False
    allowed = getattr(item.cls, "allow_inherited_tests_method", False)
    return allowed or item.originalname in item.cls.__dict__


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Drop collected tests that Odoo's own loader would not run."""
    report = yield
    report.result = [
        node
        for node in report.result
        if not isinstance(node, pytest.Function) or is_own(node)
    ]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark the listed tests as expected failures; refuse entries without a test."""
    exceptions = read_exceptions(config.getoption("--native-exceptions"))
    for item in items:
        if reason := exceptions.pop(get_tag(item), None):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    # This runs before -k deselects tests, so all of them are still here.
    if exceptions:
        raise pytest.UsageError(
            "listed as exceptions, but there is no such test: " + ", ".join(exceptions)
        )


def pytest_terminal_summary(terminalreporter):
    """Print the result in one line."""
    stats = terminalreporter.stats
    ran = [stats.get(key, []) for key in ("passed", "failed", "xfailed")]
    passed, failed, excepted = map(len, ran)
    errors = len(stats.get("error", []))
    terminalreporter.section("Odoo's own suites with the addon")
    terminalreporter.line(
        f"{passed + failed + excepted} tests run: {passed} passed, "
        f"{excepted} failed as listed, {failed} failed otherwise, {errors} errors"
    )
