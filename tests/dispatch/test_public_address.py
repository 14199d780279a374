# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public address that the carrier signs, and alerts about wrong signatures."""

import time
import uuid

import requests

from ..live import LiveCase
from ..peer.twilio import ACCOUNT_SID

ELSEWHERE = "http://intranet.example"
OWN = "+13035550100"


class PublicAddressCase(LiveCase):
    """Common base: the company's carrier has called its address before."""

    def setUp(self):
        super().setUp()
        self.set_parameter("web.base.url", self.server.url)
        self.write_company(sms_webhook_base_url=self.server.url)
        self.assertEqual(self.text("+13035550191", "Hello").status_code, 200)
        self.set_parameter("web.base.url.freeze", "")
        self.addCleanup(self.set_parameter, "web.base.url.freeze", "True")
        self.addCleanup(self.set_parameter, "web.base.url", self.server.url)

    def write_company(self, **values):
        """Write to the company as an administrator."""
        self.rpc("res.company", "write", [self.company_id], values)

    def read_company(self, name):
        """Return a field of the company."""
        return self.rpc("res.company", "read", [self.company_id], [name])[0][name]

    def log_in_elsewhere(self):
        """Log in as an administrator under another host name."""
        params = {"db": self.database, "login": "admin", "password": "admin"}
        response = requests.post(
            f"{self.server.url}/web/session/authenticate",
            json={"jsonrpc": "2.0", "method": "call", "params": params},
            headers={"Host": "intranet.example"},
            timeout=30,
        )
        self.assertTrue(response.json()["result"]["uid"])
        url = self.rpc("ir.config_parameter", "get_param", "web.base.url")
        self.assertEqual(url, ELSEWHERE)

    def post_signed_over(self, base, number="+13035550192", body="Hello", host=None):
        """Post a text that is signed over another address; return the status."""
        form = {
            "MessageSid": "SM" + uuid.uuid4().hex,
            "AccountSid": ACCOUNT_SID,
            "From": number,
            "To": OWN,
            "Body": body,
        }
        path = f"/helpdesk_sms/twilio/{self.key}/inbound"
        signature = self.validator.compute_signature(base + path, form)
        headers = {"X-Twilio-Signature": signature}
        if host:
            headers["Host"] = host
        response = requests.post(
            self.server.url + path, data=form, headers=headers, timeout=30
        )
        self.wait_events()
        return response.status_code

    def read_alerts(self, is_open=True):
        """Return the alerts about the company's webhooks."""
        operator = "=" if is_open else "!="
        domain = [
            ("company_id", "=", self.company_id),
            ("key", "=", "webhook"),
            ("closed_at", operator, False),
        ]
        return self.rpc(
            "sms.outbox.alert", "search_read", domain, ["message", "activity_ids"]
        )

    def wait_alerts(self, count):
        """Wait until ``count`` alerts are open; return them."""
        deadline = time.monotonic() + 60
        while len(alerts := self.read_alerts()) != count:
            self.assertLess(time.monotonic(), deadline, alerts)
            time.sleep(0.2)
        return alerts


