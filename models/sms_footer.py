# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError


class SmsFooter(models.AbstractModel):
    """A footer says STOP and HELP in each language, or there is none.

    Who takes it away says why. The server's owner need not: the suites of other apps
    are run without footers.
    """

    _name = "sms.footer"
    _description = "Footer of Text Messages"
    _inherit = ["sms.lax.reason", "sms.checked.words"]

    footer = fields.Text(
        translate=True,
        help="Added once to every message of this purpose: how to stop and get help. "
        "It names STOP and HELP, or the words for them in its language.",
    )

    def _get_footer_company(self):
        """Return the company whose words a footer may name; an empty set: of all."""
        return self.env["res.company"]

    def _has_footer(self):
        """Tell if anything is added to the messages."""
        return bool((self.footer or "").strip())

    def _asks_about_footer(self):
        """Tell if somebody decides who must say why a footer goes."""
        return self.env.uid != SUPERUSER_ID

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Let no footer be emptied where no reason can be given.

        :raises UserError: says where it can
        """
        is_emptied = field_name == "footer" and any(
            isinstance(text, str) and not text.strip() for text in translations.values()
        )
        if is_emptied and self._asks_about_footer():
            raise UserError(
                self.env._(
                    "A footer is taken away in its form, in the language in question: "
                    "“Why Laxer” asks there who decided that, and why."
                )
            )
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
