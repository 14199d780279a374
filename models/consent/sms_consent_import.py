# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json
from collections import Counter
from datetime import timedelta
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL, formatLang

from odoo.addons.base.models.res_partner import _tz_get

from ...tools import consent, import_rows, reassigned, tabular
from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..core.bulk_insert import insert_many
from .sms_consent_import_judge import AnswerJudge, Judge
from .sms_consent_import_row import ANSWER_REASONS, GOOD, SKIPPED, WRONG

DRAFT, CHECKING, CHECKED = ("draft", "checking", "checked")
IMPORTING, DONE, FAILED = ("importing", "done", "failed")
RUNNING = (CHECKING, IMPORTING)
#: A kind of list besides consents and opt-outs: answers of the Reassigned Numbers
#: Database.
ANSWERS = "answers"
#: Counters of a job, and the outcome or reason of rows that they count.
COUNTERS = {
    "good_count": GOOD,
    "skipped_count": SKIPPED,
    "wrong_count": WRONG,
    "yes_count": ANSWER_REASONS[reassigned.YES],
    "no_count": ANSWER_REASONS[reassigned.NO],
    "no_data_count": ANSWER_REASONS[reassigned.NO_DATA],
}
#: Files with at most this many rows are processed at once, others in the background.
INLINE_ROWS = 1000
#: How long uploaded lists and rejected rows are kept, as they contain personal data.
KEEP = timedelta(days=90)
#: Rows that are checked, recorded and committed together.
BATCH_SIZE = 2000


