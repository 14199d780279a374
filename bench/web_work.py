# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure requests over the web, and tickets' stages: parts of ``outbox_work.py``."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from urllib.parse import urlsplit

import requests
from common import environment, phone
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

#: People who text, in turn: two texts of one person are taken one after the other.
PEOPLE = 50
#: What is texted, and the first of who text it; 0: those with a ticket, in turn.
KINDS_OF_TEXTS = {
    "a text on a ticket": ("It jams again, this is the %sth time.", 0),
    "a ticket of a text": ("My printer is broken (%s)", 20_000),
    "HELP": ("HELP%.0s", 0),
    "STOP": ("STOP%.0s", 10_000),
}


def await_reports(database, carrier, count):
    """Make messages that a carrier has taken; return the addresses for its reports."""
    with environment(database) as env:
        configure(env, carrier)
        agree(env, count)
        make_messages(env, count)
        messages = env["sms.sms"].search([])
        if "sms.dispatcher" in env:
            env.cr.execute(
                "UPDATE sms_sms SET state = 'pending', provider = 'twilio',"
                " carrier_id = 'SM' || uuid, report_rank = 1, attempts = 1"
            )
            key = env.company.sms_webhook_key
            endpoint = f"/helpdesk_sms/twilio/{key}/status/"
        else:
            messages.write({"state": "pending", "to_delete": False})
            env["sms.tracker"].create([{"sms_uuid": sms.uuid} for sms in messages])
            endpoint = "/sms_twilio/status/"
        env.cr.commit()
        return [PUBLIC_URL + endpoint + sms.uuid for sms in messages]


def await_texts(database, carrier):
    """Make people with an open ticket each; return the address for texts."""
    with environment(database) as env:
        configure(env, carrier)
        people = [{"name": f"Person {i}", "phone": phone(i)} for i in range(PEOPLE)]
        partners = env["res.partner"].create(people)
        ticket = {"name": "Printer", "description": "It jams"}
        env["helpdesk.ticket"].create(
            [{**ticket, "partner_id": partner.id} for partner in partners]
        )
        key = env.company.sms_webhook_key
        env.cr.commit()
        return f"{PUBLIC_URL}/helpdesk_sms/twilio/{key}/inbound"


def post_all(forms, port, threads):
    """Post signed forms to a server; return how fast that went.

    :param forms: list of pairs of an address and a form
    """
    validator = RequestValidator(AUTH_TOKEN)
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=threads))

    def post(pair):
        url, form = pair
        headers = {"X-Twilio-Signature": validator.compute_signature(url, form)}
        begin = time.perf_counter()
        address = f"http://127.0.0.1:{port}{urlsplit(url).path}"
        response = session.post(address, data=form, headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        return time.perf_counter() - begin

    for pair in forms[:20]:
        post(pair)
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        times = sorted(pool.map(post, forms[20:]))
    seconds = time.perf_counter() - begin
    return {
        "rate": len(times) / seconds,
        "median": times[len(times) // 2] * 1000,
        "p95": times[int(len(times) * 0.95)] * 1000,
    }


def report(database, carrier, count, port, threads):
    """Post delivery reports."""
    forms = []
    for url in await_reports(database, carrier, count):
        form = dict.fromkeys(("MessageStatus", "SmsStatus"), "delivered")
        form |= dict.fromkeys(("MessageSid", "SmsSid"), "SM" + url[-32:])
        forms.append((url, {**form, "AccountSid": ACCOUNT_SID}))
    return post_all(forms, port, threads)


def inbound(database, carrier, count, port, threads):
    """Post texts of people who have a ticket."""
    url = await_texts(database, carrier)
    body = "It jams again, this is the %sth time."
    forms = [make_form(index % PEOPLE, body % index) for index in range(count)]
    return post_all([(url, form) for form in forms], port, threads)


def make_form(index, body):
    """Return a text of the ``index``-th person as Twilio posts it."""
    sid = "SM" + uuid.uuid4().hex
    return {"MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT_SID,
            "From": phone(index), "To": OWN_NUMBER, "Body": body, "NumMedia": "0",
            "NumSegments": "1"}  # fmt: skip


def receive(database, carrier, count):
    """Take in texts of some kinds without a server, by turns, each in a transaction.

    :return: by kind, in the median, the time of Python alone (ms) and the queries
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
                assert env.company.name and env.user.lang  # what a request knows
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
    """Make a contact who agrees to texts, and commit."""
    purpose, number = env["sms.purpose"]._get("ticket"), phone(index)
    record = env["sms.consent.event"]._record
    record(env.company, number, "granted", "import", purpose)
    env["res.partner"].create({"name": f"Person {index}", "phone": number})
    env.cr.commit()


def stage(database, carrier, count):
    """Move as many tickets to a stage that texts as to one that does not.

    By turns, each in a transaction of its own, as an agent does.
    """
    with environment(database) as env:
        configure(env, carrier, workers=0)
        purpose = env["sms.purpose"]._get("ticket")
        template = env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        names = ("First", "without a text", "with a text")
        stages = env["helpdesk.ticket.stage"].create([{"name": name} for name in names])
        stages[2].sms_template_id = template
        tickets = env["helpdesk.ticket"]
        for index in range(2 * count):
            number = phone(500_000 + index)
            env["sms.consent.event"]._record(
                env.company, number, "granted", "import", purpose
            )
            partner = env["res.partner"].create({"name": "Dana", "phone": number})
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
        # What the commits of a server would have woken.
        env["sms.automation.run"]._run()
        env.cr.execute("SELECT count(*) FROM sms_sms")
        assert env.cr.fetchone()[0] == count, "not one text for each"
    return {name: median(found[10:]) * 1000 for name, found in times.items()}
