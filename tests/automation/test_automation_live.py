# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

from odoo.tools import SQL

from ..live import LiveCase, LiveServer

NUMBERS = [f"+1509555{index:04d}" for index in range(2100, 2124)]
CRON = "ir_cron_sms_automation"


class TestAutomationLive(LiveCase):
    """Planned texts on two real servers, one of which is killed repeatedly."""

    def _count_waiting(self):
        return self.count("sms_automation_run", "state = 'waiting'", [])

    def test_each_ticket_is_texted_once_whatever_is_killed(self):
        partner_ids = [self.make_customer(number) for number in NUMBERS]
        self.slow_down("sms_sms", 0.1, SQL("NEW.number LIKE %s", "+15095552%"))
        with ThreadPoolExecutor(4) as pool:
            made = pool.map(self.make_ticket, partner_ids)
            for pause in (0.3, 0.8, 1.5):
                node = LiveServer(self.database).start()
                time.sleep(pause)
                node.kill()
            self.assertEqual(len(list(made)), len(NUMBERS))
        deadline = time.monotonic() + 120
        while self._count_waiting() and time.monotonic() < deadline:
            self.wake_crons(CRON)
            time.sleep(0.5)
        self.assertFalse(self._count_waiting())
        for number in NUMBERS:
            self.assertEqual(len(self.read_messages(number)), 1, number)
