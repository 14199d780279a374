# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests

from ..live import LiveCase
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN

#: Numbers of the two companies: an opt-out to a shared one would concern both.
OUR_NUMBER, THEIR_NUMBER = "+13035550100", "+17205550169"
NUMBERS = [f"+1720555{line:04d}" for line in range(170, 178)]


class TestTwoCompanies(LiveCase):
    """People who text STOP to two companies in parallel end up on the blacklist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_id = cls.rpc(
            "res.company",
            "create",
            {
                "name": f"Other {uuid.uuid4().hex}",
                "sms_provider": "twilio",
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
            },
        )
        cls.addClassCleanup(
            cls.rpc, "res.company", "write", [cls.other_id], {"active": False}
        )
        [other] = cls.rpc("res.company", "read", [cls.other_id], ["sms_webhook_key"])
        cls.keys = (cls.key, other["sms_webhook_key"])

    def _text_to(self, key, number, body):
        """Post a text as carriers do, which repeat it after a conflict (503)."""
        url = f"{self.server.url}/helpdesk_sms/twilio/{key}/inbound"
        form = {
            "MessageSid": "SM" + uuid.uuid4().hex,
            "AccountSid": ACCOUNT_SID,
            "From": number,
            "To": OUR_NUMBER if key == self.key else THEIR_NUMBER,
            "Body": body,
        }
        headers = {"X-Twilio-Signature": self.validator.compute_signature(url, form)}
        for _attempt in range(20):
            response = requests.post(url, data=form, headers=headers, timeout=30)
            if response.status_code < 500:
                break
        self.assertEqual(response.status_code, 200)
        self.wait_events()

    def _say(self, *texts):
        """Text from all numbers in parallel; ``texts`` are pairs of key and body."""
        jobs = [(key, n, body) for n in NUMBERS for key, body in texts]
        with ThreadPoolExecutor(len(jobs)) as pool:
            list(pool.map(lambda job: self._text_to(*job), jobs))

    def _count_listed(self):
        return self.count("phone_blacklist", "active AND number = ANY(%s)", [NUMBERS])

    def test_stops_and_starts_at_once(self):
        ours, theirs = self.keys
        self._say((ours, "STOP"), (theirs, "STOP"))
        self.assertEqual(self._count_listed(), len(NUMBERS))
        # START to one and a second STOP to the other: nobody stays on the list.
        self._say((ours, "START"), (theirs, "STOP"))
        self.assertEqual(self._count_listed(), 0)
        self._say((ours, "STOP"))
        self.assertEqual(self._count_listed(), len(NUMBERS))
        self.assertEqual(
            self.count_events(NUMBERS[0], "blacklist"), 0, "the ledger said it all"
        )
