# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An incident's life: its texts, who has muted it, its news, its tickets."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ...models.broadcast import sms_broadcast_job
from ...providers import faults
from ..common import phone_number
from .common import IncidentCase


@tagged("post_install", "-at_install")
class TestLife(IncidentCase):
    """Opening, updates and end: all go to those who were told of the opening."""

    def test_from_the_beginning_to_the_end(self):
        opening = self.tell()
        self.assertEqual(opening.kind, "opening")
        self.assertEqual(self.reached(opening), self.agreed)
        self.assertIn(self.incident.status_page, self.texts(opening)[0].body)
        self.record_consent(self.silent.phone, "alert")
        update = self.tell()
        self.assertEqual(update.kind, "update")
        self.assertEqual(self.reached(update), self.agreed)
        self.publish("resolved")
        self.assertEqual(self.incident.state, "resolved")
        self.assertTrue(self.incident.resolved_at)
        end = self.tell()
        self.assertEqual(end.kind, "resolved")
        self.assertEqual(self.reached(end), self.agreed)
        self.assertFalse(self.incident.next_kind)
        self.assertEqual(self.incident.texted_count, 3)
        self.assertIn(">3</td>", self.incident.texts_html)
        self.assertIn("have had 3 texts", self.incident.texts_html)

    def test_who_has_left_since_gets_no_news(self):
        self.tell()
        self.receive("STOP", self.first.phone)
        update = self.prepare()
        self.check(update)
        self.assertEqual(self.outcomes(update)[self.first], ("blocked", "opted_out"))
        self.assertEqual(update.reached_count, 2)

    def test_who_was_not_reached_gets_no_news(self):
        opening = self.tell()
        failed = self.texts(opening).filtered(lambda it: it.partner_id == self.first)
        failed.state = "error"
        self.assertEqual(self.reached(self.tell()), self.second | self.third)

    def test_the_number_that_was_told_is_told_again(self):
        """The contact's new number was told nothing, and has agreed to nothing."""
        told = self.first.phone
        self.tell()
        self.first.phone = phone_number(399)
        update = self.tell()
        self.assertIn(told, self.texts(update).mapped("number"))
        self.assertNotIn(phone_number(399), self.texts(update).mapped("number"))

    def test_news_need_an_announcement(self):
        broadcast = self.make(incident_id=self.incident.id, kind="update")
        with self.assertRaisesRegex(UserError, "Announce it first"):
            broadcast.action_check()

    def test_news_wait_for_the_text_before(self):
        opening = self.prepare()
        self.send(opening)
        opening.action_pause()
        with self.assertRaisesRegex(UserError, "still in progress"):
            self.prepare().action_check()

    def test_news_of_nothing_and_a_page_of_nothing(self):
        with self.assertRaisesRegex(ValidationError, "Choose the incident"):
            self.make(kind="update")
        with self.assertRaisesRegex(ValidationError, "is not a placeholder"):
            self.make(body="See {status_page}")
        broadcast = self.prepare()
        with self.assertRaisesRegex(ValidationError, "is not a placeholder"):
            broadcast.incident_id = False

    def test_what_still_waits_is_replaced_by_the_news(self):
        opening = self.prepare()
        self.send(opening)
        waiting = self.texts(opening)
        update = self.prepare()
        self.send(update)
        self.assertEqual(set(waiting.mapped("state")), {"canceled"})
        self.assertEqual(waiting.replaced_by_id, self.texts(update))
        self.run_outbox()
        self.assertEqual(self.reached(update), self.agreed)

    def test_the_end_overtakes_what_still_waits(self):
        opening = self.prepare()
        self.send(opening)
        late = self.texts(opening)[0]
        late.not_before += timedelta(days=1)
        self.run_outbox()
        self.publish("resolved")
        end = self.tell()
        self.assertEqual(len(self.reached(end)), 2)
        late.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertGateSays(late, "canceled", "block", "overtaken")

    def test_what_waits_does_not_outlive_the_incident(self):
        """Otherwise people read in the morning of an outage that ended at night."""
        opening = self.prepare()
        self.send(opening)
        late = self.texts(opening).filtered(lambda it: it.partner_id == self.third)
        late.not_before = fields.Datetime.now() + timedelta(hours=1)
        self.run_outbox()
        self.publish("resolved")
        late.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertGateSays(late, "canceled", "block", "overtaken")
        self.assertEqual(self.reached(opening), self.first | self.second)

    def test_what_was_checked_does_not_outlive_the_incident(self):
        opening = self.prepare()
        self.check(opening)
        self.publish("resolved")
        with self.assertRaisesRegex(UserError, "resolved meanwhile"):
            opening.action_send()
        opening.sudo()._start()
        self.work()
        self.run_outbox()
        self.assertEqual(set(self.texts(opening).mapped("gate_reason")), {"overtaken"})

    def test_the_name_of_an_area_that_was_archived_is_still_told(self):
        self.tell()
        self.area.active = False
        update = self.tell(body="[System Alert] {area} is still down.")
        self.assertIn("Denver is still down.", self.texts(update)[0].body)

    def test_a_copy_is_about_the_same_incident(self):
        copied = self.tell().copy()
        self.assertEqual((copied.incident_id, copied.state), (self.incident, "draft"))
        self.assertEqual(self.tell().copy().kind, "update")

    def test_in_batches(self):
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            self.tell()
            self.tell()
        for partner in self.agreed:
            self.assertEqual(len(self.messages_to(partner.phone)), 2)


