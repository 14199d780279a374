# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import csv
import inspect
import io
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.consent import sms_consent_import as sms_consent_import_job
from ...models.consent.sms_consent_import import KEEP
from ...models.core.batch_jobs import work_off_safely
from ...tools import import_rows, reassigned, tabular
from ..common import phone_number
from ..live import LiveCase
from ..tools.common import make_xlsx
from .common import HEADERS, WORDS, ImportCase, make_csv, make_row


class TestImport(ImportCase):
    """The rows of a list are recorded in the ledger, with their evidence."""

    def test_each_reason_of_the_rules_has_its_words(self):
        source = inspect.getsource(import_rows) + inspect.getsource(reassigned)
        reasons = {"no_how", "no_source", *re.findall(r'Fault\("(\w+)"', source)}
        self.assertGreater(len(reasons), 8)
        field = self.env["sms.consent.import.row"]._fields["reason"]
        self.assertLessEqual(reasons, set(field.get_values(self.env)))

    def test_a_row_is_entered_with_its_proof(self):
        job = self.run_job([make_row()])
        self.assertCounts(job, 1)
        self.assertEqual(job.state, "done")
        self.assertRecordValues(
            self.events(),
            [
                {
                    "company_id": self.company.id,
                    "number": self.number,
                    "event": "granted",
                    "method": "import",
                    "purpose_id": self.purposes("ticket").id,
                    "happened_at": datetime(2026, 3, 2, 9),
                    "user_id": self.manager.id,
                    "wording": WORDS,
                    "name": "Customer 0",
                    "note": "How it was given: Web form\nEvidence: CRM 0\ncrm.csv, 2",
                    "res_model": "sms.consent.import",
                    "res_id": job.id,
                }
            ],
        )
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual((check.state, check.link_count), ("intact", 1))

    def test_the_check_records_nothing_and_says_what_would_be(self):
        self.receive("STOP", phone_number(2))
        before = len(self.events())
        job = self.make_job(
            [
                make_row(0),
                make_row(1, Evidence=""),
                make_row(2),
                make_row(0),
                make_row(3, Phone="call me"),
            ]
        )
        job.action_check()
        self.assertEqual((job.state, job.row_total), ("checked", 5))
        self.assertCounts(job, 1, 2, 2)
        self.assertEqual(
            self.faults(job),
            {3: "no_source", 4: "opted_out", 5: "twice", 6: "bad_number"},
        )
        self.assertIn("1 × No evidence", job.summary)
        self.assertEqual(len(self.events()), before)
        job.action_import()
        self.assertCounts(job, 1, 2, 2)
        self.assertEqual(len(self.events()), before + 1)

    def test_a_workbook_is_imported_like_a_csv(self):
        row = make_row(0, Phone=13035550100, Date=datetime(2026, 3, 2, 9))
        job = self.run_job(make_xlsx([HEADERS, [row[name] for name in HEADERS]]))
        self.assertCounts(job, 1)
        self.assertEqual(self.events().happened_at, datetime(2026, 3, 2, 9))

    def test_national_numbers_are_read_with_the_companys_country(self):
        job = self.run_job([make_row(0, Phone="(303) 555-0100")])
        self.assertEqual(self.events().number, self.number)
        self.company.country_id = False
        rows = ("303 555 0101", "+1 303 555 0100 ext. 12", "72975", "911")
        job = self.make_job([make_row(0, Phone=it) for it in rows])
        job.action_check()
        reasons = ("bad_number", "extension", "short_code", "emergency")
        self.assertEqual(self.faults(job), dict(enumerate(reasons, 2)))

    def test_words_that_are_published_name_their_version(self):
        version = self.env["sms.wording"]._get_published(
            self.company, self.purposes("ticket")
        )
        shown = version._render(self.company)
        self.run_job([make_row(0, Text=shown)])
        headers = ("Phone", "Date", "Method", "Version", "Evidence")
        for index, text in enumerate(("1", "v1", version.digest, "01"), 1):
            self.run_job(make_csv([make_row(index, Version=text)], headers))
        self.assertEqual(len(self.events()), 5)
        self.assertEqual(self.events().wording_id, version)
        self.assertEqual(set(self.events().mapped("wording")), {shown})
        job = self.make_job(make_csv([make_row(5, Version="9")], headers))
        job.action_check()
        self.assertEqual(self.faults(job), {2: "bad_version"})

    def test_purposes_of_the_row_come_before_those_of_the_list(self):
        headers = (*HEADERS, "Purposes")
        job = self.run_job(
            make_csv(
                [
                    make_row(0, Purposes="alert; Appointments"),
                    make_row(1),
                    make_row(2, Purposes="offers"),
                ],
                headers,
            )
        )
        self.assertEqual(self.faults(job), {4: "bad_purpose"})
        self.assertEqual(
            set(self.events(self.number).mapped("purpose_id.code")),
            {"alert", "appointment"},
        )
        self.assertEqual(self.events(phone_number(1)).purpose_id.code, "ticket")

    def test_a_list_of_opt_outs(self):
        self.record_consent()
        self.ticket._message_sms("Hello")
        headers = ("Phone", "Date", "Method", "Evidence")
        job = self.run_job(
            make_csv([make_row(0)], headers), decision="revoked", purpose_ids=False
        )
        self.assertCounts(job, 1)
        event = self.events()[-1]
        self.assertEqual((event.event, event.purpose_id.id), ("revoked", False))
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.assertEqual(self.messages_to().gate_reason, "opted_out")

    def test_an_opt_out_of_tomorrow_counts_from_now_on(self):
        tomorrow = f"{fields.Datetime.now() + timedelta(days=1):%Y-%m-%d %H:%M}"
        job = self.run_job([make_row(0, Date=tomorrow)], decision="revoked")
        self.assertCounts(job, 1)
        self.assertLessEqual(self.events().happened_at, fields.Datetime.now())
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        job = self.run_job([make_row(1, Date=tomorrow)])
        self.assertEqual(self.faults(job), {2: "future"})

    def test_a_list_that_holds_both(self):
        headers = (*HEADERS, "Status")
        rows = [
            make_row(0, Status="unsubscribed"),
            make_row(0, Status="subscribed"),
            make_row(1, Status="yes"),
            make_row(1, Status="no", Date="2026-03-03"),
            make_row(2, Status="perhaps"),
        ]
        job = self.make_job(make_csv(rows, headers))
        job.action_check()
        expected = {3: "opted_out", 6: "bad_decision"}
        self.assertEqual(self.faults(job), expected)
        job.action_import()
        self.assertEqual(self.faults(job), expected)
        states = self.env["sms.consent"].search([])
        self.assertEqual(set(states.mapped("state")), {"opted_out"})

    def test_a_yes_to_opted_out_is_an_opt_out(self):
        headers = (*HEADERS, "Opt-Out")
        answers = ("yes", "No", "TRUE", "", "opted in")
        rows = [make_row(i, **{"Opt-Out": it}) for i, it in enumerate(answers)]
        job = self.run_job(make_csv(rows, headers))
        self.assertCounts(job, 5)
        events = ["revoked", "granted", "revoked", "granted", "granted"]
        self.assertEqual(self.events().mapped("event"), events)
        rows = [make_row(9, **{"Opt-Out": "no"})]
        job = self.run_job(make_csv(rows, headers), decision="revoked")
        self.assertEqual(self.faults(job), {2: "bad_decision"})

    def test_yes_and_no_as_spreadsheets_and_people_write_them(self):
        headers = (*HEADERS, "Opt-Out")
        answers = ("Sí", "FALSO", "VRAI", "Faux", "WAHR", "falsch")
        rows = [make_row(i, **{"Opt-Out": it}) for i, it in enumerate(answers)]
        self.assertCounts(self.run_job(make_csv(rows, headers)), 6)
        events = ["revoked", "granted"] * 3
        self.assertEqual(self.events().mapped("event"), events)
        headers = (*HEADERS, "Status", "Abgemeldet")
        rows = [make_row(8, Status="Sí", Abgemeldet="FALSCH")]
        self.assertCounts(self.run_job(make_csv(rows, headers)), 1)

    def test_an_opt_out_in_another_column(self):
        headers = (*HEADERS, "Opt-in", "Opted out of SMS", "Opted out of email")
        cells = ("", "No", "null", "yes", "2026-04-01", "STOP", "https://x.example/u")
        rows = [
            make_row(i, **{"Opt-in": "yes", "Opted out of SMS": it})
            | {"Opted out of email": "yes"}
            for i, it in enumerate(cells)
        ]
        job = self.run_job(make_csv(rows, headers))
        self.assertCounts(job, 4, wrong=3)
        self.assertEqual(self.faults(job), dict.fromkeys((5, 6, 7), "opted_out"))
        self.assertIn("Opted out of SMS: 2026-04-01", job.row_ids.mapped("detail"))

    def test_columns_of_opt_outs_in_other_languages(self):
        headings = (
            *(
                "Abbestellt",
                "SMS-Abmeldung am",
                "Widerspruch",
                "Widerrufen",
                "Keine SMS",
            ),
            *("Révoqué le", "Ne pas contacter", "Refus SMS", "Opposition", "Désabonné"),
            *("Revocado", "Revocación", "No contactar", "Desuscrito", "Dado de baja"),
        )
        rows = [make_row(i, **{it: "ja"}) for i, it in enumerate(headings)]
        job = self.run_job(make_csv(rows, (*HEADERS, *headings)))
        self.assertCounts(job, 0, wrong=len(headings))
        self.assertEqual({*self.faults(job).values()}, {"opted_out"})

    def test_the_date_of_an_opt_out_is_no_date_of_a_consent(self):
        headers = [it if it != "Date" else "Opt-out date" for it in HEADERS]
        data = make_csv([make_row(0, **{"Opt-out date": "2026-04-01"})], headers)
        self.assertEqual(self.faults(self.run_job(data)), {2: "opted_out"})
        self.assertCounts(self.run_job(data, decision="revoked"), 1)

    def test_a_no_under_an_opt_in_that_nobody_reads(self):
        headers = (*HEADERS, "SMS opted in by")
        cells = ("no", "unsubscribed", "web", "")
        rows = [make_row(i, **{headers[-1]: it}) for i, it in enumerate(cells)]
        job = self.run_job(make_csv(rows, headers))
        self.assertCounts(job, 2, wrong=2)
        self.assertEqual(self.faults(job), dict.fromkeys((2, 3), "opted_out"))

    def test_who_has_not_opted_out_in_a_list_of_opt_outs(self):
        """All customers with a column that nobody reads: everyone was opted out."""
        headers = ("Phone", "Date", "Opted out of SMS")
        cells = ("yes", "no", "", "FALSE")
        rows = [make_row(i, **{headers[-1]: it}) for i, it in enumerate(cells)]
        job = self.run_job(make_csv(rows, headers), decision="revoked")
        self.assertCounts(job, 2, wrong=2)
        self.assertEqual(self.faults(job), dict.fromkeys((3, 5), "bad_decision"))
        headers = ("Phone", "Date", "Status", "SMS opted in")
        rows = [make_row(5, Status="unsubscribed") | {"SMS opted in": "yes"}]
        self.assertCounts(self.run_job(make_csv(rows, headers), decision="revoked"), 1)

    def test_two_columns_of_opt_outs_with_one_heading(self):
        table = [[*HEADERS, "Opt out", "Opt out"]]
        table += [[*make_row(0).values(), "yes", "no"]]
        table += [[*make_row(1).values(), "no", "yes"]]
        job = self.make_job("\n".join(map(",".join, table)).encode())
        for column in job.column_ids.filtered(lambda it: it.header == "Opt out"):
            column.field = False
        job.action_check()
        self.assertEqual(self.faults(job), dict.fromkeys((2, 3), "opted_out"))

    def test_an_opt_in_that_was_not_ticked(self):
        rows = [make_row(i, Accepts=it) for i, it in enumerate(("yes", "", "no"))]
        headers = [*HEADERS, "Accepts SMS Marketing"]
        data = make_csv(rows, [*HEADERS, "Accepts"])
        job = self.run_job(data.replace(b",Accepts", f",{headers[-1]}".encode()))
        self.assertEqual(self.faults(job), {3: "bad_decision"})
        self.assertEqual(self.events().mapped("event"), ["granted", "revoked"])

    def test_an_export_without_a_date(self):
        """Dates of the year 1 could not even be shown west of Greenwich."""
        never = "0001-01-01T00:00:00"
        self.assertCounts(self.run_job([make_row(0, Date=never)]), 0, 1)
        self.assertCounts(
            self.run_job([make_row(0, Date=never)], decision="revoked"), 1
        )
        event = self.events()
        self.assertEqual(event.event, "revoked")
        self.assertLess(fields.Datetime.now() - event.happened_at, timedelta(hours=1))
        details = self.env["sms.consent.details"].with_context(tz="America/Denver")
        purpose = self.purposes("ticket")
        told = details._explain(self.company, self.number, self.number, purpose)
        self.assertEqual(told["state"], "opted_out")

    def test_an_opt_out_needs_no_proof(self):
        self.record_consent()
        rows = [make_row(0, Status="unsubscribed", Method="", Evidence="")]
        job = self.run_job(make_csv(rows, (*HEADERS, "Status")))
        self.assertCounts(job, 1)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.assertEqual(self.events()[-1].note, "crm.csv, 2")
        data = make_csv([make_row(1)], ("Phone", "Date"))
        self.assertCounts(self.run_job(data, decision="revoked"), 1)

    def test_where_people_live_is_no_evidence(self):
        headers = (*HEADERS, "Address", "State", "IP address")
        job = self.make_job(make_csv([make_row()], headers))
        fields_of = dict(job.column_ids.mapped(lambda it: (it.header, it.field)))
        self.assertFalse(fields_of["Address"])
        self.assertFalse(fields_of["State"])
        self.assertEqual(fields_of["IP address"], "address")


