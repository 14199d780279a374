# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from ...providers import SandboxProvider
from ...providers.faults import BUSY, UNANSWERED
from ...providers.outbound import UNDELIVERED, DeliveryReport
from ...tools import replies
from .common import NOW, WORDS, TeamAlertCase


class CallCase(TeamAlertCase):
    """The plan calls Ann at once, Bo after 10 minutes, all after 20, and once more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.step_ids.how = "call"
        cls.plan.step_ids[-1].repeats = 1

    def get_calls(self, user):
        """Return the calls to a colleague, oldest first."""
        return self.messages_to(self.get_number(user)).filtered("is_call")

    def texts_to(self, user):
        """Return the bodies of the texts to a colleague, oldest first."""
        messages = self.messages_to(self.get_number(user))
        return messages.filtered(lambda sms: not sms.is_call).mapped("body")

    def ring(self, user):
        """Run the outbox to place what waits; return the last call to a colleague."""
        self.forget_calls(user)
        self.run_outbox()
        return self.get_calls(user)[-1]

    def forget_calls(self, user):
        """Make a colleague's former calls end two minutes ago."""
        for call in self.get_calls(user).filtered("carrier_id"):
            call.call_ended_at = fields.Datetime.now() - timedelta(minutes=2)

    def answer_call(self, call):
        """Answer a call; return what is said (``Spoken``)."""
        report = SandboxProvider.parse_answer({"id": call.carrier_id})
        return call._answer_call(self.company, call.uuid, report, "sandbox")

    def press(self, call, key, is_last=False):
        """Press a key; return what is said (``Spoken``)."""
        return call._press_call_key(self.company, call.uuid, key, is_last)

    @staticmethod
    def act(alert, user, action):
        """Take or resolve an alert, as a colleague."""
        facts = {"user_id": user.id, "partner_id": user.partner_id.id}
        alert._act(action, fields.Datetime.now(), facts)

    def end(self, call, fault=UNANSWERED):
        """Report a call's end of two minutes ago, and run the escalation."""
        call._record_report(
            DeliveryReport(
                call.carrier_id,
                UNDELIVERED,
                failure_type="sms_not_delivered",
                fault=fault,
            )
        )
        call.call_ended_at -= timedelta(minutes=2)
        self.run_escalation()


