# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from odoo.tests import tagged
from odoo.tools import SQL

from ..live import LiveServer
from ..peer.twilio_calls import PeerCall
from .common import AlertLiveCase

#: Numbers (E.164) of the people on call.
ANN, BO, CY = "+15125550150", "+15125550151", "+15125550152"


class CallLiveCase(AlertLiveCase):
    """The plan calls Ann, then Bo, then Cy, ten minutes apart."""

    numbers = (ANN, BO, CY)
    steps = ((0, "on_call"), (10, "next"), (20, "next"))
    how = "call"
    #: Calls only: texts are tested elsewhere.
    alert_order = "only_call"

    def setUp(self):
        super().setUp()
        self._end()
        self.forget_calls()
        self.peer.messages.clear()
        self.peer.taken.clear()
        self.peer.behaviors.clear()
        self.peer.release.clear()

    def forget_calls(self, minutes=10):
        """Move the end of former calls back: a phone rests between two calls."""
        with self.cursor() as cr:
            cr.execute(
                """
                UPDATE sms_sms
                   SET call_ended_at = COALESCE(call_ended_at, claimed_at)
                                     - %s * interval '1 minute'
                 WHERE is_call AND claimed_at IS NOT NULL
                """,
                [minutes],
            )

    def read_kinds(self, alert_id):
        """Return the kinds of an alert's entries, in order."""
        domain = [("alert_id", "=", alert_id)]
        entries = self.rpc("sms.team.alert.entry", "search_read", domain, ["kind"])
        return [entry["kind"] for entry in entries]

    def wait_call(self, number, count=1, timeout=60):
        """Wait until a number is called; return the call at the peer."""
        self.peer.wait_for(number, count, timeout)
        return PeerCall(self.peer.taken_to(number)[-1], self.post_signed)

    def post_signed(self, url, form, signature=None):
        """Post a signed webhook to a full URL, as Twilio does."""
        if signature is None:
            signature = self.validator.compute_signature(url, form)
        headers = {"X-Twilio-Signature": signature}
        response = requests.post(url, data=form, headers=headers, timeout=30)
        self.wait_events()
        return response

    def wait_kind(self, alert_id, kind, timeout=60):
        """Wait until an alert's timeline has an entry of a kind."""
        deadline = time.monotonic() + timeout
        while kind not in (kinds := self.read_kinds(alert_id)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{kind} expected, got {kinds}")
            time.sleep(0.2)

    def restart(self):
        """Kill the server, whatever it is doing, and start another one."""
        again = LiveServer(self.database)
        # On the same port, which the calls in progress have in their URLs.
        again.port = self.server.port
        type(self).server.kill()
        type(self).server = again.start()

    def let_time_pass(self):
        """Expire the claims of calls, make their lookups due, and run the outbox."""
        with self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                """
                UPDATE sms_sms
                   SET claimed_at = CASE WHEN state = 'process'
                                         THEN claimed_at - interval '3 minutes'
                                         ELSE claimed_at END,
                       lookup_at = CASE WHEN lookup_at IS NOT NULL
                                        THEN now() AT TIME ZONE 'UTC' END
                 WHERE is_call AND state IN ('process', 'unknown', 'pending')
                """
            )
        self.trigger_cron("ir_cron_sms_dispatch")

    def wait_call_state(self, number, *states):
        """Age the calls until the last one to a number has one of some states."""
        deadline = time.monotonic() + 60
        while (state := self.read_messages(number)[-1]["state"]) not in states:
            if time.monotonic() > deadline:
                raise AssertionError(f"{states} expected, got {state}")
            self.let_time_pass()
            time.sleep(0.3)


