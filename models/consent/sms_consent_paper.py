# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import consent
from ...tools.actions import notify, reload_view
from ...tools.appointments import to_utc

#: How long a completely recorded stack is kept.
KEEP_EMPTY = timedelta(days=7)
#: Models whose attachments are scans of signed forms: uploads, and lines.
SCANNED = {"sms.consent.paper", "sms.consent.paper.line"}
#: Options of fields that are proposed, with the user's rights, and may be changed.
PROPOSED = {"store": True, "readonly": False, "precompute": True, "compute_sudo": False}


class SmsConsentPaper(models.Model):
    """A stack of signed forms: entered line by line, recorded together.

    Recorded forms move to the ledger with their scans; the others stay, with the
    reason. So nothing is lost, and no personal data stays here longer than necessary.
    """

    _name = "sms.consent.paper"
    _inherit = "sms.setup.mixin"
    _description = "Batch of Signed Consent Forms"
    _order = "id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    purpose_ids = fields.Many2many(
        "sms.purpose", string="Purposes", help="What these forms ask for."
    )
    signed_on = fields.Date(default=fields.Date.context_today)
    # In a form, what its lines were filled in with.
    filled_on = fields.Date(store=False)
    filled_purpose_ids = fields.Many2many("sms.purpose", store=False)
    witness = fields.Char(
        "Witnessed By",
        default=lambda self: self.env.user.name,
        help="Who witnessed the signatures.",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="The language the forms are printed in.",
    )
    wording = fields.Text(
        "Text on the Form",
        compute="_compute_wording",
        help="The text above the signature. Change it if the form differs.",
        **PROPOSED,
    )
    upload_ids = fields.Many2many(
        "ir.attachment", string="Add Scans", help="Each file becomes a line."
    )
    line_ids = fields.One2many("sms.consent.paper.line", "paper_id", "Forms")
    line_count = fields.Integer("To Record", compute="_compute_line_count")
    problem_count = fields.Integer("Problems", compute="_compute_line_count")
    recorded_count = fields.Integer("Recorded", readonly=True, copy=False)

    @api.depends("create_date")
    def _compute_display_name(self):
        for stack in self:
            name = self.env._("Signed forms no. %s", stack._origin.id)
            stack.display_name = name if stack._origin else self.env._("New batch")

    @api.depends("purpose_ids", "company_id", "lang")
    def _compute_wording(self):
        for stack in self:
            stack.wording = stack._propose_words(stack.purpose_ids._origin)

    def _propose_words(self, purposes):
        entry = self.env["sms.consent.entry"]
        return entry._propose_words(self.company_id, purposes, self.lang)

    @api.onchange("signed_on")
    def _onchange_signed_on(self):
        """Change the date of its lines as well, unless they have one of their own."""
        former = (False, self.filled_on or self._origin.signed_on)
        lines = self.line_ids.filtered(lambda line: line.signed_on in former)
        lines.signed_on = self.filled_on = self.signed_on

    @api.onchange("purpose_ids")
    def _onchange_purpose_ids(self):
        """Change the purposes of its lines likewise: a box not ticked is no consent."""
        former = (self.filled_purpose_ids or self._origin.purpose_ids)._origin
        lines = self.line_ids.filtered(
            lambda line: line.purpose_ids._origin in (former, former.browse())
        )
        lines.purpose_ids = self.filled_purpose_ids = self.purpose_ids

    @api.depends("line_ids.problem")
    def _compute_line_count(self):
        for stack in self:
            stack.line_count = len(stack.line_ids)
            stack.problem_count = len(stack.line_ids.filtered("problem"))

    @api.model_create_multi
    def create(self, vals_list):
        """Create a line for each scan that was added."""
        stacks = super().create(vals_list)
        stacks._after_save()
        return stacks

    def write(self, vals):
        """Create a line for each scan that was added."""
        result = super().write(vals)
        self._after_save()
        return result

    def _after_save(self):
        """Check the user's rights, and create a line per scan, ordered by name."""
        for company in self.company_id:
            self.env["sms.consent.entry"]._check_may_record(company)
        for stack in self.filtered("upload_ids"):
            uploads = stack.upload_ids
            lines = [
                {"paper_id": stack.id, "scan_name": file.name, "scan": file.datas}
                for file in uploads.sorted("name")
            ]
            stack.upload_ids = False
            uploads.unlink()
            self.env["sms.consent.paper.line"].create(lines)

    def action_add_scans(self):
        """Reload, to show the lines of the scans that the client has just saved."""
        self.check_access("read")
        return True

    def action_record(self):
        """Record every complete form; the others stay, with the reason."""
        self.ensure_one()
        recorded = self.line_ids._record()
        left = len(self.line_ids)
        message = self.env._("%s recorded.", recorded)
        if left:
            message += " " + self.env._("%s left: see what is missing.", left)
        return notify(message, "warning" if left else "success", next=reload_view())

    @api.autovacuum
    def _gc_recorded(self):
        limit = fields.Datetime.now() - KEEP_EMPTY
        self.search([("line_ids", "=", False), ("write_date", "<", limit)]).unlink()


