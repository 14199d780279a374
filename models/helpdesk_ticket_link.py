# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models


class HelpdeskTicket(models.Model):
    """A ticket has a short address for a text, on which its customer sees how it is."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.short.link"]
    _short_link_path = "/sms/t/"
    _short_link_scope = "helpdesk_mgmt_sms.ticket"

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
        today = fields.Date.today()
        for ticket in self:
            life = timedelta(days=ticket.company_id.sms_ticket_link_days)
            url = ticket.id and ticket._make_short_link(today + life)
            ticket.sms_ticket_url = url

    def _get_short_link_facts(self):
        """Return the number: who was the customer before is none any more."""
        return (self.partner_phone_sanitized or "",)

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
