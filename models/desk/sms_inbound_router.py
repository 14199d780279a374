# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import datetime
from functools import partial

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, models
from odoo.tools import SQL, plaintext2html

from ...tools import keywords, replies, reply_codes, texts, ticket_texts
from ..inbound.sms_inbound import CHATTER_LIMIT
from .helpdesk_ticket_team import REOPEN_DAYS

_logger = logging.getLogger(__name__)
#: Newest tickets of a number among which a text may name one.
NAMED_LIMIT = 200
#: Most tickets read for a status list; those that do not fit are counted up to this.
READ_LIMIT = 50
#: Longest text that can be nothing but a ticket's number.
NUMBER_LENGTH = 60
SERVICE = "service"
#: The ticket that a text from a number goes to, and the chatter message that becomes
#: its parent: the ticket with the newest conversation, which the customer is most
#: likely answering. Closed tickets count for as long as their team says.
FIND_TICKET = """
    (SELECT ARRAY[found.id, (
                SELECT message.id FROM mail_message message
                 WHERE message.model = 'helpdesk.ticket' AND message.res_id = found.id
                   AND message.message_type != 'user_notification'
              ORDER BY message.message_type IN ('comment', 'email') DESC,
                       message.date DESC, message.id DESC
                 LIMIT 1)]
       FROM (
    SELECT ticket.id
      FROM helpdesk_ticket ticket
 LEFT JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
 LEFT JOIN helpdesk_ticket_team team ON team.id = ticket.team_id
 LEFT JOIN (SELECT message.res_id,
                   max(COALESCE(sms.sent_at, sms.create_date)) AS texted_at
              FROM sms_sms sms
              JOIN mail_message message ON message.id = sms.mail_message_id
             WHERE sms.record_company_id = %(company)s
               AND sms.number = %(number)s
               AND sms.state IN ('process', 'unknown', 'pending', 'sent')
               AND message.model = 'helpdesk.ticket'
          GROUP BY message.res_id) AS talk ON talk.res_id = ticket.id
     WHERE ticket.company_id = %(company)s
       AND ticket.partner_phone_sanitized = %(number)s
       AND ticket.active
       AND NOT %(is_unproven)s
       AND (stage.closed IS NOT TRUE
            OR (ticket.duplicate_id IS NULL
                AND COALESCE(ticket.last_stage_update, ticket.create_date)
                    > %(now)s - make_interval(days =>
                          COALESCE(team.sms_reopen_days, %(days)s))))
  ORDER BY stage.closed IS TRUE,
           GREATEST(talk.texted_at, CASE WHEN stage.closed THEN ticket.last_stage_update
                          ELSE ticket.sms_last_inbound_at END) DESC NULLS LAST,
           ticket.id DESC
     LIMIT 1) AS found)
"""


