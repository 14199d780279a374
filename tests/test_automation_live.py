# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

from .live import LiveCase, LiveServer

NUMBERS = [f"+1509555{index:04d}" for index in range(2100, 2124)]
CRON = "ir_cron_sms_automation"


class TestAutomationLive(LiveCase):
    """Planned texts on two real servers, one of which is killed again and again."""

    def _slow_down(self):
        """Let each text to these numbers take a while to be made."""
        with self.cursor() as cr:
            cr.execute(
                """
                CREATE OR REPLACE FUNCTION slow_text() RETURNS trigger AS $$
                BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$ LANGUAGE plpgsql;
                CREATE OR REPLACE TRIGGER slow_text AFTER INSERT ON sms_sms
                    FOR EACH ROW WHEN (NEW.number LIKE '+15095552%')
                    EXECUTE FUNCTION slow_text();
                """
            )
        self.addCleanup(self._speed_up)

    def _speed_up(self):
        with self.cursor() as cr:
            cr.execute("DROP TRIGGER slow_text ON sms_sms; DROP FUNCTION slow_text")

    def _count_waiting(self):
        return self.count("sms_automation_run", "state = 'waiting'", [])

    def _wake(self):
        """Wake the cron, whose last worker may be dead."""
        [found] = self.rpc(
            "ir.model.data", "search_read", [("name", "=", CRON)], ["res_id"]
        )
        with self.cursor() as cr:
            cr.execute(
                "INSERT INTO ir_cron_trigger (cron_id, call_at)"
                " VALUES (%s, now() AT TIME ZONE 'UTC')",
                [found["res_id"]],
            )

    def test_each_ticket_is_texted_once_whatever_is_killed(self):
        partner_ids = [self.make_customer(number) for number in NUMBERS]
        self._slow_down()
        with ThreadPoolExecutor(4) as pool:
            made = pool.map(self.make_ticket, partner_ids)
            for pause in (0.3, 0.8, 1.5):
                node = LiveServer(self.database).start()
                time.sleep(pause)
                node.kill()
            self.assertEqual(len(list(made)), len(NUMBERS))
        deadline = time.monotonic() + 120
        while self._count_waiting() and time.monotonic() < deadline:
            self._wake()
            time.sleep(2)
        self.assertFalse(self._count_waiting())
        for number in NUMBERS:
            self.assertEqual(len(self.read_messages(number)), 1, number)
