# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ..common import SmsCase, phone_number

OTHER = phone_number(4)


class TestMerge(SmsCase):
    """When contacts are merged, consents stay with their numbers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls.make_customer(OTHER, "Dana again")
        cls.other_ticket = cls.make_ticket(cls.twin, team_id=cls.team.id)

    def merge(self):
        """Merge the second contact into the first one, by Odoo's wizard."""
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | self.twin).ids, self.customer)
        self.env.invalidate_all()

    def get_state(self, number):
        """Return the state of a number for tickets."""
        consents = self.env["sms.consent"]
        consents._forget_answers()
        found = consents._get_found(self.company, number)
        return consents._get_answer(found, self.purposes("ticket").id).state

    def test_tickets_and_texts_follow_and_what_waits_leaves(self):
        self.record_consent(OTHER)
        self.other_ticket._message_sms("We look into it.")
        sms = self.messages_to(OTHER)
        inbound = self.receive("Thank you", OTHER)
        self.merge()
        self.assertFalse(self.twin.exists())
        for record in (self.other_ticket, sms, inbound):
            self.assertEqual(record.partner_id, self.customer)
        self.run_outbox()
        self.assertIn(sms.state, ("pending", "sent"))
        self.assertEqual((sms.number, self.other_ticket.partner_phone), (OTHER, OTHER))
        self.other_ticket._message_sms("It is mended.")
        self.assertEqual(self.messages_to(OTHER)[-1].gate_reason, "consent")

    def test_a_yes_does_not_pass_to_the_other_number(self):
        self.record_consent(OTHER)
        self.merge()
        self.assertEqual(self.get_state(OTHER), "opted_in")
        self.assertEqual(self.get_state(self.number), "none")
        self.assertEqual(self.customer.sms_consent_state, "none")
        self.assertEqual(
            self.env["sms.consent.check"]._verify(self.company).state, "intact"
        )

    def test_a_no_stays_where_it_was_said(self):
        self.record_consent()
        self.record_consent(OTHER)
        self.receive("STOP", OTHER)
        self.merge()
        self.assertEqual(self.get_state(OTHER), "opted_out")
        self.assertEqual(self.get_state(self.number), "opted_in")
        self.other_ticket._message_sms("It is mended.")
        self.assertEqual(self.messages_to(OTHER)[-1].gate_reason, "opted_out")

    def test_of_two_claims_to_a_number_the_unconfirmed_one_stays(self):
        claims = self.env["sms.number.claim"]
        confirmed = claims._note(self.company, self.customer, OTHER)
        confirmed.confirmed_at = "2026-01-01"
        claims._note(self.company, self.twin, OTHER)
        self.merge()
        self.assertEqual(len(claims._find(self.customer, OTHER)), 1)
        self.assertTrue(claims._is_unproven(self.customer, OTHER))
