# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of dispatching."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from random import Random
from urllib.parse import urlsplit

import requests
from psycopg2 import InterfaceError, OperationalError

from odoo import fields
from odoo.tools import mute_logger

from ..common import SmsCase, phone_number
from ..live import LiveCase
from ..message.common import WaitingCase
from ..peer.twilio import ACCOUNT_SID

SMALL, LARGE = 12, 60
SEED = 20261125
#: Shares of requests, and what the carrier does with them instead of accepting them.
MOODS = (
    (0.05, ("error", 429, 20429)),
    (0.01, ("error", 500, 20500)),
    (0.01, ("taken", 500, 20500)),
    (0.01, "drop"),
    (0.01, "lose"),
    # Longer than the adapter's timeout.
    (0.01, ("hang", 12)),
)
NUMBERS = [f"+1212555{line:04d}" for line in range(5000, 5500)]
#: The public address in front of all nodes, of which any that is up answers.
PUBLIC_URL = "http://nodes.example"
ALERT_LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_outbox_alert"
FIRST, SECOND, BRITISH = "+13035550170", "+13035550171", "+447700900171"


class OutboxCase(LiveCase):
    """Common base of the outbox's tests against a server."""

    def join(self, number):
        """Return the id of a new contact who has agreed to texts about tickets."""
        partner_id = self.make_customer(number)
        action = self.rpc("res.partner", "action_record_sms_consent", [partner_id])
        context = action["context"]
        purpose_ids = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        record_id = self.rpc(
            "sms.consent.record",
            "create",
            {
                "company_id": context["default_company_id"],
                "number": context["default_number"],
                "res_model": "res.partner",
                "res_id": partner_id,
                "purpose_ids": [(6, 0, purpose_ids)],
                "method": "in_person",
            },
        )
        self.rpc("sms.consent.record", "action_record", [record_id])
        return partner_id

    def let_claims_age(self, number):
        """Expire the lease of the claimed messages to a number."""
        with self.cursor() as cr:
            cr.execute(
                "UPDATE sms_sms SET claimed_at = claimed_at - interval '1 hour' "
                "WHERE number = %s",
                [number],
            )

    def read_stopped(self):
        """Return the stopped senders."""
        return self.rpc(
            "sms.sender", "search_read", [("stop_count", ">", 0)], ["fault_id"]
        )

    def run_cron(self):
        """Run the outbox's cron, as its schedule does."""
        self.trigger_cron("ir_cron_sms_dispatch")


class BatchCase(WaitingCase):
    """Common base of tests with batches of messages to many people."""

    def setUp(self):
        super().setUp()
        for index in range(LARGE):
            self.record_consent(phone_number(index), "ticket")

    def queue_many(self, count):
        """Return ``count`` new messages, each to another person."""
        purpose = self.purposes("ticket")
        return self.env["sms.sms"].create(
            [
                {
                    "number": phone_number(index),
                    "body": f"Hello {index}",
                    "purpose_id": purpose.id,
                }
                for index in range(count)
            ]
        )

    def claim(self, count):
        """Claim ``count`` messages; return the calls that the poster gets."""
        dispatcher = self.env["sms.dispatcher"]
        [senders] = dispatcher._get_accounts().values()
        calls = dispatcher._claim(senders, count)
        self.assertEqual(len(calls), count)
        return calls

    def claim_all(self):
        """Claim everything that may be sent now; return the keys of the calls."""
        dispatcher = self.env["sms.dispatcher"]
        calls = []
        while accounts := dispatcher._get_accounts():
            [senders] = accounts.values()
            claimed = dispatcher._claim(senders, LARGE)
            if not claimed:
                break
            calls += [key for _account, key, _call, _delay in claimed]
        return calls


class WatchCase(WaitingCase):
    """Common base of the tests of the outbox's watch."""

    def setUp(self):
        super().setUp()
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()

    def watch(self):
        """Run the watch once; return the keys of the open alerts."""
        with mute_logger(ALERT_LOGGER):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_outbox_watch"))
        return self.open_alerts().mapped("key")

    def open_alerts(self):
        """Return the company's open alerts."""
        return self.env["sms.outbox.alert"].search(
            [("company_id", "=", self.company.id), ("closed_at", "=", False)]
        )

    def long_ago(self, hours=2):
        """Return the time ``hours`` ago (UTC)."""
        return fields.Datetime.now() - timedelta(hours=hours)


