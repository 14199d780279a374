# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain


class SmsConsentRequest(models.Model):
    """A statement recorded for another system, kept so that a repeat does nothing.

    It contains no personal data: reference and statement are stored as hashes, so a
    repeat is recognized even after the person was erased.
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
        """Return the request with a reference, creating it if necessary.

        Of two concurrent requests with one reference, the unique index makes the later
        one wait and then fail with a serialization error, which Odoo retries.

        :return: the request; without ``evidence_id`` while nothing is recorded
        :raises ValidationError: if the reference was used for another statement
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
        """Return the recorded events that are valid with the company's carrier.

        Events of the sandbox are not, so the statement can be recorded again.
        """
        self.ensure_one()
        ledger = self.env["sms.consent.event"]
        domain = ledger._get_counting_domain(self.company_id)
        domain &= Domain("evidence_id", "=", self.evidence_id.id)
        return ledger.search(domain, order="id")
