# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class HelpdeskTicket(models.Model):
    """A ticket about an incident: linked automatically when new, or by hand."""

    _inherit = "helpdesk.ticket"

    sms_incident_id = fields.Many2one(
        "sms.incident",
        "Incident",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        help="The outage that the ticket is about. New tickets of customers in its "
        "areas are linked by themselves.",
    )

    @api.constrains("sms_incident_id", "company_id")
    def _check_sms_incident(self):
        for ticket in self.filtered("sms_incident_id").sudo():
            if ticket.sms_incident_id.company_id != ticket.company_id:
                raise ValidationError(
                    self.env._(
                        "The incident of “%s” is another company's.", ticket.name
                    )
                )

    def _on_sms_created(self):
        result = super()._on_sms_created()
        for ticket_sudo in self.sudo():
            ticket_sudo._join_sms_incident()
        return result

    def _join_sms_incident(self):
        """Link a new ticket, and tell its customer that we know of the incident.

        The router tells those who opened it by text, in answer to that.
        """
        number = self.partner_phone_sanitized
        if not self.sms_incident_id:
            self.sms_incident_id = self._find_sms_incident(number)
        incident_sudo = self.sms_incident_id
        if not incident_sudo:
            return
        channel = self.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_channel_sms", raise_if_not_found=False
        )
        is_by_text = channel and self.channel_id == channel
        if not is_by_text and incident_sudo._is_to_be_told(number):
            purpose = self.env["sms.purpose"]._get("ticket")
            incident_sudo._tell_we_know(
                number, self.partner_id, purpose_id=purpose.id, exemption=False
            )

    def _find_sms_incident(self, number):
        """Return the incident that concerns the ticket's customer, or none.

        :param str number: E.164 by which they are known, may be empty
        """
        self.ensure_one()
        return self.env["sms.incident"]._find_concerning(
            self.company_id, self.partner_id, number
        )