class TestCalls(CallCase):
    """A step that calls: it is taken, passed on, or not answered."""

    def test_who_is_on_call_is_called_and_can_read_it(self):
        alert = self.raise_alert()
        [call] = self.get_calls(self.ann)
        [text] = self.texts_to(self.ann)
        self.assertIn(WORDS, text)
        self.assertEqual((call.purpose_id.code, call.segment_count), ("internal", 0))
        self.assertNotIn(self.footer, call.body)
        self.assertIn(self.company.name, call.body)
        self.assertIn("press 1", call.body)
        self.assertNotIn("..", call.body)
        self.assertEqual(call.expires_at, NOW + timedelta(minutes=15))
        self.assertEqual(
            self.get_timeline(alert), [(0, "told", "Ann"), (0, "told", "Ann")]
        )

    def test_one_takes_it(self):
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.assertEqual((call.state, call.shown_label), ("pending", "Ringing"))
        spoken = self.answer_call(call)
        self.assertTrue(spoken.asks)
        self.assertEqual(spoken.words, call.body)
        self.assertEqual((call.state, call.shown_label), ("sent", "Answered"))
        spoken = self.press(call, "1")
        self.assertFalse(spoken.asks)
        self.assertIn("is yours", spoken.words)
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.end(call)
        self.assertEqual(call.state, "sent", "she was told, however it ended")
        self.wait(30)
        self.assertFalse(self.get_calls(self.bo))
        self.assertEqual(self.get_timeline(alert)[2:], [(0, "acknowledged", "Ann")])

    def test_two_passes_it_on(self):
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.answer_call(call)
        self.wait(1, runs=False)
        self.assertIn("passed on", self.press(call, "2").words)
        self.assertEqual(len(self.get_calls(self.bo)), 1)
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=11))
        self.end(call)
        self.assertFalse(self.get_calls(self.cy), "the call was answered")

    def test_who_passes_it_on_is_not_called_at_once_again(self):
        """Although the plan's next step is for the person on call, and that is Ann."""
        self.plan.step_ids[1].whom = "on_call"
        self.raise_alert()
        call = self.ring(self.ann)
        self.answer_call(call)
        self.press(call, "2")
        self.assertEqual(len(self.get_calls(self.ann)), 1)
        self.assertEqual(len(self.get_calls(self.bo)), 1)

    def test_a_key_that_is_pressed_twice_or_brought_twice_does_nothing_more(self):
        for key, words in (("2", "passed on"), ("1", "is yours")):
            alert = self.raise_alert(f"Alarm {key}")
            call = self.ring(self.ann)
            self.answer_call(call)
            for _time in range(3):
                self.assertIn(words, self.press(call, key).words)
            with self.subTest(key=key):
                kinds = [kind for _at, kind, _who in self.get_timeline(alert)]
                self.assertEqual(
                    [it for it in kinds if it != "told"],
                    ["escalated" if key == "2" else "acknowledged"],
                )
        # Her acknowledgment stands, whatever else she presses.
        self.assertIn("is yours", self.press(call, "2").words)
        self.assertEqual(alert.state, "acknowledged")

    def test_a_wrong_key_or_none_is_asked_about_once_more(self):
        for key in ("9", "#", ""):
            with self.subTest(key=key):
                alert = self.raise_alert(f"Alarm {key}")
                call = self.ring(self.ann)
                self.answer_call(call)
                again = self.press(call, key)
                self.assertTrue(again.asks)
                self.assertEqual(again.words, f"Please press 1 or 2. {call.body}")
                over = self.press(call, key, is_last=True)
                self.assertFalse(over.asks)
                self.assertIn("still open", over.words)
                self.assertEqual(alert.state, "open")

    def test_an_answer_that_is_brought_twice_is_said_twice(self):
        self.raise_alert()
        call = self.ring(self.ann)
        first, second = self.answer_call(call), self.answer_call(call)
        self.assertEqual(first, second)
        self.assertEqual(len(call.report_ids), 2)

    def test_who_answers_too_late_hears_who_has_it(self):
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.act(alert, self.bo, replies.ACKNOWLEDGE)
        spoken = self.answer_call(call)
        self.assertFalse(spoken.asks)
        self.assertIn("Bo has taken", spoken.words)
        self.act(alert, self.bo, replies.RESOLVE)
        self.assertIn("Bo has resolved", self.answer_call(call).words)

    def test_who_presses_too_late_takes_it_from_nobody(self):
        for key in ("1", "2"):
            alert = self.raise_alert(f"Alarm {key}")
            call = self.ring(self.ann)
            self.answer_call(call)
            self.act(alert, self.bo, replies.ACKNOWLEDGE)
            with self.subTest(key=key):
                for _time in range(2):
                    self.assertIn("Bo has taken", self.press(call, key).words)
                self.assertEqual(alert.acknowledged_by_id, self.bo)
                kinds = [kind for _at, kind, _who in self.get_timeline(alert)]
                self.assertEqual(kinds.count("late"), 1)

    def test_who_takes_it_by_text_while_it_rings(self):
        """They hear that it is theirs, not that somebody was faster, and pass it on."""
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.answer(self.ann, "4")
        self.assertIn("is yours", self.answer_call(call).words)
        self.assertIn("is yours", self.press(call, "1").words)
        self.assertIn("passed on", self.press(call, "2").words)
        self.assertEqual(alert.state, "open")
        kinds = [kind for _at, kind, _who in self.get_timeline(alert)]
        self.assertEqual(kinds[2:4], ["acknowledged", "escalated"])

    def test_a_call_that_waits_is_called_off_when_somebody_has_it(self):
        alert = self.raise_alert()
        self.act(alert, self.bo, replies.ACKNOWLEDGE)
        self.run_outbox()
        self.assertEqual(self.get_calls(self.ann).state, "canceled")
        self.assertFalse(self.get_calls(self.ann).carrier_id)

    def test_it_is_said_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.ann.lang = "fr_FR"
        self.raise_alert()
        self.assertEqual(self.answer_call(self.ring(self.ann)).lang, "fr_FR")

    def test_english_is_not_read_by_another_voice(self):
        self.env["res.lang"]._activate_lang("it_IT")
        self.ann.lang = "it_IT"
        self.raise_alert()
        spoken = self.answer_call(self.ring(self.ann))
        self.assertIn("press 1", spoken.words)
        self.assertEqual(spoken.lang, "en_US")


