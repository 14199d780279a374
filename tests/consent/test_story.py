# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import product

from odoo import fields
from odoo.exceptions import AccessError

from ...models.consent import sms_consent_story
from ...models.ledger.sms_consent_event import METHOD_SELECTION
from ...tools.consent import EVENTS, FOR_ALL_EVENTS
from ..clock import freeze_time
from ..common import SmsCase, phone_number

SCAN = ("form.pdf", b"%PDF-1.4 signed")

#: Event, method, codes of purposes (none: all), and its sentence in the story.
SAID = (
    (
        *("requested", "keyword", "ticket"),
        "Dana texted “SUPPORT” and was asked to confirm: Tickets.",
    ),
    (
        *("requested", "web", "ticket"),
        "Dana entered the number on a web page, and it was asked by text to "
        "confirm: Tickets.",
    ),
    ("requested", "api", "ticket", "Dana was asked to confirm: Tickets."),
    (
        *("confirmed", "keyword", "ticket"),
        "Dana answered “SUPPORT”: may get texts about Tickets.",
    ),
    ("granted", "web", "ticket", "Dana agreed on a web page to texts about Tickets."),
    (
        *("granted", "paper", "ticket"),
        "Ana recorded a form signed by Dana: may get texts about Tickets.",
    ),
    (
        *("granted", "import", "ticket"),
        "Ana imported a list in which Dana agreed to texts about Tickets.",
    ),
    (
        *("granted", "api", "ticket"),
        "Another system (Ana) reported that Dana agreed to texts about Tickets.",
    ),
    (
        *("granted", "keyword", "ticket"),
        "Dana texted “SUPPORT”: may get texts about Tickets.",
    ),
    (
        *("granted", "in_person", "ticket"),
        "Ana recorded that Dana agreed to texts about Tickets (Said in person).",
    ),
    (
        *("granted", "phone", "ticket"),
        "Ana recorded that Dana agreed to texts about Tickets (Said on the phone).",
    ),
    (
        *("granted", "written", "ticket"),
        "Ana recorded that Dana agreed to texts about Tickets (Email or letter).",
    ),
    ("revoked", "keyword", "", "Dana texted “SUPPORT”: no more texts of any kind."),
    (
        *("revoked", "keyword", "ticket"),
        "Dana texted “SUPPORT”: no more texts about Tickets.",
    ),
    ("revoked", "web", "", "Dana opted out on a web page: no more texts of any kind."),
    (
        *("revoked", "carrier", ""),
        "The carrier knows of an opt-out: no more texts of any kind.",
    ),
    (
        *("revoked", "import", ""),
        "Ana imported a list of opt-outs with Dana in it: no more texts of any kind.",
    ),
    (
        *("revoked", "api", ""),
        "Another system (Ana) reported that Dana opted out: no more texts of any kind.",
    ),
    (
        *("revoked", "blacklist", ""),
        "Ana put the number on the phone blacklist: no more texts of any kind.",
    ),
    (
        *("revoked", "phone", ""),
        "Ana recorded that Dana opted out (Said on the phone): no more texts "
        "of any kind.",
    ),
    (
        *("restored", "keyword", ""),
        "Dana texted “SUPPORT”: what had been agreed to before holds again.",
    ),
    (
        *("restored", "keyword", "ticket"),
        "Dana texted “SUPPORT”: gets texts about Tickets again.",
    ),
    ("restored", "api", "ticket", "Dana gets texts about Tickets again."),
    ("expired", "time", "ticket", "Tickets: expired by itself."),
    (
        *("expired", "reassigned", "ticket"),
        "The Reassigned Numbers Database answered that the number was disconnected "
        "since: the consent to Tickets has ended.",
    ),
    (
        *("expired", "carrier", "ticket"),
        "The carrier does not know the number any more: the consent to Tickets "
        "has ended.",
    ),
    (
        *("expired", "keyword", "ticket"),
        "“SUPPORT” came from the number, which has another holder now: the "
        "consent to Tickets has ended.",
    ),
)


class StoryCase(SmsCase):
    """Common base: reads the story of the customer's number."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.name = "Ana"
        for user in (cls.agent, cls.manager, cls.compliance_officer):
            user.tz = "UTC"

    def get_answer(self, number=None):
        """Return an answer of a number, default the customer's."""
        number = number or self.number
        return self.env["sms.consent"].search([("number", "=", number)], limit=1)

    def tell(self, user=None, **options):
        """Return the story as a user gets it, by default the agent."""
        return self.get_answer().with_user(user or self.agent).get_story(**options)

    def get_entries(self, user=None):
        """Return the entries of all days."""
        return [e for day in self.tell(user)["days"] for e in day["entries"]]


