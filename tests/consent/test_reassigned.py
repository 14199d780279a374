# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import RestrictViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from ...models.consent import sms_consent_import as sms_consent_import_job
from ...tools import reassigned, tabular
from ...tools.evidence import sha256
from ..broadcast.common import BroadcastCase
from ..clock import freeze_time
from ..common import phone_number
from ..privacy.common import PacketCase
from .common import ImportCase

#: When the customers agreed (UTC), and the day in the company's time zone (Denver).
AGREED, DAY = datetime(2025, 3, 2, 3), "2025-03-01"
AGREED_LATER, DAY_LATER = datetime(2025, 6, 2, 12), "2025-06-02"
ASKED = datetime(2026, 6, 1, 12)
FIRST, SECOND, THIRD = map(phone_number, (10, 11, 12))


class ReassignedCase(ImportCase):
    """Common base: an officer, and three numbers with old consent to tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "America/Denver"
        for number in (FIRST, SECOND, THIRD):
            cls.record_consent(number, happened_at=AGREED)

    def open_wizard(self, user=None, records=None, **values):
        """Return the form of a query, opened for the given records."""
        wizards = self.env["sms.reassigned.wizard"]
        wizards = wizards.with_user(user or self.compliance_officer)
        if records:
            active = {"active_model": records._name, "active_ids": records.ids}
            wizards = wizards.with_context(**active)
        return wizards.create(values)

    def read_file(self, action):
        """Return the file that an action downloads."""
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        return self.env["ir.attachment"].browse(attachment_id).raw

    def ask(self, moment=ASKED, **values):
        """Make a query; return its record and the lines of its file."""
        with freeze_time(moment):
            action = self.open_wizard(**values).action_make()
        query = self.env["sms.reassigned.file"].search([], limit=1)
        data = self.read_file(action)
        self.assertEqual(query.file_digest, sha256(data))
        return query, data.decode().splitlines()

    def import_answers(self, query, *rows, user=None, headers="TN,Date,Disconnected"):
        """Check and record answers; return the job."""
        data = "\n".join([headers, *(",".join(row) for row in rows)])
        job = self.make_answers(query, data.encode(), user)
        job.action_check()
        if job.state == "checked" and job.good_count:
            job.action_import()
        return job

    def make_answers(self, query, data, user=None, **values):
        jobs = self.env["sms.consent.import"].with_user(user or self.compliance_officer)
        context = query.with_user(jobs.env.user).action_import_answers()["context"]
        defaults = {it.removeprefix("default_"): context[it] for it in context}
        return jobs.create(
            {
                **defaults,
                "file": base64.b64encode(data),
                "file_name": "answers.csv",
                "date_order": "ymd",
                "tz": "UTC",
                **values,
            }
        )

    def state(self, number, code="ticket"):
        return self.find_answer(number, code).state

    def find_answer(self, number, code="ticket"):
        return self.env["sms.consent"].search(
            [("number", "=", number), ("purpose_id.code", "=", code)]
        )


class TestQuery(ReassignedCase):
    """Which numbers are queried, and which are not."""

    def test_the_file_asks_about_each_number_and_date_of_consent(self):
        self.record_consent(FIRST, "appointment", happened_at=AGREED)
        self.record_consent(FIRST, "alert", happened_at=AGREED_LATER)
        query, lines = self.ask(company_code="ACME1")
        self.assertEqual(lines[0], "TN,Date,CompanyID")
        self.assertCountEqual(
            lines[1:],
            [
                *(f"{it[2:]},{DAY},ACME1" for it in (FIRST, SECOND, THIRD)),
                f"{FIRST[2:]},{DAY_LATER},ACME1",
            ],
        )
        self.assertRecordValues(
            query,
            [
                {
                    "company_id": self.company.id,
                    "kind": "query",
                    "user_id": self.compliance_officer.id,
                    "made_at": ASKED,
                    "company_code": "ACME1",
                    "tz": "America/Denver",
                    "row_count": 4,
                    "open_count": 4,
                }
            ],
        )
        self.assertEqual(len(query.row_ids), 4)
        self.assertEqual(set(query.row_ids.mapped("number")), {FIRST, SECOND, THIRD})
        self.assertEqual(self.open_wizard().company_code, "ACME1")

    def test_what_is_left_out(self):
        territory = "+17875550100"
        self.record_consent(territory, happened_at=AGREED)
        for number in ("+14165550100", "+447911123456", "+18005550100"):
            self.record_consent(number, happened_at=AGREED)
        self.record_consent(phone_number(13), happened_at=ASKED - timedelta(days=29))
        self.record_consent(SECOND, event="revoked")
        self.record_consent(company=self.make_company("Other"), happened_at=AGREED)
        with freeze_time(ASKED):
            wizard = self.open_wizard()
            self.assertEqual((wizard.ask_count, wizard.other_count), (3, 3))
        _query, lines = self.ask(has_header=False)
        self.assertCountEqual(
            lines, [f"{it[2:]},{DAY}" for it in (FIRST, THIRD, territory)]
        )

    def test_chosen_consents(self):
        _query, lines = self.ask(records=self.find_answer(SECOND))
        self.assertEqual(lines[1:], [f"{SECOND[2:]},{DAY}"])

    def test_chosen_consents_of_several_companies(self):
        """The form shows only what it asks about: those of its own company."""
        other = self.make_company("Other")
        self.compliance_officer.company_ids += other
        self.record_consent(FIRST, company=other, happened_at=AGREED)
        chosen = self.env["sms.consent"].search([("number", "=", FIRST)])
        self.assertEqual(len(chosen), 2)
        wizard = self.open_wizard(records=chosen)
        self.assertEqual(wizard.consent_ids.company_id, wizard.company_id)
        self.assertEqual((len(wizard.consent_ids), wizard.ask_count), (1, 1))

    def test_there_is_nothing_to_ask(self):
        with self.assertRaisesRegex(UserError, "nothing to ask"):
            self.open_wizard(days=3000).action_make()

    def test_values_that_are_none(self):
        for values in ({"company_code": "A,B\n"}, {"days": -1}, {"days": 10**6}):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.open_wizard(**values)

    def test_a_file_takes_so_many_and_the_oldest_first(self):
        self.record_consent(SECOND, happened_at=AGREED_LATER)
        with patch.object(reassigned, "MAX_ROWS", 2):
            self.assertEqual(self.open_wizard().left_count, 1)
            _query, lines = self.ask()
        self.assertCountEqual(lines[1:], [f"{FIRST[2:]},{DAY}", f"{THIRD[2:]},{DAY}"])

    def test_queries_do_not_grow_with_the_numbers(self):
        def run(count):
            for index in range(count):
                self.record_consent(phone_number(100 + index), happened_at=AGREED)
            wizard = self.open_wizard(days=30)
            self.env.flush_all()
            return self.count_queries(wizard.action_make)

        run(2)
        self.assertEqual(run(60), run(10))


class TestAnswers(ReassignedCase):
    """The effects of the answers yes, no and no data."""

    def test_each_answer(self):
        self.record_consent(FIRST, "alert", happened_at=AGREED)
        query, _lines = self.ask()
        job = self.import_answers(
            query,
            (FIRST[2:], DAY, "yes"),
            (SECOND[2:], DAY, "no"),
            (THIRD[2:], DAY, "no_data"),
        )
        self.assertEqual(job.state, "done")
        self.assertCounts(job, 3)
        counts = (job.yes_count, job.no_count, job.no_data_count)
        self.assertEqual(counts, (1, 1, 1))
        self.assertEqual(
            list(map(self.state, (FIRST, SECOND, THIRD))),
            ["none", "opted_in", "opted_in"],
        )
        self.assertEqual(self.state(FIRST, "alert"), "none")
        self.assertEqual(self.find_answer(SECOND).verified_at, ASKED)
        self.assertFalse(self.find_answer(THIRD).verified_at)
        events = self.events(FIRST)[-2:]
        self.assertEqual(set(events.mapped("event")), {"expired"})
        self.assertEqual(set(events.mapped("method")), {"reassigned"})
        self.assertEqual(events.user_id, self.compliance_officer)
        self.assertRegex(events[0].note, f"on or after {DAY}.*answers.csv, row 2")
        self.assertEqual(
            (query.yes_count, query.no_count, query.no_data_count, query.open_count),
            (1, 1, 1, 0),
        )
        self.assertEqual(
            query.answer_file_ids.file_digest,
            sha256(
                f"TN,Date,Disconnected\n{FIRST[2:]},{DAY},yes\n{SECOND[2:]},{DAY},no\n"
                f"{THIRD[2:]},{DAY},no_data".encode()
            ),
        )
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual(check.state, "intact", check.findings)

    def test_a_yes_stops_what_waits(self):
        for policy in ("opt_in", "opt_out"):
            number = self.number if policy == "opt_in" else phone_number(14)
            self.company.sms_consent_policy = policy
            self.record_consent(number, happened_at=AGREED)
            ticket = self.make_ticket(self.make_customer(number))
            ticket._message_sms("Hello")
            self.assertEqual(self.messages_to(number).state, "outgoing")
            query, _lines = self.ask()
            self.import_answers(query, (number[2:], DAY, "yes"))
            with self.subTest(policy=policy):
                self.assertEqual(self.messages_to(number).gate_verdict, "block")

    def test_a_no_renews_the_life_of_a_consent(self):
        self.company.sms_consent_months = 18
        query, _lines = self.ask()
        self.import_answers(query, (SECOND[2:], DAY, "no"))
        expiry = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry")
        with freeze_time(AGREED + timedelta(days=600)):
            self._run_cron(expiry)
        self.env.invalidate_all()
        self.assertEqual(list(map(self.state, (FIRST, SECOND))), ["none", "opted_in"])
        self.record_consent(SECOND, happened_at=AGREED_LATER)
        self.assertFalse(self.find_answer(SECOND).verified_at)

    def test_a_no_of_long_ago_renews_it_no_more(self):
        self.company.sms_consent_months = 18
        query, _lines = self.ask()
        self.import_answers(query, (SECOND[2:], DAY, "no"))
        with freeze_time(ASKED + timedelta(days=600)):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry"))
        self.env.invalidate_all()
        self.assertEqual(self.state(SECOND), "none")

    def test_it_is_asked_again_when_it_is_old_again(self):
        query, _lines = self.ask()
        self.import_answers(query, *((it[2:], DAY, "no") for it in (FIRST, SECOND)))
        _query, lines = self.ask(ASKED + timedelta(days=20))
        self.assertEqual(lines[1:], [f"{THIRD[2:]},{DAY}"])
        query, lines = self.ask(
            ASKED + timedelta(days=31), day_kind="verified", has_header=False
        )
        self.assertIn(f"{FIRST[2:]},2026-06-01", lines)
        self.import_answers(query, (FIRST[2:], "2026-06-01", "no"))
        verified = self.find_answer(FIRST).verified_at
        self.assertEqual(verified, ASKED + timedelta(days=31))

    def test_a_consent_that_is_newer_than_the_query(self):
        query, _lines = self.ask()
        for number in (FIRST, SECOND):
            self.record_consent(number, happened_at=ASKED + timedelta(minutes=1))
        self.record_consent(THIRD, event="revoked")
        job = self.import_answers(
            query,
            (FIRST[2:], DAY, "yes"),
            (SECOND[2:], DAY, "no"),
            (THIRD[2:], DAY, "yes"),
        )
        self.assertCounts(job, 0, 3)
        self.assertEqual(set(self.faults(job).values()), {"stale"})
        self.assertEqual(self.state(FIRST), "opted_in")
        self.assertEqual(self.state(THIRD), "opted_out")

    def test_one_number_with_two_dates(self):
        self.record_consent(FIRST, "alert", happened_at=AGREED_LATER)
        query, _lines = self.ask()
        job = self.import_answers(query, (FIRST[2:], "", "yes"))
        self.assertEqual(self.faults(job), {2: "no_day"})
        job = self.import_answers(
            query, (FIRST[2:], DAY, "yes"), (FIRST[2:], DAY_LATER, "no")
        )
        self.assertCounts(job, 2)
        self.assertEqual(self.state(FIRST), "none")
        self.assertEqual(self.state(FIRST, "alert"), "opted_in")
        self.assertEqual(self.find_answer(FIRST, "alert").verified_at, ASKED)

    def test_the_same_file_again_changes_nothing(self):
        query, _lines = self.ask()
        rows = [(FIRST[2:], DAY, "yes"), (SECOND[2:], DAY, "no")]
        self.import_answers(query, *rows)
        count = len(self.events())
        job = self.import_answers(query, *rows)
        self.assertCounts(job, 0, 2)
        self.assertEqual(set(self.faults(job).values()), {"answered"})
        self.assertEqual(job.state, "checked")
        self.assertEqual((len(self.events()), len(query.answer_file_ids)), (count, 1))

    def test_a_yes_after_a_no_counts_and_not_the_other_way_round(self):
        query, _lines = self.ask()
        self.import_answers(query, (FIRST[2:], DAY, "no"))
        job = self.import_answers(
            query, (FIRST[2:], DAY, "yes"), (FIRST[2:], DAY, "yes")
        )
        self.assertCounts(job, 1, 1)
        self.assertEqual(self.faults(job), {3: "twice"})
        self.assertEqual(self.state(FIRST), "none")
        job = self.import_answers(query, (FIRST[2:], DAY, "no"))
        self.assertEqual(self.faults(job), {2: "answered"})

    def test_when_it_was_answered_last(self):
        query, _lines = self.ask()
        self.assertFalse(query.answered_at)
        for days, answer in enumerate(("no data", "no"), 1):
            with freeze_time(ASKED + timedelta(days)):
                self.import_answers(query, (FIRST[2:], DAY, answer))
        self.assertEqual(query.answered_at, ASKED + timedelta(2))

    def test_two_answers_to_one_question_in_a_file(self):
        query, _lines = self.ask()
        answers = ("no data", "no", "yes", "no")
        job = self.import_answers(query, *((FIRST[2:], DAY, it) for it in answers))
        self.assertEqual(job.state, "done")
        self.assertCounts(job, 1, 3)
        self.assertEqual(set(self.faults(job).values()), {"answered"})
        self.assertEqual(self.state(FIRST), "none")
        self.assertEqual((query.yes_count, query.no_count), (1, 0))

    def test_two_answers_to_one_question_in_two_batches(self):
        query, _lines = self.ask()
        answers = ("no", "yes", "no")
        with patch.object(sms_consent_import_job, "BATCH_SIZE", 1):
            job = self.import_answers(query, *((FIRST[2:], DAY, it) for it in answers))
            self.run_cron()
            job.action_import()
            self.run_cron()
        self.assertEqual(job.state, "done")
        self.assertEqual(self.state(FIRST), "none")
        self.assertEqual((query.yes_count, query.no_count), (1, 0))

    def test_rows_that_are_no_answer_to_it(self):
        query, _lines = self.ask(company_code="ACME1")
        job = self.import_answers(
            query,
            (phone_number(50)[2:], DAY, "yes", ""),
            (FIRST[2:], "2020-01-01", "yes", ""),
            (FIRST[2:], DAY, "perhaps", ""),
            (FIRST[2:], DAY, "yes", "OTHER"),
            ("hello", DAY, "yes", ""),
            (SECOND[2:], DAY, "no", "acme1"),
            headers="tn,dateProvided,disconnected,companyId",
        )
        self.assertCounts(job, 1, 0, 5)
        self.assertEqual(
            list(self.faults(job).values()),
            ["not_asked", "other_day", "bad_answer", "other_company", "bad_number"],
        )
        self.assertEqual(self.state(FIRST), "opted_in")
        self.assertTrue(job.report)

    def test_files_that_are_refused(self):
        query, _lines = self.ask()
        job = self.make_answers(query, b"TN,Date\n3035550110,2025-03-01\n")
        with self.assertRaisesRegex(UserError, "Answer"):
            job.action_check()
        for data, words in (
            (f"{FIRST[2:]},{DAY},yes\n".encode(), "first row must name"),
            (b"\xd0\xcf\x11\xe0", "old Excel"),
            (b"PK\x03\x04broken", "damaged"),
            (b"x" * (tabular.MAX_BYTES + 1), "too large"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                self.make_answers(query, data)
        self.assertEqual(self.state(FIRST), "opted_in")
        self.assertFalse(query.answer_file_ids)

    def test_columns_that_a_client_names_are_headers_of_no_list(self):
        query, _lines = self.ask()
        data = f"{FIRST[2:]},{DAY},yes\n{SECOND[2:]},{DAY},no"
        names = ("number", "asked_day", "answer")
        columns = [
            (0, 0, {"position": position, "header": name, "field": name})
            for position, name in enumerate(names)
        ]
        values = {"decision": "answers", "query_id": query.id, "column_ids": columns}
        job = self.make_job(data.encode(), self.compliance_officer, **values)
        with self.assertRaisesRegex(UserError, "first row must name the columns"):
            job.action_check()

    def test_many_answers_in_batches_and_constant_queries(self):
        numbers = [phone_number(100 + index) for index in range(60)]
        for number in numbers:
            self.record_consent(number, happened_at=AGREED)
        query, _lines = self.ask()

        def run(part):
            rows = [
                ",".join((number[2:], DAY, ("yes", "no", "no data")[index % 3]))
                for index, number in enumerate(part)
            ]
            data = "\n".join(["TN,Date,Disconnected", *rows]).encode()
            with patch.object(sms_consent_import_job, "INLINE_ROWS", 0):
                job = self.make_answers(query, data).sudo()
                job.action_check()
                job._work_off(1000)
                job.action_import()
            return self.count_queries(job._work_off, 1000)

        run(numbers[:6])
        self.assertEqual(run(numbers[6:12]), run(numbers[12:]))
        self.assertEqual((query.yes_count, query.no_count), (20, 20))


class TestRights(ReassignedCase):
    """Compliance officers query and import in their companies; nobody edits queries."""

    def test_who_may(self):
        query, _lines = self.ask()
        others = self.agent | self.manager | self.employee | self.administrator
        for user in others:
            files = self.env["sms.reassigned.file"].with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self.open_wizard(user)
                with self.assertRaises(AccessError):
                    files.search([])
                with self.assertRaises(AccessError):
                    files.browse(query.id).action_import_answers()

    def test_a_manager_cannot_import_answers_or_see_them(self):
        query, _lines = self.ask()
        values = {"decision": "answers", "query_id": query.id}
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.make_job([], user=self.manager, **values)
        job = self.make_job([], user=self.manager)
        with self.assertRaises(AccessError), self.cr.savepoint():
            job.decision = "answers"
        job = self.import_answers(query, (FIRST[2:], DAY, "no"))
        jobs = self.env["sms.consent.import"].with_user(self.manager)
        self.assertNotIn(job.id, jobs.search([]).ids)
        self.assertFalse(jobs.env["sms.consent.import.row"].search([]))

    def test_another_company(self):
        query, _lines = self.ask()
        other = self.make_company("Other")
        files = self.env["sms.reassigned.file"].with_user(self.compliance_officer)
        with self.assertRaises(UserError):
            self.open_wizard(company_id=other.id).action_make()
        self.compliance_officer.company_ids |= other
        files = files.with_context(allowed_company_ids=other.ids)
        self.assertFalse(files.search([]))
        with self.assertRaisesRegex(ValidationError, "another company"):
            self.make_answers(query, b"TN,Disconnected\n", company_id=other.id)
        with self.assertRaisesRegex(ValidationError, "Choose the query"):
            self.make_job([], user=self.compliance_officer, decision="answers")

    def test_the_record_cannot_be_changed(self):
        query, _lines = self.ask()
        self.import_answers(query, (FIRST[2:], DAY, "no"))
        for record in (query, query.row_ids[0], query.answer_file_ids):
            with self.assertRaises(UserError):
                record.sudo().unlink()
        for table in ("sms_reassigned_file", "sms_reassigned_row"):
            with (
                self.subTest(table=table),
                self.assertRaises(RestrictViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.cr.execute(f"DELETE FROM {table}")


class TestEvidence(PacketCase, ReassignedCase):
    """Query and answer are in the certificate and in the evidence packet."""

    def test_the_safe_harbor_can_be_proved(self):
        query, _lines = self.ask()
        self.import_answers(query, (FIRST[2:], DAY, "no"))
        facts = self.gather(FIRST, SECOND)
        answered, asked = sorted(facts["reassigned"], key=lambda it: it["number"])
        self.assertEqual(
            {name: answered[name] for name in ("number", "date", "asked_at", "answer")},
            {
                "number": FIRST,
                "date": DAY,
                "asked_at": "2026-06-01T12:00:00Z",
                "answer": "no",
            },
        )
        self.assertEqual(answered["query_sha256"], query.file_digest)
        self.assertEqual(answered["answer_sha256"], query.answer_file_ids.file_digest)
        self.assertEqual(answered["answered_by"], self.compliance_officer.name)
        self.assertEqual((asked["number"], asked["answer"]), (SECOND, None))
        folder = self.make_packet(facts)
        self.assertEqual(self.verify(folder)[0], 0, self.verify(folder)[1])
        self.assertEqual(len(self.read_table(folder, "reassigned.csv")), 2)
        page = self.source._make_page(facts, "0" * 64).decode()
        for shown in (query.file_digest, "No (not disconnected)", "no answer was"):
            self.assertIn(shown, page)
        now = fields.Datetime.now()
        span = (datetime(2026, 5, 1), now + timedelta(seconds=1))
        _reference, data, _counts = self.source._make_period(self.company, *span)
        folder = self.unpack(data)
        self.assertEqual(self.verify(folder)[0], 0, self.verify(folder)[1])
        rows = self.read_table(folder, "reassigned.csv")
        self.assertEqual(len(rows), 3)


class TestOfBroadcast(BroadcastCase):
    """The recipients of a broadcast are queried before it is sent."""

    def test_only_its_recipients_are_asked_about(self):
        broadcast = self.make()
        self.check(broadcast)
        wizard = (
            self.env["sms.reassigned.wizard"]
            .with_user(self.compliance_officer)
            .with_context(active_model="sms.broadcast", active_ids=broadcast.ids)
            .create({"days": 0})
        )
        with freeze_time(fields.Datetime.now() + timedelta(seconds=2)):
            self.assertEqual(wizard.ask_count, 3)
            wizard.action_make()
        query = self.env["sms.reassigned.file"].search([], limit=1)
        self.assertEqual(
            set(query.row_ids.mapped("number")),
            set(self.agreed.mapped("phone_sanitized")),
        )
        self.assertIn("Outage", query.scope)
