# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.tools.misc import hmac

from ..tools import short_token

TOKEN_SCOPE = "helpdesk_mgmt_sms.ticket"
TICKET_PATH = "/sms/t/"
FIRST_DAY = date(1970, 1, 1)


class HelpdeskTicket(models.Model):
    """A ticket has a short address for a text, on which its customer sees how it is.

    Signed with the database's secret over ticket, last day and number: nobody can make
    one for another ticket or a later day, and who was the customer before is none any
    more. Nothing is stored for it.
    """

    _inherit = "helpdesk.ticket"

    sms_ticket_url = fields.Char(
        "Link to the Ticket",
        compute="_compute_sms_ticket_url",
        compute_sudo=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
        help="Short address on which the customer sees number, title and stage without "
        "a login. It ends after the days in the settings.",
    )

    @api.depends("partner_phone_sanitized", "company_id.sms_ticket_link_days")
    def _compute_sms_ticket_url(self):
        today = (fields.Date.today() - FIRST_DAY).days
        for ticket in self:
            if not ticket.id:
                ticket.sms_ticket_url = False
                continue
            day = today + ticket.company_id.sms_ticket_link_days
            token = short_token.make(ticket.id, day, ticket._sign_sms_link(day))
            ticket.sms_ticket_url = f"{ticket.get_base_url()}{TICKET_PATH}{token}"

    def _sign_sms_link(self, day):
        """Return the HMAC of the ticket's address until a day.

        :param int day: days since 1970
        :rtype: str
        """
        self.ensure_one()
        values = (self.id, day, self.partner_phone_sanitized or "")
        return hmac(self.sudo().env, TOKEN_SCOPE, values)

    @api.model
    def _find_by_sms_link(self, token):
        """Return the ticket of an address that is genuine and has not ended.

        An empty set in all other cases, which a visitor cannot tell apart.

        :param str token: what a visitor called
        :return: ``helpdesk.ticket`` in sudo
        """
        none = self.sudo().browse()
        parts = short_token.read(token)
        if not parts or FIRST_DAY + timedelta(parts.day) < fields.Date.today():
            return none
        ticket_sudo = self.sudo().browse(parts.record_id).exists()
        if not ticket_sudo:
            return none
        digest = ticket_sudo._sign_sms_link(parts.day)
        return ticket_sudo if short_token.is_genuine(parts, digest) else none

    def _has_portal_account(self):
        """Tell if the ticket's customer has a login of their own."""
        self.ensure_one()
        return bool(self.sudo().partner_id.user_ids.filtered("active"))

    def _get_last_update(self):
        """Return when something last happened that the customer may know (UTC)."""
        self.ensure_one()
        message_sudo = self.env["mail.message"].sudo()
        last = message_sudo.search(
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                "|",
                ("message_type", "=", "sms"),
                "&",
                ("message_type", "in", ("comment", "email")),
                ("is_internal", "=", False),
                ("subtype_id.internal", "=", False),
            ],
            order="date desc",
            limit=1,
        )
        moments = (self.last_stage_update, self.create_date, last.date)
        return max(moment for moment in moments if moment)

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let managers put the link into their templates."""
        return super().mail_allowed_qweb_expressions() + ("object.sms_ticket_url",)