class TestMissedCalls(CallCase):
    """Without an answer the next step does not wait, and the miss is recorded."""

    def test_the_next_is_called_at_once(self):
        for fault, reason in (
            (UNANSWERED, "Nobody took the call"),
            (BUSY, "line was busy"),
        ):
            with self.subTest(fault=fault):
                alert = self.raise_alert(f"Alarm {fault}")
                call = self.ring(self.ann)
                self.end(call, fault)
                self.assertEqual(call.state, "error")
                self.assertEqual(self.get_timeline(alert)[-1], (0, "told", "Bo"))
                missed = alert.entry_ids.filtered(lambda it: it.kind == "missed")
                self.assertEqual(missed.user_id, self.ann)
                self.assertIn("Call: Not reached", missed.sms_label)
                self.assertIn(reason, missed.sms_label)

    def test_a_call_without_a_key_is_one_that_nobody_took(self):
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.answer_call(call)
        self.end(call)
        self.assertEqual(
            self.get_timeline(alert)[2:4], [(0, "missed", "Ann"), (0, "told", "Bo")]
        )

    def test_nobody_waits_for_the_next_however_often_the_cron_runs(self):
        alert = self.raise_alert()
        self.end(self.ring(self.ann))
        for _run in range(3):
            self.run_escalation()
        kinds = [kind for _at, kind, _who in self.get_timeline(alert)]
        self.assertEqual(kinds.count("missed"), 1)
        self.assertEqual(len(self.get_calls(self.bo)), 1)
        self.assertFalse(self.get_calls(self.cy))

    def test_while_another_still_rings_the_next_waits(self):
        alert = self.raise_alert()
        self.end(self.ring(self.ann))
        self.end(self.ring(self.bo))
        self.run_outbox()
        calls = [self.get_calls(user)[-1] for user in self.ann + self.bo + self.cy]
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=15))
        self.end(calls[0])
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=15))

    def test_a_repeat_of_the_same_step_keeps_its_time(self):
        alert = self.raise_alert()
        self.end(self.ring(self.ann))
        self.end(self.ring(self.bo))
        self.run_outbox()
        for user in self.ann + self.bo + self.cy:
            self.end(self.get_calls(user)[-1])
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=15))
        self.wait(15)
        self.assertFalse(alert.next_at)
        self.assertEqual(len(self.get_calls(self.cy)), 2)

    def test_who_answers_by_text_while_it_rings_wakes_no_third_person(self):
        """The next is told once, whatever becomes of the call afterwards."""
        self.plan.step_ids[1:].how = "text"
        alert = self.raise_alert()
        call = self.ring(self.ann)
        self.answer(self.ann, "8")
        self.end(call)
        self.assertEqual(len(self.texts_to(self.bo)), 1)
        self.assertEqual(self.texts_to(self.cy), [])
        self.assertEqual(alert.next_at, NOW + timedelta(minutes=10))
        kinds = [kind for _at, kind, _who in self.get_timeline(alert)]
        self.assertNotIn("missed", kinds)

    def test_a_call_from_before_somebody_had_it_keeps_nobody_waiting(self):
        alert = self.raise_alert()
        self.act(alert, self.cy, replies.ACKNOWLEDGE)
        self.act(alert, self.cy, replies.ESCALATE)
        self.assertEqual(self.get_calls(self.ann).state, "canceled")
        self.end(self.ring(self.bo))
        self.assertTrue(self.get_calls(self.cy), "the next step did not wait")

    def test_a_call_that_is_cancelled_by_hand_is_one_that_nobody_took(self):
        alert = self.raise_alert()
        self.get_calls(self.ann).action_set_canceled()
        self.run_escalation()
        self.assertIn((0, "missed", "Ann"), self.get_timeline(alert))
        self.assertTrue(self.get_calls(self.bo))

    def test_a_call_that_the_sandbox_never_ends_is_asked_about(self):
        self.raise_alert()
        call = self.ring(self.ann)
        self.assertEqual(call.lookup_at, NOW + timedelta(minutes=2))
        self.frozen.tick(timedelta(minutes=2))
        self.run_outbox()
        self.assertEqual(call.fault_id.fault, UNANSWERED)
        self.run_escalation()
        self.assertTrue(self.get_calls(self.bo))

    def test_a_call_that_could_not_be_placed_in_time_is_over(self):
        alert = self.raise_alert()
        self.plan.step_ids[1].after_minutes = 19
        alert._escalate(NOW)
        self.get_calls(self.ann).not_before = NOW + timedelta(hours=1)
        self.frozen.tick(timedelta(minutes=16))
        self.run_outbox()
        self.assertEqual(self.get_calls(self.ann).gate_reason, "expired")
        self.run_escalation()
        self.assertTrue(self.get_calls(self.bo))
        self.assertEqual(alert.call_ids.user_id, self.ann)

    def test_who_may_not_be_called_is_to_be_called_by_hand(self):
        """A colleague must call, because there is no consent or no number."""
        self.record_consent(self.get_number(self.ann), event="revoked")
        self.ann.sms_alert_order = "only_call"
        self.bo.partner_id.phone = False
        alert = self.raise_alert()
        self.assertEqual(alert.call_ids.user_id, self.ann + self.bo)
        self.assertEqual(
            self.get_calls(self.ann).mapped("gate_reason"), ["opted_out"] * 2
        )
        self.assertTrue(self.get_calls(self.cy), "all but them were told at once")

    def test_a_number_that_cannot_be_texted_can_be_called(self):
        number = self.get_number(self.ann)
        self.env["sms.unusable.number"].create(
            {
                "company_id": self.company.id,
                "number": number,
                "fault_id": self.env.ref("helpdesk_mgmt_sms.fault_landline").id,
            }
        )
        self.raise_alert()
        messages = self.messages_to(number)
        self.assertEqual(
            {sms.is_call: sms.gate_verdict for sms in messages},
            {True: "send", False: "block"},
        )