class TestSentences(StoryCase):
    """Each kind of event has a sentence."""

    def test_every_kind_of_event(self):
        for event, method, codes, sentence in SAID:
            with self.subTest(event=event, method=method):
                self.env["sms.consent.event"].with_user(self.agent).sudo()._record(
                    self.company,
                    self.number,
                    event,
                    method,
                    self.purposes(*codes.split()) if codes else None,
                    note="SUPPORT",
                    name="Dana",
                )
                entry = self.get_entries()[-1]
                self.assertEqual(entry["sentence"], sentence)
                self.assertEqual(entry["event"], event)

    def test_no_pair_is_without_a_sentence(self):
        """Also combinations that nothing records today."""
        methods = [method for method, _label in METHOD_SELECTION]
        for event, method in product(EVENTS, methods):
            for is_for_all in {False, event in FOR_ALL_EVENTS}:
                self.record_consent(
                    None, *() if is_for_all else ("ticket",), event=event, method=method
                )
                sentence = self.get_entries()[-1]["sentence"]
                with self.subTest(event=event, method=method):
                    self.assertTrue(sentence)
                    self.assertNotRegex(sentence, r"False|None|%\(")

    def test_a_signed_form_names_its_witness_its_day_and_its_scan(self):
        with freeze_time("2026-06-12 15:30:00"):
            self.env["sms.consent.event"].with_user(self.agent).sudo()._record(
                self.company,
                self.number,
                "granted",
                "paper",
                self.purposes("ticket"),
                happened_at="2026-06-10 09:00:00",
                name="Dana",
                witness="Max",
                files=[SCAN],
            )
        [day] = self.tell(self.compliance_officer)["days"]
        [entry] = day["entries"]
        self.assertEqual(day["day"], "June 12, 2026")
        self.assertIn("signed by Dana, witnessed by Max", entry["sentence"])
        _sandbox, detail = entry["details"]
        self.assertEqual(
            " ".join(detail.split()), "It was signed on June 10, 2026, 9:00 AM."
        )
        [link] = entry["links"]
        self.assertEqual(link["label"], "form.pdf")
        self.assertRegex(link["url"], r"^/web/content/\d+$")
        [entry] = self.get_entries(self.agent)
        self.assertFalse(entry["links"], "an agent does not open the evidence")

    def test_it_is_told_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.agent.lang = "fr_FR"
        self.purposes("ticket").with_context(lang="fr_FR").name = "Billets"
        with freeze_time("2026-06-12 15:30:00"):
            self.record_consent(name="Dana")
        answer = self.get_answer().with_user(self.agent).with_context(lang="fr_FR")
        [day] = answer.get_story()["days"]
        self.assertEqual(day["day"], "12 juin 2026")
        self.assertIn("Billets", day["entries"][0]["sentence"])


