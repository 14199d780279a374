# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import TICKET_MODEL

OPEN, CONFIRMED, MAYBE, DECLINED = ("open", "confirmed", "maybe", "declined")
#: Where the states of a customer's invitation show, the best of several customers last.
CONFIRMATION_OF = {
    "declined": DECLINED,
    "needsAction": OPEN,
    "tentative": MAYBE,
    "accepted": CONFIRMED,
}


class CalendarEvent(models.Model):
    """A visit: an appointment about a ticket, of a technician with a customer."""

    _inherit = "calendar.event"

    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        compute="_compute_ticket_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        ondelete="set null",
    )
    ticket_number = fields.Char(related="ticket_id.number", string="Ticket Number")
    technician_id = fields.Many2one(
        "res.users",
        compute="_compute_technician_id",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
        index="btree_not_null",
        ondelete="set null",
        help="Who comes to the customer, and is told what they answer. By default who "
        "organizes it.",
    )
    sms_company_id = fields.Many2one(
        "res.company",
        "Texts Are Sent By",
        compute="_compute_sms_company_id",
        compute_sudo=True,
        store=True,
        help="The company of the ticket, else of the technician, else of the "
        "organizer.",
    )
    sms_enabled = fields.Boolean(
        "Text the Customer",
        compute="_compute_sms_enabled",
        store=True,
        readonly=False,
        help="Whether the customer gets texts about this appointment: when it is "
        "booked, moved or called off, and reminders. Only if they agreed to them.",
    )
    sms_confirmation = fields.Selection(
        [
            (OPEN, "Not confirmed"),
            (MAYBE, "Wants another time"),
            (CONFIRMED, "Confirmed"),
            (DECLINED, "Declined"),
        ],
        string="Customer's Answer",
        group_expand="_order_sms_confirmations",
        compute="_compute_sms_confirmation",
        compute_sudo=True,
        store=True,
        help="What the customer has answered, by text or by mail. Empty: no customer "
        "is invited.",
    )
    sms_is_begun = fields.Boolean(compute="_compute_sms_is_begun")
    sms_series_key = fields.Char(
        help="Tells the occurrences of a series, also when it is made anew."
    )

    @api.depends("res_model", "res_id")
    def _compute_ticket_id(self):
        """Know the ticket that a meeting was made from, as other apps' meetings do."""
        for event in self:
            if event.res_model == TICKET_MODEL and event.res_id:
                event.ticket_id = event.res_id

    def _check_ticket_and_customers(self):
        """Refuse a ticket that the user may not read, and more customers than they may.

        Texts about a visit leave in the name of the ticket's company, and answers to
        them are noted on the ticket.

        :raises AccessError: for either
        """
        if self.env.su:
            return
        self.ticket_id.check_access("read")
        for event in self.filtered("sms_enabled"):
            customers = event.partner_ids.filtered("partner_share")
            self.env.user._check_may_text_at_once(event.sms_company_id, len(customers))

    @api.depends("user_id")
    def _compute_technician_id(self):
        """Follow the organizer, unless somebody else was named."""
        for event in self:
            former = event._origin.user_id
            if not event.technician_id or event.technician_id == former:
                event.technician_id = event.user_id

    @api.depends("ticket_id.company_id", "technician_id", "user_id")
    def _compute_sms_company_id(self):
        for event in self:
            event.sms_company_id = (
                event.ticket_id.company_id
                or event.technician_id.company_id
                or event.user_id.company_id
                or self.env.company
            )

    def _get_texting_company(self):
        """Return the company that texts the customers of the event."""
        return self.sudo().sms_company_id or self.env.company

    @api.depends("ticket_id")
    def _compute_sms_enabled(self):
        """Text about visits; other apps' meetings stay as they are."""
        for event in self:
            event.sms_enabled = event.sms_enabled or bool(event.ticket_id)

    @api.depends(
        "attendee_ids.state",
        *("partner_ids", "ticket_id.partner_id", "technician_id", "user_id"),
    )
    def _compute_sms_confirmation(self):
        """Take the answer of the customer; of several the one that needs most care."""
        order = list(CONFIRMATION_OF)
        for event in self:
            customers = event._get_sms_customers()
            attendees = event.attendee_ids.filtered(
                lambda it, customers=customers: it.partner_id in customers
            )
            states = sorted(
                {attendee.state or "needsAction" for attendee in attendees},
                key=order.index,
            )
            waiting = [state for state in states if state != "declined"] or states
            event.sms_confirmation = CONFIRMATION_OF.get(next(iter(waiting), ""), False)

    @api.model
    def _order_sms_confirmations(self, states, _domain):
        """Show first what needs care: columns else stand in the alphabet's order."""
        selection = self._fields["sms_confirmation"].selection
        return [state for state, _label in selection if state in states]

    @api.depends("start")
    def _compute_sms_is_begun(self):
        """Tell apart who is still awaited from who was not there."""
        now = fields.Datetime.now()
        for event in self:
            event.sms_is_begun = bool(event.start) and event.start <= now

    @api.onchange("technician_id")
    def _onchange_technician_id(self):
        """Invite the technician."""
        self.partner_ids |= self.technician_id.partner_id

    def action_view_ticket(self):
        """Open the ticket of the visit."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": TICKET_MODEL,
            "res_id": self.ticket_id.id,
            "view_mode": "form",
        }

    def _check_texting(self):
        """Refuse to text about an appointment of which nobody is to be told.

        :raises UserError: without a customer, or where texts are switched off
        """
        self.ensure_one()
        self.check_access("write")
        if not self.sms_enabled:
            raise UserError(
                self.env._(
                    "Texts are switched off for this appointment: switch on "
                    "“Text the Customer” first."
                )
            )
        if not self.sms_customer_id:
            raise UserError(self.env._("No customer is invited: add one first."))
