# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools.purpose_rules import OfferLaw, asks_consent


class SmsConsentLaw(models.Model):
    """Countries in which an offer needs its reader's consent beforehand.

    The policy *opt-out* holds for offers only where the law of the recipient's country
    lets it: a country that is not in this table asks for consent. All companies share
    the rows, so administrators write them.
    """

    _name = "sms.consent.law"
    _description = "Consent for Offers, by Country"
    _inherit = "sms.dated.law"
    _strictness_fields = frozenset(
        {"active", "country_id", "needs_consent", "effective_from", "effective_to"}
    )
    _order = "country_id, effective_from"
    _rec_name = "country_id"

    country_id = fields.Many2one(
        "res.country", required=True, tracking=True, help="Where the person is."
    )
    needs_consent = fields.Boolean(
        "Offers Need Consent",
        default=True,
        tracking=True,
        help="Even in companies with the opt-out policy.",
    )

    def _get_usual_strictness(self):
        """Compare with a country that is not in the table: offers need consent."""
        return (), self.new({"needs_consent": True})

    def _is_less_strict_than(self, before):
        """Tell if more is let through: a law that lets is new, one that asks is gone.

        One that asks may stand before an older one that does not.
        """
        after = self._to_rules()
        return any(law not in before for law in after if not law.needs_consent) or any(
            law not in after for law in before if law.needs_consent
        )

    def _to_rules(self):
        return [
            OfferLaw(
                law.country_id.code,
                law.needs_consent,
                law.effective_from or None,
                law.effective_to or None,
            )
            for law in self
            if law.active
        ]

    @api.model
    def _asks_consent(self, place):
        """Tell if an offer to somebody needs their consent today."""
        countries = [country for country, _state in place.regions if country]
        return asks_consent(self._get_rules(), countries, fields.Date.today())