class SmsInboundRouter(models.AbstractModel):
    """Posts a text on its ticket, or serves its command about tickets."""

    _inherit = "sms.inbound.router"

    def _converse(self, inbound, **place):
        """Post a text on its ticket; on a failure keep the text, with the error."""
        super()._converse(inbound, **place)
        if not inbound._is_from_phone():
            return  # an alphanumeric sender or a short code cannot be answered
        self._serialize_by_number(inbound)

        def place_text():
            self._place(inbound, **place)
            self._after_place(inbound)

        self._try_to_place(inbound, place_text)

    def _keep_automatic(self, inbound):
        """Post it on the sender's ticket if there is one, which it does not move."""
        result = super()._keep_automatic(inbound)
        if inbound._is_from_phone() and (ticket := self._find_ticket(inbound)):
            inbound.ticket_id = ticket
            self._try_to_place(inbound, partial(self._post, inbound))
        return result

    def _try_to_place(self, inbound, work):
        """Post a text on its ticket by ``work``; on a failure keep it, with the error.

        :raises OperationalError: a conflict, after which the text is taken anew
        """
        try:
            with self.env.cr.savepoint():
                work()
        except OperationalError:
            raise  # a conflict with another transaction: Odoo retries the request
        except Exception as error:  # whatever another module's chatter hook raises
            _logger.exception("%s: not posted on its ticket", inbound)
            inbound.ticket_id = False
            inbound.error = str(error)

    def _serialize_by_number(self, inbound):
        """Force the later of two concurrent texts of a number into Odoo's retry."""
        key = f"{inbound.company_id.id}:{inbound.number}"
        self.env["sms.rate.limit"]._is_over("texts", key)

    def _place(self, inbound, ticket=None, team=None, is_new=False):
        """Find the ticket of a text, or create one for a team, and post it there."""
        if not ticket and not is_new:
            ticket = self._find_named_ticket(inbound) or self._find_ticket(inbound)
        inbound.has_made_ticket = not ticket
        inbound.ticket_id = ticket or self._make_ticket(inbound, team)
        ticket = inbound.ticket_id
        self._post(inbound)
        # A mere thank-you neither reopens a closed ticket nor waits for an answer.
        inbound.is_thanks = ticket.closed and replies.is_thanks(inbound.body)
        if not inbound.is_thanks:
            ticket._move_by_sms()
        ticket.write(ticket._prepare_sms_received(inbound, not inbound.is_thanks))
        ticket._on_sms_received(inbound)

    def _after_place(self, inbound):
        """Handle a text that was posted on its ticket. Extended by other rooms."""

    # === Ticket of a text ===

    def _get_own_domain(self, inbound):
        """Return the domain of the sender's tickets, without unconfirmed numbers."""
        return [
            ("company_id", "=", inbound.company_id.id),
            ("partner_phone_sanitized", "=", inbound.number),
            ("sms_phone_is_unproven", "=", False),
        ]

    def _find_named_ticket(self, inbound):
        """Return the sender's own ticket that a text names by its number, if any."""
        sender = self._get_sender(inbound)
        if "named" not in sender:
            sender["named"] = self._read_named_ticket(inbound).ids
        return self.env["helpdesk.ticket"].browse(sender["named"])

    def _read_named_ticket(self, inbound):
        tickets = self.env["helpdesk.ticket"]
        if not any(char.isdigit() for char in inbound.body or ""):
            return tickets
        domain = self._get_own_domain(inbound)
        tickets = tickets.search_fetch(
            domain, ["number"], order="id desc", limit=NAMED_LIMIT
        )
        found = ticket_texts.find_ticket_number(inbound.body, tickets.mapped("number"))
        return tickets.filtered(lambda ticket: ticket.number == found)[:1]

    def _get_sender_columns(self, inbound):
        tickets = self.env["helpdesk.ticket"]
        query = SQL(
            FIND_TICKET,
            company=inbound.company_id.id,
            number=inbound.number or None,
            days=REOPEN_DAYS,
            now=inbound.received_at,
            is_unproven=tickets._get_sms_unproven_sql(None, "ticket", None),
        )
        return {**super()._get_sender_columns(inbound), "ticket_and_parent_ids": query}

    def _find_ticket(self, inbound):
        """Return the sender's ticket for a text that names none."""
        ids = self._get_sender(inbound)["ticket_and_parent_ids"] or ()
        return self.env["helpdesk.ticket"].browse(ids[:1])

    def _make_ticket(self, inbound, team=None):
        """Create a ticket from a text as OdooBot, unassigned."""
        team = team or self._find_team(inbound)
        house = self.env["helpdesk.ticket"].with_user(SUPERUSER_ID)
        house = house.with_company(inbound.company_id)
        # The webhook's user must not become a follower.
        house = house.with_context(mail_create_nosubscribe=True)
        return house.create(self._prepare_ticket(inbound, team)).with_env(self.env)

    def _find_team(self, inbound):
        """Return the team whose number was texted, else the company's SMS team."""
        if team_id := self._get_sender(inbound)["team_id"]:
            return self.env["helpdesk.ticket.team"].browse(team_id)
        company, team = inbound.company_id, inbound.company_id.sms_team_id
        is_usable = team.active and team.company_id in (company, company.browse())
        return team if is_usable else team.browse()

    def _prepare_ticket(self, inbound, team):
        channel_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "helpdesk_mgmt_sms.helpdesk_ticket_channel_sms", raise_if_not_found=False
        )
        partner = inbound.partner_id
        return {
            **inbound._get_ticket_words(),
            "company_id": inbound.company_id.id,
            "team_id": team.id,
            "user_id": False,
            "channel_id": channel_id,
            "priority": team.sms_priority or "1",
            "partner_id": partner.id,
            "partner_name": partner.name,
            "partner_email": partner.email,
            "partner_phone": inbound.number,
        }

    def _post(self, inbound):
        """Post a text in the ticket's chatter, with its sender as author."""
        ticket = inbound.ticket_id.with_context(mail_create_nosubscribe=True)
        # An E.164 number includes its country.
        number = ticket._phone_format_number(
            inbound.number, self.env["res.country"], "INTERNATIONAL"
        )
        words = inbound._get_words()[:CHATTER_LIMIT]
        found_id, *parent_id = self._get_sender(inbound)["ticket_and_parent_ids"] or [0]
        inbound.mail_message_id = ticket.message_post(
            body=plaintext2html(words, with_paragraph=False),
            message_type="sms",
            subtype_xmlid="mail.mt_note",
            author_id=inbound.partner_id.id or False,
            email_from=inbound.partner_id.email_formatted or number or inbound.number,
            # Otherwise Odoo reads the last 200 messages to find it.
            parent_id=found_id == ticket.id and parent_id[0],
        )

    # === Commands: a word, or the number of a ticket ===

    def _serve(self, inbound, keyword):
        if keyword.action == keywords.STATUS:
            domain = [*self._get_own_domain(inbound), ("closed", "=", False)]
            tickets = self.env["helpdesk.ticket"]
            tickets = tickets.search(domain, order="id desc", limit=READ_LIMIT)
            return self._tell(inbound, tickets)
        if keyword.action == keywords.TICKET:
            return self._open_ticket(inbound, keyword)
        if keyword.action == keywords.ANSWER:
            inbound.kind = SERVICE
            return self._say_keyword(inbound, keyword)
        return super()._serve(inbound, keyword)

    def _serve_without_keyword(self, inbound):
        return super()._serve_without_keyword(inbound) or self._tell_one_ticket(inbound)

    def _tell_one_ticket(self, inbound):
        """Reply with a ticket's state if its number is the whole text.

        A number that is not one of the sender's tickets is conversation. The reply that
        nothing was found is the same whether such a ticket exists or not.

        :return: whether the text was answered
        """
        if len(inbound.body or "") > NUMBER_LENGTH or not inbound._is_from_phone():
            return False
        ticket = self._find_named_ticket(inbound)
        if ticket and ticket_texts.is_alone(inbound.body, ticket.number):
            inbound.ticket_id = ticket
            self._tell(inbound, ticket)
            return True
        if not ticket and self._looks_like_number(inbound):
            self._converse(inbound)
            self._say_reply(inbound, reply_codes.STATUS_UNKNOWN)
            return True
        return False

    def _looks_like_number(self, inbound):
        if not ticket_texts.may_be_number(inbound.body):
            return False
        sample = self.env["helpdesk.ticket"].search(
            [("company_id", "=", inbound.company_id.id)], order="id desc", limit=1
        )
        return ticket_texts.looks_like(inbound.body, sample.number or "")

    def _tell(self, inbound, tickets):
        """Reply with the state of tickets that the sender may know.

        Those from before the number was handed over are another person's.
        """
        inbound.kind = SERVICE
        hashes = list(self.env["sms.consent.key"]._hash([inbound.number]).values())
        handovers = self.env["sms.consent"]._find_handovers(inbound.company_id, hashes)
        since = max(handovers.values(), default=datetime.min)
        tickets = tickets.filtered(lambda it: it.create_date > since)
        if not tickets:
            self._say_reply(inbound, reply_codes.STATUS_NONE)
            return
        lang = self._get_lang(inbound)
        told = [
            ticket_texts.Ticket(it.number, it.sms_title, it.stage_id.name or "")
            for it in tickets.with_context(lang=lang)
        ]
        more = self.with_context(lang=lang).env._("and {count} more")
        status = ticket_texts.tell_status(told, more)
        self._say_reply(inbound, reply_codes.STATUS_LIST, tickets=status)

    def _open_ticket(self, inbound, keyword):
        """Create a ticket for a keyword's team, and send the keyword's answer."""
        company = inbound.company_id
        team = keyword.team_id.filtered("active")
        team = team.filtered(lambda it: it.company_id <= company)
        self._converse(inbound, team=team, is_new=True)
        if keyword.answer and inbound.ticket_id:
            self._say_keyword(inbound, keyword)

    # === Answers ===

    def _say_keyword(self, inbound, keyword):
        company_sudo = inbound.company_id.sudo()
        lang = self._get_lang(inbound)
        contact = company_sudo.phone or company_sudo.email or company_sudo.name
        values = {"company": company_sudo.name, "contact": contact}
        if inbound.ticket_id:
            values["ticket"] = inbound.ticket_id.number
        self._say(inbound, texts.fill(keyword.with_context(lang=lang).answer, values))

    def _say_reply(self, inbound, code, lang=None, **fillers):
        """Reply with a wording that managers can edit.

        :param str lang: language of the fillers; default: see :meth:`_get_lang`
        """
        company, lang = inbound.company_id, lang or self._get_lang(inbound)
        purposes, replies_model = self.env["sms.purpose"], self.env["sms.reply"]
        body = replies_model._render_for(code, company, lang, purposes, **fillers)
        self._say(inbound, body)

    def _say(self, inbound, body, partner=None, purpose="ticket"):
        """Queue the answer to a command, unless the number has had too many."""
        if self._may_answer(inbound, SERVICE):
            self.env["sms.reply"]._queue_text(
                body,
                inbound.company_id,
                inbound.number,
                inbound.partner_id if partner is None else partner,
                purpose_id=self.env["sms.purpose"]._get(purpose).id,
                exemption=SERVICE,
                asked_at=inbound.received_at,
            )
