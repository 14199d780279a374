# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests

from ..peer.telnyx import API_KEY, PUBLIC_KEY, TelnyxPeer, make_report, make_text, sign
from .common import OutboxCase

OWN_NUMBER = "+13125550181"


class TelnyxLiveCase(OutboxCase):
    """Common base: the company has two carriers, both of them loopback peers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.telnyx = TelnyxPeer().start()
        cls.addClassCleanup(cls.telnyx.stop)
        cls.set_parameter("helpdesk_mgmt_sms.telnyx_api_url", cls.telnyx.url)
        cls.rpc(
            "res.company",
            "write",
            [cls.company_id],
            {
                "sms_backup_provider": "telnyx",
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
                "sms_telnyx_number_ids": [
                    (5, 0, 0),
                    (0, 0, {"provider": "telnyx", "number": OWN_NUMBER}),
                ],
            },
        )
        # Restore it: the other live tests have one carrier.
        values = {"sms_backup_provider": False}
        cls.addClassCleanup(cls.rpc, "res.company", "write", [cls.company_id], values)

    def get_telnyx_url(self, endpoint):
        """Return an endpoint's public address: ``inbound`` or ``status/<uuid>``."""
        return f"{self.server.url}/helpdesk_sms/telnyx/{self.key}/{endpoint}"

    def tell(self, endpoint, body, **headers):
        """Post an event as Telnyx does, validly signed unless headers are given."""
        headers = {"Content-Type": "application/json", **sign(body), **headers}
        url = self.get_telnyx_url(endpoint)
        response = requests.post(url, data=body, headers=headers, timeout=30)
        self.wait_events()
        return response


class TestTelnyxEndpoints(TelnyxLiveCase):
    """Telnyx's public endpoints, with valid, invalid and repeated events."""

    def count_texts(self, message_id):
        """Return how many texts are stored with an id of Telnyx."""
        return self.count("sms_inbound", "provider_sid = %s", [message_id])

    def test_a_stop_is_a_stop_once(self):
        number, message_id = "+13035550187", str(uuid.uuid4())
        body = make_text(number, OWN_NUMBER, "Stop", message_id)
        with ThreadPoolExecutor(6) as pool:
            responses = list(pool.map(lambda _i: self.tell("inbound", body), range(6)))
        self.assertEqual({response.status_code for response in responses}, {204})
        self.assertEqual(responses[0].content, b"")
        self.assertNotIn("Set-Cookie", responses[0].headers)
        self.assertEqual(self.count_texts(message_id), 1)
        self.assertEqual(self.count_events(number), 1)

    def test_what_is_not_signed_is_refused_and_nothing_written(self):
        message_id = str(uuid.uuid4())
        body = make_text("+13035550188", OWN_NUMBER, "STOP", message_id)
        for headers in (
            {"telnyx-signature-ed25519": "forged"},
            {"telnyx-signature-ed25519": ""},
            {"telnyx-timestamp": "1"},
        ):
            with self.subTest(headers=headers):
                response = self.tell("inbound", body, **headers)
                self.assertEqual(response.status_code, 403)
        url = self.get_telnyx_url("inbound")
        self.assertEqual(requests.post(url, data=body, timeout=30).status_code, 403)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.tell("inbound", body, **kind).status_code, 415)
        self.assertEqual(requests.get(url, timeout=30).status_code, 405)
        self.assertEqual(self.count_texts(message_id), 0)
        self.assertNotIn(API_KEY, self.server.read_log())

    def test_an_unknown_key_is_not_found(self):
        url = f"{self.server.url}/helpdesk_sms/telnyx/unknown/inbound"
        response = requests.post(url, data=b"{}", headers=sign(b"{}"), timeout=30)
        self.assertEqual(response.status_code, 404)

    def test_signed_nonsense_does_no_harm(self):
        before = self.count("sms_inbound", "TRUE", [])
        for body in (b"", b"[]", b"\xff\x00", b"{}", make_report("1", "sent")):
            for endpoint in ("inbound", "status/x"):
                with self.subTest(endpoint=endpoint, body=body[:20]):
                    self.assertEqual(self.tell(endpoint, body).status_code, 204)
        self.assertEqual(self.count("sms_inbound", "TRUE", []), before)

    def test_a_text_with_odd_bytes_is_kept(self):
        message_id = str(uuid.uuid4())
        body = make_text("+13035550188", OWN_NUMBER, "a\x00b 😀", message_id)
        self.assertEqual(self.tell("inbound", body).status_code, 204)
        [inbound] = self.rpc(
            "sms.inbound",
            "search_read",
            [("provider_sid", "=", message_id)],
            ["body", "provider", "to_number", "error"],
        )
        self.assertEqual((inbound["body"], inbound["provider"]), ("ab 😀", "telnyx"))
        self.assertEqual((inbound["to_number"], inbound["error"]), (OWN_NUMBER, False))


class TestFailoverLive(TelnyxLiveCase):
    """From Twilio's refusal to Telnyx's delivery report, by a real cron."""

    def test_what_twilio_refuses_telnyx_delivers(self):
        number = "+13035550189"
        self.peer.behaviors[number] = ("error", 401, 20003)
        self.make_ticket(self.join(number))
        message = self.wait_state(number, "pending")
        [post] = self.telnyx.to(number)
        self.assertEqual(post["from"], OWN_NUMBER)
        self.assertTrue(post["webhook_url"].endswith(f"/status/{message['uuid']}"))
        self.assertEqual(self.peer.taken_to(number), [])
        [taken] = [it for it in self.telnyx.taken if it["text"] == post["text"]]
        # Twilio has not accepted it: its report is about another message.
        self.report(message, "delivered", "SM" + uuid.uuid4().hex)
        self.assertEqual(self.read_messages(number)[-1]["state"], "pending")
        body = make_report(taken["id"], "delivered")
        response = self.tell(f"status/{message['uuid']}", body)
        self.assertEqual(response.status_code, 204)
        self.wait_state(number, "sent")
        self.rpc("sms.sender", "action_start", self.get_stopped_ids())

    def get_stopped_ids(self):
        """Return the ids of the stopped senders."""
        return [sender["id"] for sender in self.read_stopped()]
