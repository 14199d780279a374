# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dispatch import sms_dispatcher_claim
from ..message.common import WaitingCase


@tagged("post_install", "-at_install")
class TestOrder(WaitingCase):
    """What is urgent overtakes, also where a sender's speed lets few go at once."""

    def setUp(self):
        super().setUp()
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()

    def queue_behind_a_backlog(self):
        """Return a backlog that has waited longer, and an alert that came last."""
        backlog = self.env["sms.sms"]
        for _index in range(30):
            backlog |= self.queue()
        return backlog, self.queue("alert")

    def claim(self, rate, chance, room=256):
        """Return the first messages that a sender of a speed takes.

        :param float rate: segments a second
        :param float chance: what the dice show, 0 to 1
        """
        [sender] = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        sender.rate = rate
        [ready] = self.env["sms.sender.pace"]._get_ready()
        with patch.object(random, "random", lambda: chance):
            calls = self.env["sms.dispatcher"]._claim([ready], room)
        return [key.sms_id for _account, key, _call, _delay in calls]

    def test_an_alert_overtakes_at_one_segment_a_second(self):
        _backlog, alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(1, 0.5), alert.ids)

    def test_an_alert_overtakes_at_ten_segments_a_second(self):
        backlog, alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(10, 0)[:2], [backlog[0].id, alert.id])

    def test_of_a_slow_senders_messages_one_in_ten_has_waited_longest(self):
        backlog, _alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(1, 0.95), backlog[0].ids)

    def test_what_cannot_be_claimed_is_put_off_and_nothing_else(self):
        """Whichever order has brought it up."""
        for chance, index in ((0.95, 0), (0, -1)):
            self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()
            backlog, alert = self.queue_behind_a_backlog()
            messages = backlog | alert
            mark_claimed = type(messages)._mark_claimed

            def fail_for_one(claimed, provider, odd=messages[index], do=mark_claimed):
                if odd in claimed:
                    raise KeyError("odd")
                return do(claimed, provider)

            with (
                self.subTest(chance=chance),
                patch.object(type(messages), "_mark_claimed", fail_for_one),
                mute_logger(sms_dispatcher_claim.__name__),
            ):
                self.assertEqual(self.claim(1, chance), [])
                now = fields.Datetime.now()
                put_off = messages.filtered_domain([("not_before", ">", now)])
                self.assertEqual(put_off, messages[index])
