# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import os
import runpy
import tempfile
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ...models.dispatch.sms_dispatcher import Call
from ...providers import outbound
from ...providers.inbound import InboundEvent
from ...tools import chain
from ..clock import freeze_time
from ..common import OtherOrder, SmsCase, phone_number
from ..consent.common import make_csv, make_row
from ..ledger.common import SCRIPT, LedgerCase
from ..peer.media import PNG
from .common import NEIGHBOUR, ErasureCase


@tagged("post_install", "-at_install")
class TestConsent(ErasureCase):
    """Erased consents end and opt-outs stay, though nobody knows any more whose."""

    def test_an_opt_out_keeps_blocking(self):
        self.record_consent()
        self.receive("STOP")
        self.erase()
        self.assertBlocked(self.send(), "ticket", "opted_out")
        self.assertFalse(self.env["sms.consent"].search([("number", "!=", False)]))

    def test_a_yes_that_cannot_be_proved_any_more_ends(self):
        self.record_consent(None, "ticket", "alert")
        self.erase()
        self.assertBlocked(self.send(), "ticket", "no_consent")
        ended = self.events()[-2:]
        self.assertEqual(set(ended.mapped("event")), {"expired"})
        self.assertEqual(set(ended.mapped("method")), {"erasure"})
        self.assertEqual(ended.user_id, self.compliance_officer)
        self.assertTrue(all(event.erased_at for event in self.events()))

    def test_no_start_brings_it_back(self):
        self.record_consent()
        self.receive("STOP")
        self.erase()
        self.receive("START")
        self.assertBlocked(self.send(), "ticket", "no_consent")

    def test_an_open_question_ends(self):
        self.receive("SUPPORT")
        self.erase()
        self.receive("YES")
        self.assertBlocked(self.send(), "ticket", "no_consent")

    def test_who_comes_back_begins_anew(self):
        self.record_consent(event="revoked")
        self.erase()
        self.record_consent()
        self.assertSent(self.send(), "ticket")
        self.assertEqual(self.events()[-1:].number, self.number)

    def test_what_may_be_an_opt_out_counts_as_one(self):
        """Nobody can read it any more, and an opt-out must not be lost."""
        self.record_consent()
        self.receive("I want to cancel")
        self.erase()
        review = self.env["sms.consent.review"].search([])
        self.assertEqual((review.state, review.number), ("opt_out", False))
        self.assertEqual(review.decided_by, self.compliance_officer)
        self.assertBlocked(self.send(), "ticket", "opted_out")

    def test_the_officer_can_enter_an_opt_out_as_well(self):
        self.company.sms_consent_policy = "opt_out"
        self.record_consent()
        self.erase()
        self.assertSent(self.send(), "ticket", "not_opted_out")
        self.erase(is_opt_out=True)
        self.assertBlocked(self.send(), "ticket", "opted_out")
        self.receive("START")
        self.assertBlocked(self.send(), "ticket", "opted_out")

    def test_a_number_that_a_login_has_only_typed_stays_unproven(self):
        """Its owner's texts must not reach the login, nor the login's its owner."""
        self.company.sms_consent_policy = "opt_out"
        number, claims = phone_number(5), self.env["sms.number.claim"]
        self.neighbour.phone = number
        claims._note(self.company, self.neighbour, number)
        self.receive("Who are you?", number)
        self.erase(number)
        text = self.send(number, partner_id=self.neighbour.id)
        self.assertBlocked(text, "ticket", "unproven")
        self.assertFalse(self.receive("My alarm code is 4711", number).partner_id)
        self.neighbour.phone = NEIGHBOUR
        self.erase(number)
        self.assertFalse(claims.search([]))

    def test_another_number_is_not_touched(self):
        for number in (self.number, NEIGHBOUR):
            self.record_consent(number, name="Dana Customer")
            self.receive("Hello", number)
        self.erase()
        self.assertSent(self.send(NEIGHBOUR), "ticket")
        self.assertEqual(self.events(NEIGHBOUR).name, "Dana Customer")
        self.assertEqual(
            self.env["sms.inbound"].search([("number", "!=", False)]).number, NEIGHBOUR
        )

    def test_another_company_is_not_touched(self):
        other = self.make_company("Other")
        for company in (self.company, other):
            self.record_consent(company=company)
            self.receive("Hello", company=company)
            self.send(record_company_id=company.id)
        self.erase()
        self.assertSent(self.send(record_company_id=other.id), "ticket")
        self.assertEqual(self.events(company=other).number, self.number)
        inbound = self.env["sms.inbound"].search([("number", "=", self.number)])
        self.assertEqual(inbound.company_id, other)
        self.assertEqual(self.messages_to().record_company_id, other)


