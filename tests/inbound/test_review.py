# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.message.sms_consent import READ_ANSWERS
from ...models.message.sms_gate import GateQuestion
from ...tools.timing import CONFIRMATION_LIFE
from ..clock import freeze_time
from ..common import phone_number
from .common import DOUBTFUL, ReviewCase


@tagged("post_install", "-at_install")
class TestOpening(ReviewCase):
    """A doubtful text is treated as conversation, and opens a review."""

    def test_a_doubtful_text_goes_to_the_ticket_and_to_the_queue(self):
        inbound = self.receive(DOUBTFUL)
        self.assertEqual(inbound.kind, "conversation")
        self.assertEqual(inbound.ticket_id, self.ticket)
        review = self.reviews.search([])
        self.assertRecordValues(
            review,
            [
                {
                    "company_id": self.company.id,
                    "number": self.number,
                    "inbound_id": inbound.id,
                    "body": DOUBTFUL,
                    "received_at": inbound.received_at,
                    "state": "open",
                    "decided_by": False,
                }
            ],
        )
        self.assertTrue(review.reason)
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertFalse(self.messages_to())

    def test_a_reaction_to_our_text_quotes_its_footer(self):
        self.record_consent()
        for verb in ("Liked", "Loved", "Laughed at", "Disliked", "❤️ to", "Gefällt"):
            with self.subTest(verb):
                inbound = self.receive(f"{verb} “See you.\n{self.footer}”")
                self.assertEqual(inbound.kind, "conversation")
                self.assertFalse(self.reviews.search([]))

    def test_the_deadline_is_ten_business_days_where_the_company_is(self):
        # As its address says; on most companies' contacts there is no time zone.
        colorado = self.env.ref("base.state_us_6")
        self.company.partner_id.write({"tz": False, "state_id": colorado.id})
        # Monday evening in Denver, Tuesday in UTC; Veterans Day is before the deadline.
        with freeze_time("2026-11-03 03:00:00"):
            review = self.doubt()
            self.assertEqual(review.deadline, date(2026, 11, 17))
        self.company.sms_review_days = 1
        with freeze_time("2026-11-25 18:00:00"):
            review = self.doubt()
            self.assertEqual(review.deadline, date(2026, 11, 27))

    @mute_logger("odoo.sql_db")
    def test_a_company_cannot_take_more_time_than_the_law(self):
        for days in (0, 11):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.company.sms_review_days = days
                self.company.flush_recordset()

    def test_who_has_stopped_everything_is_in_no_doubt(self):
        self.receive("STOP")
        self.receive(DOUBTFUL)
        self.assertFalse(self.reviews.search([]))

    def test_who_has_come_back_after_a_stop_is_asked_about_again(self):
        self.receive("STOP")
        self.record_consent(method="keyword")
        self.doubt()

    def test_it_is_overdue_after_its_last_day(self):
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        self.company.partner_id.tz = "America/Denver"
        for day, hour, is_overdue in ((17, 20, False), (18, 2, False), (18, 20, True)):
            with freeze_time(datetime(2026, 11, day, hour)):
                review.invalidate_recordset()
                self.assertEqual(review.is_overdue, is_overdue)
                found = self.reviews.search([("is_overdue", "=", True)])
                self.assertEqual(review in found, is_overdue)


