# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base class of the tests of appointments: a frozen clock, a visit and its texts."""

from datetime import datetime, timedelta

from ..clock import freeze_time
from ..common import SmsCase

#: A Monday, 9:00 in Denver.
NOW = datetime(2026, 11, 30, 16)


class AppointmentCase(SmsCase):
    """A technician who visits a customer in Denver who has agreed to texts about it."""

    def setUp(self):
        super().setUp()
        self.clock = freeze_time(NOW)
        self.frozen = self.clock.start()
        self.addCleanup(self.clock.stop)
        self.company.partner_id.tz = "America/Denver"
        self.agent.write({"tz": "America/Denver", "name": "Ana Agent"})
        self.manager.name = "Max Manager"
        self.customer.write({"tz": "America/Denver", "lang": "en_US"})
        self.record_consent(None, "appointment")
        self.settle()

    # === What people do ===

    def book(self, start=None, partners=None, user=None, **values):
        """Return a new visit: in two days, for an hour, with customer and technician.

        :param datetime start: UTC
        """
        start = start or NOW + timedelta(days=2)
        user = user or self.agent
        partners = self.customer if partners is None else partners
        event = (
            self.env["calendar.event"]
            .with_user(user)
            .create(
                {
                    "name": "Mend the printer",
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "ticket_id": self.ticket.id,
                    "partner_ids": [(6, 0, (partners | user.partner_id).ids)],
                    "technician_id": user.id,
                    **values,
                }
            )
        )
        self.settle()
        return event

    def book_series(self, count=5, **values):
        """Return the first visit of a weekly series."""
        start = NOW + timedelta(days=2)
        return self.book(
            start,
            recurrency=True,
            rrule_type="weekly",
            interval=1,
            end_type="count",
            count=count,
            wed=True,
            event_tz="America/Denver",
            **values,
        )

    def move(self, event, **delta):
        """Move a visit, as dragging it in the calendar does."""
        shift = timedelta(**delta)
        event.write({"start": event.start + shift, "stop": event.stop + shift})
        self.settle()

    def attendee(self, event, partner=None):
        """Return the attendee of a contact, by default of the customer."""
        partner = partner or self.customer
        return event.attendee_ids.filtered(lambda it: it.partner_id == partner)

    # === Time ===

    def settle(self):
        """Flush and clear caches, as the end of a transaction would."""
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()

    def pass_time(self, **delta):
        """Move the clock, and run reminders and outbox whenever a reminder is due."""
        until = datetime.now() + timedelta(**delta)
        rows = self.env["sms.reminder"].search([("state", "=", "planned")])
        moments = sorted({row.due_at for row in rows if row.due_at <= until})
        for moment in moments:
            self.frozen.move_to(max(moment, datetime.now()))
            self.work()
        self.frozen.move_to(until)
        self.work()

    def run_reminders(self):
        """Run the cron that hands over the reminders that are due."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder"))

    def work(self):
        """Hand over what is due, and send it."""
        self.run_reminders()
        self.run_outbox()

    # === What was planned and sent ===

    def rows(self, event=None, partner=None, **values):
        """Return a contact's reminders, in the order of their time."""
        domain = [("partner_id", "=", (partner or self.customer).id)]
        if event is not None:
            domain.append(("event_id", "in", event.ids))
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["sms.reminder"].search(domain, order="due_at, id")

    def kinds(self, event=None, state="planned", **values):
        """Return the kinds of the reminders in a state."""
        return self.rows(event, state=state, **values).mapped("kind")

    def bodies(self, partner=None):
        """Return the texts to a customer without their footer, oldest first."""
        number = (partner or self.customer).phone_sanitized
        return [
            sms.body.replace(self.footer, "").strip()
            for sms in self.messages_to(number)
        ]
