# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One measurement of the outbox, in a process of its own: started by ``outbox.py``.

The arguments are the measurement, the database, the carrier's address, and what the
function of that name wants. Prints what was found as JSON.
"""

import argparse
import json
import re
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import intake_work
import requests
import web_work
from common import environment, fill_consents, get_peak, phone, vacuum

import odoo

from odoo.addons.base.models.ir_cron import IrCron

#: Rows that Odoo's mass composer makes at once.
INTAKE_BATCH = 1_000
OWN_NUMBER = "+13035550100"
PUBLIC_URL = "http://sms.example"
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "5ecret-of-the-benchmark"


# ----------------------------------------------------------------------
# Preparing a database
# ----------------------------------------------------------------------


def configure(env, carrier, in_flight=64, rate=0, workers=1):
    """Make the company a customer of the carrier; let only the outbox's crons run."""
    country = env.ref("base.us")
    company = env.company
    company.write(
        {
            "country_id": country.id,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT_SID,
            "sms_twilio_auth_token": AUTH_TOKEN,
        }
    )
    if not company.sms_twilio_number_ids:
        values = {"number": OWN_NUMBER, "country_id": country.id}
        company.sms_twilio_number_ids = [(0, 0, values)]
    set_param = env["ir.config_parameter"].sudo().set_param
    set_param("web.base.url", PUBLIC_URL)
    env.flush_all()
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    env.invalidate_all()
    if "sms.dispatcher" in env:
        set_param("helpdesk_mgmt_sms.twilio_api_url", carrier)
        set_param("helpdesk_mgmt_sms.in_flight", str(in_flight))
        env["sms.sender"].search([]).rate = rate
        for name in ("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")[:workers]:
            env.ref(f"helpdesk_mgmt_sms.{name}").active = True
    env.cr.execute("DELETE FROM sms_sms")
    env.cr.execute("DELETE FROM ir_cron_trigger")
    env.cr.commit()


def agree(env, count):
    """Record by SQL that so many people have agreed to texts of other apps."""
    purpose = env["sms.purpose"]._get("marketing")
    fill_consents(env, purpose, map(phone, range(count)))


def make_messages(env, count):
    """Make so many messages, in the mass composer's batches.

    :return: seconds that each batch took
    """
    times = []
    for first in range(0, count, INTAKE_BATCH):
        begin = time.perf_counter()
        env["sms.sms"].create(
            [
                {
                    "number": phone(index),
                    "body": f"Hello {index}, our office is closed.",
                }
                for index in range(first, min(first + INTAKE_BATCH, count))
            ]
        )
        env.cr.commit()
        env.invalidate_all()
        times.append(time.perf_counter() - begin)
    return times


# ----------------------------------------------------------------------
# One measurement, in a process of its own
# ----------------------------------------------------------------------


def prepare(database, carrier, count, **settings):
    """Make a company and messages that wait."""
    with environment(database) as env:
        configure(env, carrier, **settings)
        if "sms.consent" in env:
            agree(env, count)
        make_messages(env, count)
        vacuum(env, "sms_sms")
    return {}


def run_crons(database, seconds):
    """Work as one cron thread of Odoo does, until nothing waits.

    :param seconds: at most so long
    """
    with environment(database) as env:
        idle = get_peak()
        if "sms.dispatcher" not in env:
            return run_native(env, idle)
        assert env["ir.cron"].search_count([]), "no cron is active"
    begin, cpu = time.perf_counter(), time.process_time()
    left = 1
    while left and time.perf_counter() - begin < seconds:
        IrCron._process_jobs(database)
        with environment(database) as env:
            left = env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1)
    return {"memory": get_peak(), "grown": get_peak() - idle,
            "cpu": time.process_time() - cpu}  # fmt: skip


def run_native(env, idle):
    """Work off Odoo's own queue, ten messages at once, as its cron does."""
    begin = time.process_time()
    while env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1):
        env["sms.sms"]._process_queue()
        env.invalidate_all()
    return {"memory": get_peak(), "grown": get_peak() - idle,
            "cpu": time.process_time() - begin}  # fmt: skip


