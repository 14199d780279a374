# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from datetime import datetime, timedelta

from psycopg2 import IntegrityError, errors

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import consent
from ...tools.consent import FOR_ALL_EVENTS, Answer
from ..common import SmsCase, phone_number


@tagged("post_install", "-at_install")
class TestLedger(SmsCase):
    """The ledger is append-only, for every user and for code."""

    def assertRefusedByDatabase(self, query, *params):
        """Check that PostgreSQL itself refuses a statement."""
        with (
            self.subTest(query=query),
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(errors.RestrictViolation, "append-only"),
            self.cr.savepoint(),
        ):
            self.cr.execute(query, params)

    def test_the_database_refuses_every_change(self):
        event = self.record_consent()
        self.env.flush_all()
        for query in (
            "UPDATE sms_consent_event SET event = 'revoked' WHERE id = %s",
            "UPDATE sms_consent_event SET evidence_digest = 'x' WHERE id = %s",
            "DELETE FROM sms_consent_event WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, event.id)
        self.assertRefusedByDatabase("DELETE FROM sms_consent_event WHERE FALSE")
        self.assertRefusedByDatabase("TRUNCATE sms_consent_event CASCADE")
        event.invalidate_recordset()
        self.assertEqual((event.event, event.note), ("granted", False))

    def test_nobody_can_change_or_delete_an_event(self):
        event = self.record_consent()
        for user in (self.env.user, self.manager, self.administrator):
            with self.subTest(user=user.login):
                own = event.with_user(user).sudo()
                with self.assertRaises(UserError):
                    own.note = "never said"
                with self.assertRaises(UserError):
                    own.unlink()

    @mute_logger("odoo.sql_db")
    def test_what_an_event_names_cannot_go(self):
        """Or its row would have to be changed or deleted."""
        witness = self.agent
        purpose = self.env["sms.purpose"].create({"name": "Surveys", "code": "survey"})
        self.env["sms.consent.event"].with_user(witness).sudo()._record(
            self.company, self.number, "granted", "paper", purpose
        )
        self.env.flush_all()
        for record in (witness, purpose):
            with (
                self.subTest(record=record),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                record.unlink()

    def test_the_code_of_a_purpose_is_fixed(self):
        """The chain includes it: another code would look like tampering."""
        purpose = self.env["sms.purpose"].create({"name": "Surveys", "code": "survey"})
        with self.assertRaises(UserError):
            purpose.code = "poll"
        purpose.write({"code": "survey", "name": "Polls"})

    def test_the_contact_and_the_record_may_go(self):
        event = self.record_consent(
            name="Dana Customer", res_model="res.partner", res_id=self.customer.id
        )
        self.ticket.unlink()
        self.customer.unlink()
        self.env.flush_all()
        event.invalidate_recordset()
        self.assertEqual(event.name, "Dana Customer")

    def test_an_event_says_who_how_when_and_in_which_words(self):
        said = datetime(2026, 11, 2, 9, 30)
        event = (
            self.env["sms.consent.event"]
            .with_user(self.agent)
            .sudo()
            ._record(
                self.company,
                self.number,
                "granted",
                "paper",
                self.purposes("ticket"),
                happened_at=said,
                wording="I agree.",
                note="At the counter",
                name="Dana",
                message_ref="SM1",
            )
        )
        self.assertRecordValues(
            event,
            [
                {
                    "company_id": self.company.id,
                    "number": self.number,
                    "purpose_id": self.purposes("ticket").id,
                    "event": "granted",
                    "method": "paper",
                    "happened_at": said,
                    "user_id": self.agent.id,
                    "wording": "I agree.",
                    "note": "At the counter",
                    "name": "Dana",
                    "message_ref": "SM1",
                }
            ],
        )
        self.assertGreater(event.recorded_at, said)

    def test_each_purpose_gets_an_event_of_its_own(self):
        events = self.record_consent(None, "ticket", "alert")
        self.assertEqual(set(events.mapped("purpose_id.code")), {"ticket", "alert"})
        stop = self.record_consent(event="revoked")
        self.assertEqual(len(stop), 1)
        self.assertFalse(stop.purpose_id)

    def test_a_consent_to_nothing_is_no_consent(self):
        ledger = self.env["sms.consent.event"]
        before = ledger.search_count([])
        for event, purposes in (
            ("granted", self.env["sms.purpose"]),
            ("revoked", self.env["sms.purpose"]),
            ("granted", None),
            ("confirmed", None),
            ("expired", None),
            ("agreed", self.purposes("ticket")),
        ):
            with (
                self.subTest(event=event, purposes=purposes),
                self.assertRaises(ValueError),
                self.cr.savepoint(),
            ):
                ledger._record(self.company, self.number, event, "paper", purposes)
        self.assertEqual(ledger.search_count([]), before)

    def test_a_consent_cannot_be_given_in_the_future(self):
        ledger = self.env["sms.consent.event"]
        subject = self.company, self.number, "granted", "paper", self.purposes("ticket")
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        with self.assertRaisesRegex(UserError, "in the future"):
            ledger._record(*subject, happened_at=tomorrow)


@tagged("post_install", "-at_install")
class TestAnswers(SmsCase):
    """The answer derived from the events of a company, a number and a purpose."""

    def state(self, purpose="ticket", number=None, company=None):
        """Return the current answer, as the gate reads it."""
        company, number = company or self.company, number or self.number
        consents = self.env["sms.consent"]
        answers = consents._get_answers([company.id], [number])
        found = answers.get((company.id, number), {})
        return consents._get_answer(found, self.purposes(purpose).id).state

    def test_a_yes_is_for_its_purpose_only(self):
        self.record_consent(None, "ticket")
        self.assertEqual(self.state("ticket"), "opted_in")
        for other in ("appointment", "alert", "internal", "marketing"):
            with self.subTest(other=other):
                self.assertEqual(self.state(other), "none")

    def test_a_yes_is_for_its_number_only(self):
        self.record_consent(self.number)
        self.assertEqual(self.state(number=phone_number(1)), "none")

    def test_a_yes_is_for_its_company_only(self):
        other = self.make_company("Other")
        self.record_consent()
        self.assertEqual(self.state(company=other), "none")
        self.record_consent(company=other)
        self.record_consent(event="revoked")
        self.assertEqual(self.state(), "opted_out")
        self.assertEqual(self.state(company=other), "opted_in")

    def test_a_stop_ends_everything_and_is_one_row(self):
        self.record_consent(None, "ticket", "alert", "marketing")
        self.record_consent(event="revoked")
        for purpose in self.env["sms.purpose"].search([]).mapped("code"):
            with self.subTest(purpose=purpose):
                self.assertEqual(self.state(purpose), "opted_out")
        of_all = self.env["sms.consent"].search(
            [("number", "=", self.number), ("purpose_id", "=", False)]
        )
        self.assertEqual(of_all.state, "opted_out")

    def test_a_yes_after_the_stop_lifts_it_for_its_purpose(self):
        self.record_consent(None, "ticket", "alert")
        self.record_consent(event="revoked")
        self.record_consent(None, "ticket")
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertEqual(self.state("alert"), "opted_out")

    def test_a_second_stop_ends_what_was_granted_between(self):
        self.record_consent(event="revoked")
        self.record_consent(None, "ticket")
        self.record_consent(event="revoked")
        self.assertEqual(self.state(), "opted_out")

    def test_to_ask_who_has_stopped_gives_no_consent(self):
        """After an opt-in, a STOP and a joining keyword, only YES opts them in."""
        self.record_consent()
        self.receive("STOP")
        self.receive("SUPPORT")
        self.assertEqual(self.state(), "opted_out")
        self.receive("YES")
        self.assertEqual(self.state(), "opted_in")

    def test_to_rejoin_gives_back_what_the_stop_took(self):
        self.record_consent(None, "ticket")
        self.record_consent(None, "alert", event="revoked")
        self.record_consent(event="revoked")
        self.record_consent(event="restored")
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertEqual(self.state("alert"), "opted_out")
        self.assertEqual(self.state("marketing"), "none")

    def test_an_answer_names_its_event(self):
        self.record_consent(happened_at=datetime(2026, 11, 2))
        event = self.record_consent(happened_at=datetime(2026, 11, 3))
        answer = self.env["sms.consent"].search([("number", "=", self.number)])
        self.assertEqual(answer.event_id, event)
        self.assertEqual(answer.since, datetime(2026, 11, 3))
        self.assertEqual((answer.event, answer.method), ("granted", "paper"))

    def test_the_table_adds_up_as_the_rule_does(self):
        """Random histories give the same answers in the ledger and by the pure rule."""
        chance = random.Random(47)
        subjects = ("ticket", "alert", None)
        for index in range(25):
            number = phone_number(200 + index)
            history = []
            for _saying in range(chance.randint(1, 10)):
                subject = chance.choice(subjects)
                event = chance.choice(consent.EVENTS if subject else FOR_ALL_EVENTS)
                history.append((event, subject))
                codes = [subject] if subject else []
                self.record_consent(number, *codes, event=event)
            with self.subTest(history=history):
                self.assertEqual(
                    [self.state(purpose, number) for purpose in subjects[:2]],
                    [self.add_up(history, purpose) for purpose in subjects[:2]],
                )

    def add_up(self, history, purpose):
        """Return the state for a purpose after a history, by the pure rule."""
        found = {}
        for event_id, (event, subject) in enumerate(history, start=1):
            found[subject] = consent.next_answer(
                found.get(subject, Answer()), event, event_id, subject is None
            )
        of_purpose, of_all = found.get(purpose), found.get(None)
        return consent.combine(of_purpose or Answer(), of_all or Answer()).state

    def test_what_a_transaction_takes_back_was_not_said(self):
        """The transaction's cache of answers must not outlive a savepoint."""
        self.assertEqual(self.state(), "none")
        with self.assertRaises(ValueError), self.cr.savepoint():
            self.record_consent()
            self.assertEqual(self.state(), "opted_in")
            raise ValueError("never mind")
        self.assertEqual(self.state(), "none")
        self.record_consent()
        with self.assertRaises(ValueError), self.cr.savepoint():
            self.record_consent(event="revoked")
            self.assertEqual(self.state(), "opted_out")
            raise ValueError("never mind")
        self.assertEqual(self.state(), "opted_in")

    def test_a_sender_that_is_no_number_can_stop(self):
        self.record_consent("12345", event="revoked")
        self.assertEqual(self.state(number="12345"), "opted_out")

    def test_no_number_has_no_answer(self):
        self.assertEqual(self.env["sms.consent"]._get_answers([], []), {})
        self.assertEqual(
            self.env["sms.consent"]._get_answers([self.company.id], [False, ""]), {}
        )


@tagged("post_install", "-at_install")
class TestConsentOnRecords(SmsCase):
    """``sms_consent_state`` on contacts, tickets and appointments."""

    def make_event(self, partner):
        """Return an appointment of an agent with a customer."""
        return self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": fields.Datetime.now(),
                "stop": fields.Datetime.now(),
                "user_id": self.agent.id,
                "partner_ids": [(6, 0, (self.agent.partner_id | partner).ids)],
            }
        )

    def test_each_record_asks_for_its_own_purpose(self):
        event = self.make_event(self.customer)
        records = (self.customer, self.ticket, event)

        def shown():
            return tuple(record.sms_consent_state for record in records)

        self.assertEqual(shown(), ("none", "none", "none"))
        self.record_consent(None, "ticket")
        self.assertEqual(shown(), ("opted_in", "opted_in", "none"))
        self.record_consent(None, "appointment", event="requested")
        self.assertEqual(shown(), ("opted_in", "opted_in", "pending"))
        self.record_consent(None, "ticket", event="revoked")
        self.assertEqual(shown(), ("pending", "opted_out", "pending"))
        self.record_consent(event="revoked")
        self.assertEqual(shown(), ("opted_out", "opted_out", "opted_out"))

    def test_two_contacts_share_a_number_and_its_answer(self):
        other = self.make_customer("(303) 555-0100", "Flatmate")
        self.record_consent()
        self.assertEqual(other.sms_consent_state, "opted_in")
        self.record_consent(event="revoked")
        self.assertEqual(other.sms_consent_state, "opted_out")
        self.assertEqual(self.customer.sms_consent_state, "opted_out")

    def test_a_new_number_has_given_no_consent(self):
        self.record_consent()
        event = self.make_event(self.customer)
        self.record_consent(None, "appointment")
        self.assertEqual(self.customer.sms_consent_state, "opted_in")
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.assertEqual(event.sms_consent_state, "opted_in")
        self.customer.phone = phone_number(1)
        self.assertEqual(self.customer.sms_consent_state, "none")
        self.assertEqual(event.sms_consent_state, "none")
        self.customer.phone = self.number
        self.assertEqual(self.customer.sms_consent_state, "opted_in")

    def test_a_tickets_own_number_counts(self):
        self.record_consent(phone_number(1))
        self.assertEqual(self.ticket.sms_consent_state, "none")
        self.ticket.partner_phone = "303-555-0101"
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.ticket.partner_phone = "soon"
        self.assertEqual(self.ticket.sms_consent_state, "none")

    def test_each_company_shows_its_own(self):
        other = self.make_company("Other")
        other_ticket = self.make_ticket(self.customer, company_id=other.id)
        self.record_consent()
        self.record_consent(company=other, event="revoked")
        partner = self.customer
        self.assertEqual(partner.sms_consent_state, "opted_in")
        self.assertEqual(partner.with_company(other).sms_consent_state, "opted_out")
        self.assertEqual(partner.sms_consent_state, "opted_in")
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.assertEqual(other_ticket.sms_consent_state, "opted_out")

    def test_who_may_not_read_the_ledger_sees_the_badge(self):
        self.record_consent()
        ticket = self.ticket.with_user(self.own_agent)
        self.assertFalse(
            self.env["sms.consent"].with_user(self.own_agent).has_access("read")
        )
        self.assertEqual(ticket.sms_consent_state, "opted_in")
        self.assertEqual(
            self.customer.with_user(self.employee).sms_consent_state, "opted_in"
        )

    def test_no_number_and_no_record_yet_are_no_consent(self):
        self.record_consent()
        nobody = self.make_customer(False)
        self.assertEqual(nobody.sms_consent_state, "none")
        self.assertEqual(self.make_ticket().sms_consent_state, "none")
        self.assertEqual(self.make_event(nobody).sms_consent_state, "none")
        draft = self.env["res.partner"].new({"name": "New", "phone": self.number})
        self.assertEqual(draft.sms_consent_state, "none")

    def test_the_customer_of_an_appointment_is_not_one_of_us(self):
        event = self.make_event(self.env["res.partner"])
        self.assertFalse(event.sms_customer_id)
        self.assertEqual(event.sms_consent_state, "none")
        self.assertEqual(self.make_event(self.customer).sms_customer_id, self.customer)

    def test_many_records_are_read_in_as_many_queries_as_one(self):
        customers = self.env["res.partner"]
        for index in range(100):
            customers |= self.make_customer(phone_number(100 + index))
            if not index % 2:
                self.record_consent(phone_number(100 + index))
        tickets = self.env["helpdesk.ticket"].create(
            [
                {"name": "T", "description": "T", "partner_id": customer.id}
                for customer in customers
            ]
        )
        events = self.env["calendar.event"].concat(
            *(self.make_event(customer) for customer in customers)
        )
        for records in (customers, tickets, events):
            with self.subTest(model=records._name):
                self.count_queries(records[:1].mapped, "sms_consent_state")
                counts = []
                for size in (1, 10, 100):
                    # Clear the transaction's cache of answers.
                    self.env.cr.precommit.data.clear()
                    read = records[:size].mapped
                    counts.append(self.count_queries(read, "sms_consent_state"))
                self.assertEqual(len(set(counts)), 1, (records._name, counts))
