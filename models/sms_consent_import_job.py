# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import tabular
from .batch_retry import DATABASE_FAULTS, try_work_off
from .bulk_insert import insert_many
from .sms_consent_import import (
    CHECKED,
    CHECKING,
    DONE,
    FAILED,
    IMPORTING,
    INLINE_ROWS,
    RUNNING,
)
from .sms_consent_import_judge import Judge
from .sms_consent_import_row import GOOD, SKIPPED, WRONG

#: Rows that are decided on, recorded and committed together.
BATCH_SIZE = 2000


class SmsConsentImportJob(models.Model):
    """The work of an import: reads, decides, records, and says how far it has come."""

    _inherit = "sms.consent.import"

    def _begin(self, state, user):
        """Start over in ``state``; do a short list now, a long one in the background.

        What the list says is judged anew when it is recorded: the ledger may have
        changed since the check.
        """
        self._forget_rows()
        self.write(
            {
                "state": state,
                "user_id": user.id,
                "position": 0,
                "offset": 0,
                "good_count": 0,
                "skipped_count": 0,
                "wrong_count": 0,
                "report": False,
                "problem": False,
            }
        )
        if state == CHECKING:
            self._pack()
        if self.state in RUNNING and self.row_total <= INLINE_ROWS:
            self._work_off()
        if self.state in RUNNING:
            self._wake()

    @api.model
    def _wake(self):
        """Let the cron go on as soon as this transaction is committed."""
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_import").sudo()._trigger()

    def _pack(self):
        """Read the upload once, and keep its rows in a form that is fast to read.

        A file that cannot be read ends the job, with the reason.
        """
        rows = tabular.iter_rows(base64.b64decode(self.file))
        try:
            next(rows, None)  # the headers
            packed, count = tabular.pack_rows(rows)
        except tabular.FileRefused as error:
            self.write({"state": FAILED, "problem": self._explain(error)})
            return
        self.write({"packed": base64.b64encode(packed), "row_total": count})

    @api.model
    def _run_imports(self):
        """Go on with every job that is running, batch by batch (cron)."""
        faulty = self.browse()
        while job := self.search(
            [("state", "in", RUNNING), ("id", "not in", faulty.ids)],
            order="id",
            limit=1,
        ):
            done = try_work_off(job, job._work_off, DATABASE_FAULTS)
            if done is None:
                # It is tried again by the next run, after those behind it.
                faulty |= job
            left = self._count_rows_left(faulty)
            time_left = self.env["ir.cron"]._commit_progress(done or 0, remaining=left)
            if not time_left and left:
                return

    @api.model
    def _count_rows_left(self, without):
        """Return how many rows are to be worked off, of all jobs but some."""
        running = self.search([("state", "in", RUNNING), ("id", "not in", without.ids)])
        return sum(job.row_total - job.position for job in running)

    def _work_off(self, limit=None):
        """Decide on the next rows, record them if that is due, and move on.

        :param int limit: how many, default :data:`BATCH_SIZE`
        :return: how many it were
        """
        self.ensure_one()
        limit = limit or BATCH_SIZE
        job = self.with_company(self.company_id)
        job.lock_for_update()
        packed = base64.b64decode(job.packed or b"")
        rows, offset = tabular.unpack_rows(packed, job.offset, limit)
        if len(rows) < min(limit, job.row_total - job.position):
            job._end_without_list()
            return 0
        judge = Judge(job, fields.Datetime.now())
        statements, lines = judge.judge(rows)
        if job.state == IMPORTING:
            job._record_batch(statements)
        insert_many(self.env["sms.consent.import.row"], lines)
        job.env["sms.consent.import.row"].invalidate_model()
        counts = dict.fromkeys((GOOD, SKIPPED, WRONG), 0)
        for line in lines:
            counts[line["outcome"]] += 1
        job.write(
            {
                "position": job.position + len(lines),
                "offset": offset,
                "good_count": job.good_count + counts[GOOD],
                "skipped_count": job.skipped_count + counts[SKIPPED],
                "wrong_count": job.wrong_count + counts[WRONG],
            }
        )
        if job.position >= job.row_total:
            job._finish()
        return len(lines)

    def _record_batch(self, statements):
        """Enter the statements in the name of who imports them."""
        ledger_sudo = self.env["sms.consent.event"].with_user(self.user_id).sudo()
        ledger_sudo._record_many(self.company_id, statements)

    def _end_without_list(self):
        """End a job whose stored list is gone or damaged, and say how far it came."""
        self._forget_rows()
        self.write(
            {
                "state": FAILED,
                "packed": False,
                "problem": self.env._(
                    "Only %(done)s of %(total)s rows can be read: the stored list is "
                    "gone or damaged. Upload it again. What was recorded before stays "
                    "recorded, and is not recorded twice.",
                    done=f"{self.position:,}",
                    total=f"{self.row_total:,}",
                ),
            }
        )

    def _finish(self):
        """End the check or the import: write what was not recorded into a file."""
        ends = {CHECKING: CHECKED, IMPORTING: DONE}
        self._forget_rows(good_only=True)
        report = base64.b64encode(self._make_report()) if self.row_ids else False
        self.write({"state": ends[self.state], "report": report})
        if self.state == DONE:
            self.write({"packed": False, "file": False})

    def _forget_rows(self, good_only=False):
        """Delete the job's rows, by one statement: there may be many."""
        condition = SQL("outcome = %s", GOOD) if good_only else SQL("TRUE")
        self.env["sms.consent.import.row"].flush_model()
        self.env.cr.execute(
            SQL(
                "DELETE FROM sms_consent_import_row WHERE import_id = %s AND %s",
                self.id,
                condition,
            )
        )
        self.env["sms.consent.import.row"].invalidate_model()
        self.invalidate_recordset(["row_ids"])

    def _make_report(self):
        """Return the rows that were not recorded, as they were, and why (CSV)."""
        headers = self.column_ids.sorted("position").mapped(lambda c: c.header or "")
        rows_model = self.env["sms.consent.import.row"]
        outcomes = dict(rows_model._fields["outcome"]._description_selection(self.env))
        reasons = dict(rows_model._fields["reason"]._description_selection(self.env))

        def iter_report():
            """Yield the report, its headings first."""
            yield [
                *headers,
                self.env._("Row"),
                self.env._("Outcome"),
                self.env._("Reason"),
                self.env._("What"),
            ]
            for row, outcome, reason, detail, cells in self._iter_faults():
                cells = json.loads(cells)[: len(headers)]
                cells += [""] * (len(headers) - len(cells))
                yield [*cells, row, outcomes[outcome], reasons[reason], detail or ""]

        return tabular.write_rows(iter_report())

    def _iter_faults(self):
        """Yield the rows that were not recorded, a batch at a time."""
        last = 0
        while rows := self.env.execute_query(
            SQL(
                """
                SELECT "row", outcome, reason, detail, cells
                  FROM sms_consent_import_row
                 WHERE import_id = %s AND outcome != %s AND "row" > %s
              ORDER BY "row" LIMIT %s
                """,
                self.id,
                GOOD,
                last,
                BATCH_SIZE,
            )
        ):
            yield from rows
            last = rows[-1][0]
