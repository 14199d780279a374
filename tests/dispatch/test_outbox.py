# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

from ..live import LiveServer
from ..peer.twilio import API_KEY_SECRET, API_KEY_SID
from .common import OutboxCase


class TestOutcomes(OutboxCase):
    """The outcome of a message for each response of a carrier."""

    def _send(self, number, behavior):
        """Send a text with a behavior of the carrier; return the contact's id."""
        self.peer.behaviors[number] = behavior
        partner_id = self.join(number)
        self.make_ticket(partner_id)
        self.peer.wait_for(number)
        return partner_id

    def test_a_refusal_ends_it_and_says_why(self):
        for number, code, failure_type in (
            ("+13035550150", 21211, "sms_number_format"),
            ("+13035550151", 30007, "sms_rejected"),
            ("+13035550152", 99999, "sms_server"),
        ):
            with self.subTest(code=code):
                self._send(number, ("error", 400, code))
                message = self.wait_state(number, "error")
                self.assertEqual(message["failure_type"], failure_type)
                self.assertEqual(len(self.peer.to(number)), 1)

    def test_the_carriers_opt_out_is_an_opt_out(self):
        number = "+13035550153"
        partner_id = self._send(number, ("error", 400, 21610))
        self.wait_state(number, "error")
        self.make_ticket(partner_id)
        self.assertEqual(self.read_messages(number)[-1]["failure_type"], "sms_optout")

    def test_too_fast_is_tried_again_later(self):
        number = "+13035550154"
        self._send(number, ("error", 429, 20429))
        self.peer.behaviors[number] = None
        self.wait_state(number, "pending")
        self.assertGreaterEqual(len(self.peer.to(number)), 2)
        self.assertEqual(len(self.peer.taken_to(number)), 1)

    def test_no_connection_is_tried_again_later(self):
        number = "+13035550155"
        partner_id = self.join(number)
        self.set_parameter("helpdesk_mgmt_sms.twilio_api_url", "http://127.0.0.1:9")
        try:
            self.make_ticket(partner_id)
            deadline = time.monotonic() + 20
            tried = 0
            while not tried and time.monotonic() < deadline:
                time.sleep(0.1)
                tried = self.count(
                    "sms_sms",
                    "number = %s AND state = 'outgoing' AND attempts > 0",
                    [number],
                )
            self.assertEqual(tried, 1)
        finally:
            self.set_parameter("helpdesk_mgmt_sms.twilio_api_url", self.peer.url)

    def test_what_nobody_can_tell_is_never_posted_again(self):
        """After a lost response or a gateway's error, it may have been accepted."""
        for number, behavior in (
            ("+13035550156", "drop"),
            ("+13035550157", ("html", 502)),
            ("+13035550158", ("error", 503, 20503)),
        ):
            with self.subTest(behavior=behavior):
                self._send(number, behavior)
                message = self.wait_state(number, "unknown")
                self.peer.behaviors[number] = None
                self.let_claims_age(number)
                self.run_cron()
                self.assertEqual(len(self.peer.to(number)), 1)
                # The delivery report shows that it was accepted.
                self.report(message, "delivered", self.peer.to(number)[0]["sid"])
                self.wait_state(number, "sent")

    def test_an_unknown_outcome_cannot_be_sent_again_by_hand(self):
        number = "+13035550159"
        self._send(number, "drop")
        message = self.wait_state(number, "unknown")
        with self.assertRaisesRegex(Exception, "is being checked"):
            self.rpc("sms.sms", "action_set_outgoing", [message["id"]])
        self.assertEqual(len(self.peer.to(number)), 1)

    def test_an_api_key_and_a_messaging_service(self):
        number = "+13035550160"
        service = "MG" + "0123456789abcdef" * 2
        values = {
            "sms_twilio_api_key_sid": API_KEY_SID,
            "sms_twilio_api_key_secret": API_KEY_SECRET,
            "sms_twilio_messaging_service_sid": service,
        }
        self.rpc("res.company", "write", [self.company_id], values)
        try:
            self._send(number, None)
            self.wait_state(number, "pending")
            [post] = self.peer.to(number)
            self.assertEqual(post["MessagingServiceSid"], service)
            self.assertNotIn("From", post)
        finally:
            self.rpc("res.company", "write", [self.company_id], dict.fromkeys(values))

    def test_a_wrong_password_is_refused_and_not_logged(self):
        number = "+13035550161"
        self.peer.credentials.clear()
        try:
            partner_id = self.join(number)
            self.make_ticket(partner_id)
            deadline = time.monotonic() + 20
            while not self.read_stopped() and time.monotonic() < deadline:
                time.sleep(0.1)
            [sender] = self.read_stopped()
            self.wait_state(number, "outgoing")
            self.assertIn("credentials", sender["fault_id"][1].lower())
            domain = [("message", "like", "have stopped")]
            alerts = self.rpc("sms.outbox.alert", "search_read", domain, ["message"])
            self.assertEqual(len(alerts), 1, alerts)
        finally:
            self.peer.credentials.update(self.peer_credentials)
        # With the right credentials, the waiting text is sent.
        self.rpc("sms.sender", "action_start", [sender["id"]])
        self.wait_state(number, "pending")
        self.assertFalse(self.read_stopped())
        for secret in self.peer_credentials.values():
            self.assertNotIn(secret, self.server.read_log())

    def test_a_sender_that_stopped_is_tried_by_one_text_alone(self):
        """With two servers, while the carrier does not answer the first text."""
        number = "+13035550164"
        other = LiveServer(self.database).start()
        self.addCleanup(other.stop)
        partner_id = self.join(number)
        self.peer.release.clear()
        self.peer.behaviors[number] = "hold"
        self._set_stopped("2100-01-01")
        for index in range(4):
            self.make_ticket(partner_id, f"No. {index}")
        self._set_stopped("2000-01-01")
        self.make_ticket(partner_id, "No. 4")
        self.peer.wait_for(number)
        time.sleep(3)
        self.assertEqual(len(self.peer.to(number)), 1)
        self.assertEqual(len(self._find_waiting(number)), 4)
        self.peer.behaviors[number] = None
        self.peer.release.set()
        self.peer.wait_for(number, 5)
        self.assertFalse(self.read_stopped())

    def _set_stopped(self, until):
        """Stop the senders until a time."""
        with self.cursor() as cr:
            cr.execute(
                "UPDATE sms_sender SET stop_count = 1, stopped_until = %s "
                "WHERE provider = 'twilio'",
                [until],
            )

    def _find_waiting(self, number):
        """Return the ids of the waiting texts to a number."""
        domain = [("number", "=", number), ("state", "=", "outgoing")]
        return self.rpc("sms.sms", "search", domain)

    def test_a_report_that_overtakes_the_answer(self):
        """The carrier reports on a text before it answers the request."""
        number = "+13035550162"
        self.peer.release.clear()
        self._send(number, "hold")
        message = self.wait_state(number, "process")
        [post] = self.peer.to(number)
        self.assertEqual(
            self.report(message, "delivered", post["sid"]).status_code, 200
        )
        self.assertEqual(self.wait_state(number, "sent")["uuid"], message["uuid"])
        self.peer.release.set()
        time.sleep(1)
        self.assertEqual(self.read_messages(number)[-1]["state"], "sent")
        self.assertEqual(len(self.peer.to(number)), 1)

    def test_no_user_waits_for_the_carrier(self):
        """Creating a ticket does not wait for a carrier that does not answer."""
        number = "+13035550163"
        self.peer.release.clear()
        partner_id = self._send(number, "hold")
        tickets = [self.make_ticket(partner_id, f"No. {i}") for i in range(3)]
        self.assertEqual(len(tickets), 3)
        states = {message["state"] for message in self.read_messages(number)}
        self.assertLessEqual(states, {"process", "outgoing"})
        self.peer.release.set()
        self.peer.wait_for(number, 4)


