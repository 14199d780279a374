# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Play a week of a helpdesk into a database with the addon and without demo data.

``bin/demo`` does this after the installation. By hand::

    echo 'from odoo.addons.helpdesk_mgmt_sms.demo import story; story.tell(env)' \\
        | odoo-bin shell -d DATABASE

The week ends now, or with the last working day in Denver. The clock is set back
(freezegun, as in Odoo's tests), and everything is done as people and carriers do it: by
the methods behind the screens and the sandbox's virtual phone, with the scheduled
actions in between. So the gate decides about every text, and the ledger verifies.
"""

import logging
import math
import time
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import sql_db
from odoo.tools.convert import convert_file

from odoo.addons.base.models import res_users

from ..providers import poster
from .chapters import Story
from .stage import MODULE, Calendar, Stage

_logger = logging.getLogger(__name__)
#: Method that notifies open browsers about the state of messages.
NOTIFY = "_notify_message_notification_update"
FILES = ("res.partner.csv", "helpdesk_sms_demo.xml", "sms_team_alert_demo.xml")


@contextmanager
def set_back(env, moment):
    """Set the clock back; send no mail, and notify no browser or cron thread.

    Everything is done in one transaction: nobody else needs to see it before the end.

    :param datetime moment: UTC
    :return: freezegun's clock, which has ``move_to``
    """
    registry = env.registry
    with ExitStack() as stack:
        clock = stack.enter_context(freeze_time(moment, tick=True))
        for target, name, value in (
            (sql_db.BaseCursor, "now", lambda _cursor: datetime.now()),
            # Time is skipped: connections only seem to have been idle for long.
            (sql_db, "MAX_IDLE_TIMEOUT", math.inf),
            (registry["ir.mail_server"], "_disable_send", lambda _server: True),
            (registry["bus.bus"], "_sendone", lambda *_args: None),
            (registry["ir.cron"], "_notifydb", lambda _cron: None),
            (registry["mail.message"], NOTIFY, lambda _messages: None),
            (registry["ir.cron"], "_commit_progress", lambda *_, **__: math.inf),
            (registry["sms.dispatcher"], "_in_new_transaction", do_at_once),
            (registry["sms.dispatcher"], "_wait_for_due", lambda _dispatcher: 0),
            # No text is lost on the way, and nothing waits until something is due.
            (registry["sms.dispatcher"], "_mark_abandoned", lambda _dispatcher: None),
            (registry["sms.dispatcher"], "_claim_lookups", lambda *_args: []),
            (registry["sms.dispatcher"], "_schedule_next_run", lambda *_args: None),
            (poster, "GATHER", 0),
            # Saves half a second per password; Odoo rehashes it at the first login.
            (res_users, "MIN_ROUNDS", 1),
        ):
            stack.enter_context(patch.object(target, name, value))
        yield clock


def do_at_once(_dispatcher, step, *args):
    """Do a step of the dispatcher in the current transaction."""
    return step(*args)


def tell(env):
    """Load the people and rules of the demo, and play the week."""
    if env.ref(f"{MODULE}.partner_demo_dana", raise_if_not_found=False):
        raise SystemExit("This database has demo data already. Make a new one.")
    began, calendar = time.monotonic(), Calendar(datetime.now())
    # Nothing needs to survive a crash: the demo is then made anew.
    env.cr.execute("SET synchronous_commit TO off")
    with set_back(env, calendar.begin - timedelta(minutes=10)) as clock:
        for name in FILES:
            # An update of the addon must not delete what it does not load.
            convert_file(env, MODULE, f"demo/{name}", {}, mode="init", noupdate=True)
        env.ref("base.user_admin").tour_enabled = False
        Story(Stage(env, calendar)).play(clock)
    env.cr.commit()  # pylint: disable=invalid-commit
    _logger.info("The demo's week was told in %.1f s", time.monotonic() - began)
