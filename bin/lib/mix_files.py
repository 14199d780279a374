"""A pytest plugin: spread the tests of live servers over the run of parallel workers.

Files that drive a server take longest and mostly wait: one worker waits while another
computes. They run early, so that at the end no worker is left alone with one of them.
"""

import itertools

import pytest

#: Number of other files after each one that drives a server.
BETWEEN = 5


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Spread the files that have a test against a live server."""
    live = {item.path for item in items if "live" in getattr(item.cls, "test_tags", ())}
    files = dict.fromkeys(item.path for item in items)
    rest = iter([path for path in files if path not in live])
    order = []
    for path in filter(live.__contains__, files):
        order += [path, *itertools.islice(rest, BETWEEN)]
    places = {path: place for place, path in enumerate([*order, *rest])}
    items.sort(key=lambda item: places[item.path])
