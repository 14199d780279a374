# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..models.core.mixins import FILLED_IN
from ..models.ledger.sms_consent_event import METHOD_SELECTION
from ..models.ledger.sms_purpose import INTERNAL
from ..tools import consent, phone, ways

#: Forms that can open this one, and are returned to.
BACK_MODELS = ("sms.composer", "sms.send.other")
#: Age up to which texts blocked for lack of consent are offered for sending.
BLOCKED_TIME = timedelta(hours=72)
#: Most blocked texts that are offered.
BLOCKED_LIMIT = 50
ID = re.compile(r"\b[0-9]{1,9}\b")
#: Methods that an agent can record; others are recorded automatically.
AGENT_METHODS = ("in_person", "phone", "written", consent.PAPER)


class SmsConsentRecord(models.TransientModel):
    """Form to record what a person has said or signed: an opt-in or opt-out."""

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
        help="What the person agreed to. For an opt-out, leave empty for everything.",
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
        precompute=True,
        help="The text that the person heard or signed. Change it if it differs.",
        **FILLED_IN,
    )
    note = fields.Text(help="What else should be known: where it was, what was asked.")
    witness = fields.Char("Witnessed By", help="Who witnessed the signature.")
    # In the table and not in the file store, so that it is deleted with this form.
    scan = fields.Binary(attachment=False, help="PDF, PNG, JPEG, TIFF or HEIC.")
    scan_name = fields.Char()
    res_model = fields.Char()
    res_id = fields.Integer()
    text_ids = fields.Char(help="The texts to be sent once it is recorded.")
    back_model = fields.Char()
    back_id = fields.Integer()
    blocked_count = fields.Integer(
        compute="_compute_blocked_note",
        help="Texts to this number that were blocked because this consent was missing.",
    )
    blocked_note = fields.Char(compute="_compute_blocked_note")
    sends_blocked = fields.Boolean("Send now")
    offered_purpose_ids = fields.Many2many(
        "sms.purpose", compute="_compute_offered_purpose_ids"
    )
    problem = fields.Text(
        compute="_compute_problem", help="Why this cannot be recorded."
    )
    notice = fields.Text(
        compute="_compute_problem", help="What to know about the number."
    )

    @api.onchange("decision")
    def _onchange_decision(self):
        """Propose an opt-out from everything: that is what people say."""
        if self.decision == consent.REVOKED:
            self.purpose_ids = False

    @api.depends("decision", "purpose_ids", "company_id")
    def _compute_wording(self):
        propose_words = self.env["sms.consent.entry"]._propose_words
        for record in self:
            record.wording = record.decision == consent.GRANTED and propose_words(
                record.company_id, record.purpose_ids._origin, record._get_lang()
            )

    @api.depends("decision", "method", "purpose_ids", "number", "company_id")
    def _compute_offered_purpose_ids(self):
        purposes = self.env["sms.purpose"].search([])
        for record in self:
            offered = purposes
            if not self.env["res.partner"]._is_sms_colleague(record._find_number()):
                offered = purposes.filtered(lambda it: it.code != INTERNAL)
            if record.decision == consent.GRANTED:
                offered = offered.filtered(
                    lambda it, way=record.method: not it._find_proof_fault(way)
                )
            record.offered_purpose_ids = offered | record.purpose_ids._origin

    @api.depends(
        "company_id", "number", "decision", "purpose_ids", "method", "happened_at"
    )
    @api.depends_context("tz", "lang")
    def _compute_problem(self):
        """Show beforehand why recording would fail, and notes on the number."""
        entry = self.env["sms.consent.entry"]
        for record in self:
            record.problem = record.notice = False
            company, number = record.company_id, record._find_number()
            # A client may send any company.
            is_filled_in = number and record.happened_at
            is_filled_in = is_filled_in and company in self.env.companies
            if record.decision != consent.GRANTED or not is_filled_in:
                continue
            said = consent.Said(record.decision, record.method, record.happened_at)
            subject = (company, number, said, record.purpose_ids._origin)
            record.problem = entry._find_fault(*subject)
            if not record.problem:
                record.notice = entry._find_notice(*subject)

    @api.model
    def _get_action(self, company, number, purposes, **defaults):
        """Return the action that opens this form for a number (E.164, may be empty)."""
        defaults |= {"company_id": company.id, "number": number or False}
        defaults["purpose_ids"] = purposes.ids
        return self._get_records_action(
            name=self.env._("Record consent"),
            target="new",
            context={f"default_{name}": value for name, value in defaults.items()},
        )

    def action_record(self):
        """Record the statement in the ledger, send waiting texts, and close.

        :raises UserError: if the number cannot be read or something is missing
        """
        self.ensure_one()
        record = self._check_rights()
        facts = {name: self[name] for name in ("note", "res_model", "res_id")}
        facts["name"] = self._get_person(record)
        entry = self.env["sms.consent.entry"]
        is_scanned = self.scan or self.decision == consent.GRANTED
        if self.method == consent.PAPER and is_scanned:
            facts |= {"files": [entry._read_scan(self)], "witness": self.witness}
        said = consent.Said(self.decision, self.method, self.happened_at)
        subject = (self.company_id, self.number, said, self.purpose_ids)
        entry._enter(*subject, self.wording, **facts)
        return self._go_on()

    def action_back(self):
        """Return to the form that opened this one, unchanged."""
        self.ensure_one()
        if self.back_model not in BACK_MODELS or not self.back_id:
            return {"type": "ir.actions.act_window_close"}
        form = self.env[self.back_model].browse(self.back_id).exists()
        form.check_access("read")
        name = self.env._("Send to another number")
        if form._name == "sms.composer":
            name = self.env._("Send SMS")
        return form._get_records_action(name=name, target="new", context={})

    # === Texts that lacked the consent ===

    @api.depends("company_id", "number", "decision", "purpose_ids", "text_ids")
    def _compute_blocked_note(self):
        for record in self:
            count = record.blocked_count = len(record._find_blocked())
            record.blocked_note = False
            if count and record.text_ids:
                record.blocked_note = self.env._(
                    "Blocked for want of consent, to the same number: %s more.", count
                )
            elif count == 1:
                record.blocked_note = self.env._(
                    "A text to this number was blocked because consent was missing."
                )
            elif count:
                record.blocked_note = self.env._(
                    "%s texts to this number were blocked because consent was missing.",
                    count,
                )

    def _find_blocked(self):
        """Return the texts blocked for lack of this consent that the user may send."""
        sms_sudo, number = self.env["sms.sms"].sudo(), self._find_number()
        if self.decision != consent.GRANTED or not number:
            return sms_sudo.sudo(False)
        lacking = [it for it, its in ways.BY_REASON.items() if ways.RECORD in its]
        sms_sudo = sms_sudo.search(
            [
                ("record_company_id", "=", self.company_id.id),
                ("number", "=", number),
                ("create_date", ">=", fields.Datetime.now() - BLOCKED_TIME),
                ("state", "=", "canceled"),
                ("gate_reason", "in", lacking),
                ("purpose_id", "in", self.purpose_ids._origin.ids),
                ("exemption", "=", False),
                ("sent_again_id", "=", False),
                ("told_at", "=", False),
            ],
            limit=BLOCKED_LIMIT,
        )
        texts = (sms_sudo - self._get_texts().sudo()).sudo(False)
        return texts.filtered(
            lambda sms: not sms.sudo()._get_over_reason() and sms._may_act()
        )

    def _get_texts(self):
        """Return the texts to this number that the form was opened to send."""
        ids = map(int, ID.findall(self.text_ids or "")[:BLOCKED_LIMIT])
        texts_sudo = self.env["sms.sms"].sudo().browse(ids).exists()
        subject = (self._find_number(), self.company_id)
        return texts_sudo.filtered(
            lambda sms: (sms.number, sms._get_sms_company()) == subject
        ).sudo(False)

    def _go_on(self):
        """Send the texts that lacked the consent, and return to the opening form."""
        texts = self.env["sms.sms"]
        if self.decision == consent.GRANTED:
            texts |= self._get_texts()
            if self.sends_blocked:
                texts |= self._find_blocked()
        if not texts:
            return self.action_back()
        sent_sudo, errors = texts._send_again()
        notice = sent_sudo._get_outcome_notice(errors)
        if self.back_id:
            notice["params"]["next"] = self.action_back()
        return notice

    def _check_rights(self):
        """Check the user's rights, and return the record that this is about."""
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
        if "sms_contact_label" in record:
            # In sudo for compliance officers, who may not be helpdesk users.
            return record.sudo().sms_contact_label
        if "sms_customer_id" in record:
            return record.sms_customer_id.name
        return record.display_name

    def _find_number(self):
        """Return the number as E.164, empty if it cannot be read."""
        return self.env["sms.consent.entry"]._find_number(self.company_id, self.number)

    def _get_lang(self):
        """Return the code of the language for the person on the record."""
        return self.company_id._find_sms_lang(self._get_own_lang(), self._find_number())

    def _get_own_lang(self):
        record = self.env.get(self.res_model)
        if record is None or not self.res_id:
            return False
        record = record.browse(self.res_id).exists()
        if not record.has_access("read"):
            return False
        for name in ("sms_customer_id", "partner_id"):
            if name in record:
                return record.sudo()[name].lang
        return "lang" in record and record.lang

    @api.model
    def _find_personal(self, company, numbers):
        forms = self.search([("company_id", "=", company.id)])
        return forms.filtered(
            lambda form: any(phone.is_written(form.number, n) for n in numbers)
        )
