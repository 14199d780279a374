# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, models


class HelpdeskTicket(models.Model):
    """What a customer's text does to a ticket, and whose ticket it is."""

    _inherit = "helpdesk.ticket"

    def _move_by_sms(self):
        """Move the ticket to where its team wants it when the customer texts.

        A closed one is opened again if the team says so; one that waits for the
        customer goes back to the team.
        """
        self.ensure_one()
        team = self.team_id
        if self.stage_id.closed:
            is_reopened = team.sms_reopen if team else True
            stage = team._get_sms_reopen_stage() if is_reopened else None
        else:
            stage = team and team._get_sms_answered_stage(self.stage_id)
        if stage and stage != self.stage_id:
            # In the house's name: whose webhook it is must not stand in the chatter.
            self.with_user(SUPERUSER_ID).stage_id = stage.id

    # ------------------------------------------------------------------
    # Who wrote?
    # ------------------------------------------------------------------

    def action_choose_sms_customer(self, partner_id):
        """Make one of the contacts that have the number the ticket's customer.

        :param int partner_id: id of one of :attr:`sms_candidate_ids`
        :raises AccessError: for who may not edit the ticket
        """
        self.ensure_one()
        self.check_access("write")
        partner = self.sms_candidate_ids.filtered(lambda it: it.id == partner_id)
        self._set_sms_customer(partner)
        return True

    def action_link_sms_contact(self):
        """Open the form that says to whom the number belongs."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who texted from %s?", self.partner_phone),
            "res_model": "sms.ticket.contact",
            "view_mode": "form",
            "target": "new",
            "context": {"default_ticket_id": self.id},
        }

    def action_create_sms_contact(self):
        """Open the same form, to make a new contact with the number."""
        action = self.action_link_sms_contact()
        action["context"]["default_is_new"] = True
        return action

    def _set_sms_customer(self, partner):
        """Make a contact the ticket's customer, also of what they have texted.

        The number stays the one that was texted from.

        :param partner: ``res.partner``, at most one
        """
        if not partner:
            return
        self.write(
            {
                "partner_id": partner.id,
                "partner_name": partner.name,
                "partner_email": partner.email,
                "partner_phone": self.partner_phone,
            }
        )
        inbounds_sudo = self.env["sms.inbound"].sudo()
        inbounds_sudo = inbounds_sudo.search(
            [("ticket_id", "=", self.id), ("partner_id", "=", False)]
        )
        inbounds_sudo.partner_id = partner
        unsigned_sudo = inbounds_sudo.mail_message_id.filtered(
            lambda message: not message.author_id
        )
        unsigned_sudo.author_id = partner