@tagged("post_install", "-at_install")
class TestTexts(ErasureCase):
    """The record of an erased text stays, and the text is never sent."""

    def setUp(self):
        super().setUp()
        self.record_consent()

    def test_the_facts_of_a_text_stay(self):
        sms = self.text("A long one. " * 20)
        self.run_outbox()
        names = (
            *("purpose_id", "state", "segment_count", "encoding", "consent_event_id"),
            *("sent_at", "create_date", "provider", "carrier_id", "gate_verdict"),
            *("gate_reason", "uuid", "mail_message_id"),
        )
        before = sms.read(names, load=None)
        self.assertGreater(sms.segment_count, 1)
        self.erase()
        self.assertEqual(sms.read(names, load=None), before)
        self.assertFalse(sms.number or sms.body or sms.partner_id)
        self.assertTrue(sms.erased_at)

    def test_what_waits_is_cancelled_and_says_why(self):
        sms = self.text()
        self.erase()
        self.assertEqual(
            (sms.state, sms.gate_verdict, sms.gate_reason),
            ("canceled", "block", "erased"),
        )
        self.assertEqual(sms.shown_reason, "The person was erased: nothing can be sent")
        notification = self.notifications_of(self.ticket)
        self.assertEqual(notification.notification_status, "canceled")
        self.assertEqual(notification.failure_type, "sms_no_consent")
        self.assertEqual(notification.failure_reason, sms.gate_label)
        self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("canceled", False))

    def test_what_waits_is_erased_where_an_opt_out_is_entered(self):
        sms = self.text()
        self.erase(is_opt_out=True)
        self.assertGateSays(sms, "canceled", "block", "erased")
        self.assertFalse(sms.number or sms.body)

    def test_what_waits_is_erased_where_a_review_becomes_an_opt_out(self):
        sms = self.text()
        self.receive("I want to cancel")
        self.erase()
        self.assertGateSays(sms, "canceled", "block", "erased")

    def test_nobody_can_send_it_again(self):
        sms = self.text()
        sms.state = "error"
        self.erase()
        told = sms.with_user(self.administrator).resend_failed()
        self.assertIn("words were erased", told["params"]["message"])
        self.assertFalse(sms.sent_again_id)
        self.company.write({"sms_provider": "iap", "sms_consent_policy": "opt_out"})
        sms.with_user(self.administrator).action_set_outgoing()
        self.assertGateSays(sms, "canceled", "block", "erased")

    def test_a_text_on_its_way_is_settled_without_words(self):
        """The worker has it in memory, and writes its outcome after the erasure."""
        dispatcher = self.env["sms.dispatcher"]
        words = f"The number {self.number} is not reachable"
        for outcome, state in (
            (
                outbound.Outcome(outbound.ACCEPTED, carrier_id="SB1", detail=words),
                "pending",
            ),
            (outbound.Outcome(outbound.REFUSED, code="21610", detail=words), "error"),
            (outbound.Outcome(outbound.UNKNOWN, detail=words), "unknown"),
        ):
            with self.subTest(outcome.kind):
                self.record_consent()
                sms = self.text()
                sms.write({"state": "process", "provider": "sandbox"})
                self.erase()
                dispatcher._record_outcomes(
                    [(Call("send", sms.id, sms.attempts), outcome)]
                )
                self.assertEqual((sms.state, sms.carrier_detail), (state, False))
                told = self.notifications_of(self.ticket)[-1:]
                self.assertNotIn(self.number, told.failure_reason or "")

    def test_a_text_that_would_be_tried_again_is_not(self):
        sms = self.text()
        sms.write({"state": "process", "provider": "sandbox", "attempts": 1})
        self.erase()
        again = outbound.Outcome(outbound.AGAIN, detail=self.number)
        self.env["sms.dispatcher"]._record_outcomes(
            [(Call("send", sms.id, sms.attempts), again)]
        )
        sms.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertGateSays(sms, "canceled", "block", "erased")

    def test_what_is_never_looked_up_again_keeps_no_outbox_awake(self):
        """Otherwise a worker would be woken again and again for nothing."""
        past = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        dispatcher = self.env["sms.dispatcher"]
        for forget in (
            self.erase,
            lambda: self.company.write({"sms_provider": "twilio"}),
        ):
            message = self.send(exemption="help")
            message.write(
                {"state": "pending", "provider": "sandbox", "lookup_at": past}
            )
            self.assertEqual(dispatcher._get_next_due(), 0)
            forget()
            self.env.flush_all()
            self.assertFalse(dispatcher._claim_lookups(10))
            self.assertIsNone(dispatcher._get_next_due())

    def test_a_late_report_moves_it_on(self):
        sms = self.text()
        sms.write({"state": "pending", "provider": "sandbox", "report_rank": 1})
        self.erase()
        before = len(self.events())
        report = outbound.DeliveryReport("SB1", "undelivered", "21610", "", True)
        sms._record_report(report)
        self.assertEqual(sms.state, "error")
        self.assertEqual(len(self.events()), before)

    def test_a_repeated_webhook_brings_nothing_back(self):
        event = InboundEvent("sandbox", "SB77", self.number, "", "Hello", {})
        inbound = self.env["sms.inbound"]._receive(self.company, event)
        self.erase()
        self.assertFalse(self.env["sms.inbound"]._receive(self.company, event))
        self.assertFalse(inbound.number or inbound.body or inbound.sudo().raw)
        self.assertEqual(inbound.kind, "conversation")

    def test_what_colleagues_wrote_on_the_ticket_stays(self):
        self.text("Texted")
        self.receive("Answered")
        note = self.post_on(self.ticket, f"I called {self.number}")
        count = len(self.ticket.message_ids)
        self.erase()
        self.assertIn(self.number, note.body)
        self.assertEqual(len(self.ticket.message_ids), count)
        texts = self.ticket.message_ids.filtered(lambda m: m.message_type == "sms")
        self.assertEqual(len(texts), 2)
        for message in texts:
            self.assertIn("This text was erased.", message.body)

    def test_a_title_goes_from_what_was_told_of_its_ticket_alone(self):
        """Not from a record with the same id, nor from what a colleague wrote."""
        self.ticket.active = False
        ticket = self.receive("The fax jams").ticket_id
        facts = {"res_id": ticket.id, "message_type": "notification"}
        facts["body"] = "<p>The fax jams</p>"
        own, others, written = self.env["mail.message"].create(
            [
                {**facts, "model": ticket._name},
                {**facts, "model": "res.partner", "res_id": self.customer.id},
                {**facts, "model": ticket._name, "message_type": "comment"},
            ]
        )
        others.flush_recordset()
        query = "UPDATE mail_message SET res_id = %s WHERE id = %s"
        self.cr.execute(query, [ticket.id, others.id])
        others.invalidate_recordset()
        self.erase()
        self.assertNotIn("fax", own.body)
        for kept in (others, written):
            self.assertIn("fax", kept.body)

    def test_a_title_that_a_colleague_has_written_stays(self):
        self.ticket.active = False
        ticket = self.receive("The fax jams").ticket_id
        ticket.name = "Replace the fax"
        self.erase()
        self.assertEqual(ticket.name, "Replace the fax")
        self.assertNotIn("jams", ticket.description)

    def test_notes_on_the_review_of_another_stay(self):
        for number in (self.number, phone_number(1)):
            self.receive("I want to cancel", number)
        reviews = self.env["sms.consent.review"].search([], order="id")
        words = "Call them"
        own, others = (it.message_post(body=words) for it in reviews)
        self.erase()
        self.assertFalse(own.exists())
        self.assertTrue(others.exists())

    def test_reports_on_texts_to_others_stay(self):
        events = self.env["sms.webhook.event"]
        uuid = self.text("It is mended").uuid
        own, others = (
            events.browse(events._store(self.company, "sandbox", "report", {}, uuid=it))
            for it in (uuid, "of-another")
        )
        self.erase()
        self.assertFalse(own.exists())
        self.assertTrue(others.exists())

    def test_nobody_waits_for_an_answer_to_what_was_erased(self):
        ticket = self.receive("My printer jams").ticket_id
        waiting = [("sms_waiting_since", "!=", False)]
        self.assertIn(ticket, self.env["helpdesk.ticket"].search(waiting))
        self.erase()
        self.assertNotIn(ticket, self.env["helpdesk.ticket"].search(waiting))

    def test_no_ticket_is_hidden_until_a_text_that_cannot_come(self):
        self.ticket.sms_is_snoozed_for_text = True
        self.erase()
        self.assertFalse(self.ticket.sms_is_snoozed)

    def test_no_text_has_failed_that_was_erased(self):
        """Nobody can send it again, so no list asks for that."""
        refused = outbound.Outcome(outbound.REFUSED, code="30006")
        for is_refused in (False, True):
            self.record_consent()
            ticket = self.make_ticket(self.customer)
            ticket._message_sms("It is mended")
            if is_refused:
                sms = self.messages_to()[-1:]
                sms.write({"state": "process", "provider": "sandbox"})
                call = Call("send", sms.id, sms.attempts)
                self.env["sms.dispatcher"]._record_outcomes([(call, refused)])
            self.assertEqual(ticket.sms_last_failed, is_refused)
            self.erase()
            self.assertFalse(ticket.sms_last_failed)

    def test_an_erased_answer_that_fails_lets_nobody_wait(self):
        ticket = self.receive("My printer jams").ticket_id
        desk = ticket.with_user(self.own_agent)
        desk.send_sms_reply("It is mended.", uuid4().hex, is_sure=True)
        sms = self.messages_to()[-1:]
        self.assertTrue(sms.ticket_waited_since)
        sms.write({"state": "process", "provider": "sandbox"})
        self.erase()
        refused = outbound.Outcome(outbound.REFUSED, code="30006")
        call = Call("send", sms.id, sms.attempts)
        self.env["sms.dispatcher"]._record_outcomes([(call, refused)])
        self.assertEqual(sms.state, "error")
        self.assertFalse(ticket.sms_waiting_since)

    def test_a_message_to_two_people_goes_with_the_last_of_them(self):
        self.record_consent(NEIGHBOUR)
        self.post_on(
            self.ticket,
            "To both of you",
            message_type="sms",
            sms_numbers=[self.number, NEIGHBOUR],
        )
        message = self.messages_to(NEIGHBOUR).mail_message_id
        self.erase()
        self.assertIn("To both of you", message.body)
        self.assertEqual(self.messages_to(NEIGHBOUR).body[:11], "To both of ")
        self.erase(NEIGHBOUR)
        self.assertNotIn("To both of you", message.body)

    def test_a_text_whose_row_odoo_has_deleted_goes_from_the_chatter(self):
        sms = self.text("Kept by the chatter")
        message = sms.mail_message_id
        sms.unlink()
        self.erase()
        self.assertNotIn("Kept", message.body)
        self.assertFalse(self.notifications_of(self.ticket).sms_number)