class TestOptOut(ImportCase):
    """An import never overrides an opt-out."""

    def test_whatever_its_date(self):
        for stop in (None, self.purposes("ticket")):
            number = phone_number(10 + bool(stop))
            self.env["sms.consent.event"]._record(
                self.company, number, "revoked", "phone", stop, datetime(2026, 3, 1)
            )
            job = self.run_job([make_row(0, Phone=number, Date="2026-06-01")])
            with self.subTest(stop=stop):
                self.assertCounts(job, 0, 1)
                self.assertEqual(self.faults(job), {2: "opted_out"})
                states = self.env["sms.consent"].search([("number", "=", number)])
                self.assertEqual(states.mapped("state"), ["opted_out"])

    def test_who_stopped_one_purpose_may_have_agreed_to_another(self):
        self.record_consent(self.number, "alert", event="revoked")
        self.assertCounts(self.run_job([make_row(0)]), 1)

    def test_who_agreed_anew_has_not_opted_out(self):
        self.record_consent(event="revoked", happened_at=datetime(2026, 3, 1))
        self.record_consent(happened_at=datetime(2026, 3, 4))
        self.assertCounts(self.run_job([make_row(0, Date="2026-03-05")]), 1)
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_who_stopped_between_the_check_and_the_import(self):
        job = self.make_job([make_row(0)])
        job.action_check()
        self.assertCounts(job, 1)
        self.receive("STOP")
        job.action_import()
        self.assertCounts(job, 0, 1)
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")


