# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.privacy import sms_retention
from ...models.privacy.sms_retention import TIMES
from ..clock import freeze_time
from ..common import phone_number
from .common import ErasureCase


@tagged("post_install", "-at_install")
class RetentionCase(ErasureCase):
    """A company that keeps nothing forever, and a clock that moves on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "sms_keep_text_months": 12,
                "sms_keep_raw_months": 2,
                "sms_keep_consent_years": 5,
                "sms_keep_opt_out_years": 10,
            }
        )
        cls.start = fields.Datetime.now()

    def run_after(self, **time):
        """Run the cron after some time has passed."""
        with freeze_time(self.start + relativedelta(**time)):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_retention"))
        self.env.invalidate_all()

    def count_after(self, company=None, **time):
        """Return what would be deleted after some time: counts by label."""
        company = company or self.company
        with freeze_time(self.start + relativedelta(**time)):
            pairs = self.env["sms.retention"]._count(company, company._get_sms_limits())
        return {label: count for count, label in pairs if count}


class TestTexts(RetentionCase):
    """The contents of texts are deleted when the company says so."""

    def setUp(self):
        super().setUp()
        self.record_consent()
        self.sms = self.text("Your printer is ready")
        self.run_outbox()
        self.inbound = self.receive("Thank you so much")

    def test_they_are_kept_until_their_time_is_over(self):
        self.run_after(months=11)
        self.assertIn("printer", self.sms.body)
        self.assertEqual(self.inbound.body, "Thank you so much")

    def test_then_they_go_with_their_copies(self):
        expected = self.count_after(months=13)
        self.assertEqual(
            expected,
            {"Texts sent": 1, "Texts received": 1, "Raw forms of received texts": 1},
        )
        self.run_after(months=13)
        self.assertFalse(self.sms.body or self.sms.number or self.inbound.body)
        self.assertEqual(self.sms.state, "sent")
        bodies = "".join(self.ticket.message_ids.mapped("body"))
        self.assertNotIn("printer", bodies)
        self.assertNotIn("Thank you", bodies)
        self.assertFalse(self.count_after(months=13))

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_one_that_cannot_go_does_not_keep_the_others(self):
        other = self.text("Your screen is ready")
        self.run_outbox()
        forget = type(other)._forget

        def fail_for_one(texts):
            if self.sms in texts:
                raise ValueError("another module's rule")
            return forget(texts)

        with patch.object(type(other), "_forget", fail_for_one):
            self.run_after(months=13)
        self.assertIn("printer", self.sms.body)
        self.assertFalse(other.body or self.inbound.body)
        self.run_after(months=13)
        self.assertFalse(self.sms.body)

    def test_the_consent_under_which_they_were_sent_stands(self):
        self.run_after(months=13)
        self.assertSent(self.send(), "ticket")
        self.assertEqual(self.events().number, self.number)

    def test_by_default_they_stay_for_ever(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company.sms_keep_text_months, 0)
        self.assertEqual(company.sms_keep_consent_years, 5)
        self.assertEqual(company.sms_keep_opt_out_years, 10)
        self.company.sms_keep_text_months = 0
        self.run_after(years=40)
        self.assertIn("printer", self.sms.body)

    def test_what_is_on_its_way_stays(self):
        for state in ("outgoing", "process"):
            with self.subTest(state):
                self.sms.state = state
                self.assertNotIn("Texts sent", self.count_after(years=3))

    def test_the_raw_form_goes_before_the_words(self):
        self.assertTrue(self.inbound.sudo().raw)
        self.run_after(months=3)
        self.assertFalse(self.inbound.sudo().raw)
        self.assertEqual(self.inbound.body, "Thank you so much")
        self.assertFalse(self.inbound.erased_at)

    def test_nothing_goes_that_waits_to_be_reviewed(self):
        doubtful = self.receive("I want to cancel")
        review = self.env["sms.consent.review"].search([])
        self.run_after(months=13)
        self.assertEqual(doubtful.body, "I want to cancel")
        self.assertIn("printer", self.sms.body)
        self.assertEqual(review.body, "I want to cancel")
        review.with_user(self.manager).action_conversation()
        self.run_after(months=13)
        self.assertFalse(doubtful.body or self.sms.body or review.body or review.reason)
        self.assertEqual(review.state, "conversation")

    def test_what_outages_know_of_people_goes_too(self):
        """A MUTE only once its incident is over: until then it must hold."""
        area = self.env["sms.area"].create({"name": "Mail", "takes_subscribers": True})
        incident = self.env["sms.incident"].create({"name": "No mail"})
        who = {"number": self.number, "partner_id": self.customer.id}
        mute = {**who, "incident_id": incident.id, "muted_at": self.start}
        mute = self.env["sms.incident.mute"].create(mute)
        subscription = {**who, "area_id": area.id, "company_id": self.company.id}
        subscription["since"] = self.start
        ended, waiting, going_on = self.env["sms.subscription"].create(
            [
                {**subscription, "state": "ended", "ended_at": self.start},
                {**subscription, "state": "pending", "number": phone_number(1)},
                {**subscription, "state": "active"},
            ]
        )
        broadcast = self.env["sms.broadcast"].create(
            {"name": "Outage", "area_ids": [(6, 0, area.ids)]}
        )
        broadcast.checked_at = self.start
        row = {"broadcast_id": broadcast.id, "outcome": "no_number", "name": "Dana"}
        row = self.env["sms.broadcast.recipient"].create(row)
        self.run_after(months=13)
        self.assertFalse(ended.number or ended.partner_id or row.name)
        self.assertFalse(waiting.number or waiting.partner_id)
        self.assertEqual(waiting.state, "ended")
        self.assertTrue(going_on.number and mute.number)
        incident._set_state("resolved")
        self.assertEqual(self.count_after(months=13), {"Muted incidents": 1})
        self.run_after(months=13)
        self.assertFalse(mute.number or mute.partner_id)

    def test_who_will_be_told_more_is_kept(self):
        """Otherwise nobody is told of the end of what takes long."""
        incident = self.env["sms.incident"].create({"name": "No mail"})
        told, planned = self.env["sms.broadcast"].create(
            [
                {"name": "Outage", "incident_id": incident.id},
                {"name": "Maintenance", "state": "planned"},
            ]
        )
        (told | planned).checked_at = self.start
        row = {"number": self.number, "outcome": "queued"}
        rows = self.env["sms.broadcast.recipient"].create(
            [{**row, "broadcast_id": broadcast.id} for broadcast in (told, planned)]
        )
        self.run_after(months=13)
        self.assertEqual(rows.mapped("number"), [self.number] * 2)
        incident._set_state("resolved")
        planned.state = "sent"
        self.run_after(months=13)
        self.assertEqual(rows.mapped("number"), [False] * 2)

    def test_what_the_carrier_has_told_of_people_goes_too(self):
        """But not what the next comparison would find again."""
        rows = self.env["sms.carrier.difference"]
        values = {"company_id": self.company.id, "provider": "telnyx"}
        values |= {"number": self.number, "found_at": self.start}
        for kind in ("entered", "deactivated", "blocked", "missing"):
            rows.create({**values, "kind": kind})
        self.run_after(months=11)
        self.assertEqual(len(rows.search([])), 4)
        self.run_after(months=13)
        self.assertEqual(len(rows.search([])), 3)
        rows.search([]).action_done()
        self.run_after(months=13)
        self.assertEqual(set(rows.search([]).mapped("kind")), {"blocked", "missing"})

    def test_a_question_that_may_still_be_answered_is_kept(self):
        """Such as that about an appointment in a year and a half."""
        question = self.env["sms.question"]._ask(
            "rating", self.ticket, self.sms, self.start + relativedelta(months=18)
        )
        self.run_after(months=13)
        self.assertEqual((question.number, question.state), (self.number, "open"))
        with freeze_time(self.start + relativedelta(months=13)):
            self.receive("5")
        self.assertEqual(question.answer, "5")
        self.run_after(months=19)
        self.assertFalse(question.number)

    def test_all_that_is_kept_for_a_time_is_forgotten_after_it(self):
        kinds = self.env["sms.retention"]._get_kinds(
            self.company, self.company._get_sms_limits()
        )
        names = {records._name for _label, records, _domain, _forget in kinds}
        for holder in self.env["sms.personal.data"]._get_holders():
            self.assertTrue(not holder._kept_since or holder._name in names, holder)

    def test_another_company_keeps_its_own(self):
        other = self.make_company("Other")
        kept = self.receive("Kept", company=other)
        self.run_after(months=13)
        self.assertEqual(kept.body, "Kept")

    def test_another_company_keeps_raw_forms_for_its_own_time(self):
        other = self.make_company("Other", sms_keep_raw_months=0)
        kept = self.receive("Kept", company=other)
        self.run_after(months=3)
        self.assertTrue(kept.raw)
        self.assertFalse(self.inbound.raw)

    def test_an_archived_company_keeps_nothing_longer(self):
        """Its ledger stays the proof, its texts and evidence are personal still."""
        other = self.make_company("Other", sms_keep_text_months=12)
        old = self.receive("Of a former customer", company=other)
        other.active = False
        self.run_after(months=11)
        self.assertEqual(old.body, "Of a former customer")
        self.run_after(months=13)
        self.assertFalse(old.body or old.number)

    def test_it_goes_in_batches_until_all_is_gone(self):
        for index in range(5):
            self.receive(f"Text {index}")
        with patch.object(sms_retention, "BATCH_SIZE", 2):
            self.run_after(months=13)
        self.assertFalse(self.env["sms.inbound"].search([("body", "!=", False)]))


class TestEvidence(RetentionCase):
    """Evidence is kept as long as it may be needed; an opt-out forever."""

    def test_a_consent_that_stands_is_kept_for_ever(self):
        self.record_consent()
        self.run_after(years=30)
        self.assertEqual(self.events().number, self.number)

    def test_one_that_has_ended_is_kept_for_years(self):
        self.record_consent()
        self.record_consent(None, "ticket", event="expired")
        for years, is_kept in ((4, True), (6, False)):
            self.run_after(years=years)
            self.assertEqual(bool(self.events()[0].number), is_kept, years)
        answers = self.env["sms.consent"].search([])
        self.assertFalse(any(answers.mapped("number")))
        self.assertBlocked(self.send(), "ticket", "no_consent")

    def test_the_last_text_under_it_counts(self):
        self.record_consent()
        sms = self.text()
        self.record_consent(None, "ticket", event="expired")
        sms.write({"state": "sent", "sent_at": self.start + relativedelta(years=3)})
        self.run_after(years=6)
        self.assertFalse(sms.body, "the text itself is long gone")
        self.assertTrue(self.events()[0].number)
        self.run_after(years=9)
        self.assertFalse(self.events()[0].number)

    def test_an_opt_out_is_kept_longer_and_blocks_for_ever(self):
        self.record_consent()
        self.record_consent(event="revoked", note="in her words")
        self.record_consent(None, "ticket", event="expired")
        self.run_after(years=6)
        granted, revoked = self.events()[:2]
        self.assertFalse(granted.number)
        self.assertEqual(revoked.note, "in her words")
        self.run_after(years=11)
        self.assertFalse(revoked.note or revoked.number)
        self.assertBlocked(self.send(), "ticket", "opted_out")

    def test_a_start_after_it_is_gone_tells_of_no_other_holder(self):
        self.record_consent()
        self.receive("STOP")
        self.run_after(years=6)
        with freeze_time(self.start + relativedelta(years=6)):
            self.receive("START")
        hashes = self.env["sms.consent.key"]._hash([self.number])
        story = self.env["sms.consent.story"]._tell(self.company, hashes[self.number])
        told = [entry for day in story["days"] for entry in day["entries"]]
        ended = [it["sentence"] for it in told if it["event"] == "expired"]
        self.assertEqual(len(ended), 1)
        self.assertIn("expired by itself", ended[0])
        self.assertFalse(
            self.env["sms.consent"]._find_handovers(self.company, list(hashes.values()))
        )

    def test_an_open_review_keeps_it(self):
        self.receive("SUPPORT")
        self.receive("I want to cancel")
        self.record_consent(None, "ticket", event="expired")
        self.run_after(years=20)
        self.assertTrue(self.events()[0].number)

    def test_zero_keeps_it_for_ever(self):
        self.company.write({"sms_keep_consent_years": 0, "sms_keep_opt_out_years": 0})
        self.record_consent()
        self.record_consent(event="revoked")
        self.record_consent(None, "ticket", event="expired")
        self.run_after(years=100)
        self.assertTrue(all(self.events().mapped("number")))

    def test_the_law_of_the_numbers_country_keeps_it_longer(self):
        self.company.sms_keep_consent_years = 1
        french, japanese = "+33612345678", "+819012345678"
        for number in (french, japanese):
            self.record_consent(number)
            self.record_consent(number, "ticket", event="expired")
        for years, is_kept in ((2, True), (4, False)):
            self.run_after(years=years)
            for number, expected in ((french, is_kept), (japanese, False)):
                numbers = self.events(number).mapped("number")
                self.assertEqual(set(numbers), {number if expected else False})

    def test_an_open_question_is_kept(self):
        self.receive("SUPPORT")
        self.assertIn("requested", self.events().mapped("event"))
        self.assertFalse(self.count_after(years=20).get("Pieces of evidence"))

    def test_the_chain_still_verifies(self):
        for index in range(3):
            self.record_consent(phone_number(index), event="revoked")
        while self.env["sms.consent.link"]._seal(self.company):
            continue
        self.run_after(years=11)
        self.assertFalse(any(self.events().mapped("number")))
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual((check.state, check.link_count), ("intact", 3))

    def test_many_go_by_few_queries(self):
        counts = []
        for amount in (2, 20):
            for index in range(amount):
                self.record_consent(phone_number(100 + index), event="revoked")
            with freeze_time(self.start + relativedelta(years=11)):
                self.env.flush_all()
                before = self.cr.sql_log_count
                evidence = self.env["sms.consent.evidence"]
                found = evidence.search(
                    evidence._get_overdue_domain(
                        self.company, self.company._get_sms_limits()
                    )
                )
                self.assertEqual(len(found), amount)
                found._forget()
                counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])


class TestForm(RetentionCase):
    """Officers set the periods, and see what these would delete before saving."""

    def test_an_officer_sees_what_would_go_under_other_times(self):
        self.receive("Hello")
        forms = self.env["sms.retention.form"].with_user(self.compliance_officer)
        with freeze_time(self.start + relativedelta(months=6)), Form(forms) as form:
            self.assertEqual(form.text, 12)
            self.assertIn("0</td><td>Texts received", form.count_html)
            form.text = 5
            form.reason = "The board, on 3 May"
            self.assertIn("1</td><td>Texts received", form.count_html)
        self.assertEqual(self.company.sms_keep_text_months, 12)
        form.record.action_save()
        self.assertEqual(self.company.sms_keep_text_months, 5)

    def test_what_was_not_changed_in_an_old_form_is_not_saved(self):
        self.company.write({"sms_consent_policy": "opt_out"})
        forms = self.env["sms.retention.form"].with_user(self.compliance_officer)
        with Form(forms) as form:
            form.text = 5
            form.reason = "The board, on 3 May"
            self.company.write(
                {"sms_consent_policy": "opt_in", "sms_keep_raw_months": 1}
            )
        form.record.action_save()
        self.assertEqual(self.company.sms_keep_text_months, 5)
        self.assertEqual(self.company.sms_keep_raw_months, 1)
        self.assertEqual(self.company.sms_consent_policy, "opt_in")

    def test_nobody_else_does(self):
        for user in (self.agent, self.manager, self.employee, self.portal_user):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["sms.retention.form"].with_user(user).create({})

    def test_an_officer_of_another_company_does_not(self):
        other = self.make_company("Other")
        forms = self.env["sms.retention.form"].with_user(self.compliance_officer)
        form = forms.create({"company_id": other.id, "text": 1})
        with self.assertRaises(AccessError):
            form.action_save()
        self.assertEqual(other.sms_keep_text_months, 0)
        with self.assertRaises(AccessError):
            _counts = form.count_html

    def test_a_time_that_is_being_typed_is_no_error(self):
        forms = self.env["sms.retention.form"].with_user(self.compliance_officer)
        form = Form(forms)
        for name in TIMES:
            for amount in (-1, 99_999):
                with self.subTest(name=name, amount=amount):
                    form[name] = amount
                    self.assertIn("0</td><td>Texts received", form.count_html)

    def test_less_than_no_time_is_refused(self):
        for name, _unit in TIMES.values():
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.company[name] = -1
                self.env.flush_all()

    def test_the_settings_show_the_same_times(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        with Form(settings) as form:
            form.sms_keep_consent_years = 7
        form.record.execute()
        self.assertEqual(self.company.sms_keep_consent_years, 7)
