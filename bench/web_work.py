# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure requests over the web, and tickets' stages: parts of ``outbox.py``."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from urllib.parse import urlsplit

import requests
from common import clock, environment, get_late, phone
from company import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    OWN_NUMBER,
    PUBLIC_URL,
    agree,
    configure,
    make_messages,
)
from twilio.request_validator import RequestValidator

#: Number of people who text in turn: texts of one person are processed one by one.
PEOPLE = 50
#: Odoo's simplest route: it reads nothing and writes nothing.
HEALTH = "/web/health"
#: Seconds between a text that has arrived on its ticket and the next one.
QUIET = 1.0
#: By kind: the text, and the index of the first person to text it. 0: the people with a
#: ticket, in turn.
KINDS_OF_TEXTS = {
    "a text on a ticket": ("It jams again, this is the %sth time.", 0),
    "a ticket of a text": ("My printer is broken (%s)", 20_000),
    "HELP": ("HELP%.0s", 0),
    "STOP": ("STOP%.0s", 10_000),
}


def await_events(env, carrier):
    """Configure the company, with the webhook cron active, so that events wake it."""
    configure(env, carrier)
    if "sms.webhook.event" in env:
        env.ref("helpdesk_mgmt_sms.ir_cron_sms_webhook").active = True
        env.cr.execute("DELETE FROM sms_webhook_event")


def await_reports(database, carrier, count):
    """Make messages that the carrier has accepted; return their callback addresses."""
    with environment(database) as env:
        await_events(env, carrier)
        agree(env, count)
        make_messages(env, count)
        messages = env["sms.sms"].search([])
        if "sms.dispatcher" in env:
            env.cr.execute(
                "UPDATE sms_sms SET state = 'pending', provider = 'twilio',"
                " carrier_id = 'SM' || uuid, report_rank = 1, attempts = 1"
            )
            endpoint = f"/helpdesk_sms/twilio/{env.company.sms_webhook_key}/status/"
        else:
            messages.write({"state": "pending", "to_delete": False})
            env["sms.tracker"].create([{"sms_uuid": sms.uuid} for sms in messages])
            endpoint = "/sms_twilio/status/"
        env.cr.commit()
        return [PUBLIC_URL + endpoint + sms.uuid for sms in messages]


def await_texts(database, carrier):
    """Make people with an open ticket each; return the webhook address for texts."""
    with environment(database) as env:
        await_events(env, carrier)
        people = [{"name": f"Person {i}", "phone": phone(i)} for i in range(PEOPLE)]
        partners = env["res.partner"].create(people)
        ticket = {"name": "Printer", "description": "It jams"}
        env["helpdesk.ticket"].create(
            [{**ticket, "partner_id": partner.id} for partner in partners]
        )
        key = env.company.sms_webhook_key
        env.cr.commit()
        return f"{PUBLIC_URL}/helpdesk_sms/twilio/{key}/inbound"


def make_post(port):
    """Return a function that posts a signed form to the server on a port.

    It takes a session of ``requests``, and a pair of the public address and the form.
    """
    validator = RequestValidator(AUTH_TOKEN)

    def post(session, pair):
        url, form = pair
        headers = {"X-Twilio-Signature": validator.compute_signature(url, form)}
        address = f"http://127.0.0.1:{port}{urlsplit(url).path}"
        return session.post(address, data=form, headers=headers, timeout=60)

    return post


