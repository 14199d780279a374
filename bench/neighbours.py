# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how much other users notice of a broadcast that is under way.

Run by ``bin/bench neighbours``. A typical server (two processes for requests, two for
crons), a carrier that answers after 100 ms and reports on each text, and a broadcast.
Meanwhile an agent replies from tickets, alerts are raised, and screens are opened; the
times are compared with those at rest, with the same amount of data. Prints a table in
Markdown, and fails if a limit is exceeded.
"""

import os
import sys
import threading
import time
import uuid
from collections import defaultdict
from statistics import median

import requests
from common import (
    ANY_HOUR,
    add_result,
    agree,
    american,
    environment,
    get_late,
    get_specification,
    make_parser,
    make_people,
    print_table,
    read_config,
    start_carrier,
)
from company import AUTH_TOKEN, PUBLIC_URL, connect

from odoo.tools import SQL

LATENCY = 0.1
PEOPLE = 100_000
#: Segments per second of the sender: Twilio's throughput of a short code. 0: no limit.
RATE = 100
#: Customers with a ticket, to whom the agent replies in turn.
CUSTOMERS = 400
ON_CALL = american(300_001, 1)[0]
PASSWORD = "bench-neighbours"  # noqa: S105  # of a database that is dropped
#: Seconds measured at rest, and seconds after the last text in which reports come.
IDLE, AFTER = 20, 15
REPLY_EVERY, ALERT_EVERY, SCREEN_EVERY = 1.0, 3.0, 0.2
#: Limits: seconds within which 19 of 20 replies and alerts must leave, and ratio of the
#: median time of screens to that at rest.
REPLY_WITHIN, ALERT_WITHIN, SCREENS_WITHIN = 2.0, 1.0, 1.5
MODEL = "helpdesk.ticket"
#: The host's list and form of tickets, and our inbox.
LIST, FORM = "helpdesk_mgmt.ticket_view_tree", "helpdesk_mgmt.ticket_view_form"
INBOX = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_kanban"
PHASES = ("before", "under way", "reports", "at rest")
ANY_TIME = {"active": False, "relaxation_reason": "A benchmark"}


def prepare(options):
    """Make the company, its people and an agent; return what the probes need.

    :return: dict of ``tickets`` (pairs of id and number), ``team`` and ``area`` (ids),
        and ``screens`` (arguments of :meth:`Client.call` by name)
    """
    with environment(options.database) as env:
        connect(env.company)
        env.company.write({"sms_approve_from": 0, "sms_user_limit": 0, **ANY_HOUR})
        env["sms.quiet.hours"].search([]).write(ANY_TIME)
        env["sms.sender"].search([]).rate = options.rate
        # Crons of other apps may use the internet, which is not to be measured.
        env.cr.execute(
            "UPDATE ir_cron SET active = FALSE WHERE id NOT IN ("
            "SELECT res_id FROM ir_model_data WHERE model = 'ir.cron'"
            "   AND module = 'helpdesk_mgmt_sms')"
        )
        numbers = american(1, options.people)
        make_people(env, numbers, "Benchville")
        agree(env, "alert", numbers)
        values = {
            "name": "Agent",
            "login": "bench-agent",
            "password": PASSWORD,
            "group_ids": [(6, 0, env.ref("helpdesk_mgmt.group_helpdesk_user").ids)],
        }
        agent = env["res.users"].create(values)
        own = american(200_001, CUSTOMERS)
        tickets = env["helpdesk.ticket"].create(
            [
                {"name": "Printer", "description": "It jams", "partner_id": partner_id}
                for partner_id in make_people(env, own)
            ]
        )
        agree(env, "ticket", own)
        area = env["sms.area"].create({"name": "Benchville", "cities": "Benchville"})
        facts = {
            "tickets": list(zip(tickets.ids, own, strict=True)),
            "team": make_team(env),
            "area": area.id,
            "screens": make_screens(env(user=agent), tickets.ids),
        }
        # Conversations, for the inbox to show.
        for ticket in tickets[: CUSTOMERS // 2]:
            ticket._message_sms("Hello")
        env["sms.sms"].search([]).write({"state": "sent"})
        env.cr.commit()
        env.cr.execute("ANALYZE")
        env.cr.commit()
        return facts


def make_team(env):
    """Return the id of a team whose only member gets its alerts by text."""
    team = env["helpdesk.ticket.team"].create({"name": "On call"})
    user = env["res.users"].create({"name": "Ann", "login": "ann", "phone": ON_CALL})
    agree(env, "internal", [ON_CALL])
    env["sms.oncall.shift"].create({"team_id": team.id, "user_id": user.id})
    step = {"after_minutes": 0, "whom": "on_call"}
    plan = {"name": "Bench", "team_id": team.id, "step_ids": [(0, 0, step)]}
    env["sms.team.alert.plan"].create(plan)
    return team.id


def make_screens(env, ticket_ids):
    """Return the calls that the web client makes to open each screen."""
    lists, form, inbox = (
        get_specification(env, MODEL, view_type, xmlid)
        for view_type, xmlid in (("list", LIST), ("form", FORM), ("kanban", INBOX))
    )
    read = "web_search_read"
    page = {"limit": 80, "order": "id desc", "count_limit": 10_001}
    shown = [("sms_is_conversation", "=", True), ("closed", "=", False)]
    return {
        "ticket list": (MODEL, read, [[]], {**page, "specification": lists}),
        "ticket": (MODEL, "web_read", [ticket_ids[:1]], {"specification": form}),
        "inbox": (MODEL, read, [shown], {**page, "limit": 40, "specification": inbox}),
        "dashboard": ("sms.dashboard", "get_dashboard", [{}], {}),
    }


def wait_for_calm(database, timeout=300):
    """Wait until no cron is due: a new server runs them all, on all the new data."""
    deadline = time.time() + timeout
    due = """
        SELECT job.cron_name FROM ir_cron job
         WHERE active AND (nextcall <= now() AT TIME ZONE 'UTC' OR EXISTS (
               SELECT FROM ir_cron_trigger WHERE cron_id = job.id
                  AND call_at <= now() AT TIME ZONE 'UTC'))
    """
    with environment(database) as env:
        while waiting := env.execute_query(SQL(due)):
            assert time.time() < deadline, f"crons do not come to an end: {waiting}"
            env.cr.rollback()
            env["ir.cron"]._notifydb()  # else a worker looks once a minute
            time.sleep(1)


class Client:
    """Somebody who uses Odoo in a browser.

    :param str url: of the server
    """

    def __init__(self, url, database, login, password):
        self._url, self._session = url, requests.Session()
        params = {"db": database, "login": login, "password": password}
        self._post("/web/session/authenticate", params)

    def _post(self, path, params):
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self._session.post(self._url + path, json=body, timeout=120).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["debug"])
        return answer["result"]

    def call(self, model, method, args=(), kwargs=None):
        """Call a method as the web client does."""
        params = {"model": model, "method": method, "args": args}
        path = f"/web/dataset/call_kw/{model}/{method}"
        return self._post(path, {**params, "kwargs": kwargs or {}})


class Probes:
    """Users at work during the broadcast; samples are (kind, begin, seconds)."""

    def __init__(self, options, facts, url, carrier):
        self._facts, self._carrier = facts, carrier
        self._over = threading.Event()
        self.samples, self.faults = [], []
        database = options.database
        agent = ("bench-agent", PASSWORD)
        self._agents = [Client(url, database, *agent) for _one in range(2)]
        self.admin = Client(url, database, "admin", "admin")
        self._leader = Client(url, database, "admin", "admin")
        self._turn = 0
        jobs = (
            (self._reply, REPLY_EVERY),
            (self._alert, ALERT_EVERY),
            (self._open, SCREEN_EVERY),
        )
        self._threads = [
            threading.Thread(target=self._repeat, args=job, daemon=True) for job in jobs
        ]

    def start(self):
        """Start their work, each in a thread."""
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Stop their work, and wait for the threads."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work, every):
        while not self._over.wait(every):
            try:
                work()
            except Exception as error:  # a failure must not end the thread
                self.faults.append(repr(error)[-400:])

    def _note(self, kind, begin, end):
        self.samples.append((kind, begin, end - begin))

    def _reply(self):
        """Reply from a ticket; note the time from the button to the carrier."""
        ticket_id, number = self._facts["tickets"][self._turn % CUSTOMERS]
        self._turn += 1
        values = {"body": f"We are on it {self._turn}.", "res_id": ticket_id}
        values |= {"res_model": "helpdesk.ticket", "composition_mode": "comment"}
        composer_id = self._agents[0].call("sms.composer", "create", [values])
        begin = time.time()
        self._agents[0].call("sms.composer", "action_send_sms", [[composer_id]])
        self._note("reply", begin, self._wait_for(number, begin))

    def _alert(self):
        values = {"team_id": self._facts["team"], "name": f"Alarm {uuid.uuid4().hex}"}
        form_id = self._leader.call("sms.team.alert.raise", "create", [values])
        begin = time.time()
        self._leader.call("sms.team.alert.raise", "action_raise", [[form_id]])
        self._note("alert", begin, self._wait_for(ON_CALL, begin))

    def _open(self):
        for name, call in self._facts["screens"].items():
            begin = time.time()
            self._agents[1].call(*call)
            self._note(name, begin, time.time())

    def _wait_for(self, number, begin):
        """Return when the carrier got the first text to a number after ``begin``.

        Gives up after 120 seconds, and returns that time.
        """
        address = f"{self._carrier}/arrivals?{number.replace('+', '%2B')}"
        with requests.Session() as session:
            while time.time() < begin + 120:
                found = session.get(address, timeout=30).json()
                if times := [it for it in found if it > begin]:
                    return times[0]
                time.sleep(0.02)
        return begin + 120


def send(probes, facts, carrier, people):
    """Send the broadcast; return when its phases ended, and how many texts left."""
    call, ends = probes.admin.call, {}
    values = {"name": "Outage", "body": "[System Alert] {customer}: an outage."}
    values |= {"area_ids": [(6, 0, [facts["area"]])]}
    values |= {"is_emergency": True, "emergency_reason": "A benchmark"}
    broadcast_id = call("sms.broadcast", "create", [values])
    ends["before"] = time.time()
    call("sms.broadcast", "action_check", [[broadcast_id]])
    read = ("sms.broadcast", "read", [[broadcast_id], ["state"]])
    while call(*read)[0]["state"] != "checked":
        time.sleep(0.5)
    call("sms.broadcast", "action_send", [[broadcast_id]])
    before = count_posts(carrier)
    moved_at, posts = time.time(), before
    while posts - before < people and time.time() - moved_at < 180:
        time.sleep(1)
        found = count_posts(carrier)
        moved_at = time.time() if found > posts else moved_at
        posts = found
    ends["under way"] = time.time()
    time.sleep(AFTER)
    return ends, posts - before


def count_posts(carrier):
    """Return how many messages the carrier got."""
    return requests.get(f"{carrier}/count", timeout=30).json()


def judge(samples, ends):
    """Print the table and note the results; return the missed limits, as lines."""
    rows, missed = [], []
    for kind, found in group(samples, ends).items():
        if empty := [phase for phase in PHASES if not found[phase]]:
            missed.append(f"{kind}: no figure {', '.join(empty)}")
            continue
        limit = {"reply": REPLY_WITHIN, "alert": ALERT_WITHIN}.get(kind)
        rows.append([kind, *(show(found[phase]) for phase in PHASES)])
        rest = median(found["at rest"])
        for phase in ("under way", "reports"):
            ratio = median(found[phase]) / rest
            rows[-1].append(f"{ratio:.2f} x")
            late = get_late(found[phase])
            if late > limit if limit else ratio > SCREENS_WITHIN:
                missed.append(f"{kind}, {phase}: {late:.2f} s, {ratio:.2f} x")
        add_result(
            f"{kind} beside a broadcast",
            f"{median(found['under way']) * 1000:,.0f} ms, 19 of 20 within "
            f"{get_late(found['under way']) * 1000:,.0f} ms",
            f"{median(found['under way']) / rest:.2f} x at rest",
        )
    heads = [f"{phase}, ms: median / 95 % / most" for phase in PHASES]
    print_table(["", *heads, "under way by at rest", "reports by at rest"], rows)
    return missed


def print_longest(samples, ends, count=8):
    """Print when the longest replies and alerts under way began, for their causes."""
    for kind in ("reply", "alert"):
        longest = sorted(
            (seconds, at - ends["before"])
            for one, at, seconds in samples
            if one == kind and ends["before"] <= at < ends["under way"]
        )[-count:]
        shown = (f"{seconds:.2f} s at {at:.0f} s" for seconds, at in longest[::-1])
        print(f"The longest of kind {kind}: {', '.join(shown)}.\n")


def group(samples, ends):
    """Return the seconds of the samples, by kind and phase."""
    found = defaultdict(lambda: {phase: [] for phase in PHASES})
    for kind, at, seconds in samples:
        if phase := next((phase for phase in PHASES if at < ends[phase]), None):
            found[kind][phase].append(seconds)
    return found


def show(times):
    """Return a cell of the table: median, 95th percentile and maximum, in ms."""
    figures = (median(times), get_late(times), max(times))
    return " / ".join(f"{seconds * 1000:,.0f}" for seconds in figures)


def main():
    """Read the command line, start everything, measure, print."""
    options = make_parser(
        __doc__, people=PEOPLE, rate=RATE, idle=IDLE, workers=2, crons=2
    ).parse_args()
    read_config(options)
    from odoo.addons.helpdesk_mgmt_sms.tests.live import LiveServer

    facts = prepare(options)
    server = LiveServer(options.database, options.crons, options.workers)
    told = ("--server", server.url, "--token", AUTH_TOKEN)
    carrier, url = start_carrier(LATENCY, *told)
    with environment(options.database) as env:
        set_param = env["ir.config_parameter"].set_param
        set_param("helpdesk_mgmt_sms.twilio_api_url", url)
        set_param("web.base.url", PUBLIC_URL)
        set_param("web.base.url.freeze", "True")
        env.cr.commit()
    try:
        server.start()
        wait_for_calm(options.database)
        probes = Probes(options, facts, server.url, url)
        probes.start()
        # The first calls fill caches, and are not counted.
        time.sleep(options.idle)
        probes.samples.clear()
        time.sleep(options.idle)
        ends, posts = send(probes, facts, url, options.people)
        wait_for_calm(options.database)
        ends["reports"] = time.time()
        time.sleep(options.idle)
        ends["at rest"] = time.time()
        probes.stop()
    finally:
        server.stop()
        carrier.kill()
    seconds = ends["under way"] - ends["before"]
    print(
        f"{posts:,} texts were selected and left in {seconds:.0f} s"
        f" ({posts / seconds:,.0f} a second), load {os.getloadavg()[0]:.1f};"
        f" {options.workers} processes for requests, {options.crons} for crons.\n"
    )
    print_longest(probes.samples, ends)
    missed = judge(probes.samples, ends)
    for fault in dict.fromkeys(probes.faults):
        print(f"... failed: {fault}", file=sys.stderr)
    if missed or posts < options.people:
        sys.exit("Missed: " + "; ".join(missed or ["not all texts left"]))
    print("Nobody is kept waiting.")


if __name__ == "__main__":
    main()
