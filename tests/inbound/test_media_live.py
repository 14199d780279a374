# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
import uuid

from ..live import LiveCase
from ..peer.media import PNG, MediaPeer

STORE_PATH = "/png"


class TestMediaLive(LiveCase):
    """Pictures by signed webhooks, a real cron, and a separate storage server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carrier, cls.store = MediaPeer().start(), MediaPeer().start()
        cls.addClassCleanup(cls.carrier.stop)
        cls.addClassCleanup(cls.store.stop)
        cls.set_parameter("helpdesk_mgmt_sms.media_urls", cls.carrier.url)

    def text_media(self, number, *urls, body="Look"):
        """Post a text with pictures, as Twilio does; return the id of its record."""
        sid = "MM" + uuid.uuid4().hex
        media = {f"MediaUrl{index}": url for index, url in enumerate(urls)}
        response = self.text(number, body, sid, **{**media, "NumMedia": str(len(urls))})
        self.assertEqual(response.status_code, 200)
        return self.rpc("sms.inbound", "search", [("provider_sid", "=", sid)])[0]

    def wait_for_media(self, inbound_id, timeout=30):
        """Wait until a text's pictures are fetched or given up; return the text."""
        deadline = time.monotonic() + timeout
        domain = [("inbound_id", "=", inbound_id), ("state", "=", "waiting")]
        while self.rpc("sms.media", "search_count", domain):
            if time.monotonic() > deadline:
                raise AssertionError(self.server.read_log()[-3000:])
            time.sleep(0.1)
        names = ["ticket_id", "attachment_ids", "media_note", "mail_message_id", "body"]
        return self.rpc("sms.inbound", "read", [inbound_id], names)[0]

    def test_a_picture_arrives_on_the_ticket_by_itself(self):
        inbound_id = self.text_media("+13035550170", self.carrier.url + "/png")
        inbound = self.wait_for_media(inbound_id)
        self.assertFalse(inbound["media_note"])
        [attachment] = self.rpc(
            "ir.attachment",
            "read",
            inbound["attachment_ids"],
            ["mimetype", "res_model", "res_id", "file_size"],
        )
        self.assertEqual(attachment["mimetype"], "image/png")
        self.assertEqual(attachment["file_size"], len(PNG))
        self.assertEqual(attachment["res_id"], inbound["ticket_id"][0])
        [message] = self.rpc(
            "mail.message", "read", [inbound["mail_message_id"][0]], ["attachment_ids"]
        )
        self.assertEqual(message["attachment_ids"], inbound["attachment_ids"])
        # Credentials go only to the carrier's own address.
        self.assertNotIn("Authorization", self.carrier.requests[-1][1])

    def test_a_redirect_into_the_own_network_is_not_followed(self):
        self.carrier.target = self.store.url.replace("http:", "https:") + STORE_PATH
        inbound_id = self.text_media("+13035550171", self.carrier.url + "/redirect")
        inbound = self.wait_for_media(inbound_id)
        self.assertIn("private network", inbound["media_note"])
        self.assertFalse(self.store.requests or inbound["attachment_ids"])
        self.assertEqual(inbound["body"], "Look")

    def test_each_failure_ends_in_a_note_and_the_text_is_kept(self):
        kinds = ("gone", "claim", "html", "loop")
        urls = [f"{self.carrier.url}/{kind}" for kind in kinds]
        inbound = self.wait_for_media(self.text_media("+13035550172", *urls))
        self.assertEqual(len(inbound["media_note"].splitlines()), len(kinds))
        notes = self.rpc(
            "mail.message",
            "search_count",
            [
                ("res_id", "=", inbound["ticket_id"][0]),
                ("body", "ilike", "could not be downloaded"),
            ],
        )
        self.assertEqual(notes, len(kinds))

    def test_a_kill_between_fetch_and_store_fetches_again_and_stores_once(self):
        self.carrier.scripts["/killed"] = ["slow", "png"]
        inbound_id = self.text_media("+13035550173", self.carrier.url + "/killed")
        self.carrier.wait_for("/killed")
        self.server.kill()
        with self.cursor() as cr:
            cr.execute(
                "SELECT state, attempts FROM sms_media WHERE inbound_id = %s",
                [inbound_id],
            )
            self.assertEqual(cr.fetchone(), ("waiting", 1))
            cr.execute(
                "UPDATE sms_media SET next_at = next_at - interval '1 day'"
                " WHERE inbound_id = %s",
                [inbound_id],
            )
        self.server.start()
        self.set_parameter("web.base.url", self.server.url)
        self.trigger_cron("ir_cron_sms_media")
        inbound = self.wait_for_media(inbound_id)
        self.assertEqual(len(inbound["attachment_ids"]), 1)
