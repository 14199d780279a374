# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

import requests

from odoo.tests import tagged

from ..live import LiveCase
from ..peer.twilio import ACCOUNT_SID

#: Number of texts in a flood, and of their senders.
COUNT, PEOPLE = 64, 8


class FloodCase(LiveCase):
    """Common base: post texts without waiting until they are processed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = [("module", "=", "helpdesk_mgmt_sms"), ("model", "=", "ir.cron")]
        names.append(("name", "in", ["ir_cron_sms_webhook", "ir_cron_sms_webhook_2"]))
        found = cls.rpc("ir.model.data", "search_read", names, ["res_id"])
        cls.cron_ids = [it["res_id"] for it in found]
        cls.addClassCleanup(cls.set_workers, 1)

    @classmethod
    def set_workers(cls, count):
        """Activate ``count`` workers."""
        # Odoo refuses to change a scheduled action that is running: this waits for it.
        with cls.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                "UPDATE ir_cron SET active = id = ANY(%s) WHERE id = ANY(%s)",
                [sorted(cls.cron_ids)[:count], cls.cron_ids],
            )

    def bring(self, number, body, server=None):
        """Post a text without waiting; return the carrier's id."""
        sid = "SM" + uuid.uuid4().hex
        form = {"MessageSid": sid, "AccountSid": ACCOUNT_SID, "From": number}
        form |= {"To": "+13035550100", "Body": body}
        headers = {"X-Twilio-Signature": self.sign("inbound", form)}
        path = self.get_url("inbound").removeprefix(self.server.url)
        url = (server or self.server).url + path
        response = requests.post(url, data=form, headers=headers, timeout=30)
        self.assertEqual(response.status_code, 200)
        return sid

    def read_texts(self, number):
        """Return the texts of a number, in the order in which they were received."""
        domain = [("number", "=", number)]
        names = ["body", "kind", "ticket_id", "provider_sid", "is_overtaken"]
        return self.rpc("sms.inbound", "search_read", domain, names, order="id")

    def read_state(self, partner_id):
        """Return the state that a contact's badge shows."""
        names = ["sms_consent_state"]
        return self.rpc("res.partner", "read", [partner_id], names)[0][names[0]]

    def flood(self, numbers):
        """Post many texts, those of a number one by one; return the ids by number."""
        bodies = [[f"line {i}" for i in part] for part in batched(range(COUNT), PEOPLE)]

        def talk(number):
            return [self.bring(number, body[0]) for body in bodies]

        with ThreadPoolExecutor(PEOPLE) as pool:
            return dict(zip(numbers, pool.map(talk, numbers), strict=True))

    def assert_whole(self, sent):
        """Check that each text came in once, in order, on one ticket per number."""
        for number, sids in sent.items():
            texts = self.read_texts(number)
            self.assertEqual([it["provider_sid"] for it in texts], sids)
            self.assertEqual(len({it["ticket_id"][0] for it in texts}), 1)


class TestFloodLive(FloodCase):
    """Many texts with two servers, of which one is killed."""

    def test_a_text_is_on_the_desk_at_once(self):
        number, times = "+12065550160", []
        for _text in range(5):
            begin = time.monotonic()
            sid = self.bring(number, "Hello")
            while not self.count(
                "sms_inbound", "provider_sid = %s AND ticket_id IS NOT NULL", [sid]
            ):
                self.assertLess(time.monotonic(), begin + 30)
                time.sleep(0.02)
            times.append(time.monotonic() - begin)
        # A generous limit for a busy machine; the bench's goal is one second.
        self.assertLess(sorted(times)[2], 5, times)

    def test_two_workers_of_two_servers_keep_the_order(self):
        self.set_workers(2)
        other = self.make_server(2).start()
        self.addCleanup(other.stop)
        numbers = [f"+1206555016{index}" for index in range(1, PEOPLE + 1)]
        sent = self.flood(numbers)
        self.wait_events(180)
        self.assert_whole(sent)


@tagged("long")
class TestKilledInAFloodLive(FloodCase):
    """A server is killed while it routes what came."""

    def test_a_kill_loses_nothing_and_repeats_nothing(self):
        self.set_workers(1)
        numbers = [f"+1206555017{index}" for index in range(PEOPLE)]
        self.slow_down("sms_inbound", 0.1)
        sent = self.flood(numbers)
        self.assertTrue(self.count("sms_webhook_event", "TRUE", []))
        self.server.kill()
        port = self.server.port
        type(self).server = self.make_server()
        self.server.port = port
        self.server.start()
        self.wake_crons("ir_cron_sms_webhook")
        self.wait_events(180)
        self.assert_whole(sent)


class TestStopInAFloodLive(FloodCase):
    """A STOP is recorded before the carrier is answered, whatever waits."""

    def hold(self):
        """Stop the workers until :meth:`release`."""
        self.set_workers(0)
        self.addCleanup(self.release)

    def release(self):
        """Start the workers again, and wait until they are done."""
        self.set_workers(2)
        self.wake_crons("ir_cron_sms_webhook", "ir_cron_sms_webhook_2")
        self.wait_events()
        self.set_workers(1)

    def join(self, number):
        """Return a new contact who was asked to confirm joining."""
        partner_id = self.make_customer(number)
        self.text(number, "SUPPORT")
        return partner_id

    def test_what_waits_cannot_bring_it_back(self):
        number = "+12065550180"
        partner_id = self.join(number)
        self.hold()
        for index in range(8):
            self.bring(number, f"line {index}")
        self.bring(number, "YES")
        self.bring(number, "STOP")
        self.assertEqual(self.read_state(partner_id), "opted_out")
        self.assertEqual(self.count("sms_webhook_event", "TRUE", []), 4)
        self.release()
        self.assertEqual(self.read_state(partner_id), "opted_out")
        [yes] = [it for it in self.read_texts(number) if it["body"] == "YES"]
        self.assertTrue(yes["is_overtaken"])

    def test_a_yes_right_before_it_is_entered_before_it(self):
        number = "+12065550181"
        partner_id = self.join(number)
        self.hold()
        self.bring(number, "YES")
        self.bring(number, "STOP")
        self.assertEqual(self.read_state(partner_id), "opted_out")
        kinds = [it["kind"] for it in self.read_texts(number)]
        self.assertEqual(kinds, ["join", "confirm", "stop"])

    def test_while_two_servers_work_them_off(self):
        """Whether the workers or the STOP are faster, they are opted out in the end."""
        self.set_workers(2)
        other = self.make_server(2).start()
        self.addCleanup(other.stop)
        self.addCleanup(self.set_workers, 1)
        numbers = [f"+1206555019{index}" for index in range(6)]
        partners = {number: self.join(number) for number in numbers}
        self.slow_down("sms_inbound", 0.05)

        def leave(number):
            for index in range(int(number[-1])):
                self.bring(number, f"line {index}")
            self.bring(number, "YES", other)
            self.bring(number, "STOP")

        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(leave, numbers))
        self.wait_events(120)
        for number, partner_id in partners.items():
            with self.subTest(number=number):
                self.assertEqual(self.read_state(partner_id), "opted_out")
                self.peer.wait_for(number, 2, 60)
