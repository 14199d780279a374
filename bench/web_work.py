# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes in over the web, and a ticket's stages: parts of ``outbox_work.py``."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from urllib.parse import urlsplit

import requests
from common import phone
from twilio.request_validator import RequestValidator

#: People who text, in turn: two texts of one person are taken one after the other.
PEOPLE = 50


def await_reports(work, database, carrier, count):
    """Make messages that a carrier has taken; return the addresses for its reports."""
    with work.environment(database) as env:
        work.configure(env, carrier)
        if "sms.consent" in env:
            work.agree(env, count)
        work.make_messages(env, count)
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
            env["sms.tracker"].create(
                [{"sms_uuid": uid} for uid in messages.mapped("uuid")]
            )
            endpoint = "/sms_twilio/status/"
        env.cr.commit()
        return [work.PUBLIC_URL + endpoint + sms.uuid for sms in messages]


def await_texts(work, database, carrier):
    """Make people with an open ticket each; return the address for texts."""
    with work.environment(database) as env:
        work.configure(env, carrier)
        partners = env["res.partner"].create(
            [
                {"name": f"Person {index}", "phone": phone(index)}
                for index in range(PEOPLE)
            ]
        )
        env["helpdesk.ticket"].create(
            [
                {"name": "Printer", "description": "It jams", "partner_id": partner.id}
                for partner in partners
            ]
        )
        key = env.company.sms_webhook_key
        env.cr.commit()
        return f"{work.PUBLIC_URL}/helpdesk_sms/twilio/{key}/inbound"


def post_all(work, forms, port, threads):
    """Post signed forms to a server; return how fast that went.

    :param forms: list of pairs of an address and a form
    """
    validator = RequestValidator(work.AUTH_TOKEN)
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=threads))

    def post(pair):
        """Post one signed form; return its time."""
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


def report(work, database, carrier, count, port, threads):
    """Post delivery reports."""
    forms = []
    for url in await_reports(work, database, carrier, count):
        sid = "SM" + url[-32:]
        form = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": "delivered",
                "SmsStatus": "delivered", "AccountSid": work.ACCOUNT_SID}  # fmt: skip
        forms.append((url, form))
    return post_all(work, forms, port, threads)


def inbound(work, database, carrier, count, port, threads):
    """Post texts of people who have a ticket."""
    url = await_texts(work, database, carrier)
    forms = []
    for index in range(count):
        sid = "SM" + uuid.uuid4().hex
        form = {"MessageSid": sid, "SmsSid": sid, "AccountSid": work.ACCOUNT_SID,
                "From": phone(index % PEOPLE), "To": work.OWN_NUMBER,
                "Body": f"It jams again, this is the {index}th time.", "NumMedia": "0",
                "NumSegments": "1"}  # fmt: skip
        forms.append((url, form))
    return post_all(work, forms, port, threads)


def stage(work, database, carrier, count):
    """Move as many tickets to a stage that texts as to one that does not.

    By turns, each in a transaction of its own, as an agent does.
    """
    with work.environment(database) as env:
        work.configure(env, carrier, workers=0)
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
