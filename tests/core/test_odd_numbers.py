# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers in unusual forms, on every path that looks up the ledger."""

import runpy
import uuid

from ...models.ledger.sms_consent_event import Statement
from ...providers.inbound import InboundEvent
from ..common import SmsCase
from .common import SCRIPTS

NUMBER = "+447911123456"
ODD = (
    "+4407911123456",
    "+44447911123456",
    "tel:+447911123456",
    "＋４４７９１１１２３４５６",
)
ODD += ("0044 7911 123456", "+44 (0)7911 123456", "011 44 7911 123456")


class TestOddNumbers(SmsCase):
    """Opt-outs and opt-ins of a number hold for each spelling of it."""

    policy = "opt_out"

    def stop(self, number=NUMBER):
        """Text STOP, from the number as the carrier spells it."""
        event = InboundEvent(
            provider="sandbox",
            carrier_id=uuid.uuid4().hex,
            number=number,
            to_number="sandbox",
            body="STOP",
            raw={},
        )
        return self.env["sms.inbound"]._receive(self.company, event)

    def make(self, *numbers):
        """Make a text to each number, as code does that does not know the addon."""
        self.company.sms_consent_policy = "opt_out"
        purpose_id = self.purposes("ticket").id
        return self.env["sms.sms"].create(
            [{"number": it, "body": "Hi", "purpose_id": purpose_id} for it in numbers]
        )

    def test_code_that_makes_texts(self):
        self.stop()
        for messages in (self.make(*ODD), *map(self.make, ODD)):
            self.assertEqual(set(messages.mapped("number")), {NUMBER})
            self.assertEqual(set(messages.mapped("failure_type")), {"sms_optout"})

    def test_many_at_once(self):
        self.stop()
        messages = self.make(*(ODD[index % len(ODD)] for index in range(300)))
        self.assertEqual(set(messages.mapped("failure_type")), {"sms_optout"})

    def test_what_waits_is_called_off(self):
        waiting = self.make(*ODD)
        self.assertEqual(set(waiting.mapped("state")), {"outgoing"})
        self.stop()
        self.assertEqual(set(waiting.mapped("state")), {"canceled"})

    def test_the_carrier_names_the_sender_so(self):
        for odd in ODD:
            with self.subTest(odd=odd):
                inbound = self.stop(odd)
                self.assertEqual((inbound.number, inbound.kind), (NUMBER, "stop"))

    def test_the_ledger_and_its_answers(self):
        purpose = self.purposes("ticket")
        event = self.env["sms.consent.event"]._record(
            self.company, ODD[0], "granted", "paper", purpose
        )
        self.env["sms.consent.event"]._record_many(
            self.company,
            [Statement(ODD[1], "granted", "paper", self.purposes("alert"))],
        )
        self.assertEqual(event.evidence_id.number, NUMBER)
        found = self.env["sms.consent"]._get_answers([self.company.id], [NUMBER, *ODD])
        states = {
            number: {key: answer.state for key, answer in answers.items()}
            for (_company_id, number), answers in found.items()
        }
        self.assertEqual(len(states), len(ODD) + 1)
        self.assertEqual(
            {tuple(sorted(it.items())) for it in states.values()},
            {
                tuple(
                    sorted(
                        {
                            purpose.id: "opted_in",
                            self.purposes("alert").id: "opted_in",
                        }.items()
                    )
                )
            },
        )
        self.assertEqual(
            self.env["sms.consent"].search_count([("number", "=", NUMBER)]), 2
        )

    def test_a_contact(self):
        self.stop()
        partner = self.make_customer(ODD[0])
        self.assertEqual(partner.sms_consent_state, "opted_out")

    def test_the_blacklist(self):
        self.env["phone.blacklist"].add(ODD[0])
        self.cr.flush()
        self.assertEqual(self.make(NUMBER).failure_type, "sms_optout")

    def test_an_opt_out_of_before_is_entered_again_by_the_upgrade(self):
        self.stop()
        # As an earlier version would have recorded it.
        answer = self.env["sms.consent"].search([("number", "=", NUMBER)])
        self.env.flush_all()
        self.cr.execute("ALTER TABLE sms_consent DISABLE TRIGGER USER")
        self.cr.execute(
            "UPDATE sms_consent SET number = %s, number_hash = 'odd'"
            " WHERE id = ANY(%s)",
            [ODD[0], answer.ids],
        )
        self.cr.execute("ALTER TABLE sms_consent ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.env["sms.consent"]._forget_answers()
        path = SCRIPTS / "19.0.1.4.0/post-number-spellings.py"
        for _twice in range(2):
            runpy.run_path(str(path))["migrate"](self.cr, "19.0.1.3.0")
            self.env.invalidate_all()
            again = self.env["sms.consent"].search([("number", "=", NUMBER)])
            self.assertEqual(again.mapped("state"), ["opted_out"])
        self.assertEqual(
            self.make(*ODD).mapped("failure_type"), ["sms_optout"] * len(ODD)
        )


#: By country: a number, and its usual notations there.
FORMS = {
    "us": (
        "+13035550100",
        *("(303) 555-0100", "303.555.0100", "303-555-0100", "303/555/0100"),
        *("1 303 555 0100", "+1 (303) 555-0100", "+1 (0) 303 555 0100"),
        *("001 303 555 0100", "011 1 303 555 0100", "tel:+1-303-555-0100"),
        *("tel:303-555-0100", "tel:+1%20303%20555%200100", "３０３５５５０１００"),
        *("٣٠٣٥٥٥٠١٠٠", "\u200e303\u200b-555\u00ad-0100\u202c", "303–555‐0100"),
        *("Cell: 303 555 0100", "303 555 0100 (mobile)"),
    ),
    "ca": (
        "+14165550100",
        *("416-555-0100", "(416) 555-0100", "1 416 555 0100", "011 1 416 555 0100"),
    ),
    "uk": (
        "+447911123456",
        *("07911 123456", "07911/123456", "(07911) 123456", "07911.123.456"),
        *("+44 7911 123456", "+44 (0)7911 123456", "0044 (0) 7911 123456"),
        *("011 44 7911 123456", "07911\u00a0123456", "０７９１１１２３４５６"),
    ),
    "fr": (
        "+33612345678",
        *("06 12 34 56 78", "06.12.34.56.78", "06-12-34-56-78", "06/12/34/56/78"),
        *("+33 6 12 34 56 78", "+33(0)612345678", "0033 6 12 34 56 78"),
        *("011 33 6 12 34 56 78", "tel:+33612345678", "06 12 34 56 78 (bureau)"),
        "06\u202f12\u202f34\u202f56\u202f78",
    ),
    "de": (
        "+491713920012",
        *("0171 3920012", "0171/3920012", "0171-3920012", "(0171) 3920012"),
        *("+49 (0) 171 3920012", "+49(0)171/392 00 12", "0049 171 3920012"),
        *("011 49 171 3920012", "0171 3920012 Büro", "Mobil: 0171 / 39 200 12"),
    ),
    "es": (
        "+34612345678",
        *("612 34 56 78", "612345678", "612.34.56.78", "612-345-678"),
        *("+34 612 34 56 78", "+34 (0) 612 34 56 78", "0034 612 345 678"),
        *("011 34 612 345 678", "(612) 345 678", "móvil 612 345 678"),
    ),
}


class TestForms(SmsCase):
    """Numbers are read as people write them, by the contact's or company's country."""

    def test_each_form_is_the_number(self):
        read = self.env["res.partner"]._phone_format_number
        for code, (number, *forms) in FORMS.items():
            country = self.env.ref(f"base.{code}")
            for form in forms:
                with self.subTest(country=code, form=form):
                    self.assertEqual(read(form, country), number)

    def test_a_column_of_figures(self):
        """With the decimal zero it would be a stranger's number."""
        read = self.env["res.partner"]._phone_format_number
        for form in ("436641234567.0", "6641234567.0", "+436641234567.0"):
            with self.subTest(form=form):
                self.assertEqual(read(form, self.env.ref("base.at")), "+436641234567")

    def test_a_prefix_that_is_an_area_code_too(self):
        read = self.env["res.partner"]._phone_format_number
        uk = self.env.ref("base.uk")
        self.assertEqual(read("0113 496 0000", uk), "+441134960000")

    def test_the_contacts_country_comes_before_the_companys(self):
        french = self.make_customer(
            "06 12 34 56 78", country_id=self.env.ref("base.fr").id
        )
        self.assertEqual(french.phone_sanitized, "+33612345678")

    def test_a_number_with_an_extension_is_nobodys_to_text(self):
        typed = "+1 303 555 0100 ext. 5"
        self.record_consent(number="+13035550100")
        customer = self.make_customer(typed)
        self.assertFalse(customer.phone_sanitized)
        self.assertIn("ext", customer._phone_format(force_format="INTERNATIONAL"))
        ticket = self.make_ticket(customer)
        ticket._message_sms("Hello")
        sms = self.env["sms.sms"].search([("partner_id", "=", customer.id)])
        self.assertBlocked(sms, "ticket", "extension")
        self.assertIn("text messages cannot reach it", sms.gate_label)
