# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, date, datetime, timedelta

from odoo.tests import tagged

from ...providers import TwilioProvider, twilio_voice
from ...providers.opt_outs import OptOut
from ...providers.outbound import OutboundMessage
from ...providers.twilio_words import REPORTS
from ..peer.contract import FORM, JSON
from ..peer.serving import Exchange
from ..peer.twilio import (
    ACCOUNT_SID,
    API_KEY_SECRET,
    API_KEY_SID,
    AUTH_TOKEN,
    TwilioPeer,
)
from .common import ContractCase

OURS, THEIRS = "+13035550100", "+12125550190"
SERVICE = "MG" + "0123456789abcdef" * 2
MESSAGE, PICTURED, CALL = "SM" + "1" * 32, "MM" + "2" * 32, "CA" + "3" * 32
PICTURE = "ME" + "4" * 32
TO_US = "https://odoo.example.com/helpdesk_sms/twilio/key/inbound"
TODAY = datetime.now(UTC).date()
NOW = datetime.now(UTC).replace(tzinfo=None)
SPAN = NOW - timedelta(hours=1), NOW + timedelta(hours=1)

ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
SET_MESSAGE = ("post", f"{ACCOUNT}/Messages/{{Sid}}.json")
SET_NUMBER = ("post", f"{ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json")
SET_SERVICE = ("post", "/v1/Services/{Sid}")
DEACTIVATIONS = ("get", "/v1/Deactivations")


def message(**changes):
    """Return a message to send."""
    values = {
        "uuid": "uuid",
        "number": THEIRS,
        "body": "Hi\nthere 😀",
        "callback": "https://odoo.example.com/status/uuid",
        "sender": OURS,
        "answer_url": "https://odoo.example.com/call/uuid",
    }
    return OutboundMessage(**{**values, **changes})


MEDIA = ("https://odoo.example.com/m/1", "https://odoo.example.com/m/2")
LEFT = OptOut(THEIRS, NOW, method="web", key="0" * 32)
BACK = OptOut(THEIRS, NOW, is_back=True, method="keyword", key="1" * 32)


