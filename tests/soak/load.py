# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The people of the soak test: agents, managers, customers, the team on call."""

import http.client
import itertools
import threading
import time
import uuid
import xmlrpc.client
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import requests

from ..dispatch.common import NUMBERS, PUBLIC_URL
from .weather import WeatherCase

#: Numbers of customers who opt out and in again, of landlines, of customers who only
#: get texts and write, and of the two users on call.
LEAVERS, LANDLINES, PEOPLE = NUMBERS[:30], NUMBERS[30:36], NUMBERS[36:200]
TEXTED, CALLED = NUMBERS[200], NUMBERS[201]
CUSTOMERS = (*LEAVERS, *LANDLINES, *PEOPLE)
TOWN = "Soakville"
#: Number of people in a list; seconds between two lists, and between two broadcasts.
LIST_SIZE, LIST_EVERY, PART_EVERY = 100, 20, 30
#: Seconds between two actions of a kind, and number of people who do them in parallel.
AGENT_EVERY, AGENTS = 1.0, 2
QUESTION_EVERY, WRITERS = 1.5, 2
LEAVE_EVERY, LEAVERS_AT_ONCE = 4.0, 3
VISIT_EVERY, ALERT_EVERY = 6.0, 20.0
#: Seconds for which somebody stays opted out.
AWAY_FOR = 6.0
#: Texts of customers besides STOP and START.
WORDS = (
    "HELP",
    "YES",
    "Is it mended?",
    "It still jams :(",
    "Thanks",
    "When?",
    "STATUS",
)
#: Errors of calls without an answer, or answered that the server is busy: nobody knows
#: whether they took effect.
UNANSWERED = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


