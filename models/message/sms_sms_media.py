# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import consteq, hmac

from ...providers.base import MEDIA_LIMIT
from ...tools import media

#: Path under which carriers fetch media.
MEDIA_PATH = "/helpdesk_sms/media"
#: Seconds for which an address is valid: a carrier may queue a text for ten hours.
URL_LIFE = 24 * 3600
SCOPE = "helpdesk_mgmt_sms.media"


class SentMedia(NamedTuple):
    """Files that go with a text, in the context ``sms_media``, set only by server code.

    :param int message_id: the ``mail.message`` that it is posted by; 0: not yet posted
    """

    message_id: int
    attachment_ids: tuple


class SmsSms(models.Model):
    """Pictures and files that go with a text (MMS).

    A carrier fetches each by a public address that is signed and expires; nothing can
    be guessed or listed.
    """

    _inherit = "sms.sms"

    @api.model
    def _prepare_media(self, vals_list):
        sent = self.env.context.get("sms_media")
        if not (isinstance(sent, SentMedia) and sent.message_id):
            return
        for vals in vals_list:
            if vals.get("mail_message_id") == sent.message_id:
                vals["attachment_ids"] = [(6, 0, sent.attachment_ids)]
                vals["media_count"] = len(sent.attachment_ids)

    def _get_media_urls(self):
        if not self.media_count:
            return ()
        base = self._get_sms_company()._get_sms_base_url()
        return tuple(f"{base}{path}" for path in self._get_media_paths())

    def _get_media_paths(self):
        expires = int(time.time()) + URL_LIFE
        return [
            f"{MEDIA_PATH}/{self.id}/{attachment_id}/{expires}/"
            f"{self._sign_media(self.id, attachment_id, expires)}"
            for attachment_id in self.attachment_ids.ids
        ]

    @api.model
    def _sign_media(self, sms_id, attachment_id, expires):
        return hmac(self.env(su=True), SCOPE, (sms_id, attachment_id, expires))

    @api.model
    def _find_media(self, sms_id, attachment_id, expires, signature):
        """Return the file at a media address: its bytes and MIME type.

        :return: None for a forged or expired address, or an erased file
        """
        wanted = self._sign_media(sms_id, attachment_id, expires)
        is_ours = consteq(wanted.encode(), signature.encode())
        if not is_ours or expires < time.time():
            return None
        attachments_sudo = self.sudo().browse(sms_id).exists().attachment_ids
        data = attachments_sudo.filtered(lambda it: it.id == attachment_id).raw or b""
        mimetype = media.find_type(data)
        return (data, mimetype) if mimetype in media.SENDABLE else None

    @api.model
    def _check_media(self, attachments):
        """Refuse files that carriers do not accept, before anything is posted.

        :raises UserError: with what to do instead
        """
        if len(attachments) > MEDIA_LIMIT:
            raise UserError(
                self.env._("A text takes at most %s pictures and files.", MEDIA_LIMIT)
            )
        size = sum(attachments.mapped("file_size"))
        if size > media.SEND_LIMIT:
            raise UserError(
                self.env._(
                    "These pictures and files have %(size).1f MB together, and a text "
                    "takes 5 MB. Send them by email.",
                    size=size / 1024**2,
                )
            )
        for attachment in attachments:
            mimetype = media.find_type(attachment.raw or b"")
            if mimetype not in media.SENDABLE:
                raise UserError(
                    self.env._(
                        "“%s” cannot go with a text: only JPEG, PNG, GIF and PDF files "
                        "can. Send it by email.",
                        attachment.name,
                    )
                )
            is_picture = mimetype.startswith("image/")
            if not is_picture and attachment.file_size > media.SEND_FILE_LIMIT:
                raise UserError(
                    self.env._(
                        "“%s” is too large: a PDF that goes with a text has at most "
                        "500 KB. Send it by email.",
                        attachment.name,
                    )
                )
