# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from collections import defaultdict
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from ...tools import TICKET_MODEL, consent, texts, verdicts
from ..consent.sms_consent_details import RECORD
from .helpdesk_ticket import DESK_GROUP
from .helpdesk_ticket_thread import EVENT, IN, NOTE, OUT, REVIEW

#: Name of the channel that a client subscribes to, followed by ``_<ticket id>``.
BUS_CHANNEL = "helpdesk_mgmt_sms.ticket"
_CHANNEL = re.compile(re.escape(BUS_CHANNEL) + r"_([0-9]{1,9})")
#: Bus message: which texts of an open conversation are new or have changed.
CHANGE_TYPE = "helpdesk_mgmt_sms/texts"
#: Bus message: who else has the conversation open.
PRESENCE_TYPE = "helpdesk_mgmt_sms/presence"
#: States of a user who has a conversation open.
PRESENCES = ("looking", "typing", "gone")
#: Bus message to users: a customer has texted.
NEWS_TYPE = "helpdesk_mgmt_sms/news"
#: Most tickets that one client may subscribe to; a screen shows a single one.
CHANNEL_LIMIT = 20
#: A colleague's text younger than this asks for confirmation if it was not yet seen.
OVERTAKEN_TIME = timedelta(minutes=2)


class HelpdeskTicket(models.Model):
    """The agent's conversation screen; composer and gate decide what is sent."""

    _inherit = "helpdesk.ticket"

    # === Calls from the screen ===

    def get_sms_conversation(self, before=False):
        """Return the newest texts of the ticket, and what the reply box needs.

        :param before: id of a text (``in-5``, ``out-12``): only what is older than it,
            and nothing for the reply box
        :return: ``messages`` (oldest first: notes, what was said about consent, and
            texts, see :meth:`_prepare_sms_text`), ``has_older``, ``unread`` (how many
            texts nobody has read), ``reply`` (see :meth:`_prepare_sms_reply`),
            ``templates`` (``id``, ``name`` and ``shortcut``), ``price`` (see
            ``res.company``)
        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        messages, has_older = self._read_sms_page(before)
        page = {"messages": messages, "has_older": has_older}
        if not before:
            company_sudo, number = self.sudo().company_id, self.partner_phone_sanitized
            page.update(
                unread=self.sms_unread_count,
                reply=self._prepare_sms_reply(),
                templates=self._get_sms_reply_templates(),
                price=company_sudo._get_sms_segment_price(number),
            )
        return page

    def get_sms_changes(self, message_ids):
        """Return the current state of the texts that the bus has named.

        :param list message_ids: ids of the thread's entries (``in-5``, ``out-12``)
        :return: ``messages`` (without what is gone), ``unread``, ``reply``: see
            :meth:`get_sms_conversation`
        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        return {
            "messages": self._read_sms_entries(self._parse_sms_text_ids(message_ids)),
            "unread": self.sms_unread_count,
            "reply": self._prepare_sms_reply(),
        }

    def preview_sms_reply(self, template_id=False, send_at=False):
        """Render a template for this ticket, and return when it would be sent.

        :param template_id: ``sms.template`` of tickets, or False
        :param send_at: UTC, ``YYYY-MM-DD HH:MM:SS``, or False
        :return: see :meth:`_prepare_sms_reply`, and ``body`` when a template was given
        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        template = self._find_sms_reply_template(template_id)
        composer = self._new_sms_composer(template, send_at)
        reply = self._prepare_sms_reply(composer)
        return {**reply, "body": composer.body or ""} if template else reply

    def send_sms_reply(
        self,
        body,
        key,
        template_id=False,
        send_at=False,
        attachment_ids=(),
        known_id=False,
        is_sure=False,
    ):
        """Text the ticket's customer through the composer.

        :param str body: as the agent wrote it; nothing is rendered in it
        :param str key: made up by the screen for this one text: a second call with it
            (a double click, a retry after a lost response) sends nothing
        :param template_id: ``sms.template`` that the text came from, or False
        :param send_at: UTC, ``YYYY-MM-DD HH:MM:SS``; False: as soon as it may
        :param list attachment_ids: pictures and files that the user has uploaded
        :param str known_id: the newest text of ours on the screen (``out-12``)
        :param bool is_sure: send even if somebody else has just answered
        :return: see :meth:`get_sms_changes`; ``is_repeated`` for a second call;
            ``is_overtaken`` when nothing was sent, with ``overtaken_by`` (see
            :meth:`_find_sms_overtaking`)
        :raises AccessError: if the user may not text from the ticket
        :raises UserError: for an empty text, or a time that has passed
        """
        self._check_sms_desk()
        self._check_may_send_sms()
        body = texts.clean(body if isinstance(body, str) else "")
        if not body.strip():
            raise UserError(self.env._("Write a text first."))
        overtaken_by = not is_sure and self._find_sms_overtaking(known_id)
        if overtaken_by:
            changes = self.get_sms_changes([overtaken_by["id"]])
            return {**changes, "is_overtaken": True, "overtaken_by": overtaken_by}
        template = self._find_sms_reply_template(template_id)
        file_ids = [self._read_sms_id(it) for it in attachment_ids or ()]
        values = {
            **self._get_sms_composer_values(template, send_at),
            "body": body,
            "desk_key": key,
            "attachment_ids": [fields.Command.set(file_ids)],
        }
        context = clean_context(self.env.context)
        # Replacing the whole context is intended here.
        # pylint: disable-next=context-overridden
        composers = self.env["sms.composer"].with_context(context)
        try:
            with self.env.cr.savepoint():
                composer = composers.create(values)
        except UniqueViolation:
            return {**self.get_sms_changes([]), "is_repeated": True}
        sent_sudo = composer._find_sent([composer._action_send_sms()])
        return self.get_sms_changes([f"{OUT}-{sms.id}" for sms in sent_sudo])

    def _find_sms_overtaking(self, known_id):
        """Return a text that somebody else has just sent and the screen lacks.

        Of two who send at once, Odoo retries the later, which then finds the first.

        :param str known_id: the newest text of ours on the screen, or False
        :return: ``id``, ``author``, ``seconds`` (its age) and ``body`` (as far as the
            user may read it); or None
        """
        company, number = self.sudo().company_id, self.partner_phone_sanitized
        self.env["sms.rate.limit"].sudo()._is_over("replies", f"{company.id}:{number}")
        known = self._parse_sms_text_ids([known_id])[OUT]
        now = fields.Datetime.now()
        domain = [
            ("record_company_id", "=", company.id),
            ("number", "=", number),
            ("id", ">", known[0] if known else 0),
            ("is_personal", "=", True),
            ("state", "not in", ("canceled", "error")),
            ("create_uid", "!=", self.env.uid),
            ("create_date", ">=", now - OVERTAKEN_TIME),
        ]
        newest_sudo = self.env["sms.sms"].sudo()
        newest_sudo = newest_sudo.search(domain, order="id desc", limit=1)
        if not newest_sudo or not number:
            return None
        seconds = (now - newest_sudo.create_date).total_seconds()
        [entry] = self._read_sms_texts([], newest_sudo.ids)
        return {
            "id": f"{OUT}-{newest_sudo.id}",
            "author": newest_sudo.create_uid.name,
            "seconds": max(0, round(seconds)),
            "body": entry.get("body", "…"),
        }

    def take_sms_way(self, message_id, name):
        """Run an action that was offered for a text of ours.

        :param str message_id: id of one of the ticket's texts (``out-12``)
        :param str name: name of one of its ``ways``, see :meth:`_get_sms_ways`
        :return: an action to open, or False
        :raises AccessError: if the user may not text from the ticket
        :raises UserError: if it is no longer offered
        """
        self._check_sms_desk()
        self._check_may_send_sms()
        ids = self._parse_sms_text_ids([message_id])[OUT]
        sms_sudo = self.env["sms.sms"].sudo().browse(ids).exists()
        if not (sms_sudo and self._has_sms_posted(sms_sudo)):
            raise UserError(self.env._("This is no longer there. Reload the page."))
        return sms_sudo.sudo(False)._take_way(name)

    def mark_sms_read(self):
        """Mark the texts of this ticket as read, once a screen has shown them.

        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        if self.sms_unread_count:
            self._mark_sms_read()
        return True

    def get_sms_news(self, is_back=False):
        """Return the notification for the newest text that nobody has read yet.

        :param bool is_back: the conversation was snoozed until now
        :return: ``title``, ``body``; False once somebody has read it
        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = [("ticket_id", "=", self.id), *inbound_sudo._get_unread_domain()]
        inbound_sudo = inbound_sudo.search(domain, limit=1)
        if not inbound_sudo and not is_back:
            return False
        body = inbound_sudo.body or self.env._("A picture or a file")
        return {
            "title": self.env._(
                "%(customer)s, ticket %(number)s",
                customer=self.sms_contact_label,
                number=self.number,
            ),
            "body": body if inbound_sudo else self.env._("No longer snoozed"),
        }

    def _check_sms_desk(self):
        """Raise an AccessError unless a helpdesk user who may read the ticket."""
        self.ensure_one()
        self._check_sms_user()
        self.check_access("read")

    # === Reply box ===

    def _get_sms_composer_values(self, template, send_at):
        return {
            "composition_mode": "comment",
            "res_model": self._name,
            "res_id": self.id,
            "template_id": template.id,
            "send_at": self._read_sms_time(send_at),
        }

    def _new_sms_composer(self, template=None, send_at=False):
        template = template or self.env["sms.template"]
        values = self._get_sms_composer_values(template, send_at)
        return self.env["sms.composer"].new(values)

    def _prepare_sms_reply(self, composer=None):
        """Return what the reply box says about the next text.

        :param composer: ``sms.composer``; default: one for a text sent at once
        :return: ``number`` (as people write it), ``call`` (E.164 or empty), ``blocked``
            (why nothing may be sent, or empty), ``advice`` and ``button`` (what to do
            about it, see ``sms.consent.details``), ``is_time_wrong`` (whether it may be
            sent at another time), ``answer_note``, ``time_note``, ``footer``,
            ``may_send_media`` (whether pictures can go along), ``consent_state``
        """
        number = self.partner_phone_sanitized
        try:
            self._check_may_send_sms()
        except AccessError as error:
            composer, blocked = self.env["sms.composer"], str(error)
        else:
            composer = composer or self._new_sms_composer()
            blocked = composer.sms_block_reason or ""
        reply = {
            "number": self._get_sms_number_label() or "",
            "call": number or "",
            "blocked": blocked,
            "advice": "",
            "button": False,
            "is_time_wrong": composer.is_time_wrong,
            "answer_note": composer.sms_answer_note or "",
            "time_note": composer.sms_time_note or "",
            "footer": composer.sms_footer or "",
            "may_send_media": composer.may_send_media,
            "consent_state": self.sms_consent_state,
        }
        if composer and blocked and number and not composer.is_time_wrong:
            reply.update(self._advise_sms_refusal(composer, number))
        return reply

    def _advise_sms_refusal(self, composer, number):
        """Return what can be done about a refusal; see :meth:`_prepare_sms_reply`."""
        get_label = self.env["sms.sms"]._get_gate_label
        blocked, purpose = composer.sms_block_reason, composer._get_sms_purpose()
        explainer, company = self.env["sms.consent.details"], self.sudo().company_id
        details = explainer._explain(company, number, number, purpose)
        if blocked in (get_label(verdicts.NO_PROOF), get_label(verdicts.UNPROVEN)):
            # What they have said is not enough: as if they had said nothing.
            details |= explainer._advise(company, consent.NONE, "", None)
            details.update(state=consent.NONE, advice=blocked)
        is_reviewed = blocked == get_label(verdicts.UNDER_REVIEW)
        if details["state"] == consent.OPTED_IN and not is_reviewed:
            return {}
        button, advice = details["button"], details["advice"]
        # If it can be done on the spot, the button says enough.
        if button and button["kind"] == RECORD:
            button["context"]["default_purpose_ids"] = purpose.ids
            return {"button": button}
        if advice != blocked:
            return {"button": button, "advice": advice}
        if composer.is_bound:
            return {"advice": advice, "blocked": get_label(verdicts.OPTED_OUT)}
        return {}

    def _get_sms_reply_templates(self):
        replaced = Domain("copy_ids.company_id", "=", self.sudo().company_id.id)
        return self.env["sms.template"].search_read(
            self._get_sms_reply_domain() & ~replaced,
            ["name", "shortcut"],
            limit=80,
            order="name",
        )

    def _get_sms_reply_domain(self):
        """Return the domain of the templates for customers of the ticket's company."""
        return (
            Domain("model", "=", self._name)
            & Domain("company_id", "in", (False, self.sudo().company_id.id))
            & Domain("is_internal", "=", False)
        )

    def _find_sms_reply_template(self, template_id):
        templates = self.env["sms.template"]
        if not template_id:
            return templates
        is_it = Domain("id", "=", self._read_sms_id(template_id))
        return templates.search(is_it & self._get_sms_reply_domain())

    # === Texts of the ticket alone ===

    def _get_sms_ways(self, sms):
        """Return the actions offered for a text of ours, without a query.

        :param sms: ``sms.sms`` in sudo, one of the ticket's
        :return: list of ``name`` (technical) and ``label`` (of the button, translated)
        """
        offered = sms.sudo(False)._get_ways()
        labels = offered and sms._get_way_labels()
        return [{"name": name, "label": labels[name]} for name in offered]

    # === Bus ===

    @api.model
    def _get_sms_bus_channel(self, ticket_id):
        """Return a ticket's channel: a tuple, which no client can subscribe to."""
        return (self.env.cr.dbname, BUS_CHANNEL, ticket_id)

    @api.model
    def _get_sms_bus_channels(self, names):
        """Split names into channels of tickets that the user may read, and the rest."""
        found = {it: _CHANNEL.fullmatch(it) for it in names if isinstance(it, str)}
        others = [name for name in names if not found.get(name)]
        ids = [int(match[1]) for match in found.values() if match][:CHANNEL_LIMIT]
        if not ids or not self.env.user.has_group(DESK_GROUP):
            return [], others
        tickets = self.with_context(active_test=False).search([("id", "in", ids)])
        return [self._get_sms_bus_channel(ticket.id) for ticket in tickets], others

    def share_sms_presence(self, state, is_new=False):
        """Tell others who have the conversation open that the user is there too.

        Nothing is stored: screens drop it by themselves after a while.

        :param str state: one of :data:`PRESENCES`
        :param bool is_new: ask the others to announce themselves in turn
        :raises AccessError: unless a helpdesk user who may read the ticket
        """
        self._check_sms_desk()
        if state not in PRESENCES:
            return False
        payload = {
            "ticket_id": self.id,
            "user_id": self.env.uid,
            "name": self.env.user.name,
            "state": state,
            "is_new": bool(is_new),
        }
        channel = self._get_sms_bus_channel(self.id)
        self.env["bus.bus"].sudo()._sendone(channel, PRESENCE_TYPE, payload)
        return True

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        self._notify_sms_note(message)
        return result

    def _message_update_content(self, message, /, **kwargs):
        result = super()._message_update_content(message, **kwargs)
        self._notify_sms_note(message)
        return result

    def _notify_sms_note(self, message):
        """Notify open conversations of a new, changed or deleted internal note."""
        if message.message_type == "comment" and message.subtype_id.sudo().internal:
            self._notify_sms_desks({self.id: [f"{NOTE}-{message.id}"]})