class TestLoginElsewhere(PublicAddressCase):
    """A login under another host name does not affect webhooks, as of a STOP."""

    def test_a_stop_is_taken_after_a_login_under_another_name(self):
        number = "+13035550193"
        self.log_in_elsewhere()
        self.assertEqual(self.text(number, "STOP").status_code, 200)
        self.assertEqual(self.count_events(number, "keyword"), 1)
        self.assertEqual(self.read_company("sms_webhook_base_url"), self.server.url)
        self.assertTrue(
            self.read_company("sms_inbound_url").startswith(self.server.url)
        )
        self.wait_state(number, "pending")
        callbacks = [form["StatusCallback"] for form in self.peer.to(number)]
        self.assertTrue(callbacks[0].startswith(self.server.url), callbacks)
        self.assertTrue(self.read_company("sms_join_url").startswith(self.server.url))

    def test_what_is_changed_by_hand_is_followed_and_the_former_one_known(self):
        self.set_parameter("web.base.url", "https://new.example/")
        self.assertEqual(
            self.read_company("sms_webhook_base_url"), "https://new.example"
        )
        self.assertEqual(self.post_signed_over("https://new.example"), 200)
        self.assertEqual(self.post_signed_over(self.server.url), 200)
        self.write_company(sms_webhook_base_url="https://other.example")
        self.set_parameter("web.base.url", "https://third.example")
        self.assertEqual(
            self.read_company("sms_webhook_base_url"), "https://other.example"
        )

    def test_an_address_that_was_never_proven_gives_way(self):
        self.write_company(sms_webhook_base_url="https://typed.example")
        self.write_company(sms_webhook_base_url="https://mistyped.example")
        self.assertEqual(self.post_signed_over(self.server.url), 200)
        self.assertEqual(self.read_company("sms_webhook_base_url"), self.server.url)
        self.log_in_elsewhere()
        self.assertEqual(self.post_signed_over(ELSEWHERE), 403)

    def test_what_is_no_address_is_refused(self):
        for url in (
            "odoo.example",
            "ftp://x.example",
            "https://x.example/?a",
            "https:",
        ):
            with (
                self.subTest(url=url),
                self.assertRaisesRegex(Exception, "not an address"),
            ):
                self.write_company(sms_webhook_base_url=url)
        # If emptied, it is Odoo's own address.
        self.write_company(sms_webhook_base_url=False)
        self.assertEqual(self.read_company("sms_webhook_base_url"), self.server.url)


