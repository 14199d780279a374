# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of received texts."""

from ..common import SmsCase

DOUBTFUL = "I want to cancel"


class LedgerCase(SmsCase):
    """Common base: reads events and answers of the ledger."""

    def events(self, number=None, company=None):
        """Return a number's events, oldest first."""
        ledger = self.env["sms.consent.event"]
        domain = ledger._number_domain(company or self.company, number or self.number)
        return ledger.search(domain, order="id")

    def state(self, code, number=None):
        """Return the answer of a number for a purpose."""
        consents = self.env["sms.consent"]
        key = self.company.id, number or self.number
        found = consents._get_answers([key[0]], [key[1]])[key]
        return consents._get_answer(found, self.purposes(code).id).state

    def exemptions(self):
        """Return the exemptions of our answers to the customer, oldest first."""
        return self.messages_to().filtered("exemption").mapped("exemption")

    def send(self, purpose="ticket", number=None, **values):
        """Return a new message."""
        return self.env["sms.sms"].create(
            {
                "number": number or self.number,
                "body": "Hello",
                "purpose_id": self.purposes(purpose).id,
                **values,
            }
        )


class ReviewCase(LedgerCase):
    """Common base: a customer with consent, whose texts may be opt-outs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reviews = cls.env["sms.consent.review"]

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert")

    def doubt(self, text=DOUBTFUL, number=None, **kwargs):
        """Receive a text that may be an opt-out; return its open review."""
        inbound = self.receive(text, number, **kwargs)
        review = self.reviews.search([("inbound_id", "=", inbound.id)])
        self.assertEqual(len(review), 1)
        return review
