# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.core.mixins import FILLED_IN


class SmsTicketContact(models.TransientModel):
    """Form to link a ticket from an unknown number to a contact, old or new."""

    _name = "sms.ticket.contact"
    _description = "Contact of an Unknown Number"
    _inherit = ["sms.personal.data"]
    _personal_company = "ticket_id.company_id"
    _personal_number = "ticket_id.partner_phone_sanitized"
    _is_counted = False

    ticket_id = fields.Many2one("helpdesk.ticket", required=True, ondelete="cascade")
    # With the user's rights, not in sudo.
    number = fields.Char(related="ticket_id.partner_phone", related_sudo=False)
    is_new = fields.Boolean("New Contact")
    partner_id = fields.Many2one(
        "res.partner", "Contact", domain="[('company_id', 'in', (company_id, False))]"
    )
    company_id = fields.Many2one(related="ticket_id.company_id", related_sudo=False)
    name = fields.Char()
    email = fields.Char()
    is_number_kept = fields.Boolean(
        "Save the number on the contact",
        compute="_compute_is_number_kept",
        help="So that their next text is recognized.",
        **FILLED_IN,
    )
    other_number = fields.Char(
        related="partner_id.phone", string="Current Number", related_sudo=False
    )

    @api.depends("partner_id")
    def _compute_is_number_kept(self):
        for form in self:
            form.is_number_kept = not form.partner_id.phone

    def action_save(self):
        """Link the ticket to the contact, with the user's own rights on both.

        :raises UserError: if no contact is chosen or named
        """
        self.ensure_one()
        self.ticket_id.check_access("write")
        partner = self._make_partner() if self.is_new else self.partner_id
        if not partner:
            raise UserError(self.env._("Choose a contact, or create a new one."))
        if self.is_number_kept and not self.is_new:
            partner.phone = self.number
        self.ticket_id._set_sms_customer(partner)
        return {"type": "ir.actions.act_window_close"}

    def _make_partner(self):
        """Create the contact, in the language in which the number was texted so far."""
        if not (self.name or "").strip():
            raise UserError(self.env._("Enter the name of the new contact."))
        ticket = self.ticket_id
        lang = ticket.company_id._find_sms_lang("", ticket.partner_phone_sanitized)
        return self.env["res.partner"].create(
            {
                "name": self.name.strip(),
                "email": self.email,
                "phone": self.number,
                "lang": lang,
            }
        )