class TestRefusals(PublicAddressCase):
    """Repeated wrong signatures with a company's own key."""

    def run_watch(self):
        """Run the watch's cron."""
        self.trigger_cron("ir_cron_sms_outbox_watch")

    def setUp(self):
        super().setUp()
        with self.cursor() as cr:
            cr.execute("DELETE FROM sms_outbox_alert WHERE key = 'webhook'")
        self.addCleanup(self._close)

    def _close(self):
        """End the series of refusals by a valid request."""
        self.text("+13035550191", "Hello")
        self.run_watch()
        self.wait_alerts(0)

    def json_rpc(self, model, method):
        """Call a method whose result XML-RPC cannot transfer."""
        args = [self.database, self.uid, "admin", model, method, []]
        params = {"service": "object", "method": "execute_kw", "args": args}
        response = requests.post(
            f"{self.server.url}/jsonrpc",
            json={"jsonrpc": "2.0", "method": "call", "params": params},
            timeout=30,
        )
        return response.json()["result"]

    def count_hits(self):
        """Return the number of refused requests that were counted."""
        own = "provider = 'twilio' AND company_id = %s"
        return self.count("sms_webhook_refusal", own, [self.company_id])

    def test_administrators_are_told_with_the_cause_until_it_is_over(self):
        self.log_in_elsewhere()
        for _request in range(3):
            self.assertEqual(
                self.post_signed_over(ELSEWHERE, host="other.example"), 403
            )
        [alert] = self.wait_alerts(1)
        self.assertIn(f"it calls {ELSEWHERE}", alert["message"])
        self.assertIn(self.server.url, alert["message"])
        self.assertTrue(alert["activity_ids"])
        items = self.json_rpc("sms.dashboard", "get_dashboard")["attention"]
        self.assertIn(alert["message"], [item["text"] for item in items])
        rows = self.json_rpc("sms.onboarding", "get_setup")["health"]
        [row] = [row for row in rows if row["key"] == "webhook"]
        self.assertEqual((row["state"], row["text"]), ("wrong", alert["message"]))
        self.assertTrue(
            self.count("mail_mail", "body_html LIKE %s", [f"%{ELSEWHERE}%"])
        )
        self.assertEqual(self.text("+13035550191", "Hello").status_code, 200)
        self.assertFalse(self.count_hits())
        self.run_watch()
        self.wait_alerts(0)

    def test_the_host_that_was_called_tells_the_cause(self):
        for _request in range(3):
            self.post_signed_over("https://proxy.example", host="proxy.example")
        [alert] = self.wait_alerts(1)
        self.assertIn("it calls https://proxy.example", alert["message"])

    def test_reports_do_not_hide_that_texts_come_to_another_address(self):
        """We give the carrier the address for reports, people that for texts."""
        form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        for _request in range(3):
            self.post_signed_over("https://proxy.example", host="proxy.example")
            self.assertEqual(self.post("status/x", form).status_code, 200)
        [alert] = self.wait_alerts(1)
        self.assertIn("it calls https://proxy.example", alert["message"])

    def test_texts_to_a_former_address_that_is_over_are_told_of(self):
        """Who forgets to enter the new one at the carrier would get no STOP."""
        self.rpc("res.company", "action_rotate_sms_webhook_key", [self.company_id])
        url = f"/helpdesk_sms/twilio/{self.read_company('sms_webhook_key')}/status/x"
        yesterday = "now() at time zone 'utc' - interval '1 day'"
        with self.cursor() as cr:
            query = f"UPDATE res_company SET sms_old_webhook_key_until = {yesterday}"
            cr.execute(f"{query} WHERE id = %s", [self.company_id])
        report = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        signature = self.validator.compute_signature(self.server.url + url, report)
        headers = {"X-Twilio-Signature": signature}
        form = {"MessageSid": "SM2", "From": "+13035550110", "Body": "STOP"}
        self.addCleanup(self._enter_key)
        self.assertEqual(self.post("inbound", form, "forged").status_code, 404)
        self.assertFalse(self.count_hits())
        for _request in range(3):
            self.assertEqual(self.post("inbound", form).status_code, 404)
            response = requests.post(
                self.server.url + url, data=report, headers=headers, timeout=30
            )
            self.assertEqual(response.status_code, 200)
        [alert] = self.wait_alerts(1)
        self.assertIn("former address", alert["message"])

    def _enter_key(self):
        type(self).key = self.read_company("sms_webhook_key")

    def test_a_wrong_token_and_none_are_other_causes(self):
        form = {"MessageSid": "SM1", "From": "+13035550110", "Body": "STOP"}
        for _request in range(3):
            self.assertEqual(self.post("inbound", form, "forged").status_code, 403)
        [alert] = self.wait_alerts(1)
        self.assertIn("token", alert["message"])

    def test_who_knows_the_key_cannot_flood_nor_who_does_not_know_it(self):
        form = {"MessageSid": "SM1", "From": "+13035550110", "Body": "STOP"}
        for _request in range(40):
            self.assertEqual(self.post("inbound", form, "forged").status_code, 403)
        self.wait_alerts(1)
        self.assertEqual(self.count("sms_webhook_refusal", "hits > 4", []), 0)
        self.text("+13035550191", "Hello")
        self.run_watch()
        self.wait_alerts(0)
        mails = self.count("mail_mail", "TRUE", [])
        # The same problem again opens no other alert and sends no second mail.
        for _request in range(3):
            self.post("inbound", form, "forged")
        self.wait_alerts(1)
        self.assertEqual(len(self.read_alerts(is_open=False)), 0)
        self.assertEqual(self.count("mail_mail", "TRUE", []), mails)
        url = f"{self.server.url}/helpdesk_sms/twilio/unknown/inbound"
        before = self.count("sms_webhook_refusal", "TRUE", [])
        for _request in range(5):
            self.assertEqual(requests.post(url, data=form, timeout=30).status_code, 404)
        self.assertEqual(self.count("sms_webhook_refusal", "TRUE", []), before)

    def test_two_are_no_run(self):
        form = {"MessageSid": "SM1", "From": "+13035550110", "Body": "STOP"}
        for _request in range(2):
            self.post("inbound", form, "forged")
        self.text("+13035550191", "Hello")
        for _request in range(2):
            self.post("inbound", form, "forged")
        self.assertEqual(self.count("sms_webhook_refusal", "hits = 2", []), 1)
        self.run_watch()
        self.assertFalse(self.read_alerts())
