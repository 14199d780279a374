# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json
from datetime import timedelta

from pytz import all_timezones

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import consent, import_rows, tabular
from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..core.bulk_insert import insert_many
from .sms_consent_import_judge import Judge
from .sms_consent_import_row import GOOD, SKIPPED, WRONG

DRAFT, CHECKING, CHECKED, IMPORTING, DONE, FAILED = (
    *("draft", "checking", "checked", "importing", "done", "failed"),
)
RUNNING = (CHECKING, IMPORTING)
#: What a user sets up. All else is the job's own.
SETUP_FIELDS = {
    *("file", "file_name", "company_id", "decision", "purpose_ids", "date_order"),
    *("tz", "column_ids"),
}
#: Files with no more rows are worked off at once, larger ones in the background.
INLINE_ROWS = 1000
#: How long uploaded lists and their faults are kept: they name people.
KEEP = timedelta(days=90)
#: Rows that are decided on, recorded and committed together.
BATCH_SIZE = 2000


class SmsConsentImport(models.Model):
    """A list of consents from elsewhere, on its way into the ledger.

    First checked as a whole, then recorded, in batches: what a batch records and how
    far the job has come is committed together, so that a job that was killed goes on
    where it stood. Written by users only as far as it is set up; see
    :class:`SmsConsentImportJob` for the work.
    """

    _name = "sms.consent.import"
    _description = "Import of Consents"
    _inherit = ["sms.setup.mixin", "sms.personal.data"]
    _order = "id desc"
    _rec_name = "file_name"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    file = fields.Binary("List", attachment=True, help="CSV or XLSX, at most 32 MB.")
    file_name = fields.Char()
    decision = fields.Selection(
        [
            (consent.GRANTED, "Consents"),
            (consent.REVOKED, "Opt-outs"),
        ],
        string="The List Holds",
        required=True,
        default=consent.GRANTED,
        help="For rows that do not say it in a column of their own.",
    )
    purpose_ids = fields.Many2many(
        "sms.purpose",
        string="Purposes",
        help="For rows that do not name any. For opt-outs: none means everything.",
    )
    date_order = fields.Selection(
        [
            (import_rows.YMD, "2026-11-25"),
            (import_rows.MDY, "11/25/2026"),
            (import_rows.DMY, "25.11.2026"),
        ],
        string="Dates Look Like",
        required=True,
        default=lambda self: self._default_date_order(),
    )
    tz = fields.Selection(
        lambda self: [(name, name) for name in all_timezones],
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="Where the times in the list were written down, unless they say it.",
    )
    column_ids = fields.One2many(
        "sms.consent.import.column", "import_id", string="Columns"
    )
    missing = fields.Char(compute="_compute_missing")
    state = fields.Selection(
        [
            (DRAFT, "Set up"),
            (CHECKING, "Checking"),
            (CHECKED, "Checked"),
            (IMPORTING, "Importing"),
            (DONE, "Imported"),
            (FAILED, "Refused"),
        ],
        default=DRAFT,
        required=True,
        readonly=True,
        copy=False,
    )
    user_id = fields.Many2one(
        "res.users", string="Imported By", readonly=True, copy=False
    )
    packed = fields.Binary(attachment=True, readonly=True, copy=False)
    row_total = fields.Integer("Rows", readonly=True, copy=False)
    position = fields.Integer(readonly=True, copy=False, help="Rows that are done.")
    offset = fields.Integer(readonly=True, copy=False, help="Bytes that are done.")
    good_count = fields.Integer("Recorded", readonly=True, copy=False)
    skipped_count = fields.Integer("Skipped", readonly=True, copy=False)
    wrong_count = fields.Integer("Wrong", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    is_live = fields.Boolean(compute="_compute_is_live")
    problem = fields.Char(readonly=True, copy=False)
    row_ids = fields.One2many(
        "sms.consent.import.row",
        "import_id",
        string="Rows Not Recorded",
        domain=[("outcome", "!=", "good")],
        readonly=True,
    )
    summary = fields.Text(compute="_compute_summary")
    report = fields.Binary(
        "Rows That Were Not Recorded", attachment=True, readonly=True, copy=False
    )
    report_name = fields.Char(compute="_compute_report_name")

    @api.model
    def _default_date_order(self):
        date_format = self.env["res.lang"]._get_data(code=self.env.lang).date_format
        orders = {"m": import_rows.MDY, "d": import_rows.DMY}
        return orders.get((date_format or "").strip("%-")[:1], import_rows.YMD)

    @api.depends("state")
    def _compute_is_live(self):
        for job in self:
            job.is_live = job.state in RUNNING

    @api.depends("position", "row_total")
    def _compute_progress(self):
        for job in self:
            job.progress = 100 * job.position / job.row_total if job.row_total else 0

    @api.depends("file_name")
    def _compute_report_name(self):
        for job in self:
            stem = (job.file_name or "list").rpartition(".")[0] or "list"
            job.report_name = f"{stem}-not-recorded.csv"

    @api.depends("column_ids.field", "decision")
    def _compute_missing(self):
        labels = dict(
            self.env["sms.consent.import.column"]
            ._fields["field"]
            ._description_selection(self.env)
        )
        for job in self:
            names = import_rows.find_missing(job.column_ids.mapped("field"))
            if job.decision == consent.REVOKED:
                names = [name for name in names if name not in import_rows.WORDS]
            job.missing = ", ".join(labels[name] for name in names)

    @api.depends("position", "state")
    def _compute_summary(self):
        """Say why rows were not recorded, the most frequent reason first."""
        labels = dict(
            self.env["sms.consent.import.row"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        for job in self:
            groups = self.env["sms.consent.import.row"]._read_group(
                [("import_id", "in", job.ids), ("outcome", "!=", "good")],
                ["reason"],
                ["__count"],
                order="__count DESC",
            )
            job.summary = "\n".join(f"{count:,} × {labels[r]}" for r, count in groups)

    # ------------------------------------------------------------------
    # Setting it up
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Read the headers of the list."""
        jobs = super().create(vals_list)
        for job, vals in zip(jobs, vals_list, strict=True):
            job._check_works_here()
            if vals.get("file") and not vals.get("column_ids"):
                job.sudo()._read_headers()
        return jobs

    def write(self, vals):
        """Take a change of the set-up only while nothing runs or is recorded."""
        if not self.env.su:
            if any(job.state in (*RUNNING, DONE) for job in self):
                raise UserError(
                    self.env._("This list is being worked off. Upload it anew instead.")
                )
            self.sudo().state = DRAFT
        result = super().write(vals)
        for job in self:
            job._check_works_here()
            if vals.get("file") and not vals.get("column_ids"):
                job.sudo()._read_headers()
        return result

    @api.model
    def _get_setup_fields(self):
        return SETUP_FIELDS

    @api.ondelete(at_uninstall=False)
    def _unlink_except_recorded(self):
        """Keep what recorded something: the ledger's evidence names it."""
        is_named = (
            self.env["sms.consent.evidence"]
            .sudo()
            .search_count(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)], limit=1
            )
        )
        if is_named or any(job.state in (*RUNNING, DONE) for job in self):
            raise UserError(self.env._("An import that has recorded consents is kept."))

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_check(self):
        """Check every row and record none."""
        return self._start(CHECKING, (DRAFT, CHECKED, FAILED))

    def action_import(self):
        """Record what the check has found good."""
        return self._start(IMPORTING, (CHECKED,))

    def action_refresh(self):
        """Show how far it has come: the client reads the form again.

        A job whose server was restarted meanwhile goes on at once.
        """
        self.check_access("read")
        if any(job.state in RUNNING for job in self):
            self._wake()
        return True

    def _start(self, state, from_states):
        """Begin to check or to import; a short list is done when this returns."""
        self.ensure_one()
        self.check_access("write")
        self._check_works_here()
        if self.state not in from_states:
            raise UserError(self.env._("This cannot be done now."))
        if not self.file:
            raise UserError(self.env._("Choose the list first."))
        if self.missing:
            raise UserError(
                self.env._(
                    "The list lacks what a consent is proved by: %s. Say in which "
                    "column it is.",
                    self.missing,
                )
            )
        self.sudo()._begin(state, self.env.user)
        return True

    @api.autovacuum
    def _gc_uploads(self):
        limit = fields.Datetime.now() - KEEP
        jobs = self.search([("write_date", "<", limit), ("state", "not in", RUNNING)])
        jobs.row_ids.unlink()
        jobs.filtered("file").write({"file": False, "packed": False, "report": False})

    # ------------------------------------------------------------------
    # The uploaded file of an import: its columns, or why it is refused
    # ------------------------------------------------------------------

    @api.onchange("file")
    def _onchange_file(self):
        self.column_ids = [(5, 0, 0)]
        if self.file:
            self.column_ids = [
                (0, 0, vals) for vals in self._get_column_values(self.file)
            ]

    def _read_headers(self):
        self.ensure_one()
        vals_list = self._get_column_values(self.file)
        self.column_ids = [(5, 0, 0), *((0, 0, vals) for vals in vals_list)]

    @api.model
    def _get_column_values(self, file):
        """Return the columns of an upload (base64): header, samples, guess.

        :raises UserError: when it is no table
        """
        rows = tabular.iter_rows(base64.b64decode(file))
        try:
            _number, headers = next(rows, (0, []))
            samples = [cells for _index, (_number, cells) in zip(range(3), rows)]  # noqa: B905
        except tabular.FileRefused as error:
            raise UserError(self._explain(error)) from error
        guesses = import_rows.guess_fields(headers)
        return [
            {
                "position": index,
                "header": header,
                "sample": " · ".join(
                    dict.fromkeys(
                        cells[index][:40] for cells in samples if index < len(cells)
                    )
                ),
                "field": guesses[index],
            }
            for index, header in enumerate(headers)
        ]

    @api.model
    def _explain(self, error):
        """Return why a file is refused, and what to do."""
        messages = {
            tabular.EMPTY: self.env._("The file is empty."),
            tabular.TOO_LARGE: self.env._(
                "The file is too large: at most %s MB are taken. Split it.",
                tabular.MAX_BYTES // 1024**2,
            ),
            tabular.TOO_MANY_ROWS: self.env._(
                "The list is too long: at most %s rows are taken at once. Split it.",
                f"{tabular.MAX_ROWS:,}",
            ),
            tabular.TOO_WIDE: self.env._(
                "Row %(row)s has more than %(max)s columns.",
                row=error.row,
                max=tabular.MAX_COLUMNS,
            ),
            tabular.CELL_TOO_LONG: self.env._(
                "A cell of row %(row)s has more than %(max)s letters. Is a quotation "
                "mark missing?",
                row=error.row,
                max=tabular.MAX_CELL,
            ),
            tabular.OLD_EXCEL: self.env._(
                "This is a file of an old Excel. Save it as XLSX or CSV."
            ),
            tabular.ENCODING: self.env._(
                "The letters of this file cannot be read. Save it as “CSV UTF-8”."
            ),
            tabular.BROKEN: self.env._(
                "The file is damaged, or is no table. Save it anew as CSV or XLSX."
            ),
            tabular.NO_TABLE: self.env._("This is no table. Upload a CSV or XLSX."),
        }
        return messages[error.reason]

    # ------------------------------------------------------------------
    # The work of an import: reads, decides, records, and says how far it has come
    # ------------------------------------------------------------------

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
        running = self.search([("state", "in", RUNNING), ("id", "not in", without.ids)])
        return sum(job.row_total - job.position for job in running)

    def _work_off(self, limit=None):
        """Decide on the next rows, record them if that is due, and move on."""
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
