# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo.exceptions import AccessError

from ...models.desk.helpdesk_ticket_thread import PAGE_SIZE
from ..clock import in_a_year
from ..common import phone_number
from .common import DeskCase


class ThreadCase(DeskCase):
    """A ticket whose number has texted about other things too."""

    def entries(self, user=None, **options):
        """Return what the thread shows, oldest first."""
        return self.converse(user, **options)["messages"]

    def shown(self, *directions, **options):
        """Return the contents of the entries of some kinds."""
        return [
            entry.get("body") or entry.get("words") or entry.get("html")
            for entry in self.entries(**options)
            if entry["direction"] in directions
        ]

    def write_note(self, words):
        """Return a new note of the ticket's chatter."""
        return self.ticket.with_user(self.agent).message_post(
            body=words, subtype_xmlid="mail.mt_note", message_type="comment"
        )

    def age(self, record, **ago):
        """Backdate a text's receipt, or a record's creation."""
        name = "received_at" if record._name == "sms.inbound" else "create_date"
        moment = self.env.cr.now().replace(microsecond=0) - timedelta(**ago)
        self.env.flush_all()
        self.cr.execute(
            f"UPDATE {record._table} SET {name} = %s WHERE id = ANY(%s)",
            [moment, record.ids],
        )
        self.env.invalidate_all()


class TestWholeStory(ThreadCase):
    """Everything exchanged with the number is there, in order."""

    def test_a_stop_its_line_and_its_confirmation(self):
        self.receive("Hello")
        self.receive("STOP")
        told = [it for it in self.entries() if it.get("event") != "granted"][-3:]
        self.assertEqual([entry["direction"] for entry in told], ["in", "event", "out"])
        stop, line, confirmation = told
        self.assertEqual((stop["body"], stop["kind"]), ("STOP", "stop"))
        self.assertIn("no more texts of any kind", line["words"])
        self.assertEqual(line["event"], "revoked")
        self.assertIn("opted out", confirmation["body"].lower())
        self.assertEqual(confirmation["template"], "Confirms an opt-out")
        self.assertFalse(confirmation["about"])

    def test_a_yes_stands_with_its_question(self):
        number = phone_number(5)
        self.ticket.partner_id = self.make_customer(number, "Yan")
        keyword = self.env["sms.keyword"].search([("action", "=", "join")], limit=1)
        self.receive(keyword.word, number)
        self.receive("YES", number)
        told = self.entries()
        question = next(it["body"] for it in told if it["direction"] == "out")
        yes = next(it for it in told if it["direction"] == "in" and it["body"] == "YES")
        self.assertEqual(yes["question"], question)
        self.assertEqual(
            [it["event"] for it in told if it["direction"] == "event"],
            ["requested", "confirmed"],
        )

    def test_help_and_what_has_no_ticket(self):
        self.receive("HELP")
        self.env["sms.sms"].create({"number": self.number, "body": "Power is back"})
        words = self.shown("in", "out")
        self.assertIn("HELP", words)
        self.assertTrue([it for it in words if "Power is back" in it])

    def test_consent_recorded_by_an_agent_is_a_line(self):
        self.env["sms.consent.event"].with_user(self.agent).sudo()._record(
            self.company, self.number, "revoked", "phone", None
        )
        line = self.shown("event")[-1]
        self.assertIn(self.agent.name, line)

    def test_one_act_for_several_purposes_is_one_line(self):
        before = len(self.shown("event"))
        self.record_consent(self.number, "appointment", "alert")
        self.assertEqual(len(self.shown("event")), before + 1)

    def test_a_review_is_a_line_until_and_after_it_is_decided(self):
        inbound = self.receive("Hello")
        reviews = self.env["sms.consent.review"]
        review = reviews._open(inbound, self.company, "test")
        self.assertIn("may be an opt-out", self.shown("review")[0])
        review.with_user(self.manager).action_conversation()
        self.assertIn("not an opt-out", self.shown("review")[0])

    def test_notes_are_there_and_deleted_ones_are_not(self):
        note = self.write_note("Ask the vendor")
        (entry,) = [it for it in self.entries() if it["direction"] == "note"]
        self.assertIn("Ask the vendor", entry["html"])
        self.assertEqual(entry["author"], self.agent.name)
        self.ticket._message_update_content(note.sudo(), body="")
        self.assertFalse(self.shown("note"))

    def test_mails_to_the_customer_are_no_notes(self):
        self.post_on(self.ticket, "Dear", subtype_xmlid="mail.mt_comment")
        self.assertFalse(self.shown("note"))

    def test_texts_stay_when_the_number_changes(self):
        self.receive("From the old number")
        other = phone_number(8)
        self.ticket.partner_phone = other
        self.receive("From the new one", other)
        told = [it for it in self.entries() if it["direction"] == "in"]
        self.assertEqual([it["number"] for it in told], [self.number, ""])

    def test_what_a_colleague_gets_about_the_ticket_is_not_theirs(self):
        number = phone_number(9)
        self.record_consent(number, "internal")
        told = self.tell_colleague(self.ticket, number)
        self.assertSent(told, "internal")
        self.assertFalse(self.shown("out"))
        desk = self.desk_of(self.agent)
        self.assertFalse(desk.get_sms_changes([f"out-{told.id}"])["messages"])

    def test_erased_words_are_gone(self):
        inbound = self.receive("My secret")
        self.env["sms.question"].sudo()
        inbound._forget()
        words = " ".join(map(str, self.shown("in")))
        self.assertNotIn("secret", words)


