# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.core.mixins import FILLED_IN
from ..models.ledger.sms_consent_evidence import CERTIFICATE, KIND_SELECTION, PACKET


class SmsEvidenceWizard(models.TransientModel):
    """Form to export the evidence of one person, for compliance officers."""

    _name = "sms.evidence.wizard"
    _inherit = "sms.personal.data"
    _is_counted = False
    _description = "Evidence of a Person"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one("res.partner", "Contact")
    numbers = fields.Char(
        "Phone Number",
        compute="_compute_numbers",
        precompute=True,
        help="Several are separated by commas: those of one person.",
        **FILLED_IN,
    )
    number_hashes = fields.Char(
        readonly=True, help="All that is left of numbers that were erased."
    )
    kind = fields.Selection(
        [pair for pair in KIND_SELECTION if pair[0] in (CERTIFICATE, PACKET)],
        string="What",
        required=True,
        default=CERTIFICATE,
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="The language the certificate is written in.",
    )
    has_pdf = fields.Boolean(compute="_compute_has_pdf")

    @api.model
    def default_get(self, fields_list):
        """Default to the person of the active contact, answers or events."""
        values = super().default_get(fields_list)
        model_name = self.env.context.get("active_model")
        if model_name not in ("res.partner", "sms.consent", "sms.consent.event"):
            return values
        records = self.env[model_name].browse(self.env.context.get("active_ids", ()))
        if model_name == "res.partner":
            return {"partner_id": records[:1].id, **values}
        erased = records.filtered(lambda record: not record.number)
        return {
            **values,
            "company_id": records.company_id[:1].id,
            "numbers": ", ".join(dict.fromkeys((records - erased).mapped("number"))),
            "number_hashes": " ".join(dict.fromkeys(erased.mapped("number_hash"))),
        }

    @api.depends("partner_id", "company_id")
    def _compute_numbers(self):
        for wizard in self:
            if wizard.partner_id:
                found = self.env["sms.evidence"]._find_numbers(
                    wizard.company_id, wizard.partner_id._origin
                )
                wizard.numbers = ", ".join(found)

    def _compute_has_pdf(self):
        self.has_pdf = self.env["ir.actions.report"]._can_render_sms_pdf()

    def action_make(self):
        """Make the file, log it as an export, and download it.

        :raises AccessError: if the user is not a compliance officer of the company
        :raises UserError: if the ledger does not know the number
        """
        self.ensure_one()
        source = self.env["sms.evidence"].with_context(lang=self.lang)
        facts = source._gather(
            self.company_id, self._read_numbers(), (self.number_hashes or "").split()
        )
        if self.kind == PACKET:
            ending, data = "zip", source._make_packet(facts)
        else:
            ending, data = source._make_certificate(facts)
        numbers = facts["person"]["numbers"]
        action = self.env["sms.evidence.export"]._hand_out(
            self,
            self.kind,
            facts["reference"],
            f"{facts['reference']}.{ending}",
            data,
            number_hashes=" ".join(number["number_hash"] for number in numbers),
            event_count=len(facts["events"]),
            message_count=len(facts["messages"]),
        )
        return {**action, "close": True}

    def _read_numbers(self):
        parts = (self.numbers or "").split(",")
        numbers = [self.company_id._read_sms_number(it) for it in parts if it.strip()]
        if not numbers and not self.number_hashes:
            raise UserError(self.env._("Enter the phone number."))
        return list(dict.fromkeys(numbers))

    @api.model
    def _find_personal(self, company, numbers):
        return self.search([("company_id", "=", company.id)])
