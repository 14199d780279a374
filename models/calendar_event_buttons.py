# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

from .sms_reminder import NO_SHOW, ON_THE_WAY, PLANNED, SENT


class CalendarEvent(models.Model):
    """What the technician tells the customer by a button."""

    _inherit = "calendar.event"

    sms_reminder_ids = fields.One2many(
        "sms.reminder",
        "event_id",
        "Texts to the Customer",
        readonly=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
    )

    def action_sms_on_the_way(self):
        """Tell the customer that the technician is on the way."""
        return self._plan_by_button(ON_THE_WAY)

    def action_sms_no_show(self):
        """Note that the customer was not there, and offer them another date."""
        if self.start > fields.Datetime.now():
            raise UserError(self.env._("The appointment is still to come."))
        return self._plan_by_button(NO_SHOW)

    def _plan_by_button(self, kind):
        """Plan a text to each customer, once; tell the user what happens.

        :raises UserError: where nobody is to be texted, or it was sent before
        """
        self._check_texting()
        event_sudo = self.sudo()
        rows_sudo = self.env["sms.reminder"].sudo()
        company, ticket = event_sudo.sms_company_id, event_sudo.ticket_id
        rule = rows_sudo._get_rule(company, kind, ticket)
        if not rule:
            raise UserError(
                self.env._(
                    "No text is set for this: a helpdesk manager can make an "
                    "automation that says what to send."
                )
            )
        customers = event_sudo._get_untold_customers(kind)
        if not customers:
            raise UserError(self.env._("The customer has been told already."))
        vals = event_sudo._prepare_text_now(kind, rule)
        rows_sudo.create([{**vals, "partner_id": it.id} for it in customers])
        rows_sudo._wake()
        return self._say_who_is_told(customers)

    def _get_untold_customers(self, kind):
        """Return the customers who come, and have not had a text of a kind.

        :param str kind: a value of ``sms.reminder.kind``
        """
        told = self.env["sms.reminder"].search(
            [
                *(("event_id", "=", self.id), ("kind", "=", kind)),
                *(("start", "=", self.start), ("state", "in", (PLANNED, SENT))),
            ]
        )
        declined = self.attendee_ids.filtered(lambda it: it.state == "declined")
        return self._get_sms_customers() - told.partner_id - declined.partner_id

    def _prepare_text_now(self, kind, rule):
        """Return the values of a text that leaves now, all but to whom.

        :param TextRule rule: what is sent
        """
        return {
            "kind": kind,
            "company_id": self.sms_company_id.id,
            "event_id": self.id,
            "ticket_id": self.ticket_id.id,
            "subject_key": self.sms_series_key or f"event {self.id}",
            "start": self.start,
            "is_allday": self.allday,
            "due_at": fields.Datetime.now(),
            "automation_id": rule.automation_id,
        }

    def _say_who_is_told(self, customers):
        """Return the action that tells the user whom the text goes to."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%s will be told by text.", ", ".join(customers.mapped("name"))
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
