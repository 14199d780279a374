# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base classes of the tests of broadcasts."""

import base64

from odoo.exceptions import UserError

from ..common import SmsCase, phone_number

WORDS = "A cable was cut. It is mended by 4 PM."
STOPPED, SILENT, LOCAL = phone_number(300), phone_number(301), phone_number(302)


class BroadcastCase(SmsCase):
    """People in Denver: three agreed, one opted out, one never said anything."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colorado = cls.env.ref("base.state_us_6")
        cls.area = cls.env["sms.area"].create({"name": "Denver", "cities": "Denver"})
        cls.agreed = cls.env["res.partner"]
        for index in range(310, 313):
            cls.agreed |= cls.make_local(phone_number(index), f"Agreed {index}")
            cls.record_consent(phone_number(index), "alert")
        cls.stopped = cls.make_local(STOPPED, "Stopped")
        cls.record_consent(STOPPED, "alert")
        cls.record_consent(STOPPED, event="revoked", method="keyword")
        cls.silent = cls.make_local(SILENT, "Silent")
        cls.no_number = cls.make_local(False, "Without a number")
        cls.twin = cls.make_local(phone_number(310), "Twin")
        cls.far = cls.make_customer(LOCAL, "Far away", city="Boston")
        cls.record_consent(LOCAL, "alert")

    @classmethod
    def make_local(cls, number, name):
        """Return a contact in Denver."""
        return cls.make_customer(
            number, name, city="Denver", zip="80202-1234", state_id=cls.colorado.id
        )

    def make(self, user=None, **values):
        """Return a draft, made by a manager unless ``user`` is given."""
        return (
            self.env["sms.broadcast"]
            .with_user(user or self.manager)
            .create(
                {
                    "name": "Outage",
                    "area_ids": [(6, 0, self.area.ids)],
                    "is_emergency": True,
                    "emergency_reason": "The network is down",
                    **values,
                }
            )
        )

    def work(self):
        """Run the cron of broadcasts."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast"))
        self.env.invalidate_all()

    def check(self, broadcast):
        """Check the recipients of a broadcast."""
        broadcast.action_check()
        self.work()
        self.assertEqual(broadcast.state, "checked")

    def send(self, broadcast):
        """Check a broadcast, and send it."""
        self.check(broadcast)
        broadcast.action_send()
        self.work()

    def outcomes(self, broadcast):
        """Return the outcome and reason of each contact."""
        return {
            row.partner_id: (row.outcome, row.reason) for row in broadcast.recipient_ids
        }

    def texts(self, broadcast):
        """Return the messages of a broadcast."""
        return self.env["sms.sms"].search([("broadcast_id", "=", broadcast.id)])


class AudienceCase(BroadcastCase):
    """Broadcasts whose recipients are not those of areas."""

    def make_filtered(self, domain, audience="res.partner", **values):
        """Return a draft to what a filter matches."""
        values.setdefault("body", "Outage, {customer}.")
        return self.make(
            audience=audience, filter_domain=str(domain), area_ids=False, **values
        )

    def make_listed(self, rows, name="people.csv", **values):
        """Return a draft to the rows of a CSV file, given as lines of text."""
        file = base64.b64encode("\n".join(rows).encode())
        values.setdefault("body", "Outage, {customer}.")
        return self.make(
            audience="list", list_file=file, list_name=name, area_ids=False, **values
        )

    def assertRefused(self, words, broadcast):
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            broadcast.action_check()
        self.assertEqual(broadcast.state, "draft")


class IncidentCase(BroadcastCase):
    """An outage in Denver, announced to the three who may be texted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        incidents = cls.env["sms.incident"].with_user(cls.manager)
        cls.incident = incidents.create(
            {"name": "No internet in Denver", "area_ids": [(6, 0, cls.area.ids)]}
        )
        cls.first, cls.second, cls.third = cls.agreed

    def prepare(self, **values):
        """Return the incident's next broadcast, with a body of its own."""
        incident = self.incident.with_user(self.manager)
        values = {
            "body": "[System Alert] How it stands: {status_page}",
            "is_emergency": True,
            "emergency_reason": "The network is down",
            **values,
        }
        return incident._prepare_broadcast(incident.next_kind or "update", **values)

    def tell(self, **values):
        """Send the incident's next broadcast, and return it."""
        broadcast = self.prepare(**values)
        self.send(broadcast)
        self.run_outbox()
        return broadcast

    def publish(self, state, body="It is mended."):
        """Publish news about the incident."""
        news = self.env["sms.incident.news"].with_user(self.manager)
        news.create({"incident_id": self.incident.id, "state": state, "body": body})

    def reached(self, broadcast):
        """Return the contacts that a broadcast's texts have left for."""
        texts = self.texts(broadcast).filtered(lambda sms: sms.state == "sent")
        return texts.partner_id


class SubscriptionCase(BroadcastCase):
    """A service to which people can subscribe, and its joining keyword."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mail = cls.env["sms.area"].create(
            {"name": "E-mail", "takes_subscribers": True, "kind": "service"}
        )
        cls.word = cls.env["sms.keyword"].create(
            {
                "word": "MAIL",
                "action": "join",
                "purpose_ids": [(6, 0, cls.purposes("alert").ids)],
                "area_ids": [(6, 0, cls.mail.ids)],
            }
        )

    def subscriptions(self, number=None):
        """Return the subscriptions to the service, of a number or all."""
        domain = [("area_id", "=", self.mail.id)]
        return self.env["sms.subscription"].search(
            [*domain, ("number", "=", number)] if number else domain
        )

    def subscribe(self, partner, user=None):
        """Return a subscription that an agent enters for a contact."""
        subscriptions = self.env["sms.subscription"].with_user(user or self.agent)
        return subscriptions.create({"partner_id": partner.id, "area_id": self.mail.id})


class PublishCase(IncidentCase):
    """Of those without consent, one has an e-mail address, another wants no mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silent.email = "silent@example.com"
        cls.stopped.email = "stopped@example.com"
        cls.env["mail.blacklist"].sudo()._add(cls.stopped.email)

    def open(self, state=None, user=None):
        """Return the publishing screen as the incident's button opens it."""
        user = user or self.manager
        incident = self.incident.with_user(user).with_context(sms_news_state=state)
        action = incident.action_publish()
        forms = self.env[action["res_model"]].with_user(user)
        return forms.browse(action["res_id"])

    def run_jobs(self):
        """Send what is queued, and post the news on the tickets."""
        self.work()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident"))
        self.run_outbox()
        self.env.invalidate_all()

    def say(self, state=None, **values):
        """Publish and send in one step; return the broadcast."""
        form = self.open(state)
        form.write(
            {"is_emergency": True, "emergency_reason": "Down", "body": WORDS, **values}
        )
        action = form.action_publish()
        self.assertEqual(action["type"], "ir.actions.act_window_close")
        self.run_jobs()
        return self.incident.news_ids[:1].broadcast_id

    def mails(self):
        """Return the mails about the incident."""
        subject = f"{self.company.name}: {self.incident.name}"
        return self.env["mail.mail"].search([("subject", "=", subject)])