class StormCase(LiveCase):
    """Two Odoo nodes with a dispatcher each, and an unreliable carrier."""

    @classmethod
    def setUpClass(cls):
        # After both nodes have ended: cleanups run from the last to the first.
        cls.addClassCleanup(cls.calm_storm)
        super().setUpClass()
        cls.other = cls.make_server(2).start()
        cls.addClassCleanup(lambda: cls.other.stop())
        cls.configure_storm()

    @classmethod
    def configure_storm(cls):
        """Shorten pauses, switch both dispatchers on, and allow texting everybody."""
        values = {"sms_consent_policy": "opt_out", "sms_relaxation_reason": "Tests"}
        cls.rpc("res.company", "write", [cls.company_id], values)
        cls.set_parameter("web.base.url", PUBLIC_URL)
        cls.set_parameter("helpdesk_mgmt_sms.in_flight", "16")
        # Every text gets reports by webhook, which compete with the dispatchers.
        cls.set_parameter("helpdesk_mgmt_sms.fetch_reports_from", "0")
        with cls.cursor() as cr:
            cr.execute(
                """
                UPDATE sms_fault SET first_pause = 1, max_pause = 1
                 WHERE fault IN ('too_fast', 'no_connection', 'no_answer');
                UPDATE ir_cron SET active = TRUE WHERE NOT active AND id IN (
                    SELECT res_id FROM ir_model_data
                     WHERE name = 'ir_cron_sms_dispatch_2'
                );
                -- A speed from which 429 slows it down to what still ends the test.
                UPDATE sms_sender SET rate = 2000 WHERE provider = 'twilio';
                """
            )

    @classmethod
    def calm_storm(cls):
        """Restore the database for the other tests."""
        with cls.cursor() as cr:
            cr.execute(
                """
                UPDATE res_company SET sms_consent_policy = 'opt_in' WHERE id = %s;
                DELETE FROM ir_config_parameter
                 WHERE key IN ('helpdesk_mgmt_sms.in_flight',
                               'helpdesk_mgmt_sms.fetch_reports_from');
                UPDATE sms_fault fault
                   SET first_pause = was.first_pause, max_pause = was.max_pause
                  FROM (VALUES ('too_fast', 1, 30), ('no_connection', 5, 300),
                               ('no_answer', 60, 600))
                    AS was (fault, first_pause, max_pause)
                 WHERE fault.fault = was.fault;
                UPDATE ir_cron SET active = FALSE WHERE id IN (
                    SELECT res_id FROM ir_model_data
                     WHERE name = 'ir_cron_sms_dispatch_2'
                );
                """,
                [cls.company_id],
            )

    def setUp(self):
        super().setUp()
        self.random = Random(SEED)  # noqa: S311  # the same storm each time
        self.lock = threading.Lock()
        self.reports = ThreadPoolExecutor(4)
        self.addCleanup(self.reports.shutdown, cancel_futures=True)
        self.peer.release.clear()
        self.peer.taken.clear()
        self.peer.choose = self.choose
        self.peer.on_taken = self.report_taken
        self.addCleanup(setattr, self.peer, "choose", lambda form: None)
        self.addCleanup(setattr, self.peer, "on_taken", lambda message: None)

    # === The carrier ===

    def choose(self, _form):
        """Return what the carrier does with a request."""
        with self.lock:
            dice = self.random.random()
        for share, mood in MOODS:
            if dice < share:
                return mood
            dice -= share
        return None

    def report_taken(self, message):
        """Report on a message at once when it is accepted, twice and out of order."""
        message["status"] = "delivered"
        with self.lock:
            statuses = self.random.choice(
                (
                    ("delivered",),
                    ("sent", "delivered"),
                    ("delivered", "sent"),
                    ("delivered", "delivered"),
                    (),
                )
            )
        for status in statuses:
            self.reports.submit(self.deliver_report, message, status)

    def deliver_report(self, message, status):
        """Post a signed report to a node that is up; if none is, the report is lost."""
        form = {
            "MessageSid": message["sid"],
            "MessageStatus": status,
            "AccountSid": ACCOUNT_SID,
        }
        url = message["StatusCallback"]
        headers = {"X-Twilio-Signature": self.validator.compute_signature(url, form)}
        for server in (self.server, self.other):
            try:
                return requests.post(
                    server.url + urlsplit(url).path,
                    data=form,
                    headers=headers,
                    timeout=10,
                )
            except requests.RequestException:
                continue

    # === The nodes ===

    def restart(self, name):
        """Start a node again, at the same address."""
        again = self.make_server(2)
        again.port = getattr(self, name).port
        setattr(type(self), name, again.start())

    def keep_time(self):
        """Start a thread that wakes the nodes each second, as new messages do.

        :return: function that stops it
        """
        over = threading.Event()

        def tick():
            while not over.wait(1):
                # If the database is restarting, try again a second later.
                with suppress(OperationalError, InterfaceError):
                    self.wake_crons("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")
                    with self.cursor("postgres") as cr:
                        cr.execute(
                            "SELECT pg_notify('cron_trigger', %s)", [self.database]
                        )

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def let_time_pass(self):
        """Move claims ten minutes into the past, and make planned lookups due."""
        with self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                """
                UPDATE sms_sms
                   SET claimed_at = claimed_at - interval '10 minutes',
                       lookup_at = CASE WHEN lookup_at IS NOT NULL
                                        THEN now() AT TIME ZONE 'UTC' END
                 WHERE state IN ('process', 'unknown', 'pending')
                """
            )

    # === The messages ===

    def queue(self, count, words, twins=0):
        """Make ``count`` messages by one call, to :data:`NUMBERS` in turn."""
        rows = []
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        for index in range(count):
            turn, person = divmod(index, len(NUMBERS))
            if person < twins:
                turn = min(turn, 2)
            row = {"number": NUMBERS[person], "body": f"{words} {turn}"}
            rows.append({**row, "purpose_id": purpose_id})
        self.rpc("sms.sms", "create", rows)
        self.wanted = Counter((row["number"], row["body"]) for row in rows)

    def read_states(self, words):
        """Return the number of messages by state.

        A message that waits for an older one to its number with an unknown outcome
        counts as "behind".
        """
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT CASE WHEN state = 'outgoing' AND EXISTS (
                                SELECT FROM sms_sms older
                                 WHERE older.number = sms_sms.number
                                   AND older.id < sms_sms.id
                                   AND older.state IN ('process', 'unknown'))
                            THEN 'behind' ELSE state END AS shown,
                       count(*)
                  FROM sms_sms WHERE body LIKE %s GROUP BY shown
                """,
                [f"{words} %"],
            )
            return dict(cr.fetchall())

    def wait_states(self, words, wanted, timeout):
        """Wait until all messages are in one of the wanted states.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while not (states := self.read_states(words)).keys() <= set(wanted):
            if time.monotonic() > deadline:
                raise AssertionError(f"only {wanted} expected, got {states}")
            time.sleep(0.5)

    def wait_sent(self, words):
        """Wait until all are sent; those without a report are looked up."""
        self.wait_states(words, ("pending", "sent"), 120)
        self.let_time_pass()
        self.wait_states(words, ("sent",), 120)

    def check_taken(self, words):
        """Check that the carrier has accepted each message exactly once."""
        taken = Counter()
        uuids = Counter()
        twins = {key for key, count in self.wanted.items() if count > 1}
        for message in self.peer.taken:
            key = message["To"], message["Body"].partition("\n")[0]
            if not key[1].startswith(words):
                continue
            taken[key] += 1
            if key not in twins:
                uuids[message["StatusCallback"]] += 1
        self.assertEqual(len(taken), len(self.wanted))
        lost, twice = self.wanted - taken, taken - self.wanted
        self.assertFalse(lost, f"lost: {lost}")
        self.assertFalse(twice, f"sent twice: {twice}")
        self.assertEqual(set(uuids.values()), {1})
        self.assertEqual(self.read_states(words), {"sent": sum(self.wanted.values())})


