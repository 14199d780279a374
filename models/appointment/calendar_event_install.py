# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL, sql

from ...tools import TICKET_MODEL
from ..core.bulk_insert import as_array
from .calendar_event import CONFIRMATION_OF

#: Stored fields that are derived for each event.
DERIVED = (
    *("ticket_id", "technician_id", "sms_company_id"),
    *("sms_enabled", "sms_confirmation"),
)


class CalendarEvent(models.Model):
    """Fills our columns on events older than the addon, however many."""

    _inherit = "calendar.event"

    def _auto_init(self):
        """Create the columns beforehand; the installation fills them by SQL.

        For new columns Odoo would read and compute all existing events.
        """
        columns = sql.table_columns(self.env.cr, self._table)
        if columns and columns.keys().isdisjoint(DERIVED):
            for name in DERIVED:
                kind = self._fields[name].column_type[1]
                sql.create_column(self.env.cr, self._table, name, kind)
        return super()._auto_init()

    @api.model
    def _complete_old_sms(self):
        """Fill the derived fields of existing events, by SQL."""
        self.env.flush_all()
        query = """
            UPDATE calendar_event event
               SET ticket_id = ticket.id, technician_id = own.user_id,
                   sms_company_id = COALESCE(ticket.company_id, organizer.company_id,
                                             %s),
                   sms_enabled = ticket.id IS NOT NULL
              FROM calendar_event own
         LEFT JOIN helpdesk_ticket ticket
                ON own.res_model = %s AND ticket.id = own.res_id
         LEFT JOIN res_users organizer ON organizer.id = own.user_id
             WHERE event.id = own.id AND event.sms_company_id IS NULL
        """
        self.env.cr.execute(SQL(query, self.env.company.id, TICKET_MODEL))
        query = """
            UPDATE calendar_event event SET sms_confirmation = (%s)[answer.place]
              FROM (SELECT own.id, min(array_position(
                           %s, COALESCE(attendee.state, 'needsAction'))) AS place
                      FROM calendar_event own
                      JOIN calendar_attendee attendee ON attendee.event_id = own.id
                      JOIN res_partner partner
                        ON partner.id = attendee.partner_id AND partner.active
                     WHERE %s
                  GROUP BY own.id) answer
             WHERE event.id = answer.id AND event.sms_confirmation IS NULL
        """
        answers = as_array(CONFIRMATION_OF.values(), "varchar")
        states = as_array(CONFIRMATION_OF, "varchar")
        customer = self._get_sms_customer_sql("own", "partner")
        self.env.cr.execute(SQL(query, answers, states, customer))
        self.invalidate_model()
