# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fixtures shared by the tests of the tools."""

import io
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import chain, islice, product

import openpyxl

from odoo.tests import BaseCase

from ...providers import TelnyxProvider, TwilioProvider
from ...providers.base import LookupFailed, RedactionRefused
from ...providers.opt_outs import NotOffered
from ...providers.outbound import (
    ACCEPTED,
    AGAIN,
    REFUSED,
    REPORT_RANKS,
    UNKNOWN,
    DeliveryReport,
    Outcome,
)
from ..peer.contract import DescribedPeer, Description
from ..peer.telnyx import API_KEY, PUBLIC_KEY
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN

US_SENDER, UK_SENDER = "+13035550100", "+447700900100"
SENDERS = [(US_SENDER, "US"), (UK_SENDER, "GB")]


def make_twilio(**changes):
    """Return an adapter with a complete account, some of it changed."""
    account = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN}
    return TwilioProvider({**account, "senders": SENDERS, **changes})


def make_telnyx(**changes):
    """Return an adapter with a complete account, some of it changed."""
    account = {"api_key": API_KEY, "public_key": PUBLIC_KEY}
    return TelnyxProvider({**account, "senders": SENDERS, **changes})


def make_xlsx(rows):
    """Return a workbook as bytes."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


class PeerCase(BaseCase):
    """A loopback carrier, over HTTP, with a new account for each test."""

    peer_class = account_class = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = cls.peer_class().start()
        cls.addClassCleanup(cls.peer.stop)

    def setUp(self):
        super().setUp()
        self.account = self.peer.account = self.account_class()


class ContractCase(BaseCase):
    """An adapter against its carrier's own description of the API.

    ``carrier`` names it. ``calls`` maps each operation that the adapter asks for to
    functions of the adapter that do so and read the answer; ``more`` are functions that
    ask for the same in other ways, and ``unread`` operations whose answer is not read.
    """

    carrier = ""
    calls, more, unread = {}, (), ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.description = Description(cls.carrier)

    def start_described(self):
        """Return a peer that answers as described."""
        peer = DescribedPeer(self.description).start()
        self.addCleanup(peer.stop)
        return peer

    def check_exchanges(self, peer, providers, beside="/reports/"):
        """Check each request to a peer of ours, and each of the peer's answers.

        :param str beside: what paths begin with that are none of the API's
        """
        peer.exchanges = []
        calls = [*chain(*self.calls.values()), *self.more]
        for provider, call in product(providers, calls):
            self.ask(call, provider)
        complaints = {
            complaint
            for exchange in peer.exchanges
            if not exchange.target.startswith(beside)
            for complaint in self.description.check(exchange)
        }
        self.assertEqual(complaints, set())
        asked = [self.description.find(it.method, it.target) for it in peer.exchanges]
        asked = {key for key, _in_path in asked if key}
        self.assertEqual(asked, set(self.description.operations))

    def check_answers(self, peer, provider, calls):
        """Check that each described response is parsed into a usable result."""
        for key, own in calls.items():
            if key in self.unread:
                continue
            status, content = self.description.get_answer(key)
            for answer in self.description.make_answers(content) if content else ():
                peer.answers = {key: (status, answer)}
                with self.subTest(operation=key, answer=answer):
                    for call in own:
                        self.assertSensible(self.ask(call, provider))

    def check_errors(self, peer, provider, errors):
        """Check the result of each error, for each operation.

        :param errors: pairs of a status and a body
        """
        for key, calls in self.calls.items():
            for status, body in errors:
                peer.answers = {key: (status, body)}
                with self.subTest(operation=key, status=status, body=body):
                    result = self.ask(calls[0], provider)
                    self.assertSensible(result)
                    if isinstance(result, Outcome):
                        self.assertNotEqual(result.kind, ACCEPTED)

    @staticmethod
    def ask(call, provider):
        """Return a call's result, or its failure in the adapter's own terms."""
        try:
            result = call(provider)
            return list(islice(result, 3)) if isinstance(result, Iterator) else result
        except (LookupFailed, RedactionRefused, NotOffered) as error:
            return error

    def assertSensible(self, result):
        """Check that a value has a type that the rest of the addon works with."""
        if isinstance(result, list | tuple):
            for one in result:
                self.assertSensible(one)
        elif isinstance(result, dict):
            self.assertSensible(list(result))
            self.assertSensible(list(result.values()))
        elif isinstance(result, DeliveryReport):
            self.assertIn(result.report, REPORT_RANKS)
        elif isinstance(result, Outcome):
            self.assertIn(result.report or UNKNOWN, REPORT_RANKS)
            self.assertIn(result.kind, (ACCEPTED, REFUSED, AGAIN, UNKNOWN))
        if is_dataclass(result):
            for field in fields(result):
                value = getattr(result, field.name)
                if field.type in (str, "str"):
                    self.assertIsInstance(value, str, field.name)
                elif field.name != "raw":
                    self.assertSensible(value)
