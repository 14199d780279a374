# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.base.models.res_partner import _tz_get

from ...tools.actions import reload_view
from ...tools.appointments import to_utc
from ..core.mixins import FIRST_DAY
from ..ledger.sms_consent_evidence import PERIOD

DRAFT, WAITING, READY, FAILED = ("draft", "waiting", "ready", "failed")
#: How long the file can be downloaded; it contains personal data, so not for long.
KEEP = timedelta(days=7)
#: Attempts at a packet that runs into the server's time limit.
MAX_TRIES = 3


class SmsEvidenceAudit(models.Model):
    """The export of a period for an audit, made in the background.

    A year of a large company takes minutes. It is made in one transaction, since only
    one snapshot of the database has events, messages and chain in a consistent state.
    So there is no progress, and a killed job starts over. Only its entry in
    ``sms.evidence.export`` is kept.
    """

    _name = "sms.evidence.audit"
    _description = "Audit Export"
    _inherit = ["sms.setup.mixin", "sms.personal.data"]
    _is_counted = False
    _order = "id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: fields.Date.context_today(self).replace(month=1, day=1),
    )
    date_to = fields.Date(
        "Until", required=True, default=fields.Date.context_today, help="Included."
    )
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="Time zone in which days start and end.",
    )
    state = fields.Selection(
        [
            (DRAFT, "Set up"),
            (WAITING, "In preparation"),
            (READY, "Ready"),
            (FAILED, "Failed"),
        ],
        default=DRAFT,
        required=True,
        readonly=True,
        copy=False,
    )
    user_id = fields.Many2one("res.users", "Created By", readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False)
    tries = fields.Integer(readonly=True, copy=False)
    export_id = fields.Many2one(
        "sms.evidence.export",
        "Log Entry",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    file = fields.Binary("Packet", attachment=True, readonly=True, copy=False)
    file_name = fields.Char(related="export_id.file_name")
    event_count = fields.Integer(related="export_id.event_count")
    message_count = fields.Integer(related="export_id.message_count")

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for audit in self:
            days = (audit.date_from, audit.date_to)
            audit.display_name = " – ".join(
                format_date(self.env, day, date_format="medium") for day in days
            )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(audit.date_from > audit.date_to for audit in self):
            raise ValidationError(self.env._("The period ends before it starts."))

    def write(self, vals):
        """Refuse changes of the set-up once the packet was requested."""
        if not self.env.su and any(audit.state != DRAFT for audit in self):
            raise UserError(self.env._("Create a new audit export instead."))
        return super().write(vals)

    @api.model
    def _get_setup_fields(self):
        return {"company_id", "date_from", "date_to", "tz"}

    def action_make(self):
        """Queue the packet, to be made with the user's rights."""
        self.ensure_one()
        self.check_access("write")
        self.env["sms.evidence"]._check_rights(self.company_id)
        if self.state in (DRAFT, FAILED):
            values = {"state": WAITING, "user_id": self.env.uid}
            self.sudo().write({**values, "problem": False, "tries": 0})
            self._wake()

    @api.model
    def _wake(self):
        """Start the job as soon as this transaction is committed."""
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_evidence_audit").sudo()._trigger()

    def action_refresh(self):
        """Reload, to show the state."""
        return reload_view()

    @api.model
    def _run_audits(self):
        """Make the waiting packets, one after the other (cron)."""
        cron = self.env["ir.cron"]
        while audit := self.search([("state", "=", WAITING)], order="id", limit=1):
            audit.tries += 1
            self.env["sms.evidence"]._seal(audit.company_id)
            cron._commit_progress(0, remaining=1)  # begins a new snapshot
            try:
                with self.env.cr.savepoint():
                    audit._make()
            except UserError as error:
                audit.write({"state": FAILED, "problem": str(error)})
            waiting = self.search_count([("state", "=", WAITING)])
            if not cron._commit_progress(1, remaining=waiting):
                return

    def _make(self):
        """Make the packet with its user's rights, and log the export."""
        self.ensure_one()
        if self.tries > MAX_TRIES:
            raise UserError(
                self.env._(
                    "The server's time limit has ended this %s times. Choose a shorter "
                    "period, or let an administrator raise limit_time_real_cron.",
                    MAX_TRIES,
                )
            )
        own = {"allowed_company_ids": self.company_id.ids, "lang": self.user_id.lang}
        source = self.env["sms.evidence"].with_user(self.user_id).with_context(**own)
        reference, data, counts = source._make_period(self.company_id, *self._span())
        export = self.env["sms.evidence.export"]._note(
            self.company_id,
            PERIOD,
            reference,
            f"{reference}.zip",
            data,
            user_id=self.user_id.id,
            date_from=self.date_from,
            date_to=self.date_to,
            event_count=counts["events"],
            message_count=counts["messages"],
        )
        file = base64.b64encode(data)
        self.write({"state": READY, "export_id": export.id, "file": file})

    def _span(self):
        """Return the start (UTC, included) and the end (excluded) of the period."""
        last = min(self.date_to, date.max - timedelta(days=2))
        days = (max(self.date_from, FIRST_DAY), last + timedelta(days=1))
        return [to_utc(datetime.combine(day, time()), self.tz) for day in days]

    @api.autovacuum
    def _gc_files(self):
        self.search([("write_date", "<", fields.Datetime.now() - KEEP)]).unlink()

    @api.model
    def _find_personal(self, company, numbers):
        """Return all audits, since anybody may be in their files."""
        domain = Domain("company_id", "=", company.id)
        return self.search(domain & Domain("state", "in", (WAITING, READY)))

    def _forget(self):
        """Delete finished packets, and start those in preparation over.

        A packet being made is a snapshot that still has the person. Since its row has
        changed meanwhile, PostgreSQL does not let it be saved.
        """
        waiting = self.filtered(lambda audit: audit.state == WAITING)
        if waiting:
            waiting.tries = 0
            self._wake()
        (self - waiting).unlink()
