# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ...models.inbound.sms_media import PAUSES
from ...providers import TwilioProvider
from ..common import SmsCase, phone_number
from ..peer.media import PNG, MediaPeer
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN

STRANGER = phone_number(40)


class MediaCase(SmsCase):
    """Common base: a company on Twilio; a loopback peer stores the pictures."""

    provider = "twilio"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                "sms_twilio_number_ids": [
                    (0, 0, {"number": phone_number(99), "country_id": cls.country.id})
                ],
            }
        )
        cls.peer = MediaPeer().start()
        cls.addClassCleanup(cls.peer.stop)
        cls.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.twilio_api_url", cls.peer.url
        )

    def setUp(self):
        super().setUp()
        self.peer.requests.clear()
        self.peer.scripts.clear()

    def text_media(self, *paths, body="Look", number=None):
        """Receive a text with pictures from Twilio; return the ``sms.inbound``."""
        form = {
            "MessageSid": "MM" + uuid.uuid4().hex,
            "From": number or self.number,
            "To": phone_number(99),
            "Body": body,
            "NumMedia": str(len(paths)),
        }
        for index, path in enumerate(paths):
            form[f"MediaUrl{index}"] = self.peer.url + path
            form[f"MediaContentType{index}"] = "image/jpeg"
        event = TwilioProvider.parse_inbound(form)
        return self.env["sms.inbound"]._receive(self.company, event)

    def run_media(self):
        """Run the cron that fetches pictures."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_media"))
        self.env.invalidate_all()

    def get_media(self, inbound):
        """Return the queue's rows of a text."""
        return self.env["sms.media"].search([("inbound_id", "=", inbound.id)])