@tagged("post_install", "-at_install")
class TestLists(ErasureCase):
    """Erasing one person of an uploaded list leaves the others."""

    def make_job(self, rows):
        """Return a checked import of rows."""
        jobs = self.env["sms.consent.import"].with_user(self.manager)
        job = jobs.create(
            {
                "file": base64.b64encode(make_csv(rows)),
                "file_name": "crm.csv",
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                "date_order": "ymd",
                "tz": "UTC",
            }
        )
        job.action_check()
        return job

    def test_the_rows_of_others_stay_and_so_does_their_file(self):
        job = self.make_job(
            [
                make_row(Phone="(303) 555-0100", Name="Dana", Date="soon"),
                make_row(1, Name="Nora", Date="soon"),
            ]
        )
        job.action_import()
        self.erase()
        self.assertEqual(job.row_ids.mapped("row"), [3])
        report = base64.b64decode(job.report).decode()
        self.assertIn("Nora", report)
        self.assertNotIn("Dana", report)
        self.assertFalse(any(job.column_ids.mapped("sample")))

    def test_who_is_erased_does_not_return_by_an_old_list(self):
        """They must agree again: what they said before is proved by nothing."""
        self.record_consent()
        self.erase()
        [row] = self.make_job([make_row(Phone="(303) 555-0100")]).row_ids
        self.assertEqual((row.outcome, row.reason), ("skipped", "outdated"))
        today = f"{fields.Datetime.now() + timedelta(minutes=1):%Y-%m-%d %H:%M}"
        with freeze_time(fields.Datetime.now() + timedelta(hours=1)):
            rows = [make_row(Phone="(303) 555-0100", Date=today)]
            self.assertFalse(self.make_job(rows).row_ids)

    def test_a_list_that_is_not_recorded_yet_is_taken_away(self):
        for phone, is_taken in (
            *(("3035550100", True), ("+1 (0) 303 555 0100", True)),
            *(("３０３５５５０１００", True), ("3035550101", False)),
        ):
            with self.subTest(phone):
                job = self.make_job([make_row(Phone=phone)])
                self.erase()
                self.assertEqual(bool(job.file), not is_taken)
                self.assertEqual(job.state, "failed" if is_taken else "checked")
                self.assertEqual(bool(job.problem), is_taken)

    def test_the_list_of_a_broadcast_that_is_not_checked_yet_is_taken_away(self):
        for phone, is_taken in (("(303) 555-0100", True), ("3035550101", False)):
            broadcast = (
                self.env["sms.broadcast"]
                .with_user(self.manager)
                .create(
                    {
                        "name": "Outage",
                        "body": "Outage",
                        "audience": "list",
                        "list_file": base64.b64encode(f"Phone\n{phone}".encode()),
                    }
                )
            )
            with self.subTest(phone):
                self.erase()
                self.assertEqual(bool(broadcast.list_file), not is_taken)
                told = broadcast.message_ids.partner_ids
                self.assertEqual(self.manager.partner_id in told, is_taken)

    def test_nobody_is_erased_out_of_a_list_that_is_being_recorded(self):
        job = self.make_job([make_row()])
        job.sudo().state = "importing"
        with self.assertRaisesRegex(UserError, "is being imported"):
            self.erase()


