# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One screen publishes news, sends it by text and mail, and posts it on tickets."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ...models.broadcast import (
    sms_broadcast_job,
    sms_incident_news,
)
from ..common import phone_number
from .common import WORDS, PublishCase


@tagged("post_install", "-at_install")
class TestPublish(PublishCase):
    """From the screen with its counts to text, mail and ticket."""

    def test_the_screen_says_who_gets_what(self):
        form = self.open()
        self.assertIn(self.incident.name, form.body)
        self.assertIn(
            "3 by text, 1 by e-mail, 3 get nothing.", form.told_html.striptags()
        )
        for reason in ("no e-mail address", "exclusion list", "Shares its number"):
            self.assertIn(reason, form.told_html)
        self.assertEqual(form.told_count, 4)
        self.assertIn(form.body, form.sample_html.unescape())
        self.assertFalse(self.incident.news_ids)
        self.assertFalse(self.messages_to(self.first.phone))

    def test_the_areas_are_told_whomever_a_manager_usually_tells(self):
        """Users may store defaults of their own for broadcasts."""
        defaults = self.env["ir.default"].with_user(self.manager)
        defaults.set("sms.broadcast", "audience", "res.partner", user_id=True)
        domain = "[('name', '=', 'Nobody')]"
        defaults.set("sms.broadcast", "filter_domain", domain, user_id=True)
        self.assertEqual(self.reached(self.say()), self.agreed)

    def test_one_click_does_it_all(self):
        broadcast = self.say()
        self.assertEqual(self.incident.news_ids.body, WORDS)
        self.assertEqual(self.reached(broadcast), self.agreed)
        text = self.texts(broadcast)[0].body
        self.assertIn(WORDS, text)
        self.assertIn(self.incident.status_page, text)
        mail = self.mails()
        self.assertEqual(mail.recipient_ids, self.silent)
        self.assertEqual(mail.state, "outgoing")
        self.assertIn(WORDS, mail.body_html)
        self.assertEqual(broadcast.state, "sent")
        self.work()
        self.assertEqual(len(self.mails()), 1)

    def test_everybody_reads_it_in_one_language(self):
        """Unedited words in the recipient's language, edited ones in the manager's."""
        self.env["res.lang"]._activate_lang("es_ES")
        footer = "Responda STOP para darse de baja, HELP para ayuda."
        self.purposes("alert").with_context(lang="es_ES").footer = footer
        self.first.lang = "es_ES"
        for words, start, end in (
            ({}, "[Aviso del sistema] No internet in Denver. Nuestro equipo", footer),
            ({"body": WORDS}, f"[System Alert] {WORDS}", self.footer),
        ):
            form = self.open("monitoring" if words else None)
            form.write({"is_emergency": True, "emergency_reason": "Down", **words})
            self.assertIn(start, form.sample_html.unescape())
            form.action_publish()
            self.run_jobs()
            text = self.messages_to(self.first.phone)[-1].body
            self.assertTrue(text.startswith(start), text)
            self.assertTrue(text.endswith(end), text)
            self.assertTrue(
                self.messages_to(self.second.phone)[-1].body.endswith(self.footer)
            )

    def test_update_and_end_go_to_who_was_told_in_either_way(self):
        self.say()
        self.far.email = "far@example.com"
        update = self.say("monitoring")
        self.assertEqual(update.kind, "update")
        self.assertEqual(self.reached(update), self.agreed)
        self.assertEqual(self.mails().recipient_ids, self.silent)
        self.assertEqual(len(self.mails()), 2)
        end = self.say("resolved", is_emergency=False)
        self.assertEqual((end.kind, self.incident.state), ("resolved", "resolved"))
        self.assertEqual(self.reached(end), self.agreed)
        self.assertEqual(len(self.mails()), 3)

    def test_who_was_mailed_and_agrees_is_texted(self):
        self.say()
        self.record_consent(self.silent.phone, "alert")
        update = self.say()
        self.assertEqual(self.reached(update), self.agreed | self.silent)
        self.assertEqual(len(self.mails()), 1)

    def test_the_end_ends_the_emergency(self):
        self.say()
        self.assertTrue(self.open("open").is_emergency)
        self.assertFalse(self.open("resolved").is_emergency)

    def test_mails_do_not_wait_for_the_hourly_run(self):
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        self.far.email = "far@example.com"
        self.make_ticket(self.far, sms_incident_id=self.incident.id)
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", queue.id)])
        calls.unlink()
        self.say()
        self.assertEqual(len(calls.search([("cron_id", "=", queue.id)])), 2)

    def test_no_mail_to_whoever_wants_none_since_it_was_checked(self):
        self.company.sms_approve_from = 3
        form = self.open()
        form.action_publish()
        self.env["mail.blacklist"].sudo()._add(self.silent.email)
        form.broadcast_id.with_user(self.administrator).action_approve()
        self.run_jobs()
        self.assertFalse(self.mails())

    def test_who_is_told_of_the_outage_while_its_end_is_written(self):
        opening = self.prepare()
        self.send(opening)
        late = self.texts(opening).filtered(lambda it: it.partner_id == self.third)
        late.not_before += timedelta(hours=1)
        self.run_outbox()
        form = self.open("resolved")
        self.assertEqual(form.told_count, 2)
        late.not_before = fields.Datetime.now()
        self.run_outbox()
        form.action_publish()
        self.run_jobs()
        end = self.incident.news_ids[:1].broadcast_id
        self.assertEqual(self.reached(end), self.agreed)
        self.assertEqual(len(self.texts(end)), 3)

    def test_published_only(self):
        self.say(is_told=False)
        self.assertEqual(self.incident.news_ids.body, WORDS)
        self.assertFalse(self.incident.broadcast_ids)
        self.assertFalse(self.mails())

    def test_in_batches(self):
        self.first.email = self.far.email = "else@example.com"
        self.env["res.partner"].create(
            [
                {"name": f"Local {n}", "city": "Denver", "email": f"l{n}@example.com"}
                for n in range(4)
            ]
        )
        with patch.object(sms_broadcast_job, "MAIL_BATCH", 2):
            broadcast = self.say()
        self.assertEqual(broadcast.state, "sent")
        self.assertEqual(len(self.mails()), 5)
        self.assertEqual(len(self.mails().recipient_ids), 5)

    def test_hostile_words(self):
        words = "<script>alert(1)</script> {customer} {nothing} {{ 7 * 7 }}"
        broadcast = self.say(body=words)
        self.assertIn(words, self.texts(broadcast)[0].body)
        self.assertNotIn("<script>", self.mails().body_html)
        self.assertIn("&lt;script&gt;", self.mails().body_html)

    def test_the_end_goes_to_who_was_told_and_to_no_newcomer(self):
        self.say()
        newcomer = self.make_local(phone_number(313), "Newcomer")
        self.record_consent(newcomer.phone, "alert")
        form = self.open("open")
        self.assertEqual(form.told_count, 4)
        form.write({"state": "resolved", "body": WORDS})
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.incident.state, "resolved")
        end = self.incident.news_ids[:1].broadcast_id
        self.assertEqual(end.kind, "resolved")
        self.assertEqual(self.reached(end), self.agreed)
        self.assertEqual(self.mails().recipient_ids, self.silent)

    def test_many_are_counted_by_the_job(self):
        with patch.object(sms_broadcast_job, "AT_ONCE", 2):
            form = self.open()
            self.assertTrue(form.is_live)
            self.assertFalse(form.told_html)
            self.assertEqual(form.action_publish()["res_id"], form.id)
            self.assertFalse(self.incident.news_ids)
            form.action_refresh()
            self.work()
            self.assertEqual(form.told_count, 4)
            form.action_publish()
        self.assertTrue(self.incident.news_ids.broadcast_id)

    def test_many_need_another_manager(self):
        self.company.sms_approve_from = 3
        form = self.open()
        self.assertTrue(form.needs_approval)
        form.action_publish()
        broadcast = self.incident.news_ids.broadcast_id
        self.assertEqual(broadcast.state, "waiting")
        self.run_jobs()
        self.assertFalse(self.texts(broadcast) or self.mails())
        self.assertIn("approval", self.open().obstacle)
        colleague = self.administrator
        broadcast.with_user(colleague).action_approve()
        self.run_jobs()
        self.assertEqual(self.reached(broadcast), self.agreed)
        self.assertEqual(len(self.mails()), 1)


