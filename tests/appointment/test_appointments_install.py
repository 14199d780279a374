# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ...models.appointment.calendar_event_install import DERIVED
from .common import AppointmentCase


class TestOldEvents(AppointmentCase):
    """Existing events get the same derived values as new ones."""

    def test_by_one_statement_what_is_derived_of_each_event(self):
        colleague = self.manager.partner_id
        ticket = {
            "res_model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
            "res_id": self.ticket.id,
            "ticket_id": False,
        }
        visit = self.book(**ticket)
        answered = self.book(partners=self.customer | colleague, ticket_id=False)
        self.attendee(answered).state = "accepted"
        internal = self.book(partners=colleague, ticket_id=False)
        elsewhere = self.book(ticket_id=False)
        elsewhere.user_id = self.make_company("Other") and self.manager
        series = self.book_series(3, **ticket)
        events = (
            visit
            | answered
            | internal
            | elsewhere
            | series.recurrence_id.calendar_event_ids
        )
        self.env.flush_all()
        # As Odoo computes them when it creates the columns.
        for name in DERIVED:
            self.env.add_to_compute(events._fields[name], events)
        expected = [{name: it[name] for name in DERIVED} for it in events]
        self.assertEqual(len({tuple(map(str, it.values())) for it in expected}), 4)
        self.env.flush_all()
        self.cr.execute(
            f"UPDATE calendar_event SET {', '.join(f'{it} = NULL' for it in DERIVED)}"
            " WHERE id = ANY(%s)",
            [events.ids],
        )
        self.env.invalidate_all()
        self.env["calendar.event"]._complete_old_sms()
        self.assertEqual(
            [{name: it[name] for name in DERIVED} for it in events], expected
        )
