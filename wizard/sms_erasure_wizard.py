# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..models.core.mixins import FILLED_IN
from ..models.core.moments import say_moment
from ..tools import phone
from ..tools.figures import render_counts


class SmsErasureWizard(models.TransientModel):
    """Form to erase a person by a number, or a contact by all of its numbers.

    It deletes itself, since it contains the number.
    """

    _name = "sms.erasure.wizard"
    _description = "Erase a Person"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True)
    number = fields.Char("Phone Number")
    line_ids = fields.One2many(
        "sms.erasure.wizard.line",
        "wizard_id",
        string="Numbers",
        compute="_compute_line_ids",
        **FILLED_IN,
    )
    reason = fields.Char(
        "Request",
        required=True,
        help="Where the request is filed, and when it was received, without name or "
        "number. It is kept on record.",
    )
    is_opt_out = fields.Boolean(
        "The person wants no more texts, either",
        help="Records an opt-out from everything. It blocks the number forever, by "
        "its keyed hash.",
    )
    is_checked = fields.Boolean("I verified that this person asked for it")
    count_html = fields.Html(compute="_compute_count_html", sanitize=False)
    has_data = fields.Boolean(compute="_compute_count_html")
    shared_with = fields.Char(compute="_compute_shared_with")

    @api.depends("partner_id", "company_id")
    def _compute_line_ids(self):
        evidence = self.env["sms.evidence"]
        for wizard in self:
            company, partner = wizard.company_id, wizard.partner_id
            numbers = partner and evidence._find_all_numbers(company, partner)
            own = partner.phone_sanitized
            lines = [
                {"number": it, "is_chosen": it == own or not wizard._get_others(it)}
                for it in numbers
            ]
            wizard.line_ids = [Command.clear(), *map(Command.create, lines)]

    def _get_others(self, number):
        domain = Domain("phone_sanitized", "=", number)
        domain &= Domain("id", "!=", self.partner_id.id)
        domain &= Domain("company_id", "in", [False, self.company_id.id])
        return self.env["res.partner"].search(domain)

    def _get_numbers(self):
        if self.partner_id:
            return self.line_ids.filtered("is_chosen").mapped("number")
        number = self.company_id._read_sms_number(self.number)
        return [number] if number else []

    @api.depends("number", "company_id", "line_ids.is_chosen", "line_ids.number")
    def _compute_shared_with(self):
        """Name the other contacts with the number, which is erased for them too."""
        for wizard in self:
            others = wizard.env["res.partner"]
            for number in wizard._get_numbers():
                others |= wizard._get_others(number)
            is_shared = wizard.partner_id or len(others) > 1
            wizard.shared_with = is_shared and ", ".join(others.mapped("display_name"))

    @api.depends("number", "company_id", "line_ids.is_chosen", "line_ids.number")
    def _compute_count_html(self):
        for wizard in self:
            numbers = wizard._get_numbers()
            erasures = self.env["sms.erasure"]
            pairs = numbers and erasures._count(wizard.company_id, numbers)
            wizard.has_data = bool(pairs)
            if pairs:
                wizard.count_html = render_counts((*pair, "") for pair in pairs)
            else:
                wizard.count_html = wizard._describe_nothing()

    def _describe_nothing(self):
        numbers = self._get_numbers()
        if not numbers:
            return False
        hashes = self.env["sms.consent.key"].sudo()._hash(numbers)
        earlier = self.env["sms.erasure"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("number_hash", "in", list(hashes.values())),
            ],
            limit=1,
        )
        if not earlier:
            return self.env._("There is no data about this number.")
        return self.env._(
            "It was erased on %(date)s (%(reason)s). Nothing has been kept since.",
            date=say_moment(self.env, earlier.erased_at, lasting=True),
            reason=earlier.reason,
        )

    def action_erase(self):
        """Erase the person, and show the record of the erasure.

        :raises AccessError: unless a compliance officer of the company
        :raises UserError: if something is missing
        """
        self.ensure_one()
        self.env["sms.evidence"]._check_rights(self.company_id)
        numbers = self._get_numbers()
        self._check_complete(numbers)
        erasures = self.env["sms.erasure"]
        for number in numbers:
            erasures += erasures._erase(
                self.company_id, number, self.reason.strip(), self.is_opt_out
            )
        self.line_ids.unlink()
        self.unlink()
        action = self.env["ir.actions.act_window"]
        return {
            **action._for_xml_id("helpdesk_mgmt_sms.sms_erasure_action"),
            "domain": [("id", "in", erasures.ids)],
        }

    def _check_complete(self, numbers):
        """Require a number, data, and a request that does not name the number."""
        if not numbers:
            raise UserError(self.env._("Enter the number to erase."))
        if not self.has_data:
            raise UserError(self.env._("There is no data about this number."))
        if not (self.reason or "").strip():
            raise UserError(self.env._("Enter which request this is."))
        if any(phone.mentions(self.reason, number) for number in numbers):
            raise UserError(
                self.env._(
                    "The request is kept on record: do not enter the number there."
                )
            )
        if not self.is_checked:
            raise UserError(self.env._("Confirm that you verified who asked for it."))


class SmsErasureWizardLine(models.TransientModel):
    """A number of the contact, to be erased or not."""

    _name = "sms.erasure.wizard.line"
    _description = "Number to Erase"

    wizard_id = fields.Many2one("sms.erasure.wizard", required=True, ondelete="cascade")
    number = fields.Char(required=True, readonly=True)
    is_chosen = fields.Boolean("Erase", default=True)
    shared_with = fields.Char(compute="_compute_shared_with")

    @api.depends("number", "wizard_id.partner_id")
    def _compute_shared_with(self):
        for line in self:
            others = line.wizard_id._get_others(line.number)
            line.shared_with = ", ".join(others.mapped("display_name"))