class LoadCase(WeatherCase):
    """Run the people's work, and note what was promised to them, for the verdict.

    A call that was answered is a promise. One that was not is none, whatever it did.
    """

    landlines = frozenset(LANDLINES)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        #: Id of the last text of other tests in the same database.
        cls.last_id_before = cls.read_last_id()
        values = {"sms_approve_from": 0, "sms_relaxation_reason": "Tests"}
        cls.rpc("res.company", "write", [cls.company_id], values)
        # Reports on broadcasts are fetched, those on lists are posted by the carrier.
        cls.set_parameter("helpdesk_mgmt_sms.fetch_reports_from", str(LIST_SIZE + 1))
        people = [{"name": n, "phone": n, "city": TOWN} for n in CUSTOMERS]
        ids = cls.rpc("res.partner", "create", people)
        cls.partner_ids = dict(zip(CUSTOMERS, ids, strict=True))
        tickets = [
            {"name": "Printer", "description": "It jams", "partner_id": partner_id}
            for partner_id in ids
        ]
        ids = cls.rpc("helpdesk.ticket", "create", tickets)
        cls.ticket_ids = dict(zip(CUSTOMERS, ids, strict=True))
        area = {"name": TOWN, "cities": TOWN}
        cls.area_id = cls.rpc("sms.area", "create", area)
        purposes = cls.rpc("sms.purpose", "search_read", [], ["code"])
        cls.purpose_ids = {row["code"]: row["id"] for row in purposes}
        cls.make_team()

    @classmethod
    def read_last_id(cls):
        """Return the highest id of a text, 0 without any."""
        with cls.cursor() as cr:
            cr.execute("SELECT COALESCE(max(id), 0) FROM sms_sms")
            return cr.fetchone()[0]

    @classmethod
    def make_team(cls):
        """Make a team of two: an alert texts one of them and calls the other."""
        team = {"name": f"Soak {uuid.uuid4().hex}"}
        cls.team_id = cls.rpc("helpdesk.ticket.team", "create", team)
        for number, order in ((TEXTED, "text_first"), (CALLED, "only_call")):
            user = {"name": number, "login": f"{number}-{team['name']}"}
            user |= {"phone": number, "sms_alert_order": order}
            user |= {"sms_call_from": 0, "sms_call_to": 0}
            user_id = cls.rpc("res.users", "create", user)
            form = {"number": number}
            form["purpose_ids"] = [(6, 0, [cls.purpose_ids["internal"]])]
            form_id = cls.rpc("sms.consent.record", "create", form)
            cls.rpc("sms.consent.record", "action_record", [form_id])
            shift = {"team_id": cls.team_id, "user_id": user_id}
            cls.rpc("sms.oncall.shift", "create", shift)
        steps = [(0, 0, {"after_minutes": 0, "whom": "all", "how": "call"})]
        plan = {**team, "team_id": cls.team_id, "step_ids": steps}
        cls.rpc("sms.team.alert.plan", "create", plan)

    def setUp(self):
        super().setUp()
        self.over = threading.Event()
        self.marks = itertools.count(1)
        #: Times of promised texts by (number, words), and words of broadcasts by id.
        self.promised, self.parts = {}, {}
        #: Customers' texts answered with 200: (number, words) by their id.
        self.received = {}
        #: By number: pairs of when STOP was answered and when START was posted.
        self.absences = defaultdict(list)
        self.booked, self.raised = [], []
        #: Numbers of calls that were answered, unanswered and refused.
        self.calls = Counter()
        self.refusals = []
        self.busy = set()

    def mark(self, kind):
        """Return unique words for a text."""
        return f"{kind} #{next(self.marks)}."

    # === Running their work ===

    def work(self):
        """Start everybody's work, which goes on until :attr:`over` is set.

        :return: the thread pool in which they work
        """
        jobs = (
            (self.text_from_ticket, AGENT_EVERY, AGENTS),
            (self.text_list, LIST_EVERY, 1),
            (self.text_part, PART_EVERY, 1),
            (self.say_something, QUESTION_EVERY, WRITERS),
            (self.leave_and_return, LEAVE_EVERY, LEAVERS_AT_ONCE),
            (self.book_visit, VISIT_EVERY, 1),
            (self.raise_alert, ALERT_EVERY, 1),
        )
        pool = ThreadPoolExecutor(sum(count for _do, _every, count in jobs))
        for do, every, count in jobs:
            for _one in range(count):
                pool.submit(self.repeat, do, every)
        return pool

    def repeat(self, do, every):
        """Repeat an action until the end, whatever is broken at the moment."""
        while not self.over.is_set():
            begin = time.monotonic()
            try:
                do()
                self.calls["answered"] += 1
            except UNANSWERED:
                self.calls["unanswered"] += 1
            except xmlrpc.client.Fault as fault:
                self.calls["refused"] += 1
                words = fault.faultString.strip()
                self.refusals.append((time.time(), do.__name__, words))
            pause = every * self.random.uniform(0.5, 1.5)
            self.over.wait(max(begin + pause - time.monotonic(), 0.05))

    def call(self, model, method, *args):
        """Call a method on either node, as the administrator."""
        url = f"{self.get_nodes()[0].url}/xmlrpc/2/object"
        with xmlrpc.client.ServerProxy(url, allow_none=True) as proxy:
            return proxy.execute_kw(
                self.database, self.uid, "admin", model, method, args
            )

    # === Agents and managers ===

    def text_from_ticket(self):
        """Text a customer from their ticket."""
        number, words = self.random.choice(CUSTOMERS), self.mark("Agent")
        composer = {"body": words, "composition_mode": "comment"}
        composer |= {"res_model": "helpdesk.ticket", "res_id": self.ticket_ids[number]}
        composer_id = self.call("sms.composer", "create", composer)
        self.call("sms.composer", "action_send_sms", [composer_id])
        self.promised[number, words] = time.time()

    def text_list(self):
        """Text a list of people by one call."""
        words, numbers = self.mark("List"), self.random.sample(PEOPLE, LIST_SIZE)
        purpose = {"purpose_id": self.purpose_ids["ticket"]}
        rows = [{"number": number, "body": words, **purpose} for number in numbers]
        self.call("sms.sms", "create", rows)
        for number in numbers:
            self.promised[number, words] = time.time()

    def text_part(self):
        """Send a broadcast to everybody, once its check is done within 90 seconds."""
        words = self.mark("Part")
        values = {"name": words, "body": words, "area_ids": [(6, 0, [self.area_id])]}
        values |= {"is_emergency": True, "emergency_reason": "A soak"}
        broadcast_id = self.call("sms.broadcast", "create", values)
        self.call("sms.broadcast", "action_check", [broadcast_id])
        deadline = time.monotonic() + 90
        while self.look(broadcast_id) != "checked":
            if self.over.wait(0.5) or time.monotonic() > deadline:
                return
        self.call("sms.broadcast", "action_send", [broadcast_id])
        self.parts[broadcast_id] = words

    def look(self, broadcast_id):
        """Return the state of a broadcast."""
        return self.call("sms.broadcast", "read", [broadcast_id], ["state"])[0]["state"]

    def book_visit(self):
        """Book a visit to a customer, who is notified of it."""
        number = self.random.choice(PEOPLE)
        start = datetime.now().replace(microsecond=0) + timedelta(days=5)
        event = {"name": self.mark("Visit"), "ticket_id": self.ticket_ids[number]}
        event["partner_ids"] = [(6, 0, [self.partner_ids[number]])]
        event |= {"start": str(start), "stop": str(start + timedelta(hours=1))}
        self.booked.append(self.call("calendar.event", "create", event))

    def raise_alert(self):
        """Raise an alert: one of the team is texted, the other called."""
        values = {"team_id": self.team_id, "name": self.mark("Alert")}
        form_id = self.call("sms.team.alert.raise", "create", values)
        action = self.call("sms.team.alert.raise", "action_raise", [form_id])
        self.raised.append(action["res_id"])

    # === Customers ===

    def say_something(self):
        """Text from a customer; the carrier may deliver it twice."""
        number, sid = self.random.choice(PEOPLE), "SM" + uuid.uuid4().hex
        words = self.random.choice(WORDS)
        if self.random.random() < 0.2:
            threading.Thread(
                target=self.pass_on, args=(number, words, sid), daemon=True
            ).start()
        self.pass_on(number, words, sid)

    def leave_and_return(self):
        """Text STOP, stay opted out for a while, and text START."""
        with self.lock:
            number = self.random.choice([it for it in LEAVERS if it not in self.busy])
            self.busy.add(number)
        stopped = self.pass_on(number, "STOP")
        if stopped:
            self.over.wait(AWAY_FOR)
            self.absences[number].append([stopped, time.time()])
            # If START is never answered, the customer stays opted out.
            while not self.pass_on(number, "START") and not self.over.is_set():
                pass
        self.busy.discard(number)

    def pass_on(self, number, words, sid=None):
        """Post a text as the carrier does, up to five times if nobody answers.

        :return: the time of the answer, None if there was none
        """
        sid = sid or "SM" + uuid.uuid4().hex
        url = f"{PUBLIC_URL}/helpdesk_sms/twilio/{self.key}/inbound"
        form = self.make_form(number, words, sid)
        for _attempt in range(5):
            with suppress(requests.ConnectionError):
                if self.post_signed(url, form).ok:
                    self.received[sid] = (number, words)
                    return time.time()
            self.over.wait(1)
        return None
