# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one place where tests stop the clock: Python's and the database's together."""

from datetime import datetime
from functools import wraps
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