class SendersCase(SmsCase):
    """A company with three numbers at Twilio, and a customer who may be texted."""

    provider = "twilio"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        britain = cls.env.ref("base.uk")
        cls.company.write(
            {
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_auth_token": "a-token",
                "sms_twilio_number_ids": [
                    (5, 0, 0),
                    (0, 0, {"number": FIRST, "country_id": cls.country.id}),
                    (0, 0, {"number": SECOND, "country_id": cls.country.id}),
                    (0, 0, {"number": BRITISH, "country_id": britain.id}),
                ],
            }
        )
        cls.other_team = cls.env["helpdesk.ticket.team"].create({"name": "Network"})
        cls.record_consent()

    @classmethod
    def sender(cls, address):
        """Return the sender with an address, archived or not."""
        senders = cls.env["sms.sender"].with_context(active_test=False)
        return senders.search(
            [("company_id", "=", cls.company.id), ("address", "=", address)]
        )

    def text(self, ticket=None, number=None, body="We are on it."):
        """Return a new text, on a ticket or without one."""
        if ticket:
            ticket._message_sms(body)
        else:
            self.env["sms.sms"].create({"number": number or self.number, "body": body})
        made = self.messages_to(number).filtered(lambda sms: body in sms.body)
        return made[-1]

    def receive_at(self, address, body="Hello"):
        """Receive a text of the customer to one of our numbers."""
        inbound = self.receive(body)
        inbound.to_number = address
        return inbound
