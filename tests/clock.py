# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one place where tests stop the clock: Python's and the database's together."""

import os
import subprocess
import time
import unittest
from datetime import datetime, timedelta
from functools import cache, wraps
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import freeze_time as stop_python
from odoo.tests.test_cursor import TestCursor


class freeze_time(stop_python):  # noqa: N801 - it is used as Odoo's own
    """Stop Python's clock and that of the ORM's cursors, as one, for a test.

    Python has a clock (``datetime.now()``), and so has PostgreSQL. The ORM takes a
    record's ``create_date`` and ``write_date`` from the database's (``cr.now()``), and
    a cron's ``lastcall`` and the question of what is due. Where only Python's stands
    still, a test compares a date that somebody wrote with the day it is run, and holds
    until that date. So here ``cr.now()`` says what Python's clock says.

    What SQL itself calls ``now()`` stays real: a test under this clock neither reads
    nor writes it, and neither does what it calls (``tests/core/test_house.py``). A
    test that runs a server of its own (:mod:`.live`) has only real clocks.

    Used as ``odoo.tests.freeze_time``: as a context manager, a decorator, or started
    and stopped. UTC.
    """

    def __call__(self, arg):
        """Decorate a test case, as Odoo does, or a test."""
        if isinstance(arg, type):
            return super().__call__(arg)

        @wraps(arg)
        def run(*args, **kwargs):
            with self:
                return arg(*args, **kwargs)

        return run

    def __enter__(self):
        frozen = super().__enter__()
        self.patchers = [
            patch.object(cursor, "now", lambda _cr: datetime.now())
            for cursor in (Cursor, TestCursor)
        ]
        for patcher in self.patchers:
            patcher.start()
        return frozen

    def __exit__(self, *args):
        for patcher in reversed(self.patchers):
            patcher.stop()
        return super().__exit__(*args)

    start = __enter__
    stop = __exit__


def in_a_year(**later):
    """Return a time that is in the future on any day (UTC, a full hour of the day).

    :param later: how much later, as of ``timedelta``
    """
    noon = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=365, **later)


#: Days by which the machine's clock must be turned (libfaketime) until nothing comes to
#: a browser by Odoo's bus any more: 340 days apart the tests pass, 365 apart they fail.
TOO_FAR = 350


@cache
def get_days_turned():
    """Return by how many days the machine's clock is turned, whichever way."""
    if "faketime" not in os.environ.get("LD_PRELOAD", ""):
        return 0
    real = int(subprocess.check_output(["date", "+%s"], env={"PATH": os.defpath}))
    return abs(time.time() - real) / 86400


def needs_browsers_year(test):
    """Skip a test of a browser that hears by the bus, if its own clock is too far off.

    Pages are given the tests' time (``bin/lib/one_browser.py``), but not Chromium's
    workers, of which one listens to the bus.
    """
    reason = "Chromium's workers have the real clock, a year away"
    return unittest.skipIf(get_days_turned() > TOO_FAR, reason)(test)
