# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...providers import TelnyxProvider, account
from ...providers.shared import kind_of
from ...tools.dispatch import country_of
from ...tools.phone import E164
from ...tools.sender_rules import is_name

#: Digits only, without a country code.
SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")


class SmsSenderNumber(models.AbstractModel):
    """Mixin for a company's numbers at a carrier; keeps the senders in sync."""

    _name = "sms.sender.number"
    _description = "Number That Texts Are Sent From"

    @api.constrains("number")
    def _check_number(self):
        for row in self:
            number = row.number or ""
            is_number = E164.match(number) or SHORT_CODE.match(number)
            if not (is_number or is_name(number)):
                raise ValidationError(
                    self.env._(
                        "“%s” is not a sender. Enter a number with a plus sign and its "
                        "country code, as in +13035550100, a short code, or a name of "
                        "at most 11 letters, digits and blanks.",
                        number,
                    )
                )

    @api.model
    def _tidy(self, vals):
        """Return values with the number as carriers write it."""
        if not vals.get("number"):
            return vals
        number = vals["number"].strip()
        if not is_name(number):
            number = re.sub(r"[\s().-]", "", number)
        return {**vals, "number": number}

    @api.model_create_multi
    def create(self, vals_list):
        """Create a sender for each number."""
        numbers = super().create([self._tidy(vals) for vals in vals_list])
        self.env["sms.sender"]._sync(numbers.company_id)
        return numbers

    def write(self, vals):
        """Sync the senders."""
        companies = self.company_id
        result = super().write(self._tidy(vals))
        self.env["sms.sender"]._sync(companies | self.company_id)
        return result

    def unlink(self):
        """Retire the senders of the numbers."""
        companies = self.company_id
        result = super().unlink()
        self.env["sms.sender"]._sync(companies)
        return result


class SmsTwilioNumber(models.Model):
    """Odoo's list of Twilio numbers, each of which is a sender."""

    _name = "sms.twilio.number"
    _inherit = ["sms.twilio.number", "sms.sender.number"]

    @api.constrains("number", "country_id")
    def _check_sms_name(self):
        """Refuse names that are barred by a country (``sms.sender.rule``)."""
        rules, name = self.env["sms.sender.rule"], account.ALPHANUMERIC
        for row in self.filtered(lambda it: kind_of(it.number or "") == name):
            rules._check_countries(name, row.number, row.country_id)


class SmsCarrierNumber(models.Model):
    """A company's number at a carrier for which Odoo has no model.

    Twilio's are in Odoo's ``sms.twilio.number``. Senders are derived from both; a
    manager's settings for a number (speed, team) are kept on its sender.
    """

    _name = "sms.carrier.number"
    _inherit = "sms.sender.number"
    _description = "Number at a Carrier"
    _order = "sequence, id"
    _rec_name = "number"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env.company,
    )
    provider = fields.Selection(
        [(TelnyxProvider.code, TelnyxProvider.name)],
        "Carrier",
        required=True,
        default=TelnyxProvider.code,
    )
    sequence = fields.Integer(default=10)
    number = fields.Char(
        required=True,
        help="With its country code: +1 303 555 0100. Or a short code or a name.",
    )
    country_code = fields.Char("Country", compute="_compute_country_code")

    _number_unique = models.Constraint(
        "unique(company_id, provider, number)", "This number already exists."
    )

    @api.depends("number")
    def _compute_country_code(self):
        for row in self:
            row.country_code = country_of(row.number or "")
