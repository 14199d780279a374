# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base classes of the desk's tests."""

import json
from datetime import timedelta
from unittest.mock import Mock, patch
from uuid import uuid4
from zoneinfo import ZoneInfo

from odoo import fields

from odoo.addons.bus.models import ir_websocket

from ..common import ANY_HOUR, SmsCase, phone_number

INBOX_URL = "/odoo/sms-conversations"
ANNA, BERT, STRANGER = (phone_number(index) for index in (1, 2, 3))


class DeskCase(SmsCase):
    """A customer who has agreed, and agents who write to them from the ticket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()

    @classmethod
    def close_hours(cls):
        """Make the business hours for texts begin in one to three hours (Denver)."""
        hour = fields.Datetime.now().astimezone(ZoneInfo("America/Denver")).hour
        begin = (hour + 2) % 23
        hours = {"sms_courtesy_from": begin, "sms_courtesy_to": begin + 1}
        cls.company.write({**ANY_HOUR, **hours})

    def make_an_offer(self, name):
        """Make the texts of a shipped template marketing; return the template."""
        template = self.env.ref(f"helpdesk_mgmt_sms.sms_template_{name}")
        values = {"level": "template", "template_id": template.id}
        values["purpose_id"] = self.purposes("marketing").id
        self.env["sms.purpose.rule"].create(values)
        return template

    def desk_of(self, user, ticket=None):
        """Return a ticket in a user's environment."""
        return (ticket or self.ticket).with_user(user)

    def reply(self, body="It is mended.", user=None, key=None, **options):
        """Answer from the desk; return what the screen gets."""
        desk = self.desk_of(user or self.own_agent)
        options = {"is_sure": True, **options}
        return desk.send_sms_reply(body, key or uuid4().hex, **options)

    def converse(self, user=None, **options):
        """Return the conversation as a user's screen reads it now."""
        self.env.invalidate_all()
        return self.desk_of(user or self.own_agent).get_sms_conversation(**options)

    def texts(self, user=None, **options):
        """Return only the texts of the conversation, oldest first."""
        entries = self.converse(user, **options)["messages"]
        return [it for it in entries if it["direction"] in ("in", "out")]

    def receive(self, body, number=None, company=None):
        """Receive a text at the time of the test's transaction, to the second."""
        inbound = super().receive(body, number, company)
        inbound.received_at = self.env.cr.now().replace(microsecond=0)
        return inbound


class InboxCase(DeskCase):
    """Conversations of several customers, as the list shows them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = cls.env["helpdesk.ticket"].search([])
        cls.other_team = cls.env["helpdesk.ticket.team"].create({"name": "Other"})

    def make_conversation(self, index, **values):
        """Return a ticket whose customer has texted once; nobody is assigned yet."""
        number = phone_number(index)
        self.record_consent(number)
        customer = self.make_customer(number, f"Customer {index}")
        ticket = self.make_ticket(customer, **{"user_id": False, **values})
        self.receive(f"Words of {index}", number)
        return ticket

    def find(self, *domain, user=None):
        """Return the conversations that a user's list shows, in its order."""
        tickets = self.env["helpdesk.ticket"].with_user(user or self.agent)
        return tickets.search(
            [
                ("sms_is_conversation", "=", True),
                ("id", "not in", (self.before - self.ticket).ids),
                *domain,
            ],
            order="sms_waiting_since, sms_last_inbound_at desc, id desc",
        )

    def flush_bus(self):
        """Empty the bus; return its notifications as ``(channel, type, payload)``."""
        self.env.cr.precommit.run()
        rows = self.env["bus.bus"].sudo().search([], order="id")
        notices = [(json.loads(row.channel), json.loads(row.message)) for row in rows]
        rows.unlink()
        return [(tuple(c), m["type"], m["payload"]) for c, m in notices]

    def get_channels(self, user, *names):
        """Return the channels that a user's client gets when it subscribes to some."""
        websockets = self.env["ir.websocket"].with_user(user)
        session = Mock(session=Mock(uid=user.id))
        with patch.object(ir_websocket, "wsrequest", session):
            return websockets._build_bus_channel_list(list(names))


class InboxTourCase(DeskCase):
    """Three waiting customers: Anna longest, then Bert, then an unknown number."""

    def setUp(self):
        super().setUp()
        self.env["helpdesk.ticket"].search([]).active = False
        self.anna = self.make_conversation(ANNA, "Anna Long", 3)
        self.bert = self.make_conversation(BERT, "Bert Short", 2)
        self.bert.user_id = self.agent
        self.stranger = self.make_conversation(STRANGER, "", 1)

    def make_conversation(self, number, name, hours):
        """Return a ticket whose customer has waited for some hours."""
        self.record_consent(number)
        if name:
            ticket = self.make_ticket(self.make_customer(number, name), user_id=False)
        else:
            ticket = self.make_ticket(partner_phone=number, user_id=False)
        self.receive(f"{name.split()[0] if name else 'Somebody'} writes", number)
        ticket.sms_waiting_since = fields.Datetime.now() - timedelta(hours=hours)
        return ticket

    def run_tour(self, name, url=INBOX_URL, **options):
        """Run a tour as an agent."""
        self.start_tour(url, f"helpdesk_sms_inbox_{name}", login="sms-agent", **options)
        self.env.invalidate_all()