@tagged("post_install", "-at_install")
class TestOnce(PublishCase):
    """Nobody gets it twice, and a screen that is closed again leaves nothing behind."""

    def test_a_second_click(self):
        form = self.open()
        form.action_publish()
        with self.assertRaisesRegex(UserError, "has published news meanwhile"):
            form.action_publish()
        self.assertEqual(len(self.incident.news_ids), 1)

    def test_two_managers(self):
        mine, theirs = self.open(), self.open(user=self.administrator)
        mine.action_publish()
        with self.assertRaisesRegex(UserError, "look at them first"):
            theirs.action_publish()
        self.run_jobs()
        self.assertEqual(len(self.messages_to(self.first.phone)), 1)

    def test_what_is_left_is_deleted(self):
        first = self.open()
        broadcast = first.broadcast_id
        second = self.open()
        self.assertFalse(first.exists() or broadcast.exists())
        second.unlink()
        self.assertFalse(self.incident.broadcast_ids)
        form = self.open()
        form.action_publish()
        form.unlink()
        self.assertEqual(len(self.incident.broadcast_ids), 1)

    def test_to_oneself_first(self):
        form = self.open()
        form.body = WORDS
        action = form.action_test_text()
        test = self.env[action["res_model"]].with_user(self.manager)
        test = test.with_context(**action["context"]).create({"number": self.number})
        self.assertIn(WORDS, test.body)
        self.assertIn(form.incident_id.status_page, test.body)
        back = test.action_back()
        self.assertEqual((back["res_model"], back["res_id"]), (form._name, form.id))
        self.assertFalse(self.incident.news_ids)

    def test_unpublished_news_are_not_texted(self):
        broadcast = self.open().broadcast_id
        with self.assertRaisesRegex(UserError, "Publish the news on the incident"):
            broadcast.action_send()

    def test_a_paused_job_goes_on(self):
        form = self.open()
        form.action_publish()
        broadcast = form.broadcast_id
        broadcast.action_pause()
        self.run_jobs()
        self.assertFalse(self.mails())
        broadcast.action_resume()
        self.run_jobs()
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(len(self.texts(broadcast)), 3)