class TestTwoAlerts(CallCase):
    """A phone rings for one alert at a time, or once for several."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.ann + cls.bo).sms_alert_order = "only_call"

    def get_kinds(self, *alerts):
        """Return the kinds of entries of each alert, except those of being told."""
        kinds = [alert.entry_ids.sorted("id").mapped("kind") for alert in alerts]
        return [[it for it in own if it != "told"] for own in kinds]

    def test_one_call_says_both(self):
        one, two = self.raise_alert("Server 4 offline."), self.raise_alert("Mail down")
        call = self.ring(self.ann)
        self.assertEqual(self.get_calls(self.ann), call)
        spoken = self.answer_call(call)
        self.assertTrue(spoken.asks)
        self.assertIn("2 urgent alerts", spoken.words)
        self.assertIn("Server 4 offline. ", spoken.words)
        self.assertIn("Mail down. To take all of them", spoken.words)
        self.assertEqual(call.body, spoken.words)
        for _time in range(2):
            words = self.press(call, "1").words
            self.assertIn("are yours", words)
            self.assertIn("Server 4 offline. Mail down. Goodbye", words)
        self.end(call)
        self.assertEqual(self.get_kinds(one, two), [["acknowledged"]] * 2)
        self.assertEqual((one + two).acknowledged_by_id, self.ann)

    def test_one_that_comes_while_it_rings_is_said_too_and_passed_on(self):
        one = self.raise_alert("Server 4 offline")
        call = self.ring(self.ann)
        two = self.raise_alert("Mail down")
        self.assertIn("Mail down", self.answer_call(call).words)
        self.assertIn("Please press 1 or 2. This is", self.press(call, "7").words)
        self.assertIn("Passed on to the next person", self.press(call, "2").words)
        self.assertEqual(self.get_kinds(one, two), [["escalated"]] * 2)
        [passed] = self.get_calls(self.bo)
        self.assertIn("2 urgent alerts", passed.body)

    def test_nobody_takes_the_call_of_both(self):
        one, two = self.raise_alert("Server 4 offline"), self.raise_alert("Mail down")
        self.end(self.ring(self.ann))
        self.assertEqual(self.get_kinds(one, two), [["missed"]] * 2)
        self.assertEqual(len(self.get_calls(self.bo)), 1)

    def test_one_that_somebody_has_is_not_said_and_keeps_the_other(self):
        one, two = self.raise_alert("Server 4 offline"), self.raise_alert("Mail down")
        self.act(one, self.bo, replies.ACKNOWLEDGE)
        call = self.ring(self.ann)
        words = self.answer_call(call).words
        self.assertNotIn("Server 4", words)
        self.assertIn("Mail down. To take it", words)
        self.act(two, self.bo, replies.ACKNOWLEDGE)
        self.assertIn("Somebody has these", self.press(call, "1").words)

    def test_it_is_called_off_when_somebody_has_both(self):
        for alert in (self.raise_alert("One"), self.raise_alert("Two")):
            self.assertEqual(self.get_calls(self.ann).state, "outgoing")
            self.act(alert, self.bo, replies.ACKNOWLEDGE)
        self.assertEqual(self.get_calls(self.ann).state, "canceled")

    def test_of_many_the_number_is_said(self):
        for index in range(5):
            self.raise_alert(f"Alarm {index}")
        [call] = self.get_calls(self.ann)
        self.assertIn("5 urgent alerts", call.body)
        self.assertIn("Alarm 2. And 2 more. To take all", call.body)
        self.assertNotIn("Alarm 3", call.body)

    def test_who_is_on_the_phone_is_called_a_minute_later(self):
        self.raise_alert("Server 4 offline")
        first = self.ring(self.ann)
        self.answer_call(first)
        self.raise_alert("Mail down")
        second = self.get_calls(self.ann) - first
        for _try in range(2):
            self.run_outbox()
            self.assertFalse(second.carrier_id)
            self.press(first, "1")
            self.frozen.tick(timedelta(seconds=20))
        first._end_call()
        self.frozen.tick(timedelta(seconds=50))
        self.run_outbox()
        self.assertFalse(second.carrier_id)
        self.frozen.tick(timedelta(seconds=20))
        self.run_outbox()
        self.assertTrue(second.carrier_id)

    def test_a_call_whose_end_is_never_reported_is_forgotten(self):
        self.raise_alert("Server 4 offline")
        first = self.ring(self.ann)
        self.answer_call(first)
        self.raise_alert("Mail down")
        second = self.get_calls(self.ann) - first
        self.frozen.tick(timedelta(minutes=6))
        self.run_outbox()
        self.assertTrue(second.carrier_id)

    def test_called_again_while_it_rings(self):
        """For the same alert: it goes on ringing, and its outcome counts once."""
        alert = self.raise_alert()
        self.ring(self.ann)
        alert._hasten(NOW, self.bo + self.cy)
        self.assertEqual(len(self.get_calls(self.ann)), 1)
        self.end(self.get_calls(self.ann))
        self.assertEqual(self.get_kinds(alert), [["missed"]])


class TestPreferences(CallCase):
    """Each person decides how they are reached; the manager decides when."""

    def test_they_set_their_own_and_nobody_elses(self):
        values = {"sms_alert_order": "call_first", "sms_call_from": 8}
        self.ann.with_user(self.ann).write(values)
        self.assertEqual(self.ann.sms_alert_order, "call_first")
        with self.assertRaises(AccessError):
            self.ann.with_user(self.bo).write(values)
        with self.assertRaises(AccessError):
            self.ann.with_user(self.manager).write(values)

    def test_hours_are_hours(self):
        for values in ({"sms_call_from": -1}, {"sms_call_to": 25}):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception),  # noqa: B017  # a constraint's
                self.env.cr.savepoint(),
            ):
                self.ann.write(values)
                self.env.flush_all()

    def test_call_first_turns_a_text_into_a_call_with_it(self):
        self.plan.step_ids.how = "text"
        self.ann.sms_alert_order = "call_first"
        self.raise_alert()
        self.assertEqual(len(self.get_calls(self.ann)), 1)
        self.assertEqual(len(self.texts_to(self.ann)), 1)
        self.wait(10)
        self.assertFalse(self.get_calls(self.bo), "he has said nothing")

    def test_who_wants_calls_only_gets_no_text_at_all(self):
        self.ann.sms_alert_order = "only_call"
        alert = self.raise_alert()
        self.assertEqual(len(self.get_calls(self.ann)), 1)
        self.act(alert, self.bo, replies.ACKNOWLEDGE)
        self.assertEqual(self.texts_to(self.ann), [])

    def test_what_is_not_urgent_calls_within_their_hours(self):
        self.plan.is_urgent = False
        self.ann.write({"tz": "UTC", "sms_call_from": 8, "sms_call_to": 22})
        alert = self.raise_alert("At ten in the evening")
        self.assertFalse(self.get_calls(self.ann))
        self.assertEqual(len(self.texts_to(self.ann)), 1)
        self.assertIn("outside the hours", alert.message_ids[0].body)
        self.ann.tz = "America/Denver"
        self.raise_alert("At three in the afternoon")
        self.assertEqual(len(self.get_calls(self.ann)), 1)

    def test_who_has_no_clock_of_their_own_has_the_companys(self):
        """Somebody who has never signed in; in UTC their night would be day."""
        self.plan.is_urgent = False
        self.ann.tz = False
        self.ann.company_id.partner_id.tz = "Asia/Tokyo"
        self.raise_alert("At seven in the morning in Tokyo")
        self.assertEqual(len(self.get_calls(self.ann)), 1)
        self.bo.tz = False
        self.frozen.tick(timedelta(hours=17))
        self.run_escalation()
        self.assertFalse(self.get_calls(self.bo), "at midnight")

    def test_a_company_without_a_clock_has_that_of_its_address(self):
        self.plan.is_urgent = False
        self.ann.tz = False
        place = {"tz": False, "country_id": self.env.ref("base.jp").id}
        self.ann.company_id.partner_id.write({**place, "state_id": False})
        self.raise_alert("At seven in the morning in Tokyo")
        self.assertEqual(len(self.get_calls(self.ann)), 1)

    def test_what_is_urgent_calls_at_any_hour(self):
        self.ann.write({"tz": "UTC", "sms_call_from": 8, "sms_call_to": 22})
        self.raise_alert()
        self.assertEqual(len(self.get_calls(self.ann)), 1)


class TestCompaniesAndPlans(CallCase):
    """Where calls are impossible the plan says so, and people are texted."""

    def test_a_plan_that_cannot_call_is_refused_with_the_reason(self):
        self.plan.step_ids.how = "text"
        self.plan.company_id = self.company
        self.company.sms_provider = "telnyx"
        with self.assertRaisesRegex(ValidationError, "Telnyx cannot place calls"):
            self.plan.step_ids[0].how = "call"
        self.company.sms_provider = "iap"
        with self.assertRaisesRegex(ValidationError, "Odoo cannot place calls"):
            self.plan.write({"step_ids": [(0, 0, {"whom": "all", "how": "call"})]})

    def test_a_service_alone_cannot_call(self):
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_auth_token": "a-token",
                "sms_twilio_messaging_service_sid": "MG" + "0" * 32,
            }
        )
        self.assertIn("no number that can call", self.company._explain_sms_no_calls())
        self.company.sms_twilio_number_ids = [
            (0, 0, {"number": "+13035550199", "country_id": self.country.id})
        ]
        self.assertEqual(self.company._explain_sms_no_calls(), "")
        self.raise_alert()
        call = self.get_calls(self.ann)
        self.assertEqual(call.sender_id.address, "+13035550199")
        text = (self.messages_to(self.get_number(self.ann)) - call)[:1]
        self.assertTrue(text.sender_id.address.startswith("MG"))

    def test_a_plan_of_all_companies_texts_where_it_cannot_call(self):
        self.plan.write({"company_id": False, "team_id": False})
        self.company.sms_provider = "telnyx"
        alert = self.raise_alert()
        self.assertFalse(self.get_calls(self.ann))
        self.assertTrue(self.texts_to(self.ann))
        notes = " ".join(alert.message_ids.mapped("body"))
        self.assertIn("Telnyx cannot place calls", notes)

    def test_the_second_carrier_is_not_asked_to_call(self):
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_auth_token": "a-token",
                "sms_twilio_number_ids": [
                    (0, 0, {"number": "+13035550199", "country_id": self.country.id})
                ],
                "sms_backup_provider": "telnyx",
            }
        )
        self.raise_alert()
        call = self.get_calls(self.ann)[:1]
        chosen = call._choose_open_senders(self.company, "telnyx")
        self.assertFalse(chosen[call.id])

    def test_nobody_but_the_plan_calls(self):
        values = {"number": self.number, "body": "x", "is_call": True}
        for user in self.agent + self.manager + self.administrator:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["sms.sms"].with_user(user).create(dict(values))

    def test_a_call_is_not_sent_again_by_hand(self):
        self.raise_alert()
        self.end(self.ring(self.ann))
        with self.assertRaises(UserError):
            self.get_calls(self.ann).with_user(self.manager).action_send_again()


class TestBeside(CallCase):
    """Odoo's notification and an e-mail arrive too, whatever the carrier does."""

    def test_everybody_who_is_told_is_told_in_odoo_too(self):
        self.ann.notification_type = "inbox"
        self.bo.notification_type = "email"
        self.ann.partner_id.email = "ann@example.com"
        self.bo.partner_id.email = "bo@example.com"
        alert = self.raise_alert()
        alert._hasten(NOW)
        notes = self.env["mail.notification"].search(
            [
                ("mail_message_id.model", "=", alert._name),
                ("mail_message_id.res_id", "=", alert.id),
            ]
        )
        by_person = {it.res_partner_id.name: it.notification_type for it in notes}
        self.assertEqual(by_person, {"Ann": "inbox", "Bo": "email"})
        mails = self.env["mail.mail"].search(
            [("model", "=", alert._name), ("res_id", "=", alert.id)]
        )
        self.assertEqual(mails.recipient_ids, (self.ann + self.bo).partner_id)
        self.assertEqual(set(mails.mapped("state")), {"outgoing"}, "a cron sends them")

    def test_calls_are_no_texts(self):
        self.raise_alert()
        self.ring(self.ann)
        figures = self.env["sms.sender"].search(
            [("company_id", "=", self.company.id), ("provider", "=", "sandbox")]
        )
        self.assertEqual(figures.sent_count, 1, "the text alone")
        facts = self.env["sms.analysis"].search(
            [("kind", "=", "outgoing"), ("partner_id", "=", self.ann.partner_id.id)]
        )
        self.assertEqual(len(facts), 1)
