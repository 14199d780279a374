# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sixty texts with every outcome, counted by hand and compared with the figures."""

from datetime import datetime, timedelta

from odoo import fields

from ...providers.faults import LANDLINE
from ...providers.outbound import (
    ACCEPTED,
    QUEUED,
    UNDELIVERED,
    DeliveryReport,
    Outcome,
    Price,
)
from ..common import SmsCase, phone_number

#: When each day's texts are sent (UTC): noon in Denver, where the company is.
NOON = timedelta(hours=19)
#: Index of the first number used by the scenario's people.
FIRST_NUMBER = 600


class ScenarioCase(SmsCase):
    """The scenario: ``play`` creates it, day by day before today.

    Numbers are used once, unless their people are meant to answer.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "America/Denver"
        cls.set_price(0.01)
        cls.env["sms.sms"].search([]).unlink()
        cls.env["sms.inbound"].search([]).unlink()
        cls.env["sms.automation"].search([]).active = False
        cls.next_number = FIRST_NUMBER
        cls.days = cls.env["sms.day"]
        cls.today = cls.days._get_today(cls.company)
        model = cls.env["ir.model"]._get("helpdesk.ticket")
        cls.news, cls.offer = cls.env["sms.template"].create(
            [
                {"name": name, "model_id": model.id, "body": name}
                for name in ("News", "Offer")
            ]
        )

    # === Its pieces ===

    def at(self, days_ago, **offset):
        """Return noon (UTC) of the company's day ``days_ago``, plus an offset."""
        day = self.today - timedelta(days=days_ago)
        noon = datetime.combine(day, datetime.min.time()) + NOON
        return noon + timedelta(**offset)

    def person(self, agrees=True):
        """Return a new customer's number, by default with consent to ticket texts."""
        number = phone_number(self.next_number)
        type(self).next_number += 1
        if agrees:
            self.record_consent(number, "ticket")
        return number

    def text(self, numbers, days_ago, template=None, **values):
        """Create texts as if some days ago; return them."""
        messages = self.env["sms.sms"].create(
            [
                {
                    "number": number,
                    "body": "Hello",
                    "purpose_id": self.env["sms.purpose"]._get("ticket").id,
                    "template_id": template.id if template else False,
                    **values,
                }
                for number in numbers
            ]
        )
        self.shift(messages, "create_date", self.at(days_ago))
        return messages

    def shift(self, records, name, moment):
        """Set a time that otherwise only the clock could set."""
        records.flush_recordset()
        self.env.cr.execute(
            f"UPDATE {records._table} SET {name} = %s WHERE id = ANY(%s)",
            [moment, records.ids],
        )
        records.invalidate_recordset()

    def hand_over(self, messages, days_ago):
        """Record that the carrier has accepted messages."""
        messages._mark_claimed("sandbox")
        messages._record_accepted(
            {
                sms.id: Outcome(ACCEPTED, carrier_id=f"X{sms.uuid}", report=QUEUED)
                for sms in messages
            }
        )
        self.shift(messages, "sent_at", self.at(days_ago))
        return messages

    def deliver(self, messages, days_ago, seconds):
        """Record that messages arrived after some seconds."""
        for sms in self.hand_over(messages, days_ago):
            sms._record_report(DeliveryReport(sms.carrier_id, "delivered"))
        self.shift(messages, "delivered_at", self.at(days_ago, seconds=seconds))

    def lose(self, messages, days_ago):
        """Record that the numbers of messages are landlines."""
        for sms in self.hand_over(messages, days_ago):
            sms._record_report(
                DeliveryReport(sms.carrier_id, UNDELIVERED, "30006", fault=LANDLINE)
            )

    def hear(self, body, number, days_ago, **offset):
        """Receive a text as if some days ago; return the ``sms.inbound``."""
        inbound = self.receive(body, number)
        self.shift(inbound, "received_at", self.at(days_ago, **offset))
        ticket = inbound.ticket_id
        if ticket:
            ticket.write({"team_id": self.team.id, "sms_waiting_since": False})
        return inbound

    def answer(self, number, days_ago, **offset):
        """Create an agent's personal answer to a number; return the message."""
        sms = self.text([number], days_ago)
        sms.is_personal = True
        self.shift(sms, "create_date", self.at(days_ago, **offset))
        return sms

    # === The scenario ===

    def play(self):
        """Create 60 outgoing texts in the last 30 days, and 10 in the 30 before."""
        people = [self.person() for _ in range(50)]
        told = self.text(people[:20], 3, self.news)
        self.deliver(told, 3, seconds=4)
        self.env["sms.sms"]._record_prices(
            "sandbox", {sms.carrier_id: Price(0.02, "USD") for sms in told[:10]}
        )
        self.deliver(self.text(people[20:30], 5, self.offer), 5, seconds=10)
        self.lose(self.text(people[30:36], 5, self.offer), 5)
        self.play_incident(told[10], self.text(people[36:40], 1, self.news))
        self.text(people[40:44], 0)
        later = fields.Datetime.now() + timedelta(days=2)
        self.text(people[44:46], 0, send_at=later)
        self.text(people[46:48], 2).action_set_canceled()
        self.text([self.person(agrees=False) for _ in range(5)], 4)
        left = [self.person() for _ in range(3)]
        for number in left:
            self.record_consent(number, event="revoked", method="phone")
        self.text(left, 4)
        self.play_answers(people)
        self.play_alerts()
        self.play_visits()
        self.play_ratings()
        before = [self.person() for _ in range(10)]
        self.deliver(self.text(before[:8], 40, self.offer), 40, seconds=20)
        self.lose(self.text(before[8:], 40, self.offer), 40)

    def play_answers(self, people):
        """Create answers, opt-outs and a wait; four texts of ours are among the 60."""
        self.hear("Thank you", people[0], 3, minutes=10)
        self.answer(people[0], 3, minutes=40)
        self.hear("Is it done?", people[1], 3, minutes=20)
        self.hear("Hello?", people[1], 3, minutes=50)
        self.answer(people[1], 3, minutes=80)
        self.hear("Nobody answers", people[2], 2)
        for number in people[20:22]:
            self.hear("STOP", number, 5, hours=1)

    def play_incident(self, answer, texts):
        """Announce an outage to six people, four of whom can be texted.

        :param answer: message that told an inquiring customer about the outage
        :param texts: the messages of the broadcast
        """
        incident = self.env["sms.incident"].create({"name": "No network"})
        broadcast = self.env["sms.broadcast"].create(
            {"name": "No network", "incident_id": incident.id}
        )
        broadcast.sudo().started_at = self.at(1)
        answer.incident_id = incident
        texts.write({"broadcast_id": broadcast.id, "incident_id": incident.id})
        self.hand_over(texts, 1)
        outcomes = ["queued"] * 4 + ["no_number", "muted"]
        recipients = self.env["sms.broadcast.recipient"].sudo()
        for outcome in outcomes:
            partner = self.env["res.partner"].create({"name": "Concerned"})
            recipients.create(
                {
                    "broadcast_id": broadcast.id,
                    "partner_id": partner.id,
                    "outcome": outcome,
                }
            )
        for state in ("open", "resolved"):
            self.env["sms.incident.news"].create(
                {"incident_id": incident.id, "state": state, "body": "News"}
            )
        self.env["sms.incident.mute"]._mute(
            incident, phone_number(599), self.env["res.partner"]
        )
        self.play_clicks(broadcast)

    def play_clicks(self, broadcast):
        """Record three clicks on a template's link, and one on a broadcast's."""
        links = self.env["link.tracker"]
        for count, values in (
            (3, links._get_sms_values(self.company, self.news)),
            (1, links._get_sms_values(self.company, broadcast=broadcast)),
        ):
            link = links.search_or_create([{**values, "url": "https://example.com/a"}])
            self.env["link.tracker.click"].create([{"link_id": link.id}] * count)

    def play_alerts(self):
        """Create three alerts: two acknowledged, one of them within five minutes."""
        alerts = self.env["sms.team.alert"]
        plan = self.env["sms.team.alert.plan"]._find(self.team, self.company)
        for minutes in (3, 30, None):
            alert = alerts.create(
                {
                    "name": "Server 4 offline",
                    "company_id": self.company.id,
                    "plan_id": plan.id,
                    "team_id": self.team.id,
                    "target_minutes": 5,
                    "created_at": self.at(2),
                }
            )
            alert.acknowledged_at = minutes and self.at(2, minutes=minutes)

    def play_visits(self):
        """Create three appointments: one confirmed, one moved, one missed."""
        for what in ("confirmed", "moved", "no_show"):
            visit = self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "start": self.at(1),
                    "stop": self.at(1, hours=1),
                    "partner_ids": [(6, 0, self.customer.ids)],
                    "ticket_id": self.ticket.id,
                }
            )
            if what == "confirmed":
                attendees = visit.attendee_ids.filtered("partner_id.partner_share")
                attendees.state = "accepted"
                continue
            self.env["sms.reminder"].create(
                {
                    "company_id": self.company.id,
                    "event_id": visit.id,
                    "partner_id": self.customer.id,
                    "kind": what,
                    "state": "sent",
                    "start": visit.start,
                    "due_at": visit.start,
                }
            )

    def play_ratings(self):
        """Record two customers' ratings: 4 and 5."""
        for value in (4, 5):
            ticket = self.make_ticket(self.customer, team_id=self.team.id)
            token = ticket._rating_get_access_token(self.customer)
            ticket.rating_apply(value, token=token)
