# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base classes of the tests of privacy."""

import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from odoo.tests import tagged

from ..common import SmsCase, phone_number

NEIGHBOUR = phone_number(1)


class ErasureCase(SmsCase):
    """A customer, a neighbor with another number, and an officer who erases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.neighbour = cls.make_customer(NEIGHBOUR, "Nora Neighbour")
        cls.erasures = cls.env["sms.erasure"]

    def erase(self, number=None, company=None, **values):
        """Erase a number as the officer's form does; return the ``sms.erasure``."""
        erasures = self.erasures.with_user(self.compliance_officer)
        erasure = erasures._erase(
            company or self.company, number or self.number, "Letter 117", **values
        )
        self.env.invalidate_all()
        return erasure

    def open_wizard(self, user=None, **values):
        """Return the erasure form, filled in."""
        wizards = self.env["sms.erasure.wizard"]
        return wizards.with_user(user or self.compliance_officer).create(
            {
                "number": self.number,
                "reason": "Letter 117",
                "is_checked": True,
                **values,
            }
        )

    def send(self, number=None, **values):
        """Return a new text about tickets."""
        return self.env["sms.sms"].create(
            {
                "number": number or self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
                **values,
            }
        )

    def text(self, body="Hello there"):
        """Text the customer from the ticket; return the message."""
        self.ticket._message_sms(body)
        return self.messages_to()[-1:]

    def events(self, number=None, company=None):
        """Return the ledger's events of a number, oldest first."""
        ledger = self.env["sms.consent.event"]
        domain = ledger._number_domain(company or self.company, number or self.number)
        return ledger.search(domain, order="id")


@tagged("post_install", "-at_install")
class EvidenceCase(SmsCase):
    """A compliance officer, and a customer with a history."""

    @property
    def source(self):
        """Return ``sms.evidence`` in the compliance officer's environment."""
        return self.env["sms.evidence"].with_user(self.compliance_officer)

    def gather(self, *numbers, **options):
        """Return the facts about some numbers, by default the customer's."""
        return self.source._gather(
            self.company, list(numbers or [self.number]), **options
        )

    def tell_story(self):
        """Join by text, get a ticket's text, STOP, be blocked, come back."""
        self.receive("SUPPORT")
        self.receive("YES")
        self.ticket._message_sms("Your ticket is open")
        self.run_outbox()
        self.receive("STOP")
        self.run_outbox()
        self.ticket._message_sms("Your ticket is closed")
        self.receive("START")
        self.run_outbox()


class PacketCase(EvidenceCase):
    """Evidence packets, and the verification script that does not need Odoo."""

    def unpack(self, data):
        """Unpack a packet into a temporary folder, and return that."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder.name)
        return Path(folder.name)

    def make_packet(self, facts=None):
        """Return the folder of an unpacked packet, by default the customer's."""
        return self.unpack(self.source._make_packet(facts or self.gather()))

    def verify(self, folder, *arguments):
        """Run the packet's script as an expert would; return its status and output."""
        done = subprocess.run(
            [sys.executable, "-I", "verify-ledger.py", "evidence.json", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def read_table(self, folder, name):
        """Return the rows of a CSV table as dicts by header."""
        with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))
