# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError

from ...tools import phone


class Base(models.AbstractModel):
    """Parses phone numbers in every form in which people write them.

    All of Odoo parses them here: contacts, tickets, forms, the ledger and the outbox.
    """

    _inherit = "base"

    def _phone_format_number(
        self, number, country, force_format="E164", raise_exception=False
    ):
        """Parse a number by the country of its owner, without what is not dialed.

        One with an extension has no E.164: a text to the switchboard does not reach the
        person. For display it is still formatted, with its extension.
        """
        if not number or not isinstance(number, str):
            return super()._phone_format_number(
                number, country, force_format, raise_exception
            )
        typed = phone.tidy(number)
        has_extension = phone.has_extension(typed)
        if has_extension and force_format == "E164":
            if not raise_exception:
                return False
            raise UserError(
                self.env._(
                    "“%s” has an extension, text messages cannot reach it. Enter a "
                    "direct number.",
                    number,
                )
            )
        spellings = [typed] if has_extension else phone.get_spellings_to_read(typed)
        for spelling in spellings[:-1]:
            if found := super()._phone_format_number(spelling, country, force_format):
                return found
        return super()._phone_format_number(
            spellings[-1], country, force_format, raise_exception
        )