class TestMediaIn(MediaCase):
    """Pictures that customers send."""

    def test_pictures_come_after_the_text_and_hang_on_it(self):
        inbound = self.text_media("/png", "/png/2")
        self.assertEqual(inbound.ticket_id, self.ticket)
        self.assertFalse(self.peer.requests or inbound.attachment_ids)
        self.run_media()
        attachments = inbound.attachment_ids
        self.assertEqual(
            sorted(attachments.mapped("name")), ["picture-1.png", "picture-2.png"]
        )
        self.assertEqual(attachments.mapped("raw"), [PNG, PNG])
        self.assertEqual(set(attachments.mapped("mimetype")), {"image/png"})
        self.assertEqual(inbound.mail_message_id.attachment_ids, attachments)
        self.assertEqual(set(attachments.mapped("res_id")), {self.ticket.id})
        self.assertEqual(set(self.get_media(inbound).mapped("state")), {"stored"})
        self.assertFalse(inbound.media_note)
        self.run_media()
        self.assertEqual(len(self.peer.requests), 2)

    def test_who_may_read_the_ticket_may_see_them(self):
        inbound = self.text_media("/png")
        self.run_media()
        attachment = inbound.attachment_ids
        self.assertEqual(attachment.with_user(self.own_agent).raw, PNG)
        for user in (self.employee, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                attachment.with_user(user).read(["raw"])

    def test_a_picture_without_words_makes_a_ticket(self):
        inbound = self.text_media("/png", body="", number=STRANGER)
        self.assertEqual(inbound.ticket_id.name, "(a picture or a file)")
        self.run_media()
        self.assertEqual(len(inbound.ticket_id.attachment_ids), 1)

    def test_it_is_told_in_the_companys_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        inbound = self.text_media("/gone", body="", number=STRANGER)
        self.assertEqual(inbound.ticket_id.name, "(une image ou un fichier)")
        self.run_media()
        self.assertIn("envoyer à nouveau", inbound.media_note)

    def assertGivenUp(self, path, words):
        """Check that the ticket says clearly why a picture is missing."""
        inbound = self.text_media(path)
        self.run_media()
        self.assertEqual(self.get_media(inbound).state, "failed")
        self.assertIn(words, inbound.media_note)
        note = inbound.ticket_id.message_ids[0]
        self.assertIn(words, note.body)
        self.assertTrue(note.is_internal or note.subtype_id.internal)
        self.assertFalse(inbound.attachment_ids)
        self.assertEqual(inbound.body, "Look")

    def test_what_is_given_up_is_said_on_the_ticket(self):
        for path, words in (
            ("/gone", "does not have it any more"),
            ("/claim", "larger than 10 MB"),
            ("/html", "not a picture, sound, video"),
            ("/loop", "leads on and on"),
        ):
            with self.subTest(path=path):
                self.assertGivenUp(path, words)

    def test_a_private_address_is_said_too(self):
        inbound = self.text_media("/png")
        self.get_media(inbound).url = "https://localhost:1/png"
        self.run_media()
        self.assertIn("private network", inbound.media_note)

    def test_what_may_pass_is_tried_again_and_given_up_at_last(self):
        """As while the account's token is replaced, when the carrier refuses it."""
        for path, words in (
            ("/down", "could not be reached"),
            ("/forbidden", "does not give it to this account"),
        ):
            with self.subTest(path=path):
                self.peer.requests.clear()
                self.assertGivenUpAtLast(path, words)

    def assertGivenUpAtLast(self, path, words):
        """Check that a picture is fetched again after each pause."""
        inbound = self.text_media(path)
        row = self.get_media(inbound)
        for index, pause in enumerate(PAUSES):
            self.run_media()
            self.assertEqual((row.state, row.attempts), ("waiting", index + 1))
            planned = fields.Datetime.now() + pause
            self.assertLess(abs(row.next_at - planned), timedelta(minutes=1))
            self.run_media()
            self.assertEqual(len(self.peer.requests), index + 1)
            row.next_at = fields.Datetime.now()
        self.run_media()
        self.assertEqual(row.state, "failed")
        self.assertIn(words, inbound.media_note)

    def test_what_comes_back_is_stored(self):
        self.peer.scripts["/one"] = ["down", "png"]
        inbound = self.text_media("/one")
        self.run_media()
        self.get_media(inbound).next_at = fields.Datetime.now()
        self.run_media()
        self.assertEqual(inbound.attachment_ids.raw, PNG)
        self.assertFalse(inbound.media_note)

    def test_one_that_fails_does_not_take_the_others_along(self):
        inbound = self.text_media("/gone", "/png")
        self.run_media()
        self.assertEqual(inbound.attachment_ids.raw, PNG)
        self.assertTrue(inbound.media_note)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_one_that_cannot_be_stored_does_not_keep_the_others(self):
        """Whatever fails: its account, or the disk. It is fetched again later."""
        for name in ("_get_provider", "_store"):
            first, second = self.text_media("/png"), self.text_media("/png/2")
            row = self.get_media(first)
            work = getattr(type(row), name)

            def fail_for_one(media, *args, row=row, work=work):
                if media == row:
                    raise OSError("no space left on device")
                return work(media, *args)

            with self.subTest(name), patch.object(type(row), name, fail_for_one):
                self.run_media()
                self.assertEqual(second.attachment_ids.raw, PNG)
                self.assertEqual((row.state, row.attempts), ("waiting", 1))
                self.assertGreater(row.next_at, fields.Datetime.now())
            row.next_at = fields.Datetime.now()
            self.run_media()
            self.assertEqual(first.attachment_ids.raw, PNG)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_conflict_with_another_transaction_loses_no_picture(self):
        """As when an agent edits the ticket while its picture is attached."""
        inbound = self.text_media("/png")
        store, tries = type(self.get_media(inbound))._store, []

        def collide_once(media, fetched):
            tries.append(media)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")
            return store(media, fetched)

        with patch.object(type(self.get_media(inbound)), "_store", collide_once):
            self.run_media()
        self.assertEqual(inbound.attachment_ids.raw, PNG)
        self.assertEqual(len(self.peer.requests), 1)

    def test_a_repeated_webhook_fetches_nothing_twice(self):
        form = {
            "MessageSid": "MM1",
            "From": self.number,
            "Body": "Look",
            "NumMedia": "1",
            "MediaUrl0": self.peer.url + "/png",
        }
        event = TwilioProvider.parse_inbound(form)
        inbound = self.env["sms.inbound"]._receive(self.company, event)
        self.assertFalse(self.env["sms.inbound"]._receive(self.company, event))
        self.assertEqual(len(self.get_media(inbound)), 1)

    def test_a_claim_that_was_killed_is_taken_again(self):
        inbound = self.text_media("/png")
        row = self.env["sms.media"].sudo()._claim()
        self.assertEqual(row, self.get_media(inbound))
        self.assertFalse(self.env["sms.media"].sudo()._claim())
        row.next_at = fields.Datetime.now()
        self.run_media()
        self.assertEqual((row.state, row.attempts), ("stored", 2))

    def test_a_second_result_stores_nothing(self):
        inbound = self.text_media("/png")
        self.run_media()
        row = self.get_media(inbound).sudo()
        row._record_result(row._fetch(row._get_provider(), row.url, ""))
        self.assertEqual(len(inbound.attachment_ids), 1)

    def test_a_company_that_left_the_carrier_asks_nobody(self):
        inbound = self.text_media("/png")
        self.company.sms_provider = "sandbox"
        self.run_media()
        self.assertFalse(self.peer.requests)
        self.assertIn("no account", inbound.media_note)

    def test_an_erased_person_leaves_no_picture(self):
        inbound = self.text_media("/png")
        waiting = self.text_media("/png")
        self.get_media(waiting).next_at += timedelta(days=1)
        self.run_media()
        attachment = inbound.attachment_ids
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 1")
        self.assertFalse(attachment.exists())
        self.assertFalse(self.env["sms.media"].search([]))

    def test_what_is_erased_while_it_is_fetched_is_not_stored(self):
        inbound = self.text_media("/png")
        row = self.env["sms.media"].sudo()._claim()
        fetched = row._fetch(row._get_provider(), row.url, "")
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 1")
        row._record_result(fetched)
        self.assertFalse(inbound.attachment_ids)

    def test_an_erased_text_leaves_no_words_on_the_ticket_that_it_made(self):
        ticket = self.text_media(body="My name is Quokka", number=STRANGER).ticket_id
        edited = self.text_media(body="Quokka two", number=phone_number(41)).ticket_id
        edited.name = "Projector"
        for number in (STRANGER, phone_number(41)):
            self.env["sms.erasure"]._erase(self.company, number, "Letter 1")
        self.assertEqual((ticket.name, edited.name), ("Text message", "Projector"))
        self.assertIn("erased", ticket.description)
        self.assertIn("erased", edited.description)
