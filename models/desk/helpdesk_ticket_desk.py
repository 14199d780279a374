# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from ...tools import verdicts
from ..consent.sms_consent_details import RECORD

DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
TEMPLATE_LIMIT = 80
#: Texts that are read at once.
PAGE_SIZE = 30
#: Texts that a screen may ask for by their ids at once.
CHANGES_LIMIT = 200
#: The direction of a text as the agent sees it; the first part of its id on a screen.
IN, OUT = "in", "out"
_ID = re.compile(rf"({IN}|{OUT})-([0-9]{{1,9}})")


class HelpdeskTicket(models.Model):
    """The agent's desk: what the conversation on a ticket asks of the server.

    It decides nothing: what may be sent, and as what, the composer and the gate say.
    """

    _inherit = "helpdesk.ticket"

    # What the screen calls
    # ------------------------------------------------------------

    def get_sms_conversation(self, before=False):
        """Return the newest texts of the ticket, and what the reply box needs.

        The number of queries does not grow with the number of texts.

        :param before: id of a text (``in-5``, ``out-12``): only what is older than it,
            and nothing for the reply box
        :return: ``messages`` (oldest first, see :meth:`_prepare_sms_texts`),
            ``has_older``, ``unread`` (how many texts nobody has read), ``reply`` (see
            :meth:`_prepare_sms_reply`), ``templates`` (``id`` and ``name``), ``price``
            (see ``res.company``)
        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self._check_sms_desk()
        messages, has_older = self._read_sms_page(before)
        page = {"messages": messages, "has_older": has_older}
        if before:
            return page
        return {
            **page,
            "unread": self.sms_unread_count,
            "reply": self._prepare_sms_reply(),
            "templates": self._get_sms_reply_templates(),
            "price": self.sudo().company_id._get_sms_segment_price(
                self.partner_phone_sanitized
            ),
        }

    def get_sms_changes(self, message_ids):
        """Return some texts as they are now: those that the bus has named.

        :param list message_ids: ids of texts (``in-5``, ``out-12``); others than the
            ticket's are left out
        :return: ``messages``, ``unread`` and ``reply``: see
            :meth:`get_sms_conversation`
        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self._check_sms_desk()
        return {
            "messages": self._read_sms_texts(message_ids),
            "unread": self.sms_unread_count,
            "reply": self._prepare_sms_reply(),
        }

    def preview_sms_reply(self, template_id=False, send_at=False):
        """Return a template's text for this ticket, and when it would leave.

        It is rendered here, once; what is sent is what the agent saw.

        :param template_id: ``sms.template`` of tickets, or False
        :param send_at: UTC, ``YYYY-MM-DD HH:MM:SS``, or False
        :return: see :meth:`_prepare_sms_reply`, and ``body`` when a template was given
        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self._check_sms_desk()
        template = self._find_sms_reply_template(template_id)
        composer = self._new_sms_composer(template, send_at)
        reply = self._prepare_sms_reply(composer)
        return {**reply, "body": composer.body or ""} if template else reply

    def send_sms_reply(
        self, body, key, template_id=False, send_at=False, attachment_ids=()
    ):
        """Text the ticket's customer, in the composer's way.

        :param str body: as the agent wrote it; nothing is rendered in it
        :param str key: made up by the screen for this one text: a second call with it,
            by a double click or after a lost answer, sends nothing
        :param template_id: ``sms.template`` that the text came from, or False
        :param send_at: UTC, ``YYYY-MM-DD HH:MM:SS``; False: as soon as it may
        :param list attachment_ids: pictures and files that the user has uploaded
        :return: see :meth:`get_sms_changes`; ``is_repeated`` for a second call
        :raises AccessError: for who may not text from the ticket
        :raises UserError: for a text without words, or a time that has passed
        """
        self._check_sms_desk()
        self._check_may_text()
        if not (body or "").strip():
            raise UserError(self.env._("Write a text first."))
        template = self._find_sms_reply_template(template_id)
        values = {
            **self._get_sms_composer_values(template, send_at),
            **{"body": body, "desk_key": key},
            "attachment_ids": [(6, 0, list(attachment_ids))],
        }
        # A context that replaces the old one is what is wanted here.
        # pylint: disable-next=context-overridden
        composers = self.env["sms.composer"].with_context(
            clean_context(self.env.context)
        )
        try:
            with self.env.cr.savepoint():
                composer = composers.create(values)
        except UniqueViolation:
            return {**self.get_sms_changes([]), "is_repeated": True}
        messages = composer._action_send_sms()
        sms_sudo = self.env["sms.sms"].sudo()
        sent_sudo = sms_sudo.search([("mail_message_id", "in", messages.ids)])
        return self.get_sms_changes([f"out-{sms.id}" for sms in sent_sudo])

    def mark_sms_read(self):
        """Note that the texts of this ticket are read: they have been on a screen.

        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self._check_sms_desk()
        if self.sms_unread_count:
            self._mark_sms_read()
        return True

    # What it rests on
    # ------------------------------------------------------------

    def _check_sms_desk(self):
        """Refuse the conversation to who may not have it.

        Customers and other employees may read tickets too, and not what is noted here
        on texts.

        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self.ensure_one()
        if not self.env.user.has_group(DESK_GROUP):
            raise AccessError(
                self.env._("Only helpdesk users read the text messages of a ticket.")
            )
        self.check_access("read")

    def _get_sms_composer_values(self, template, send_at):
        return {
            "composition_mode": "comment",
            "res_model": self._name,
            "res_id": self.id,
            "template_id": template.id,
            "send_at": fields.Datetime.to_datetime(send_at or False),
        }

    def _new_sms_composer(self, template=None, send_at=False):
        template = template or self.env["sms.template"]
        values = self._get_sms_composer_values(template, send_at)
        return self.env["sms.composer"].new(values)

    def _prepare_sms_reply(self, composer=None):
        """Return what the reply box says about the next text.

        :param composer: ``sms.composer``, default: for a plain text at once
        :return: ``number`` (as people write it), ``call`` (E.164 or empty), ``blocked``
            (why nothing may be sent, or empty), ``advice`` and ``button`` (what to do
            about it, see ``sms.consent.details``), ``is_time_wrong`` (whether it may be
            sent at another time), ``answer_note``, ``time_note``, ``footer``,
            ``may_send_media`` (whether pictures can go along)
        """
        number = self.partner_phone_sanitized
        label = number and self._phone_format(
            number=number, force_format="INTERNATIONAL"
        )
        reply = {
            "number": label or self.partner_phone or "",
            "call": number or "",
            **dict.fromkeys(("blocked", "advice", "answer_note"), ""),
            **dict.fromkeys(("time_note", "footer"), ""),
            "button": False,
            **dict.fromkeys(("is_time_wrong", "may_send_media"), False),
        }
        try:
            self._check_may_text()
        except AccessError as error:
            return {**reply, "blocked": str(error)}
        composer = composer or self._new_sms_composer()
        reply.update(
            blocked=composer.sms_block_reason or "",
            is_time_wrong=composer.is_time_wrong,
            answer_note=composer.sms_answer_note or "",
            time_note=composer.sms_time_note or "",
            footer=composer.sms_footer or "",
            may_send_media=composer.may_send_media,
        )
        if reply["blocked"] and number and not reply["is_time_wrong"]:
            details = self.get_sms_consent_details()
            button = details["button"]
            # Where it can be done here and now, the button says it.
            is_done_here = button and button["kind"] == RECORD
            advice = "" if is_done_here else details["advice"]
            reply.update(button=button, advice=advice)
            if advice and advice == reply["blocked"]:
                labels = dict(composer._fields_gate_labels())
                reply["blocked"] = labels[verdicts.OPTED_OUT]
        return reply

    @api.model
    def _get_sms_reply_templates(self):
        """Return the templates to pick from, as ``id`` and ``name``."""
        templates = self.env["sms.template"]
        company = self.env.company
        replaced = [
            shared_id
            for shared_id, company_id in templates._get_copies()
            if company_id == company.id
        ]
        return templates.search_read(
            [
                ("model", "=", self._name),
                ("company_id", "in", (False, company.id)),
                ("id", "not in", replaced),
            ],
            ["name"],
            limit=TEMPLATE_LIMIT,
            order="name",
        )

    @api.model
    def _find_sms_reply_template(self, template_id):
        if not template_id:
            return self.env["sms.template"]
        return self.env["sms.template"].search(
            [("model", "=", self._name), ("id", "=", int(template_id))]
        )

    # ------------------------------------------------------------------
    # The texts of a ticket, theirs and ours, as its conversation shows them
    # ------------------------------------------------------------------

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
        """Return the newest texts, or those before one of them."""
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
        """Return some of the ticket's texts, oldest first."""
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
        is_told = inbound.media_note or inbound.erased_at
        return not is_told and inbound.media_count > len(inbound.attachment_ids)

    @api.model
    def _prepare_sms_attachments(self, text):
        """Return the pictures and files of a text: ``id``, ``name``, ``mimetype``."""
        return [
            {"id": file.id, "name": file.name, "mimetype": file.mimetype or ""}
            for file in text.attachment_ids
        ]
