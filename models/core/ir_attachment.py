# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools.mimetypes import guess_mimetype

from ...tools import at_rest
from .encrypted_field import get_box, make_key_error


class IrAttachment(models.Model):
    """Encrypts scans that prove a consent on the disk, if a key is given."""

    _inherit = "ir.attachment"

    sms_key_id = fields.Char(
        "Encrypted With (Key)",
        readonly=True,
        copy=False,
        help="The key the content is encrypted with. Empty if it is not encrypted.",
    )

    @api.model
    def _create_sms_scans(self, evidence, files):
        """Attach scans to their evidence, byte for byte: no picture is resized.

        :param evidence: ``sms.consent.evidence``, one
        :param files: pairs of a name and its content in bytes
        """
        return self.with_context(image_no_postprocess=True).create(
            [
                {
                    "name": name,
                    "res_model": evidence._name,
                    "res_id": evidence.id,
                    "company_id": evidence.company_id.id,
                    "mimetype": guess_mimetype(data),
                    **self._encrypt_sms_scan(data),
                }
                for name, data in files
            ]
        )

    @api.model
    def _encrypt_sms_scan(self, data):
        box = get_box()
        return {"raw": box.encrypt_bytes(data), "sms_key_id": box.key_id or False}

    def _encrypt_sms_anew(self):
        """Encrypt scans with the current key, or decrypt them without one.

        :return: how many could not be read
        """
        lost = 0
        for attachment in self.with_context(image_no_postprocess=True):
            try:
                data = attachment._decrypt_sms_scan()
            except at_rest.KeyMissing:
                lost += 1
                continue
            attachment.write(
                {"mimetype": attachment.mimetype, **self._encrypt_sms_scan(data)}
            )
        return lost

    def _decrypt_sms_scan(self):
        """Return one scan as it was uploaded, or raise ``KeyMissing``."""
        self.ensure_one()
        data = self._file_read(self.store_fname) if self.store_fname else self.db_datas
        return get_box().decrypt_bytes(self.sms_key_id, data or b"")

    def _compute_raw(self):
        """Decrypt encrypted scans, or raise ``EncryptionKeyError``."""
        encrypted = self.filtered("sms_key_id")
        for attachment in encrypted:
            try:
                attachment.raw = attachment._decrypt_sms_scan()
            except at_rest.KeyMissing as error:
                raise make_key_error(self.env, error.key_id) from None
        return super(IrAttachment, self - encrypted)._compute_raw()

    def _to_http_stream(self):
        stream = super()._to_http_stream()
        if self.sms_key_id:
            stream.type, stream.data, stream.path = "data", self.raw, None
            stream.size = len(stream.data)
        return stream