def call_all(call, values, threads):
    """Make requests in parallel; return their rate and times.

    The first 20 are for warming up, and are not counted.

    :param call: function that takes a session of ``requests`` and one of ``values``
    :param int threads: number of parallel requests
    :return: dict of ``rate`` (per second), ``median`` and ``p95`` (ms)
    """
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=threads))

    def measure(value):
        seconds, response = clock(call, session, value)
        assert response.status_code == 200, response.text
        return seconds

    for value in values[:20]:
        measure(value)
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        times = sorted(pool.map(measure, values[20:]))
    seconds = time.perf_counter() - begin
    return {
        "rate": len(times) / seconds,
        "median": times[len(times) // 2] * 1000,
        "p95": get_late(times) * 1000,
    }


def health(_database, _carrier, count, port, threads):
    """Call Odoo's simplest route."""
    address = f"http://127.0.0.1:{port}{HEALTH}"

    def call(session, _index):
        return session.get(address, timeout=60)

    return call_all(call, range(count), threads)


def report(database, carrier, count, port, threads):
    """Post delivery reports."""
    forms = []
    for url in await_reports(database, carrier, count):
        form = dict.fromkeys(("MessageStatus", "SmsStatus"), "delivered")
        form |= dict.fromkeys(("MessageSid", "SmsSid"), "SM" + url[-32:])
        forms.append((url, {**form, "AccountSid": ACCOUNT_SID}))
    return call_all(make_post(port), forms, threads)


def make_text(index):
    """Return a text of a person with a ticket, as Twilio posts it."""
    return make_form(index % PEOPLE, f"It jams again, this is the {index}th time.")


def inbound(database, carrier, count, port, threads):
    """Post texts of people with a ticket."""
    url = await_texts(database, carrier)
    forms = [(url, make_text(index)) for index in range(count)]
    return call_all(make_post(port), forms, threads)


def work_off(database, carrier):
    """Process what was posted, as one worker does; return the rate and the cost."""
    with environment(database) as env:
        env.cr.execute("SELECT count(*) FROM sms_webhook_event")
        [count] = env.cr.fetchone()
        cpu, events = time.process_time(), env["sms.webhook.event"]
        seconds, _none = clock(events._run)
        cpu = time.process_time() - cpu
        assert not events.search_count([]), "not all was worked off"
    return {"count": count, "rate": count / seconds, "cpu": cpu / count * 1000}


def desk(database, carrier, count, port):
    """Post texts one by one to a server with crons, until each is on its ticket.

    :return: seconds that each took, sorted
    """
    url, post, times = await_texts(database, carrier), make_post(port), []
    for index in range(count):
        time.sleep(QUIET)
        form = make_text(index)
        begin = time.perf_counter()
        post(requests, (url, form))
        while not is_on_desk(database, form["MessageSid"]):
            assert time.perf_counter() - begin < 120, "a text is not taken in"
            time.sleep(0.005)
        times.append(time.perf_counter() - begin)
    return sorted(times)


def is_on_desk(database, sid):
    """Return whether a text is shown on its ticket."""
    with environment(database) as env:
        env.cr.execute(
            "SELECT mail_message_id FROM sms_inbound WHERE provider_sid = %s", [sid]
        )
        return env.cr.fetchone() is not None


def make_form(index, body):
    """Return a text of the ``index``-th person as Twilio posts it."""
    sid = "SM" + uuid.uuid4().hex
    return {"MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT_SID,
            "From": phone(index), "To": OWN_NUMBER, "Body": body, "NumMedia": "0",
            "NumSegments": "1"}  # fmt: skip


def receive(database, carrier, count):
    """Receive texts of each kind in turn, without a server, each in a transaction.

    :return: by kind, the medians of Python's processor time (ms) and of queries
    """
    await_texts(database, carrier)
    found = {name: ([], []) for name in KINDS_OF_TEXTS}
    with environment(database) as env:
        for index in range(count):
            agree_to_tickets(env, 10_000 + index)
            for name, (body, first) in KINDS_OF_TEXTS.items():
                number = first + (index % PEOPLE if not first else index)
                form = make_form(number, body % index)
                event = env.company._get_sms_provider("twilio").parse_inbound(form)
                env.invalidate_all()
                assert env.company.name and env.user.lang  # cached in a request too
                begin, queries = time.process_time(), env.cr.sql_log_count
                env["sms.inbound"]._receive(env.company, event)
                env.cr.flush()
                found[name][0].append(time.process_time() - begin)
                found[name][1].append(env.cr.sql_log_count - queries)
                env.cr.commit()
    return {
        name: {"cpu": median(times[5:]) * 1000, "queries": median(counts[5:])}
        for name, (times, counts) in found.items()
    }


def agree_to_tickets(env, index):
    """Return a new contact who has agreed to texts about tickets, and commit."""
    purpose, number = env["sms.purpose"]._get("ticket"), phone(index)
    env["sms.consent.event"]._record(env.company, number, "granted", "import", purpose)
    partner = env["res.partner"].create({"name": f"Person {index}", "phone": number})
    env.cr.commit()
    return partner


def stage(database, carrier, count):
    """Move tickets alternately to a stage that sends a text and to one that does not.

    Each move is a transaction of its own, as when an agent does it.
    """
    with environment(database) as env:
        configure(env, carrier, workers=0)
        template = env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        names = ("First", "without a text", "with a text")
        stages = env["helpdesk.ticket.stage"].create([{"name": name} for name in names])
        stages[2].sms_template_id = template
        tickets = env["helpdesk.ticket"]
        for index in range(2 * count):
            partner = agree_to_tickets(env, 500_000 + index)
            values = {"name": "Printer", "description": "It jams"}
            tickets += tickets.create(
                {**values, "partner_id": partner.id, "stage_id": stages[0].id}
            )
        env.cr.commit()
        times = {name: [] for name in names[1:]}
        for index, ticket_id in enumerate(tickets.ids):
            env.invalidate_all()
            target = stages[1 + index % 2]
            begin = time.perf_counter()
            tickets.browse(ticket_id).stage_id = target
            env.cr.commit()
            times[names[1 + index % 2]].append(time.perf_counter() - begin)
        # On a server, the commits would have woken this cron.
        env["sms.automation.run"]._run()
        env.cr.execute("SELECT count(*) FROM sms_sms")
        assert env.cr.fetchone()[0] == count, "not one text for each"
    return {name: median(found[10:]) * 1000 for name, found in times.items()}
