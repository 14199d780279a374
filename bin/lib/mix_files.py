"""A pytest plugin: spread the tests of live servers over the run of parallel workers.

Files that drive a server take longest and mostly wait: one worker waits while another
computes. They run early, the longest of all first, so that at the end no worker is left
alone with one of them.
"""

import itertools

import pytest

#: Number of other files after each one that drives a server.
BETWEEN = 5
#: Names of the files that take longest, the longest first.
LONGEST = (
    "test_upgrade_others.py",
    "test_upgrade.py",
    "test_outbox_kill.py",
    "test_appointments_month.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Spread the files that have a test against a live server."""
    live = {item.path for item in items if "live" in getattr(item.cls, "test_tags", ())}
    files = dict.fromkeys(item.path for item in items)
    rest = iter([path for path in files if path not in live])
    longest = [path for name in LONGEST for path in files if path.name == name]
    order = longest
    for path in filter(live.__contains__, files):
        order += [path, *itertools.islice(rest, BETWEEN)]
    places = {path: place for place, path in enumerate(dict.fromkeys([*order, *rest]))}
    items.sort(key=lambda item: places[item.path])