class SmsConsentPaperLine(models.Model):
    """A signed form to be recorded; its fields are only required for recording."""

    _name = "sms.consent.paper.line"
    _description = "Signed Consent Form"
    _inherit = "sms.personal.data"
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
    # In a form, the contact chosen before: an unsaved line does not know it.
    filled_partner_id = fields.Many2one("res.partner", "Person", store=False)
    number = fields.Char("Phone Number", compute="_compute_person", **PROPOSED)
    name = fields.Char(compute="_compute_person", **PROPOSED)
    signed_on = fields.Date(compute="_compute_signed_on", **PROPOSED)
    purpose_ids = fields.Many2many(
        "sms.purpose", string="Purposes", compute="_compute_purpose_ids", **PROPOSED
    )
    problem = fields.Text(readonly=True)

    @api.constrains("paper_id")
    def _check_paper_id(self):
        self.sudo(False).paper_id.check_access("write")

    @api.depends("partner_id")
    def _compute_person(self):
        for line in self:
            line.number = self._get_number(line.partner_id) or line.number
            line.name = line.partner_id.name or line.name

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        """Drop what the contact chosen before has filled in: it is somebody else's."""
        former, partner = self.filled_partner_id, self.partner_id
        former = former or self._origin.partner_id
        if former and self.number == self._get_number(former):
            self.number = self._get_number(partner)
        if former and self.name == former.name:
            self.name = partner.name
        self.filled_partner_id = partner

    @api.model
    def _get_number(self, partner):
        """Return a contact's number, if possible as its own country reads it."""
        return partner.phone_sanitized or partner.phone

    @api.depends("paper_id")
    def _compute_signed_on(self):
        for line in self:
            line.signed_on = line.paper_id.signed_on

    @api.depends("paper_id")
    def _compute_purpose_ids(self):
        for line in self:
            line.purpose_ids = line.paper_id.purpose_ids

    def action_view_scan(self):
        """Open the scan beside the list, to read it while typing."""
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
        return reload_view()

    def _record(self):
        """Record complete forms, note what others lack; return how many are done."""
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
        # Their scans and data belong to the evidence now.
        recorded.sudo().unlink()
        return len(recorded)

    def _enter(self):
        entry = self.env["sms.consent.entry"]
        scan = entry._read_scan(self)
        happened_at = self._get_moment()
        self._check_new(entry._read_number(self.company_id, self.number), happened_at)
        said = consent.Said(consent.GRANTED, consent.PAPER, happened_at)
        subject = (self.company_id, self.number, said, self.purpose_ids)
        facts = {"name": self.name, "witness": self.paper_id.witness, "files": [scan]}
        if self.partner_id:
            facts |= {"res_model": "res.partner", "res_id": self.partner_id.id}
        entry._enter(*subject, self._get_words(), **facts)

    def _get_moment(self):
        """Return when the form was signed: the beginning of that day, in UTC.

        So a STOP on the same day counts as later.
        """
        if not self.signed_on:
            raise UserError(self.env._("Enter the date on which it was signed."))
        if self.signed_on > fields.Date.context_today(self):
            raise UserError(self.env._("It cannot be signed in the future."))
        return to_utc(datetime.combine(self.signed_on, time()), str(self.env.tz))

    def _check_new(self, number, happened_at):
        """Refuse a form already in the ledger, such as a second scan of a sheet."""
        events_sudo = self.env["sms.consent.event"].sudo()
        domain = events_sudo._number_domain(self.company_id, number)
        domain &= Domain("event", "=", consent.GRANTED) & Domain("method", "=", "paper")
        domain &= Domain("happened_at", "=", happened_at)
        domain &= Domain("purpose_id", "in", self.purpose_ids.ids)
        found = events_sudo.search(domain)
        if self.purpose_ids and found.purpose_id >= self.purpose_ids:
            message = self.env._(
                "A form of %s, signed on this day, is in the ledger already. "
                "Remove this line if it is the same.",
                number,
            )
            raise UserError(message)

    def _get_words(self):
        """Return the words on the form.

        For other purposes than the stack's they are the published ones, of the stack's
        versions, unless its words were edited: then these are on the paper, whatever is
        ticked.
        """
        stack, entry = self.paper_id, self.env["sms.consent.entry"]
        known = (stack.company_id, stack.purpose_ids, stack.wording)
        found_sudo = entry._match_wordings(*known)
        if self.purpose_ids == stack.purpose_ids or not found_sudo:
            return stack.wording
        own_sudo = found_sudo.filtered(lambda it: it.purpose_id in self.purpose_ids)
        if own_sudo.purpose_id >= self.purpose_ids:
            return own_sudo._render(stack.company_id)
        return stack._propose_words(self.purpose_ids)


class IrAttachment(models.Model):
    """Keeps scans of signed forms as they were uploaded: they become evidence."""

    _inherit = "ir.attachment"

    def _postprocess_contents(self, values):
        """Do not shrink them, as Odoo shrinks other large pictures."""
        if SCANNED & {values.get("res_model"), *self.mapped("res_model")}:
            return values
        return super()._postprocess_contents(values)
