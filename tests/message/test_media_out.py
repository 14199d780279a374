# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
import time

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ...models.message.sms_sms_media import MEDIA_PATH, SentMedia
from ...providers.twilio import fields_of
from ...tools import media
from ..common import phone_number
from ..peer.media import GIF, HTML, PNG
from .common import IntakeCase


@tagged("post_install", "-at_install")
class TestMediaOut(IntakeCase, HttpCase):
    """Pictures sent with a text, from the composer to the carrier's fetch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()

    def attach(self, data=PNG, name="photo.png", user=None, **values):
        """Upload a file as the composer's button does."""
        attachments = self.env["ir.attachment"].with_user(user or self.own_agent)
        return attachments.create(
            {"name": name, "raw": data, "res_model": "sms.composer", **values}
        )

    def send(self, attachments, user=None, **values):
        """Send a picture from the ticket; return the text."""
        self.compose(
            "comment",
            self.ticket,
            user or self.own_agent,
            attachment_ids=[(6, 0, attachments.ids)],
            **values,
        )
        return self.messages_to()[-1:]

    def test_an_agent_sends_a_picture(self):
        attachment = self.attach()
        message = self.send(attachment)
        self.assertSent(message, "ticket")
        self.assertEqual(message.attachment_ids, attachment)
        self.assertEqual(message.mail_message_id.attachment_ids, attachment)
        self.assertEqual(
            (attachment.res_model, attachment.res_id),
            ("helpdesk.ticket", self.ticket.id),
        )
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def test_the_shared_way_takes_pictures_too(self):
        """As the desk's reply box sends them."""
        attachment = self.attach(
            GIF, res_model="helpdesk.ticket", res_id=self.ticket.id
        )
        ticket = self.ticket.with_user(self.own_agent)
        ticket._message_sms("Look", attachment_ids=attachment.ids)
        self.assertEqual(self.messages_to()[-1].attachment_ids, attachment)

    def test_a_text_without_pictures_has_none(self):
        self.compose("comment", self.ticket, self.own_agent)
        message = self.messages_to()[-1]
        self.assertFalse(message.attachment_ids or message.media_count)

    def test_the_carrier_gets_addresses_that_it_can_fetch(self):
        message = self.send(self.attach() | self.attach(GIF, "b.gif"))
        outbound = message._to_outbound(message.sender_id)
        self.assertEqual(len(outbound.media), 2)
        account = {"senders": [(self.number, "US")], "messaging_service_sid": ""}
        fields = fields_of(account, outbound)
        self.assertEqual(fields["media_url"], list(outbound.media))
        for url, data, kind in zip(
            outbound.media, (PNG, GIF), ("image/png", "image/gif"), strict=True
        ):
            response = self.fetch(url)
            self.assertEqual((response.status_code, response.content), (200, data))
            self.assertEqual(response.headers["Content-Type"], kind)
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("no-store", response.headers["Cache-Control"])
            self.assertNotIn("Set-Cookie", response.headers)

    def fetch(self, url):
        """Fetch an address without a login; return the response."""
        return self.url_open(url[url.index(MEDIA_PATH) :])

    def test_what_is_not_signed_is_not_found(self):
        message = self.send(self.attach())
        other = self.attach(GIF)
        [url] = message._to_outbound(message.sender_id).media
        head, sms_id, attachment_id, expires, signature = url.rsplit("/", 4)
        for parts in (
            (sms_id, attachment_id, expires, "0" * len(signature)),
            (sms_id, attachment_id, expires, "é"),
            (sms_id, other.id, expires, signature),
            (sms_id, attachment_id, int(expires) + 1, signature),
            (10**30, attachment_id, expires, signature),
            (
                sms_id,
                other.id,
                expires,
                message._sign_media(int(sms_id), other.id, int(expires)),
            ),
        ):
            forged = "/".join([head, *map(str, parts)])
            with self.subTest(parts=parts):
                self.assertEqual(self.fetch(forged).status_code, 404)
        self.assertEqual(self.fetch(head).status_code, 404)

    def test_an_address_expires(self):
        message = self.send(self.attach())
        past = int(time.time()) - 1
        attachment_id = message.attachment_ids.id
        signature = message._sign_media(message.id, attachment_id, past)
        path = f"{MEDIA_PATH}/{message.id}/{attachment_id}/{past}/{signature}"
        self.assertEqual(self.url_open(path).status_code, 404)

    def test_what_is_erased_is_not_found(self):
        attachment = self.attach()
        message = self.send(attachment)
        [url] = message._to_outbound(message.sender_id).media
        self.run_outbox()
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 1")
        self.assertFalse(attachment.exists())
        self.assertEqual(self.fetch(url).status_code, 404)

    def test_what_went_to_somebody_else_is_not_erased(self):
        other = self.make_customer(phone_number(1), "Other")
        self.record_consent(other.phone_sanitized)
        place = {"res_model": "helpdesk.ticket", "res_id": self.ticket.id}
        shared, own = self.attach(**place), self.attach(GIF, **place)
        self.send(own)
        self.send(shared)
        self.ticket.partner_id = other
        self.send(shared)
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 1")
        self.assertFalse(own.exists())
        self.assertEqual(self.messages_to(other.phone_sanitized).attachment_ids, shared)

    def test_what_carriers_do_not_take_is_refused(self):
        many = self.env["ir.attachment"]
        for index in range(11):
            many |= self.attach(name=f"{index}.png")
        for attachments, words in (
            (self.attach(HTML, "page.png"), "only JPEG"),
            (self.attach(b"", "empty.png"), "only JPEG"),
            (self.attach(PNG + bytes(media.SEND_LIMIT)), "5 MB"),
            (
                self.attach(b"%PDF-1.7" + bytes(media.SEND_FILE_LIMIT), "a.pdf"),
                "500 KB",
            ),
            (many, "at most 10"),
        ):
            count = len(self.messages_to())
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                self.send(attachments)
            self.assertEqual(len(self.messages_to()), count)

    def test_the_limit_holds_without_the_composer_too(self):
        attachment = self.attach(
            HTML, res_model="helpdesk.ticket", res_id=self.ticket.id
        )
        ticket = self.ticket.with_user(self.own_agent)
        with self.assertRaises(UserError):
            ticket._message_sms("Look", attachment_ids=attachment.ids)

    def test_nobody_sends_what_they_may_not_read(self):
        secret = self.env["ir.attachment"].create(
            {
                "name": "secret.png",
                "raw": PNG,
                "res_model": "helpdesk.ticket",
                "res_id": self.make_ticket().id,
            }
        )
        foreign = self.attach(user=self.manager)
        for attachment in (secret, foreign):
            with self.subTest(name=attachment.name), self.assertRaises(AccessError):
                self.send(attachment.with_user(self.own_agent))

    def test_no_context_of_a_client_sends_a_file(self):
        ids = self.attach().ids
        for forged in ([0, ids], SentMedia(0, tuple(ids))._asdict(), "x"):
            ticket = self.ticket.with_user(self.own_agent).with_context(
                sms_media=forged
            )
            ticket._message_sms("Look")
            self.assertFalse(self.messages_to()[-1].attachment_ids)

    def test_the_virtual_phone_shows_it(self):
        self.send(self.attach())
        self.run_outbox()
        phone = self.env["sms.virtual.phone"].with_user(self.agent)
        [path] = phone.get_messages(self.number)[-1]["media"]
        self.assertTrue(re.match(rf"{MEDIA_PATH}/\d+/\d+/\d+/[0-9a-f]{{64}}\Z", path))
        self.assertEqual(self.url_open(path).content, PNG)
