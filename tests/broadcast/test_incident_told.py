# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""In an incident a customer gets "we know" or "received", but never both."""

from datetime import timedelta

from odoo.tests import tagged

from ..clock import freeze_time
from ..message.common import MORNING, NIGHT
from .common import IncidentCase

KNOWN, RECEIVED = "No internet in Denver", "has been received"


class ToldCase(IncidentCase):
    """A customer who may be texted about tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent(cls.second.phone, "ticket")
        cls.second.email = "first@example.com"

    def make_new(self, user=None, **values):
        """Return a new ticket about the outage, in the first stage."""
        tickets = self.env["helpdesk.ticket"].with_user(user or self.agent)
        return tickets.create(
            {
                "name": "The internet is gone",
                "description": "<p>Since noon</p>",
                "partner_id": self.second.id,
                "stage_id": self.new_stage.id,
                **values,
            }
        ).sudo()

    def told(self):
        """Return which of the two texts the customer has got or will get, in order."""
        self.run_automations()
        texts = self.messages_to(self.second.phone)
        texts = texts.filtered(lambda it: it.state != "canceled")
        return [
            word for text in texts for word in (KNOWN, RECEIVED) if word in text.body
        ]


@tagged("post_install", "-at_install")
class TestEachWay(ToldCase):
    """However the ticket was created."""

    def test_by_an_agent(self):
        self.make_new()
        self.assertEqual(self.told(), [KNOWN])

    def test_by_an_agent_who_takes_it(self):
        self.make_new(user_id=self.agent.id, team_id=self.team.id)
        self.assertEqual(self.told(), [KNOWN])

    def test_in_the_portal(self):
        channel = self.env.ref("helpdesk_mgmt.helpdesk_ticket_channel_web")
        self.make_new(self.env.ref("base.user_root"), channel_id=channel.id)
        self.assertEqual(self.told(), [KNOWN])

    def test_by_mail(self):
        tickets = self.env["helpdesk.ticket"].with_user(self.env.ref("base.user_root"))
        ticket = tickets.message_new(
            {
                "subject": "The internet is gone",
                "from": "First <first@example.com>",
                "email_from": "First <first@example.com>",
                "to": "support@example.com",
                "body": "<p>Since noon</p>",
                "author_id": self.second.id,
                "message_id": "<1@example.com>",
            },
            {"partner_id": self.second.id, "stage_id": self.new_stage.id},
        )
        self.assertEqual(ticket.sms_incident_id, self.incident)
        self.assertEqual(self.told(), [KNOWN])

    def test_by_a_text(self):
        inbound = self.receive("My internet is down", self.second.phone)
        self.assertEqual(inbound.ticket_id.sms_incident_id, self.incident)
        self.assertEqual(self.told(), [KNOWN])

    def test_where_the_first_stage_confirms(self):
        """The stage's template confirms, instead of an automation."""
        received = self.env.ref("helpdesk_mgmt_sms.sms_automation_received")
        received.active = False
        self.new_stage.sms_template_id = received.template_id
        self.make_new()
        self.assertEqual(self.told(), [KNOWN])
        self.run_outbox()
        self.publish("resolved")
        self.make_new(name="Printer jams")
        self.assertEqual(self.told(), [KNOWN, RECEIVED], "others are confirmed")

    def test_who_opens_another_one_knows_already(self):
        self.make_new()
        second = self.make_new()
        self.assertEqual(second.sms_incident_id, self.incident)
        self.assertEqual(self.told(), [KNOWN])

    def test_about_something_else(self):
        self.make_new(name="Printer jams", description="<p>Again</p>")
        self.assertEqual(self.told(), [RECEIVED])

    def test_who_has_not_agreed_to_be_told_of_it(self):
        """Both texts would be blocked, so neither counts as told."""
        self.record_consent(
            self.second.phone, "ticket", event="revoked", method="phone"
        )
        ticket = self.make_new()
        self.assertFalse(ticket.sms_incident_told_at)
        self.assertEqual(self.told(), [])


