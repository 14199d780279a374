# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import UTC, datetime, timedelta

from odoo.tests import tagged

from ...providers import TelnyxProvider
from ...providers.outbound import READ, UNKNOWN, OutboundMessage
from ..peer.contract import JSON
from ..peer.telnyx import (
    API_KEY,
    PROFILE_ID,
    PUBLIC_KEY,
    TelnyxPeer,
    make_report,
    make_text,
)
from .common import ContractCase

OURS, THEIRS = "+13035550100", "+12125550190"
TO_US = "https://odoo.example.com/helpdesk_sms/telnyx/key/inbound"
NOW = datetime.now(UTC).replace(tzinfo=None)
SPAN = NOW - timedelta(hours=2), NOW + timedelta(hours=2)
PROFILE = "/v2/messaging_profiles/{id}"


def message(**changes):
    """Return a message to send."""
    values = {
        "uuid": "uuid",
        "number": THEIRS,
        "body": "Hi\nthere 😀",
        "callback": "https://odoo.example.com/status/uuid",
        "sender": OURS,
        "key": "uuid-1",
    }
    return OutboundMessage(**{**values, **changes})


@tagged("post_install", "-at_install")
class TestTelnyxContract(ContractCase):
    """Telnyx's description is ``tests/peer/openapi/telnyx.json``."""

    carrier = "telnyx"
    calls = {
        ("post", "/v2/messages"): [lambda it: it.send(message())],
        ("get", "/v2/messages/{id}"): [lambda it: it.fetch(PROFILE_ID)],
        ("get", "/v2/detail_records"): [lambda it: it.find(message(), *SPAN)],
        ("get", "/v2/messaging_optouts"): [lambda it: it.list_opt_outs()],
        ("get", "/v2/phone_numbers/messaging"): [
            lambda it: it.list_numbers(),
            lambda it: it.check(TO_US),
        ],
        ("get", PROFILE): [lambda it: it.check(TO_US)],
        ("patch", PROFILE): [lambda it: it.set_inbound_url(TO_US)],
    }
    more = [
        lambda it: it.send(message(callback="", media=("https://odoo.example.com/m",))),
        lambda it: it.send(message(sender=it.senders()[0].address)),
    ]
    unread = [("patch", PROFILE)]

    def make(self, peer, **account):
        """Return an adapter that speaks to a peer."""
        usual = {"api_key": API_KEY, "public_key": PUBLIC_KEY, "api_url": peer.url}
        return TelnyxProvider({**usual, "senders": [(OURS, "US")], **account})

    def test_each_request_and_each_answer_of_our_peer_is_valid(self):
        peer = TelnyxPeer().start()
        self.addCleanup(peer.stop)
        peer.account.add_number(OURS, PROFILE_ID)
        peer.account.add_profile(PROFILE_ID)
        peer.account.add_opt_out(THEIRS, PROFILE_ID, OURS, NOW)
        provider = self.make(peer)
        sent = provider.send(message()).carrier_id
        self.more = [*self.more, lambda it: it.fetch(sent)]
        pool = self.make(peer, messaging_profile_id=PROFILE_ID)
        self.check_exchanges(peer, [provider, pool, self.make(peer, api_key="wrong")])

    def test_each_answer_as_described_is_read(self):
        peer = self.start_described()
        self.check_answers(peer, self.make(peer), self.calls)
        pool = self.make(peer, messaging_profile_id=PROFILE_ID)
        self.check_answers(peer, pool, {("get", PROFILE): self.calls["get", PROFILE]})

    def test_each_error_is_read(self):
        error = {"code": "10015", "title": "Bad Request", "detail": "No"}
        bodies = [
            {"errors": [error]},
            {"errors": [{"code": "40300", "title": "Blocked", "meta": None}]},
            {"errors": []},
            {"errors": None},
            {},
            [],
            "<html>",
            "",
        ]
        statuses = (400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
        errors = [(status, bodies[0]) for status in statuses]
        errors += [(400, body) for body in bodies[1:]]
        peer = self.start_described()
        self.check_errors(peer, self.make(peer), errors)

    def get_event(self, name):
        """Return the schema of an event."""
        body = self.description.document["webhooks"][name]["post"]["requestBody"]
        return body["content"][JSON]

    def test_each_event_as_described_is_read(self):
        for name, read in (
            ("inbound_message_webhook_event", TelnyxProvider.parse_inbound),
            ("delivery_update_webhook_event", TelnyxProvider.parse_report),
        ):
            content = self.get_event(name)
            for event in self.description.make_answers(content):
                with self.subTest(event=event):
                    self.assertSensible(read(event))
                    self.assertIn(TelnyxProvider.is_inbound(event), (True, False))

    def test_the_events_of_our_peer_are_valid(self):
        for name, event in (
            ("inbound_message_webhook_event", make_text(THEIRS, OURS, "Hi")),
            ("delivery_update_webhook_event", make_report("1", "sent")),
            ("delivery_update_webhook_event", make_report("1", "expired", "40005")),
        ):
            # Only reports are described with a number of attempts.
            schema = self.get_event(name)["schema"]
            wrong = self.description.validate(schema, json.loads(event), name)
            self.assertEqual([it for it in wrong if "'meta'" not in it], [])

    def test_each_state_of_a_message_is_known(self):
        """Statuses of received texts, and of their copies, are not those of reports."""
        schemas = self.description.document["components"]["schemas"]
        described = schemas["outbound_message_payload.To"]["properties"]["status"]
        for status in filter(None, described["enum"]):
            payload = {"id": "1", "to": [{"status": status}]}
            report = TelnyxProvider.parse_report({"data": {"payload": payload}})
            with self.subTest(status=status):
                self.assertNotEqual(report.report, UNKNOWN)
                self.assertEqual(report.report == READ, status == "read")
