# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, models

from ..tools import automation


class Recipient(NamedTuple):
    """One who would get a text: their contact, and their number.

    ``number`` is E.164, or as it was entered where that cannot be done, or empty.
    """

    partner: models.BaseModel
    number: str


class SmsAutomation(models.Model):
    """To whom the automations of tickets write."""

    _inherit = "sms.automation"

    @api.model
    def _get_recipients(self, tickets, audience):
        """Return who gets a text about each ticket.

        :param tickets: ``helpdesk.ticket`` in sudo
        :param str audience: one of ``tools.automation.AUDIENCES``
        :return: ``{ticket id: list of Recipient}``
        """
        if audience == automation.CUSTOMER:
            return self._get_customers(tickets)
        people = {
            automation.FOLLOWERS: self._get_followers,
            automation.ASSIGNEE: lambda ticket: ticket.user_id,
            automation.TEAM: lambda ticket: ticket.team_id.user_ids,
        }[audience]
        found = {}
        for ticket in tickets:
            someone = people(ticket)
            if audience in automation.STAFF:
                # Who does it knows it.
                someone = (someone - self.env.user).partner_id
            found[ticket.id] = [self._to_recipient(partner) for partner in someone]
        return found

    @api.model
    def _to_recipient(self, partner):
        """Return a contact with the number that a text goes to."""
        return Recipient(partner, partner.phone_sanitized or partner.phone or "")

    @api.model
    def _get_customers(self, tickets):
        """Return the customer of each ticket that has a number.

        One that cannot be read is kept: it makes a blocked message, with its reason.
        """
        with_phone = tickets.filtered("partner_phone")
        info = with_phone._sms_get_recipients_info(force_field="partner_phone")
        found = {ticket.id: [] for ticket in tickets}
        for ticket in with_phone:
            entry = info[ticket.id]
            number = entry["sanitized"] or entry["number"] or ""
            found[ticket.id] = [Recipient(entry["partner"], number)]
        return found

    @api.model
    def _get_followers(self, ticket):
        """Return the contacts that follow a ticket, without its customer and us."""
        followers = ticket.message_partner_ids - ticket.partner_id
        return followers.filtered(
            lambda partner: all(user.share for user in partner.user_ids)
        )
