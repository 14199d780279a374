# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools.evidence import sha256

CERTIFICATE, PACKET, PERIOD, CHAIN = "certificate", "packet", "period", "chain"
KIND_SELECTION = [
    (CERTIFICATE, "Certificate (PDF)"),
    (PACKET, "Packet (ZIP)"),
    (PERIOD, "Audit of a period"),
    (CHAIN, "Chain"),
]


class SmsEvidenceExport(models.Model):
    """A record of a file of evidence that a user has exported.

    It names nobody: numbers are keyed hashes. The file is not kept; its digest shows
    whether one that turns up later is the one that was created then.
    """

    _name = "sms.evidence.export"
    _description = "Export of Evidence"
    _inherit = "sms.ledger.row"
    _order = "id desc"
    _rec_name = "reference"
    _log_access = False

    reference = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(index=True)
    kind = fields.Selection(KIND_SELECTION, required=True, readonly=True, string="What")
    user_id = fields.Many2one(
        "res.users",
        string="Created By",
        required=True,
        readonly=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
    )
    made_at = fields.Datetime(
        "Created On", required=True, readonly=True, default=fields.Datetime.now
    )
    number_hashes = fields.Char(
        "Numbers (Keyed Hashes)", readonly=True, help="Whose evidence it was."
    )
    date_from = fields.Date("From", readonly=True)
    date_to = fields.Date("Until", readonly=True)
    event_count = fields.Integer("Events", readonly=True)
    message_count = fields.Integer("Messages", readonly=True)
    file_name = fields.Char(required=True, readonly=True)
    file_digest = fields.Char(
        "Digest of the File", required=True, readonly=True, help="SHA-256"
    )

    _reference_unique = models.UniqueIndex("(reference)")

    @api.model
    def _note(self, company, kind, reference, file_name, data, **values):
        """Record the creation of a file (bytes); the caller checks the rights."""
        return self.sudo().create(
            {
                "company_id": company.id,
                "kind": kind,
                "reference": reference,
                "file_name": file_name,
                "file_digest": sha256(data),
                **values,
            }
        )

    @api.model
    def _hand_out(self, owner, kind, reference, file_name, data, **values):
        """Record the export of a file, and return the action that downloads it.

        :param owner: record with a ``company_id``; the file is deleted with it
        """
        self._note(owner.company_id, kind, reference, file_name, data, **values)
        return self._offer(owner, file_name, data)

    @api.model
    def _offer(self, owner, file_name, data):
        """Return the action that downloads a file.

        Nobody may write the file; those who may read its owner may read it.
        """
        file = {"res_model": owner._name, "res_id": owner.id, "raw": data}
        attachments_sudo = self.env["ir.attachment"].sudo()
        attachment_sudo = attachments_sudo.create({"name": file_name, **file})
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment_sudo.id}?download=true",
            "target": "download",
        }