@tagged("post_install", "-at_install")
class TestOtherNumber(IncidentCase):
    """Whoever got a failed text at another number gets what follows there too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own, cls.other, cls.another = cls.first.phone, *map(phone_number, (398, 7))
        for number in (cls.other, cls.another):
            cls.record_consent(number, "alert")

    def undeliver(self, broadcast):
        """Return the text to the first contact, marked as not delivered."""
        text = self.texts(broadcast).filtered(lambda it: it.number == self.own)
        policy = self.env["sms.fault"]._get_policy(faults.UNREACHABLE)
        text.write({"state": "error", "fault_id": policy.id})
        return text

    def send_to(self, number, text):
        """Send a failed text to another number, as a manager does."""
        action = text.with_user(self.manager).action_send_to_other()
        form = self.env[action["res_model"]].with_user(self.manager)
        form.create({"sms_id": text.id, "number": number}).action_send()

    def tell_at(self, number):
        """Send a text that reaches the first contact at another number only."""
        broadcast = self.tell()
        self.send_to(number, self.undeliver(broadcast))
        self.run_outbox()
        return broadcast

    def assertTold(self, *numbers):
        """Assert to which numbers the incident's next text is sent."""
        told = sorted(self.texts(self.tell()).mapped("number"))
        self.assertEqual(told, sorted([*numbers, self.third.phone]))

    def test_news_and_end_go_there(self):
        opening = self.tell_at(self.other)
        [row] = opening.recipient_ids.filtered(lambda it: it.partner_id == self.first)
        self.assertEqual((row.number, row.sms_id.state), (self.other, "sent"))
        self.assertTold(self.other, self.second.phone)
        self.publish("resolved")
        self.assertTold(self.other, self.second.phone)

    def test_the_number_told_last_counts(self):
        """Whichever of the numbers is the lower one."""
        self.tell()
        self.tell_at(self.other)
        self.assertTold(self.other, self.second.phone)
        self.own = self.other
        self.tell_at(self.another)
        self.publish("resolved")
        self.assertTold(self.another, self.second.phone)

    def test_the_number_of_another_recipient(self):
        """They get what follows once."""
        self.tell_at(self.second.phone)
        self.assertTold(self.second.phone)
        self.publish("resolved")
        self.assertTold(self.second.phone)

    def test_mute_from_there(self):
        self.tell_at(self.other)
        self.receive("MUTE", self.other)
        update = self.tell()
        self.assertEqual(self.outcomes(update)[self.first], ("muted", False))
        self.assertEqual(self.reached(update), self.second | self.third)

    def test_what_waits_there_is_replaced(self):
        opening = self.prepare()
        self.send(opening)
        self.send_to(self.other, self.undeliver(opening))
        waiting = self.messages_to(self.other)
        self.assertEqual(waiting.state, "outgoing")
        update = self.prepare()
        self.send(update)
        self.assertEqual(waiting.state, "canceled")
        self.assertEqual(waiting.replaced_by_id.number, self.other)
        self.assertNotIn(self.own, self.texts(update).mapped("number"))


