# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Play a week of a helpdesk into a database with the addon and without demo data.

``bin/demo`` does so after the installation. By hand::

    echo 'from odoo.addons.helpdesk_mgmt_sms.demo import story; story.tell(env)' \\
        | odoo-bin shell -d DATABASE

The week ends now, or with the last working day in Denver. The clock is set back
(freezegun, as in Odoo's tests), and everything is done as people and carriers do it: by
the screens' methods and the sandbox's virtual phone, with the scheduled actions in
between. So the gate has decided about every text, and the ledger verifies.
"""

import logging
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.sql_db import BaseCursor
from odoo.tools.convert import convert_file

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..models.dispatch import sms_dispatcher
from .chapters import Story
from .stage import MODULE, Calendar, Stage

_logger = logging.getLogger(__name__)
FILES = ("res.partner.csv", "helpdesk_sms_demo.xml", "sms_team_alert_demo.xml")


def tell(env):
    """Load people and rules of the demo, and play the week."""
    if env.ref(f"{MODULE}.partner_demo_dana", raise_if_not_found=False):
        raise SystemExit("This database has demo data already. Make a new one.")
    began, calendar = time.monotonic(), Calendar(datetime.now())
    with ExitStack() as stack:
        before = calendar.begin - timedelta(minutes=10)
        clock = stack.enter_context(freeze_time(before, tick=True))
        stack.enter_context(
            patch.object(BaseCursor, "now", lambda _cursor: datetime.now())
        )
        # No mail leaves, and nothing is waited for.
        stack.enter_context(
            patch.object(IrMail_Server, "_disable_send", lambda _self: True)
        )
        stack.enter_context(patch.object(sms_dispatcher, "LINGER", 0))
        for name in FILES:
            convert_file(env, MODULE, f"demo/{name}", {}, mode="init")
        env.ref("base.user_admin").tour_enabled = False
        story = Story(Stage(env, calendar))
        for chapter in (
            story.plan_consents,
            story.plan_talks,
            story.plan_consent_changes,
            story.plan_broadcast,
            story.plan_incident,
            story.plan_alerts,
            story.plan_visits,
            story.plan_reassigned,
            story.plan_end,
        ):
            chapter()
        story.play(clock)
    env.cr.commit()
    _logger.info("The demo's week was told in %.1f s", time.monotonic() - began)
