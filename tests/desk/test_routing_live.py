# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

from ..live import OWN_NUMBER, LiveCase

TEXTS = 20


class TestRoutingLive(LiveCase):
    """Texts of one number that come at once, over real HTTP."""

    def _read_texts(self, number):
        """Return what was received from a number, in order of arrival."""
        return self.rpc(
            "sms.inbound",
            "search_read",
            [("number", "=", number)],
            ["body", "ticket_id", "mail_message_id", "error", "received_at"],
            order="id",
        )

    def _text_at_once(self, number, bodies, is_patient=True):
        """Post several texts at the same time; check that each was accepted."""

        def text(body):
            form = self.make_form(number, body)
            return self.post("inbound", form, is_patient=is_patient)

        with ThreadPoolExecutor(len(bodies)) as pool:
            responses = list(pool.map(text, bodies))
        self.assertEqual({response.status_code for response in responses}, {200})

    def test_twenty_texts_at_once_make_one_ticket_with_all_of_them_in_order(self):
        number = "+13035550180"
        start = time.monotonic()
        self._text_at_once(number, [f"line {index}" for index in range(TEXTS)])
        # A carrier waits 15 seconds; no request was retried over and over.
        self.assertLess(time.monotonic() - start, 12)
        found = self._read_texts(number)
        self.assertEqual(len(found), TEXTS)
        self.assertEqual(len({row["body"] for row in found}), TEXTS)
        self.assertFalse([row["error"] for row in found if row["error"]])
        self.assertEqual(len({row["ticket_id"][0] for row in found}), 1)
        messages = [row["mail_message_id"][0] for row in found]
        self.assertEqual(messages, sorted(messages))
        self.assertEqual(
            self.count("helpdesk_ticket", "partner_phone = %s", [number]), 1
        )

    def test_many_numbers_at_once_do_not_wait_for_each_other(self):
        numbers = [f"+1303555019{index}" for index in range(8)]
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(lambda number: self.text(number, "Hi"), numbers))
        self.assertEqual({response.status_code for response in responses}, {200})
        for number in numbers:
            found = self._read_texts(number)
            self.assertEqual([row["body"] for row in found], ["Hi"])

    def test_parts_of_a_long_text_stay_in_order(self):
        number = "+13035550181"
        partner_id = self.make_customer(number)
        ticket_id = self.make_ticket(partner_id)
        for part in ("one", "two", "three"):
            self.text(number, part)
        found = self._read_texts(number)
        self.assertEqual([row["body"] for row in found], ["one", "two", "three"])
        self.assertEqual({row["ticket_id"][0] for row in found}, {ticket_id})
        messages = [row["mail_message_id"][0] for row in found]
        self.assertEqual(messages, sorted(messages))

    def test_nobody_keeps_the_line(self):
        """The number's lock is free again, also after forged and repeated requests."""
        number = "+13035550182"
        self.text(number, "Hello", "SM" + "1" * 32)
        self.text(number, "Hello", "SM" + "1" * 32)
        self.post("inbound", {"From": number, "Body": "x"}, "forged")
        with self.cursor() as cr:
            cr.execute(
                "SELECT count(*) FROM pg_locks lock JOIN pg_database base"
                " ON base.oid = lock.database"
                " WHERE base.datname = %s AND locktype = 'advisory'",
                [self.database],
            )
            self.assertEqual(cr.fetchone()[0], 0)

    def test_who_waits_for_the_line_makes_no_second_ticket(self):
        """While the number is locked, the carrier is answered and the texts wait."""
        number = "+13035550184"
        key = f"helpdesk_mgmt_sms:{self.company_id}:{number}"
        with self.cursor() as cr:
            cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            self._text_at_once(number, ["one", "two", "three"], is_patient=False)
            self.assertFalse(self._read_texts(number))
        self.wait_events()
        found = self._read_texts(number)
        self.assertEqual(len(found), 3)
        self.assertEqual(len({row["ticket_id"][0] for row in found}), 1)

    def test_the_number_that_was_texted_decides_the_team(self):
        team_id = self.rpc("helpdesk.ticket.team", "create", {"name": "Field service"})
        sender_ids = self.rpc("sms.sender", "search", [("address", "=", OWN_NUMBER)])
        self.rpc("sms.sender", "write", sender_ids, {"team_id": team_id})
        number = "+13035550183"
        self.text(number, "My phone is broken")
        [row] = self._read_texts(number)
        [ticket] = self.rpc(
            "helpdesk.ticket", "read", [row["ticket_id"][0]], ["team_id", "user_id"]
        )
        self.assertEqual(ticket["team_id"][0], team_id)
        self.assertFalse(ticket["user_id"])