class TestKill(OutboxCase):
    """Nothing is lost or sent twice, whenever a server is killed."""

    def tearDown(self):
        self.peer.release.set()
        if not self.server.is_running:
            self._restart()
        super().tearDown()

    def _restart(self):
        """Start another server on the same database and the same port."""
        port = self.server.port
        type(self).server = LiveServer(self.database)
        self.server.port = port
        self.server.start()

    def test_a_kill_between_post_and_commit_does_not_send_twice(self):
        number = "+13035550170"
        self.peer.release.clear()
        self.peer.behaviors[number] = "hold"
        partner_id = self.join(number)
        self.make_ticket(partner_id)
        [post] = self.peer.wait_for(number)
        self.server.kill()
        self.peer.release.set()
        self.peer.behaviors[number] = None
        self._restart()

        message = self.wait_state(number, "process")
        self.run_cron()
        self.assertEqual(len(self.peer.to(number)), 1, "the lease has not run out")
        self.let_claims_age(number)
        self.run_cron()
        self.wait_state(number, "unknown")
        self.assertEqual(len(self.peer.to(number)), 1)
        self.report(message, "delivered", post["sid"])
        self.wait_state(number, "sent")

    def test_a_kill_before_the_post_loses_nothing(self):
        """What waits when the server dies is sent once when it is back."""
        blocker, number = "+13035550171", "+13035550172"
        self.peer.release.clear()
        self.peer.behaviors[blocker] = "hold"
        self.make_ticket(self.join(blocker))
        self.peer.wait_for(blocker)
        with self.cursor() as cr:
            cr.execute(
                "UPDATE sms_sender SET stop_count = 1, stopped_until = '2100-01-01' "
                "WHERE provider = 'twilio' RETURNING id"
            )
            sender_ids = [row[0] for row in cr.fetchall()]
        partner_id = self.join(number)
        for index in range(5):
            self.make_ticket(partner_id, f"No. {index}")
        self.server.kill()
        self.assertEqual(self.peer.to(number), [])
        self.peer.release.set()
        self.peer.behaviors[blocker] = None
        self._restart()
        self.rpc("sms.sender", "action_start", sender_ids)
        self.run_cron()
        self.peer.wait_for(number, 5)
        self.wait_state(number, "pending")
        bodies = [post["Body"] for post in self.peer.to(number)]
        self.assertEqual(len(set(bodies)), 5)
        self.assertEqual(len(self.peer.to(blocker)), 1)

    def test_a_worker_that_is_asked_to_end_settles_what_it_has_claimed(self):
        """Odoo's worker ends its run first, at the latest at the cron's time limit."""
        number = "+13035550174"
        self.join(number)
        self.server.stop()
        prefork = LiveServer(self.database, workers=1)
        prefork.port = self.server.port
        prefork.start()
        self.addCleanup(prefork.stop)
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        values = {"number": number, "purpose_id": purpose_id}
        rows = [{**values, "body": f"No. {index}"} for index in range(1000)]
        self.rpc("sms.sms", "create", rows)
        self.peer.wait_for(number, 20)
        prefork.stop()
        self.assertEqual(prefork.process.exitcode, 0, "it had to be killed")
        states = "number = %s AND state = %s"
        self.assertEqual(self.count("sms_sms", states, [number, "process"]), 0)
        bodies = [post["Body"] for post in self.peer.to(number)]
        self.assertEqual(len(bodies), len(set(bodies)))
        waiting = self.count("sms_sms", states, [number, "outgoing"])
        self.assertEqual(len(bodies) + waiting, len(rows))
        with self.cursor() as cr:
            cr.execute("DELETE FROM sms_sms WHERE number = %s", [number])

    def test_two_servers_share_the_work(self):
        """Two Odoo nodes on one database send each message once."""
        numbers = [f"+15095554{index}" for index in range(180, 190)]
        other = LiveServer(self.database).start()
        self.addCleanup(other.stop)
        partner_ids = [self.join(number) for number in numbers]
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(self.make_ticket, partner_ids * 3))
        for number in numbers:
            self.peer.wait_for(number, 3, timeout=60)
        time.sleep(1)
        for number in numbers:
            self.assertEqual(len(self.peer.to(number)), 3)
