# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of the desk share."""

from uuid import uuid4
from zoneinfo import ZoneInfo

from odoo import fields

from ..common import ANY_HOUR, SmsCase


class DeskCase(SmsCase):
    """A customer who has agreed, and agents who write to them from the ticket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()

    @classmethod
    def close_hours(cls):
        """Let the business hours of texts in Denver begin in two hours, at the most."""
        hour = fields.Datetime.now().astimezone(ZoneInfo("America/Denver")).hour
        begin = (hour + 2) % 23
        hours = {"sms_courtesy_from": begin, "sms_courtesy_to": begin + 1}
        cls.company.write({**ANY_HOUR, **hours})

    def desk_of(self, user, ticket=None):
        """Return a ticket as a user's screen calls it."""
        return (ticket or self.ticket).with_user(user)

    def reply(self, body="It is mended.", user=None, key=None, **options):
        """Answer from the desk; return what the screen gets."""
        desk = self.desk_of(user or self.own_agent)
        options = {"is_sure": True, **options}
        return desk.send_sms_reply(body, key or uuid4().hex, **options)

    def converse(self, user=None, **options):
        """Return what a screen gets that asks now."""
        self.env.invalidate_all()
        return self.desk_of(user or self.own_agent).get_sms_conversation(**options)

    def texts(self, user=None, **options):
        """Return the texts alone of what a screen gets that asks now, oldest first."""
        entries = self.converse(user, **options)["messages"]
        return [it for it in entries if it["direction"] in ("in", "out")]

    def receive(self, body, number=None, company=None):
        """Take in a text in the test's own second, which began some time ago."""
        inbound = super().receive(body, number, company)
        inbound.received_at = self.env.cr.now().replace(microsecond=0)
        return inbound
