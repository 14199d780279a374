# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import keywords, reply_codes, texts, ticket_texts

#: Tickets that are read for a list; what is left out of a text is counted so far.
READ_LIMIT = 50

#: No longer is a text that is nothing but a ticket's number.
NUMBER_LENGTH = 60

SERVICE = "service"


class SmsInboundRouter(models.AbstractModel):
    """What customers ask for by a word, or by the number of their ticket."""

    _inherit = "sms.inbound.router"

    @api.model
    def _serve(self, inbound, keyword):
        """Tell how tickets stand, make one, or say the keyword's own answer."""
        if keyword.action == keywords.STATUS:
            return self._tell_status(inbound)
        if keyword.action == keywords.TICKET:
            return self._open_ticket(inbound, keyword)
        if keyword.action == keywords.ANSWER:
            inbound.kind = SERVICE
            return self._say(inbound, self._fill(inbound, keyword))
        return super()._serve(inbound, keyword)

    @api.model
    def _serve_without_keyword(self, inbound):
        """Tell how the ticket stands whose number is the whole text."""
        done = super()._serve_without_keyword(inbound)
        return done or self._tell_one_ticket(inbound)

    # ------------------------------------------------------------------
    # How tickets stand
    # ------------------------------------------------------------------

    @api.model
    def _tell_status(self, inbound):
        """Tell the state of the open tickets of the number, in this company alone."""
        tickets = self.env["helpdesk.ticket"].search(
            [
                *self._get_own_domain(inbound),
                "|",
                ("stage_id", "=", False),
                ("stage_id.closed", "=", False),
            ],
            order="id desc",
            limit=READ_LIMIT,
        )
        self._tell(inbound, tickets)

    @api.model
    def _tell_one_ticket(self, inbound):
        """Tell the state of the ticket whose number is the whole text; say if it was.

        What looks like a number and is none of theirs is conversation. They are told
        that nothing was found, in the same words whether there is such a ticket or not.
        """
        is_short = len(inbound.body or "") <= NUMBER_LENGTH
        if not is_short or not inbound._is_from_phone():
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

    @api.model
    def _looks_like_number(self, inbound):
        """Tell if a text is nothing but what could be a ticket's number here."""
        if not any(char.isdigit() for char in inbound.body or ""):
            return False
        sample = self.env["helpdesk.ticket"].search(
            [("company_id", "=", inbound.company_id.id)], order="id desc", limit=1
        )
        return ticket_texts.looks_like(inbound.body, sample.number or "")

    @api.model
    def _tell(self, inbound, tickets):
        """Answer with the state of some tickets, which the sender may know."""
        inbound.kind = SERVICE
        if not tickets:
            self._say_reply(inbound, reply_codes.STATUS_NONE)
            return
        lang = self.env["sms.reply"]._get_lang(inbound.company_id, inbound.partner_id)
        told = [
            ticket_texts.Ticket(
                ticket.number, ticket.sms_title, ticket.stage_id.name or ""
            )
            for ticket in tickets.with_context(lang=lang)
        ]
        more = self.with_context(lang=lang).env._("and {count} more")
        self._say_reply(
            inbound,
            reply_codes.STATUS_LIST,
            tickets=ticket_texts.tell_status(told, more),
        )

    # ------------------------------------------------------------------
    # A ticket for a team
    # ------------------------------------------------------------------

    @api.model
    def _open_ticket(self, inbound, keyword):
        """Make a ticket of a keyword, for its team, and say so if there are words."""
        team = keyword.team_id.filtered(
            lambda team: (
                team.active
                and team.company_id in (inbound.company_id, team.company_id.browse())
            )
        )
        self._converse(inbound, team=team, is_new=True)
        if keyword.answer and inbound.ticket_id:
            self._say(inbound, self._fill(inbound, keyword))

    # ------------------------------------------------------------------
    # Answering
    # ------------------------------------------------------------------

    @api.model
    def _fill(self, inbound, keyword):
        """Return a keyword's answer in the sender's language, filled in."""
        company_sudo = inbound.company_id.sudo()
        lang = self.env["sms.reply"]._get_lang(inbound.company_id, inbound.partner_id)
        contact = company_sudo.phone or company_sudo.email or company_sudo.name
        values = {"company": company_sudo.name, "contact": contact}
        if inbound.ticket_id:
            values["ticket"] = inbound.ticket_id.number
        return texts.fill(keyword.with_context(lang=lang).answer, values)

    @api.model
    def _say_reply(self, inbound, code, **fillers):
        """Answer with a wording that managers edit.

        :param str code: one of :data:`tools.reply_codes.SELECTION`
        :param fillers: its placeholders
        """
        body = self.env["sms.reply"]._render_for(
            code,
            inbound.company_id,
            inbound.partner_id,
            self.env["sms.purpose"],
            **fillers,
        )
        self._say(inbound, body)

    @api.model
    def _say(self, inbound, body):
        """Queue the answer to a command, unless the number has had too many."""
        if not self._may_answer(inbound, SERVICE):
            return
        self.env["sms.reply"]._queue_text(
            body,
            inbound.company_id,
            inbound.number,
            inbound.partner_id,
            purpose_id=self.env["sms.purpose"]._get("ticket").id,
            exemption=SERVICE,
        )
