# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import clean_context

from ..tools import verdicts
from .sms_consent_advice import RECORD

DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
TEMPLATE_LIMIT = 80


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
        :rtype: dict
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
        :rtype: dict
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
        :rtype: dict
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
        :rtype: dict
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
        """Return the values of the composer that a reply goes through."""
        return {
            "composition_mode": "comment",
            "res_model": self._name,
            "res_id": self.id,
            "template_id": template.id,
            "send_at": fields.Datetime.to_datetime(send_at or False),
        }

    def _new_sms_composer(self, template=None, send_at=False):
        """Return a composer that is not stored, to ask it what would happen."""
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
        :rtype: dict
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
        """Return the template whose id a screen has sent, if it is of tickets."""
        if not template_id:
            return self.env["sms.template"]
        return self.env["sms.template"].search(
            [("model", "=", self._name), ("id", "=", int(template_id))]
        )