class TestTwice(ImportCase):
    """Nothing is recorded twice, even if a list repeats it."""

    def test_the_same_list_again(self):
        rows = [make_row(index) for index in range(3)]
        self.run_job(rows)
        job = self.run_job(rows)
        self.assertCounts(job, 0, 3)
        self.assertEqual(set(self.faults(job).values()), {"known"})
        self.assertEqual(len(self.events()), 3)

    def test_the_same_row_in_other_letters(self):
        job = self.run_job([make_row(0), make_row(0, Phone="303-555-0100", Name="X")])
        self.assertEqual(self.faults(job), {3: "twice"})
        self.assertEqual(job.row_ids.detail, "row 2")

    def test_the_same_person_at_another_time(self):
        self.assertCounts(
            self.run_job([make_row(0), make_row(0, Date="2026-04-01")]), 2
        )

    def test_the_newest_consent_of_a_list_stands_whatever_its_order(self):
        dates = ("2026-03-02", "2026-05-01", "2026-04-01")
        self.assertCounts(self.run_job([make_row(0, Date=it) for it in dates]), 3)
        [answer] = self.env["sms.consent"].search([("number", "=", self.number)])
        self.assertEqual(answer.since, datetime(2026, 5, 1))
        rows = [make_row(1, Date="2026-05-01", Status="yes")]
        rows += [make_row(1, Date="2026-04-01", Status="no")]
        self.assertCounts(self.run_job(make_csv(rows, (*HEADERS, "Status"))), 2)
        [answer] = self.env["sms.consent"].search([("number", "=", phone_number(1))])
        self.assertEqual(answer.state, "opted_out")

    def test_a_newer_consent_stands_wherever_it_was_recorded(self):
        """In a long list, or by its person: else it would expire too early."""
        dates = ("2026-05-01", "2026-03-02", "2026-06-01")
        with patch.object(sms_consent_import_job, "BATCH_SIZE", 1):
            job = self.make_job([make_row(0, Date=it) for it in dates[:2]])
            job.action_check()
            self.run_cron()
            job.action_import()
            self.run_cron()
        self.assertCounts(job, 1, 1)
        self.assertEqual(self.faults(job), {3: "known"})
        [answer] = self.env["sms.consent"].search([("number", "=", self.number)])
        self.assertEqual(answer.since, datetime(2026, 5, 1))
        both = self.purposes("ticket", "alert").ids
        row, for_both = [make_row(0, Date=dates[1])], {"purpose_ids": [(6, 0, both)]}
        self.assertCounts(self.run_job(row, **for_both), 1)
        self.assertCounts(self.run_job([make_row(0, Date=dates[2])]), 1)

    def test_over_the_bounds_of_a_batch(self):
        with patch.object(sms_consent_import_job, "BATCH_SIZE", 2):
            job = self.make_job([make_row(i % 5) for i in range(12)])
            job.action_check()
            self.run_cron()
            self.assertCounts(job, 5, 7)
            job.action_import()
            self.run_cron()
        self.assertCounts(job, 5, 7)
        self.assertEqual(set(self.faults(job).values()), {"twice"})