@tagged("long")
class TestCallsLive(CallLiveCase):
    """Calls over real HTTP: spoken, answered, missed, forged."""

    def test_it_rings_and_is_taken(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        self.assertIn("Server 4 offline", phone.answer())
        self.assertEqual(phone.language, "en-US")
        self.assertIn("is yours", phone.press("1"))
        self.assertEqual(self.read_alert(alert_id), "acknowledged")
        self.assertEqual(phone.end(CallDuration="12").status_code, 200)
        self.wait_state(ANN, "sent")
        self.assertFalse(self.peer.to(BO))

    def test_a_wrong_key_is_asked_about_once_and_then_the_next_is_called(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        phone.answer()
        self.assertIn("press 1", phone.press("7"))
        self.assertIn("Goodbye", phone.press(""))
        self.assertIsNone(phone.key_url)
        phone.end()
        self.wait_kind(alert_id, "missed")
        self.wait_call(BO)

    def test_whatever_ends_a_call_untaken_calls_the_next_at_once(self):
        for count, status in enumerate(("busy", "no-answer", "failed"), 1):
            with self.subTest(status=status):
                self.raise_alert(f"Alarm {status}")
                self.wait_call(ANN, count).end(status)
                self.wait_call(BO, count)
                self.forget_calls()

    def test_an_answering_machine_is_told_nothing(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        self.assertEqual(phone.answer("machine_start"), "")
        self.wait_kind(alert_id, "missed")
        phone.end()
        self.wait_call(BO)
        self.assertEqual(self.read_kinds(alert_id).count("missed"), 1)

    def test_what_is_forged_does_nothing(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        url, form = phone.call["Url"], {"CallSid": phone.call["sid"]}
        pressed = {**form, "Digits": "1"}
        for address, data in ((url, form), (f"{url}/1", pressed)):
            for signature in ("", "forged", self.validator.compute_signature(url, {})):
                with self.subTest(address=address, signature=signature):
                    response = self.post_signed(address, data, signature)
                    self.assertEqual(response.status_code, 403)
        # The signature is for another URL of ours.
        signature = self.validator.compute_signature(url, pressed)
        self.assertEqual(
            self.post_signed(f"{url}/1", pressed, signature).status_code, 403
        )
        self.assertEqual(self.read_alert(alert_id), "open")
        self.assertEqual(self.read_messages(ANN)[-1]["state"], "pending")

    def test_a_signed_request_about_no_call_of_ours_ends_it(self):
        for path in ("call/nobody", "call/nobody/1", "call/nobody/999999999999"):
            with self.subTest(path=path):
                response = self.post(path, {"CallSid": "CA1", "Digits": "1"})
                self.assertEqual(response.status_code, 200)
                self.assertIn("<Hangup", response.text)
        huge = self.post("call/nobody", {"CallSid": "x" * 70_000})
        self.assertEqual(huge.status_code, 413)

    def test_a_key_of_two_who_press_at_once_counts_once(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        phone.answer()
        key_url = phone.key_url
        for _time in range(3):
            phone.key_url = key_url
            self.assertIn("passed on", phone.press("2"))
        self.wait_call(BO)
        self.assertEqual(self.read_kinds(alert_id).count("escalated"), 1)
        time.sleep(1)
        self.assertFalse(self.peer.to(CY))


@tagged("long")
class TestTwoAlertsLive(CallLiveCase):
    """For two alerts at once a phone rings once, and nothing is lost."""

    def test_two_that_are_raised_at_once_are_one_call(self):
        names = ["Server 4 offline", "Mail down"]
        with ThreadPoolExecutor(2) as pool:
            ids = list(pool.map(self.raise_alert, names))
        phone = self.wait_call(ANN)
        words = phone.answer()
        for name in names:
            self.assertIn(name, words)
        self.assertIn("are yours", phone.press("1"))
        phone.end()
        time.sleep(1)
        self.assertEqual(len(self.peer.to(ANN)), 1)
        states = {self.read_alert(alert_id) for alert_id in ids}
        self.assertEqual(states, {"acknowledged"})

    def test_who_is_on_the_phone_is_called_afterwards(self):
        first_id = self.raise_alert()
        phone = self.wait_call(ANN)
        phone.answer()
        second_id = self.raise_alert("Mail down")
        time.sleep(2)
        self.assertIn("is yours", phone.press("1"))
        phone.end()
        time.sleep(2)
        self.assertEqual(len(self.peer.to(ANN)), 1, "she has just hung up")
        self.forget_calls()
        self.trigger_cron("ir_cron_sms_dispatch")
        phone = self.wait_call(ANN, 2)
        self.assertIn("Mail down", phone.answer())
        self.assertIn("is yours", phone.press("1"))
        states = [self.read_alert(alert_id) for alert_id in (first_id, second_id)]
        self.assertEqual(states, ["acknowledged"] * 2)


@tagged("long")
class TestKilledCalls(CallLiveCase):
    """A worker is killed around a post: each person is called, and only once."""

    def test_killed_after_the_claim_and_before_the_answer(self):
        """Twilio has the call, but we do not know: it is looked up, not placed anew."""
        self.peer.behaviors[ANN] = "hold"
        alert_id = self.raise_alert()
        self.peer.wait_for(ANN)
        self.assertEqual(self.read_messages(ANN)[-1]["state"], "process")
        self.restart()
        self.peer.release.set()
        self.wait_call_state(ANN, "pending")
        self.assertEqual(len(self.peer.to(ANN)), 1)
        phone = self.wait_call(ANN)
        phone.answer()
        phone.press("1")
        self.assertEqual(self.read_alert(alert_id), "acknowledged")

    def test_killed_and_the_call_goes_on_before_anybody_looks(self):
        """Its webhooks arrive while its state is still "being placed"."""
        self.peer.behaviors[ANN] = "hold"
        alert_id = self.raise_alert()
        self.peer.wait_for(ANN)
        self.restart()
        phone = self.wait_call(ANN)
        self.assertIn("Server 4", phone.answer())
        self.assertIn("is yours", phone.press("1"))
        self.peer.release.set()
        self.let_time_pass()
        self.assertEqual(self.read_messages(ANN)[-1]["state"], "sent")
        self.assertEqual(self.read_alert(alert_id), "acknowledged")
        self.assertEqual(len(self.peer.to(ANN)), 1)

    def test_killed_before_the_claim_is_committed(self):
        """Nothing was posted, so the next worker places it, once."""
        condition = SQL("NEW.is_call AND NEW.state = 'process'")
        self.slow_down("sms_sms", 3, condition, SQL("UPDATE"))
        self.raise_alert()
        time.sleep(1)
        self.restart()
        self.wake_crons("ir_cron_sms_dispatch")
        self.trigger_cron("ir_cron_sms_dispatch")
        self.wait_call(ANN)
        time.sleep(1)
        self.assertEqual(len(self.peer.to(ANN)), 1)

    def test_lost_on_the_way_it_is_placed_after_twilio_has_none(self):
        """The connection breaks, and two lookups at Twilio have found no call."""
        self.peer.behaviors[ANN] = "lose"
        self.raise_alert()
        self.peer.wait_for(ANN)
        self.wait_call_state(ANN, "unknown")
        del self.peer.behaviors[ANN]
        self.wait_call_state(ANN, "pending")
        self.assertEqual(len(self.peer.taken_to(ANN)), 1)
        self.assertEqual(len(self.peer.to(ANN)), 2)

    def test_killed_when_the_call_was_missed_the_next_is_called_once(self):
        alert_id = self.raise_alert()
        phone = self.wait_call(ANN)
        self.slow_down("sms_team_alert_entry", 2)
        phone.end("no-answer")
        time.sleep(0.7)
        self.restart()
        time.sleep(2)  # the killed server's statement locks the alert until it ends
        self.trigger_cron("ir_cron_sms_team_alert")
        self.wait_call(BO)
        self.wait_kind(alert_id, "missed")
        self.assertEqual(len(self.peer.to(BO)), 1)
        self.assertEqual(self.read_kinds(alert_id).count("missed"), 1)