class TestChain(LedgerCase):
    """The ledger still verifies, with and without Odoo, and still reveals tampering."""

    def erase(self, index=1):
        self.seal()
        self.env["sms.erasure"]._erase(self.company, phone_number(index), "Letter")
        self.env.invalidate_all()
        return self.seal()

    def test_it_is_intact(self):
        links = self.erase()
        self.assertEqual(len(links), len(self.events) + 1)
        self.assertEqual(self.verify().state, "intact")

    def test_it_is_intact_for_the_script_that_needs_no_odoo(self):
        self.erase()
        action = self.env["sms.consent.check"].browse(self.verify().id).action_export()
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        content = self.env["ir.attachment"].browse(attachment_id).raw
        self.assertNotIn(phone_number(1)[2:].encode(), content)
        with tempfile.NamedTemporaryFile(suffix=".json", delete=False) as file:
            file.write(content)
        self.addCleanup(os.unlink, file.name)
        main = runpy.run_path(str(SCRIPT))["main"]
        self.assertEqual(main(file.name), 0)

    def test_who_tampers_afterwards_is_found(self):
        self.erase()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET event = 'revoked' WHERE id = %s",
            [self.events[2].id],
        )
        self.assertBroken(3, chain.CHANGED)

    def test_evidence_that_is_deleted_is_no_erasure(self):
        self.erase()
        self.tamper(
            "sms_consent_evidence",
            "DELETE FROM sms_consent_evidence WHERE id = %s",
            [self.events[2].evidence_id.id],
        )
        self.assertBroken(3, chain.EVIDENCE_CHANGED)