@tagged("post_install", "-at_install")
class TestHeld(ToldCase):
    """The incident is opened while the confirmation waits for the morning."""

    def setUp(self):
        super().setUp()
        self.configure(
            self.company,
            sms_courtesy_days="weekdays",
            sms_courtesy_from=8,
            sms_courtesy_to=20,
        )
        partner = {"tz": "America/Denver", "country_id": self.country.id}
        self.company.partner_id.write({**partner, "phone": False})
        clock = freeze_time(NIGHT, tick=True)
        clock.start()
        self.addCleanup(clock.stop)
        self.incident.sudo().write({"state": "resolved", "resolved_at": NIGHT})
        self.early = self.make_new()
        self.assertEqual(self.told(), [RECEIVED])
        self.assertFalse(self.early.sms_incident_id)
        [self.received] = self.messages_to(self.second.phone)
        self.assertEqual(self.received.gate_verdict, "hold")
        self.incident.sudo().write(
            {
                "state": "open",
                "resolved_at": False,
                "opened_at": self.early.create_date + timedelta(hours=1),
            }
        )

    def assertLeaves(self, *words):
        """Assert which texts have left by the next morning."""
        self.run_outbox()
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
        self.assertEqual(self.told(), list(words))

    def test_who_texts_about_it_is_told_that_we_know_instead(self):
        self.receive("The internet is still down", self.second.phone)
        self.assertEqual(self.early.sms_incident_id, self.incident)
        self.assertGateSays(self.received, "canceled", "block", "overtaken")
        self.assertLeaves(KNOWN)

    def test_who_texts_about_it_on_a_ticket_of_something_else(self):
        """The confirmation of that ticket stays: it is about something else."""
        self.early.write({"name": "Printer jams", "description": "<p>Again</p>"})
        self.receive("The internet is down", self.second.phone)
        self.assertFalse(self.early.sms_incident_id)
        self.assertLeaves(RECEIVED, KNOWN)

    def test_who_is_linked_by_hand_and_texts(self):
        self.early.with_user(self.agent).sms_incident_id = self.incident
        self.assertLeaves(RECEIVED)

    def test_who_opens_another_ticket_meanwhile(self):
        self.make_new()
        self.assertEqual(self.told(), [RECEIVED, KNOWN])

    def test_that_we_know_is_not_said_when_it_is_over(self):
        self.make_new()
        known = self.messages_to(self.second.phone)[-1]
        self.assertEqual(
            (known.incident_id, known.gate_verdict), (self.incident, "hold")
        )
        self.publish("monitoring")
        self.assertEqual(known.state, "outgoing", "it is not over yet")
        self.publish("resolved")
        self.assertGateSays(known, "canceled", "block", "overtaken")
        self.assertIn("has been resolved meanwhile", known.gate_label)
        self.assertLeaves(RECEIVED)

    def test_that_we_know_is_not_said_of_something_else(self):
        ticket = self.make_new()
        ticket.with_user(self.agent).action_sms_not_incident()
        self.assertLeaves(RECEIVED, RECEIVED)

    def test_that_we_know_is_said_for_the_other_ticket(self):
        ticket, other = self.make_new(), self.make_new()
        ticket.with_user(self.agent).action_sms_not_incident()
        self.assertEqual(other.sms_incident_id, self.incident)
        self.assertEqual(sorted(self.told()), [KNOWN, RECEIVED, RECEIVED])

    def test_what_is_said_of_a_broadcast(self):
        """A broadcast's own text still shows why it does not leave."""
        broadcast = self.prepare(is_emergency=False, emergency_reason=False)
        self.send(broadcast)
        self.publish("resolved")
        texts = self.texts(broadcast)
        texts._ask_gate()
        self.assertEqual(set(texts.mapped("gate_reason")), {"overtaken"})
        label = "The incident has been resolved meanwhile"
        self.assertEqual(set(texts.mapped("gate_label")), {label})
