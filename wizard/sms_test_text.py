# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request

from ..models.ledger.sms_purpose import INTERNAL
from ..models.message.sms_sms_waiting import WAITING
from ..tools import consent
from ..tools.actions import notify


class SmsTestText(models.TransientModel):
    """A text to one's own phone, to test that texts are sent and delivered.

    It passes the same gate as any other. On the form the user agrees to the purpose
    "internal", in the words shown, which is recorded in the ledger like any opt-in.
    After an opt-out the user must first text START, since a form cannot undo a STOP.
    """

    _name = "sms.test.text"
    _description = "Test Text to One's Own Phone"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True,
        default=lambda self: self.env.company,
    )  # fmt: skip
    number = fields.Char(
        "Your Phone",
        required=True,
        default=lambda self: self.env.user.partner_id.phone,
        help="For a number of another country, start with + and its code.",
    )
    body = fields.Text(
        "Text",
        required=True,
        default=lambda self: self.env._(
            "%s: this is a test from the helpdesk. Texts arrive. Reply HELP to see "
            "that answers come back.",
            self.env.company.name,
        ),
    )
    back_ref = fields.Reference(
        [("sms.composer", "Send SMS"), ("sms.incident.publish", "Publish news")],
        readonly=True,
    )
    is_agreed = fields.Boolean("This is my phone, and I agree")
    is_known = fields.Boolean(compute="_compute_wording")
    wording = fields.Text(compute="_compute_wording")

    @api.depends("company_id", "number")
    def _compute_wording(self):
        for form in self:
            choice = form._get_choice()
            form.wording = choice.text
            form.is_known = bool(form.number) and choice.is_on

    @api.model
    def _open(self, body, **defaults):
        """Return the action that opens the form with the text of a mass message."""
        context = {"default_body": body}
        context |= {f"default_{name}": value for name, value in defaults.items()}
        name = self.env._("Text it to my phone")
        return self._get_records_action(name=name, target="new", context=context)

    def _get_choice(self):
        """Return the internal purpose's wording, and the number's current answer."""
        self.company_id._check_sms_user()
        forms_sudo = self.env["sms.consent.form"].sudo()
        company_sudo = self.company_id.sudo()
        [choice] = forms_sudo._get_choices(
            company_sudo,
            forms_sudo._read_number(company_sudo, self.number),
            self.env["sms.purpose"]._get(INTERNAL),
            self.env.lang,
        )
        return choice

    def action_send(self):
        """Record the consent given on the form, and queue the text.

        :raises AccessError: unless a helpdesk manager or administrator
        :raises UserError: for an invalid number, without agreement, after a STOP, or
            above the hourly limit, which keeps lists from being texted
        """
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        self.env["sms.carrier.check"]._check_user(self.company_id)
        forms_sudo = self.env["sms.consent.form"].sudo()
        number = forms_sudo._read_number(company_sudo, self.number)
        if not number:
            raise UserError(
                self.env._(
                    "This is not a phone number. Enter it with + and the country code."
                )
            )
        if self.env["sms.rate.limit"].sudo()._is_over("test_texts", str(self.env.uid)):
            raise UserError(self.env._("Too many tests. Try again in an hour."))
        self._agree(forms_sudo, number)
        sms_sudo = self.env["sms.sms"].sudo()
        sms_sudo = sms_sudo.create(
            {
                "number": number,
                "body": self.body,
                "record_company_id": company_sudo.id,
                "purpose_id": self.env["sms.purpose"]._get(INTERNAL).id,
            }
        )
        kind = "success" if sms_sudo.state == WAITING else "warning"
        return notify(sms_sudo._describe_outcome(), kind, next=self.action_back())

    def action_back(self):
        """Return to the form that opened this one, if any, unchanged."""
        self.ensure_one()
        if not (self.back_ref and self.back_ref.exists()):
            return {"type": "ir.actions.act_window_close"}
        self.back_ref.check_access("read")
        names = dict(self._fields["back_ref"]._description_selection(self.env))
        name = names[self.back_ref._name]
        return self.back_ref._get_records_action(name=name, target="new", context={})

    def _agree(self, forms_sudo, number):
        """Record the opt-in of this form, unless the number has one already."""
        choice = self._get_choice()
        if choice.is_on:
            return
        if choice.state == consent.OPTED_OUT:
            raise UserError(
                self.env._("This number has opted out. Text START from it first.")
            )
        if not (self.is_agreed and choice.wording):
            raise UserError(
                self.env._("Confirm that this is your phone and that you agree.")
            )
        http = request and request.httprequest
        trace = forms_sudo._get_trace(
            http and http.remote_addr, http and http.user_agent.string, "sms.test.text"
        )
        forms_sudo._agree(
            self.company_id.sudo(), number, [choice], trace, name=self.env.user.name
        )
