# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import datetime, time, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools import consent


class SmsConsentPaperLine(models.Model):
    """A signed form that is to be recorded. Nothing in it is required but to record."""

    _name = "sms.consent.paper.line"
    _description = "Signed Consent Form"
    _inherit = ["sms.personal.data"]
    _order = "sequence, id"
    _rec_name = "scan_name"

    paper_id = fields.Many2one(
        "sms.consent.paper", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="paper_id.company_id")
    sequence = fields.Integer(default=10)
    scan = fields.Binary(attachment=True, help="PDF, PNG, JPEG, TIFF or HEIC.")
    scan_name = fields.Char()
    partner_id = fields.Many2one("res.partner", "Contact")
    number = fields.Char(
        "Phone Number", compute="_compute_person", store=True, readonly=False,
        precompute=True,
    )  # fmt: skip
    name = fields.Char(
        compute="_compute_person", store=True, readonly=False, precompute=True
    )
    signed_on = fields.Date(
        compute="_compute_signed_on", store=True, readonly=False, precompute=True
    )
    purpose_ids = fields.Many2many(
        "sms.purpose",
        string="Purposes",
        compute="_compute_purpose_ids",
        store=True,
        readonly=False,
        precompute=True,
    )
    problem = fields.Text(readonly=True)

    @api.depends("partner_id")
    def _compute_person(self):
        """Take number and name from the contact, if there is one."""
        for line in self:
            line.number = line.partner_id.phone or line.number
            line.name = line.partner_id.name or line.name

    @api.depends("paper_id.signed_on")
    def _compute_signed_on(self):
        for line in self:
            line.signed_on = line.paper_id.signed_on

    @api.depends("paper_id.purpose_ids")
    def _compute_purpose_ids(self):
        for line in self:
            line.purpose_ids = line.paper_id.purpose_ids

    def action_view_scan(self):
        """Open the scan beside the list, to read it while typing.

        :return: the action that opens it
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/scan",
            "target": "new",
        }

    def action_record(self):
        """Record this form alone."""
        self.ensure_one()
        self._record()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _record(self):
        """Record what is complete, and write beside the others why they are not.

        :return: how many were recorded
        """
        recorded = self.browse()
        for line in self:
            line.check_access("write")
            self.env["sms.consent.entry"]._check_may_record(line.company_id)
            try:
                with self.env.cr.savepoint():
                    line._enter()
            except UserError as error:
                line.problem = str(error)
            else:
                recorded += line
        for stack, lines in recorded.grouped("paper_id").items():
            stack.sudo().recorded_count += len(lines)
        # Its scan and its data are the evidence's now.
        recorded.sudo().unlink()
        return len(recorded)

    def _enter(self):
        """Enter the form into the ledger.

        :raises UserError: for the first thing that is missing or wrong
        """
        entry = self.env["sms.consent.entry"]
        stack = self.paper_id
        scan = entry._read_scan(self.scan_name, base64.b64decode(self.scan or b""))
        happened_at = self._get_moment()
        self._check_new(entry._read_number(self.company_id, self.number), happened_at)
        entry._enter(
            self.company_id,
            self.number,
            consent.GRANTED,
            "paper",
            self.purpose_ids,
            happened_at,
            self._get_words(),
            name=self.name,
            witness=stack.witness,
            files=[scan],
            res_model=self.partner_id and "res.partner",
            res_id=self.partner_id.id,
        )

    def _get_moment(self):
        """Return when the form was signed: the beginning of that day, in UTC.

        Whoever said STOP on that day has the last word.
        """
        if not self.signed_on:
            raise UserError(self.env._("Enter the date on which it was signed."))
        if self.signed_on > fields.Date.context_today(self):
            raise UserError(self.env._("It cannot be signed in the future."))
        zone = ZoneInfo(self.env.context.get("tz") or self.env.user.tz or "UTC")
        begin = datetime.combine(self.signed_on, time(), zone)
        return begin.astimezone(timezone.utc).replace(tzinfo=None)

    def _check_new(self, number, happened_at):
        """Refuse a form that is in the ledger: two scans of a sheet are one consent."""
        events_sudo = self.env["sms.consent.event"].sudo()
        found = events_sudo.search(
            events_sudo._number_domain(self.company_id, number)
            & Domain("event", "=", consent.GRANTED)
            & Domain("method", "=", "paper")
            & Domain("happened_at", "=", happened_at)
            & Domain("purpose_id", "in", self.purpose_ids.ids)
        )
        if self.purpose_ids and found.purpose_id >= self.purpose_ids:
            raise UserError(
                self.env._(
                    "A form of %s, signed on this day, is in the ledger already. "
                    "Remove this line if it is the same.",
                    number,
                )
            )

    def _get_words(self):
        """Return the words on the form.

        Of a form for other purposes than the stack's they are the published ones,
        unless the stack's were typed in: those are on the paper, whatever is ticked.
        """
        stack = self.paper_id
        as_published = stack.wording == stack._propose_words(stack.purpose_ids)
        if self.purpose_ids == stack.purpose_ids or not as_published:
            return stack.wording
        return stack._propose_words(self.purpose_ids)
