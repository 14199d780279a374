# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real Odoo server, on a database of its own, driven from outside.

Inside a test Odoo keeps one transaction and serves requests one after the other, so
that neither concurrency nor a crash can be tested there. Here everything is committed:
users act by RPC, the carrier by signed webhooks, and a crash is a SIGKILL. ``bin/test``
makes the database and names it in the environment.
"""

import importlib
import os
import signal
import socket
import tempfile
import time
import uuid
import xmlrpc.client
from contextlib import contextmanager, suppress

import requests
from twilio.request_validator import RequestValidator

from odoo.sql_db import db_connect
from odoo.tests import BaseCase, tagged
from odoo.tools import SQL, config

from .common import ANY_HOUR
from .peer.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioPeer

DATABASE_VARIABLE = "HELPDESK_SMS_LIVE_DATABASE"
#: The company's number; its country decides which sender is used.
OWN_NUMBER = "+13035550100"
#: Seconds within which a server must start, on a busy machine.
START_WITHIN = 180

#: Default condition and event of the trigger below.
TRUE, INSERT = SQL("TRUE"), SQL("INSERT")
#: Makes writing rows slow. Parameters: seconds, event, table, condition.
SLOW_DOWN = """
    CREATE OR REPLACE FUNCTION slow_down() RETURNS trigger AS $$
    BEGIN PERFORM pg_sleep(%s); RETURN NEW; END $$ LANGUAGE plpgsql;
    CREATE OR REPLACE TRIGGER slow_down AFTER %s ON %s
        FOR EACH ROW WHEN (%s) EXECUTE FUNCTION slow_down();
"""


class LiveServer:
    """An Odoo server on the live database, prefork if ``workers`` is not 0."""

    def __init__(self, database, cron_threads=1, workers=0, db_port=None):
        self.database = database
        self.db_port = db_port or config["db_port"]
        self.cron_threads = cron_threads
        self.workers = workers
        self.port = free_port()
        self.process = None
        #: Further options of the server.
        self.options = ()
        self.log = tempfile.NamedTemporaryFile()  # noqa: SIM115  # read after a crash

    @property
    def url(self):
        """The server's base address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Start, and wait until the server answers; return self."""
        options = [
            *("--http-port", str(self.port), "--http-interface", "127.0.0.1"),
            *("--gevent-port", str(free_port())),
            *("--max-cron-threads", str(self.cron_threads), "--log-level", "info"),
            *("--workers", str(self.workers), "--db-filter", f"^{self.database}$"),
            *("--db_host", config["db_host"], "--db_port", str(self.db_port)),
            *self.options,
        ]
        # Only bin/test has it on Python's path.
        launcher = importlib.import_module("live_server")
        self.process = launcher.start_server(
            config["config"], self.database, options, self.log.name
        )
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self.url}/web/health", timeout=5)
                return self
            except (requests.ConnectionError, requests.Timeout):
                if not self.is_running:
                    break
                time.sleep(0.05)
        raise AssertionError(f"Odoo does not start:\n{self.read_log()}")

    @property
    def is_running(self):
        """Return whether the server has not ended."""
        return self.process.exitcode is None

    def kill(self):
        """Kill all processes at once, as a crash does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()

    def stop(self):
        """Shut the server down in order; kill it after 30 seconds."""
        self.process.terminate()
        # A worker that is sending ends its run first.
        self.process.join(30)
        if self.is_running:
            self.kill()

    def read_log(self):
        """Return the server's log so far."""
        with open(self.log.name, errors="replace") as file:
            return file.read()


def _name_database():
    """Return the name of the live database; each parallel worker has its own."""
    database = os.environ.get(DATABASE_VARIABLE)
    assert database, f"{DATABASE_VARIABLE} is not set: run the tests by bin/test"
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return f"{database}-{worker}" if worker else database


