# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

from ..common import SmsCase, phone_number

OTHER_NUMBER = phone_number(1)
PDF = b"%PDF-1.4 signed"
SCAN = base64.b64encode(PDF)


class ConsentFormCase(SmsCase):
    """Common base: an agent uses the form to record consent."""

    def open_form(self, record=None, user=None):
        """Return the form as opened from a record by a user."""
        user = user or self.own_agent
        record = (record or self.ticket).with_user(user)
        action = record.action_record_sms_consent()
        model = self.env[action["res_model"]].with_user(user)
        return Form(model.with_context(**action["context"]))

    def record(self, record=None, user=None, **values):
        """Fill in and confirm the form; return the ledger's new events."""
        before = self.env["sms.consent.event"].search([])
        form = self.open_form(record, user)
        if values.get("method") == "paper":
            values = {"method": "paper", "scan": SCAN, **values}
        for name, value in values.items():
            setattr(form, name, value)
        form.save().action_record()
        return self.env["sms.consent.event"].search([]) - before


class TestRecordConsent(ConsentFormCase):
    """Recorded consent has person, method, time and wording, and counts at once."""

    def test_it_opens_with_what_the_ticket_knows(self):
        form = self.open_form()
        self.assertEqual(form.number, self.number)
        self.assertEqual(form.purpose_ids[:].ids, self.purposes("ticket").ids)
        self.assertEqual((form.decision, form.method), ("granted", "in_person"))
        self.assertEqual(form.save().company_id, self.company)

    def test_the_company_can_be_cleared_to_choose_another(self):
        self.own_agent.group_ids += self.env.ref("base.group_multi_company")
        form = self.open_form()
        form.company_id = self.company.browse()
        self.assertFalse(form.problem)
        form.company_id = self.company
        self.assertEqual(form.save().company_id, self.company)

    def test_nothing_is_ticked_for_a_contact(self):
        """Consent is per purpose: the agent must choose."""
        form = self.open_form(self.customer, self.agent)
        self.assertFalse(form.purpose_ids[:])

    def test_the_ledger_keeps_who_how_when_and_the_words(self):
        when = fields.Datetime.now() - timedelta(days=3)
        event = self.record(
            method="paper",
            happened_at=when,
            wording="I agree to texts about my ticket.",
            note="Signed at the desk",
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
                    "happened_at": when,
                    "user_id": self.own_agent.id,
                    "wording": "I agree to texts about my ticket.",
                    "note": "Signed at the desk",
                    "name": "Dana Customer",
                    "res_model": "helpdesk.ticket",
                    "res_id": self.ticket.id,
                }
            ],
        )
        self.assertGreater(event.recorded_at, when)

    def test_every_way_that_an_agent_can_witness_is_offered_and_no_other(self):
        """Web forms and keywords record consent themselves, with their own evidence."""
        field = self.env["sms.consent.record"]._fields["method"]
        offered = [value for value, _label in field.selection]
        self.assertEqual(set(offered), {"in_person", "phone", "written", "paper"})
        for method in offered:
            with self.subTest(method=method):
                self.assertEqual(self.record(method=method).method, method)
        with self.assertRaises(ValueError):
            self.env["sms.consent.record"].create(
                {"number": self.number, "method": "keyword"}
            )

    def test_there_is_an_event_for_each_purpose(self):
        form = self.open_form()
        form.purpose_ids.add(self.purposes("appointment"))
        form.save().action_record()
        events = self.env["sms.consent.event"].search([("number", "=", self.number)])
        self.assertEqual(
            set(events.mapped("purpose_id.code")), {"ticket", "appointment"}
        )
        self.assertEqual(len(set(events.mapped("wording"))), 1)

    def test_the_badge_turns_and_the_next_text_leaves(self):
        self.assertEqual(self.ticket.sms_consent_state, "none")
        self.record()
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.assertEqual(self.customer.sms_consent_state, "opted_in")
        self.ticket.with_user(self.own_agent)._message_sms("Hello")
        sms = self.messages_to()
        self.assertEqual(sms.gate_verdict, "send")
        self.assertEqual(sms.consent_event_id.user_id, self.own_agent)

    def test_it_is_for_what_was_agreed_to_and_nothing_else(self):
        self.record()
        self.customer._message_sms("Buy now")
        self.assertEqual(self.messages_to().gate_reason, "no_consent")

    def test_the_proposed_words_say_what_the_law_asks_for(self):
        wording = self.open_form().wording
        for part in (
            self.company.name,
            "support tickets",
            "frequency",
            "rates",
            "STOP",
            "HELP",
        ):
            with self.subTest(part=part):
                self.assertIn(part, wording)

    def test_the_proposed_words_follow_the_purposes_until_they_are_changed(self):
        form = self.open_form()
        form.purpose_ids.add(self.purposes("alert"))
        self.assertIn("outages and their end", form.wording)
        form.wording = "As signed"
        self.assertEqual(form.save().wording, "As signed")

    def test_words_that_were_not_changed_name_their_version(self):
        form = self.open_form()
        form.purpose_ids.add(self.purposes("alert"))
        form.save().action_record()
        events = self.env["sms.consent.event"].search([("number", "=", self.number)])
        for event in events:
            version = self.env["sms.wording"]._get_published(
                self.company, event.purpose_id
            )
            self.assertEqual(event.wording_id, version)
            self.assertEqual(event.wording_digest, version.digest)

    def test_words_that_were_changed_are_nobodys_version(self):
        event = self.record(wording="I agree to texts.")
        self.assertFalse(event.wording_id or event.wording_digest)
        self.assertEqual(event.wording, "I agree to texts.")

    def test_the_words_are_proposed_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        version = self.env["sms.wording"].create(
            {
                "purpose_id": self.purposes("ticket").id,
                "lang": "fr_FR",
                "body": "J'accepte les SMS de {company}.",
            }
        )
        version.action_publish()
        self.customer.lang = "fr_FR"
        for record in (self.ticket, self.customer):
            with self.subTest(record=record):
                form = self.open_form(record, self.agent)
                form.purpose_ids.clear()
                form.purpose_ids.add(self.purposes("ticket"))
                self.assertEqual(
                    form.wording, f"J'accepte les SMS de {self.company.name}."
                )
        self.assertEqual(self.record().wording_id, version)

    def test_the_words_are_proposed_in_the_language_of_a_typed_number(self):
        """However it is typed: with its country code, or as people in it do."""
        self.env["res.lang"]._activate_lang("es_ES")
        version = self.env["sms.wording"].create(
            {
                "purpose_id": self.purposes("ticket").id,
                "lang": "es_ES",
                "body": "Acepto los SMS.",
            }
        )
        version.action_publish()
        self.company.country_id = self.env.ref("base.mx")
        for number in ("+525512345678", "55 1234 5678"):
            with self.subTest(number=number):
                form = Form(self.env["sms.consent.record"].with_user(self.agent))
                form.number = number
                form.purpose_ids.add(self.purposes("ticket"))
                self.assertEqual(form.wording, "Acepto los SMS.")

    def test_the_scan_of_a_signed_form_is_kept_with_the_evidence(self):
        event = self.record(method="paper", witness="Alex at the desk")
        evidence = event.sudo().evidence_id
        self.assertEqual(evidence.witness, "Alex at the desk")
        self.assertEqual(evidence.attachment_ids.raw, PDF)
        self.assertTrue(evidence._files_hold())
        scan = evidence.attachment_ids
        self.assertTrue(scan.with_user(self.compliance_officer).has_access("read"))
        for user in (self.own_agent, self.agent, self.manager, self.employee):
            self.assertFalse(scan.with_user(user).has_access("read"), user.login)

    def test_an_opt_out_on_paper_counts_without_a_scan(self):
        self.record_consent()
        event = self.record(decision="revoked", method="paper", scan=False)
        self.assertEqual((event.event, event.method), ("revoked", "paper"))
        event = self.record(decision="revoked", method="paper")
        self.assertEqual(event.sudo().evidence_id.attachment_ids.raw, PDF)

    def test_a_scan_of_another_way_is_not_kept(self):
        form = self.open_form()
        form.method, form.scan = "paper", SCAN
        form.method = "phone"
        form.save().action_record()
        event = self.env["sms.consent.event"].search([("number", "=", self.number)])
        self.assertEqual(event.method, "phone")
        self.assertFalse(event.sudo().evidence_id.attachment_ids)

    def test_the_button_in_the_composer_opens_the_same_form(self):
        action = self.ticket.with_user(self.own_agent).action_send_sms()
        composer = self.env["sms.composer"].with_user(self.own_agent)
        composer = composer.with_context(**action["context"]).create({"body": "Hi"})
        context = composer.action_record_sms_consent()["context"]
        self.assertEqual(context["default_number"], self.number)
        self.assertEqual(context["default_res_id"], self.ticket.id)

    def test_a_consent_at_an_appointment_is_for_appointments(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": "2026-11-03 20:00:00",
                "stop": "2026-11-03 21:00:00",
                "partner_ids": [(6, 0, (self.agent.partner_id + self.customer).ids)],
            }
        )
        recorded = self.record(event, self.agent)
        self.assertEqual(recorded.purpose_id.code, "appointment")
        self.assertEqual(
            (recorded.number, recorded.name), (self.number, "Dana Customer")
        )
        self.assertEqual(event.sms_consent_state, "opted_in")


