# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from pytz import all_timezones

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import consent, import_rows

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
        """Return the order that the user's language writes dates in."""
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
        """Forget what names people in lists that were worked off long ago."""
        limit = fields.Datetime.now() - KEEP
        jobs = self.search([("write_date", "<", limit), ("state", "not in", RUNNING)])
        jobs.row_ids.unlink()
        jobs.filtered("file").write({"file": False, "packed": False, "report": False})
