# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ..providers import media
from ..tools.media import EXTENSIONS
from .sms_media import FAILED, STORED, WAITING

#: Pauses before it is tried again; after the last of them it is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))


class SmsMedia(models.Model):
    """What came of a fetch: attached to the text, tried again, or given up in words."""

    _inherit = "sms.media"

    def _settle(self, result):
        """Store what was fetched, or plan another attempt, or say that it is over.

        What was erased meanwhile is not stored: nobody may have it any more.

        :param result: see :meth:`_fetch`
        """
        locked = self.try_lock_for_update()
        if not locked or self.state != WAITING or self.inbound_id.erased_at:
            return
        if isinstance(result, media.Fetched):
            self._store(result)
        elif result in media.PASSING and self.attempts <= len(PAUSES):
            again_at = fields.Datetime.now() + PAUSES[self.attempts - 1]
            self.write({"next_at": again_at, "fault": result})
            self._wake(again_at)
        else:
            self._give_up(result)

    def _store(self, fetched):
        """Attach it to the text and its copy in the chatter.

        :param providers.media.Fetched fetched: the bytes and their type
        """
        inbound = self.inbound_id
        record = inbound.ticket_id or inbound
        # As it came: nothing is made of a picture that could go wrong.
        attachments = self.env["ir.attachment"].with_context(image_no_postprocess=True)
        attachment = attachments.with_user(SUPERUSER_ID).create(
            {
                "name": self._make_name(fetched.mimetype),
                "raw": fetched.data,
                "mimetype": fetched.mimetype,
                "res_model": record._name,
                "res_id": record.id,
            }
        )
        inbound.attachment_ids |= attachment
        inbound.mail_message_id.attachment_ids |= attachment
        self.write({"state": STORED, "fault": False, "attachment_id": attachment.id})
        if inbound.ticket_id:
            inbound.ticket_id._on_sms_media(inbound)

    def _make_name(self, mimetype):
        """Return a name for the file: the sender's phone gives none."""
        extension = EXTENSIONS[mimetype]
        number = len(self.inbound_id.attachment_ids) + 1
        if mimetype.startswith("image/"):
            return self.env._(
                "picture-%(number)s.%(kind)s", number=number, kind=extension
            )
        return self.env._("file-%(number)s.%(kind)s", number=number, kind=extension)

    def _give_up(self, fault):
        """Say on the ticket and on the text why it is not there, and what to do."""
        inbound = self.inbound_id
        self.write({"state": FAILED, "fault": fault})
        words = self._get_fault_words()
        note = self.env._(
            "A picture or a file that came with the customer's text of %(moment)s "
            "could not be fetched: %(reason)s",
            moment=inbound._format_moment(inbound.received_at),
            reason=words.get(fault, fault),
        )
        inbound.media_note = "\n".join(filter(None, (inbound.media_note, note)))
        if inbound.ticket_id:
            house = inbound.ticket_id.with_user(SUPERUSER_ID)
            house.message_post(body=note, subtype_xmlid="mail.mt_note")
            inbound.ticket_id._on_sms_media(inbound)

    @api.model
    def _get_fault_words(self):
        """Return what each fault means and what to do, in plain words."""
        ask = self.env._("Ask the customer to send it by e-mail.")
        again = self.env._("Ask the customer to send it again.")
        tell = self.env._("Tell an administrator.")
        return {
            media.TOO_LARGE: self.env._("it is larger than 10 MB. %s", ask),
            media.WRONG_TYPE: self.env._(
                "it is no picture, sound, video, PDF or contact card. %s", ask
            ),
            media.PRIVATE: self.env._(
                "its address leads into a private network. %s", tell
            ),
            media.REDIRECTS: self.env._("its address leads on and on. %s", tell),
            media.GONE: self.env._("the carrier does not have it any more. %s", again),
            media.REFUSED: self.env._(
                "the carrier does not give it to this account. %s", tell
            ),
            media.UNAVAILABLE: self.env._(
                "the carrier could not be reached. %s", again
            ),
            media.SLOW: self.env._("the carrier was too slow. %s", again),
            media.BAD_ADDRESS: self.env._("its address is wrong. %s", tell),
            media.NO_ACCOUNT: self.env._(
                "this company has no account at that carrier now. %s", tell
            ),
        }