def lead_to(carrier):
    """Lead Odoo's own client, whose address is fixed, to our carrier.

    An adapter does so for that one address; nothing else of its session is touched.
    """
    original = requests.Session.__init__

    class Redirect(requests.adapters.HTTPAdapter):
        def send(self, request, **kwargs):
            """Send a request to the peer instead."""
            request.url = carrier + urlsplit(request.url).path
            return super().send(request, **kwargs)

    def init(session):
        """Begin a session that calls the peer."""
        original(session)
        session.mount("https://api.twilio.com", Redirect())

    requests.Session.__init__ = init


def dispatch(database, carrier, seconds=600):
    """Send what waits."""
    lead_to(carrier)
    return run_crons(database, seconds)


class Sampler(threading.Thread):
    """Looks at what the main thread is doing, each few milliseconds.

    Python's own profiler mixes all threads up. The dispatcher's threads are left out:
    they are the SDK. What waits for the carrier (``collect``) is counted apart.
    """

    INTERVAL = 0.002

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.own, self.waiting = Counter(), Counter(), 0
        self.watched = threading.get_ident()
        self.is_over = threading.Event()

    def run(self):
        """Look until it is over."""
        while not self.is_over.wait(self.INTERVAL):
            stack = self.read_stack()
            if any(name.endswith(": collect") for name in stack):
                self.waiting += 1
            elif any(name.endswith(": _run_job") for name in stack):
                self.own[stack[0]] += 1
                self.seen.update(set(stack))

    def read_stack(self):
        """Return where the main thread is, the innermost function first."""
        frame, stack = sys._current_frames()[self.watched], []
        while frame:
            code = frame.f_code
            short = re.sub(r".*/(helpdesk_mgmt_sms|addons|odoo)/", "", code.co_filename)
            stack.append(f"{short}: {code.co_name}")
            frame = frame.f_back
        return stack


def profile(database, carrier):
    """Send what waits, and sample what the dispatcher's own thread does."""
    sampler = Sampler()
    sampler.start()
    begin = time.perf_counter()
    run_crons(database, 600)
    seconds = time.perf_counter() - begin
    sampler.is_over.set()
    sampler.join()
    rows = [[name, sampler.own[name], count] for name, count in sampler.seen.items()]
    busy = sum(sampler.own.values())
    share = seconds / max(busy + sampler.waiting, 1)
    return {
        "rows": [
            [name, own * share, count * share]
            for name, own, count in sorted(rows, key=lambda row: -row[2])
        ],
        "waiting": sampler.waiting * share,
        "busy": busy * share,
    }


def intake(database, carrier, count, way):
    """Make messages one way, and nothing else."""
    return intake_work.measure(sys.modules[__name__], database, carrier, count, way)


def report(database, carrier, count, port, threads):
    """Post signed reports to a server."""
    return web_work.report(
        sys.modules[__name__], database, carrier, count, port, threads
    )


def inbound(database, carrier, count, port, threads):
    """Text to a server."""
    return web_work.inbound(
        sys.modules[__name__], database, carrier, count, port, threads
    )


def stage(database, carrier, count):
    """Move tickets to stages that text, and to stages that do not."""
    return web_work.stage(sys.modules[__name__], database, carrier, count)


KINDS = {
    "prepare": prepare,
    "dispatch": dispatch,
    "profile": profile,
    "intake": intake,
    "report": report,
    "inbound": inbound,
    "stage": stage,
}


def main():
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("what", type=json.loads, help="[kind, [arguments], {settings}]")
    options = parser.parse_args()
    kind, arguments, settings = options.what
    odoo.tools.config.parse_config(
        ["-c", options.config, "-d", arguments[0], "--log-level", "warn"]
    )
    print(json.dumps(KINDS[kind](*arguments, **settings)))


if __name__ == "__main__":
    main()
