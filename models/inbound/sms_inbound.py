# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, plaintext2html

from ...tools import links, texts
from ...tools.phone import E164, canonical
from ..core.bulk_insert import as_array
from ..core.trail import trace

CONVERSATION, AUTOMATIC = ("conversation", "automatic")
#: Fields from which the gate knows who has texted lately.
KNOWN_FIELDS = {"company_id", "number", "kind", "received_at"}
#: A text may be huge; the record keeps all of it, the chatter this many characters.
CHATTER_LIMIT = 5000


class SmsInbound(models.Model):
    """Every received text, as it came, and what was done about it.

    Stored first under the carrier's id, so that a repeat is recognized whatever
    happens afterwards, then interpreted by ``sms.inbound.router``.
    """

    _name = "sms.inbound"
    _description = "Incoming Text Message"
    _inherit = ["sms.masked.number", "sms.personal.data"]
    _order = "id desc"
    _rec_name = "number"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    provider = fields.Char(required=True, readonly=True)
    provider_sid = fields.Char("Carrier's ID", required=True, readonly=True)
    number = fields.Char(
        "From", readonly=True, help="As the carrier names the sender, usually E.164."
    )
    to_number = fields.Char("To", readonly=True)
    service = fields.Char(
        "Messaging Service",
        readonly=True,
        help="The ID of the carrier's Messaging Service.",
    )
    body = fields.Text("Message", readonly=True)
    received_at = fields.Datetime(required=True, readonly=True)
    opt_out_type = fields.Char(
        "Answered by the Carrier",
        readonly=True,
        help="STOP, START or HELP: the carrier already answered, so no reply is sent.",
    )
    raw = fields.Json(readonly=True, groups="base.group_system")
    kind = fields.Selection(
        [
            ("stop", "Opt-out"),
            ("help", "Help"),
            ("start", "Rejoining"),
            ("join", "Joining"),
            ("confirm", "Confirmation"),
            ("service", "Command"),
            ("answer", "Answer to a question"),
            (CONVERSATION, "Conversation"),
            (AUTOMATIC, "Automatic reply"),
            ("unreadable", "No sender"),
        ],
        readonly=True,
    )
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True, index=True)
    ticket_id = fields.Many2one("helpdesk.ticket", readonly=True)
    lang = fields.Char(
        "Language",
        readonly=True,
        help="That of the keyword, or of the page on which the number was entered. A "
        "number without a contact is texted in it.",
    )
    is_overtaken = fields.Boolean(
        "Overtaken",
        readonly=True,
        help="An opt-out that came later was entered first, so the text is no consent.",
    )
    has_made_ticket = fields.Boolean(
        "Created the Ticket",
        readonly=True,
        help="The ticket was created from this text.",
    )
    is_thanks = fields.Boolean(
        "Thank-you", readonly=True, help="After its ticket was closed: nobody waits."
    )
    error = fields.Text(
        readonly=True, help="Why the text could not be processed. It is kept here."
    )
    read_at = fields.Datetime(
        "Read On", readonly=True, help="When a user read it on its ticket."
    )
    media_count = fields.Integer(
        "Pictures and Files Sent",
        readonly=True,
        help="Number of files that came with the text.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "sms_inbound_attachment_rel",
        string="Pictures and Files",
        readonly=True,
    )
    media_note = fields.Text(
        readonly=True, help="Why a picture or file that came with it is missing."
    )
    mail_message_id = fields.Many2one(
        "mail.message", "Copy in the Chatter", readonly=True, index="btree_not_null"
    )

    _provider_sid_unique = models.UniqueIndex("(company_id, provider_sid)")
    _number_index = models.Index("(company_id, number, id)")
    #: For counts by day: texts are stored in order, so few pages need to be read.
    _received_index = models.Index(
        "USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on)"
    )
    # For each message the gate looks for a text that has just come.
    _conversation_index = models.Index(
        "(number, company_id, received_at) WHERE kind = 'conversation'"
    )
    # With the id: the list of conversations shows the last text of each ticket.
    _ticket_index = models.Index("(ticket_id, id) WHERE ticket_id IS NOT NULL")
    _lang_index = models.Index("(company_id, number, id) WHERE lang IS NOT NULL")
    _unread_index = models.Index(
        "(ticket_id) WHERE read_at IS NULL AND ticket_id IS NOT NULL "
        "AND kind = 'conversation'"
    )

    def write(self, vals):
        """Drop the answers that the gate has read when a conversation changes."""
        is_known = KNOWN_FIELDS & vals.keys()
        if is_known and CONVERSATION in {vals.get("kind"), *self.mapped("kind")}:
            self.env["sms.consent"]._forget_answers()
        return super().write(vals)

    @api.model
    def _receive(self, company, event, received_at=None, is_overtaken=False):
        """Take in one text of a carrier; return its record, empty for a repeat.

        :param datetime received_at: when it came (UTC), default now
        :param bool is_overtaken: an opt-out that came later was recorded before
        """
        inbound_sudo = self.sudo()._store(company, event, received_at, is_overtaken)
        if inbound_sudo:
            router_sudo = self.env["sms.inbound.router"].sudo()
            # A number that has texted can be texted.
            if unusable_ids := router_sudo._get_sender(inbound_sudo)["unusable_ids"]:
                self.env["sms.unusable.number"].sudo().browse(unusable_ids).unlink()
            router_sudo._route(inbound_sudo)
            self.env["sms.media"]._expect(inbound_sudo, event.media)
            inbound_sudo._after_receiving()
            trace(inbound_sudo, "%s: received, %s on %s", "kind", "ticket_id")
        return inbound_sudo

    @api.model
    def _receive_failed(self, company, event, received_at, error):
        """Take in a text that could not be interpreted, as conversation for people."""
        if inbound_sudo := self.sudo()._store(company, event, received_at):
            inbound_sudo.error = str(error)
            self.env["sms.inbound.router"].sudo()._route_failed(inbound_sudo)
            self.env["sms.media"]._expect(inbound_sudo, event.media)
        return inbound_sudo

    def _after_media(self):
        """Hook: called when a picture has come, or will not come."""

    def _after_receiving(self):
        """Hook: called when a text was taken in."""

    @api.model
    def _store(self, company, event, received_at=None, is_overtaken=False):
        """Insert the raw event under its unique key.

        In SQL: of two copies that come at once, one waits for the other and then finds
        it (perhaps after Odoo's retry), where the ORM's create would fail.
        """

        def clean(text):
            """Hide the key of a page, as the sender may quote a text of ours."""
            return links.hide_keys(texts.clean(text))

        now = fields.Datetime.now()
        raw = {clean(key): clean(value) for key, value in event.raw.items()}
        values = {
            "company_id": company.id,
            "provider": event.provider,
            "provider_sid": clean(event.carrier_id),
            "number": canonical(clean(event.number).strip()) or None,
            "to_number": clean(event.to_number) or None,
            "service": clean(event.service) or None,
            "body": clean(event.body),
            "opt_out_type": clean(event.opt_out_type) or None,
            "media_count": len(event.media),
            "received_at": received_at or now,
            "is_overtaken": is_overtaken,
            "create_uid": self.env.uid,
            "create_date": now,
        }
        query = """
            INSERT INTO sms_inbound (%s, raw) VALUES %s
            ON CONFLICT (company_id, provider_sid) DO NOTHING
            RETURNING id
        """
        columns = SQL(", ").join(map(SQL.identifier, values))
        row = (*values.values(), json.dumps(raw))
        rows = self.env.execute_query(SQL(query, columns, row))
        if inbound := self.browse(row[0] for row in rows):
            inbound._cache_stored({**values, "raw": raw})
        return inbound

    def _cache_stored(self, values):
        """Cache what was just stored, so that it is not read; the rest is empty."""
        for name, field in self._fields.items():
            if field.store and field.column_type and field.prefetch and name != "id":
                field._insert_cache(self, [values.get(name)])

    @api.model
    def _get_word_langs(self, company, numbers):
        """Return ``{number: language code}`` by the last keywords that were texted."""
        self.flush_model(["company_id", "number", "lang"])
        query = """
            SELECT wanted.number, last.lang
              FROM unnest(%s) AS wanted (number),
                   LATERAL (
                       SELECT lang FROM sms_inbound
                        WHERE company_id = %s AND number = wanted.number
                          AND lang IS NOT NULL
                     ORDER BY id DESC LIMIT 1
                   ) AS last
        """
        wanted = as_array(numbers, "varchar")
        return dict(self.env.execute_query(SQL(query, wanted, company.id)))

    def _get_addresses(self):
        return [address for address in (self.to_number, self.service) if address]

    def _get_words(self):
        if words := (self.body or "").strip():
            return words
        env = self.with_context(lang=self.company_id._pick_sms_lang()).env
        silent = env._("(a text without words)")
        return env._("(a picture or a file)") if self.media_count else silent

    def _get_ticket_words(self):
        words = self._get_words()
        return {
            "name": texts.shorten(words),
            "description": plaintext2html(words[:CHATTER_LIMIT]),
        }

    @api.model
    def _get_unread_domain(self):
        """Return the domain of texts that nobody has read on their ticket yet."""
        unread = Domain("read_at", "=", False) & Domain("ticket_id", "!=", False)
        return unread & Domain("kind", "=", "conversation")

    def _is_from_phone(self):
        return bool(E164.match(self.number or ""))
