# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A browser that a test controls from Python: many screens in one session."""

import json
import time
import unittest
from pathlib import Path
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser
from odoo.tools.convert import convert_file

from .common import SmsCase

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / ".dev" / "node" / "node_modules" / "axe-core" / "axe.min.js"
STEER = ROOT / "tests" / "browser.js"
MODULE = "helpdesk_mgmt_sms"


class Page:
    """The page that a browser shows; ``said`` holds the errors of its console."""

    def __init__(self, browser, test):
        self.browser, self.test = browser, test
        self.said = []
        browser.error_checker = self.said.append

    def run(self, expression, timeout=30):
        """Return what a JavaScript expression evaluates to; a promise is awaited.

        The page's Content-Security-Policy does not apply to it.
        """
        answer = self.browser._websocket_request(
            "Runtime.evaluate",
            params={
                "expression": expression,
                "awaitPromise": True,
                "returnByValue": True,
            },
            timeout=timeout,
        )
        if details := answer.get("exceptionDetails"):
            raise AssertionError(f"{expression[:200]}: {json.dumps(details)[:2000]}")
        return answer["result"].get("value")

    def call(self, name, *args, timeout=30):
        """Call a function of ``browser.js`` in the page; return its result."""
        given = ", ".join(map(json.dumps, args))
        # What was clicked before may reload the page.
        self.wait_until("document.readyState === 'complete'")
        self.run(STEER.read_text())  # once in each page
        return self.run(f"smsSteer.{name}({given})", timeout)

    def go(self, path):
        """Open another page of the server, following redirects."""
        self.run("window.isFormerPage = true")
        self.browser.navigate_to(self.test.base_url() + path, wait_stop=True)
        self.wait_until("!window.isFormerPage && document.readyState === 'complete'")

    def wait_for(self, selector):
        """Wait until an element matches a selector; fail if none does in time."""
        self.wait_until(f"!!document.querySelector({json.dumps(selector)})")

    def wait_until(self, expression, seconds=120):
        """Wait until a JavaScript expression is true; fail if it is not in time."""
        end = time.monotonic() + seconds
        while not self.run(expression):
            if time.monotonic() > end:
                shown = self.run("document.body.innerText.slice(0, 500)")
                self.test.fail(f"Never: {expression} {self.said} {shown!r}")
            time.sleep(0.05)


@tagged("post_install", "-at_install")
class BrowserCase(SmsCase, HttpCase):
    """Open pages in a browser with the window of a small laptop."""

    browser_size = "1366x800"

    @classmethod
    def load_demo(cls):
        """Load the demo data, whose users have their login as password."""
        for file in cls.env["ir.module.module"].get_module_info(MODULE)["demo"]:
            convert_file(cls.env, MODULE, file, {}, mode="init")

    def browse(self, path, work, login=None):
        """Open a page and call ``work`` with it, which must not read records.

        :param work: called with a :class:`Page`
        """

        def steer(browser, *_args, **_options):
            page = Page(browser, self)
            work(page)
            page.said.extend(self._get_crash(browser))
            self.assertEqual(page.said, [], "the console has said so")

        with patch.object(ChromeBrowser, "_wait_code_ok", steer):
            self.browser_js(path, "", login=login)

    @staticmethod
    def _get_crash(browser):
        """Return the uncaught error of the page, as a list of at most one."""
        if browser._result.done() and browser._result.exception():
            return [str(browser._result.exception())]
        return []


@unittest.skipUnless(AXE.is_file(), "needs axe: bin/test installs it")
class AxeCase(BrowserCase):
    """Check pages for barriers with axe: contrast, names, headings."""

    #: Impacts that fail a test; axe's other two are minor and moderate.
    SEVERE = {"serious", "critical"}
    #: Selectors of Odoo's own elements among ours, which are not checked.
    ODOO = ()

    def load_axe(self, page):
        """Load axe into the current page."""
        page.run(AXE.read_text() + ";undefined")

    def find_barriers(self, page, label, selector):
        """Return the severe violations that axe finds in our own elements.

        :param str selector: our own elements, waited for; those around are Odoo's
        :return: list of readable lines
        """
        page.wait_for(selector)
        where = {"include": [selector], "exclude": [[it] for it in self.ODOO]}
        # What is still fading in has too little contrast.
        found = page.run(
            f"""Promise.allSettled(document.getAnimations().filter((it) =>
                it.effect.getComputedTiming().endTime < 5000
            ).map((it) => it.finished)).then(() =>
                axe.run({json.dumps(where)}, {{resultTypes: ["violations"]}})
            ).then(
                (result) => result.violations.flatMap((rule) =>
                    rule.nodes.map((node) => [rule.impact, rule.id,
                        node.html.slice(0, 250), node.failureSummary])
                ))""",
            timeout=60,
        )
        return [
            f"{label}: {rule}: {html} ({why.splitlines()[1].strip()})"
            for impact, rule, html, why in found
            if impact in self.SEVERE
        ]
