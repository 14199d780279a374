# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo.exceptions import AccessError

from ..dispatch.common import FIRST, SECOND, SendersCase
from .common import NOW, AppointmentCase


class TestCompanies(AppointmentCase):
    """The ticket's company sends, else the technician's, else the organizer's."""

    def setUp(self):
        super().setUp()
        self.other = self.make_company("Other")
        self.record_consent(None, "appointment", company=self.other)
        self.settle()

    def told_by(self, event):
        """Return the company that texted the customer about an event."""
        self.run_reminders()
        [row] = self.rows(event, kind="booked")
        message = row.sms_id
        self.assertEqual(message.record_company_id, event.sms_company_id)
        self.assertEqual(message.sender_id.company_id, event.sms_company_id)
        return message.record_company_id

    def give(self, user):
        """Make a user work in the other company."""
        user.write({"company_ids": [(4, self.other.id)], "company_id": self.other.id})

    def test_the_tickets_company_comes_first(self):
        ticket = self.make_ticket(self.customer, company_id=self.other.id)
        event = self.book(ticket_id=ticket.id)
        self.assertEqual(self.told_by(event), self.other)

    def test_without_a_ticket_the_technicians(self):
        self.give(self.team_agent)
        event = self.book(
            ticket_id=False, sms_enabled=True, technician_id=self.team_agent.id
        )
        self.assertEqual(self.told_by(event), self.other)

    def test_without_a_technician_the_organizers(self):
        self.give(self.agent)
        event = self.book(ticket_id=False, sms_enabled=True)
        event.sudo().technician_id = False
        self.settle()
        self.assertEqual(self.told_by(event), self.other)

    def test_consent_is_that_of_the_company_that_texts(self):
        self.record_consent(event="revoked", company=self.other)
        ticket = self.make_ticket(self.customer, company_id=self.other.id)
        self.book(ticket_id=ticket.id)
        ours = self.book(NOW + timedelta(days=3))
        self.run_reminders()
        messages = self.messages_to()
        of_other = messages.filtered(lambda it: it.record_company_id == self.other)
        self.assertEqual(set(of_other.mapped("gate_verdict")), {"block"})
        self.assertEqual(self.told_by(ours), self.company)

    def test_a_stop_at_one_company_leaves_the_others_reminders(self):
        ticket = self.make_ticket(self.customer, company_id=self.other.id)
        theirs = self.book(ticket_id=ticket.id)
        ours = self.book(NOW + timedelta(days=3))
        self.pass_time(minutes=1)
        self.receive("STOP", company=self.other)
        self.settle()
        self.assertEqual(self.kinds(theirs), [])
        self.assertEqual(self.kinds(ours), ["reminder", "reminder"])

    def test_colleagues_of_another_company_learn_nothing_of_consent(self):
        """Odoo shows them the appointment."""
        self.record_consent(event="revoked")
        event = self.book()
        self.run_reminders()
        self.assertIn("was not told", event.with_user(self.own_agent).sms_untold_note)
        self.assertTrue(event.with_user(self.own_agent).get_sms_consent_details())
        values = {"company_ids": [(6, 0, self.other.ids)], "company_id": self.other.id}
        self.own_agent.write(values)
        seen = event.with_user(self.own_agent)
        self.assertEqual(seen.name, event.name)
        self.assertFalse(seen.sms_untold_note)
        with self.assertRaises(AccessError):
            seen.get_sms_consent_details()
        with self.assertRaises(AccessError):
            seen.action_sms_on_the_way()

    def test_a_ticket_of_another_company_moves_the_reminders_there(self):
        event = self.book()
        self.pass_time(minutes=1)
        event.sudo().ticket_id = self.make_ticket(
            self.customer, company_id=self.other.id
        )
        self.settle()
        planned = self.rows(event, state="planned", kind="reminder")
        self.assertEqual(planned.company_id, self.other)
        self.assertEqual(len(planned), 2)


class TestTeamNumber(AppointmentCase, SendersCase):
    """Texts about a visit have the number of its ticket's team as sender."""

    def setUp(self):
        super().setUp()
        self.sender(SECOND).team_id = self.team

    def senders_of(self, event, partner=None):
        """Return the numbers from which texts about an event will leave."""
        self.run_reminders()
        messages = self.rows(event, partner=partner).sms_id
        return set(messages.sender_id.mapped("address"))

    def test_the_tickets_team_decides(self):
        self.assertEqual(self.senders_of(self.book()), {SECOND})
        elsewhere = self.make_ticket(self.customer, team_id=self.other_team.id)
        start = NOW + timedelta(days=4)
        event = self.book(start, ticket_id=elsewhere.id)
        self.assertEqual(self.senders_of(event), {FIRST})
        event = self.book(start, ticket_id=False, sms_enabled=True)
        self.assertEqual(self.senders_of(event), {FIRST})

    def test_many_visits_cost_as_much_as_one(self):
        """The teams of all visits are read at once."""
        posts = self.env["mail.message"].sudo()
        for day in range(10):
            event = self.book(NOW + timedelta(days=3 + day))
            posts += self.post_on(event, "Hello").sudo()
        company, few = self.company, posts[:1]
        company._get_sms_candidates("twilio")
        counts = [
            self.count_queries(lambda some=some: company._get_sms_team_ids(list(some)))
            for some in (few, posts)
        ]
        self.assertEqual(counts[0], counts[1])
        self.assertEqual(
            set(company._get_sms_team_ids(list(posts)).values()), {self.team.id}
        )