class TestMissing(ConsentFormCase):
    """Incomplete evidence is refused, with the name of what is missing."""

    def refuse(self, words, **values):
        """Check that the form is refused with these words, and records nothing."""
        complete = {
            "number": self.number,
            "company_id": self.company.id,
            "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
            "wording": "I agree.",
        }
        form = self.env["sms.consent.record"].with_user(self.own_agent)
        form = form.create({**complete, **values})
        with self.assertRaisesRegex(UserError, words):
            form.action_record()
        self.assertFalse(
            self.env["sms.consent.event"].search([("number", "!=", False)])
        )
        self.assertEqual(self.ticket.sms_consent_state, "none")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert not cls.env["sms.consent.event"].search([], limit=1)

    def test_the_purpose(self):
        self.refuse("what the person agreed to", purpose_ids=False)

    def test_the_words(self):
        for method in ("in_person", "phone", "written", "paper"):
            for wording in (False, "", "  \n "):
                with self.subTest(method=method, wording=wording):
                    self.refuse(
                        "text that the person",
                        wording=wording,
                        method=method,
                        scan=SCAN,
                    )

    def test_the_scan_of_a_signed_form(self):
        for scan, words in (
            (False, "Attach the scan"),
            (base64.b64encode(b"<html><script/></html>"), "is not a scan"),
            (base64.b64encode(b"MZ\x90\x00" * 9), "is not a scan"),
        ):
            with self.subTest(scan=scan):
                self.refuse(words, method="paper", scan=scan, scan_name="form.pdf")

    def test_the_form_asks_for_who_how_when_and_the_words(self):
        for name in ("number", "method", "happened_at", "wording", "decision"):
            form = self.open_form()
            setattr(form, name, False)
            with self.subTest(field=name), self.assertRaises(AssertionError):
                form.save()

    def test_a_time_that_has_not_come(self):
        soon = fields.Datetime.now() + timedelta(minutes=5)
        self.refuse("future", happened_at=soon)

    def test_a_number_that_cannot_be_read(self):
        for number in ("call me", "12", "+1 303 555", "STOP", "+1" * 20):
            with self.subTest(number=number):
                self.refuse("is not a phone number", number=number)
        self.refuse("emergency number", number="911")

    def test_the_error_says_how_to_enter_it(self):
        self.refuse(r"“call me”.*\+1 303 555 0100", number="call me")

    def test_a_national_number_needs_a_country(self):
        self.company.country_id = False
        self.refuse("country code", number="303 555 0101")
        self.company.country_id = self.country
        [event] = self.record(number="(303) 555-0101")
        self.assertEqual(event.number, OTHER_NUMBER)


