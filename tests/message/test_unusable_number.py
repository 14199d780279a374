# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from ...providers import faults, outbound
from .common import WaitingCase


@tagged("post_install", "-at_install")
class TestUnusableNumber(WaitingCase):
    """What its carrier cannot text is texted no more, until it is known better."""

    def setUp(self):
        super().setUp()
        refused, self.waiting = self.queue(), self.queue()
        refused.write({"state": "process", "provider": "sandbox", "attempts": 1})
        refused._record_refused(
            outbound.Outcome(outbound.REFUSED, fault=faults.LANDLINE)
        )
        self.assertEqual(refused.state, "error")
        [self.row] = self.env["sms.unusable.number"].search([])

    def text(self, **values):
        """Return a new message to the number."""
        return self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
                **values,
            }
        )

    def test_what_waits_and_what_is_new_is_blocked(self):
        self.assertEqual(self.waiting.state, "canceled")
        self.assertBlocked(self.text(), "ticket", "unusable")

    def test_what_is_sent_anew_is_blocked(self):
        self.waiting.action_set_outgoing()
        self.run_outbox()
        self.assertBlocked(self.waiting, "ticket", "unusable")

    def test_a_text_from_it_shows_that_it_can_be_texted(self):
        self.receive("Hello")
        self.assertFalse(self.row.exists())
        self.assertEqual(self.text().state, "outgoing")

    def test_a_manager_may_know_better(self):
        self.assertBlocked(self.text(), "ticket", "unusable")
        self.row.with_user(self.manager).unlink()
        self.assertEqual(self.text().state, "outgoing")

    def test_other_companies_have_other_carriers(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        self.assertEqual(self.text(record_company_id=other.id).state, "outgoing")
