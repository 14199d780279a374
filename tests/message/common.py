# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of outgoing messages."""

from datetime import datetime, timedelta

from ...models.message import mail_thread
from ...models.message import res_partner as res_partner_reader
from ...models.message import sms_sms_intake as sms_sms_bulk
from ...providers import faults
from ...tools import timing
from ..common import SmsCase, phone_number

#: Number of messages from which they are made in bulk here.
FEW = 10
NUMBERS = (
    *(phone_number(index) for index in range(0, 1000, 90)),
    *("+442079460000", "+61491570156", "(303) 555-0107", "0491 570 156"),
    *("nonsense", "12", "", False, "+1208\x005550100"),
)
ADDRESSES = (("US", "CO"), ("US", "FL"), ("US", "TX"), ("AU", ""), ("", ""))
NOON = "2026-07-01 18:00:00"  # in Denver, a Wednesday
NIGHT = "2026-07-02 04:00:00"  # 22:00 in Denver
MORNING = datetime(2026, 7, 2, 14, 0)  # 8:00 in Denver


class IntakeCase(SmsCase):
    """Common base: Odoo's own ways to create a text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket_template = cls.make_template("helpdesk.ticket", "{{ object.name }}")

    @classmethod
    def make_template(cls, model, body):
        """Return a new SMS template."""
        return cls.env["sms.template"].create(
            {"name": body, "model_id": cls.env["ir.model"]._get_id(model), "body": body}
        )

    def compose(self, mode, records=None, user=None, **values):
        """Send by Odoo's composer, as a user does in the client."""
        context = {"default_composition_mode": mode}
        if records:
            context["default_res_model"] = records._name
            key = "default_res_id" if mode == "comment" else "default_res_ids"
            context[key] = records.id if mode == "comment" else records.ids
        composer = self.env["sms.composer"].with_user(user or self.agent)
        composer = composer.with_context(**context)
        composer.create({"body": "We are on our way.", **values}).action_send_sms()

    def make_stage(self, template):
        """Return a stage that sends a text."""
        return self.env["helpdesk.ticket.stage"].create(
            {"name": "Texting", "sequence": 98, "sms_template_id": template.id}
        )


class QuietHoursCase(SmsCase):
    """Common base: a company in Denver with the shipped quiet hours and limits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configure(
            cls.company,
            sms_courtesy_days="weekdays",
            sms_courtesy_from=8,
            sms_courtesy_to=20,
        )
        cls.company.partner_id.write(
            {"tz": "America/Denver", "country_id": cls.country.id, "phone": False}
        )

    @classmethod
    def allow_any_hour(cls):
        """Keep the shipped quiet hours and limits, which are tested here."""

    def send(self, code="ticket", number=None, **values):
        """Return a new message of a purpose."""
        return self.env["sms.sms"].create(
            {
                "number": number or self.number,
                "body": "Hello",
                "purpose_id": self.purposes(code).id,
                **values,
            }
        )

    def assertHeld(self, message, reason=timing.QUIET_HOURS, until=None):
        """Check that a message is held until a time, or up to half an hour later."""
        self.assertEqual((message.state, message.gate_verdict), ("outgoing", "hold"))
        self.assertEqual(message.gate_reason, reason)
        until = until or MORNING
        self.assertLessEqual(until, message.not_before)
        self.assertLess(message.not_before, until + timedelta(minutes=30))


class ManyCase(QuietHoursCase):
    """Common base: people of many kinds, with different consents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.make_company("Branch")
        cls.iap = cls.make_company("Other Apps", "iap", sms_consent_policy="opt_out")
        cls.env["res.lang"]._activate_lang("fr_FR")
        purpose = cls.purposes("marketing").with_context(lang="fr_FR")
        purpose.footer = "Répondez STOP pour arrêter, ou AIDE."
        cls.people = cls.env["res.partner"]
        for index, (country, state) in enumerate(ADDRESSES * 2):
            cls.people |= cls.make_customer(
                phone_number(100 + index),
                lang="fr_FR" if index % 3 == 0 else False,
                tz="America/New_York" if index % 4 == 0 else False,
                **cls._get_address(country, state),
            )
        cls._let_people_speak()
        cls.template = cls.env["sms.template"].create(
            {
                "name": "Update",
                "model_id": cls.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "News",
            }
        )
        tickets = cls.ticket | cls.make_ticket(cls.people[0])
        cls.notes = cls.env["mail.message"]
        for ticket in (*tickets, *tickets):
            cls.notes |= ticket._message_log(body="News", message_type="sms")

    def setUp(self):
        super().setUp()
        for module in (sms_sms_bulk, mail_thread, res_partner_reader):
            self.patch(module, "BULK_FROM", FEW)

    @classmethod
    def _get_address(cls, country, state):
        found = cls.env["res.country"].search([("code", "=", country)], limit=1)
        state_ids = found.state_ids.filtered(lambda it: it.code == state)
        return {"country_id": found.id, "state_id": state_ids[:1].id}

    @classmethod
    def _let_people_speak(cls):
        """Record opt-ins, opt-outs and open questions for some of them."""
        cls.record_consent(cls.number, "ticket", "marketing")
        cls.purposes("marketing").max_per_day = 1
        for index, number in enumerate((*NUMBERS[:14], *cls.people.mapped("phone"))):
            company = cls.branch if index % 5 == 0 else cls.company
            if index % 4 < 2:
                codes = ("ticket", "marketing", "alert")
                cls.record_consent(number, *codes, company=company)
            if index % 7 == 3:
                cls.record_consent(number, event="revoked", company=company)
            if index % 7 == 2:
                cls.record_consent(number, "marketing", event="requested")


class WaitingCase(SmsCase):
    """Common base: messages that wait in the outbox."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert")

    def queue(self, purpose="ticket", number=None, **values):
        """Return a new waiting message."""
        message = self.env["sms.sms"].create(
            {
                "number": number or self.number,
                "body": "Hello",
                "purpose_id": self.purposes(purpose).id,
                **values,
            }
        )
        self.assertEqual(message.state, "outgoing")
        return message


class WaysCase(SmsCase):
    """Common base: texts on a ticket that were not delivered."""

    def text(self, body="The parts are here", ticket=None, **values):
        """Return a new text on a ticket to its customer, with its notification."""
        ticket = ticket or self.ticket
        ticket._message_sms(body)
        sms = self.messages_to(ticket.partner_phone_sanitized)[-1:]
        sms.write(values)
        return sms

    def refuse(self, sms, fault=faults.UNREACHABLE):
        """Mark a text as refused by the carrier for good."""
        policy = self.env["sms.fault"]._get_policy(fault)
        sms.write({"state": "error", "fault_id": policy.id, "provider": "sandbox"})
        sms.failure_type = "sms_not_delivered"
        return sms

    def ways(self, sms, user=None):
        """Return the ways to go on that a user is offered, as text."""
        self.env.invalidate_all()
        return sms.with_user(user or self.agent).ways