class TestRevocation(ConsentFormCase):
    """Telling an agent to stop is an opt-out."""

    def setUp(self):
        super().setUp()
        self.record_consent(self.number, "ticket", "appointment")

    def test_without_a_purpose_it_ends_everything(self):
        events = self.record(decision="revoked", purpose_ids=self.purposes())
        self.assertEqual(len(events), 1)
        self.assertEqual((events.event, events.purpose_id.id), ("revoked", False))
        self.assertFalse(events.wording)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.assertEqual(self.customer.sms_consent_state, "opted_out")

    def test_no_more_texts_are_none_of_any_kind_unless_one_is_ticked(self):
        form = self.open_form()  # of a ticket, whose purpose is ticked
        form.decision = "revoked"
        form.save().action_record()
        self.assertEqual(self.customer.sms_consent_state, "opted_out")

    def test_with_a_purpose_it_ends_that_one(self):
        ticket = self.purposes("ticket")
        event = self.record(decision="revoked", purpose_ids=ticket)
        self.assertEqual(event.purpose_id.code, "ticket")
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.assertEqual(self.customer.sms_consent_state, "opted_in")

    def test_what_waits_does_not_leave_any_more(self):
        self.ticket.with_user(self.own_agent)._message_sms("Hello")
        sms = self.messages_to()
        self.assertEqual(sms.state, "outgoing")
        self.record(decision="revoked", method="phone")
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "opted_out"))
        self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("canceled", False))

    def test_it_needs_no_words(self):
        event = self.record(decision="revoked", method="written", note="By e-mail")
        self.assertEqual((event.method, event.note), ("written", "By e-mail"))

    def test_who_agrees_anew_may_be_texted_anew(self):
        self.record(decision="revoked", purpose_ids=self.purposes())
        self.record()
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_a_form_signed_before_the_stop_does_not_undo_it(self):
        """Signed on Monday, opted out on Tuesday, recorded on Wednesday."""
        self.receive("STOP")
        monday = fields.Datetime.now() - timedelta(days=2)
        with self.assertRaisesRegex(UserError, "opted out on .* after this consent"):
            self.record(method="paper", happened_at=monday)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_nor_does_it_by_another_way_into_the_ledger(self):
        monday = fields.Datetime.now() - timedelta(days=2)
        self.receive("STOP")
        event = self.record_consent(method="import", happened_at=monday)
        self.assertEqual(event.event, "granted")
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.record_consent(self.number, "appointment", event="revoked")
        self.record_consent(
            self.number, "appointment", method="import", happened_at=monday
        )
        self.assertEqual(self.customer.sms_consent_state, "opted_out")

    def test_a_no_counts_whenever_it_is_entered(self):
        monday = fields.Datetime.now() - timedelta(days=2)
        self.record(decision="revoked", method="written", happened_at=monday)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_a_no_of_tomorrow_counts_from_now_on(self):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        event = self.record(decision="revoked", happened_at=tomorrow)
        self.assertLessEqual(event.happened_at, fields.Datetime.now())
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")


