# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import re

from odoo.tests import tagged

from ...models.core import trail
from ...providers.outbound import DeliveryReport
from .common import BatchCase

LOGGER = "odoo.addons.helpdesk_mgmt_sms"


@tagged("post_install", "-at_install")
class TestTrail(BatchCase):
    """A text can be followed in the server's log by its id, without personal data."""

    def test_a_text_from_intake_to_report(self):
        with self.assertLogs(LOGGER, "DEBUG") as logs:
            message, other = self.queue_many(2)
            self.run_outbox()
            report = DeliveryReport(message.carrier_id, "read")
            message._record_report(report)
        self.assertEqual(message.state, "sent")
        steps = [line for line in logs.output if self.is_about(message, line)]
        words = ("taken in, send", "the gate says", "claimed for", "is recorded")
        words += ("reported, sent",)
        places = [next(i for i, it in enumerate(steps) if word in it) for word in words]
        self.assertEqual(places, sorted(places))
        told = "\n".join(logs.output)
        for secret in (message.number, message.number[2:], "Hello", self.customer.name):
            self.assertNotIn(secret, told)
        self.assertTrue(any(self.is_about(other, line) for line in logs.output))

    def is_about(self, record, line):
        """Return whether a line names a record, by the search of docs/operations.md."""
        return re.search(rf"{record._name}\(([0-9, ]*, )?{record.id}[,)]", line)

    def test_a_text_that_comes_in(self):
        with self.assertLogs(LOGGER, "DEBUG") as logs:
            inbound = self.receive("My printer is on fire")
        [line] = [it for it in logs.output if "received" in it]
        self.assertTrue(self.is_about(inbound, line))
        self.assertIn(f"conversation on helpdesk.ticket({inbound.ticket_id.id},)", line)
        self.assertNotIn("printer", "\n".join(logs.output))

    def test_many_take_several_lines_and_nothing_is_logged_of_what_goes_well(self):
        with self.assertNoLogs(LOGGER, "INFO"):
            messages = self.queue_many(trail.LINE_IDS + 1)
            self.run_outbox()
        with self.assertLogs(trail.__name__, logging.DEBUG) as logs:
            trail.trace(messages, "%s: seen, %s", "state")
        self.assertEqual(len(logs.output), 2)
        self.assertTrue(self.is_about(messages[-1], logs.output[1]))
