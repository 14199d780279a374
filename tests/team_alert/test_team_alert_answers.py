# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from ...providers.account import LONG_CODE
from ...providers.sandbox import SandboxProvider
from ...providers.twilio import TwilioProvider
from ...tools.replies import KEPT
from .common import NOW, WORDS, TeamAlertCase


class TestAnswers(TeamAlertCase):
    """Answers of colleagues by text: in time, too late, wrong, repeated."""

    def test_who_texts_the_code_has_taken_it(self):
        alert = self.raise_alert()
        self.frozen.tick(timedelta(minutes=4))
        inbound = self.answer(self.ann, "4")
        self.assertEqual(inbound.kind, "answer")
        self.assertFalse(inbound.ticket_id, "no ticket is made of it")
        self.assertEqual(alert.state, "acknowledged")
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.assertEqual(alert.acknowledged_at, NOW + timedelta(minutes=4))
        self.assertTrue(alert.is_in_time)
        self.assertEqual(alert.minutes_to_acknowledge, 4)
        self.assertIn("Acknowledged by Ann after 4 min", alert.status_label)
        self.assertEqual(
            self.texts_to(self.ann)[1:],
            [f"Acknowledged: {WORDS} Reply 6 when it is resolved, 8 to escalate."],
        )

    def test_what_nobody_has_taken_counts_in_no_average(self):
        """It would count as taken at once; the analysis has the right average."""
        name = "minutes_to_acknowledge"
        self.assertFalse(self.alerts.fields_get([name])[name].get("aggregator"))

    def test_nobody_is_told_any_more_once_it_is_taken(self):
        alert = self.raise_alert()
        self.answer(self.ann, "4 on it")
        self.wait(120)
        self.assertEqual(self.texts_to(self.bo), [])
        self.assertFalse(alert.next_at)

    def test_those_who_were_told_hear_who_has_taken_it(self):
        alert = self.raise_alert()
        self.run_outbox()
        self.wait(10)
        self.run_outbox()
        self.answer(self.bo, "4")
        [_alert, news] = self.messages_to(self.get_number(self.ann))
        self.assertIn(f"Bo has acknowledged: {WORDS}", news.body)
        self.assertSent(news, "internal")
        self.assertEqual(len(self.texts_to(self.bo)), 2, "the alert and the answer")
        self.assertEqual(self.texts_to(self.cy), [])
        self.answer(self.bo, "6")
        self.assertIn("Bo has resolved: ", self.texts_to(self.ann)[-1])
        self.assertEqual(alert.resolved_by_id, self.bo)

    def test_the_others_are_left_in_peace_if_the_plan_says_so(self):
        self.plan.tell_others = False
        self.raise_alert()
        self.run_outbox()
        self.wait(10)
        self.run_outbox()
        self.answer(self.bo, "4")
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    def test_a_text_that_has_not_left_is_called_off(self):
        """It would wake somebody for an alert that a colleague has already taken."""
        self.raise_alert()
        self.wait(10)
        self.answer(self.ann, "4")
        [text] = self.messages_to(self.get_number(self.bo))
        self.assertEqual(text.state, "canceled")

    def test_the_second_who_takes_it_is_told_who_was_faster(self):
        alert = self.raise_alert()
        self.wait(10)
        self.answer(self.bo, "4")
        self.frozen.tick(timedelta(minutes=1))
        self.answer(self.ann, "4")
        self.assertEqual(alert.acknowledged_by_id, self.bo)
        self.assertIn("Bo was faster", self.texts_to(self.ann)[-1])
        self.assertEqual(self.get_timeline(alert)[-1], (11, "late", "Ann"))

    def test_nobody_is_faster_than_themselves(self):
        """They have it, or mean the next one, whose codes they get: never "nothing"."""
        self.raise_alert("Mail is down")
        self.answer(self.ann, "4")
        self.answer(self.ann, "on it")
        said = "Acknowledged: Mail is down. Reply 6 when it is resolved"
        self.assertIn(said, self.texts_to(self.ann)[-1])
        self.answer(self.ann, "6")
        self.answer(self.ann, "4")
        self.assertIn("Resolved: Mail is down", self.texts_to(self.ann)[-1])
        alert = self.raise_alert("Web is down")
        self.answer(self.ann, "4")
        said = "14 acknowledge, 16 resolve, 18 escalate: Web is down"
        self.assertIn(said, self.texts_to(self.ann)[-1])
        self.answer(self.ann, "14")
        self.assertEqual(alert.acknowledged_by_id, self.ann)

    def test_the_same_text_delivered_twice_counts_once(self):
        alert = self.raise_alert()
        inbound = self.answer(self.ann, "4")
        event = SandboxProvider.parse_inbound(
            {
                "id": inbound.provider_sid,
                "from": inbound.number,
                "body": inbound.body,
            }
        )
        self.assertFalse(self.env["sms.inbound"]._receive(self.company, event))
        self.assertEqual(len(alert.entry_ids), 2)

    def test_resolved_at_once_is_taken_too(self):
        alert = self.raise_alert()
        self.answer(self.ann, "6 fixed")
        self.assertEqual(alert.state, "resolved")
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.assertEqual(alert.resolved_by_id, self.ann)
        self.assertIn("Resolved: ", self.texts_to(self.ann)[-1])

    def test_passed_on_the_next_is_told_at_once(self):
        alert = self.raise_alert()
        self.answer(self.ann, "4")
        self.frozen.tick(timedelta(minutes=30))
        self.answer(self.ann, "8")
        self.assertEqual(alert.state, "open")
        self.assertFalse(alert.acknowledged_at)
        self.assertEqual(
            self.get_timeline(alert)[-2:],
            [(30, "escalated", "Ann"), (30, "told", "Bo")],
        )
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=40), "all, 10 later")
        self.answer(self.bo, "4")
        self.assertFalse(alert.is_in_time)

    def test_who_had_taken_it_hears_that_a_colleague_passes_it_on(self):
        alert = self.raise_alert()
        self.wait(10)
        self.run_outbox()
        self.answer(self.ann, "4")
        before = len(self.texts_to(self.ann))
        self.answer(self.bo, "8")
        self.assertEqual(alert.state, "open")
        news = self.texts_to(self.ann)[before]
        self.assertIn(f"Escalated: {WORDS}", news)
        self.assertIn("Reply 4 to acknowledge it all the same", news)
        self.answer(self.ann, "4")
        before = len(self.texts_to(self.ann))
        self.answer(self.ann, "8")
        said = [it for it in self.texts_to(self.ann)[before:] if "Escalated" in it]
        self.assertEqual(len(said), 1, "only the answer")

    def test_passed_on_at_the_end_of_the_plan_tells_all_again(self):
        alert = self.raise_alert()
        self.wait(50)
        before = len(alert.entry_ids)
        self.answer(self.bo, "8")
        # His own answer, and the two others who are told.
        self.assertEqual(len(alert.entry_ids), before + 3)
        self.assertFalse(alert.next_at)

    def test_two_alerts_are_told_apart(self):
        first, second = (
            self.raise_alert("Mail is down"),
            self.raise_alert("Web is down"),
        )
        self.assertIn("Reply 14 to", self.texts_to(self.ann)[-1])
        self.answer(self.ann, "14")
        self.assertEqual((first.state, second.state), ("open", "acknowledged"))
        self.answer(self.ann, "6")
        self.assertEqual((first.state, second.state), ("resolved", "acknowledged"))
        # Only one is left open, so a word without its code is clear.
        self.answer(self.ann, "done")
        self.assertEqual(second.state, "resolved")

    def test_the_number_of_two_companies(self):
        """One of them receives the answers, whichever has raised the alert."""
        number, shared = "+13035559901", self.make_company("Shared")
        for company in (self.company, shared):
            self.env["sms.sender"].create(
                {
                    "company_id": company.id,
                    "provider": TwilioProvider.code,
                    "address": number,
                    "kind": LONG_CODE,
                }
            )
        self.ann.company_ids |= shared
        self.team.user_ids = self.ann
        self.record_consent(self.get_number(self.ann), "internal", company=shared)
        plan = self.plan.copy({"company_id": shared.id})
        own = self.raise_alert("Mail is down")
        theirs = self.raise_alert("Web is down", plan_id=plan.id)
        self.assertEqual((own.company_id, theirs.company_id), (self.company, shared))
        for body, states in (
            ("14", ("open", "acknowledged")),
            ("4", ("acknowledged", "acknowledged")),
            ("16", ("acknowledged", "resolved")),
            ("14", ("acknowledged", "resolved")),
        ):
            form = {"From": self.get_number(self.ann), "To": number, "Body": body}
            form["MessageSid"] = f"SM{body}{states}"
            event = TwilioProvider.parse_inbound(form)
            inbound = self.env["sms.inbound"]._receive(self.company, event)
            with self.subTest(body=body):
                self.assertEqual((own.state, theirs.state), states)
                self.assertEqual(inbound.kind, "answer")
        self.assertEqual(theirs.acknowledged_by_id, self.ann)

    def test_words_alone_do_not_choose_between_two(self):
        first, second = (
            self.raise_alert("Mail is down"),
            self.raise_alert("Web is down"),
        )
        inbound = self.answer(self.ann, "on it")
        self.assertEqual(inbound.kind, "answer")
        self.assertEqual((first.state, second.state), ("open", "open"))
        said = self.texts_to(self.ann)[-1]
        self.assertIn("4 acknowledge, 6 resolve, 8 escalate: Mail is down", said)
        self.assertIn("14 acknowledge, 16 resolve, 18 escalate: Web is down", said)

    def test_of_many_the_newest_are_named(self):
        """No carrier takes a text of more than 1,600 characters."""
        for number in range(25):
            self.raise_alert(f"Server {number} in the data center is offline")
        self.answer(self.ann, "on it")
        said = self.texts_to(self.ann)[-1]
        self.assertLessEqual(len(said), 1600)
        self.assertIn("244 acknowledge, 246 resolve, 248 escalate: Server 24", said)
        self.assertIn("And 15 more", said)

    def test_words_alone_mean_the_one_that_is_open(self):
        """The other alert is over, and a colleague has acknowledged this one."""
        for words in ("done", "Done!", "FIXED."):
            with self.subTest(words=words):
                over = self.raise_alert("Mail is down")
                alert = self.raise_alert("Web is down")
                over.with_user(self.agent).action_resolve()
                alert.with_user(self.agent).action_acknowledge()
                inbound = self.answer(self.ann, words)
                self.assertEqual(inbound.kind, "answer")
                self.assertFalse(inbound.ticket_id)
                self.assertEqual(alert.state, "resolved")
                self.assertEqual(alert.resolved_by_id, self.ann)

    def test_words_alone_about_what_is_over_make_no_ticket(self):
        alert = self.raise_alert()
        self.run_outbox()
        self.answer(self.ann, "4")
        alert.with_user(self.agent).action_resolve()
        self.run_outbox()
        self.assertIn("has resolved: ", self.texts_to(self.ann)[-1])
        for words in ("done", "got it"):
            inbound = self.answer(self.ann, words)
            self.assertEqual((inbound.kind, inbound.ticket_id.ids), ("answer", []))
            self.assertIn("was faster", self.texts_to(self.ann)[-1])
        self.assertEqual(alert.resolved_by_id, self.agent)

    def test_of_several_that_are_over_words_alone_mean_the_newest(self):
        alerts = self.raise_alert("Mail is down") | self.raise_alert("Web is down")
        self.run_outbox()
        alerts.with_user(self.agent).action_resolve()
        self.answer(self.ann, "done")
        self.assertIn("Web is down", self.texts_to(self.ann)[-1])

    def test_words_alone_answer_what_was_texted_since(self):
        """The alert is over, and a colleague has since texted them about a ticket."""
        alert = self.raise_alert()
        self.run_outbox()
        alert.with_user(self.agent).action_resolve()
        self.record_consent(self.get_number(self.ann), "ticket")
        ticket = self.make_ticket(self.ann.partner_id, team_id=self.team.id)
        ticket._message_sms("Have you restarted it?")
        self.run_outbox()
        self.frozen.tick(timedelta(minutes=1))
        inbound = self.answer(self.ann, "done")
        self.assertEqual((inbound.kind, inbound.ticket_id), ("conversation", ticket))

    def test_words_alone_answer_a_user_while_an_alert_is_open(self):
        """ "Done" about a printer must not end the alert about a server."""
        alert = self.raise_alert()
        self.record_consent(self.get_number(self.ann), "ticket")
        ticket = self.make_ticket(self.ann.partner_id, team_id=self.team.id)
        self.run_outbox()
        self.frozen.tick(timedelta(minutes=1))
        self.env["sms.composer"].with_user(self.agent).create(
            {
                "composition_mode": "comment",
                "res_model": ticket._name,
                "res_id": ticket.id,
                "body": "Have you restarted your printer?",
            }
        ).action_send_sms()
        self.run_outbox()
        self.frozen.tick(timedelta(minutes=1))
        inbound = self.answer(self.ann, "Done")
        self.assertEqual((inbound.kind, inbound.ticket_id), ("conversation", ticket))
        self.assertEqual(alert.state, "open")
        self.answer(self.ann, "4")
        self.assertEqual(alert.state, "acknowledged")

    def test_a_wrong_code_is_answered_with_the_right_ones(self):
        alert = self.raise_alert()
        for body in ("5", "44", "resolve 4"):
            self.answer(self.ann, body)
            self.assertEqual(alert.state, "open", body)
            self.assertIn(
                "Which alert? Reply:\n4 acknowledge", self.texts_to(self.ann)[-1]
            )
        self.assertEqual(self.get_timeline(alert)[-1], (0, "unknown", "Ann"))

    def test_the_code_of_an_alert_is_that_of_who_was_told(self):
        """Dee was not told of the alert, so her answer does not count."""
        alert = self.raise_alert()
        inbound = self.answer(self.dee, "4")
        self.assertEqual(alert.state, "open")
        self.assertEqual(inbound.kind, "conversation")

    def test_what_is_no_answer_is_conversation(self):
        alert = self.raise_alert()
        inbound = self.answer(self.ann, "4 printers are broken too")
        self.assertEqual(inbound.kind, "conversation")
        self.assertEqual(alert.state, "open")

    def test_a_late_answer_is_understood_for_three_days(self):
        alert = self.raise_alert()
        alert.with_user(self.agent).action_resolve()
        self.frozen.tick(KEPT - timedelta(minutes=1))
        self.assertEqual(self.answer(self.ann, "4").kind, "answer")
        self.assertIn("was faster", self.texts_to(self.ann)[-1])
        self.frozen.tick(timedelta(minutes=2))
        self.assertEqual(self.answer(self.ann, "4").kind, "conversation")

    def test_a_stop_ends_it_and_somebody_must_call(self):
        alert = self.raise_alert()
        self.answer(self.ann, "STOP")
        self.wait(20)
        self.assertEqual(alert.call_ids.user_id, self.ann)
        self.assertIn("Opted out", alert.call_ids[-1].sms_label)

    def test_an_alert_is_answered_before_a_newer_question(self):
        """Ann has also been asked to rate a ticket from 1 to 5."""
        ticket = self.make_ticket(self.ann.partner_id, team_id=self.team.id)
        alert = self.raise_alert()
        self.record_consent(self.get_number(self.ann), "ticket")
        message = self.env["sms.sms"].create(
            {
                "number": self.get_number(self.ann),
                "body": "1 to 5?",
                "record_company_id": self.company.id,
                "purpose_id": self.purposes("ticket").id,
            }
        )
        questions = self.env["sms.question"]
        question = questions._ask("rating", ticket, message)
        self.answer(self.ann, "4")
        self.assertEqual(alert.state, "acknowledged")
        self.assertEqual(question.state, "open")
        self.answer(self.ann, "6")
        self.answer(self.ann, "5")
        self.assertEqual(question.state, "answered")

    def test_buttons_do_the_same(self):
        alert = self.raise_alert().with_user(self.ann)
        alert.action_acknowledge()
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        alert.action_escalate()
        self.assertEqual(alert.state, "open")
        alert.action_resolve()
        self.assertEqual(alert.state, "resolved")

    def test_an_answer_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.plan.with_context(lang="fr_FR").body = "[URGENT] {alert} {acknowledge}!"
        self.ann.partner_id.lang = "fr_FR"
        self.raise_alert()
        self.assertIn(f"{WORDS} 4!", self.texts_to(self.ann)[0])

    def test_who_is_erased_is_forgotten_here_too(self):
        alert = self.raise_alert()
        entry = alert.entry_ids
        found = entry._find_personal(self.company, [self.get_number(self.ann)])
        self.assertEqual(found, entry)
        entry._forget()
        self.assertFalse(entry.number or entry.partner_id or entry.user_id)
        self.assertEqual(entry.kind, "told")
