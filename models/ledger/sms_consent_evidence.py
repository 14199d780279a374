# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from functools import lru_cache

from psycopg2.extras import Json

from odoo import api, fields, models

from ...tools import chain
from ...tools.evidence import sha256
from ..core.bulk_insert import insert_many, update_many
from ..core.encrypted_field import EncryptedChar, EncryptedText, decrypt, get_box
from .ledger_guards import ENTERED_AT, ENTERED_BY, make_evidence_guards

#: Evidence that a caller may pass, besides ``files``.
WORDS = ("name", "wording", "note", "address", "device", "page", "witness")
FACTS = (*WORDS, "message_ref", "res_model", "res_id")
#: Fields that identify the person, or could. All are emptied on erasure, the salt too:
#: with it, the digest that stays in the ledger could be guessed.
PERSONAL_FIELDS = ("salt", "number", *FACTS, "file_digests")
#: Fields that are encrypted if there is a key: who the person is, and their words.
ENCRYPTED_FIELDS = ("salt", "number", *WORDS)

CERTIFICATE, PACKET, PERIOD, CHAIN = "certificate", "packet", "period", "chain"
KIND_SELECTION = [
    (CERTIFICATE, "Certificate (PDF)"),
    (PACKET, "Packet (ZIP)"),
    (PERIOD, "Audit of a period"),
    (CHAIN, "Chain"),
]


class SmsConsentEvidence(models.Model):
    """The person behind events of the ledger, and the proof of what was said.

    It is separate so that it can be erased: the ledger keeps the digest of its plain
    text, and the chain stays valid without it. Written once by the ledger; a trigger
    lets it be erased or encrypted, and nothing else.
    """

    _name = "sms.consent.evidence"
    _description = "Text Message Consent Evidence"
    _inherit = ["sms.ledger.row", "sms.personal.data"]
    _rec_name = "number"
    _log_access = False
    _ledger_guards = make_evidence_guards(PERSONAL_FIELDS, ENCRYPTED_FIELDS)

    salt = EncryptedChar(groups="base.group_system")
    number = EncryptedChar(help="E.164")
    name = EncryptedChar(string="Person", help="The name as it was known at that time.")
    wording = EncryptedText(
        help="The words that the person agreed to, as they were shown."
    )
    note = EncryptedText()
    address = EncryptedChar(
        "Source Address", help="The IP address that the form came from."
    )
    device = EncryptedChar(help="The browser, as it named itself.")
    page = EncryptedChar(help="The page on which it was said.")
    witness = EncryptedChar(help="Who witnessed the signature.")
    message_ref = fields.Char(
        string="Message", help="The carrier's id of the text that said so."
    )
    res_model = fields.Char(string="Record Model")
    res_id = fields.Many2oneReference(string="Related Record", model_field="res_model")
    file_digests = fields.Json("Digests of the Files", help="SHA-256 by file name.")
    attachment_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Scans",
        domain=[("res_model", "=", "sms.consent.evidence")],
    )
    erased_at = fields.Datetime()
    erased_by_id = fields.Integer(
        "Erased By (ID)", help="No foreign key: the row cannot change."
    )
    erasure_seal = fields.Char(
        help="Keyed: shows that the ledger erased it, and nobody else."
    )

    @api.model
    def _insert_many(self, company, statements):
        """Store the evidence of statements.

        :return: pairs of an id and the digest for the ledger, in the same order
        :raises ValueError: for facts that are not in :data:`FACTS`
        """
        rows, digests = [], []
        # Values that many rows share, such as a wording, are encrypted once.
        encrypt = lru_cache(maxsize=None)(get_box().encrypt)
        for statement in statements:
            facts = statement.facts
            if unknown := facts.keys() - {*FACTS, "files"}:
                raise ValueError(f"not evidence: {sorted(unknown)}")
            files = {name: sha256(data) for name, data in facts.get("files", ())}
            row = {name: facts.get(name) or None for name in FACTS}
            row.update(number=statement.number, salt=secrets.token_hex(16))
            digests.append(chain.digest({**row, "file_digests": files or None}))
            row |= {name: encrypt(row[name]) for name in ENCRYPTED_FIELDS if row[name]}
            file_digests = Json(files) if files else None
            rows.append({**row, "company_id": company.id, "file_digests": file_digests})
        ids = insert_many(self, rows)
        for evidence, statement in zip(self.browse(ids), statements, strict=True):
            if files := statement.facts.get("files"):
                self.env["ir.attachment"]._create_sms_scans(evidence, files)
        return list(zip(ids, digests, strict=True))

    @api.model
    def _read_content(self, columns):
        """Return the content that the digest covers, from columns read in SQL."""
        content = dict(zip(PERSONAL_FIELDS, columns, strict=True))
        for name in ENCRYPTED_FIELDS:
            content[name] = decrypt(self.env, content[name])
        return {name: value or None for name, value in content.items()}

    def _files_hold(self):
        found = {it.name: sha256(it.raw or b"") for it in self.attachment_ids}
        return found == (self.file_digests or {})

    def _erase(self):
        """Empty the evidence, and delete its scans.

        The keyed hash of the number and the digest stay in the ledger and name nobody.
        """
        standing = self.filtered(lambda evidence: not evidence.erased_at)
        standing.attachment_ids.unlink()
        self.flush_model()
        erased_at, key = fields.Datetime.now(), self.env["sms.consent.key"]._get()
        seals = [
            (row.id, self._seal_erasure(key, row.id, erased_at, self.env.uid))
            for row in standing
        ]
        values = dict.fromkeys(PERSONAL_FIELDS) | {"erased_at": erased_at}
        values["erased_by_id"] = self.env.uid
        update_many(self, ["erasure_seal"], seals, **values)
        self.invalidate_model()

    @staticmethod
    def _seal_erasure(key, evidence_id, erased_at, erased_by_id):
        """Return the seal of an erasure, which shows that it was done by the ledger."""
        values = {"evidence_id": evidence_id, "at": erased_at, "by": erased_by_id}
        return chain.seal(key, chain.ERASURE, values)


class SmsEvidenceExport(models.Model):
    """A record of a file of evidence that a user has exported.

    It names nobody: numbers are keyed hashes. The file is not kept; its digest shows
    whether one that turns up later is the one that was created then.
    """

    _name = "sms.evidence.export"
    _description = "Export of Evidence"
    _inherit = "sms.ledger.row"
    _rec_name = "reference"
    _log_access = False

    reference = fields.Char(required=True)
    company_id = fields.Many2one(index=True)
    kind = fields.Selection(KIND_SELECTION, required=True, string="What")
    user_id = fields.Many2one(string="Created By", **ENTERED_BY)
    made_at = fields.Datetime("Created On", **ENTERED_AT)
    number_hashes = fields.Char("Numbers (Keyed Hashes)", help="Whose evidence it was.")
    date_from = fields.Date("From")
    date_to = fields.Date("Until")
    event_count = fields.Integer("Events")
    message_count = fields.Integer("Messages")
    file_name = fields.Char(required=True)
    file_digest = fields.Char("Digest of the File", required=True, help="SHA-256")

    _reference_unique = models.UniqueIndex("(reference)")

    @api.model
    def _note(self, company, kind, reference, file_name, data, **values):
        """Record the creation of a file (bytes); the caller checks the rights."""
        about = {"company_id": company.id, "kind": kind, "reference": reference}
        file = {"file_name": file_name, "file_digest": sha256(data)}
        return self.sudo().create({**about, **file, **values})

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
