# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""No request to a public address causes an error of the server, or leaks a secret."""

import io
import json
import logging
import os
import re
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlencode

import psutil
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request

from odoo.http import root
from odoo.sql_db import db_connect
from odoo.tools import SQL

from ...models.core.sms_rate_limit import LIMITS
from ...models.dispatch.ir_http import TAKES
from ..common import phone_number
from ..peer.telnyx import API_KEY, PUBLIC_KEY, make_report, make_text, sign
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN
from ..team_alert import payloads
from . import hostile
from .endpoints import ENDPOINTS, MEDIA, EndpointsCase

#: Processor minutes to spend, PostgreSQL's included; 0: only the first few examples.
MINUTES = float(os.environ.get("HELPDESK_SMS_FUZZ_MINUTES") or 0)
FIGURES = os.environ.get("HELPDESK_SMS_FUZZ_FIGURES")
FIRST_SEED = int(os.environ.get("HELPDESK_SMS_FUZZ_SEED") or 1)
#: Number of examples per seed; each is a few requests in sequence.
EXAMPLES = 400 if MINUTES else 60
#: Limits of one request: queries, and processor seconds.
MOST_QUERIES, MOST_SECONDS = 300, 5
CALLER = "+13035550100"

#: Tables that a request without a valid signature or token must not write.
TABLES = (
    *("sms_consent_event", "sms_consent", "sms_inbound", "sms_webhook_event"),
    *("sms_sms", "helpdesk_ticket", "sms_team_alert", "sms_alert_trouble"),
    *("mail_message", "ir_attachment", "res_partner"),
)
TEXT = {"MessageSid": "SM" + "1" * 32, "From": CALLER, "To": "+13035550199"}
#: By public address, samples of valid bodies.
SAMPLES = {
    "/helpdesk_sms/telnyx/<string:key>/inbound": [
        json.loads(make_text(CALLER, "+13035550199", body))
        for body in ("STOP", "My screen is black", "YES")
    ],
    "/helpdesk_sms/telnyx/<string:key>/status/<string:uuid>": [
        json.loads(make_report("40319bcd", "delivered")),
        json.loads(make_report("40319bcd", "sending_failed", "40300")),
    ],
    "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>": [
        {"CallSid": "CA" + "1" * 32, "CallStatus": "in-progress", "AnsweredBy": "human"}
    ],
    "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>/<string:asked>": [
        {"CallSid": "CA" + "1" * 32, "Digits": "1"}
    ],
    "/helpdesk_sms/twilio/<string:key>/inbound": [
        {**TEXT, "Body": "STOP"},
        {**TEXT, "Body": "My screen is black", "SmsSid": "SM" + "2" * 32},
        {
            **{**TEXT, "Body": "", "NumMedia": "2", "MediaContentType0": "image/png"},
            "MediaUrl0": "https://api.twilio.com/x",
        },
        {**TEXT, "Body": "YES", "OptOutType": "START", "AccountSid": ACCOUNT_SID},
    ],
    "/helpdesk_sms/twilio/<string:key>/status/<string:uuid>": [
        {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered"},
        {
            "MessageSid": "SM" + "1" * 32,
            "MessageStatus": "failed",
            "ErrorCode": "21610",
        },
        {"CallSid": "CA" + "1" * 32, "CallStatus": "busy", "SipResponseCode": "486"},
    ],
    "/sms/join/<string:key>": [
        {"csrf_token": hostile.CSRF, "phone": "303 555 0177", "website": ""},
        {
            **{"csrf_token": hostile.CSRF, "phone": "303 555 0177"},
            "sms_agree_ticket": hostile.WORDING,
        },
    ],
    "/sms/preferences/<string:token>": [
        {"csrf_token": hostile.CSRF, "stop": "all"},
        {"csrf_token": hostile.CSRF, "stop": "ticket"},
        {"csrf_token": hostile.CSRF, "sms_agree_ticket": hostile.WORDING},
    ],
    "/sms/t/<string:token>/other": [{}],
}
ALERTS = "/helpdesk_sms/alerts/<string:key>"
REPORTS = {
    "alertmanager": payloads.ALERTMANAGER,
    "grafana": payloads.GRAFANA,
    "zabbix": payloads.ZABBIX,
}
#: Ledger events that an address may cause without a proof of the person's identity.
MAY_RECORD = {"/sms/join/<string:key>": {"requested"}}
HEALTH = "/helpdesk_sms/health/<string:token>"


class Complaints(logging.Handler):
    """Collects what is logged as an error or with a traceback."""

    def __init__(self):
        super().__init__()
        self.found = []

    def emit(self, record):
        """Keep a record of an error."""
        if record.levelno >= logging.ERROR or record.exc_info:
            self.found.append(logging.Formatter().format(record))


class TestFuzzEndpoints(EndpointsCase):
    """Make requests to all public addresses, in this process, by WSGI."""

    provider = "twilio"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                "sms_twilio_number_ids": [
                    (0, 0, {"number": TEXT["To"], "country_id": cls.country.id})
                ],
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
                "sms_webhook_base_url": "https://odoo.example.com",
            }
        )
        cls.sources = {
            system: cls.env["sms.alert.source"].create(
                {"name": system, "system": system, "team_id": cls.team.id}
            )
            for system in REPORTS
        }
        cls.env["sms.team.alert.plan"].create(
            {
                "name": "Support",
                "team_id": cls.team.id,
                "step_ids": [
                    (0, 0, {"after_minutes": 0, "whom": "all", "how": "call"})
                ],
            }
        )
        for index, user in enumerate(cls.team.user_ids):
            user.partner_id.write(
                {"phone": phone_number(910 + index), "country_id": cls.country.id}
            )
            cls.record_consent(phone_number(910 + index), "internal")
        cls.env["sms.team.alert"]._raise(cls.team, "Server 4 offline.")
        calls = cls.env["sms.sms"].search([("is_call", "=", True)])
        cls.call_uuid = calls[0].uuid

    def setUp(self):
        super().setUp()
        self._listen()
        self.enterContext(patch.dict(LIMITS, dict.fromkeys(LIMITS, (10**9, 600))))
        self.enterContext(patch.object(self, "http_request_allow_all", True))
        self.statuses, self.most_queries = Counter(), Counter()
        self._list_endpoints()
        self._open_session()

    def _listen(self):
        """Collect what Odoo logs, whatever the log level of the tests."""
        self.complaints, logger = Complaints(), logging.getLogger("odoo")
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.WARNING)
        logger.addHandler(self.complaints)
        self.addCleanup(logger.removeHandler, self.complaints)
        self.enterContext(patch.object(logger, "propagate", False))

    def _list_endpoints(self):
        """List the endpoints to draw from, and for each a path with valid tokens."""
        self.rights = self.list_right()
        sms_uuid = self.messages_to()[-1].uuid
        key = self.company.sms_webhook_key
        for path in ENDPOINTS:
            if path not in self.rights:
                uuid = self.call_uuid if "/call/" in path else sms_uuid
                right = path.replace("<string:key>", key).replace("<string:uuid>", uuid)
                self.rights[path] = right.replace("<string:asked>", "1")
        ticket_path = self.rights["/sms/t/<string:token>"]
        self.rights["/sms/t/<string:token>/other"] = f"{ticket_path}/other"
        self.endpoints = {
            path: (
                tuple(self.routes[path]["methods"]),
                self.routes[path].get(TAKES) or hostile.FORM,
                SAMPLES.get(path, [{}]),
            )
            for path in ENDPOINTS
            if path != ALERTS
        }
        for system, source in self.sources.items():
            name = f"{ALERTS}#{system}"
            self.rights[name] = ALERTS.replace("<string:key>", source.key)
            self.endpoints[name] = (("POST",), hostile.JSON, [REPORTS[system]])
        self.secrets = [
            *(AUTH_TOKEN, API_KEY, phone_number(910)),
            *(source.secret for source in self.sources.values()),
            self.env["ir.config_parameter"].get_param("database.secret"),
        ]

    def _open_session(self):
        """Open a page with a form; keep its session and CSRF token."""
        environ = self._make_environ("GET", self.rights["/sms/join/<string:key>"])
        status, headers, body = self._run(environ)
        self.assertEqual(status, 200, body)
        self.session_cookie = headers["Set-Cookie"].partition(";")[0]
        [self.csrf] = re.findall(r'name="csrf_token" value="([^"]+)"', body.decode())

    # === Making a request ===

    def _make_environ(self, method, path, query=b"", headers=(), kind="", body=b""):
        """Return a WSGI environment.

        :param str path: not encoded, with any characters
        """
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": hostile.encode(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8069",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "odoo.example.com",
            "REMOTE_ADDR": "192.0.2.7",
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        for name, value in headers:
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def _run(self, environ):
        """Make a request; return status, headers and body of the response."""
        thread = threading.current_thread()
        kept = dict(vars(thread))
        try:
            answer, status, headers = run_wsgi_app(root, environ, buffered=True)
            return int(status.split()[0]), headers, b"".join(answer)
        finally:
            vars(thread).update(kept)

    def _resolve(self, ask):
        """Return the path of a request, and its variables with their values."""
        template = ask.endpoint.partition("#")[0]
        names = re.findall(r"<\w+:(\w+)>", template)
        pattern = re.sub(r"<\w+:\w+>", "([^/]+)", template)
        values = list(re.fullmatch(pattern, self.rights[ask.endpoint]).groups())
        for index, fill in enumerate(ask.fills):
            values[index] = values[index] if fill is None else fill
        path = re.sub(r"<\w+:\w+>", "{}", template).format(*values)
        return path, dict(zip(names, values, strict=True))

    def _prove(self, ask, path, values, body):
        """Return the headers that authenticate a request, valid or forged."""
        if ask.proof == hostile.UNSIGNED:
            return []
        forged = ask.proof == hostile.FORGED
        if "/twilio/" in path:
            token = "another" if forged else AUTH_TOKEN
            environ = self._make_environ("POST", path, kind=hostile.FORM, body=body)
            endpoint = path.partition(f"/{values['key']}/")[2]
            url = self.company._get_sms_url(endpoint, "twilio", values["key"])
            url += f"?{ask.query.decode('latin-1')}" if ask.query else ""
            try:
                form = Request(environ).form
                signature = RequestValidator(token).compute_signature(url, form)
            except (RequestEntityTooLarge, UnicodeEncodeError):
                return []
            return [("X-Twilio-Signature", signature)]
        if "/telnyx/" in path:
            return list(sign(b"another" if forged else body).items())
        if ask.endpoint.startswith(ALERTS):
            secret = self.sources[ask.endpoint.partition("#")[2]].secret
            return [("Authorization", f"Bearer {'another' if forged else secret}")]
        return []

    def _make(self, ask):
        """Return the WSGI environment of a request."""
        path, values = self._resolve(ask)
        token = self.csrf if ask.proof == hostile.RIGHT else "0" * 40 + "o9999999999"
        body = ask.body.replace(hostile.WORDING.encode(), str(self.wording.id).encode())
        if ask.proof != hostile.UNSIGNED:
            body = body.replace(hostile.CSRF.encode(), token.encode())
        headers = [*ask.headers, *self._prove(ask, path, values, body)]
        cookies = [value for name, value in headers if name == "Cookie"]
        cookies.insert(0, self.session_cookie)
        headers = [it for it in headers if it[0] != "Cookie"]
        headers.append(("Cookie", "; ".join(cookies)))
        return self._make_environ(ask.method, path, ask.query, headers, ask.kind, body)

    # === Checks ===

    def _check(self, asks):
        """Make requests, and process the events that they cause."""
        self.complaints.found.clear()
        self.cr.execute("SAVEPOINT fuzz")
        try:
            for ask in asks:
                for _time in range(ask.times):
                    self._check_ask(ask)
            self._work_off()
        finally:
            self.cr.execute("ROLLBACK TO SAVEPOINT fuzz")
            self.env.invalidate_all(flush=False)

    def _check_ask(self, ask):
        environ = self._make(ask)
        may_write = ask.proof == hostile.RIGHT and self._is_provable(ask.endpoint)
        before, mark = may_write or self._count_rows(), self._find_mark()
        queries, started = self.cr.sql_log_count, time.process_time()
        status, headers, body = self._run(environ)
        seconds = time.process_time() - started
        queries = self.cr.sql_log_count - queries
        self.statuses[status] += 1
        self.most_queries[ask.endpoint] = max(self.most_queries[ask.endpoint], queries)
        self.assertEqual(self.complaints.found, [])
        # The health page answers 503 when it reports a problem.
        if not (status == 503 and ask.endpoint == HEALTH):
            self.assertLess(status, 500, body[:500])
        self.assertLess(seconds, MOST_SECONDS)
        self.assertLess(queries, MOST_QUERIES)
        self._check_answer(headers, body)
        self.assertEqual(may_write or self._count_rows(), before)
        if ask.endpoint in MAY_RECORD:
            self.assertLessEqual(self._list_events(mark), MAY_RECORD[ask.endpoint])

    def _is_provable(self, endpoint):
        """Return whether requests to an address are authenticated, and may write."""
        return endpoint in SAMPLES or endpoint.startswith(ALERTS)

    def _check_answer(self, headers, body):
        """Check that nothing of the request runs in a browser, and no secret leaks."""
        everything = str(headers) + body.decode(errors="replace")
        if not headers["Content-Type"].startswith("application/json"):
            self.assertNotIn(hostile.MARKUP, everything)
        self.assertNotIn(hostile.COMPUTED, everything)
        self.assertNotIn("Traceback", everything)
        for secret in self.secrets:
            self.assertNotIn(secret, everything)

    def _work_off(self):
        """Run the worker, as after a commit."""
        with self.registry.cursor() as cr:
            worker = self.env(cr=cr)["sms.webhook.event"]._as_nobody()
            for _turn in range(100):
                if not worker._work_off_text() + worker._work_off_reports():
                    break
        self.assertEqual(self.complaints.found, [])
        self.cr.execute("SELECT count(*) FROM sms_webhook_event")
        self.assertEqual(self.cr.fetchone()[0], 0, "what a carrier tells is worked off")

    def _count_rows(self):
        counts = SQL(", ").join(
            SQL("(SELECT count(*) FROM %s)", SQL.identifier(table)) for table in TABLES
        )
        self.cr.execute(SQL("SELECT %s", counts))
        return dict(zip(TABLES, self.cr.fetchone(), strict=True))

    def _find_mark(self):
        self.cr.execute("SELECT max(id) FROM sms_consent_event")
        return self.cr.fetchone()[0]

    def _list_events(self, mark):
        """Return the kinds of the ledger's events after an id."""
        self.cr.execute("SELECT event FROM sms_consent_event WHERE id > %s", [mark])
        return {event for (event,) in self.cr.fetchall()}

    # === Runs ===

    def test_what_was_found_once(self):
        """Regressions: each of these has caused an error of the server."""
        telnyx = "/helpdesk_sms/telnyx/<string:key>/inbound"
        twilio = "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>/<string:asked>"
        [event, *_others] = SAMPLES[telnyx]
        endless = json.dumps({**event, "meta": {"at": float("inf")}}).encode()
        deep = b'{"data":' * 900 + b"1" + b"}" * 900
        for found in (
            # Numbers with more digits than Python converts.
            self._draw_by_hand(MEDIA, fills=("9" * 5000, None, None, None)),
            self._draw_by_hand(twilio, fills=(None, None, "9" * 5000)),
            # A query that is no UTF-8.
            self._draw_by_hand(HEALTH, query=b"\xff=\x00"),
            # Infinity, and deeply nested JSON, all signed.
            self._draw_by_hand(telnyx, body=endless),
            self._draw_by_hand(telnyx, body=deep),
            self._draw_by_hand(telnyx, body=b"[" * 100_000),
            # An unsigned request, which is counted: a replica cannot do that.
            self._draw_by_hand(telnyx, proof=hostile.UNSIGNED),
        ):
            with self.subTest(found=repr(found)[:200]):
                self._check([found])

    def _draw_by_hand(self, endpoint, **values):
        methods, kind, [sample, *_others] = self.endpoints[endpoint]
        body = json.dumps(sample) if kind == hostile.JSON else urlencode(sample)
        usual = hostile.Ask(
            *(endpoint, methods[0], (None,) * endpoint.count("<"), b"", (), kind),
            *(body.encode(), hostile.RIGHT, 1),
        )
        return replace(usual, **values)

    def test_whatever_is_sent(self):
        """Try a few fixed examples, or many for ``HELPDESK_SMS_FUZZ_MINUTES``.

        A failure is shown with its seed, and should become a plain test.
        """
        sequences = st.lists(hostile.asks(self.endpoints), min_size=1, max_size=4)
        started = self._get_spent()
        for number in count(FIRST_SEED):
            run = settings(max_examples=EXAMPLES, database=None)(
                given(sequences)(lambda asks: self._check(asks))
            )
            try:
                seed(number)(run)()
            except BaseException as error:
                error.add_note(f"HELPDESK_SMS_FUZZ_SEED={number}")
                raise
            minutes = (self._get_spent() - started) / 60
            if MINUTES:
                self._tell(number, minutes)
                self._vacuum()
            if minutes >= MINUTES:
                break

    def _get_spent(self):
        """Return the processor seconds of this process and of its database session."""
        if not MINUTES:
            return 0
        session = psutil.Process(self.cr._cnx.get_backend_pid()).cpu_times()
        return time.process_time() + session.user + session.system

    def _vacuum(self):
        """Remove the rows that were rolled back, or each request takes longer.

        To truncate a table it would wait five seconds for the test's own locks.
        """
        with closing(db_connect(self.cr.dbname).cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute("VACUUM (SKIP_LOCKED, TRUNCATE FALSE)")

    def _tell(self, number, minutes):
        """Print the progress, and save the figures for docs/quality.md."""
        figures = {
            "requests": self.statuses.total(),
            "minutes": minutes,
            "seeds": f"{FIRST_SEED} to {number}",
            "statuses": dict(sorted(self.statuses.items())),
            "most_queries": max(self.most_queries.values()),
        }
        sys.stderr.write(f"\n{figures}\n")
        if FIGURES:
            Path(FIGURES).write_text(json.dumps(figures))