class SmsConsent(models.Model):
    """Shows consent events on open conversations, whatever their source."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        """Notify the conversations of all numbers of a batch, with one query."""
        result = super()._after_answers(change)
        text_ids = {(change.company.id, it): [] for it in change.numbers.values()}
        acts = defaultdict(set)
        for values in change.events:
            act = change.numbers[values["number_hash"]], values.get("evidence_id")
            acts[act].add((values["event"], values["id"]))
        for (number, _evidence_id), said in acts.items():
            first = {event: row_id for event, row_id in sorted(said, reverse=True)}
            text_ids[change.company.id, number] += [
                f"{EVENT}-{row_id}" for row_id in first.values()
            ]
        self.env[TICKET_MODEL]._notify_sms_number_desks(text_ids)
        return result


class SmsConsentReview(models.Model):
    """Shows reviews of possible opt-outs on open conversations."""

    _inherit = "sms.consent.review"

    @api.model_create_multi
    def create(self, vals_list):
        """Notify the conversations of the numbers."""
        reviews = super().create(vals_list)
        reviews._notify_desks()
        return reviews

    def write(self, vals):
        """Notify the conversations of the numbers when a review is decided."""
        result = super().write(vals)
        if "state" in vals:
            self._notify_desks()
        return result

    def _notify_desks(self):
        text_ids = {}
        for review in self.sudo():
            key = review.company_id.id, review.number
            text_ids.setdefault(key, []).append(f"{REVIEW}-{review.id}")
        self.env[TICKET_MODEL]._notify_sms_number_desks(text_ids)


class SmsInbound(models.Model):
    """Shows a text and its media on the open conversations of its number."""

    _inherit = "sms.inbound"

    def _after_receiving(self):
        """Show a text without a ticket, as a STOP or an answer, on all of them."""
        result = super()._after_receiving()
        if not self.mail_message_id:
            key = self.company_id.id, self.number
            self.env[TICKET_MODEL]._notify_sms_number_desks({key: [f"{IN}-{self.id}"]})
        return result

    def _after_media(self):
        """Refresh the text on its ticket once its media are loaded."""
        result = super()._after_media()
        if self.ticket_id:
            self.ticket_id._notify_sms_desks({self.ticket_id.id: [f"{IN}-{self.id}"]})
        return result
