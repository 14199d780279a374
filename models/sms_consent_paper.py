# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

#: How long a stack of which everything is recorded is still shown.
KEEP_EMPTY = timedelta(days=7)


class SmsConsentPaper(models.Model):
    """A stack of signed forms on a desk: entered line by line, recorded together.

    What is recorded leaves the stack for the ledger, the scan with it; what is not
    stays with the reason beside it. So nothing is lost, and nothing that names a person
    lies here longer than it must.
    """

    _name = "sms.consent.paper"
    _description = "Stack of Signed Consent Forms"
    _order = "id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    purpose_ids = fields.Many2many(
        "sms.purpose", string="Purposes", help="What these forms ask for."
    )
    signed_on = fields.Date(default=fields.Date.context_today)
    witness = fields.Char(
        "Witnessed By",
        default=lambda self: self.env.user.name,
        help="Who saw the forms being signed.",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="In which the forms are printed.",
    )
    wording = fields.Text(
        "Words on the Form",
        compute="_compute_wording",
        store=True,
        readonly=False,
        precompute=True,
        help="The words above the signature. Change them if the form has others.",
    )
    upload_ids = fields.Many2many(
        "ir.attachment", string="Add Scans", help="Each file becomes a line."
    )
    line_ids = fields.One2many("sms.consent.paper.line", "paper_id", string="Forms")
    line_count = fields.Integer("To Record", compute="_compute_line_count")
    problem_count = fields.Integer("Problems", compute="_compute_line_count")
    recorded_count = fields.Integer("Recorded", readonly=True, copy=False)

    @api.depends("create_date")
    def _compute_display_name(self):
        for stack in self:
            stack.display_name = (
                self.env._("Signed forms no. %s", stack._origin.id)
                if stack._origin
                else self.env._("New stack")
            )

    @api.depends("purpose_ids", "company_id", "lang")
    def _compute_wording(self):
        """Propose the published words."""
        for stack in self:
            stack.wording = stack._propose_words(stack.purpose_ids._origin)

    def _propose_words(self, purposes):
        """Return the published words for some purposes, as these forms print them."""
        return self.env["sms.consent.entry"]._propose_words(
            self.company_id, purposes, self.lang
        )

    @api.depends("line_ids.problem")
    def _compute_line_count(self):
        for stack in self:
            stack.line_count = len(stack.line_ids)
            stack.problem_count = len(stack.line_ids.filtered("problem"))

    @api.model_create_multi
    def create(self, vals_list):
        """Make a line of each scan that was added, and start to count."""
        self._check_own(vals_list)
        stacks = super().create(vals_list)
        for stack in stacks:
            self.env["sms.consent.entry"]._check_may_record(stack.company_id)
        stacks._add_uploads()
        return stacks

    def write(self, vals):
        """Make a line of each scan that was added."""
        self._check_own([vals])
        result = super().write(vals)
        for stack in self:
            self.env["sms.consent.entry"]._check_may_record(stack.company_id)
        self._add_uploads()
        return result

    def _check_own(self, vals_list):
        """Refuse to set how many were recorded."""
        if not self.env.su and any("recorded_count" in vals for vals in vals_list):
            raise AccessError(self.env._("What is recorded is counted by itself."))

    def _add_uploads(self):
        """Make a line of each scan that was added, in the order of their names."""
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
        """Show the lines of the scans that were just added: the client saved them."""
        self.check_access("read")
        return True

    def action_record(self):
        """Record every form that is complete; the others stay and say why.

        :return: a message that says how many it were
        """
        self.ensure_one()
        recorded = self.line_ids._record()
        left = len(self.line_ids)
        message = self.env._("%s recorded.", recorded)
        if left:
            message += " " + self.env._("%s left: see what is missing there.", left)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.autovacuum
    def _gc_recorded(self):
        """Clear away the stacks of which everything is in the ledger."""
        limit = fields.Datetime.now() - KEEP_EMPTY
        self.search([("line_ids", "=", False), ("write_date", "<", limit)]).unlink()
