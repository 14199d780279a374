# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain


class SmsConsentRequest(models.Model):
    """A statement that another system had recorded, so that a repeat does nothing.

    It names nobody: the other system's reference and the statement are kept as hashes,
    so that a repeat is known as one even after the person was erased.
    """

    _name = "sms.consent.request"
    _description = "Recorded Request of Another System"
    _order = "id desc"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    reference_hash = fields.Char(
        required=True, readonly=True, help="Stands for the other system's reference."
    )
    digest = fields.Char(
        "Digest (SHA-256)", required=True, readonly=True, help="Of what was said."
    )
    evidence_id = fields.Many2one(
        "sms.consent.evidence", readonly=True, ondelete="restrict", index=True
    )

    _reference_unique = models.UniqueIndex("(company_id, reference_hash)")

    @api.model
    def _claim(self, company, reference, said):
        """Return the request of a reference: a new one, or the one that was before.

        Two requests with one reference at once: the index makes the later one wait for
        the earlier and then fail as a concurrent update, which Odoo tries again.

        :return: the request; without ``evidence_id`` while nothing is recorded
        :raises ValidationError: when the reference stands for another statement
        """
        reference_hash = self.env["sms.consent.key"]._hash([reference])[reference]
        digest = chain.digest(said)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_consent_request (company_id, reference_hash, digest)
                VALUES (%s, %s, %s)
                ON CONFLICT (company_id, reference_hash) DO NOTHING
                """,
                company.id,
                reference_hash,
                digest,
            )
        )
        request = self.search(
            [("company_id", "=", company.id), ("reference_hash", "=", reference_hash)]
        )
        if request.digest != digest:
            raise ValidationError(
                self.env._(
                    "The message_ref “%s” was used already, for another statement. "
                    "Give each statement a reference of its own.",
                    reference,
                )
            )
        return request

    def _find_events(self):
        """Return the events that were recorded, and count with the company's carrier.

        What was recorded in the sandbox is recorded anew when it is asked for again.
        """
        self.ensure_one()
        ledger = self.env["sms.consent.event"]
        domain = ledger._get_counting_domain(self.company_id)
        domain &= Domain("evidence_id", "=", self.evidence_id.id)
        return ledger.search(domain, order="id")