@tagged("post_install", "-at_install", "live")
class LiveCase(BaseCase):
    """Test against a real server, real crons and a loopback Twilio."""

    #: Number of the server's processes for requests; 0: one process for everything.
    workers = 0
    #: Port of the PostgreSQL cluster that has the database, if not the suite's.
    db_port = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = _name_database()
        cls.prepare_database()
        cls.peer = TwilioPeer().start()
        cls.peer_credentials = dict(cls.peer.credentials)
        cls.addClassCleanup(cls.peer.stop)
        cls.server = cls.make_server().start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.uid = cls._login("admin", "admin")
        cls._configure()

    @classmethod
    def prepare_database(cls):
        """Prepare the database before a server starts on it (hook)."""

    @classmethod
    def make_server(cls, cron_threads=2):
        """Return another server on the database, not started yet.

        With a second thread, webhook events are processed while the outbox sends.
        """
        return LiveServer(cls.database, cron_threads, cls.workers, cls.db_port)

    @classmethod
    def _configure(cls):
        """Set the company up as an administrator would."""
        cls.company_id = cls.rpc("res.company", "search", [], limit=1)[0]
        country_id = cls.rpc("res.country", "search", [("code", "=", "US")])[0]
        cls.rpc(
            "res.company",
            "write",
            [cls.company_id],
            {
                "sms_provider": "twilio",
                "country_id": country_id,
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                "sms_twilio_number_ids": [
                    (5, 0, 0),
                    (0, 0, {"number": OWN_NUMBER, "country_id": country_id}),
                ],
                **ANY_HOUR,
            },
        )
        # Without a limit of throughput, so that tests need not wait.
        sender_ids = cls.rpc("sms.sender", "search", [("provider", "=", "twilio")])
        cls.rpc("sms.sender", "write", sender_ids, {"rate": 0})
        # Without daily limits and quiet hours, and offers without consent.
        for model, values in (
            ("sms.purpose", {"max_per_day": 0, "relaxation_reason": "Tests"}),
            ("sms.quiet.hours", {"active": False, "relaxation_reason": "Tests"}),
            ("sms.consent.law", {"is_required": False, "relaxation_reason": "Tests"}),
        ):
            cls.rpc(model, "write", cls.rpc(model, "search", []), values)
        cls.set_parameter("helpdesk_mgmt_sms.twilio_api_url", cls.peer.url)
        cls.set_parameter("web.base.url", cls.server.url)
        cls.set_parameter("web.base.url.freeze", "True")
        cls.key = cls.rpc("res.company", "read", [cls.company_id], ["sms_webhook_key"])[
            0
        ]["sms_webhook_key"]

    # === As a user ===

    @classmethod
    def _login(cls, login, password):
        common = xmlrpc.client.ServerProxy(f"{cls.server.url}/xmlrpc/2/common")
        return common.authenticate(cls.database, login, password, {})

    @classmethod
    def rpc(cls, model, method, *args, **kwargs):
        """Call a public method over XML-RPC, as the administrator."""
        proxy = xmlrpc.client.ServerProxy(
            f"{cls.server.url}/xmlrpc/2/object", allow_none=True
        )
        return proxy.execute_kw(
            cls.database, cls.uid, "admin", model, method, args, kwargs
        )

    @classmethod
    def trigger_cron(cls, name):
        """Run one of our crons, after a run of the server's own that is under way.

        :param str name: its XML id, without the module
        """
        domain = [("module", "=", "helpdesk_mgmt_sms"), ("name", "=", name)]
        [cron] = cls.rpc("ir.model.data", "search_read", domain, ["res_id"])
        for _attempt in range(50):
            try:
                return cls.rpc("ir.cron", "method_direct_trigger", [cron["res_id"]])
            except xmlrpc.client.Fault as fault:
                # The server's own cron thread is running it.
                if "already executing" not in fault.faultString:
                    raise
                time.sleep(0.2)
        raise AssertionError(f"{name} does not end")

    @classmethod
    def set_parameter(cls, key, value):
        """Set a system parameter."""
        cls.rpc("ir.config_parameter", "set_param", key, value)

    def make_customer(self, number):
        """Return the id of a new contact with a number (E.164)."""
        return self.rpc(
            "res.partner", "create", {"name": f"Customer {number}", "phone": number}
        )

    def make_ticket(self, partner_id, name="Printer jams"):
        """Return the id of a new ticket of a contact, given by its id."""
        return self.rpc(
            "helpdesk.ticket",
            "create",
            {"name": name, "description": "<p>It jams.</p>", "partner_id": partner_id},
        )

    def read_messages(self, number):
        """Return the outgoing messages to a number, oldest first."""
        return self.rpc(
            "sms.sms",
            "search_read",
            [("number", "=", number)],
            ["body", "state", "failure_type", "gate_verdict", "gate_reason", "uuid"],
            order="id",
        )

    def wait_state(self, number, state, timeout=30):
        """Wait until the last message to a number has the given state; return it.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        messages = []
        while time.monotonic() < deadline:
            messages = self.read_messages(number)
            if messages and messages[-1]["state"] == state:
                return messages[-1]
            time.sleep(0.1)
        raise AssertionError(f"state {state} expected, got {messages[-1:]}")

    # === As the carrier ===

    validator = RequestValidator(AUTH_TOKEN)

    def get_url(self, endpoint):
        """Return an endpoint's public address: ``inbound`` or ``status/<uuid>``."""
        return f"{self.server.url}/helpdesk_sms/twilio/{self.key}/{endpoint}"

    def sign(self, endpoint, form):
        """Return the signature that Twilio sends with a form."""
        return self.validator.compute_signature(self.get_url(endpoint), form)

    def post(self, endpoint, form, signature=None, is_patient=True):
        """Post a webhook as Twilio does, signed over the public address.

        :param signature: signature to send instead of the right one
        :param bool is_patient: wait until the webhook is processed
        :return: ``requests.Response``
        """
        if signature is None:
            signature = self.sign(endpoint, form)
        headers = {"X-Twilio-Signature": signature}
        response = requests.post(
            self.get_url(endpoint), data=form, headers=headers, timeout=30
        )
        if is_patient:
            self.wait_events()
        return response

    def wait_events(self, timeout=60):
        """Wait until the server's own cron has processed all webhook events.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while self.count("sms_webhook_event", "is_failed IS NOT TRUE", []):
            self.assertLess(time.monotonic(), deadline, "events of a carrier wait")
            time.sleep(0.1)

    @staticmethod
    def make_form(number, body, sid=None, **extra):
        """Return the form of a text to the company, as Twilio posts it."""
        sid = sid or "SM" + uuid.uuid4().hex
        return {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": ACCOUNT_SID,
            "From": number,
            "To": OWN_NUMBER,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "FromCity": "",
            **extra,
        }

    def text(self, number, body, sid=None, **extra):
        """Post a text from a number, as Twilio does; return the response."""
        return self.post("inbound", self.make_form(number, body, sid, **extra))

    def report(self, message, status, sid, **extra):
        """Post a delivery report on a message; return the response.

        :param dict message: as :meth:`read_messages` returns it
        """
        form = {
            "MessageSid": sid,
            "MessageStatus": status,
            "AccountSid": ACCOUNT_SID,
            **extra,
        }
        return self.post(f"status/{message['uuid']}", form)

    # === As the database ===

    @classmethod
    @contextmanager
    def cursor(cls, database=None):
        """Open a cursor and commit at the end.

        :param str database: default the live one
        """
        name = database or cls.database
        if cls.db_port:
            # By an address, since it is another cluster. Odoo does not reuse these
            # connections.
            user = f"{config['db_user']}:{config['db_password']}"
            address = f"{user}@{config['db_host']}:{cls.db_port}/{name}"
            name = f"postgresql://{address}"
        with db_connect(name, allow_uri=True).cursor() as cr:
            yield cr

    def slow_down(self, table, seconds, condition=TRUE, event=INSERT):
        """Make inserting rows into a table slow, until the test ends.

        :param seconds: how long each row takes
        :param SQL condition: condition of ``NEW`` for the rows that are slow
        :param SQL event: ``UPDATE`` to make changing rows slow instead
        """
        table = SQL.identifier(table)
        with self.cursor() as cr:
            cr.execute(SQL(SLOW_DOWN, seconds, event, table, condition))
        self.addCleanup(self._speed_up, table)

    def _speed_up(self, table):
        with self.cursor() as cr:
            cr.execute(
                SQL("DROP TRIGGER slow_down ON %s; DROP FUNCTION slow_down", table)
            )

    def wake_crons(self, *names):
        """Make crons due, as after a minute's tick: their workers may have died."""
        with self.cursor() as cr:
            cr.execute(
                """
                INSERT INTO ir_cron_trigger (cron_id, call_at)
                SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data
                 WHERE name = ANY(%s)
                """,
                [list(names)],
            )

    def count(self, table, condition, params):
        """Return how many rows of a table meet a condition."""
        with self.cursor() as cr:
            cr.execute(f"SELECT count(*) FROM {table} WHERE {condition}", params)
            return cr.fetchone()[0]

    def count_events(self, number, method=None):
        """Return the number of the ledger's events about a number.

        :param str method: only events of this method
        """
        return self.count(
            "sms_consent_event event JOIN sms_consent_evidence evidence"
            " ON evidence.id = event.evidence_id",
            "evidence.number = %s AND event.method = COALESCE(%s, event.method)",
            [number, method],
        )


def free_port():
    """Return a TCP port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
