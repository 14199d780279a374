# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules for all public addresses of the addon."""

from unittest.mock import patch

from ...models.core.sms_rate_limit import LIMITS
from .common import MODULE
from .endpoints import ENDPOINTS, LOGGER, EndpointsCase

#: Headers of every response.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class TestLimits(EndpointsCase):
    """Each address limits the size of requests; a new one cannot be forgotten."""

    def test_whatever_takes_a_form_says_how_long_it_may_be(self):
        for path, routing in self.list_routes().items():
            # The host's own route, which takes files.
            if (
                "POST" not in (routing.get("methods") or ())
                or path == "/submitted/ticket"
            ):
                continue
            with self.subTest(path=path):
                self.assertLessEqual(routing["max_content_length"], 1024 * 1024)


class TestEveryEndpoint(EndpointsCase):
    """Headers and limits of every address that needs no login."""

    def test_each_is_on_the_list(self):
        public = {
            path
            for path, routing in self.routes.items()
            if routing["auth"] in ("public", "none")
        }
        self.assertEqual(public, set(ENDPOINTS))

    def assert_headers(self, answer):
        """Check the security headers of a response."""
        headers = answer.headers
        for name, value in HEADERS.items():
            self.assertEqual(headers[name], value, name)
        self.assertIn("geolocation=()", headers["Permissions-Policy"])
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-ancestors", policy)
        for loose in ("unsafe", "script-src", "*", "data:"):
            self.assertNotIn(loose, policy)
        self.assertNotIn("<script", answer.text)
        if "'self' " not in policy.partition("frame-ancestors")[2]:
            self.assertIn(headers["X-Frame-Options"], ("DENY", "SAMEORIGIN"))

    def test_headers_of_what_is_refused(self):
        for path in ENDPOINTS:
            with self.subTest(path=path):
                answer = self.call(path)
                self.assertIn(answer.status_code, (403, 404))
                self.assert_headers(answer)

    def test_headers_of_what_is_opened(self):
        right = self.list_right()
        gets = {path for path in ENDPOINTS if "GET" in self.routes[path]["methods"]}
        self.assertEqual(right.keys(), gets)
        for path, url in right.items():
            with self.subTest(path=path):
                answer = self.call(path, url)
                self.assertIn(answer.status_code, (200, 303), answer.text)
                self.assert_headers(answer)

    def test_headers_of_what_a_form_answers(self):
        url = f"/sms/join/{self.company.sms_join_key}"
        page = self.get(url)
        token = self.tree(page).xpath("//input[@name='csrf_token']/@value")[0]
        data = {"csrf_token": token, "phone": "303 555 0177", "agree_ticket": "1"}
        self.assert_headers(self.url_open(url, data=data, allow_redirects=False))

    def test_each_ends_a_visitors_attempts(self):
        for path, scope in ENDPOINTS.items():
            with (
                self.subTest(path=path),
                patch.dict(LIMITS, {scope: (2, 600)}),
            ):
                self.env["sms.rate.limit"].search([]).unlink()
                self.env.flush_all()
                statuses = [self.call(path).status_code for _attempt in range(4)]
                self.assertTrue(set(statuses[:2]) <= {403, 404}, statuses)
                self.assertEqual(statuses[2:], [429, 429])
                answer = self.call(path)
                self.assertTrue(answer.headers["Retry-After"])
                self.assert_headers(answer)

    def test_who_has_the_token_is_never_counted(self):
        """Monitors call each minute, and carriers fetch as many pictures as we send."""
        right = self.list_right()
        with patch.dict(LIMITS, {"refused": (2, 600)}):
            for path, url in right.items():
                if ENDPOINTS[path] == "refused":
                    for _call in range(4):
                        self.assertEqual(self.call(path, url).status_code, 200)

    def test_the_log_is_not_flooded(self):
        path = "/helpdesk_sms/twilio/<string:key>/inbound"
        with (
            patch.dict(LIMITS, {"refused": (2, 600)}),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            for _call in range(6):
                self.call(path)
        self.assertEqual(len(logs.output), 2)

    def test_the_log_says_what_was_wrong(self):
        path = "/helpdesk_sms/twilio/<string:key>/inbound"
        right = f"/helpdesk_sms/twilio/{self.company.sms_webhook_key}/inbound"
        for url, words in (
            (None, "no company has this address"),
            (right, "a request that twilio has not signed"),
        ):
            with self.assertLogs(LOGGER, "WARNING") as logs:
                self.call(path, url)
            self.assertIn(words, logs.output[0])

    def test_nobody_writes_lines_of_their_own_into_the_log(self):
        forged = "%0A2026-11-29%20INFO%20odoo:%20all%20is%20well"
        with self.assertLogs(LOGGER, "WARNING") as logs:
            self.url_open(f"/helpdesk_sms/health/x{forged}")
        [line] = logs.output
        self.assertIn("all is well", line)
        self.assertEqual(len(line.splitlines()), 1)


class TestPortal(EndpointsCase):
    """Pages of logged-in users have Odoo's layout, and may not be framed by others."""

    def test_headers(self):
        self.authenticate("sms-portal", "sms-portal")
        wording = self.env.ref(f"{MODULE}.sms_wording_ticket")
        form = {"sms_phone": "12", "sms_agree_ticket": str(wording.id)}
        ticket = {"subject": "Screen", "description": "x", **form}
        self.assert_headers(self.get("/my/outages"))
        for url, values in (
            ("/my/outages", {}),
            ("/my/account/sms", {}),
            ("/my/account/sms", form),
            ("/submitted/ticket", ticket),
        ):
            page = self.get("/my/account" if "my" in url else "/new/ticket")
            [token, *_more] = self.tree(page).xpath(
                "//input[@name='csrf_token']/@value"
            )
            with self.subTest(url=url, values=values):
                self.assert_headers(
                    self.url_open(
                        url,
                        data={"csrf_token": token, **values},
                        allow_redirects=False,
                    )
                )

    def assert_headers(self, answer):
        """Check the security headers of a response to a customer."""
        self.assertIn(answer.status_code, (200, 303))
        for name, value in HEADERS.items():
            self.assertEqual(answer.headers[name], value, name)
        policy = answer.headers["Content-Security-Policy"]
        self.assertRegex(policy, "frame-ancestors '(self|none)'")
        self.assertTrue(answer.headers["X-Frame-Options"])