@tagged("post_install", "-at_install")
class TestMerge(IncidentCase):
    """Contacts that are merged are lost to no broadcast."""

    def test_who_was_told_and_who_will_be(self):
        told, other = self.first.phone, self.second.phone
        self.tell()
        self.first.city = "Boston"
        waiting = self.make()
        self.check(waiting)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.first | self.second).ids, self.first)
        self.env.invalidate_all()
        waiting.action_send()
        self.work()
        self.assertIn(other, self.texts(waiting).mapped("number"))
        self.publish("resolved")
        numbers = self.texts(self.tell()).mapped("number")
        self.assertEqual(sorted(numbers), sorted([told, other, self.third.phone]))


@tagged("post_install", "-at_install")
class TestMute(IncidentCase):
    """MUTE ends one incident's texts, and no consent."""

    def last_to(self, partner):
        return self.messages_to(partner.phone)[-1]

    def test_mute_and_unmute(self):
        self.tell()
        inbound = self.receive("Mute.", self.first.phone)
        self.assertEqual(inbound.kind, "service")
        self.assertFalse(inbound.ticket_id)
        self.assertIn("No internet in Denver", self.last_to(self.first).body)
        self.assertEqual(self.incident.muted_count, 1)
        update = self.tell()
        self.assertEqual(self.outcomes(update)[self.first], ("muted", False))
        self.assertEqual(self.reached(update), self.second | self.third)
        self.assertIn("MUTE", update.check_html)
        answer = self.env["sms.consent"]._get_found(self.company, self.first.phone)
        self.assertNotIn("opted_out", {it.state for it in answer.values()})
        self.receive("UNMUTE", self.first.phone)
        self.assertFalse(self.incident.muted_count)
        self.assertIn(self.first, self.reached(self.tell()))

    def test_a_mute_between_check_and_sending(self):
        self.tell()
        update = self.prepare()
        self.check(update)
        self.receive("MUTE", self.first.phone)
        update.action_send()
        self.work()
        self.assertNotIn(self.first.phone, self.texts(update).mapped("number"))

    def test_a_mute_while_it_waits(self):
        self.tell()
        update = self.prepare()
        self.send(update)
        self.receive("MUTE", self.first.phone)
        [text] = self.texts(update).filtered(lambda it: it.partner_id == self.first)
        self.assertGateSays(text, "canceled", "block", "muted")

    def test_a_mute_that_its_job_did_not_see(self):
        """It was received while the job's batch was not yet committed."""
        self.tell()
        update = self.prepare()
        self.send(update)
        self.env["sms.incident.mute"].sudo().create(
            {
                "incident_id": self.incident.id,
                "number": self.first.phone,
                "muted_at": fields.Datetime.now(),
            }
        )
        self.run_outbox()
        self.assertEqual(self.reached(update), self.second | self.third)

    def test_of_several_the_newest_text_is_meant(self):
        self.tell()
        older, self.incident = self.incident, self.incident.copy({"name": "No mail"})
        self.tell()
        self.receive("MUTE", self.first.phone)
        self.assertEqual((older.muted_count, self.incident.muted_count), (0, 1))
        self.assertIn("No mail", self.last_to(self.first).body)
        self.receive("MUTE", self.first.phone)
        self.assertEqual((older.muted_count, self.incident.muted_count), (1, 1))
        self.receive("UNMUTE", self.first.phone)
        self.assertEqual((older.muted_count, self.incident.muted_count), (0, 1))

    def test_nothing_to_mute(self):
        for word, said in (("MUTE", "nothing to mute"), ("UNMUTE", "nothing that is")):
            self.receive(word, self.first.phone)
            self.assertIn(said, self.last_to(self.first).body)
        self.tell()
        self.publish("resolved")
        self.receive("MUTE", self.first.phone)
        self.assertIn("nothing to mute", self.last_to(self.first).body)

    def test_a_compliance_officer_sees_the_list(self):
        incident = self.incident.with_user(self.compliance_officer)
        [values] = incident.read(["name", "area_ids", "texted_count"])
        self.assertEqual(values["area_ids"], self.incident.area_ids.ids)
        [shown] = incident.web_read({"area_ids": {"fields": {"display_name": {}}}})
        self.assertEqual(
            [area["display_name"] for area in shown["area_ids"]],
            self.incident.area_ids.mapped("name"),
        )

    def test_one_of_us_takes_it_back(self):
        self.tell()
        self.receive("MUTE", self.first.phone)
        mute = self.incident.mute_ids
        for user in (self.own_agent, self.compliance_officer, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                mute.with_user(user).action_unmute()
        mute.with_user(self.agent).action_unmute()
        self.assertEqual(mute.ended_by_id, self.agent)
        self.assertFalse(self.incident.muted_count)

    def test_it_is_forgotten_with_its_person(self):
        self.tell()
        self.receive("MUTE", self.second.phone)
        found = self.env["sms.incident.mute"].sudo()
        found = found._find_personal(self.company, [self.second.phone])
        self.assertEqual(found.partner_id, self.second)
        found._forget()
        self.assertFalse(found.partner_id or found.number)


@tagged("post_install", "-at_install")
class TestForgedNews(IncidentCase):
    """Who published what and when is noted by the server."""

    def test_a_clients_defaults_are_not_noted(self):
        news = self.env["sms.incident.news"].with_user(self.manager)
        forged = {
            "default_user_id": self.administrator.id,
            "default_published_at": "2020-01-01 00:00:00",
        }
        entry = news.with_context(**forged).create(
            {"incident_id": self.incident.id, "body": "It works."}
        )
        self.assertEqual(entry.user_id, self.manager)
        self.assertGreater(entry.published_at.year, 2020)


class TestDiscipline(IncidentCase):
    """The texts that people have had are counted, and too many cause a warning."""

    def test_a_warning_before_too_many(self):
        self.incident.text_limit = 2
        self.tell()
        update = self.prepare()
        self.check(update)
        self.assertNotIn("people have already had", update.discipline_note)
        update.action_send()
        self.work()
        self.run_outbox()
        update = self.prepare()
        self.check(update)
        self.assertIn("3 people have already had 2 texts", update.discipline_note)

    def test_a_warning_so_soon(self):
        opening = self.prepare()
        self.assertFalse(opening.discipline_note)
        self.send(opening)
        self.assertIn("half an hour ago", self.prepare().discipline_note)
        opening.sudo().started_at -= timedelta(hours=1)
        self.assertFalse(self.prepare().discipline_note)

    def test_an_answer_counts_as_a_text(self):
        self.tell()
        self.receive("Nothing works", self.first.phone)
        self.run_outbox()
        self.assertIn("have had 2 texts", self.incident.texts_html)
        self.assertEqual(self.incident.texted_count, 3)

    def test_the_erased_are_still_several_people(self):
        """They were one person with all of their texts, in red."""
        texts = self.texts(self.tell()) | self.texts(self.tell())
        shown = self.incident.texts_html
        self.assertIn("have had 2 texts", shown)
        texts.filtered(lambda it: it.number != self.first.phone_sanitized)._forget()
        self.env.invalidate_all()
        self.assertEqual(self.incident.texted_count, 3)
        self.assertEqual(self.incident.texts_html, shown)


@tagged("post_install", "-at_install")
class TestRights(IncidentCase):
    """Managers announce and publish; agents see it and link tickets."""

    def test_an_agent_announces_nothing(self):
        seen = self.incident.with_user(self.agent)
        self.assertEqual(seen.name, "No internet in Denver")
        for work in (seen.action_publish, lambda: seen.write({"name": "x"})):
            with self.assertRaises(AccessError):
                work()
        with self.assertRaises(AccessError):
            self.env["sms.incident.news"].with_user(self.agent).create(
                {"incident_id": self.incident.id, "body": "x"}
            )

    def test_how_it_stands_is_said_by_news(self):
        with self.assertRaisesRegex(AccessError, "set automatically"):
            self.incident.state = "resolved"
        self.publish("monitoring")
        self.assertEqual(self.incident.state, "monitoring")
        news = self.incident.news_ids
        news.write({"body": "Corrected", "state": "open"})
        self.assertEqual((news.body, news.state), ("Corrected", "monitoring"))
        self.assertEqual(news.user_id, self.manager)
        with self.assertRaises(AccessError):
            news.unlink()
        self.publish("resolved")
        self.publish("open")
        self.assertFalse(self.incident.resolved_at)

    def test_another_company(self):
        other = self.make_company("Other")
        self.manager.company_ids -= other
        incidents = self.env["sms.incident"].with_user(self.manager)
        with self.assertRaises(AccessError):
            incidents.create({"name": "x", "company_id": other.id})
        theirs = self.env["sms.incident"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        self.assertFalse(incidents.search([("id", "=", theirs.id)]))
        with self.assertRaises(ValidationError):
            self.ticket.sms_incident_id = theirs
        with self.assertRaises(ValidationError):
            self.env["sms.broadcast"].create(
                {"name": "x", "incident_id": theirs.id, "company_id": self.company.id}
            )

    def test_it_stays_in_the_company_that_has_told_or_been_told_of_it(self):
        other = self.make_company("Other")
        companies = self.company | other
        incident = self.incident.with_context(allowed_company_ids=companies.ids)
        incident.company_id = other
        incident.company_id = self.company
        for link in (
            lambda: self.ticket.write(
                {"sms_incident_id": incident.id, "active": False}
            ),
            lambda: (self.ticket.write({"sms_incident_id": False}), self.tell()),
        ):
            link()
            with self.assertRaises(ValidationError), self.cr.savepoint():
                incident.company_id = other
            self.assertEqual(incident.company_id, self.company)

    def test_what_was_told_is_kept(self):
        self.tell()
        with self.assertRaises(UserError):
            self.incident.unlink()
        self.incident.copy().unlink()

    def test_the_buttons_of_everybody(self):
        self.tell()
        for button in ("broadcasts", "tickets", "mutes", "texts"):
            action = getattr(
                self.incident.with_user(self.agent), f"action_view_{button}"
            )()
            records = self.env[action["res_model"]].with_user(self.agent)
            self.assertIsInstance(records.search_count(action["domain"]), int)


@tagged("post_install", "-at_install")
class TestTickets(IncidentCase):
    """Customers of the area who text or open a ticket hear that we know."""

    def answers_to(self, partner):
        texts = self.messages_to(partner.phone)
        return texts.filtered(lambda it: it.incident_id and not it.broadcast_id)

    def open(self, partner, **values):
        """Return a new ticket about the outage."""
        return self.make_ticket(partner, **{"name": "The internet is gone", **values})

    def test_a_text_out_of_the_area(self):
        """Once, and even without consent on record: it answers their question."""
        inbound = self.receive("My internet is down", self.silent.phone)
        self.assertEqual(inbound.ticket_id.sms_incident_id, self.incident)
        answer = self.answers_to(self.silent)
        self.assertEqual(answer.state, "outgoing")
        self.assertIn("No internet in Denver", answer.body)
        self.assertIn(self.incident.status_page, answer.body)
        self.receive("Hello? Is anybody there", self.silent.phone)
        self.assertEqual(len(self.answers_to(self.silent)), 1)

    def test_a_text_from_elsewhere(self):
        inbound = self.receive("My internet is down", self.far.phone)
        self.assertTrue(inbound.ticket_id)
        self.assertFalse(inbound.ticket_id.sms_incident_id)
        self.assertFalse(self.answers_to(self.far))

    def test_who_was_texted_need_not_be_in_the_area(self):
        self.tell()
        self.first.city = "Boston"
        inbound = self.receive("My internet is down", self.first.phone)
        self.assertEqual(inbound.ticket_id.sms_incident_id, self.incident)

    def test_a_ticket_that_somebody_opens(self):
        self.record_consent(self.first.phone, "ticket")
        ticket = self.open(self.first)
        self.assertEqual(ticket.sms_incident_id, self.incident)
        answer = self.answers_to(self.first)
        self.assertEqual(answer.gate_reason, "consent")
        # The answer says this itself, so no footer is added.
        self.assertEqual(answer.body.count("STOP"), 1)
        self.assertIn("HELP", answer.body)
        self.open(self.first)
        self.assertEqual(len(self.answers_to(self.first)), 1)

    def test_without_consent_a_ticket_brings_no_text(self):
        ticket = self.open(self.silent)
        self.assertEqual(ticket.sms_incident_id, self.incident)
        self.assertEqual(self.answers_to(self.silent).gate_reason, "no_consent")

    def test_an_older_ticket_is_about_something_else(self):
        ticket = self.make_ticket(self.far)
        self.far.city = "Denver"
        self.incident.opened_at = ticket.create_date + timedelta(seconds=1)
        inbound = self.receive("And now the internet too", self.far.phone)
        self.assertEqual(inbound.ticket_id, ticket)
        self.assertFalse(ticket.sms_incident_id)
        self.assertEqual(len(self.answers_to(self.far)), 1)

    def test_nobody_is_answered_who_has_muted_or_left_or_may_have(self):
        self.tell()
        self.receive("MUTE", self.first.phone)
        self.receive("My internet is down", self.first.phone)
        self.receive("STOP", self.second.phone)
        self.receive("My internet is down", self.second.phone)
        self.receive("I have had enough of this", self.third.phone)
        review = self.env["sms.consent.review"].search(
            [("number", "=", self.third.phone)]
        )
        self.assertEqual(review.state, "open")
        answers = self.answers_to(self.first).filtered(
            lambda it: it.body.find("know about") >= 0
        )
        self.assertFalse(answers)
        for partner in (self.second, self.third):
            self.assertFalse(self.answers_to(partner))

    def test_nothing_when_it_is_resolved(self):
        self.publish("resolved")
        self.assertFalse(self.open(self.first).sms_incident_id)
        self.publish("open")
        self.assertTrue(self.open(self.first).sms_incident_id)

    def test_by_hand(self):
        ticket = self.make_ticket(self.far)
        ticket.with_user(self.agent).sms_incident_id = self.incident
        self.assertEqual(self.incident.with_user(self.agent).ticket_count, 1)

    def test_a_new_ticket_costs_no_query_while_nothing_goes_on(self):
        self.publish("resolved")
        self.make_ticket(self.far)
        self.env.flush_all()
        ticket = self.make_ticket(self.far)
        self.env.flush_all()
        self.assertEqual(ticket.partner_phone_sanitized, self.far.phone)
        before = self.cr.sql_log_count
        ticket._join_sms_incident()
        self.assertEqual(self.cr.sql_log_count, before)


@tagged("post_install", "-at_install")
class TestMatch(IncidentCase):
    """A ticket joins by area, category or words, not because an incident is open."""

    def joined(self, partner=None, name="Printer jams", **values):
        """Return the incident that a new ticket joins automatically."""
        ticket = self.make_ticket(partner or self.first, name=name, **values)
        return ticket.sms_incident_id

    def test_the_words_are_proposed_by_its_name(self):
        words = self.incident.words.split(", ")
        self.assertIn("internet", words)
        self.assertIn("outage", words)
        self.assertNotIn("denver", words)
        self.incident.words = "uplink"
        self.incident.name = "No internet at all in Denver"
        self.assertEqual(self.incident.words, "uplink")

    def test_words_in_subject_and_text(self):
        for values, joins in (
            ({}, False),
            ({"name": "INTERNET down!"}, True),
            ({"description": "<p>We have no Internet <b>since</b> noon</p>"}, True),
            ({"name": "New keyboard for the download team"}, False),
            ({"name": "Nothing  works"}, True),
            ({"description": False}, False),
        ):
            with self.subTest(values=values):
                values = {"description": "<p>It jams.</p>", **values}
                values["description"] = values["description"] or "<p/>"
                self.assertEqual(bool(self.joined(**values)), joins)

    def test_elsewhere_the_same_words_are_another_outage(self):
        self.assertFalse(self.joined(self.far, "Internet down"))
        self.incident.area_ids = False
        self.assertEqual(self.joined(self.far, "Internet down"), self.incident)
        self.assertFalse(self.joined(self.far))

    def test_an_archived_area_does_not_make_it_everywhere(self):
        self.area.active = False
        self.assertFalse(self.joined(self.far, "Internet down"))
        self.assertEqual(self.joined(self.first, "Internet down"), self.incident)

    def test_a_category(self):
        category = self.env["helpdesk.ticket.category"].create({"name": "Network"})
        self.incident.category_ids = category
        self.assertEqual(self.joined(category_id=category.id), self.incident)
        self.assertFalse(self.joined(self.far, category_id=category.id))
        self.assertFalse(self.joined())

    def test_without_words_the_area_decides(self):
        self.incident.words = False
        self.assertEqual(self.joined(), self.incident)
        self.assertFalse(self.joined(self.far))
        self.incident.area_ids = False
        self.assertFalse(self.joined(self.far))

    def test_a_text_about_something_else(self):
        inbound = self.receive("The printer jams again", self.silent.phone)
        self.assertTrue(inbound.ticket_id)
        self.assertFalse(inbound.ticket_id.sms_incident_id)
        self.assertFalse(self.messages_to(self.silent.phone).incident_id)


@tagged("post_install", "-at_install")
class TestSomethingElse(IncidentCase):
    """Agent or customer detach a ticket from an incident; then it is confirmed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent(cls.first.phone, "ticket")
        new_stage = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_new")
        cls.joined = cls.make_ticket(
            cls.first, name="Internet is slow", stage_id=new_stage.id
        )

    def bodies(self, partner=None):
        """Run the automations, and return the texts to a customer."""
        self.run_automations()
        texts = self.messages_to((partner or self.first).phone)
        return texts.mapped("body")

    def test_who_is_told_that_we_know_is_not_told_twice(self):
        [body] = self.bodies()
        self.assertIn("No internet in Denver", body)
        self.assertIn("OTHER", body)
        self.assertTrue(self.joined.sms_incident_told_at)

    def test_an_agent_says_so(self):
        for user in (self.employee, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.joined.with_user(user).action_sms_not_incident()
        self.joined.with_user(self.agent).action_sms_not_incident()
        self.assertFalse(self.joined.sms_incident_id)
        self.assertTrue(self.joined.sms_is_no_incident)
        self.assertIn(self.agent.name, self.joined.message_ids[0].body)
        known, confirmation = self.bodies()
        self.assertIn("No internet in Denver", known)
        self.assertIn("has been received", confirmation)
        count = len(self.joined.message_ids)
        self.joined.with_user(self.agent).action_sms_not_incident()
        self.assertEqual(len(self.joined.message_ids), count)
        self.assertEqual(len(self.bodies()), 2)

    def test_the_customer_says_so_by_text(self):
        inbound = self.receive("Other", self.first.phone)
        self.assertEqual((inbound.kind, inbound.ticket_id), ("service", self.joined))
        self.assertFalse(self.joined.sms_incident_id)
        self.assertIn("has been received", self.bodies()[-1])
        self.receive("And the internet is down too", self.first.phone)
        self.assertFalse(self.joined.sms_incident_id)
        again = self.receive("OTHER", self.first.phone)
        self.assertEqual(again.kind, "conversation")

    def test_of_a_closed_ticket(self):
        """The customer's word reopens it, an agent's corrects it and texts nobody."""
        self.bodies()
        self.joined.stage_id = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done")
        before = self.bodies()
        with self.cr.savepoint() as savepoint:
            self.receive("OTHER", self.first.phone)
            self.assertFalse(self.joined.closed)
            savepoint.rollback()
        self.env.invalidate_all()
        self.joined.with_user(self.agent).action_sms_not_incident()
        self.assertFalse(self.joined.sms_incident_id)
        self.assertTrue(self.joined.closed)
        self.assertEqual(self.bodies(), before)

    def test_of_a_ticket_that_its_team_leaves_closed(self):
        self.team.sms_reopen = False
        self.joined.team_id = self.team
        self.joined.stage_id = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done")
        inbound = self.receive("OTHER", self.first.phone)
        self.assertEqual(inbound.kind, "conversation")
        self.assertEqual(inbound.ticket_id, self.joined)
        self.assertTrue(self.joined.sms_waiting_since)

    def test_who_has_not_agreed_is_answered_all_the_same(self):
        inbound = self.receive("My internet is down", self.silent.phone)
        ticket = inbound.ticket_id
        self.assertEqual(ticket.sms_incident_id, self.incident)
        self.receive("other.", self.silent.phone)
        self.assertFalse(ticket.sms_incident_id)
        told = self.messages_to(self.silent.phone)
        told = told.filtered(lambda it: it.exemption == "service")[-1]
        self.assertEqual(told.state, "outgoing")
        self.assertIn(f"#{ticket.number}", told.body)

    def test_other_without_an_incident_is_conversation(self):
        inbound = self.receive("OTHER", self.far.phone)
        self.assertEqual(inbound.kind, "conversation")
        self.assertTrue(inbound.ticket_id)
