# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ...tools import automation
from ...tools.dispatch import NEEDED
from ...tools.purpose_rules import MessageSource
from ..inbound import sms_question
from ..ledger.sms_purpose import PurposeCode

#: A customer is asked about a ticket at most once in this time, however often it is
#: closed and reopened: ``/ticket/close`` closes any ticket by a plain link.
RATING_PAUSE = timedelta(days=1)


class HelpdeskTicket(models.Model):
    """Asks the customer of a closed ticket for a rating by text.

    The answer becomes one of Odoo's own ratings, like an answer to an e-mail from OCA's
    ``helpdesk_mgmt_rating``, which adds the same mixin.
    """

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "rating.mixin"]

    def _update_sms_rating(self, before):
        """Ask about tickets that were closed; withdraw questions on reopened ones."""
        was_closed = {ticket_id for ticket_id, state in before.items() if state[1]}
        closed = self.filtered("stage_id.closed")
        newly_closed = closed - self.browse(was_closed)
        template_sudo = self._get_sms_rating_template().sudo()
        for ticket in newly_closed._filter_sms_rating():
            ticket.with_user(SUPERUSER_ID)._send_sms_rating_question(template_sudo)
        opened = (self - closed).filtered(lambda ticket: ticket.id in was_closed)
        if opened:
            self.env["sms.question"]._end("rating", opened, sms_question.CANCELLED)

    def _filter_sms_rating(self):
        """Return the tickets, in sudo, to ask about when closed; none asked lately."""
        tickets = self.sudo().filtered(lambda it: it._asks_sms_rating())
        if not tickets or self._is_sms_history():
            return tickets.browse()
        questions_sudo = self.env["sms.question"].sudo()
        questions_sudo = questions_sudo.search(
            [
                ("kind", "=", "rating"),
                ("res_model", "=", self._name),
                ("res_id", "in", tickets.ids),
                ("asked_at", ">", fields.Datetime.now() - RATING_PAUSE),
            ]
        )
        # One that was cancelled before it was sent does not count.
        asked_sudo = questions_sudo.filtered(lambda it: it.sms_id.state != "canceled")
        asked_ids = set(asked_sudo.mapped("res_id"))
        return tickets.filtered(lambda it: it.id not in asked_ids)

    @api.model
    def _get_sms_rating_template(self):
        """Return the template of the question; empty if it was deleted."""
        xmlid = "helpdesk_mgmt_sms.sms_template_ticket_rating"
        return self.env.ref(xmlid, raise_if_not_found=False) or self.env["sms.template"]

    def _asks_sms_rating(self):
        """Return whether closing sends a rating question instead of a notice.

        Not about a duplicate: its customer rates the ticket that it repeats.
        """
        self.ensure_one()
        is_asked = self.team_id.sms_ask_rating and self.partner_phone_sanitized
        is_asked = is_asked and not self.duplicate_id
        return bool(is_asked and self._get_sms_rating_template())

    def _send_sms_rating_question(self, template):
        """Queue the question about one ticket, and note that it is open.

        Not sent as a ticket update (``template_id``), which would replace a waiting
        text that says the ticket is solved.
        """
        ticket = self.with_company(self.company_id)
        body = template._render_field("body", self.ids, compute_lang=True)[self.id]
        message = ticket.with_context(
            sms_purpose=PurposeCode("ticket"),
            sms_source=MessageSource(
                fact=self._make_sms_fact(automation.CLOSED), asks_answer=NEEDED
            ),
        )._message_sms(body, number_field="partner_phone", put_in_queue=True)
        sms_model = self.env["sms.sms"]
        sms = sms_model.search([("mail_message_id", "=", message.id)], limit=1)
        if sms:
            self.env["sms.question"]._ask("rating", self, sms)

    def _rate_by_sms(self, reply, inbound):
        """Store an answer as the ticket's rating, shown in its chatter."""
        self.ensure_one()
        # By token, which every version of ``rating_apply`` accepts.
        self.rating_apply(
            reply.value,
            token=self._rating_get_access_token(inbound.partner_id or self.partner_id),
            feedback=reply.words or None,
            subtype_xmlid="mail.mt_note",
        )

    def action_view_sms_ratings(self):
        """Show the ticket's ratings."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]
        return {
            **action._for_xml_id("rating.rating_rating_action"),
            "name": self.env._("Ratings"),
            "domain": [("res_model", "=", self._name), ("res_id", "=", self.id)],
            "context": {"create": False},
        }
