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

import requests
from common import environment, get_peak, vacuum
from company import agree, configure, make_messages
from intake_work import intake
from web_work import inbound, report, stage

import odoo

from odoo.addons.base.models.ir_cron import IrCron


def prepare(database, carrier, count, **settings):
    """Make a company and messages that wait."""
    with environment(database) as env:
        configure(env, carrier, **settings)
        agree(env, count)
        make_messages(env, count)
        vacuum(env, "sms_sms")
    return {}


def run_crons(database, seconds):
    """Work as one cron thread of Odoo does, until nothing waits or time is over."""
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
    return get_usage(idle, cpu)


def run_native(env, idle):
    """Work off Odoo's own queue, ten messages at once, as its cron does."""
    cpu = time.process_time()
    while env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1):
        env["sms.sms"]._process_queue()
        env.invalidate_all()
    return get_usage(idle, cpu)


def get_usage(idle, cpu):
    """Return the memory (MB) and processor time (s) that were used since."""
    peak = get_peak()
    return {"memory": peak, "grown": peak - idle, "cpu": time.process_time() - cpu}


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
    busy = sum(sampler.own.values())
    share = seconds / max(busy + sampler.waiting, 1)
    return {
        "rows": [
            [name, sampler.own[name] * share, count * share]
            for name, count in sampler.seen.most_common()
        ],
        "waiting": sampler.waiting * share,
        "busy": busy * share,
    }


MEASUREMENTS = (prepare, dispatch, profile, intake, report, inbound, stage)
KINDS = {measure.__name__: measure for measure in MEASUREMENTS}


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
