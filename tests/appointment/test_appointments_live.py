# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from xmlrpc.client import Fault

from odoo.tests import tagged
from odoo.tools import SQL

from ..live import LiveCase, LiveServer

NUMBERS = [f"+1509555{index:04d}" for index in range(3100, 3124)]
ON_THE_WAY_NUMBER = "+15095553190"
CRON = "ir_cron_sms_reminder"


@tagged("long")
class TestAppointmentsLive(LiveCase):
    """Texts about appointments on two real servers, one of which is killed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.rpc(
            "res.company", "read", [cls.company_id], ["sms_consent_policy"]
        )
        cls.addClassCleanup(cls._set_policy, company[0]["sms_consent_policy"])
        cls._set_policy("opt_out")

    @classmethod
    def _set_policy(cls, policy):
        with cls.cursor() as cr:
            cr.execute("UPDATE res_company SET sms_consent_policy = %s", [policy])

    def _book(self, partner_id):
        """Book a visit of a customer, as its agent does; return its id."""
        ticket_id = self.make_ticket(partner_id)
        start = datetime.now().replace(microsecond=0) + timedelta(days=5)
        return self.rpc(
            "calendar.event",
            "create",
            {
                "name": "Visit",
                "start": str(start),
                "stop": str(start + timedelta(hours=1)),
                "ticket_id": ticket_id,
                "partner_ids": [(6, 0, [partner_id])],
            },
        )

    def _count_planned(self, event_ids):
        """Return how many bookings still have to be announced."""
        return self.count(
            "sms_reminder",
            "kind = 'booked' AND state = 'planned' AND event_id = ANY(%s)",
            [event_ids],
        )

    def test_each_booking_is_told_once_whatever_is_killed(self):
        partner_ids = [self.make_customer(number) for number in NUMBERS]
        self.slow_down("sms_sms", 0.05, SQL("NEW.number LIKE %s", "+15095553%"))
        with ThreadPoolExecutor(4) as pool:
            booked = pool.map(self._book, partner_ids)
            for pause in (0.3, 0.8, 1.5):
                node = LiveServer(self.database).start()
                time.sleep(pause)
                node.kill()
            event_ids = list(booked)
        deadline = time.monotonic() + 120
        while self._count_planned(event_ids) and time.monotonic() < deadline:
            self.wake_crons(CRON)
            time.sleep(0.5)
        self.assertEqual(self._count_planned(event_ids), 0)
        for number in NUMBERS:
            told = [
                message
                for message in self.read_messages(number)
                if "is booked for" in message["body"]
            ]
            self.assertEqual(
                [message["gate_verdict"] for message in told], ["send"], number
            )

    def test_a_button_that_several_press_at_once_texts_once(self):
        """Two technicians, or one who taps twice on a slow line."""
        event_id = self._book(self.make_customer(ON_THE_WAY_NUMBER))
        self.slow_down("sms_reminder", 0.5, SQL("NEW.kind = 'on_the_way'"))

        def press(_index):
            try:
                self.rpc("calendar.event", "action_sms_on_the_way", [event_id])
            except Fault as fault:
                return fault.faultString
            return "told"

        with ThreadPoolExecutor(3) as pool:
            answers = sorted(pool.map(press, range(3)))
        self.assertIn("told already", answers[0])
        self.assertIn("told already", answers[1])
        self.assertEqual(answers[2], "told")
        condition = "kind = 'on_the_way' AND event_id = %s"
        self.assertEqual(self.count("sms_reminder", condition, [event_id]), 1)