class TestWhoMayRecord(ConsentFormCase):
    """Only users who work on a record may record its person's consent."""

    def refuse(self, user, record=None, error=AccessError, **values):
        """Check that a user's form is refused, and records nothing."""
        record = record or self.ticket
        before = self.env["sms.consent.event"].search_count([])
        with self.assertRaises(error):
            form = (
                self.env["sms.consent.record"]
                .with_user(user)
                .create(
                    {
                        "number": self.number,
                        "company_id": self.company.id,
                        "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                        "wording": "I agree.",
                        "res_model": record._name,
                        "res_id": record.id,
                        **values,
                    }
                )
            )
            form.action_record()
        self.assertEqual(self.env["sms.consent.event"].search_count([]), before)

    def test_every_helpdesk_user_may(self):
        for user in self.own_agent | self.team_agent | self.agent | self.manager:
            with self.subTest(user=user.login):
                self.assertEqual(self.record(user=user).user_id, user)

    def test_nobody_else_may_even_who_reads_the_ticket(self):
        users = self.employee | self.portal_user | self.compliance_officer
        self.ticket.message_subscribe(users.partner_id.ids)
        for user in users | self.env.ref("base.public_user"):
            with self.subTest(user=user.login):
                self.refuse(user)

    def test_an_agent_may_not_on_a_ticket_that_they_cannot_see(self):
        ticket = self.make_ticket(self.customer, user_id=self.agent.id)
        self.refuse(self.own_agent, ticket)

    def test_an_agent_may_not_in_a_company_where_they_do_not_work(self):
        other_company = self.make_company("Other")
        self.own_agent.company_ids = self.company
        self.refuse(self.own_agent, company_id=other_company.id)

    def test_an_agent_may_not_in_a_company_that_is_switched_off_now(self):
        """The form must not record anything in a company that its user does not see."""
        other_company = self.make_company("Other")
        form = self.env["sms.consent.record"].with_user(self.own_agent)
        form = form.with_context(allowed_company_ids=self.company.ids).create(
            {
                "number": self.number,
                "company_id": other_company.id,
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
            }
        )
        with self.assertRaisesRegex(AccessError, "do not work in Other"):
            form.action_record()

    def test_the_form_tells_nothing_of_a_company_where_they_do_not_work(self):
        other_company = self.make_company("Other")
        self.own_agent.company_ids = self.company
        self.record_consent(company=other_company, event="revoked")
        form = self.env["sms.consent.record"].with_user(self.own_agent)
        form = form.create(
            {
                "number": self.number,
                "company_id": other_company.id,
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                "happened_at": fields.Datetime.now() - timedelta(days=1),
            }
        )
        self.assertFalse(form.problem)
        self.assertFalse(form.notice)

    def test_a_record_without_a_person_is_refused(self):
        self.refuse(self.agent, self.company, ValidationError)
        for model in ("no.such.model", "sms.consent"):
            with self.subTest(model=model):
                self.refuse(self.agent, error=ValidationError, res_model=model)
