# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of the ledger."""

from pathlib import Path

from odoo.tools import mute_logger

from ..common import SmsCase, phone_number

SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "verify-ledger.py"
CHECK_LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.ledger.sms_consent_check"


class LedgerCase(SmsCase):
    """A ledger with a few events, to be sealed, verified and tampered with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for index in range(4):
            cls.record_consent(phone_number(index), name=f"Person {index}", note="said")
        cls.events = cls.env["sms.consent.event"].search(
            [("company_id", "=", cls.company.id)], order="id"
        )

    def seal(self):
        """Seal all unsealed events; return the company's links, oldest first."""
        while self.env["sms.consent.link"]._seal(self.company):
            continue
        return self.env["sms.consent.link"].search(
            [("company_id", "=", self.company.id)], order="sequence"
        )

    def verify(self):
        """Verify the company's ledger; return the check."""
        return self.env["sms.consent.check"]._verify(self.company)

    @mute_logger(CHECK_LOGGER)
    def assertBroken(self, sequence, reason):
        check = self.verify()
        self.assertEqual(
            (check.state, check.broken_sequence, check.broken_reason),
            ("broken", sequence, reason),
        )
        return check
