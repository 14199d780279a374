# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools import TICKET_MODEL, verdicts, ways


class SmsSendOther(models.TransientModel):
    """Form to send an undelivered text to another number."""

    _name = "sms.send.other"
    _description = "Send a Text to Another Number"
    _inherit = ["sms.personal.data"]
    _is_counted = False

    sms_id = fields.Many2one("sms.sms", required=True, ondelete="cascade")
    number = fields.Char("Phone Number")
    body = fields.Text("Message", compute="_compute_body")
    is_ticket = fields.Boolean(compute="_compute_body")
    is_kept = fields.Boolean(
        "Change the Ticket's Number",
        help="What is texted from the ticket goes there from now on.",
    )
    block_reason = fields.Char(
        compute="_compute_block_reason", help="Why it would not be sent to this number."
    )
    needs_consent = fields.Boolean(compute="_compute_block_reason")

    @api.depends("sms_id")
    def _compute_body(self):
        """Show the text to users who may act on it, as a client can send any id."""
        for form in self:
            may_see = form.sms_id and form.sms_id._may_act()
            form.body = may_see and form.sms_id.sudo().body
            record = may_see and form.sms_id._get_post_record()
            form.is_ticket = bool(record) and record._name == TICKET_MODEL

    @api.depends("sms_id", "number")
    def _compute_block_reason(self):
        for form in self:
            reason = ""
            if form.body and form.number:
                decision = form.sms_id._preview_again(form.number)
                reason = decision.verdict == verdicts.BLOCK and decision.reason
            form.block_reason = form.sms_id._get_gate_label(reason) if reason else ""
            form.needs_consent = ways.RECORD in ways.BY_REASON.get(reason, ())

    def action_send(self):
        """Send the same text to this number.

        :raises UserError: without a number, or if the text may not go there
        """
        self.ensure_one()
        if not (self.number or "").strip():
            raise UserError(self.env._("Enter the number first."))
        sent_sudo, errors = self.sms_id._send_again(self.number)
        if errors:
            raise errors[0]
        if self.is_kept and self.is_ticket:
            self.sms_id._get_post_record().partner_phone = sent_sudo.number
        return sent_sudo._get_outcome_notice()

    def action_record_sms_consent(self):
        """Open the form to record consent for this number, which leads back here."""
        self.ensure_one()
        self.sms_id._check_may_act()
        sms_sudo = self.sms_id.sudo()
        return self.env["sms.consent.record"]._get_action(
            sms_sudo._get_sms_company(),
            sms_sudo._prepare_again(self.number)["number"],
            sms_sudo.purpose_id.sudo(False),
            back_model=self._name,
            back_id=self.id,
        )

    @api.model
    def _get_personal_domain(self, company, numbers):
        named = Domain("number", "in", numbers) | Domain("sms_id.number", "in", numbers)
        return Domain("sms_id.record_company_id", "=", company.id) & named
