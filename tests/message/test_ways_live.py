# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor

from ..live import LiveCase

AGENTS = 6


class TestWaysLive(LiveCase):
    """Several agents send the same text again at the same moment, on a real server."""

    def _send_again(self, sms_id):
        try:
            return self.rpc("sms.sms", "action_send_again", [sms_id])
        except xmlrpc.client.Fault as fault:
            return fault.faultString

    def test_one_of_them_sends_it(self):
        number = "+13035550179"
        ticket_id = self.make_ticket(self.make_customer(number))
        composer = {"body": "It is mended", "composition_mode": "comment"}
        composer |= {"res_model": "helpdesk.ticket", "res_id": ticket_id}
        composer_id = self.rpc("sms.composer", "create", composer)
        self.rpc("sms.composer", "action_send_sms", [composer_id])
        [sms] = [it for it in self.read_messages(number) if "mended" in it["body"]]
        self.assertEqual(sms["gate_reason"], "no_consent")
        record = {"number": number, "wording": "Texts?", "method": "phone"}
        purpose = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        record["purpose_ids"] = [(6, 0, purpose)]
        record_id = self.rpc("sms.consent.record", "create", record)
        self.rpc("sms.consent.record", "action_record", [record_id])
        with ThreadPoolExecutor(AGENTS) as pool:
            told = list(pool.map(self._send_again, [sms["id"]] * AGENTS))
        sent = [it for it in self.read_messages(number) if "mended" in it["body"]]
        self.assertEqual(len(sent), 2, told)
        refused = [it for it in told if isinstance(it, str)]
        self.assertEqual(len(refused), AGENTS - 1, told)
        for words in refused:
            self.assertRegex(words, "already been sent again|right now")
