# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.broadcast import sms_broadcast_job
from .common import BroadcastCase


@tagged("post_install", "-at_install")
class TestProgress(BroadcastCase):
    """The counts shown add up while it leaves, whatever is pressed meanwhile."""

    def begin(self):
        """Return a broadcast with two of its three texts queued."""
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
        self.env.invalidate_all()
        self.assertEqual(len(self.texts(broadcast)), 2)
        return broadcast

    def assertShows(self, broadcast, *notes):
        """Check the notes below the bar, and that the counts cover all recipients."""
        broadcast.invalidate_recordset()
        shown = broadcast.progress_html
        for note in notes:
            self.assertIn(note, shown)
        counts = broadcast.sudo()._count_stages()[broadcast.id]
        self.assertEqual(sum(counts.values()), broadcast.reached_count)
        self.assertEqual(broadcast.reached_count, 3)

    def test_what_is_not_queued_waits(self):
        broadcast = self.begin()
        self.assertShows(broadcast, "3 waiting")
        self.run_outbox()
        self.assertShows(broadcast, "2 delivered", "1 waiting")
        self.assertEqual(broadcast.waiting_count, 1)
        self.assertIn("3 recipients, 4 left out.", broadcast.check_html)

    def test_what_comes_later_is_no_reply(self):
        """The bar counts the replies that are shown."""
        broadcast = self.make()
        self.send(broadcast)
        self.run_outbox()
        first, second = self.texts(broadcast)[:2]
        first.sent_at -= timedelta(days=8)
        self.receive("My screen is black", first.number)
        self.assertShows(broadcast, "0 have texted back")
        self.receive("When will it work", second.number)
        self.assertShows(broadcast, "1 have texted back")
        self.assertEqual(broadcast.reply_count, 1)

    def test_replies_count_though_their_people_were_erased(self):
        """Of opt-outs, nothing is said that is not known any more."""
        broadcast = self.make()
        self.send(broadcast)
        self.run_outbox()
        numbers = self.texts(broadcast).mapped("number")
        for body in ("My screen is black", "And the other one"):
            self.receive(body, numbers[0])
        self.receive("STOP", numbers[1])
        self.assertShows(broadcast, "1 have texted back", "1 have opted out")
        for number in numbers:
            self.env["sms.erasure"]._erase(self.company, number, "Letter 117")
        self.assertShows(broadcast, "1 have texted back")
        self.assertNotIn("have opted out", broadcast.progress_html)

    def test_who_paused_it(self):
        broadcast = self.begin()
        self.run_outbox()
        broadcast.action_pause()
        note = broadcast.standing_note
        self.assertIn(f"Paused by {self.manager.name}. 2 sent, 1 waiting.", note)
        self.work()
        self.run_outbox()
        self.assertShows(broadcast, "2 delivered", "1 waiting")
        broadcast.action_resume()
        self.assertFalse(broadcast.standing_note)
        self.work()
        self.run_outbox()
        self.assertShows(broadcast, "3 delivered")
        self.assertEqual(len(self.texts(broadcast)), 3)

    def test_cancelled_half_way(self):
        broadcast = self.begin()
        self.run_outbox()
        dialog = broadcast.action_confirm_cancel()
        self.assertEqual((dialog["res_id"], dialog["target"]), (broadcast.id, "new"))
        self.assertEqual(
            broadcast.cancel_note,
            "Sent: 2, which cannot be taken back. Not sent yet: 1, which will be "
            "cancelled.",
        )
        broadcast.action_cancel()
        self.assertShows(broadcast, "2 delivered", "1 cancelled")
        self.assertFalse(broadcast.is_live)
        self.assertIn("2 had been sent by then.", broadcast.standing_note)
        outcomes = broadcast.recipient_ids.mapped("outcome")
        self.assertEqual(outcomes.count("cancelled"), 1)
        self.assertNotIn("will", outcomes)
        self.work()
        self.assertEqual(len(self.texts(broadcast)), 2)

    def test_what_the_gate_still_has_to_cancel_counts_as_cancelled(self):
        broadcast = self.begin()
        broadcast.action_cancel()
        self.assertShows(broadcast, "3 cancelled")
        self.assertTrue(broadcast.is_live)
        self.assertFalse(broadcast.waiting_count)
        self.run_outbox()
        self.assertShows(broadcast, "3 cancelled")
        self.assertFalse(broadcast.is_live)
        texts = self.texts(broadcast)
        self.assertEqual(texts.mapped("gate_reason"), ["cancelled"] * 2)
        self.assertEqual(texts.cancelled_by_id, self.manager)

    def test_the_job_cancels_batch_after_batch(self):
        broadcast = self.make()
        self.send(broadcast)
        self.texts(broadcast)[0].not_before += timedelta(days=1)
        broadcast.action_cancel()
        self.assertFalse(broadcast.finished_at)
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
            self.env.invalidate_all()
            states = self.texts(broadcast).mapped("state")
            self.assertEqual(sorted(states), ["canceled", "canceled", "outgoing"])
            self.work()
        for text in self.texts(broadcast):
            self.assertGateSays(text, "canceled", "block", "cancelled")
        self.assertTrue(broadcast.finished_at)
        running = broadcast.sudo()._get_running_domain()
        self.assertNotIn(broadcast, broadcast.search(running))

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_one_whose_end_cannot_be_noted_does_not_keep_the_others(self):
        broadcasts = [self.make(), self.make(), self.make()]
        for broadcast in broadcasts:
            self.send(broadcast)
        self.run_outbox()
        finish = type(broadcast)._finish
        found = broadcast.search([("state", "=", "sent"), ("finished_at", "=", False)])

        def fail_for_one(broadcast):
            if broadcast == found[1]:
                raise KeyError("mail")
            return finish(broadcast)

        with patch.object(type(broadcast), "_finish", fail_for_one):
            self.work()
        ended = [bool(broadcast.finished_at) for broadcast in found]
        self.assertEqual(ended, [True, False, True])
        self.work()
        self.assertTrue(found[1].finished_at)

    def test_a_fault_while_it_is_cancelled_leaves_the_rest_to_the_gate(self):
        broadcast = self.make()
        self.send(broadcast)
        broadcast.action_cancel()
        with (
            patch.object(type(broadcast), "_cancel_next", side_effect=KeyError),
            mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs"),
        ):
            self.work()
        self.run_outbox()
        texts = self.texts(broadcast)
        self.assertEqual(len(texts), 3)
        for text in texts:
            self.assertGateSays(text, "canceled", "block", "cancelled")

    def test_cancelled_before_anything_left(self):
        broadcast = self.make()
        self.check(broadcast)
        self.assertIn("Nothing has been sent.", broadcast.cancel_note)
        broadcast.action_cancel()
        self.assertFalse(broadcast.progress_html)
        self.assertIn("Nothing was sent.", broadcast.standing_note)
        self.assertIn("3 recipients, 4 left out.", broadcast.check_html)

    def test_an_agent_is_not_asked_to_cancel(self):
        with self.assertRaises(AccessError):
            self.make().with_user(self.agent).action_confirm_cancel()

    def test_blocked_is_not_cancelled(self):
        broadcast = self.begin()
        self.receive("STOP", self.agreed[0].phone)
        self.run_outbox()
        self.assertShows(broadcast, "1 delivered", "1 blocked", "1 waiting")

    def test_the_end_is_told_once(self):
        broadcast = self.make()
        self.send(broadcast)
        self.assertEqual((broadcast.state, broadcast.shown_state), ("sent", "queueing"))
        self.assertFalse(broadcast.finished_at)
        self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(broadcast.shown_state, "sent")
        self.work()
        self.assertTrue(broadcast.finished_at)
        self.work()
        told = [it for it in broadcast.message_ids if "All texts have left" in it.body]
        self.assertEqual(len(told), 1)
        self.assertIn("3 delivered", told[0].body)
        self.assertFalse(told[0].notified_partner_ids)

    def test_whoever_waited_long_is_notified_of_the_end(self):
        broadcast = self.make()
        self.send(broadcast)
        self.run_outbox()
        broadcast.sudo().started_at = fields.Datetime.now() - timedelta(hours=1)
        self.work()
        told = broadcast.message_ids.filtered("notified_partner_ids")
        self.assertEqual(told.notified_partner_ids, self.manager.partner_id)

    def test_it_has_not_ended_while_a_text_is_held(self):
        broadcast = self.make()
        self.send(broadcast)
        text = self.texts(broadcast)[0]
        text.not_before = fields.Datetime.now() + timedelta(hours=1)
        self.run_outbox()
        self.work()
        self.assertFalse(broadcast.finished_at)
        self.assertShows(broadcast, "2 delivered", "1 waiting")
