# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

#: Texts that are read at once.
PAGE_SIZE = 30
#: Texts that a screen may ask for by their ids at once.
CHANGES_LIMIT = 200
#: The direction of a text as the agent sees it; the first part of its id on a screen.
IN, OUT = "in", "out"
_ID = re.compile(rf"({IN}|{OUT})-([0-9]{{1,9}})")


class HelpdeskTicket(models.Model):
    """The texts of a ticket, theirs and ours, as its conversation shows them."""

    _inherit = "helpdesk.ticket"

    @api.model
    def _parse_sms_text_ids(self, message_ids):
        """Return ``{direction: ids of rows}`` for the ids that a screen has sent."""
        rows = {IN: [], OUT: []}
        for message_id in (message_ids or [])[:CHANGES_LIMIT]:
            if match := _ID.fullmatch(str(message_id)):
                rows[match[1]].append(int(match[2]))
        return rows

    def _query_sms_texts(self):
        """Return the query for ``(ticket_id, direction, id, at)`` of all their texts.

        Times are compared by the second: what is made in the transaction of a text that
        came in is as old as it, and follows it.
        """
        for name in ("sms.sms", "sms.inbound", "mail.message"):
            self.env[name].flush_model()
        return SQL(
            """
            SELECT ticket_id, %(theirs)s AS direction, id,
                   date_trunc('second', received_at) AS at
              FROM sms_inbound
             WHERE ticket_id = ANY(%(ids)s)
             UNION ALL
            SELECT message.res_id, %(ours)s, sms.id,
                   date_trunc('second', sms.create_date)
              FROM mail_message message
              JOIN sms_sms sms ON sms.mail_message_id = message.id
             WHERE message.model = %(model)s AND message.res_id = ANY(%(ids)s)
            """,
            theirs=IN,
            ours=OUT,
            ids=self.ids,
            model=self._name,
        )

    def _read_sms_page(self, before=False):
        """Return the newest texts, or those before one of them.

        :return: texts, oldest first, and whether there are older ones
        """
        start = SQL("TRUE")
        for direction, ids in self._parse_sms_text_ids(before and [before]).items():
            if ids:
                start = SQL(
                    "(at, direction, id) < (SELECT at, direction, id FROM texts"
                    " WHERE direction = %s AND id = %s)",
                    direction,
                    ids[0],
                )
        found = self.env.execute_query(
            SQL(
                "WITH texts AS (%s) SELECT direction || '-' || id FROM texts WHERE %s"
                " ORDER BY at DESC, direction DESC, id DESC LIMIT %s",
                self._query_sms_texts(),
                start,
                PAGE_SIZE + 1,
            )
        )
        ids = [row[0] for row in found]
        return self._read_sms_texts(ids[:PAGE_SIZE]), len(ids) > PAGE_SIZE

    def _read_sms_texts(self, message_ids):
        """Return some of the ticket's texts, oldest first.

        :param list message_ids: as screens know them; others' are left out
        """
        self.ensure_one()
        rows = self._parse_sms_text_ids(message_ids)
        inbound_sudo = self.env["sms.inbound"].sudo()
        inbound_sudo = inbound_sudo.search(
            [("id", "in", rows[IN]), ("ticket_id", "=", self.id)]
        )
        sms_sudo = self.env["sms.sms"].sudo()
        sms_sudo = sms_sudo.search(
            [
                ("id", "in", rows[OUT]),
                ("mail_message_id.model", "=", self._name),
                ("mail_message_id.res_id", "=", self.id),
            ]
        )
        may_move = self.env["sms.sms"].has_access("read")
        texts = [self._prepare_sms_inbound(inbound) for inbound in inbound_sudo]
        texts += [self._prepare_sms_outgoing(sms, may_move) for sms in sms_sudo]
        return sorted(texts, key=self._sms_text_order)

    @staticmethod
    def _sms_text_order(text):
        """Sort as :meth:`_read_sms_page` does."""
        direction, row_id = text["id"].split("-")
        return text["date"], direction, int(row_id)

    def _prepare_sms_inbound(self, inbound):
        """Return a text of theirs as the conversation shows it.

        :return: ``id`` (``in-5``), ``direction``, ``body``, ``date`` (UTC, ``YYYY-MM-DD
            HH:MM:SS``), ``author``, ``number`` (when it is not the ticket's),
            ``attachments``, ``note`` (why a picture is not here), ``is_loading``
            (whether pictures are still to come), ``kind``
        """
        is_other = inbound.number != self.partner_phone_sanitized
        return {
            "id": f"{IN}-{inbound.id}",
            "direction": IN,
            "body": inbound.body or "",
            "date": fields.Datetime.to_string(inbound.received_at),
            "author": inbound.partner_id.name or self.sms_customer_name,
            "number": is_other and inbound.number or "",
            "attachments": self._prepare_sms_attachments(inbound),
            "note": inbound.media_note or "",
            "is_loading": self._is_sms_media_expected(inbound),
            "kind": inbound.kind or "",
        }

    def _prepare_sms_outgoing(self, sms, may_move):
        """Return a text of ours as the conversation shows it.

        :param bool may_move: whether the reader may move or cancel what waits
        :return: as :meth:`_prepare_sms_inbound` up to ``attachments``; ``state``,
            ``label`` and ``reason`` (in an agent's words), ``template`` (empty for what
            a person wrote), ``is_movable``
        """
        # Portal users and the webhook's own write no texts; what they set off does.
        maker = sms.create_uid
        is_automatic = maker.id == SUPERUSER_ID or maker.share
        author = sms.mail_message_id.author_id or maker.partner_id
        is_other = sms.number != self.partner_phone_sanitized
        return {
            "id": f"{OUT}-{sms.id}",
            "direction": OUT,
            "body": sms.body or "",
            "date": fields.Datetime.to_string(sms.create_date),
            "author": "" if is_automatic else author.name,
            "template": sms.template_id.name or "" if not sms.is_personal else "",
            "number": is_other and sms.number or "",
            "attachments": self._prepare_sms_attachments(sms),
            "state": sms.shown_state or "",
            "label": sms.shown_label or "",
            "reason": sms.shown_reason or "",
            "is_movable": may_move and sms.state == "outgoing",
        }

    @api.model
    def _is_sms_media_expected(self, inbound):
        """Tell if pictures or files of a text are still to be fetched."""
        is_told = inbound.media_note or inbound.erased_at
        return not is_told and inbound.media_count > len(inbound.attachment_ids)

    @api.model
    def _prepare_sms_attachments(self, text):
        """Return the pictures and files of a text: ``id``, ``name``, ``mimetype``."""
        return [
            {"id": file.id, "name": file.name, "mimetype": file.mimetype or ""}
            for file in text.attachment_ids
        ]
