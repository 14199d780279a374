# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..models.message.sms_sms_media import SentMedia


class SmsComposer(models.TransientModel):
    """Sends pictures and files along, to one person of one record."""

    _inherit = "sms.composer"

    attachment_ids = fields.Many2many(
        "ir.attachment",
        "sms_composer_attachment_rel",
        string="Pictures and Files",
        bypass_search_access=True,
        help="JPEG, PNG, GIF or PDF; at most ten, and 5 MB together.",
    )
    may_send_media = fields.Boolean(compute="_compute_may_send_media")

    @api.depends("res_model", "res_id", "composition_mode")
    def _compute_may_send_media(self):
        for composer in self:
            composer.may_send_media = (
                composer.comment_single_recipient
                and composer._get_sms_company()._uses_sms_outbox()
            )

    @api.constrains("attachment_ids")
    def _check_attachments(self):
        for composer in self.filtered("attachment_ids"):
            if not composer.may_send_media:
                raise ValidationError(
                    self.env._("Pictures can be sent to one person at a time.")
                )
            self.env["sms.sms"]._check_media(composer.attachment_ids)

    def _hand_over_attachments(self):
        """Give the record what goes along with the message."""
        # Nothing is read for a mass message.
        if not self.comment_single_recipient or not self.attachment_ids:
            return None
        self.attachment_ids.check_access("read")
        record = self._get_records()
        own_sudo = self.attachment_ids.sudo().filtered(
            lambda it: it.res_model == self._name and it.create_uid == self.env.user
        )
        own_sudo.write({"res_model": record._name, "res_id": record.id})
        return SentMedia(0, tuple(self.attachment_ids.ids))