class TestJob(ImportCase):
    """A long list is processed in the background, and survives a kill."""

    def setUp(self):
        super().setUp()
        for module, name, value in (
            (sms_consent_import_job, "BATCH_SIZE", 10),
            (sms_consent_import_job, "INLINE_ROWS", 5),
        ):
            patcher = patch.object(module, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)

    def test_it_goes_on_in_the_background(self):
        job = self.make_job([make_row(index) for index in range(35)])
        job.action_check()
        self.assertEqual((job.state, job.row_total, job.position), ("checking", 35, 0))
        self.run_cron()
        self.assertEqual((job.state, job.progress), ("checked", 100))
        job.action_import()
        self.assertEqual(job.state, "importing")
        self.run_cron()
        self.assertEqual(job.state, "done")
        self.assertCounts(job, 35)
        self.assertEqual(len(self.events()), 35)

    def test_one_that_cannot_go_on_keeps_no_other_waiting(self):
        faulty = self.make_job([make_row(index) for index in range(8)])
        sound = self.make_job([make_row(index) for index in range(8, 16)])
        for job in (faulty, sound):
            job.action_check()
        work_off = type(faulty)._work_off

        def fail_for_one(job):
            if job == faulty:
                raise KeyError("number")
            return work_off(job)

        with (
            patch.object(type(faulty), "_work_off", fail_for_one),
            mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs"),
        ):
            self.run_cron()
        self.assertEqual((faulty.state, sound.state), ("checking", "checked"))
        self.run_cron()
        self.assertEqual(faulty.state, "checked")

    def test_a_batch_and_its_progress_are_one(self):
        """If killed during a batch, it continues from where that began."""
        job = self.make_job([make_row(index) for index in range(35)]).sudo()
        job.action_check()
        self.run_cron()
        job.action_import()
        for crash_after in (0, 1, 2):
            for _batch in range(crash_after):
                job._work_off(10)
            position, count = job.position, len(self.events())
            self.assertEqual(position, count)
            self.env.flush_all()
            with self.assertRaises(MemoryError), self.cr.savepoint():
                job._work_off(10)
                self.env.flush_all()
                raise MemoryError
            self.env.invalidate_all()
            self.assertEqual((job.position, len(self.events())), (position, count))
        self.run_cron()
        self.assertEqual(job.state, "done")
        self.assertEqual(len(self.events()), 35)
        self.assertEqual(len(set(self.events().mapped("number"))), 35)

    def test_a_batch_that_meets_a_text_is_tried_again(self):
        job = self.make_job([make_row(index) for index in range(12)]).sudo()
        job.action_check()
        self.run_cron()
        job.action_import()
        self.env.flush_all()
        work_off, failures = type(job)._work_off, []

        def fail_once(records):
            if not failures:
                failures.append(1)
                raise SerializationFailure
            return work_off(records)

        with (
            patch.object(type(job), "_work_off", fail_once),
            patch.object(self.cr, "rollback"),
        ):
            work_off_safely(job, job._work_off)
        self.assertEqual((failures, job.position), ([1], 10))

    def test_queries_do_not_grow_with_the_rows(self):
        def run(first, count):
            job = self.make_job([make_row(first + i) for i in range(count)]).sudo()
            job.action_check()
            job._work_off(1000)
            job.action_import()
            return self.count_queries(job._work_off, 1000)

        run(0, 20)
        few = run(100, 20)
        self.assertLessEqual(run(200, 400), few)

    def lose(self, job, keep=0):
        """Delete the file of a stored list, or truncate it to ``keep`` bytes."""
        self.env.flush_all()
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", job._name),
                    ("res_field", "=", "packed"),
                    ("res_id", "=", job.id),
                ]
            )
        )
        path = Path(attachment._full_path(attachment.store_fname))
        content = path.read_bytes()
        path.unlink()
        if keep:
            path.write_bytes(content[:keep])
        self.env.invalidate_all()
        return path

    def test_a_list_that_is_gone_is_not_checked(self):
        job = self.make_job([make_row(index) for index in range(35)])
        job.action_check()
        self.lose(job)
        self.run_cron()
        self.assertEqual((job.state, job.position, job.row_total), ("failed", 0, 35))
        self.assertIn("Only 0 of 35 rows", job.problem)
        self.assertFalse(job.report or job.row_ids)
        with self.assertRaises(UserError):
            job.action_import()
        # It can be read again from the upload.
        job.action_check()
        self.run_cron()
        self.assertEqual((job.state, job.position, job.problem), ("checked", 35, False))
        job.action_import()
        self.run_cron()
        self.assertCounts(job, 35)

    def test_a_list_that_is_lost_while_it_is_recorded(self):
        """Recorded rows stay, and uploading the list again records the others."""
        rows = [make_row(index) for index in range(35)]
        job = self.make_job(rows)
        job.action_check()
        self.run_cron()
        job.action_import()
        job.sudo()._work_off(10)
        self.lose(job)
        self.run_cron()
        self.assertEqual((job.state, job.position), ("failed", 10))
        self.assertIn("Only 10 of 35 rows", job.problem)
        self.assertEqual(len(self.events()), 10)
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            job.unlink()
        job.file = base64.b64encode(make_csv(rows))
        job.action_check()
        self.run_cron()
        job.action_import()
        self.run_cron()
        self.assertCounts(job, 25, 10)
        self.assertEqual(len(self.events()), 35)
        self.assertEqual(len(set(self.events().mapped("number"))), 35)

    def test_a_list_of_which_a_part_is_left(self):
        """The file is truncated within a row, and between two rows."""
        job = self.make_job([make_row(index) for index in range(12)])
        job.action_check()
        packed = base64.b64decode(job.sudo().packed)
        for keep in (len(packed) - 5, packed.index(b"\n") + 1):
            with self.subTest(keep=keep):
                path = self.lose(job, keep)
                self.run_cron()
                self.assertEqual(job.state, "failed")
                self.assertIn("of 12 rows", job.problem)
                path.unlink()  # Odoo does not overwrite a file that has other content
                job.action_check()
        self.run_cron()
        self.assertEqual((job.state, job.position), ("checked", 12))

    def test_two_lists_wait_for_each_other(self):
        jobs = [self.make_job([make_row(i + n) for i in range(12)]) for n in (0, 20)]
        for job in jobs:
            job.action_check()
        self.run_cron()
        self.assertEqual([job.state for job in jobs], ["checked", "checked"])


