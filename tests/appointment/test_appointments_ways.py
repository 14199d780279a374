# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..common import SmsCase
from .common import AppointmentCase


class TestNeverHeard(AppointmentCase):
    """The customer never heard of the booking: what an agent can do about it."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "appointment", event="revoked")
        self.event = self.book()
        self.work()
        self.blocked = self.messages_to()

    def banner(self, user=None):
        """Return the note and the ways out that the appointment's form shows."""
        self.env.invalidate_all()
        event = self.event.with_user(user or self.agent)
        return event.sms_untold_note or "", event.sms_untold_ways or ""

    def agree(self):
        """Record the customer's consent by telephone."""
        self.frozen.move_to(datetime.now() + timedelta(minutes=1))
        self.record_consent(None, "appointment")
        self.settle()

    def test_the_form_says_so(self):
        self.assertBlocked(self.blocked, "appointment", "opted_out")
        note, ways = self.banner()
        self.assertIn("Dana Customer was not told about the booking", note)
        self.assertIn("Opted out", note)
        self.assertEqual(ways, "call")

    def test_a_private_one_says_nothing_to_others(self):
        self.event.privacy = "private"
        self.settle()
        for user, is_told in ((self.agent, True), (self.manager, False)):
            with self.subTest(user.name):
                note = self.event.with_user(user).sms_untold_note or ""
                self.assertEqual("Dana Customer" in note, is_told)
                self.assertEqual(
                    bool(self.event.with_user(user).sms_untold_id), is_told
                )

    def test_consent_is_recorded_and_the_text_is_sent(self):
        self.frozen.move_to(datetime.now() + timedelta(minutes=1))
        self.record_consent(None, "appointment")
        self.record_consent(None, "appointment", event="expired")
        self.settle()
        self.assertEqual(self.banner()[1], "record other call")
        action = self.event.with_user(self.agent).action_sms_untold_record()
        form = self.env["sms.consent.record"].with_user(self.agent)
        form.with_context(**action["context"]).create({}).action_record()
        new = self.blocked.sent_again_id
        self.assertSent(new, "appointment")
        self.assertEqual(self.banner(), ("", ""))
        [row] = self.rows(self.event, kind="booked")
        self.assertEqual(row.sms_id, new)
        self.run_outbox()
        self.receive("1")
        self.assertEqual(self.event.sms_confirmation, "confirmed")

    def test_it_is_sent_again_once_they_agree(self):
        self.agree()
        self.assertEqual(self.banner()[1], "again call")
        self.event.with_user(self.agent).action_sms_untold_again()
        self.assertSent(self.blocked.sent_again_id, "appointment")
        with self.assertRaises(UserError):
            self.event.with_user(self.agent).action_sms_untold_again()

    def test_what_says_nothing_of_answers_asks_nothing(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_appointment_booked")
        template.body = "Your visit: {{ object.sms_when }}. Call us to move it."
        self.agree()
        self.event.with_user(self.agent).action_sms_untold_again()
        self.assertSent(self.blocked.sent_again_id, "appointment")
        self.run_outbox()
        self.receive("1")
        self.assertEqual(self.event.sms_confirmation, "open")

    def test_a_text_that_tells_the_old_time_is_not_sent(self):
        self.agree()
        self.event.with_context(dont_notify=True).start += timedelta(hours=1)
        self.settle()
        self.assertEqual(self.blocked.with_user(self.agent).ways, "call")
        with self.assertRaisesRegex(UserError, "has changed since"):
            self.blocked.with_user(self.agent).action_send_again()

    def test_told_otherwise(self):
        self.event.with_user(self.agent).action_sms_untold_told()
        self.assertEqual(self.blocked.told_by_id, self.agent)
        self.assertEqual(self.banner(), ("", ""))

    def test_confirmed_by_mail_they_know(self):
        self.attendee(self.event).do_accept()
        self.settle()
        self.assertEqual(self.banner(), ("", ""))

    def test_what_is_over_needs_no_telling(self):
        self.frozen.move_to(self.event.stop + timedelta(minutes=1))
        self.assertEqual(self.banner(), ("", ""))

    def test_colleagues_without_the_helpdesk_are_refused(self):
        for name in ("record", "again", "other", "call", "told"):
            with self.subTest(name), self.assertRaises(AccessError):
                method = f"action_sms_untold_{name}"
                getattr(self.event.with_user(self.employee), method)()

    def test_an_agent_texts_from_the_chatter_of_an_appointment(self):
        self.agree()
        self.env["sms.composer"].with_user(self.agent).create(
            {
                "composition_mode": "comment",
                "res_model": self.event._name,
                "res_id": self.event.id,
                "body": "Please have the key ready",
            }
        ).action_send_sms()
        self.assertIn("key", self.messages_to()[-1:].body)


@tagged("post_install", "-at_install")
class TestNeverHeardTour(SmsCase, HttpCase):
    """The banner on an appointment, in a real browser."""

    def test_an_agent_makes_up_for_it(self):
        start = datetime.now().replace(microsecond=0) + timedelta(days=2)
        event = self.env["calendar.event"].with_user(self.agent)
        event = event.create(
            {
                "name": "Mend the printer",
                "start": start,
                "stop": start + timedelta(hours=1),
                "ticket_id": self.ticket.id,
                "partner_ids": [
                    (6, 0, (self.customer | self.agent.partner_id).ids),
                ],
            }
        )
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder"))
        blocked = self.messages_to()
        self.assertBlocked(blocked, "appointment", "no_consent")
        self.env.flush_all()
        self.start_tour(
            f"/odoo/calendar.event/{event.id}",
            "helpdesk_sms_ways_visit",
            login="sms-agent",
        )
        self.env.invalidate_all()
        self.assertSent(blocked.sent_again_id, "appointment")
