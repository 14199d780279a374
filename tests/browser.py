# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A browser that a test steers from here: many screens in one session."""

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
    """What a browser shows, and what its console has said."""

    def __init__(self, browser, test):
        self.browser, self.test = browser, test
        self.said = []
        browser.error_checker = self.said.append

    def run(self, expression, timeout=30):
        """Return what JavaScript evaluates to, a promise's result included.

        It is no part of the page, so no policy of its content forbids it.
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
        """Return what a function of ``browser.js`` does."""
        given = ", ".join(map(json.dumps, args))
        # What was pressed before may load the page again.
        self.wait_until("document.readyState === 'complete'")
        self.run(STEER.read_text())  # once in each page
        return self.run(f"smsSteer.{name}({given})", timeout)

    def go(self, path):
        """Open another page of the server, or where it leads to."""
        self.run("window.isFormerPage = true")
        self.browser.navigate_to(self.test.base_url() + path, wait_stop=True)
        self.wait_until("!window.isFormerPage && document.readyState === 'complete'")

    def wait_for(self, selector):
        """Wait until something is there; fail if it does not come."""
        self.wait_until(f"!!document.querySelector({json.dumps(selector)})")

    def wait_until(self, expression, seconds=120):
        """Wait until something holds; fail if it does not."""
        end = time.monotonic() + seconds
        while not self.run(expression):
            if time.monotonic() > end:
                shown = self.run("document.body.innerText.slice(0, 500)")
                self.test.fail(f"Never: {expression} {self.said} {shown!r}")
            time.sleep(0.05)


@tagged("post_install", "-at_install")
class BrowserCase(SmsCase, HttpCase):
    """Opens a browser with a window as high as that of a small laptop."""

    browser_size = "1366x800"

    @classmethod
    def load_demo(cls):
        """Make what people see in the demo; its users have their login as password."""
        for file in cls.env["ir.module.module"].get_module_info(MODULE)["demo"]:
            convert_file(cls.env, MODULE, file, {}, mode="init")

    def browse(self, path, work, login=None):
        """Open a page and call ``work`` with it; no record may be read meanwhile.

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
        """Return what nobody has caught in the page."""
        if browser._result.done() and browser._result.exception():
            return [str(browser._result.exception())]
        return []


@unittest.skipUnless(AXE.is_file(), "needs axe: bin/test installs it")
class AxeCase(BrowserCase):
    """Looks for what keeps people out: contrast, names, headings."""

    #: What must not be: the others of axe's four are mild.
    SEVERE = {"serious", "critical"}
    #: Odoo's own elements among ours.
    ODOO = ()

    def load_axe(self, page):
        """Put axe into the page that is shown."""
        page.run(AXE.read_text() + ";undefined")

    def find_barriers(self, page, label, selector):
        """Return what axe finds severe in our own elements, which are there.

        :param str selector: our own elements; what lies around them is Odoo's
        :return: lines for people
        """
        page.wait_for(selector)
        where = {"include": [selector], "exclude": [[it] for it in self.ODOO]}
        found = page.run(
            f"""axe.run({json.dumps(where)}, {{resultTypes: ["violations"]}}).then(
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