@tagged("post_install", "-at_install")
class TestAgain(PublishCase):
    """What is over fails again, and what was cancelled is told in other words."""

    def ask(self, state=None):
        """Publish and send, without waiting for the jobs; return the text."""
        form = self.open(state)
        form.write({"is_emergency": True, "emergency_reason": "Down", "body": WORDS})
        form.action_publish()
        return form.broadcast_id

    def test_an_end_that_waits_is_called_off_when_it_fails_again(self):
        self.say()
        end = self.ask("resolved")
        self.work()
        waiting = self.texts(end)
        self.assertEqual(set(waiting.mapped("state")), {"outgoing"})
        self.publish("open", "It is down again.")
        self.assertEqual(end.cancelled_by_id, self.manager)
        self.run_jobs()
        self.assertEqual(set(waiting.mapped("state")), {"canceled"})
        self.assertEqual(len(self.messages_to(self.first.phone)), 2)
        again = self.say("resolved", is_emergency=False)
        self.assertEqual(self.reached(again), self.agreed)

    def test_an_end_that_is_not_approved_yet(self):
        self.say()
        self.company.sms_approve_from = 2
        end = self.ask("resolved")
        self.assertEqual(end.state, "waiting")
        self.publish("open", "It is down again.")
        self.assertFalse(end.sudo().activity_ids)
        with self.assertRaisesRegex(UserError, "not possible anymore"):
            end.with_user(self.administrator).action_approve()

    def test_an_end_that_everybody_has_read_stays_as_it_was(self):
        self.say()
        end = self.say("resolved", is_emergency=False)
        self.publish("open", "It is down again.")
        self.assertEqual(end.state, "sent")
        self.assertEqual(self.incident.next_kind, "update")
        self.publish("resolved")
        self.assertFalse(self.incident.next_kind)

    def test_an_announcement_that_was_cancelled_is_made_again(self):
        opening = self.ask()
        self.work()
        opening.action_cancel()
        self.run_jobs()
        self.assertFalse(self.reached(opening))
        self.assertEqual(self.incident.next_kind, "opening")
        again = self.say()
        self.assertEqual(self.reached(again), self.agreed)
        self.assertEqual(self.say("resolved").kind, "resolved")

    def test_an_end_that_was_cancelled_is_told_again(self):
        self.say()
        end = self.ask("resolved")
        self.work()
        end.action_cancel()
        self.run_jobs()
        again = self.say("resolved", is_emergency=False)
        self.assertEqual(self.reached(again), self.agreed)

    def test_whose_text_was_replaced_by_news_that_was_cancelled(self):
        self.ask()
        self.work()
        update = self.ask("monitoring")
        self.work()
        update.action_cancel()
        self.run_jobs()
        self.assertFalse(self.reached(update))
        again = self.say("monitoring")
        self.assertEqual((again.kind, self.reached(again)), ("update", self.agreed))

    def test_what_everybody_has_is_neither_paused_nor_cancelled(self):
        """Neither would stop anything but the next text about the incident."""
        opening = self.say()
        for button in ("action_pause", "action_cancel"):
            with self.assertRaisesRegex(UserError, "not possible anymore"):
                getattr(opening, button)()
        self.assertEqual(self.incident.next_kind, "update")
        self.assertFalse(self.open().obstacle)

    def test_nobody_is_mailed_of_an_outage_that_is_over(self):
        opening = self.ask()
        self.publish("resolved")
        self.run_jobs()
        self.assertFalse(self.reached(opening))
        self.assertFalse(self.mails())
        self.assertEqual(opening.state, "sent")
        self.assertIn("cancelled", opening.recipient_ids.mapped("mail_outcome"))


