"""A pytest plugin: workers side by side do not drive servers all at the same time.

Files that drive a server take longest and mostly wait: one worker waits while another
computes. They are over before the end, or one worker would still be at it when the
others have nothing left to do.
"""

import itertools

import pytest

#: Files of the rest after each one that drives a server.
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
