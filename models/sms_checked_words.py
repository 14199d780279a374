# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsCheckedWords(models.AbstractModel):
    """Words that are checked are checked in every language.

    Odoo's dialog of translations writes by SQL, past ``write`` and its checks.
    """

    _name = "sms.checked.words"
    _description = "Words That Are Checked in Every Language"

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Check what was translated as what is typed into the form.

        :raises ValidationError: as the model's own checks do
        """
        langs = list(translations)
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        for lang in langs:
            self.with_context(lang=lang)._validate_fields([field_name])
        return result
