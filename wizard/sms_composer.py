# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.sms_gate import GateQuestion
from ..models.sms_purpose import PurposeCode
from ..tools import gate


class SmsComposer(models.TransientModel):
    """Odoo's composer: asks the gate first, and keeps tickets to who may text them."""

    _inherit = "sms.composer"

    sms_block_reason = fields.Char(
        compute="_compute_sms_block_reason",
        help="Why the gate would not let this message pass. Empty if it would.",
    )

    sms_footer = fields.Char(
        compute="_compute_sms_footer",
        help="Goes under the text when it is sent, in the recipient's language.",
    )

    @api.depends("res_model")
    def _compute_sms_footer(self):
        for composer in self:
            purpose_sudo = composer._get_sms_purpose_sudo()
            composer.sms_footer = purpose_sudo.footer

    @api.depends("recipient_single_number_itf", "res_model", "res_id")
    def _compute_sms_block_reason(self):
        """Ask the gate about the one recipient, so that nobody writes in vain."""
        labels = dict(self._fields_gate_labels())
        for composer in self:
            composer.sms_block_reason = False
            if not (composer.comment_single_recipient and composer.res_model):
                continue
            record = composer._get_records()
            decision = composer._ask_gate(record)
            if decision.verdict == gate.BLOCK:
                composer.sms_block_reason = labels[decision.reason]

    def _get_sms_purpose_sudo(self):
        """Return what the messages are for: our own code's word, else the record's."""
        purpose_sudo = self.env["sms.purpose"].sudo()
        purpose = self.env.context.get("sms_purpose")
        if isinstance(purpose, PurposeCode):
            return purpose_sudo._get(purpose.code)
        return purpose_sudo._get_for_model(self.res_model)

    def _fields_gate_labels(self):
        """Return the gate's reasons in the reader's language."""
        field = self.env["sms.sms"]._fields["gate_reason"]
        return field._description_selection(self.env)

    def _ask_gate(self, record):
        """Return the gate's decision on a message to the composer's recipient."""
        number = self.recipient_single_number_itf or self.recipient_single_number
        company = self.env.company
        if "company_id" in record and record.company_id:
            company = record.company_id
        question = GateQuestion(
            company,
            record._phone_format(number=number) or number,
            self._get_sms_purpose_sudo(),
        )
        return self.env["sms.gate"].sudo()._decide([question])[0][0]

    def action_record_sms_consent(self):
        """Open the form to record a consent, for the record of this message."""
        self.ensure_one()
        return self._get_records().action_record_sms_consent()

    def _action_send_sms(self):
        """Check the right to text a ticket, and say what the messages are for."""
        if self.res_model == "helpdesk.ticket":
            self._get_records()._check_may_text()
        composer = self.with_context(
            sms_purpose=PurposeCode(self._get_sms_purpose_sudo().code),
            sms_template_id=self.template_id.id,
        )
        return super(SmsComposer, composer)._action_send_sms()

    def _prepare_body_values(self, records):
        """Send what the person saw: never render a text a second time.

        In a single message the body is rendered when the composer opens. Rendered
        again, a ticket's own title could name any field and have it texted.
        """
        if self.comment_single_recipient:
            return dict.fromkeys(records.ids, self.body)
        return super()._prepare_body_values(records)