class TestRefused(ImportCase):
    """Files that cannot be imported are refused, and the error says what to do."""

    def test_a_list_without_proof(self):
        job = self.make_job(make_csv([make_row()], ("Phone", "Date")))
        self.assertIn("Evidence", job.missing)
        with self.assertRaisesRegex(UserError, "lacks required evidence"):
            job.action_check()

    def test_columns_can_be_named_by_hand(self):
        headers = ("A", "B", "C", "D", "E")
        cells = list(make_row().values())[:5]
        data = make_csv([dict(zip(headers, cells, strict=True))], headers)
        job = self.make_job(data)
        fields = ("number", "happened_at", "how", "wording", "source")
        for column, field in zip(job.column_ids, fields, strict=True):
            column.field = field
        self.assertFalse(job.missing)
        job.action_check()
        self.assertCounts(job, 1)

    def test_a_list_whose_first_row_is_a_person(self):
        """Their opt-out would be taken for headings."""
        data = make_csv([make_row(0)], ("Phone", "Date")).split(b"\n", 1)[1]
        with self.assertRaisesRegex(UserError, "first row must name the columns"):
            self.make_job(data, decision="revoked")

    def test_two_columns_for_one_thing(self):
        job = self.make_job([make_row(0, Name=phone_number(1))])
        second = job.column_ids.filtered(lambda it: it.field == "name")
        second.field = "number"
        with self.assertRaisesRegex(UserError, "“Phone number”"):
            job.action_check()
        self.assertEqual(job.state, "draft")
        second.field = False
        job.action_check()
        self.assertCounts(job, 1)

    def test_columns_changed_after_the_check_are_checked_again(self):
        """Else a list would be recorded as something else than what was checked."""
        job = self.make_job([make_row(0)])
        job.action_check()
        self.assertEqual(job.state, "checked")
        column = job.column_ids.filtered(lambda it: it.field == "name")
        column.field = False
        self.assertEqual(job.state, "draft")
        with self.assertRaises(UserError):
            job.action_import()
        job.action_check()
        column.unlink()
        self.assertEqual(job.state, "draft")
        job.action_check()
        job.action_import()
        self.assertEqual(job.state, "done")
        with self.assertRaisesRegex(UserError, "is being processed"):
            job.column_ids[0].field = "note"
        with self.assertRaisesRegex(UserError, "is being processed"):
            job.column_ids[0].unlink()

    def test_what_is_no_table(self):
        for data, words in (
            (b"GIF89a\x01\x00\x01\x00", "Save it as “CSV UTF-8”"),
            (b"\xd0\xcf\x11\xe0old", "Save it as XLSX or CSV"),
            (b"PK\x03\x04broken", "damaged"),
            (b" ", "empty"),
        ):
            with self.subTest(data=data), self.assertRaisesRegex(UserError, words):
                self.make_job(data)

    def test_what_turns_out_to_be_too_long(self):
        job = self.make_job([make_row(index) for index in range(5)])
        with patch.object(tabular, "MAX_ROWS", 3):
            job.action_check()
        self.assertEqual(job.state, "failed")
        self.assertIn("Split it", job.problem)

    def test_the_error_file_holds_the_row_the_reason_and_no_formula(self):
        job = self.run_job(
            [
                make_row(0, Evidence="", Name="=HYPERLINK(1)"),
                make_row(1, Phone="@SUM(1)"),
                make_row(2),
            ]
        )
        text = base64.b64decode(job.report).decode("utf-8-sig")
        head, *rows = csv.reader(io.StringIO(text))
        self.assertEqual(head[:6], list(HEADERS))
        self.assertEqual(
            [row[6:9] for row in rows],
            [["2", "Wrong", "No evidence"],
             ["3", "Wrong", "The phone number cannot be read"]],
        )  # fmt: skip
        for row in rows:
            for cell in row:
                self.assertNotRegex(cell, r"^[=+\-@]")
        self.assertEqual(rows[0][5], "'=HYPERLINK(1)")
        self.assertEqual(job.report_name, "crm-not-recorded.csv")

    def test_the_corrected_error_file_can_be_imported(self):
        job = self.run_job([make_row(0, Evidence="")])
        text = base64.b64decode(job.report).decode("utf-8-sig")
        [row] = csv.DictReader(io.StringIO(text))
        row["Evidence"] = "CRM 0"
        job = self.run_job(make_csv([row], tuple(row)))
        self.assertCounts(job, 1)
        self.assertEqual(self.events().number, self.number)

    def test_who_imports(self):
        for user in (self.agent, self.own_agent, self.employee, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.make_job([make_row()], user)
        job = self.make_job([make_row()], self.compliance_officer)
        job.action_check()
        job.action_import()
        self.assertEqual(self.events().user_id, self.compliance_officer)

    def test_how_far_it_has_come_is_the_jobs_to_say(self):
        job = self.make_job([make_row()])
        for vals in (
            {"state": "importing"},
            {"position": 0},
            {"good_count": 5},
            {"packed": b"eA=="},
            {"user_id": self.agent.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                job.write(vals)
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.env["sms.consent.import"].with_user(self.manager).create(vals)

    def test_nor_is_it_said_by_the_defaults_of_a_client(self):
        context = {"default_state": "checked", "default_good_count": 5}
        imports = self.env["sms.consent.import"].with_user(self.manager)
        job = imports.with_context(**context).create(
            {"file": base64.b64encode(make_csv([make_row()]))}
        )
        self.assertEqual((job.state, job.good_count), ("draft", 0))

    def test_what_was_recorded_stays(self):
        job = self.run_job([make_row()])
        with self.assertRaises(UserError):
            job.unlink()
        with self.assertRaises(UserError):
            job.write({"file": base64.b64encode(make_csv([make_row(1)]))})
        self.assertFalse(job.file)
        draft = self.make_job([make_row()])
        draft.unlink()

    def test_a_change_after_the_check_asks_for_another_check(self):
        job = self.make_job([make_row()])
        job.action_check()
        job.purpose_ids = self.purposes("alert")
        self.assertEqual(job.state, "draft")
        with self.assertRaises(UserError):
            job.action_import()

    def test_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            self.make_job([make_row()], company_id=company.id)

    def test_the_form_shows_the_columns_of_an_upload(self):
        form = Form(self.env["sms.consent.import"].with_user(self.manager))
        form.file = base64.b64encode(make_csv([make_row()])).decode()
        self.assertEqual(len(form.column_ids), 6)
        job = form.save()
        self.assertEqual(
            job.column_ids.mapped("field"),
            ["number", "happened_at", "how", "wording", "source", "name"],
        )
        self.assertIn("+13035550100", job.column_ids[0].sample)

    def test_names_are_forgotten_in_the_end(self):
        job = self.run_job([make_row(0), make_row(1, Evidence="")])
        self.env.flush_all()
        long_ago = fields.Datetime.now() - KEEP - timedelta(days=1)
        self.cr.execute(
            "UPDATE sms_consent_import SET write_date = %s WHERE id = %s",
            [long_ago, job.id],
        )
        job.invalidate_recordset()
        self.env["sms.consent.import"]._gc_uploads()
        self.assertFalse(job.row_ids)
        self.assertFalse(job.report, "it has the rows that were not recorded")
        self.assertFalse(any(job.column_ids.mapped("sample")))
        self.assertCounts(job, 1, 0, 1)


@tagged("long")
class TestKilled(LiveCase):
    """A real server is killed while it imports, and started again."""

    ROWS = 12_000

    def read_job(self, job_id):
        """Return the state and the counts of a job."""
        names = ["state", "position", "good_count", "skipped_count", "wrong_count"]
        return self.rpc("sms.consent.import", "read", [job_id], names)[0]

    def wait(self, job_id, is_there):
        """Wait until ``is_there`` accepts a job; return its state and counts."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            job = self.read_job(job_id)
            if is_there(job):
                return job
            time.sleep(0.1)
        raise AssertionError(f"the import does not get there: {job}")

    def test_every_row_is_recorded_once(self):
        rows = [
            make_row(0, Phone=f"+1303{2_000_000 + index}", Evidence=f"killed {index}")
            for index in range(self.ROWS)
        ]
        job_id = self.rpc(
            "sms.consent.import",
            "create",
            {
                "file": base64.b64encode(make_csv(rows)).decode(),
                "file_name": "killed.csv",
                "purpose_ids": [
                    (6, 0, self.rpc("sms.purpose", "search", [("code", "=", "ticket")]))
                ],
                "date_order": "ymd",
                "tz": "UTC",
            },
        )
        self.rpc("sms.consent.import", "action_check", [job_id])
        self.wait(job_id, lambda job: job["state"] == "checked")
        self.rpc("sms.consent.import", "action_import", [job_id])
        positions = []
        for part in (0, self.ROWS // 2):
            job = self.wait(job_id, lambda job, part=part: job["position"] > part)
            self.server.kill()
            positions.append(job["position"])
            self.server.start()
            self.rpc("sms.consent.import", "action_refresh", [job_id])
        self.assertLess(positions[0], self.ROWS, "it was done before it was killed")
        job = self.wait(job_id, lambda job: job["state"] == "done")
        self.assertEqual((job["position"], job["good_count"]), (self.ROWS, self.ROWS))
        condition = "method = 'import' AND evidence_id IN (SELECT id FROM "
        condition += "sms_consent_evidence WHERE res_id = %s AND note LIKE %s)"
        params = [job_id, "%killed.csv%"]
        self.assertEqual(self.count("sms_consent_event", condition, params), self.ROWS)
        with self.cursor() as cr:
            cr.execute(
                f"SELECT count(DISTINCT number_hash) FROM sms_consent_event "
                f"WHERE {condition}",
                params,
            )
            self.assertEqual(cr.fetchone()[0], self.ROWS)