@tagged("post_install", "-at_install")
class TestTwilioContract(ContractCase):
    """Twilio's description is ``tests/peer/openapi/twilio.json``."""

    carrier = "twilio"
    calls = {
        ("get", "/2010-04-01/Accounts/{Sid}.json"): [lambda it: it.check(TO_US)],
        ("post", f"{ACCOUNT}/Messages.json"): [lambda it: it.send(message())],
        ("get", f"{ACCOUNT}/Messages.json"): [
            lambda it: it.find(message(), *SPAN),
            lambda it: it.list_prices(TODAY),
            lambda it: it.list_reports(*SPAN),
        ],
        ("get", f"{ACCOUNT}/Messages/{{Sid}}.json"): [lambda it: it.fetch(MESSAGE)],
        SET_MESSAGE: [lambda it: it.redact(MESSAGE)],
        ("get", f"{ACCOUNT}/Messages/{{MessageSid}}/Media.json"): [
            lambda it: it.redact(PICTURED)
        ],
        ("delete", f"{ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}.json"): [
            lambda it: it.redact(PICTURED)
        ],
        ("delete", f"{ACCOUNT}/Messages/{{Sid}}.json"): [
            lambda it: it.redact(MESSAGE, is_whole=True)
        ],
        ("post", f"{ACCOUNT}/Calls.json"): [lambda it: it.place_call(message())],
        ("get", f"{ACCOUNT}/Calls.json"): [
            lambda it: it.find_call(message(), *SPAN),
            lambda it: it.list_prices(TODAY, is_call=True),
        ],
        ("get", f"{ACCOUNT}/Calls/{{Sid}}.json"): [lambda it: it.fetch_call(CALL)],
        ("delete", f"{ACCOUNT}/Calls/{{Sid}}.json"): [
            lambda it: it.redact(CALL, is_whole=True)
        ],
        ("get", f"{ACCOUNT}/IncomingPhoneNumbers.json"): [
            lambda it: it.list_numbers(),
            lambda it: it.check(TO_US),
        ],
        SET_NUMBER: [lambda it: it.set_inbound_url(TO_US)],
        ("get", "/v1/Services/{Sid}"): [lambda it: it.check(TO_US)],
        ("get", "/v1/Services/{ServiceSid}/PhoneNumbers"): [lambda it: it.check(TO_US)],
        SET_SERVICE: [lambda it: it.set_inbound_url(TO_US)],
        DEACTIVATIONS: [lambda it: it.list_deactivated(date(2026, 11, 26))],
        ("post", "/v1/Consents/Bulk"): [lambda it: it.tell_opt_outs([LEFT, BACK])],
    }

    more = [
        lambda it: it.send(message(callback="", media=MEDIA)),
        lambda it: it.send(message(sender="Helpdesk")),
        lambda it: it.send(message(sender=it.senders()[0].address)),
        lambda it: it.list_prices(TODAY, OURS),
        lambda it: it.list_prices(TODAY, OURS, is_call=True),
    ]
    unread = [SET_MESSAGE, SET_NUMBER, SET_SERVICE]

    def make(self, peer, **account):
        """Return an adapter that speaks to a peer."""
        usual = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN}
        usual |= {"senders": [(OURS, "US")], "api_url": peer.url}
        return TwilioProvider({**usual, **account})

    def start_described(self):
        peer = super().start_described()
        # An address of our own, instead of that in the description's example.
        answer = self.description.operations[DEACTIVATIONS]["responses"]["307"]
        example = {"value": {"redirect_to": f"{peer.url}/report"}}
        answer["content"][JSON]["examples"] = {"0": example}
        return peer

    def test_each_request_and_each_answer_of_our_peer_is_valid(self):
        peer = TwilioPeer().start()
        self.addCleanup(peer.stop)
        peer.page_size = 3
        peer.account.add_number(OURS)
        peer.account.add_service(SERVICE, OURS)
        peer.consents.reports["2026-11-26"] = ["12125550100"]
        peer.consents.refused[THEIRS] = "INVALID_CONTACT_ID"
        for sid in (MESSAGE, PICTURED, CALL):
            peer.kept_messages.add(sid, "words", *[PICTURE] * (sid == PICTURED))
        key = {"api_key_sid": API_KEY_SID, "api_key_secret": API_KEY_SECRET}
        providers = [
            self.make(peer),
            self.make(peer, messaging_service_sid=SERVICE),
            self.make(peer, **key),
            self.make(peer, auth_token="wrong"),
        ]
        sent = providers[0].send(message()).carrier_id
        called = providers[0].place_call(message()).carrier_id
        self.more = [
            *self.more,
            lambda it: it.fetch(sent),
            lambda it: it.fetch_call(called),
        ]
        self.check_exchanges(peer, providers)

    def test_what_is_not_described_is_found(self):
        target = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
        headers = {"Content-Type": FORM}
        complaints = self.description.check(
            Exchange("POST", target, headers, b"Body=x&Foo=1", 201, {"status": "new"})
        )
        self.assertEqual(len(complaints), 3, complaints)
        other = Exchange("GET", f"{target}?PageSize=1001", {}, b"", 500, {})
        self.assertIn("maximum of 1000", str(self.description.check(other)))
        unknown = Exchange("GET", "/v1/Unknown", {}, b"", 200, {})
        self.assertIn("not described", str(self.description.check(unknown)))

    def test_each_answer_as_described_is_read(self):
        peer = self.start_described()
        services = {key: it for key, it in self.calls.items() if "Services" in key[1]}
        others = {key: it for key, it in self.calls.items() if key not in services}
        self.check_answers(peer, self.make(peer), others)
        service = self.make(peer, messaging_service_sid=SERVICE)
        self.check_answers(peer, service, services)

    def test_each_state_is_known(self):
        """Statuses of received texts are not reports."""
        schemas = self.description.document["components"]["schemas"]
        states = {*schemas["message_enum_status"]["enum"]} - {"receiving", "received"}
        self.assertEqual(states - REPORTS.keys(), set())
        states = {*schemas["call_enum_status"]["enum"]}
        self.assertEqual(states - twilio_voice.REPORTS.keys(), set())

    def test_each_error_is_read(self):
        """Twilio's older format, its newer one (RFC 9457), and neither of them."""
        documents = "https://www.twilio.com/docs/errors/21211"
        bodies = [
            {"code": 21211, "message": "No", "more_info": documents, "status": 400},
            {"code": 21211, "title": "No", "type": documents, "status": 400},
            {"message": None, "status": 400},
            {},
            [],
            "<html>",
            "",
        ]
        statuses = (400, 401, 403, 404, 409, 422, 429, 500, 503)
        peer = self.start_described()
        errors = [(status, bodies[0]) for status in statuses]
        errors += [(400, body) for body in bodies[1:]]
        self.check_errors(peer, self.make(peer), errors)