@tagged("post_install", "-at_install")
class TestCorrection(PublishCase):
    """Nobody is told words that were not checked, or others than their neighbor."""

    NEW, SPANISH = "It is mended by 6 PM.", "Un cable fue cortado."
    WAYS = ("form", "form in Spanish", "incident", "translations")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("es_ES")
        cls.first.lang = "es_ES"
        cls.company.sms_approve_from = 3

    def ask(self):
        """Publish news in two languages; return its text, which waits for approval."""
        form = self.open()
        form.write({"is_emergency": True, "emergency_reason": "Down"})
        form.action_publish()
        broadcast = form.broadcast_id
        self.assertEqual(broadcast.state, "waiting")
        self.news = broadcast._get_news().with_user(self.manager)
        self.assertNotEqual(self.news.body, self.in_spanish().body)
        return broadcast

    def ask_again(self, broadcast):
        """Check and ask, as the author does."""
        self.check(broadcast)
        broadcast.action_send()
        self.assertEqual(broadcast.state, "waiting")

    def approve(self, broadcast):
        """Approve it, as a colleague does."""
        broadcast.with_user(self.administrator).action_approve()

    def in_spanish(self):
        return self.news.with_context(lang="es_ES")

    def correct(self, way):
        """Correct the news in one of the ways."""
        self.env.invalidate_all()
        if way == "form":
            self.news.body = self.NEW
        elif way == "form in Spanish":
            self.in_spanish().body = self.SPANISH
        elif way == "incident":
            command = fields.Command.update(self.news.id, {"body": self.NEW})
            self.incident.with_user(self.manager).news_ids = [command]
        else:
            self.news.update_field_translations("body", {"es_ES": self.SPANISH})
        self.env.invalidate_all()

    def assertRefused(self):
        refused = "further news|otra novedad"
        for way in self.WAYS:
            with self.subTest(way), self.assertRaisesRegex(UserError, refused):
                self.correct(way)
        self.assertNotIn(self.NEW, self.news.body)
        self.assertNotIn(self.SPANISH, self.in_spanish().body)

    def test_while_it_waits_for_approval(self):
        broadcast = self.ask()
        for way in self.WAYS:
            self.assertIn(self.administrator, broadcast.sudo().activity_ids.user_id)
            self.correct(way)
            with self.subTest(way):
                self.assertEqual(broadcast.state, "draft")
                self.assertFalse(broadcast.sudo().activity_ids)
                with self.assertRaisesRegex(UserError, "not possible anymore"):
                    self.approve(broadcast)
            self.ask_again(broadcast)
        self.approve(broadcast)
        self.run_jobs()
        self.assertIn(self.SPANISH, self.messages_to(self.first.phone).body)
        self.assertIn(self.NEW, self.messages_to(self.second.phone).body)
        self.assertIn(self.NEW, self.mails().body_html)

    def test_when_it_is_planned(self):
        broadcast = self.ask()
        broadcast.send_at = fields.Datetime.now() + timedelta(days=1)
        for way in self.WAYS:
            self.ask_again(broadcast)
            self.approve(broadcast)
            self.assertEqual(broadcast.state, "planned")
            self.correct(way)
            with self.subTest(way):
                self.assertEqual(broadcast.state, "draft")
                self.assertFalse(broadcast.approver_id)

    def test_the_author_is_told(self):
        """Also one who has corrected it, perhaps without a thought of its text."""
        for user in (self.manager, self.administrator):
            broadcast = self.ask()
            self.news.with_user(user).body = self.NEW
            told = broadcast.message_ids.filtered(
                lambda it: self.manager.partner_id in it.notified_partner_ids
            )
            with self.subTest(user.login):
                self.assertIn("Its news was changed", told[0].body)
                self.assertEqual(told[0].author_id, user.partner_id)
            broadcast.action_cancel()

    def test_when_it_is_checked(self):
        """A colleague's correction does not leave by the click of who has read it."""
        broadcast = self.ask()
        self.correct("form")
        self.check(broadcast)
        self.correct("form in Spanish")
        self.assertEqual(broadcast.state, "draft")
        with self.assertRaisesRegex(UserError, "not possible anymore"):
            broadcast.action_send()

    def test_before_its_check_ends(self):
        """Nobody has read it yet, and the check shows the words as they are then."""
        broadcast = self.ask()
        self.correct("form")
        broadcast.action_check()
        self.correct("form in Spanish")
        self.assertEqual(broadcast.state, "checking")
        self.work()
        self.assertEqual(broadcast.state, "checked")
        self.assertIn(self.SPANISH, broadcast.sample_html)
        self.assertIn(self.NEW, broadcast.sample_html)

    def test_while_it_is_sent(self):
        broadcast = self.ask()
        self.approve(broadcast)
        self.assertEqual(broadcast.state, "queueing")
        words = self.news.body
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
        self.assertEqual(len(self.texts(broadcast)), 2)
        self.assertRefused()
        broadcast.action_pause()
        self.assertRefused()
        broadcast.action_resume()
        self.run_jobs()
        self.assertEqual(broadcast.state, "sent")
        self.assertEqual(len(self.texts(broadcast)), 3)
        for partner in (self.second, self.third):
            self.assertIn(words, self.messages_to(partner.phone).body)
        self.assertIn(words, self.mails().body_html)

    def test_while_its_people_are_checked_again(self):
        broadcast = self.ask()
        broadcast.sudo().state = "leaving"
        self.assertRefused()

    def test_once_it_is_over(self):
        """A correction is for the status page; what was told stays."""
        for end in ("cancelled", "sent"):
            broadcast = self.ask()
            if end == "sent":
                self.approve(broadcast)
                self.run_jobs()
            else:
                broadcast.action_cancel()
            bodies = self.texts(broadcast).mapped("body")
            for way in self.WAYS:
                self.correct(way)
            with self.subTest(end):
                self.assertEqual(broadcast.state, end)
                self.assertEqual(self.news.body, self.NEW)
                self.assertEqual(self.in_spanish().body, self.SPANISH)
                self.assertEqual(self.texts(broadcast).mapped("body"), bodies)

    def test_who_may_not_correct_it_stops_nothing(self):
        broadcast = self.ask()
        for user in (self.agent, self.compliance_officer, self.employee):
            news = self.news.with_user(user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                news.write({"body": self.NEW})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                news.update_field_translations("body", {"es_ES": self.NEW})
        self.assertEqual(broadcast.state, "waiting")


@tagged("post_install", "-at_install")
class TestTickets(PublishCase):
    """News is posted on the tickets, and mailed where nothing else brings it."""

    def test_news_on_tickets(self):
        self.far.email = "far@example.com"
        tickets = self.env["helpdesk.ticket"]
        for partner in (self.first, self.silent, self.far):
            tickets |= self.make_ticket(partner, sms_incident_id=self.incident.id)
        closed = self.make_ticket(
            self.second,
            sms_incident_id=self.incident.id,
            stage_id=self.closed_stage.id,
        )
        other = self.make_ticket(self.third, name="Printer")
        with patch.object(sms_incident_news, "TICKET_BATCH", 2):
            self.say()
        for ticket in tickets:
            message = ticket.message_ids.filtered(lambda it: WORDS in it.body)
            self.assertEqual(len(message), 1)
            self.assertFalse(message.is_internal)
            self.assertIn(message, ticket.website_message_ids)
            told = self.far if ticket.partner_id == self.far else tickets.partner_id[:0]
            self.assertEqual(message.notified_partner_ids, told)
        for ticket in closed | other:
            self.assertNotIn(WORDS, str(ticket.message_ids.mapped("body")))
        self.run_jobs()
        self.assertEqual(str(tickets[0].message_ids.mapped("body")).count(WORDS), 1)

    def test_whoever_has_several_tickets_is_mailed_once(self):
        self.far.email = "far@example.com"
        tickets = self.env["helpdesk.ticket"]
        for _ticket in range(3):
            tickets |= self.make_ticket(self.far, sms_incident_id=self.incident.id)
        with patch.object(sms_incident_news, "TICKET_BATCH", 2):
            self.say()
        posts = tickets.message_ids.filtered(lambda it: WORDS in it.body)
        self.assertEqual(len(posts), 3)
        mailed = posts.filtered(lambda it: self.far in it.notified_partner_ids)
        self.assertEqual(len(mailed), 1)

    def test_whoever_has_muted_it_is_not_mailed_by_their_ticket(self):
        """Neither if the news is only published, nor if it is texted as well."""
        self.first.email = "first@example.com"
        ticket = self.make_ticket(self.first, sms_incident_id=self.incident.id)
        self.say()
        self.receive("MUTE", self.first.phone)
        for is_told in (True, False):
            self.say(body=f"Told: {is_told}", is_told=is_told)
            post = ticket.message_ids.filtered(lambda it: "Told: " in it.body)[:1]
            self.assertFalse(post.notified_partner_ids)


@tagged("post_install", "-at_install")
class TestBadInput(PublishCase):
    """Each obstacle is named, and the news is published all the same."""

    def test_nowhere(self):
        self.incident.area_ids = False
        form = self.open()
        self.assertIn("No areas", form.obstacle)
        form.action_publish()
        self.assertTrue(self.incident.news_ids)
        self.assertFalse(self.incident.broadcast_ids)

    def test_nobody(self):
        self.area.cities = "Nowhere"
        form = self.open()
        self.assertIn("0 by text, 0 by e-mail, 0 get nothing", form.told_html)
        form.action_publish()
        self.assertFalse(self.incident.broadcast_ids)

    def test_it_is_over(self):
        self.say()
        self.say("resolved")
        form = self.open()
        self.assertEqual(form.state, "resolved")
        self.assertIn("Nobody has been told about it, or of its end", form.obstacle)
        form.write({"state": "open", "body": "It is down again."})
        form.action_count()
        self.assertFalse(form.obstacle)
        self.assertEqual(form.broadcast_id.kind, "update")

    def test_its_text_is_named_after_what_it_tells(self):
        self.say()
        form = self.open()
        form.write({"state": "resolved", "body": WORDS})
        form.action_publish()
        self.assertEqual(form.broadcast_id.kind, "resolved")
        self.assertEqual(form.broadcast_id.name, "No internet in Denver: End")

    def test_nobody_was_told_of_what_is_over(self):
        form = self.open("resolved")
        self.assertTrue(form.obstacle)
        form.action_publish()
        self.assertEqual(self.incident.state, "resolved")

    def test_an_obstacle_that_was_not_shown(self):
        form = self.open()
        form.write({"state": "resolved", "body": WORDS})
        self.assertEqual(form.action_publish()["res_id"], form.id)
        self.assertFalse(self.incident.news_ids)
        self.assertTrue(form.obstacle)
        form.action_publish()
        self.assertEqual(self.incident.state, "resolved")

    def test_the_text_before_is_still_leaving(self):
        self.open().action_publish()
        self.assertIn("still in progress", self.open().obstacle)

    def test_no_words_and_no_reason(self):
        form = self.open()
        form.body = " \n"
        with self.assertRaisesRegex(UserError, "Write the news first"):
            form.action_publish()
        with self.assertRaisesRegex(ValidationError, "cannot wait"):
            form.write({"is_emergency": True, "emergency_reason": " "})

    def test_a_company_that_cannot_text(self):
        self.company.sms_provider = "iap"
        form = self.open()
        self.assertIn("0 by text, 1 by e-mail", form.told_html)
        form.write({"body": WORDS})
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.mails().recipient_ids, self.silent)

    def test_rights(self):
        form = self.open()
        for user in (self.agent, self.compliance_officer, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.open(user=user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                form.with_user(user).action_publish()
        with self.assertRaises(AccessError):
            form.with_user(self.administrator).read(["body"])

    def test_another_company(self):
        other = self.make_company("Other")
        incident = self.incident.with_user(self.manager)
        with self.assertRaises(AccessError):
            incident.with_context(allowed_company_ids=other.ids).action_publish()
        forms = self.env["sms.incident.publish"].with_user(self.manager)
        forms = forms.with_context(allowed_company_ids=other.ids)
        with self.assertRaises(AccessError):
            forms.create({"incident_id": self.incident.id}).action_publish()