@tagged("post_install", "-at_install")
class TestWizard(ErasureCase):
    """The officer sees what is erased and what stays; nobody else opens the form."""

    def setUp(self):
        super().setUp()
        self.record_consent(name="Dana Customer")

    def test_nobody_but_a_compliance_officer_erases(self):
        users = (
            *(self.agent, self.own_agent, self.team_agent, self.manager),
            *(self.employee, self.portal_user, self.administrator),
            self.env.ref("base.public_user"),
        )
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.open_wizard(user).action_erase()
        wizard = self.open_wizard()
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                wizard.with_user(user).action_erase()
        self.assertEqual(self.events().number, self.number)

    def test_who_erased_and_when_is_no_default_of_theirs(self):
        defaults = self.env["ir.default"].with_user(self.compliance_officer)
        defaults.set("sms.erasure", "user_id", self.manager.id, user_id=True)
        defaults.set("sms.erasure", "erased_at", "2001-01-01 00:00:00", user_id=True)
        self.open_wizard().action_erase()
        erasure = self.erasures.search([], limit=1)
        self.assertEqual(erasure.user_id, self.compliance_officer)
        self.assertNotEqual(erasure.erased_at.year, 2001)

    def test_an_officer_erases_in_their_own_companies_only(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        with self.assertRaises(AccessError):
            self.open_wizard(company_id=other.id).action_erase()
        self.assertTrue(self.events(company=other).number)

    def test_what_is_counted_is_what_goes(self):
        self.text()
        self.receive("Hello")
        self.receive("I want to cancel")
        wizard = self.open_wizard()
        for words in ("Texts received", "Consents, which end", "possible opt-outs"):
            self.assertIn(words, wizard.count_html)
        counts = self.erasures._count(self.company, [self.number])
        action = wizard.action_erase()
        erasure = self.erasures.search(action["domain"])
        self.assertEqual(
            erasure.summary.splitlines(), [f"{n} × {label}" for n, label in counts]
        )
        self.assertIn("2 × Texts received", erasure.summary)
        self.assertFalse(self.erasures._count(self.company, [self.number]))

    def test_what_goes_to_another_person_too_is_not_counted(self):
        """Of a message to two people, their copy and its picture stay."""
        self.record_consent(NEIGHBOUR)
        picture = self.env["ir.attachment"].create({"name": "a.png", "raw": PNG})
        message = self.post_on(
            self.ticket,
            "To both of you",
            message_type="sms",
            sms_numbers=[self.number, NEIGHBOUR],
            attachment_ids=picture.ids,
        )
        summary = self.erase().summary
        self.assertIn("1 × Texts sent", summary)
        self.assertNotIn("copies in the chatter", summary)
        self.assertNotIn("Pictures and files", summary)
        self.assertEqual(message.attachment_ids, picture)
        summary = self.erase(NEIGHBOUR).summary
        self.assertIn("1 × Their copies in the chatter", summary)
        self.assertIn("1 × Pictures and files sent", summary)
        self.assertFalse(picture.exists())

    def test_a_text_from_before_the_ledger_is_data(self):
        """Odoo deletes its own rows of texts that were sent."""
        self.neighbour._message_sms("Your alarm code is 4711")
        sms = self.messages_to(NEIGHBOUR)
        message = sms.mail_message_id
        sms.unlink()
        self.open_wizard(number=NEIGHBOUR).action_erase()
        self.assertNotIn("4711", message.body)
        summary = self.erasures.search([], limit=1).summary
        self.assertEqual(
            summary, "1 × Copies in the chatter of texts that Odoo has deleted"
        )
        self.assertFalse(self.erasures._count(self.company, [NEIGHBOUR]))

    def test_it_is_recorded_and_names_nobody(self):
        self.open_wizard().action_erase()
        erasure = self.erasures.search([])
        self.assertEqual(erasure.user_id, self.compliance_officer)
        self.assertEqual(erasure.reason, "Letter 117")
        self.assertEqual(erasure.company_id, self.company)
        values = str(erasure.sudo().read())
        for word in (self.number, self.number[2:], "Dana"):
            self.assertNotIn(word, values)
        for change in (
            lambda: erasure.with_user(self.compliance_officer).unlink(),
            lambda: erasure.with_user(self.administrator).unlink(),
            lambda: erasure.with_user(self.compliance_officer).write({"reason": "x"}),
        ):
            with self.assertRaises(UserError):
                change()

    def test_the_form_itself_forgets(self):
        wizard = self.open_wizard(partner_id=self.customer.id)
        wizard.action_erase()
        self.assertFalse(wizard.exists())
        self.assertFalse(self.env["sms.erasure.wizard.line"].search([]))

    def test_a_dry_run_of_automations_is_forgotten(self):
        replay = self.env["sms.automation.replay"].create({})
        line = {"ticket_id": self.ticket.id, "number": self.number, "body": "Hi Dana"}
        replay.line_ids = [(0, 0, line), (0, 0, {**line, "number": NEIGHBOUR})]
        self.erase()
        self.assertEqual(replay.line_ids.mapped("number"), [NEIGHBOUR])

    def test_a_number_may_be_typed_in_any_way(self):
        self.open_wizard(number="(303) 555-0100").action_erase()
        self.assertTrue(self.events()[0].erased_at)

    def test_what_is_missing_is_said(self):
        for values, words in (
            ({"is_checked": False}, "Confirm"),
            ({"reason": " "}, "Enter which request"),
            ({"reason": "Letter of 303-555-0100"}, "do not enter the number"),
            ({"number": NEIGHBOUR}, "There is no data"),
            ({"number": False}, "Enter the number"),
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, words):
                self.open_wizard(**values).action_erase()
        self.assertFalse(self.erasures.search([]))

    def test_who_asks_twice_is_told_when_it_was(self):
        self.open_wizard().action_erase()
        wizard = self.open_wizard()
        self.assertFalse(wizard.has_data)
        self.assertIn("It was erased on", wizard.count_html)
        self.assertIn("Letter 117", wizard.count_html)
        self.assertIn("There is no data", self.open_wizard(number=NEIGHBOUR).count_html)

    def test_a_contact_brings_all_its_numbers(self):
        """Former numbers too; one that is another contact's is not preselected."""
        old, others = phone_number(2), phone_number(3)
        self.record_consent(
            old, res_model="res.partner", res_id=self.customer.id, name="Dana Customer"
        )
        self.send(others, partner_id=self.customer.id)
        owner = self.make_customer(others, "Olga Other")
        action = self.env.ref("helpdesk_mgmt_sms.sms_erasure_wizard_action_partner")
        self.assertEqual(action.binding_model_id.model, "res.partner")
        wizards = self.env["sms.erasure.wizard"].with_user(self.compliance_officer)
        context = safe_eval(action.context, {"active_id": self.customer.id})
        with Form(wizards.with_context(**context)) as form:
            form.reason = "Letter 117"
            form.is_checked = True
        wizard = form.record
        self.assertEqual(
            {line.number: line.is_chosen for line in wizard.line_ids},
            {self.number: True, old: True, others: False},
        )
        self.assertIn(owner.name, "".join(wizard.line_ids.mapped(
            lambda line: line.shared_with or ""
        )))  # fmt: skip
        wizard.action_erase()
        self.assertEqual(len(self.erasures.search([])), 2)
        self.assertTrue(self.messages_to(others))
        self.assertFalse(self.messages_to(old) + self.messages_to())

    def test_a_contact_brings_the_numbers_of_archived_tickets(self):
        old = phone_number(2)
        self.make_ticket(self.customer, partner_phone=old).active = False
        wizard = self.open_wizard(number=False, partner_id=self.customer.id)
        self.assertIn(old, wizard.line_ids.mapped("number"))

    def test_a_contact_brings_the_numbers_of_areas_and_lists(self):
        """Those that were never texted, as there was no consent."""
        old, older = phone_number(2), phone_number(4)
        area = self.env["sms.area"].create({"name": "Denver", "cities": "Denver"})
        person = {"partner_id": self.customer.id}
        self.env["sms.subscription"].create(
            {**person, "area_id": area.id, "company_id": self.company.id, "number": old}
        )
        broadcast = self.env["sms.broadcast"].create({"name": "Outage", "body": "Down"})
        self.env["sms.broadcast.recipient"].create(
            {
                **person,
                "broadcast_id": broadcast.id,
                "number": older,
                "outcome": "blocked",
            }
        )
        wizard = self.open_wizard(number=False, partner_id=self.customer.id)
        self.assertLessEqual({old, older}, set(wizard.line_ids.mapped("number")))

    def test_who_shares_the_number_is_named(self):
        """The number's records are shared, so the erasure affects both contacts."""
        self.make_customer(self.number, "Sam Spouse")
        wizard = self.open_wizard()
        self.assertIn("Sam Spouse", wizard.shared_with)
        self.assertFalse(self.open_wizard(number=NEIGHBOUR).shared_with)

    def test_the_list_of_numbers_leads_here(self):
        answer = self.env["sms.consent"].search([("number", "=", self.number)])
        action = answer.with_user(self.compliance_officer).action_erase_person()
        wizard = self.env[action["res_model"]].with_user(self.compliance_officer)
        wizard = wizard.with_context(**action["context"]).create({"reason": "Letter"})
        self.assertEqual(wizard.number, self.number)

    def test_a_contact_that_is_deleted_loses_nothing_of_the_proof(self):
        self.receive("Hello")
        self.ticket.unlink()
        self.customer.unlink()
        self.assertEqual(self.events().number, self.number)
        self.open_wizard().action_erase()
        self.assertTrue(self.events()[0].erased_at)


@tagged("post_install", "-at_install")
class TestHolders(SmsCase):
    """The list of models with personal data is complete."""

    #: Models of the addon with text fields, and why they hold no personal data.
    HARMLESS = {
        "sms.alert.source": "set up by managers",
        "sms.alert.trouble": "what a machine says of machines",
        "sms.area": "set up by managers",
        "sms.automation": "set up by managers",
        "sms.counter": "numbers only",
        "sms.automation.replay": "deletes itself",
        "sms.automation.run": "which ticket, and when",
        "sms.broadcast.refusal": "deletes itself",
        "sms.carrier.check": "about our own account and numbers",
        "sms.carrier.number": "our own numbers",
        "sms.carrier.sync": "when our own account was compared",
        "sms.consent.law": "set up by administrators",
        "sms.country.rule": "stores nothing: a query",
        "sms.consent.event": "a keyed hash and digests",
        "sms.consent.link": "hashes",
        "sms.consent.check": "hashes",
        "sms.consent.request": "keyed hashes",
        "sms.consent.paper": "the house's own words, and who has seen the signing",
        "sms.reassigned.file": "digests, and who has asked",
        "sms.reassigned.row": "keyed hashes and dates",
        "sms.evidence.export": "keyed hashes and a digest",
        "sms.evidence.lookup": "keyed hashes",
        "sms.analysis": "stores nothing: a query",
        "sms.report.fetch": "when an account's list is read, and its next page",
        "sms.day": "counts",
        "sms.day.stale": "a kind of facts, and a moment",
        "sms.erasure": "a keyed hash, and the officer's reference",
        "sms.erasure.wizard": "deletes itself",
        "sms.erasure.wizard.line": "goes with its wizard",
        "sms.rate.limit": "counters of buckets",
        "sms.webhook.refusal": "counters of refused requests",
        "sms.oncall.shift": "set up by managers: a colleague's own turns",
        "sms.team.alert": "the house's own words",
        "sms.team.alert.plan": "set up by managers",
        "sms.team.alert.raise": "deletes itself",
        "sms.team.alert.step": "set up by managers",
        "sms.reminder": "which appointment of which contact, and when",
        "sms.redaction": "the carrier's id of what is forgotten",
        "sms.report": "its raw form is emptied with its message",
        "sms.outbox.alert": "about our own senders",
        "sms.sender": "our own numbers",
        "sms.sender.rule": "set up by administrators",
        "sms.fault": "set up by managers",
        "sms.price": "set up by managers: a country's code, never a whole number",
        "sms.incident": "the house's own words",
        "sms.incident.news": "the house's own words",
        "sms.incident.publish": "the house's own words; deletes itself",
        "sms.keyword": "set up by managers",
        "sms.media": "goes with its text",
        "sms.purpose": "set up by managers",
        "sms.purpose.company": "set up by managers",
        "sms.purpose.rule": "set up by managers",
        "sms.quiet.hours": "set up by managers",
        "sms.reply": "set up by managers",
        "sms.retention.form": "deletes itself",
        "sms.scope.rule": "set up by managers",
        "sms.registration": "the house's own words",
        "sms.test.text": "the user's own number; deletes itself",
        "sms.wording": "set up by managers",
    }

    def test_every_model_with_words_is_on_the_list_or_harmless(self):
        own = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == "helpdesk_mgmt_sms" and not model._abstract
            and any(
                field.store and field.type in ("char", "text", "html", "json", "binary")
                for field in model._fields.values()
            )
        }  # fmt: skip
        holders = {it._name for it in self.env["sms.personal.data"]._get_holders()}
        self.assertFalse(own - holders - self.HARMLESS.keys())

    def test_each_can_say_and_forget(self):
        for model in self.env["sms.personal.data"]._get_holders():
            with self.subTest(model._name):
                numbers = [phone_number(99)]
                records = model.sudo()._find_personal(self.company, numbers)
                self.assertFalse(records)
                self.assertFalse(any(n for n, _l in records._describe_personal()))
                records._forget()

    def test_what_is_looked_for_takes_as_many_queries_for_many(self):
        counts = []
        for amount in (1, 30):
            for _ in range(amount):
                self.ticket._message_sms("Hello")
                self.receive("Hello")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["sms.erasure"]._count(self.company, [self.number])
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)


class TestTextsInOtherOrder(OtherOrder, TestTexts):
    """The same with the rooms in another order."""
