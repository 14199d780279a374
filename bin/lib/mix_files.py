"""A pytest plugin: choose what parallel workers run, and in which order.

Tests that are tagged ``long`` run only with ``--long``; those that need a server or a
browser do not with ``--plain``. Files that drive a server take longest and mostly wait:
one worker waits while another computes. They run early, the longest of all first, so
that at the end no worker is left alone with one of them.
"""

import itertools

import freezegun
import pytest

from odoo.tests import HttpCase

#: Number of other files after each one that drives a server.
BETWEEN = 5
#: Names of the files that take longest, the longest first.
LONGEST = (
    "test_upgrade_others.py",
    "test_upgrade.py",
    "test_soak.py",
    "test_outbox_kill.py",
    "test_appointments_month.py",
)
# Tests stop the clock, but not the one that measures how long they take.
freezegun.configure(extend_ignore_list=["_pytest.timing"])


def get_tags(item):
    """Return the Odoo tags of a test's class."""
    return getattr(item.cls, "test_tags", ())


def needs_server(item):
    """Return whether a test answers requests, or drives a server of its own."""
    is_served = issubclass(item.cls or object, HttpCase)
    return is_served or "live" in get_tags(item)


def pytest_addoption(parser):
    """Add ``--long`` and ``--plain``."""
    parser.addoption("--long", action="store_true", help="run those tagged long too")
    parser.addoption("--plain", action="store_true", help="none that needs a server")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leave out what was not asked for, and spread the files that drive a server."""
    out = set()
    if not config.getoption("--long"):
        out.update(item for item in items if "long" in get_tags(item))
    if config.getoption("--plain"):
        out.update(item for item in items if needs_server(item))
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
    live = {item.path for item in items if "live" in get_tags(item)}
    files = dict.fromkeys(item.path for item in items)
    rest = iter([path for path in files if path not in live])
    longest = [path for name in LONGEST for path in files if path.name == name]
    order = longest
    for path in filter(live.__contains__, files):
        order += [path, *itertools.islice(rest, BETWEEN)]
    places = {path: place for place, path in enumerate(dict.fromkeys([*order, *rest]))}
    items.sort(key=lambda item: places[item.path])