class SmsConsentImport(models.Model):
    """An import of consents from elsewhere into the ledger.

    The list is first checked as a whole, then recorded, in batches: a batch's events
    and the job's progress are committed together, so a killed job resumes where it
    stopped. Users write only the set-up fields; the job writes all others.
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
            (ANSWERS, "Answers of the Reassigned Numbers Database"),
        ],
        "The List Contains",
        required=True,
        default=consent.GRANTED,
        help="For rows that do not say it in their own column.",
    )
    purpose_ids = fields.Many2many(
        "sms.purpose",
        string="Purposes",
        help="For rows that do not name a purpose. For opt-outs, leave empty for "
        "everything.",
    )
    query_id = fields.Many2one(
        "sms.reassigned.file",
        "Answers To",
        groups="helpdesk_mgmt_sms.group_sms_compliance",
        domain="[('kind', '=', 'query'), ('company_id', '=', company_id)]",
        help="The query that the Reassigned Numbers Database has answered.",
    )
    answer_file_id = fields.Many2one(
        "sms.reassigned.file",
        readonly=True,
        copy=False,
        groups="helpdesk_mgmt_sms.group_sms_compliance",
    )
    date_order = fields.Selection(
        [
            (import_rows.YMD, "2026-11-25"),
            (import_rows.MDY, "11/25/2026"),
            (import_rows.DMY, "25.11.2026"),
        ],
        "Date Format",
        required=True,
        default=lambda self: self._default_date_order(),
    )
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="Time zone of the times in the list, unless they include one.",
    )
    column_ids = fields.One2many("sms.consent.import.column", "import_id", "Columns")
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
    user_id = fields.Many2one("res.users", "Imported By", readonly=True, copy=False)
    packed = fields.Binary(attachment=True, readonly=True, copy=False)
    row_total = fields.Integer("Rows", readonly=True, copy=False)
    position = fields.Integer(readonly=True, copy=False, help="Rows that are done.")
    offset = fields.Integer(readonly=True, copy=False, help="Bytes that are done.")
    good_count = fields.Integer("Recorded", readonly=True, copy=False)
    skipped_count = fields.Integer("Skipped", readonly=True, copy=False)
    wrong_count = fields.Integer("Wrong", readonly=True, copy=False)
    yes_count = fields.Integer("Consents Ended", readonly=True, copy=False)
    no_count = fields.Integer("Numbers Verified", readonly=True, copy=False)
    no_data_count = fields.Integer("No Data", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    is_live = fields.Boolean(compute="_compute_progress")
    problem = fields.Char(readonly=True, copy=False)
    row_ids = fields.One2many(
        "sms.consent.import.row",
        "import_id",
        "Rows Not Recorded",
        domain=[("outcome", "!=", "good")],
        readonly=True,
    )
    summary = fields.Text(compute="_compute_summary")
    report = fields.Binary(
        "Rows That Were Not Recorded", attachment=True, readonly=True, copy=False
    )
    report_name = fields.Char(compute="_compute_progress")

    @api.model
    def _default_date_order(self):
        date_format = self.env["res.lang"]._get_data(code=self.env.lang).date_format
        orders = {"m": import_rows.MDY, "d": import_rows.DMY}
        return orders.get((date_format or "").strip("%-")[:1], import_rows.YMD)

    @api.depends("state", "position", "row_total", "file_name")
    def _compute_progress(self):
        for job in self:
            job.is_live = job.state in RUNNING
            job.progress = 100 * job.position / job.row_total if job.row_total else 0
            stem = (job.file_name or "list").rpartition(".")[0] or "list"
            job.report_name = f"{stem}-not-recorded.csv"

    def _get_labels(self, model_name, field_name):
        details = self.env["sms.consent.details"]
        return details._get_labels(f"{self._name}.{model_name}", field_name)

    @api.depends("column_ids.field", "decision")
    def _compute_missing(self):
        labels = self._get_labels("column", "field")
        for job in self:
            known = job.column_ids.mapped("field")
            names = import_rows.find_missing(known, job.decision)
            if job.decision == ANSWERS:
                names = [name for name in reassigned.REQUIRED if name not in known]
            job.missing = ", ".join(labels[name] for name in names)

    @api.depends("position", "state")
    def _compute_summary(self):
        """Count the rows not recorded by reason, the most frequent first."""
        labels = self._get_labels("row", "reason")
        rows = self.env["sms.consent.import.row"]
        for job in self:
            domain = [("import_id", "in", job.ids), ("outcome", "!=", GOOD)]
            order = "__count DESC"
            groups = rows._read_group(domain, ["reason"], ["__count"], order=order)
            job.summary = "\n".join(
                f"{formatLang(self.env, count, 0)} × {labels[r]}" for r, count in groups
            )

    # === Set-up ===

    @api.model_create_multi
    def create(self, vals_list):
        """Read the headers of the list."""
        jobs = super().create(vals_list)
        for job, vals in zip(jobs, vals_list, strict=True):
            job._after_setup(vals)
        return jobs

    def write(self, vals):
        """Accept changes of the set-up only while nothing runs or is recorded."""
        if not self.env.su:
            if any(job.state in (*RUNNING, DONE) for job in self):
                raise UserError(
                    self.env._("This list is being processed. Upload it again instead.")
                )
            self.sudo().state = DRAFT
        result = super().write(vals)
        for job in self:
            job._after_setup(vals)
        return result

    def _after_setup(self, vals):
        """Read the headers of a new list, unless its columns were given."""
        if vals.get("file") and not vals.get("column_ids"):
            job_sudo = self.sudo()
            job_sudo.column_ids = job_sudo._get_column_commands(job_sudo.file)

    def _check_setup(self, vals):
        """Restrict answers of the Reassigned Numbers Database to officers."""
        if vals.get("decision") == ANSWERS and not self.env.su:
            self.env["sms.reassigned.file"]._check_officer()
        return super()._check_setup(vals)

    def _check_works_here(self):
        if not self.env.su and any(job.decision == ANSWERS for job in self):
            self.env["sms.reassigned.file"]._check_officer()
        return super()._check_works_here()

    @api.constrains("decision", "query_id", "company_id")
    def _check_query(self):
        for job_sudo in self.sudo():
            query_sudo = job_sudo.query_id
            if bool(query_sudo) != (job_sudo.decision == ANSWERS):
                message = self.env._(
                    "Choose the query that the Reassigned Numbers Database has "
                    "answered. Other lists belong to none."
                )
                raise ValidationError(message)
            if query_sudo and query_sudo.company_id != job_sudo.company_id:
                message = self.env._("This query was made by another company.")
                raise ValidationError(message)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_recorded(self):
        """Refuse to delete imports that the ledger's evidence refers to."""
        domain = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        is_named = self.env["sms.consent.evidence"].sudo().search_count(domain, limit=1)
        if is_named or any(job.state in (*RUNNING, DONE) for job in self):
            raise UserError(
                self.env._("An import that has recorded consents cannot be deleted.")
            )

    # === Buttons ===

    def action_check(self):
        """Check every row without recording any."""
        return self._start(CHECKING, (DRAFT, CHECKED, FAILED))

    def action_import(self):
        """Record the rows that the check has accepted."""
        return self._start(IMPORTING, (CHECKED,))

    def action_refresh(self):
        """Have the client read the form again, to show the progress.

        Also wakes the job, in case its server was restarted.
        """
        self.check_access("read")
        if any(job.state in RUNNING for job in self):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_consent_import")
        return True

    def _start(self, state, from_states):
        """Start checking or importing; a short list is done upon return."""
        self.ensure_one()
        self.check_access("write")
        self._check_works_here()
        if self.state not in from_states:
            raise UserError(self.env._("This cannot be done now."))
        if not self.file:
            raise UserError(self.env._("Choose the list first."))
        if self.missing:
            message = self.env._(
                "The list lacks required evidence: %s. Choose its column.", self.missing
            )
            raise UserError(message)
        self._check_columns()
        self.sudo()._begin(state, self.env.user)
        return True

    def _check_columns(self):
        """Refuse two columns for one thing: only one of them would be read."""
        labels = self._get_labels("column", "field")
        for name, columns in self.column_ids.filtered("field").grouped("field").items():
            if len(columns) > 1:
                message = self.env._(
                    "More than one column is mapped to “%s”. Choose one.",
                    labels[name],
                )
                raise UserError(message)

    @api.autovacuum
    def _gc_uploads(self):
        limit = fields.Datetime.now() - KEEP
        jobs = self.search([("write_date", "<", limit), ("state", "not in", RUNNING)])
        jobs.row_ids.unlink()
        jobs.column_ids.sample = False
        jobs.write({"file": False, "packed": False, "report": False})

    # === Uploaded file ===

    @api.onchange("file")
    def _onchange_file(self):
        none = [Command.clear()]
        self.column_ids = self._get_column_commands(self.file) if self.file else none

    def _get_column_commands(self, file):
        rows = tabular.iter_rows(base64.b64decode(file))
        try:
            _number, headers = next(rows, (0, []))
            samples = [cells for _number, cells in islice(rows, 3)]
        except tabular.FileRefused as error:
            raise UserError(self._explain(error)) from error
        self._check_headers(headers)
        headings = reassigned.HEADERS if self.decision == ANSWERS else None
        guesses = import_rows.guess_fields(headers, headings)
        commands = [Command.clear()]
        for index, (header, field) in enumerate(zip(headers, guesses, strict=True)):
            shown = [cells[index][:40] for cells in samples if index < len(cells)]
            sample = " · ".join(dict.fromkeys(shown))
            column = {"header": header, "sample": sample, "field": field}
            commands.append(Command.create({"position": index, **column}))
        return commands

    def _check_headers(self, headers):
        """Refuse a list without a row that names the columns: else one is lost."""
        if not import_rows.find_people_columns(headers)[2]:
            message = self.env._(
                "The first row must name the columns, such as Phone and Date: it is "
                "not read as a person."
            )
            raise UserError(message)

    @api.model
    def _explain(self, error):
        """Return why a file is refused, and what to do about it."""
        messages = {
            tabular.EMPTY: self.env._("The file is empty."),
            tabular.TOO_LARGE: self.env._(
                "The file is too large: at most %s MB are accepted. Split it.",
                tabular.MAX_BYTES // 1024**2,
            ),
            tabular.TOO_MANY_ROWS: self.env._(
                "The list is too long: at most %s rows are accepted at once. Split it.",
                formatLang(self.env, tabular.MAX_ROWS, 0),
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
                "This is an old Excel file. Save it as XLSX or CSV."
            ),
            tabular.ENCODING: self.env._(
                "The encoding of this file cannot be read. Save it as “CSV UTF-8”."
            ),
            tabular.SEVERAL_SHEETS: self.env._(
                "This workbook has several sheets. Save the one to be read as a file "
                "of its own."
            ),
            tabular.BROKEN: self.env._(
                "The file is damaged or is not a spreadsheet. Save it again as CSV or "
                "XLSX."
            ),
        }
        return messages[error.reason]

    # === Work ===

    def _begin(self, state, user):
        """Start over in ``state``; process a short list now, a long one by cron.

        Rows are checked again when they are recorded, since the ledger may have
        changed.
        """
        self._forget_rows()
        counters = dict.fromkeys(("position", "offset", *COUNTERS), 0)
        empty = {**counters, "report": False, "problem": False}
        self.write({"state": state, "user_id": user.id, **empty})
        if state == CHECKING:
            self._pack()
        if self.state in RUNNING and self.row_total <= INLINE_ROWS:
            self._work_off()
        if self.state in RUNNING:
            self.env["ir.cron"]._wake_sms("ir_cron_sms_consent_import")

    def _pack(self):
        """Parse the upload once, and store its rows in a format that is fast to read.

        An unreadable file ends the job, with the reason.
        """
        rows = tabular.iter_rows(base64.b64decode(self.file))
        try:
            _number, headers = next(rows, (0, []))
            self._check_headers(headers)
            packed, count = tabular.pack_rows(rows)
        except tabular.FileRefused as error:
            self.write({"state": FAILED, "problem": self._explain(error)})
            return
        self.write({"packed": base64.b64encode(packed), "row_total": count})

    @api.model
    def _run_imports(self):
        """Continue every running job, batch by batch (cron)."""
        running, faulty = [("state", "in", RUNNING)], self.browse()
        while job := (self.search(running, order="id") - faulty)[:1]:
            done = try_work_off(job, job._work_off, DATABASE_FAULTS)
            if done is None:
                # Retried by the next run, after the other jobs.
                faulty |= job
            waiting = self.search(running) - faulty
            left = sum(it.row_total - it.position for it in waiting)
            time_left = self.env["ir.cron"]._commit_progress(done or 0, remaining=left)
            if not time_left and left:
                return

    def _work_off(self, limit=None):
        """Check the next rows and, when importing, record them; return their number."""
        limit = limit or BATCH_SIZE
        job = self.with_company(self.company_id)
        job.lock_for_update()
        packed = base64.b64decode(job.packed or b"")
        rows, offset = tabular.unpack_rows(packed, job.offset, limit)
        if len(rows) < min(limit, job.row_total - job.position):
            job._end_without_list()
            return 0
        judge_class = AnswerJudge if job.decision == ANSWERS else Judge
        judge = judge_class(job, fields.Datetime.now())
        statements, lines = judge.judge(rows)
        if job.state == IMPORTING:
            judge.record(statements)
        insert_many(self.env["sms.consent.import.row"], lines)
        job.env["sms.consent.import.row"].invalidate_model()
        counts = Counter(line[name] for line in lines for name in ("outcome", "reason"))
        counters = {name: job[name] + counts[it] for name, it in COUNTERS.items()}
        position = job.position + len(lines)
        job.write({"position": position, "offset": offset, **counters})
        if job.position >= job.row_total:
            job._finish()
        return len(lines)

    def _end_without_list(self):
        """End a job whose stored list is missing or damaged, with its progress."""
        self._forget_rows()
        problem = self.env._(
            "Only %(done)s of %(total)s rows can be read: the stored list is missing "
            "or damaged. Upload it again. Rows that were recorded are not recorded "
            "twice.",
            done=formatLang(self.env, self.position, 0),
            total=formatLang(self.env, self.row_total, 0),
        )
        self.write({"state": FAILED, "packed": False, "problem": problem})

    def _finish(self):
        ends = {CHECKING: CHECKED, IMPORTING: DONE}
        self._forget_rows(good_only=True)
        report = base64.b64encode(self._make_report()) if self.row_ids else False
        self.write({"state": ends[self.state], "report": report})
        if self.state == DONE:
            self.write({"packed": False, "file": False})

    def _forget_rows(self, good_only=False):
        """Delete the job's rows in one statement, as there may be many."""
        rows = self.env["sms.consent.import.row"]
        rows.flush_model()
        which = SQL("outcome = %s", GOOD) if good_only else SQL("TRUE")
        query = "DELETE FROM sms_consent_import_row WHERE import_id = %s AND %s"
        self.env.cr.execute(SQL(query, self.id, which))
        rows.invalidate_model()
        self.invalidate_recordset(["row_ids"])

    def _make_report(self):
        """Return the rows not recorded, unchanged, with the reasons (CSV)."""
        headers = self.column_ids.sorted("position").mapped(lambda c: c.header or "")
        outcomes = self._get_labels("row", "outcome")
        reasons = self._get_labels("row", "reason")
        added = [self.env._("Row"), self.env._("Outcome"), self.env._("Reason")]
        added.append(self.env._("What"))

        def iter_report():
            yield [*headers, *added]
            for row, outcome, reason, detail, cells in self._iter_faults():
                cells = json.loads(cells)[: len(headers)]
                cells += [""] * (len(headers) - len(cells))
                yield [*cells, row, outcomes[outcome], reasons[reason], detail or ""]

        return tabular.write_rows(iter_report())

    def _iter_faults(self):
        last = 0
        query = """
            SELECT "row", outcome, reason, detail, cells
              FROM sms_consent_import_row
             WHERE import_id = %s AND outcome != %s AND "row" > %s
          ORDER BY "row" LIMIT %s
        """
        execute = self.env.execute_query
        while rows := execute(SQL(query, self.id, GOOD, last, BATCH_SIZE)):
            yield from rows
            last = rows[-1][0]
