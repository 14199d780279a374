# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...providers import media
from ...tools.media import EXTENSIONS
from ...tools.texts import clip
from ..core.batch_jobs import lock_next, work_off_calls

_logger = logging.getLogger(__name__)
WAITING, STORED, FAILED = ("waiting", "stored", "failed")
#: A fetch without a result after this time was killed, and is repeated.
LEASE = timedelta(minutes=5)
#: Pause while an account cannot be used: nothing is fetched by it.
LOCKED_PAUSE = timedelta(minutes=15)
#: Longest address, in characters.
URL_LIMIT = 2000
#: Pauses before each further attempt; after the last one the fetch is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))


class SmsMedia(models.Model):
    """A picture or a file that came with a text and is to be fetched from the carrier.

    The carrier is answered first. A cron fetches, with no transaction open meanwhile:
    the claim is committed before, the result afterwards, together with the attachment.
    So after a kill in between it is fetched again, and never stored twice.
    """

    _name = "sms.media"
    _description = "Picture or File of a Text Message"
    _order = "id"
    _rec_name = "inbound_id"

    inbound_id = fields.Many2one(
        "sms.inbound",
        "Received Text",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    url = fields.Char("Address", readonly=True, groups="base.group_system")
    content_type = fields.Char(
        "Claimed Type", readonly=True, help="What it is, as the sender's phone says."
    )
    state = fields.Selection(
        [(WAITING, "To be fetched"), (STORED, "Stored"), (FAILED, "Not fetched")],
        required=True,
        readonly=True,
        default=WAITING,
    )
    fault = fields.Char(readonly=True, help="Why it was not fetched, for developers.")
    attempts = fields.Integer(readonly=True, default=0, required=True)
    next_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    attachment_id = fields.Many2one(
        "ir.attachment", readonly=True, index="btree_not_null"
    )

    _due_index = models.Index("(next_at, id) WHERE state = 'waiting'")

    @api.model
    def _expect(self, inbound, expected):
        """Queue the files of a text, to be fetched after the carrier was answered."""
        if not expected:
            return
        vals_list = [
            {
                "inbound_id": inbound.id,
                "url": clip(it.url, URL_LIMIT),
                "content_type": clip(it.content_type, 100),
            }
            for it in expected
        ]
        self.sudo().create(vals_list)
        self.env["ir.cron"]._wake_sms("ir_cron_sms_media")

    @api.model
    def _run(self):
        """Fetch the files that are due, one after the other (a cron)."""
        steps = (type(self)._prepare_call, type(self)._record_result)
        work_off_calls(self.env, self._claim, *steps)

    @api.model
    def _claim(self):
        now = fields.Datetime.now()
        due = SQL("state = 'waiting' AND next_at <= %s", now)
        row = lock_next(self, due, SQL("next_at, id"))
        row.write({"attempts": row.attempts + 1, "next_at": now + LEASE})
        return row

    def _prepare_call(self):
        inbound = self.inbound_id
        if inbound.company_id._find_sms_account_lock(inbound.provider):
            self.attempts -= 1  # this was no attempt
            self.next_at = fields.Datetime.now() + LOCKED_PAUSE
            self.env["ir.cron"]._wake_sms("ir_cron_sms_media", self.next_at)
            return None
        return partial(self._fetch, self._get_provider(), self.url, str(self))

    def _get_provider(self):
        """Return the adapter of the carrier that brought it, or None if it was left."""
        company, code = self.inbound_id.company_id, self.inbound_id.provider
        is_known = code in company._get_sms_carriers()
        return company._get_sms_provider(code) if is_known else None

    @api.model
    def _fetch(self, provider, url, name):
        """Return what was fetched, or the fault, without touching the database."""
        if not provider:
            return media.NO_ACCOUNT
        try:
            return provider.fetch_media(url)
        except media.MediaFailed as failed:
            return failed.fault
        except Exception:  # whatever the network's libraries raise
            _logger.exception("%s: the picture was not fetched", name)
            return media.UNAVAILABLE

    def _record_result(self, result):
        """Store what was fetched, or plan another attempt, or give up.

        A file of a text that was erased meanwhile is not stored: nobody may have it.
        """
        locked = self.try_lock_for_update()
        if not locked or self.state != WAITING or self.inbound_id.erased_at:
            return
        if isinstance(result, media.Fetched):
            self._store(result)
        elif result in media.PASSING and self.attempts <= len(PAUSES):
            again_at = fields.Datetime.now() + PAUSES[self.attempts - 1]
            self.write({"next_at": again_at, "fault": result})
            self.env["ir.cron"]._wake_sms("ir_cron_sms_media", again_at)
        else:
            self._give_up(result)

    def _store(self, fetched):
        """Attach the file to the text and its copy in the chatter."""
        inbound = self.inbound_id
        record = inbound.ticket_id or inbound
        # As it came: no processing of a picture that could fail.
        attachments = self.env["ir.attachment"].with_context(image_no_postprocess=True)
        vals = {"name": self._make_name(fetched.mimetype), "raw": fetched.data}
        vals |= {"res_model": record._name, "res_id": record.id}
        vals["mimetype"] = fetched.mimetype
        attachment = attachments.with_user(SUPERUSER_ID).create(vals)
        inbound.attachment_ids |= attachment
        inbound.mail_message_id.attachment_ids |= attachment
        self.write({"state": STORED, "fault": False, "attachment_id": attachment.id})
        inbound._after_media()

    def _make_name(self, mimetype):
        """Return a name for the file: the sender's phone gives none."""
        number = len(self.inbound_id.attachment_ids) + 1
        values = {"number": number, "kind": EXTENSIONS[mimetype]}
        if mimetype.startswith("image/"):
            return self.env._("picture-%(number)s.%(kind)s", **values)
        return self.env._("file-%(number)s.%(kind)s", **values)

    def _give_up(self, fault):
        """Note on the ticket and the text why the file is missing, and what to do."""
        inbound = self.inbound_id
        self.write({"state": FAILED, "fault": fault})
        own = self.with_context(lang=inbound.company_id._pick_sms_lang())
        note = own.env._(
            "A picture or file of the customer's text could not be downloaded: %s",
            own._get_fault_words().get(fault, fault),
        )
        inbound.media_note = "\n".join(filter(None, (inbound.media_note, note)))
        if inbound.ticket_id:
            house = inbound.ticket_id.with_user(SUPERUSER_ID)
            house.message_post(body=note, subtype_xmlid="mail.mt_note")
        inbound._after_media()

    @api.model
    def _get_fault_words(self):
        """Return what each fault means and what to do, in plain words."""
        ask = self.env._("Ask the customer to send it by email.")
        again = self.env._("Ask the customer to send it again.")
        tell = self.env._("Tell an administrator.")
        return {
            media.TOO_LARGE: self.env._("it is larger than 10 MB. %s", ask),
            media.WRONG_TYPE: self.env._(
                "it is not a picture, sound, video, PDF or contact card. %s", ask
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
