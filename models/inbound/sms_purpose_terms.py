# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import format_list

from ...tools import advice, keywords


class SmsPurposeTerms(models.AbstractModel):
    """Footers are checked against the words that the company's senders understand."""

    _inherit = "sms.purpose.terms"

    @api.constrains("footer")
    def _check_footer(self):
        """Refuse a footer that does not name STOP and HELP (CTIA, 5.1.3 and 5.1.4)."""
        for row in self.filtered(lambda it: it._has_footer()):
            words = self.env["sms.keyword"]._get_words(row._get_footer_company())
            missing = advice.find_missing(
                row.footer, words.get(keywords.STOP, ()), words.get(keywords.HELP, ())
            )
            if missing:
                message = self.env._(
                    "“%(name)s”: the footer must say %(words)s, in capitals: what "
                    "the reader texts to opt out, and to get help.",
                    name=row.display_name,
                    words=format_list(self.env, missing),
                )
                raise ValidationError(message)
