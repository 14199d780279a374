# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..models.ledger.sms_consent_event import METHOD_SELECTION
from ..tools import consent, phone

#: What an agent can witness. The other ways enter themselves.
AGENT_METHODS = ("in_person", "phone", "written", consent.PAPER)


class SmsConsentRecord(models.TransientModel):
    """Form to enter what a person has said or signed: a yes or an opt-out."""

    _name = "sms.consent.record"
    _inherit = "sms.personal.data"
    _is_counted = False
    _description = "Record Text Message Consent"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    number = fields.Char("Phone Number", required=True)
    decision = fields.Selection(
        [
            (consent.GRANTED, "Agrees to text messages"),
            (consent.REVOKED, "Wants no more text messages"),
        ],
        required=True,
        default=consent.GRANTED,
    )
    purpose_ids = fields.Many2many(
        "sms.purpose",
        string="Purposes",
        help="What the person agreed to. For an opt-out: empty means everything.",
    )
    method = fields.Selection(
        [pair for pair in METHOD_SELECTION if pair[0] in AGENT_METHODS],
        string="How",
        required=True,
        default="in_person",
    )
    happened_at = fields.Datetime("When", required=True, default=fields.Datetime.now)
    wording = fields.Text(
        compute="_compute_wording",
        store=True,
        readonly=False,
        precompute=True,
        help="The words that the person heard or signed. Change them if they differ.",
    )
    note = fields.Text(help="What else should be known: where it was, what was asked.")
    witness = fields.Char("Witnessed By", help="Who saw the form being signed.")
    # In the table and not in the file store: it goes with this form.
    scan = fields.Binary(attachment=False, help="PDF, PNG, JPEG, TIFF or HEIC.")
    scan_name = fields.Char()
    res_model = fields.Char()
    res_id = fields.Integer()
    offered_purpose_ids = fields.Many2many(
        "sms.purpose", compute="_compute_offered_purpose_ids"
    )
    problem = fields.Text(
        compute="_compute_problem", help="Why this cannot be recorded."
    )
    notice = fields.Text(
        compute="_compute_problem", help="What should be known of the number."
    )

    @api.depends("decision", "purpose_ids", "company_id")
    def _compute_wording(self):
        propose_words = self.env["sms.consent.entry"]._propose_words
        for record in self:
            record.wording = record.decision == consent.GRANTED and propose_words(
                record.company_id, record.purpose_ids._origin, record._get_lang()
            )

    @api.depends("decision", "method", "purpose_ids")
    def _compute_offered_purpose_ids(self):
        purposes = self.env["sms.purpose"].search([])
        for record in self:
            offered = purposes
            if record.decision == consent.GRANTED:
                offered = purposes.filtered(
                    lambda it, way=record.method: not it._find_proof_fault(way)
                )
            record.offered_purpose_ids = offered | record.purpose_ids._origin

    @api.depends(
        "company_id", "number", "decision", "purpose_ids", "method", "happened_at"
    )
    @api.depends_context("tz", "lang")
    def _compute_problem(self):
        """Say at once what recording would refuse, and what else binds the number."""
        entry = self.env["sms.consent.entry"]
        for record in self:
            record.problem = record.notice = False
            if record.decision != consent.GRANTED or not record.happened_at:
                continue
            subject = (record.company_id, record.number)
            said = (record.purpose_ids._origin, record.happened_at)
            record.problem = entry._find_problem(*subject, record.method, *said)
            if not record.problem:
                record.notice = entry._find_notice(*subject, *said)

    @api.model
    def _get_action(self, company, number, purposes, **defaults):
        """Return the action that opens this form for a number (E.164, may be empty)."""
        defaults |= {"company_id": company.id, "number": number or False}
        defaults["purpose_ids"] = purposes.ids
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record consent"),
            "res_model": self._name,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {f"default_{name}": value for name, value in defaults.items()},
        }

    def action_record(self):
        """Enter it into the ledger and close.

        :raises UserError: when the number cannot be read or something is missing
        """
        self.ensure_one()
        record = self._check_rights()
        facts = {}
        entry = self.env["sms.consent.entry"]
        if self.method == consent.PAPER:
            facts = {"files": [entry._read_scan(self)], "witness": self.witness}
        entry._enter(
            self.company_id,
            self.number,
            self.decision,
            self.method,
            self.purpose_ids,
            self.happened_at,
            self.wording,
            note=self.note,
            name=self._get_person(record),
            res_model=self.res_model,
            res_id=self.res_id,
            **facts,
        )
        return {"type": "ir.actions.act_window_close"}

    def _check_rights(self):
        """Return the record that this is about, after checking what the user may."""
        self.env["sms.consent.entry"]._check_may_record(self.company_id)
        if not (self.res_model and self.res_id):
            return None
        if not isinstance(self.env.get(self.res_model), self.pool["sms.consent.mixin"]):
            raise ValidationError(self.env._("Consent cannot be recorded here."))
        record = self.env[self.res_model].browse(self.res_id)
        record.check_access("read")
        return record

    def _get_person(self, record):
        if not record:
            return False
        if "sms_customer_name" in record:
            return record.sms_customer_name
        return record.display_name

    def _get_lang(self):
        """Return the language of the person on the record, False when unknown."""
        record = self.env.get(self.res_model)
        if record is None or not self.res_id or not record.has_access("read"):
            return False
        record = record.browse(self.res_id).exists()
        if not record.has_access("read"):
            return False
        for name in ("sms_customer_id", "partner_id"):
            if name in record:
                return record[name].lang
        return "lang" in record and record.lang

    @api.model
    def _find_personal(self, company, numbers):
        forms = self.search([("company_id", "=", company.id)])
        return forms.filtered(
            lambda form: any(phone.is_written(form.number, n) for n in numbers)
        )
