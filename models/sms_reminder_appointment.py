# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL


class Appointment(NamedTuple):
    """One event for one customer, as it is in the database."""

    attendee_id: int
    event_id: int
    partner_id: int
    company_id: int
    ticket_id: int
    key: str
    start: datetime
    stop: datetime
    is_allday: bool
    known: datetime | None
    is_active: bool
    is_enabled: bool
    is_customer: bool
    has_declined: bool

    def get_obstacle(self, companies, now):
        """Return why the customer gets no texts about it, or empty.

        :param set companies: ids of those that text by our outbox
        :param datetime now: UTC
        :return: a value of ``sms.reminder.reason``
        """
        if not self.is_active:
            return "called_off"
        if not self.is_enabled or self.company_id not in companies:
            return "switched_off"
        if not self.is_customer:
            return "uninvited"
        if self.has_declined:
            return "declined"
        is_over = (self.stop if self.is_allday else self.start) <= now
        return "too_late" if is_over else ""


class SmsReminder(models.Model):
    """Reads appointments as they are in the database, for all that texts about them."""

    _inherit = "sms.reminder"

    @api.model
    def _get_texting_companies(self, found):
        """Return the ids of the companies whose outbox sends."""
        companies = self.env["res.company"].browse({it.company_id for it in found})
        return {it.id for it in companies.exists() if it._uses_sms_outbox()}

    @api.model
    def _read_appointments(self, condition, only_customers=True):
        """Return events with their customers, in one query.

        :param SQL condition: over ``event`` and ``attendee``
        :param bool only_customers: leave out who is none, though they know of it
        :rtype: list[Appointment]
        """
        self.env["calendar.event"].flush_model()
        self.env["calendar.attendee"].flush_model()
        self.env["helpdesk.ticket"].flush_model(["partner_id"])
        self.env["res.users"].flush_model(["partner_id", "share", "active"])
        customer = self.env["calendar.event"]._get_sms_customer_sql("event", "partner")
        known = SQL() if only_customers else SQL("OR attendee.sms_told_start NOTNULL")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT attendee.id, event.id, partner.id, event.sms_company_id,
                       event.ticket_id,
                       COALESCE(event.sms_series_key, 'event ' || event.id),
                       event.start, event.stop, COALESCE(event.allday, FALSE),
                       attendee.sms_told_start, event.active,
                       COALESCE(event.sms_enabled, FALSE), %(customer)s,
                       attendee.state IS NOT DISTINCT FROM 'declined'
                  FROM calendar_event event
                  JOIN calendar_attendee attendee ON attendee.event_id = event.id
                  JOIN res_partner partner ON partner.id = attendee.partner_id
                 WHERE %(condition)s AND (%(customer)s %(known)s)
              ORDER BY event.start, event.id, attendee.id
                """,
                customer=customer,
                condition=condition,
                known=known,
            )
        )
        return [Appointment(*row) for row in rows]
