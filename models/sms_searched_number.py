# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain


class SmsSearchedNumber(models.AbstractModel):
    """A model whose rows are found by a number, also when only its hash is left.

    What was typed is looked for in the numbers that are there, as a part of them too;
    a whole number is also looked for by its keyed hash, which outlives erasure.
    """

    _name = "sms.searched.number"
    _description = "Search by a Number or Its Hash"

    searched_number = fields.Char(
        "Phone Number", store=False, search="_search_searched_number"
    )

    @api.model
    def _search_searched_number(self, operator, value):
        """Find rows by a number in any form, or by a part of it."""
        if operator == "in":
            return Domain.OR(self._search_searched_number("=ilike", it) for it in value)
        if operator not in ("ilike", "=ilike", "like", "=like"):
            return NotImplemented
        typed = (value or "").strip()
        country = self.env.company.country_id
        number = self._phone_format_number(typed, country)
        if not number:
            return Domain("number", operator, typed)
        hashes = self.env["sms.consent.key"]._hash([number])
        return Domain("number_hash", "in", list(hashes.values()))