class TestStory(StoryCase):
    """One story per number and company, of all purposes, by day, newest last."""

    def test_joining_leaving_and_coming_back(self):
        for moment, body in (
            ("2026-05-03 14:02:00", "SUPPORT"),
            ("2026-05-03 14:03:00", "YES"),
            ("2026-09-01 09:15:00", "STOP"),
            ("2026-09-02 08:00:00", "START"),
        ):
            with freeze_time(moment):
                self.receive(body)
        days = self.tell()["days"]
        self.assertEqual(
            [(day["day"], [e["event"] for e in day["entries"]]) for day in days],
            [
                ("May 3, 2026", ["requested", "confirmed"]),
                ("September 1, 2026", ["revoked"]),
                ("September 2, 2026", ["restored"]),
            ],
        )
        asked, confirmed = days[0]["entries"]
        self.assertEqual(" ".join(asked["time"].split()), "2:02 PM")
        self.assertIn("texted “SUPPORT”", asked["sentence"])
        self.assertIn("answered “YES”", confirmed["sentence"])
        self.assertIn("reply YES", confirmed["words"])
        self.assertIn("Dana Customer texted “STOP”", days[1]["entries"][0]["sentence"])

    def test_events_of_one_moment_are_one_sentence(self):
        events = self.record_consent(None, "ticket", "appointment")
        self.record_consent(None, "alert")
        first, second = self.get_entries()
        self.assertIn("Appointments and Tickets", first["sentence"])
        self.assertIn("Outages and system alerts", second["sentence"])
        self.assertEqual(first["id"], events[0].id)

    def test_a_stop_says_how_fast_it_was_confirmed(self):
        self.record_consent()
        self.receive("STOP")
        sentence = self.get_entries()[-1]["sentence"]
        self.assertTrue(sentence.endswith("The confirmation was not sent."), sentence)
        self.run_outbox()
        event = self.env["sms.consent.event"].search([], limit=1)
        sms = self.messages_to()[-1]
        sms.sent_at = fields.Datetime.add(event.recorded_at, seconds=4)
        sentence = self.get_entries()[-1]["sentence"]
        self.assertTrue(sentence.endswith("Confirmed after 4 s."), sentence)

    def test_a_review_names_who_has_read_it(self):
        inbound = self.receive("I want to cancel")
        domain = [("inbound_id", "=", inbound.id)]
        review = self.env["sms.consent.review"].search(domain)
        self.manager.name = "Max"
        review.with_user(self.manager).action_opt_out()
        entry = self.get_entries(self.manager)[-1]
        self.assertRegex(
            entry["sentence"], "^Max read “I want to cancel” from .* as an opt-out"
        )
        [link] = entry["links"]
        self.assertEqual((link["model"], link["id"]), (review._name, review.id))
        self.assertFalse(self.get_entries(self.agent)[-1]["links"])

    def test_what_the_reader_may_not_open_has_no_link(self):
        mine = self.ticket
        theirs = self.make_ticket(self.customer)
        theirs_of_other = self.make_ticket(
            self.customer, company_id=self.make_company("Other").id
        )
        self.agent.company_ids = self.company
        for ticket in (mine, theirs, theirs_of_other):
            self.record_consent(res_model=ticket._name, res_id=ticket.id)
        self.record_consent(res_model="no.such.model", res_id=1)
        linked = [e["links"] for e in self.get_entries()]
        self.assertEqual(
            [link and link[0]["id"] for link in linked[:2]], [mine.id, theirs.id]
        )
        self.assertEqual(linked[2:], [[], []])

    def test_its_place_in_the_chain(self):
        self.record_consent(None, "ticket", "alert")
        self.assertEqual(self.get_entries()[0]["seal"], "Not yet sealed")
        self.env["sms.consent.link"]._seal(self.company, look_back=None)
        event = self.env["sms.consent.event"].search([], limit=1)
        last = event.sequence
        self.assertEqual(self.get_entries()[0]["seal"], f"No. {last - 1}–{last}")

    def test_erased_evidence_is_told_without_the_person(self):
        event = self.record_consent(
            name="Dana", note="Her words", wording="I agree", method="in_person"
        )
        with freeze_time("2026-10-01 10:00:00"):
            event.evidence_id._erase()
        [entry] = self.get_entries()
        self.assertIn("The person agreed", entry["sentence"])
        self.assertIn("erased on October 1, 2026", entry["details"][-1])
        self.assertNotIn("Dana", str(entry))
        self.assertNotIn("Her words", str(entry))
        self.assertFalse(entry["words"])

    def test_a_long_story_is_told_page_by_page(self):
        self.patch(sms_consent_story, "PAGE_SIZE", 4)
        for _turn in range(3):
            self.record_consent(None, "ticket", "alert", "appointment")
        story = self.tell()
        self.assertEqual(len(story["days"][0]["entries"]), 1, "no half sentence")
        pages = [story]
        while pages[-1]["before"]:
            pages.append(self.tell(before=pages[-1]["before"]))
        told = [entry["id"] for page in pages for entry in page["days"][0]["entries"]]
        events = self.env["sms.consent.event"].search([], order="id desc")
        self.assertEqual(told, events.sorted("id", reverse=True)[2::3].ids)

    def test_another_number_and_another_company_have_their_own(self):
        other = self.make_company("Other")
        self.record_consent()
        self.record_consent(company=other)
        self.record_consent(phone_number(9))
        self.assertEqual(len(self.get_entries()), 1)

    def test_the_queries_do_not_grow_with_the_story(self):
        def go_on(turns):
            for turn in range(turns):
                for body in ("SUPPORT", "YES", "STOP", "START"):
                    self.receive(body)
                self.record_consent(name=f"Dana {turn}", wording="I agree")
            self.run_outbox()

        go_on(2)
        self.tell()
        few = self.count_queries(self.tell)
        go_on(10)
        self.assertGreater(len(self.get_entries()), 30)
        self.assertLessEqual(self.count_queries(self.tell), few)


class TestStoryRights(StoryCase):
    """Users who may read a number's answer may read its story."""

    def test_who_is_told(self):
        self.record_consent()
        for user in (self.agent, self.manager, self.compliance_officer):
            with self.subTest(user=user.login):
                self.assertEqual(len(self.get_entries(user)), 1)

    def test_who_is_not(self):
        self.record_consent()
        for user in (
            self.own_agent,
            self.team_agent,
            self.employee,
            self.portal_user,
            self.env.ref("base.public_user"),
        ):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.tell(user)

    def test_not_in_another_company(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        answer = self.env["sms.consent"].search([("company_id", "=", other.id)])
        self.agent.company_ids = self.company
        with self.assertRaises(AccessError):
            answer.with_user(self.agent).get_story()

    def test_numbers_are_found_by_their_contact(self):
        self.record_consent()
        self.record_consent(phone_number(9))
        answers = self.env["sms.consent"].with_user(self.agent)
        for value in (self.customer.ids, "Dana Cust"):
            operator = "in" if isinstance(value, list) else "ilike"
            with self.subTest(operator=operator):
                found = answers.search([("partner_ids", operator, value)])
                self.assertEqual(found.mapped("number"), [self.number])
                self.assertEqual(found.partner_ids, self.customer)

    def test_numbers_of_nobody_are_found(self):
        self.record_consent()
        self.record_consent(phone_number(9))
        answers = self.env["sms.consent"].with_user(self.agent)
        for operator, number in (("=", phone_number(9)), ("!=", self.number)):
            with self.subTest(operator=operator):
                found = answers.search([("partner_ids", operator, False)])
                self.assertEqual(found.mapped("number"), [number])
