# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure sending what waits in the outbox: a part of ``outbox.py``."""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
from common import Usage, environment, vacuum
from company import agree, configure, make_messages

from odoo.tools.profiler import Profiler
from odoo.tools.speedscope import Speedscope

from odoo.addons.base.models.ir_cron import IrCron


def prepare(database, carrier, count, **settings):
    """Configure the company, and make waiting messages."""
    with environment(database) as env:
        configure(env, carrier, **settings)
        agree(env, count)
        make_messages(env, count)
        vacuum(env, "sms_sms")


def run_crons(database, seconds):
    """Work as one cron thread of Odoo does, until nothing waits or time is up."""
    usage, end = Usage(), time.monotonic() + seconds
    with environment(database) as env:
        if "sms.dispatcher" not in env:
            run_native(env)
            return usage.read()
        assert env["ir.cron"].search_count([]), "no cron is active"
    left = 1
    while left and time.monotonic() < end:
        IrCron._process_jobs(database)
        with environment(database) as env:
            left = env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1)
    return usage.read()


def run_native(env):
    """Process Odoo's own queue, ten messages per call, as its cron does."""
    while env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1):
        env["sms.sms"]._process_queue()
        env.invalidate_all()


def lead_to(carrier):
    """Redirect Odoo's own client, whose address is fixed, to our carrier.

    By a transport adapter for that one address; the session stays as it is otherwise.
    """
    original = requests.Session.__init__

    class Redirect(requests.adapters.HTTPAdapter):
        def send(self, request, **kwargs):
            request.url = carrier + urlsplit(request.url).path
            return super().send(request, **kwargs)

    def init(session):
        original(session)
        session.mount("https://api.twilio.com", Redirect())

    requests.Session.__init__ = init


def dispatch(database, carrier, seconds=600):
    """Send the waiting messages."""
    lead_to(carrier)
    return run_crons(database, seconds)


def profile(database, carrier):
    """Send what waits under Odoo's own profiler, which watches the dispatcher's thread.

    The other threads run the SDK. Time spent waiting for the carrier is in ``collect``.

    :return: the path of a file for https://www.speedscope.app
    """
    with Profiler(db=None, collectors=["traces_async"], description="outbox") as found:
        run_crons(database, 600)
    shown = Speedscope("outbox")
    shown.add("frames", found.collectors[0].entries)
    shown.add_output(["frames"], complete=False)
    path = Path("outbox.speedscope.json").resolve()
    path.write_text(json.dumps(shown.make()))
    return {"path": str(path)}
