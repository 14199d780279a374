# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from concurrent.futures import ThreadPoolExecutor

from ..live import LiveCase

NUMBER, STOPPER = "+17205550191", "+17205550192"

#: An erasure that is committed only after three seconds.
SLOW_ERASURE = """
company = env.company
env["sms.erasure"]._erase(company, %r, "Letter 117")
env.cr.execute("SELECT pg_sleep(3)")
"""


class TestMeanwhile(LiveCase):
    """A text arrives while its sender is being erased."""

    def erase_slowly(self, number):
        """Erase a number in a transaction that stays open for three seconds."""
        model_id = self.rpc("ir.model", "search", [("model", "=", "res.company")])[0]
        action_id = self.rpc(
            "ir.actions.server",
            "create",
            {
                "name": "Erase slowly",
                "model_id": model_id,
                "state": "code",
                "code": SLOW_ERASURE % number,
            },
        )
        self.rpc("ir.actions.server", "run", [action_id])

    def text_meanwhile(self, number, body):
        """Receive a text while its number is being erased; return the response."""
        with ThreadPoolExecutor(1) as pool:
            erasing = pool.submit(self.erase_slowly, number)
            time.sleep(1.5)
            self.assertFalse(erasing.done())
            for _attempt in range(20):
                response = self.text(number, body, f"SM{number[1:]}late")
                if response.status_code < 500:
                    break
            erasing.result()
        return response

    def count_named(self, number):
        """Return how many rows still name a number."""
        return sum(
            self.count(table, "number = %s", [number])
            for table in ("sms_inbound", "sms_sms", "sms_consent_evidence")
        )

    def test_a_text_that_came_meanwhile_goes_too(self):
        self.text(NUMBER, "SUPPORT")
        self.assertTrue(self.count_named(NUMBER))
        self.assertEqual(self.text_meanwhile(NUMBER, "Hello again").status_code, 200)
        self.assertEqual(self.count_named(NUMBER), 0)
        self.assertEqual(self.count("sms_inbound", "provider_sid = %s", [
            f"SM{NUMBER[1:]}late"
        ]), 1)  # fmt: skip

    def test_a_stop_that_came_meanwhile_holds(self):
        self.text(STOPPER, "SUPPORT")
        self.text(STOPPER, "YES")
        self.assertEqual(self.text_meanwhile(STOPPER, "STOP").status_code, 200)
        with self.cursor() as cr:
            cr.execute("SELECT number_hash FROM sms_erasure ORDER BY id DESC LIMIT 1")
            [number_hash] = cr.fetchone()
            cr.execute(
                "SELECT DISTINCT state FROM sms_consent WHERE number_hash = %s"
                " AND purpose_id IS NULL",
                [number_hash],
            )
            self.assertEqual(cr.fetchall(), [("opted_out",)])
            cr.execute(
                "SELECT count(*) FROM sms_consent WHERE number_hash = %s"
                " AND state IN ('opted_in', 'pending')",
                [number_hash],
            )
            self.assertEqual(cr.fetchone(), (0,))
