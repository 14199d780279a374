# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from collections import Counter, defaultdict
from datetime import timedelta

from odoo.tests import tagged

from ...models.appointment.sms_reminder import Whereabouts
from ...tools import appointments, quiet_hours
from ...tools.appointments import NOTICES
from ..common import phone_number
from .common import NOW, AppointmentCase

ZONES = ("America/Denver", "America/New_York", "America/Los_Angeles", "Europe/London")
DAYS, CUSTOMERS, EVENTS = 30, 100, 500
OFFSETS = (timedelta(days=1), timedelta(hours=2))


@tagged("long")
class TestMonth(AppointmentCase):
    """A simulated month of random events, under a clock that we move."""

    def setUp(self):
        super().setUp()
        self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 20})
        self.random = random.Random(6)
        self.people = [self.make_person(index) for index in range(CUSTOMERS)]
        #: how each appointment stands: {(event id, partner): (since, start or None)}
        self.holding, self.expected = {}, Counter()
        #: since when each date was known: {(event id, partner, start): since}
        self.knowing = {}
        #: opt-outs: {partner id: [[since, until or None], ...]}
        self.gone = defaultdict(list)

    def make_person(self, index):
        """Return a customer in one of the time zones who has consented."""
        number = phone_number(100 + index)
        person = self.make_customer(number, f"Person {index}", tz=ZONES[index % 4])
        self.record_consent(number, "appointment")
        return person

    # === The expected reminders, derived only from what has happened ===

    def note(self, event, person):
        """Record how an appointment stands now; count what was due until now."""
        now = self.now()
        key = event.id, person.id
        attendee = self.attendee(event, person)
        stands = event.active and attendee.state != "declined"
        start = event.start if stands else None
        since, before = self.holding.get(key, (now, None))
        if start == before:
            return
        if before:
            self.settle_expected(key, person, since, before, now)
        self.holding[key] = now, start
        self.knowing.setdefault((*key, start), now)
        if self.is_told(event, person):
            self.knowing[(*key, start)] = now

    def is_told(self, event, person):
        """Return whether a notice is planned, and the customer has not opted out."""
        notices = self.rows(event, partner=person, state="planned").filtered(
            lambda row: row.kind in NOTICES
        )
        return bool(notices) and not self.was_gone(person, self.now())

    def settle_expected(self, key, person, since, start, until):
        """Count the reminders that were due while an appointment stood.

        A customer who has just been told needs no reminder whose time has passed. One
        who was not told, because the appointment was moved away and back before the
        notice left, is reminded as if nothing had happened.
        """
        place = Whereabouts(self.company).find(person)[0]
        rules = self.env["sms.quiet.hours"]._select(
            self.company, place, quiet_hours.INFORMATIONAL
        )
        for offset in OFFSETS:
            due = appointments.find_due(
                start,
                offset,
                self.knowing[(*key, start)],
                place.zones,
                rules,
                f"{key[0]}/{key[1]}",
            )
            is_in_time = due and since < due <= until
            if is_in_time and not self.was_gone(person, due):
                self.expected[key[0], key[1], start, offset // timedelta(minutes=1)] = 1

    def was_gone(self, person, due):
        """Return whether a customer had opted out when a reminder was due.

        Consent is checked then, not when it was planned: after a START in time it goes.
        """
        return any(
            since < due and not (until and until < due)
            for since, until in self.gone[person.id]
        )

    # === What happens ===

    def book_some(self, count):
        """Book appointments of random customers over the next days."""
        start = self.now().replace(minute=0, second=0)
        vals_list, people = [], []
        for _number in range(count):
            person = self.random.choice(self.people)
            begin = start + timedelta(
                hours=self.random.randint(3, 300), minutes=self.random.choice((0, 30))
            )
            people.append(person)
            vals_list.append(
                {
                    "name": "Visit",
                    "start": begin,
                    "stop": begin + timedelta(hours=1),
                    "ticket_id": self.ticket.id,
                    "partner_ids": [(6, 0, person.ids)],
                    "user_id": self.agent.id,
                }
            )
        events = (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(vals_list)
        )
        self.settle()
        for event, person in zip(events, people, strict=True):
            self.note(event, person)
        self.events += list(zip(events, people, strict=True))

    def happen(self):
        """Change a random appointment in a random way."""
        event, person = self.random.choice(self.events)
        what = self.random.choice(
            ("move", "move", "move", "archive", "restore", "decline", "text", "stop")
        )
        quiet = event.with_context(no_mail_to_attendees=True)
        if what == "move":
            shift = timedelta(minutes=30 * self.random.randint(-200, 300))
            quiet.write({"start": event.start + shift, "stop": event.stop + shift})
        elif what in ("archive", "restore"):
            quiet.active = what == "restore"
        elif what == "decline":
            self.attendee(event, person).state = "declined"
        elif what == "text":
            self.answer(person)
        elif self.random.random() < 0.3:
            self.stop(person)
        self.settle()
        self.note(event, person)

    def answer(self, person):
        """Receive a customer's random answer: confirm, reschedule, cancel or choose."""
        self.receive(self.random.choice("1123"), person.phone_sanitized)
        self.settle()
        self.note_all(person)

    def stop(self, person):
        """Receive STOP from a customer, or START if they have stopped."""
        spans = self.gone[person.id]
        is_back = bool(spans) and spans[-1][1] is None
        self.receive("START" if is_back else "STOP", person.phone_sanitized)
        self.settle()
        if is_back:
            spans[-1][1] = self.now()
        else:
            spans.append([self.now(), None])

    def note_all(self, person):
        """Record how all appointments of a customer stand now."""
        for event, other in self.events:
            if other == person:
                self.note(event, person)

    def hand_over(self):
        """Hand over what is due, sometimes after a worker that was killed midway."""
        reminders = self.env["sms.reminder"]
        if self.random.random() < 0.1:
            savepoint = self.cr.savepoint()
            reminders._hand_over_next()
            savepoint.rollback()
            self.env.invalidate_all()
        while reminders._hand_over_next():
            pass
        self.env.flush_all()
        # The carrier accepts them at once.
        self.cr.execute(
            "UPDATE sms_sms SET state = 'sent', sent_at = %s WHERE state = 'outgoing'"
            " AND gate_verdict = 'send'",
            [self.now()],
        )
        self.env.invalidate_all()

    def now(self):
        """Return the frozen clock's time (UTC)."""
        return self.frozen.time_to_freeze

    def advance(self, until):
        """Move the clock, and wake the worker whenever something is due."""
        while True:
            self.cr.execute(
                "SELECT min(due_at) FROM sms_reminder WHERE state = 'planned'"
            )
            [due] = self.cr.fetchone()
            if due is None or due > until:
                break
            self.frozen.move_to(max(due, self.now()))
            self.hand_over()
        self.frozen.move_to(until)

    def test_every_reminder_goes_once_to_whom_it_must(self):
        self.events = []
        for day in range(DAYS):
            if day < DAYS - 12:
                self.book_some(-(-EVENTS // (DAYS - 12)))
            for _number in range(15):
                step = timedelta(minutes=self.random.randint(1, 180))
                self.advance(self.now() + step)
                self.happen()
        self.advance(NOW + timedelta(days=60))
        for (event_id, partner_id), (since, start) in self.holding.items():
            if not start:
                continue
            person = self.env["res.partner"].browse(partner_id)
            self.settle_expected(
                (event_id, partner_id), person, since, start, self.now()
            )
        rows = self.env["sms.reminder"].search(
            [("kind", "=", "reminder"), ("sms_id.state", "=", "sent")]
        )
        sent = Counter(
            (row.event_id.id, row.partner_id.id, row.start, row.offset_minutes)
            for row in rows
        )
        self.assertGreater(len(sent), 300)
        self.assertEqual((sent - self.expected, self.expected - sent), ({}, {}))
        self.assertInWindow()

    def assertInWindow(self):
        """Check that each text left once, and by day where its recipient is."""
        rows = self.env["sms.reminder"].search([("sms_id.state", "=", "sent")])
        self.assertEqual(len(rows.sms_id), len(rows))
        for row in rows.filtered(lambda it: it.kind == "reminder"):
            sms = row.sms_id
            self.assertEqual((sms.state, sms.gate_reason), ("sent", "consent"))
            local = appointments.to_local(sms.sent_at, row.partner_id.tz)
            self.assertTrue(8 <= local.hour < 20, local)
            self.assertLess(sms.sent_at, row.start)
