"""A pytest plugin: what drives a server is begun first, when workers share the files.

It takes longest and has the fewest tests, so that pytest-xdist would begin it last, and
one worker would still be at it when the other has nothing left to do.
"""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the files first that have a test against a live server."""
    live = {item.path for item in items if "live" in getattr(item.cls, "test_tags", ())}
    items.sort(key=lambda item: item.path not in live)
