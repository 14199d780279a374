# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .sms_consent_search import SubjectColumns


class CalendarEvent(models.Model):
    """An appointment knows its customers and shows if they may be texted."""

    _name = "calendar.event"
    _inherit = ["calendar.event", "sms.consent.mixin"]

    sms_customer_id = fields.Many2one(
        "res.partner",
        "Customer",
        compute="_compute_sms_customer_id",
        compute_sudo=True,
        help="The first attendee who is no colleague.",
    )

    @api.depends("partner_ids", "ticket_id.partner_id", "technician_id", "user_id")
    def _compute_sms_customer_id(self):
        for event in self:
            event.sms_customer_id = event._get_sms_customers()[:1]

    def _get_sms_customers(self):
        """Return the attendees who are texted: who is none of us.

        The customer of the linked ticket is one even if they work here, as those of an
        internal helpdesk do; not so who comes to them.
        """
        self.ensure_one()
        ticket_customer = self.ticket_id.partner_id
        ours = self.technician_id.partner_id | self.user_id.partner_id
        return self.partner_ids.filtered(
            lambda partner: (
                all(user.share for user in partner.user_ids)
                or (partner in ticket_customer and partner not in ours)
            )
        )

    @api.model
    def _get_sms_customer_sql(self, event, partner):
        """Return the condition that a contact is a customer of an event.

        The same rule as :meth:`_get_sms_customers`.

        :param str event: alias of ``calendar_event``
        :param str partner: alias of ``res_partner``, an attendee
        """
        return SQL(
            """(
                NOT EXISTS (
                    SELECT FROM res_users "user"
                     WHERE "user".partner_id = %(partner)s
                       AND "user".active AND NOT "user".share
                ) OR (
                    EXISTS (
                        SELECT FROM helpdesk_ticket ticket
                         WHERE ticket.id = %(ticket)s
                           AND ticket.partner_id = %(partner)s
                    ) AND NOT EXISTS (
                        SELECT FROM res_users "user"
                         WHERE "user".partner_id = %(partner)s
                           AND "user".id IN (%(technician)s, %(organizer)s)
                    )
                )
            )""",
            partner=SQL.identifier(partner, "id"),
            ticket=SQL.identifier(event, "ticket_id"),
            technician=SQL.identifier(event, "technician_id"),
            organizer=SQL.identifier(event, "user_id"),
        )

    def _get_sms_subject_fields(self):
        return (
            *("partner_ids.phone_sanitized", "sms_company_id"),
            *("ticket_id", "technician_id", "user_id"),
        )

    def _get_sms_subjects(self):
        """Mean the customer's number, for appointments, in the event's company."""
        rules = self.env["sms.purpose.rule"]
        subjects = {}
        for event in self:
            company = event.sms_company_id or self.env.company
            purpose = rules._find_for_model(company, self._name)
            number = event.sms_customer_id.phone_sanitized
            subjects[event.id] = company, number, purpose
        return subjects

    def _get_sms_subject_columns(self, alias):
        """Find the customer as :meth:`_compute_sms_customer_id` does."""
        self.env["res.partner"].flush_model(["phone_sanitized", "complete_name"])
        self.env["res.users"].flush_model(["partner_id", "share", "active"])
        number = SQL(
            """(
                SELECT partner.phone_sanitized
                  FROM calendar_event_res_partner_rel attendee
                  JOIN res_partner partner ON partner.id = attendee.res_partner_id
                 WHERE attendee.calendar_event_id = %s AND partner.active
                   AND %s
              ORDER BY partner.complete_name, partner.id DESC
                 LIMIT 1
            )""",
            SQL.identifier(alias, "id"),
            self._get_sms_customer_sql(alias, "partner"),
        )
        company = SQL(
            "COALESCE(%s, %s)",
            SQL.identifier(alias, "sms_company_id"),
            self.env.company.id,
        )
        rules = self.env["sms.purpose.rule"]
        cases = [
            SQL("WHEN %s THEN %s", it.id, rules._find_for_model(it, self._name).id)
            for it in self.env["res.company"].sudo().search([])
        ]
        purpose = SQL("CASE %s %s END", company, SQL(" ").join(cases))
        return SubjectColumns(company, number, purpose)

    def _get_sms_typed_number(self):
        return self.sms_customer_id.phone
