# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin: browser tests share one browser and find the assets bundled.

Starting Chromium, bundling the web client and compiling it would take most of a tour's
time if each test did it anew.
"""

import os
import shutil
import time
from unittest import SkipTest

import freezegun.api
import psutil
import pytest
import turned_clock  # noqa: F401  # applied by the import
from live_server import is_fork_server

import odoo.tests.common
from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tests.common import ChromeBrowser, HttpCase, get_db_name

#: Methods that open a browser.
OPENERS = {"browser_js", "start_tour"}
#: Seconds within which a page must be left.
LEAVE_WITHIN = 10
#: Milliseconds by which the browser's clock may differ from that of this process.
SAME_CLOCK = 60_000
#: Script of each page if it differs by more. Parameter: milliseconds to add.
TURN_CLOCK = """
    globalThis.Date = class extends Date {
        constructor(...given) {
            if (given.length) super(...given);
            else super(Date.now());
        }
        static now() { return super.now() + %d; }
    };
"""
#: Asset bundles of the pages that the tests open.
BUNDLES = (
    "bus.websocket_worker_assets",
    "web.__assets_tests_call__",
    "web.assets_frontend",
    "web.assets_frontend_lazy",
    "web.assets_frontend_minimal",
    "web.assets_tests",
    "web.assets_web",
    "web.assets_web_print",
)


class SharedBrowser(ChromeBrowser):
    """A page in a Chromium that outlives the test.

    What a test leaves behind is cleared, but not the HTTP cache.
    """

    #: Process, port and profile folder of each running Chromium, by its options.
    _running = {}
    #: Milliseconds by which this process's clock is ahead of the browser's.
    _ahead = None

    def __init__(self, *args, **options):
        try:
            super().__init__(*args, **options)
        except SkipTest as error:
            raise AssertionError("nothing is tested without a browser") from error
        self._turn_clock()

    def _turn_clock(self):
        """Give the pages this process's time, if its clock is turned (libfaketime)."""
        if SharedBrowser._ahead is None:
            now = {"expression": "Date.now()"}
            found = self._websocket_request("Runtime.evaluate", params=now)
            # Not the time at which a test has stopped the clock.
            ahead = freezegun.api.real_time() * 1000 - found["result"]["value"]
            SharedBrowser._ahead = ahead
        if abs(self._ahead) > SAME_CLOCK:
            script = {"source": TURN_CLOCK % self._ahead}
            self._websocket_request(
                "Page.addScriptToEvaluateOnNewDocument", params=script
            )

    def _chrome_start(self, user_data_dir, *args, **options):
        self._options = repr((args, options))
        running = self._running.get(self._options)
        if running and running[0].poll() is None:
            shutil.rmtree(user_data_dir)
        else:
            started = super()._chrome_start(user_data_dir, *args, **options)
            running = self._running[self._options] = (*started, user_data_dir)
        process, port, self.user_data_dir = running
        return process, port

    def _spawn_chrome(self, cmd):
        # Under a turned clock Chromium does not start: its pages are given the time.
        preload = os.environ.pop("LD_PRELOAD", None)
        try:
            # A page must not live on after it was left.
            return super()._spawn_chrome([*cmd, "--disable-features=BackForwardCache"])
        finally:
            if preload is not None:
                os.environ["LD_PRELOAD"] = preload

    def stop(self):
        """Leave an empty page, or end a Chromium that does not respond."""
        try:
            self.screencaster.stop()
            self._leave_page()
            self._websocket_request(
                "Storage.clearDataForOrigin",
                params={"origin": self.test_case.base_url(), "storageTypes": "all"},
            )
            self._result.cancel()
            self.ws.close()
        except Exception:
            self._logger.warning("Chromium does not obey", exc_info=True)
            self._running.pop(self._options, None)
            super().stop()

    def _leave_page(self):
        """Show an empty page.

        Odoo's own wait for it always takes ten seconds: the page has stopped loading
        before the wait begins.

        :raises TimeoutError: if the page cannot be left
        """
        self.navigate_to("about:blank")
        where = {"expression": "location.href"}
        deadline = time.monotonic() + LEAVE_WITHIN
        while time.monotonic() < deadline:
            found = self._websocket_request("Runtime.evaluate", params=where)
            if found["result"].get("value") == "about:blank":
                return
            time.sleep(0.02)
        raise TimeoutError("the page cannot be left")

    @classmethod
    def end(cls):
        """End each Chromium that is still running."""
        for process, _port, folder in cls._running.values():
            process.terminate()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)

    @classmethod
    def get_others(cls, process, *args, **options):
        """Return a process's children that do not outlive a test class."""
        shared = {running[0].pid for running in cls._running.values()}
        found = get_children(process, *args, **options)
        return [
            child
            for child in found
            if child.pid not in shared and not is_fork_server(child)
        ]


odoo.tests.common.ChromeBrowser = SharedBrowser
# At the end of each test class Odoo kills the child processes that are left.
get_children = psutil.Process.children
psutil.Process.children = lambda *args, **options: SharedBrowser.get_others(
    *args, **options
)


def opens_browser(case):
    """Return whether a test case opens a browser."""
    return issubclass(case, HttpCase) and any(
        OPENERS & set(method.__code__.co_names)
        for base in case.__mro__
        if base.__module__ != HttpCase.__module__
        for method in vars(base).values()
        if hasattr(method, "__code__")
    )


@pytest.fixture(scope="session", autouse=True)
def shared_browser(request, load_registry):
    """Bundle scripts and styles, as Odoo does before its own tests."""
    if any(item.cls and opens_browser(item.cls) for item in request.session.items):
        with Registry(get_db_name()).cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            for name in BUNDLES:
                bundle = env["ir.qweb"]._get_asset_bundle(name)
                bundle.js()
                bundle.css()
    yield
    SharedBrowser.end()