@tagged("post_install", "-at_install")
class TestGateUnderReview(ReviewCase):
    """Under review the gate lets only answers pass."""

    def test_messages_are_blocked_with_a_reason(self):
        self.doubt()
        for purpose in ("ticket", "alert"):
            self.assertBlocked(self.send(purpose), purpose, "under_review")
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to()[-1], "ticket", "under_review")

    def test_what_waits_is_asked_again(self):
        waiting = self.send()
        self.doubt()
        self.run_outbox()
        self.assertBlocked(waiting, "ticket", "under_review")

    def test_answers_pass(self):
        self.doubt()
        self.receive("HELP")
        self.run_outbox()
        self.assertEqual(self.messages_to()[-1].state, "sent")

    def test_other_numbers_and_companies_are_not_concerned(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        self.record_consent(phone_number(1))
        self.doubt()
        self.assertSent(self.send(number=phone_number(1)), "ticket")
        self.assertSent(self.send(record_company_id=other.id), "ticket")

    def test_it_holds_under_the_opt_out_policy_too(self):
        self.company.sms_consent_policy = "opt_out"
        self.doubt()
        self.assertBlocked(self.send(), "ticket", "under_review")

    def test_the_number_can_still_leave_in_any_way(self):
        """An open review does not replace the answers of the number."""
        self.record_consent()
        self.doubt()
        form = self.env["sms.consent.form"].sudo()
        purposes = form._get_purposes(self.company, self.number)
        self.assertIn("ticket", purposes.mapped("code"))
        inbound = self.receive("You have the wrong number")
        self.assertEqual(inbound.kind, "stop")
        self.assertEqual(self.events()[-1].event, "revoked")

    def test_a_decision_counts_in_the_same_transaction(self):
        review = self.doubt()
        self.assertBlocked(self.send(), "ticket", "under_review")
        review.action_conversation()
        self.assertSent(self.send(), "ticket")

    def test_after_the_decision_messages_leave_again(self):
        self.doubt().action_conversation()
        self.assertSent(self.send(), "ticket")

    def test_one_query_for_a_batch(self):
        purpose = self.purposes("ticket")

        def ask(count):
            self.env.cr.precommit.data.pop(READ_ANSWERS, None)
            self.env["sms.gate"]._decide(
                [
                    GateQuestion(self.company.id, phone_number(index), purpose.id)
                    for index in range(count)
                ]
            )

        self.count_queries(ask, 1)
        self.assertEqual(self.count_queries(ask, 2), self.count_queries(ask, 50))


@tagged("post_install", "-at_install")
class TestDeciding(ReviewCase):
    """The two decisions, and their effects."""

    def test_an_opt_out_is_entered_as_it_was_said(self):
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        with freeze_time("2026-11-04 18:00:00"):
            review.with_user(self.compliance_officer).action_opt_out()
        event = self.events()[-1]
        self.assertRecordValues(
            event,
            [
                {
                    "event": "revoked",
                    "method": "keyword",
                    "purpose_id": False,
                    "happened_at": datetime(2026, 11, 2, 18),
                    "user_id": self.compliance_officer.id,
                    "note": DOUBTFUL,
                    "res_model": "sms.consent.review",
                    "res_id": review.id,
                    "message_ref": review.inbound_id.provider_sid,
                }
            ],
        )
        self.assertRecordValues(
            review,
            [
                {
                    "state": "opt_out",
                    "decided_by": self.compliance_officer.id,
                    "decided_at": datetime(2026, 11, 4, 18),
                }
            ],
        )
        self.assertEqual(self.state("ticket"), "opted_out")

    def test_it_is_confirmed_within_five_minutes_only(self):
        """47 CFR 64.1200(a)(12)."""
        for index, (minutes, count) in enumerate(((4, 1), (6, 0)), start=1):
            number = phone_number(index)
            self.record_consent(number)
            with freeze_time("2026-11-02 18:00:00"):
                review = self.doubt(number=number)
            with freeze_time(datetime(2026, 11, 2, 18, minutes)):
                review.action_opt_out()
            answers = self.messages_to(number).filtered("exemption")
            self.assertEqual(len(answers), count)
            self.assertEqual(review.inbound_id.kind, "stop")

    def test_it_cancels_what_waits(self):
        waiting = self.send()
        self.doubt().action_opt_out()
        self.assertBlocked(waiting, "ticket", "opted_out")

    def test_an_opt_out_settles_all_reviews_of_the_number(self):
        first, second = self.doubt(), self.doubt("not interested")
        other = self.doubt(number=phone_number(1))
        first.action_opt_out()
        self.assertEqual((second.state, other.state), ("opt_out", "open"))
        self.assertEqual(len(self.events().filtered(lambda e: e.event == "revoked")), 1)

    def test_conversation_settles_only_itself(self):
        first, second = self.doubt(), self.doubt("not interested")
        first.with_user(self.manager).action_conversation()
        self.assertEqual(first.state, "conversation")
        self.assertEqual(first.decided_by, self.manager)
        self.assertEqual(second.state, "open")
        self.assertBlocked(self.send(), "ticket", "under_review")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_it_is_decided_once(self):
        review = self.doubt()
        review.action_opt_out()
        for decide in (review.action_conversation, review.action_opt_out):
            with self.assertRaisesRegex(UserError, "decided already"):
                decide()

    def test_start_gives_back_what_a_review_took(self):
        """Since that was texted."""
        self.doubt().action_opt_out()
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_a_later_text_settles_it(self):
        for text, state in (
            ("STOP", "opt_out"),
            ("please stop texting me", "opt_out"),
            ("START", "conversation"),
        ):
            with self.subTest(text=text):
                self.record_consent(None, "ticket", "alert")
                self.receive("START")
                review = self.doubt()
                self.receive(text)
                self.assertEqual(review.state, state)
                self.assertFalse(review.decided_by)
                self.assertIn(text, review.note)


@tagged("post_install", "-at_install")
class TestReviewRights(ReviewCase):
    """Compliance officers and managers decide; nobody edits the text."""

    def test_who_may_not_see_it(self):
        review = self.doubt()
        for user in (self.agent, self.own_agent, self.employee, self.portal_user):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    review.with_user(user).read(["body"])
                with self.assertRaises(AccessError):
                    review.with_user(user).action_opt_out()
                with self.assertRaises(AccessError):
                    review.with_user(user).action_conversation()
        self.assertEqual(review.state, "open")

    def test_nothing_can_be_written_but_the_note(self):
        review = self.doubt()
        for user in (self.compliance_officer, self.manager, self.administrator):
            own = review.with_user(user)
            own.note = "I called them."
            for name, value in (
                ("state", "conversation"),
                ("body", "hello"),
                ("deadline", "2040-01-01"),
                ("number", phone_number(9)),
                ("decided_by", user.id),
            ):
                with (
                    self.subTest(user=user.login, field=name),
                    self.assertRaises(AccessError),
                ):
                    own.write({name: value})
            with self.assertRaises(AccessError):
                own.unlink()
            with self.assertRaises(AccessError):
                own.copy()

    def test_another_company_is_out_of_reach(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        review = self.doubt(company=other)
        officer = self.compliance_officer
        self.assertFalse(self.reviews.with_user(officer).search([]))
        with self.assertRaises(AccessError):
            review.with_user(officer).action_opt_out()

    def test_the_form_opens_for_who_decides(self):
        review = self.doubt()
        for user in (self.compliance_officer, self.manager):
            with Form(review.with_user(user)) as form:
                form.note = "Their colleague meant the printer."
        self.assertEqual(review.note, "Their colleague meant the printer.")


@tagged("post_install", "-at_install")
class TestReminding(ReviewCase):
    """Those who must decide are reminded once of a near deadline."""

    def run_reminder(self):
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_review"))
        self.env.invalidate_all()

    def test_two_business_days_before(self):
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        for now, users in (
            ("2026-11-12 08:00", self.env["res.users"]),
            ("2026-11-13 08:00", self.compliance_officer),
        ):
            with freeze_time(now):
                self.run_reminder()
                self.assertEqual(review.activity_ids.user_id, users)
                told = self.env["mail.message"].search(
                    [("model", "=", review._name), ("res_id", "=", review.id)]
                )
                self.assertEqual(told.notified_partner_ids, users.partner_id)
                self.run_reminder()
                self.assertEqual(len(review.activity_ids), len(users))

    def test_each_reads_it_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.compliance_officer.lang = "fr_FR"
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        with freeze_time("2026-11-13 08:00"):
            self.run_reminder()
        summary = "Ce SMS est-il une désinscription ?"
        self.assertEqual(review.activity_ids.summary, summary)

    def test_it_quotes_the_text_as_it_came(self):
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        review.body = "Please <b>remove</b> me"
        with freeze_time("2026-11-13 08:00"):
            self.run_reminder()
        note = review.activity_ids.note
        self.assertIn("Please &lt;b&gt;remove&lt;/b&gt; me", note)

    def test_managers_where_there_is_no_officer(self):
        group = self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        group.user_ids = [(5, 0, 0)]
        self.assertIn(self.manager, self.reviews._get_reviewers(self.company))

    def test_only_those_of_the_company(self):
        other = self.make_company("Other")
        self.assertNotIn(self.compliance_officer, self.reviews._get_reviewers(other))

    def test_a_decision_ends_the_reminder(self):
        with freeze_time("2026-11-02 18:00:00"):
            review = self.doubt()
        with freeze_time("2026-11-20 18:00:00"):
            self.run_reminder()
            self.assertTrue(review.activity_ids)
            review.with_user(self.compliance_officer).action_conversation()
            self.assertFalse(review.activity_ids)
            self.run_reminder()
            self.assertFalse(review.activity_ids)

    def test_the_confirmation_time_is_the_laws(self):
        self.assertEqual(CONFIRMATION_LIFE, timedelta(minutes=5))
