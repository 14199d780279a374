# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from ...providers import faults, outbound
from .common import WaitingCase


@tagged("post_install", "-at_install")
class TestUnusableNumber(WaitingCase):
    """A number that the carrier cannot text is blocked until it proves usable."""

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


class TestKindsOfNumbers(WaitingCase):
    """Landlines and similar numbers are blocked unless they have texted."""

    landline = "+442079460018"

    def text(self, **values):
        """Return a new message to the landline."""
        values = {"number": self.landline, "body": "Hello", **values}
        values["purpose_id"] = self.purposes("ticket").id
        return self.env["sms.sms"].create(values)

    def test_a_landline_until_it_texts(self):
        self.record_consent(number=self.landline)
        blocked = self.text()
        self.assertBlocked(blocked, "ticket", "landline")
        self.assertEqual(blocked.with_user(self.agent)._get_ways(), ("other", "call"))
        self.receive("Hello", number=self.landline)
        self.assertEqual(self.text().state, "outgoing")
        self.assertEqual(blocked._find_block_now(), "")

    def test_a_company_that_takes_landlines(self):
        self.record_consent(number=self.landline)
        self.company.sms_form_kinds = "landline"
        self.assertEqual(self.text().state, "outgoing")

    def test_nobody_texts_what_costs_extra_or_helps(self):
        for number, reason in (("+19005550123", "premium"), ("911", "emergency")):
            with self.subTest(number=number):
                self.assertBlocked(self.text(number=number), "ticket", reason)