class TestOtherRecords(ThreadCase):
    """Texts about other records are folded; only who may read those can open them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_ticket(cls.customer, user_id=cls.agent.id)

    def test_another_ticket_is_named_and_its_words_come_on_demand(self):
        self.receive("About the other one")
        (folded,) = [it for it in self.entries(self.agent) if it.get("is_hidden")]
        self.assertEqual(folded["about"]["name"], self.other.number)
        self.assertNotIn("body", folded)
        desk = self.desk_of(self.agent)
        (text,) = desk.get_sms_changes([folded["id"]])["messages"]
        self.assertEqual(text["body"], "About the other one")
        self.assertEqual(text["about"]["id"], self.other.id)

    def test_a_ticket_that_one_may_not_read_is_only_counted(self):
        self.receive("Between us")
        self.other.with_user(self.agent).send_sms_reply("Not for all", "key")
        folded = [it for it in self.entries() if it.get("is_hidden")]
        self.assertEqual(len(folded), 2)
        for entry in folded:
            self.assertEqual(
                (entry["about"]["id"], entry["about"]["name"]), (False, "")
            )
        told = self.desk_of(self.own_agent).get_sms_changes([it["id"] for it in folded])
        self.assertNotIn("body", str(told["messages"]))
        self.assertNotIn("Between us", str(told))

    def test_what_cannot_be_done_here_is_not_offered(self):
        self.other.with_user(self.agent).send_sms_reply("Elsewhere", "key")
        (folded,) = [it for it in self.entries(self.agent) if it.get("is_hidden")]
        (text,) = self.desk_of(self.agent).get_sms_changes([folded["id"]])["messages"]
        self.assertEqual(text["ways"], [])

    def test_an_appointments_text_is_named(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Repair",
                "start": in_a_year(),
                "stop": in_a_year(hours=1),
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        event._message_sms("See you then", sms_numbers=[self.number])
        text = next(it for it in self.entries() if "See you" in it.get("body", ""))
        self.assertEqual(
            (text["about"]["model"], text["about"]["id"]), ("calendar.event", event.id)
        )

    def test_a_question_about_what_one_may_not_read_is_not_quoted(self):
        self.other.with_user(self.agent).send_sms_reply("The secret matter?", "key")
        answer = self.receive("2")
        answer.write({"kind": "answer", "ticket_id": False})
        told = self.entries()
        self.assertIn("2", [it.get("body") for it in told])
        self.assertNotIn("secret", str(told))
        self.assertIn("secret", str(self.entries(self.agent)))

    def test_words_about_a_private_appointment_are_its_owners(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Repair",
                "start": in_a_year(),
                "stop": in_a_year(hours=1),
                "privacy": "private",
                "user_id": self.manager.id,
                "partner_ids": [(6, 0, (self.customer | self.manager.partner_id).ids)],
            }
        )
        event._message_sms("At the clinic", sms_numbers=[self.number])
        self.assertNotIn("clinic", str(self.entries()))
        self.assertIn("clinic", str(self.entries(self.manager)))

    def test_another_companys_texts_are_never_told(self):
        company = self.make_company("Other")
        self.receive("To the others", company=company)
        self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "By the others",
                "record_company_id": company.id,
            }
        )
        self.record_consent(company=company)
        ids = [f"in-{self.env['sms.inbound'].search([], limit=1).id}"]
        ids += [f"out-{self.env['sms.sms'].search([], limit=1).id}"]
        ids += [f"event-{self.env['sms.consent.event'].search([], limit=1).id}"]
        desk = self.desk_of(self.agent)
        self.assertFalse(desk.get_sms_changes(ids)["messages"])
        self.assertNotIn("others", str(self.entries(self.agent)))

    def test_another_numbers_texts_are_never_told(self):
        self.receive("A stranger", phone_number(6))
        ids = [f"in-{self.env['sms.inbound'].search([], limit=1).id}"]
        self.assertFalse(self.desk_of(self.agent).get_sms_changes(ids)["messages"])

    def test_without_a_number_there_are_the_tickets_own_alone(self):
        self.env["sms.sms"].create({"number": False, "body": "To nobody"})
        self.ticket.partner_phone = False
        self.assertNotIn("To nobody", str(self.entries()))
        self.assertFalse(self.shown("event"))


class TestPages(ThreadCase):
    """Pages hold entries of all kinds, each exactly once."""

    def fill(self, count):
        """Make entries of all kinds, some of which are about another ticket."""
        self.make_ticket(self.customer, user_id=self.agent.id)
        for index in range(count):
            inbound = self.receive(f"Text {index}")
            if index % 3:
                inbound.ticket_id = self.ticket
            self.age(inbound, minutes=count - index)
            if index % 4 == 0:
                self.write_note(f"Note {index}")
                self.record_consent()

    def read_all(self, user):
        """Return all pages, the newest first."""
        pages = [self.converse(user)]
        while pages[-1]["has_older"]:
            before = pages[-1]["messages"][0]["id"]
            pages.append(self.converse(user, before=before))
        return pages

    def test_all_is_told_once(self):
        self.fill(2 * PAGE_SIZE)
        pages = self.read_all(self.agent)
        self.assertGreater(len(pages), 1)
        ids = [it["id"] for page in reversed(pages) for it in page["messages"]]
        self.assertEqual(len(ids), len(set(ids)))
        inbounds = self.env["sms.inbound"].search([("number", "=", self.number)])
        self.assertEqual(
            {it for it in ids if it.startswith("in-")},
            {f"in-{inbound.id}" for inbound in inbounds},
        )
        times = [it["at"] for page in reversed(pages) for it in page["messages"]]
        self.assertEqual(times, sorted(times))

    def test_texts_of_another_ticket_take_no_room(self):
        own = self.receive("Mine")
        self.age(own, hours=1)
        other = self.make_ticket(self.customer)
        for index in range(PAGE_SIZE + 5):
            self.receive(f"Other {index}").ticket_id = other
        page = self.converse(self.agent)
        self.assertIn(f"in-{own.id}", [it["id"] for it in page["messages"]])

    def test_hostile_ids_bring_nothing(self):
        self.receive("Hello")
        for before in ("in-0", "x", "event-999999999", 5, "in-1' OR 1=1", ["in-1"]):
            with self.subTest(before=before):
                self.assertFalse(self.converse(before=before)["messages"])
        desk = self.desk_of(self.own_agent)
        for ids in (None, "in-1", [None, {}, "note-1", "review-1"], ["in-x"] * 10000):
            with self.subTest(ids=str(ids)[:20]):
                self.assertFalse(desk.get_sms_changes(ids)["messages"])

    def test_more_entries_take_no_more_queries(self):
        self.fill(4)
        self.reply()
        self.receive("STOP")
        few = self.count_queries(self.converse, self.agent)
        self.fill(16)
        for index in range(4):
            self.env["sms.sms"].create({"number": self.number, "body": f"N {index}"})
        self.assertLessEqual(self.count_queries(self.converse, self.agent), few)


class TestNobodyAnswersTwice(ThreadCase):
    """Who has not seen a colleague's answer is asked before sending a second one."""

    def test_an_answer_that_is_not_on_the_screen_is_told_first(self):
        self.reply("Mine", user=self.agent)
        news = self.reply("Mine too", is_sure=False)
        self.assertTrue(news["is_overtaken"])
        self.assertEqual(news["overtaken_by"]["author"], self.agent.name)
        self.assertIn("Mine", news["overtaken_by"]["body"])
        self.assertEqual(len(self.messages_to()), 1)
        self.reply("Mine too", is_sure=True)
        self.assertEqual(len(self.messages_to()), 2)

    def test_words_about_another_ticket_are_for_who_may_read_it(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        other.with_user(self.agent).send_sms_reply("The secret matter", "key")
        news = self.reply("Mine too", is_sure=False)
        self.assertTrue(news["is_overtaken"])
        self.assertNotIn("secret", str(news))
        news = self.reply("Mine too", user=self.manager, is_sure=False)
        self.assertIn("The secret matter", news["overtaken_by"]["body"])

    def test_what_is_on_the_screen_own_old_or_automatic_overtakes_nobody(self):
        self.reply("Mine", user=self.agent)
        known = f"out-{self.messages_to().id}"
        self.reply("Seen", is_sure=False, known_id=known)
        self.assertEqual(len(self.messages_to()), 2)
        self.reply("Own", is_sure=False, known_id=known)
        self.assertEqual(len(self.messages_to()), 3)
        self.age(self.messages_to(), minutes=3)
        self.reply("Later", user=self.team_agent, is_sure=False)
        self.assertEqual(len(self.messages_to()), 4)
        self.age(self.messages_to(), minutes=3)
        self.env["sms.sms"].create({"number": self.number, "body": "By itself"})
        self.reply("Still", user=self.agent, is_sure=False)
        self.assertEqual(len(self.messages_to()), 6)

    def test_what_was_taken_back_overtakes_nobody(self):
        self.reply("Mine", user=self.agent)
        self.messages_to().with_user(self.agent).action_cancel_waiting()
        self.assertNotIn("is_overtaken", self.reply("Mine too", is_sure=False))
        self.assertEqual(len(self.messages_to()), 2)

    def test_a_wrong_known_id_is_none(self):
        self.reply("Mine", user=self.agent)
        for known_id in ("in-1", "x", 7, None, ["out-1"]):
            with self.subTest(known_id=known_id):
                news = self.reply("Too", is_sure=False, known_id=known_id)
                self.assertTrue(news["is_overtaken"])

    def test_presence_is_for_who_may_read(self):
        desk = self.desk_of(self.own_agent)
        self.assertTrue(desk.share_sms_presence("typing"))
        self.assertFalse(desk.share_sms_presence("dancing"))
        with self.assertRaises(AccessError):
            self.desk_of(self.employee).share_sms_presence("looking")
        others = self.make_ticket(user_id=self.agent.id)
        with self.assertRaises(AccessError):
            self.desk_of(self.own_agent, others).share_sms_presence("looking")
