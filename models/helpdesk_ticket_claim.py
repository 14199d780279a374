# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: That a login has typed the number of a ticket, and that it has not said YES to it.
IS_UNPROVEN = """
    EXISTS (SELECT 1 FROM sms_number_claim claim
             WHERE claim.partner_id = %(partner)s AND claim.number = %(number)s
               AND claim.typed_at IS NOT NULL AND claim.confirmed_at IS NULL)
"""


class HelpdeskTicket(models.Model):
    """A ticket knows if its number is proven to be its customer's."""

    _inherit = "helpdesk.ticket"

    sms_phone_is_unproven = fields.Boolean(
        "Number Not Confirmed",
        compute="_compute_sms_phone_is_unproven",
        compute_sudo=True,
        search="_search_sms_phone_is_unproven",
        help="The customer typed it in the portal. No automatic text goes there until "
        "it has answered YES.",
    )

    @api.depends("partner_id", "partner_phone_sanitized")
    def _compute_sms_phone_is_unproven(self):
        claims_sudo = self.env["sms.number.claim"].sudo()
        numbers = set(filter(None, self.mapped("partner_phone_sanitized")))
        found = claims_sudo.search(
            claims_sudo._get_open_domain()
            & Domain("number", "in", list(numbers))
            & Domain("partner_id", "in", self.partner_id.ids)
        )
        unproven = {(claim.partner_id, claim.number) for claim in found}
        for ticket in self:
            key = (ticket.partner_id._origin, ticket.partner_phone_sanitized)
            ticket.sms_phone_is_unproven = key in unproven

    @api.model
    def _search_sms_phone_is_unproven(self, operator, value):
        """Find tickets by whether their number is confirmed."""
        if operator != "in" or list(value) not in ([True], [False]):
            return NotImplemented
        unproven = Domain.custom(to_sql=self._get_unproven_phone_sql)
        return unproven if True in value else ~unproven

    @api.model
    def _get_unproven_phone_sql(self, _model, alias, _query):
        """Return the SQL condition that a ticket's number is not confirmed."""
        return SQL(
            IS_UNPROVEN,
            partner=SQL.identifier(alias, "partner_id"),
            number=SQL.identifier(alias, "partner_phone_sanitized"),
        )

    def _note_typed_phones(self):
        """Note numbers that a customer's login has given, other than the contact's."""
        if not self.env.user.share:
            return
        claims_sudo = self.env["sms.number.claim"].sudo()
        for ticket in self.sudo():
            partner, number = ticket.partner_id, ticket.partner_phone_sanitized
            if partner and number and number != partner.phone_sanitized:
                claims_sudo._note(ticket.company_id, partner, number)
