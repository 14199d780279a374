# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from odoo.tests import tagged

from ..live import LiveServer
from .common import AlertLiveCase

ANN, BO, CY = "+15095550110", "+15095550111", "+15095550112"
ALERTS = 12


class StepsLiveCase(AlertLiveCase):
    """Three people who are notified one after the other, by a real server."""

    numbers = (ANN, BO, CY)
    steps = ((0, "on_call"), (10, "next"), (20, "all"))

    def _count_told(self, number, ids):
        """Count entries, texts and alerts by which a number was told of some alerts."""
        with self.cursor() as cr:
            cr.execute(
                "SELECT count(*), count(DISTINCT sms_id), count(DISTINCT alert_id)"
                " FROM sms_team_alert_entry"
                " WHERE kind = 'told' AND number = %s AND alert_id = ANY(%s)",
                [number, ids],
            )
            return cr.fetchone()


class TestTeamAlertLive(StepsLiveCase):
    """Simultaneous alerts, and simultaneous answers."""

    def test_of_two_who_take_it_at_once_one_has_it(self):
        alert_id = self.raise_alert("Mail is down")
        code = 10 * self.read_alert(alert_id, "code_block") + 4
        with self.cursor() as cr:
            # Make the second step due, so that Bo is told as well.
            cr.execute(
                "UPDATE sms_team_alert SET next_at = next_at - interval '10 minutes',"
                " escalating_since = escalating_since - interval '10 minutes'"
                " WHERE id = %s",
                [alert_id],
            )
        deadline = time.monotonic() + 90
        while not self._count_told(BO, [alert_id])[0] and time.monotonic() < deadline:
            self.rpc("sms.team.alert", "action_refresh", [alert_id])
            time.sleep(0.5)
        twice = "SM" + uuid.uuid4().hex
        texts = [(ANN, None), (BO, twice), (BO, twice)]
        with ThreadPoolExecutor(len(texts)) as pool:
            found = pool.map(lambda it: self.text(it[0], str(code), it[1]), texts)
            self.assertEqual({response.status_code for response in found}, {200})
        entries = self.rpc(
            "sms.team.alert.entry",
            "search_read",
            [("alert_id", "=", alert_id), ("kind", "!=", "told")],
            ["kind"],
        )
        kinds = sorted(entry["kind"] for entry in entries)
        self.assertEqual(kinds, ["acknowledged", "late"])
        self.assertEqual(self.read_alert(alert_id), "acknowledged")

    def test_alerts_that_are_raised_at_once_have_codes_of_their_own(self):
        with ThreadPoolExecutor(6) as pool:
            names = [f"Alarm {index}" for index in range(6)]
            ids = list(pool.map(self.raise_alert, names))
        blocks = [self.read_alert(it, "code_block") for it in ids]
        self.assertEqual(len(set(blocks)), 6, blocks)


@tagged("long")
class TestKilledWorkersLive(StepsLiveCase):
    """Workers are killed in the middle of a step."""

    def _make_overdue(self, ids):
        """Make the second step of some alerts due, and slow down its entries."""
        self.slow_down("sms_team_alert_entry", 0.15)
        with self.cursor() as cr:
            cr.execute(
                """
                UPDATE sms_team_alert
                   SET escalating_since = escalating_since - interval '11 minutes',
                       next_at = next_at - interval '11 minutes'
                 WHERE id = ANY(%s);
                """,
                [ids],
            )

    def _restart(self):
        """Kill the server, whatever it is doing, and start another one."""
        type(self).server.kill()
        type(self).server = LiveServer(self.database).start()
        self.set_parameter("web.base.url", self.server.url)

    def test_a_worker_that_is_killed_tells_each_step_once(self):
        ids = [self.raise_alert(f"Server {index} offline") for index in range(ALERTS)]
        before = len(self.read_messages(BO))
        self._make_overdue(ids)
        for pause in (0.2, 0.5, 0.9, 1.4):
            self.rpc("sms.team.alert", "action_refresh", ids)
            time.sleep(pause)
            self._restart()
        deadline = time.monotonic() + 90
        while self._count_told(BO, ids)[2] < ALERTS and time.monotonic() < deadline:
            self.rpc("sms.team.alert", "action_refresh", ids)
            time.sleep(1)
        self.assertEqual(self._count_told(BO, ids), (ALERTS, ALERTS, ALERTS))
        self.assertEqual(self._count_told(ANN, ids), (ALERTS, ALERTS, ALERTS))
        self.assertEqual(len(self.read_messages(BO)) - before, ALERTS)
        self.assertFalse(self._count_told(CY, ids)[0], "her step is not due yet")
