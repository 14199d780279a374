# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache

from ...tools.purpose_rules import OfferLaw, asks_consent


class SmsConsentLaw(models.Model):
    """Whether offers to people in a country need their consent beforehand.

    The policy *opt-out* says that an opt-out alone blocks. For offers it holds only
    where the law of the recipient's country lets it: a country that is not in this
    table asks for consent. All companies share the rows, so administrators write them.
    """

    _name = "sms.consent.law"
    _description = "Consent for Offers, by Country"
    _inherit = ["sms.relaxation.reason", "sms.cached.rules"]
    _strictness_fields = frozenset(
        {"active", "country_id", "needs_consent", "effective_from", "effective_to"}
    )
    _order = "country_id, effective_from"
    _rec_name = "country_id"

    active = fields.Boolean(default=True, tracking=True)
    country_id = fields.Many2one(
        "res.country", required=True, tracking=True, help="Where the person is."
    )
    needs_consent = fields.Boolean(
        "Offers Need Consent",
        default=True,
        tracking=True,
        help="Also in a company whose policy is opt-out.",
    )
    effective_from = fields.Date(tracking=True, help="The first day of the law.")
    effective_to = fields.Date(tracking=True, help="The last day of the law.")
    source = fields.Text(required=True, help="Where the law stands, and its state.")
    is_confirmed = fields.Boolean(
        "Confirmed",
        tracking=True,
        help="Somebody has read the law itself. It holds without that, too.",
    )

    @api.constrains("effective_from", "effective_to")
    def _check_dates(self):
        for law in self:
            start, end = law.effective_from, law.effective_to
            if start and end and end < start:
                raise ValidationError(
                    self.env._("“%s” ends before it begins.", law.display_name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Ask why offers to a country are to need no consent.

        :raises UserError: without ``relaxation_reason``
        """
        laws = super().create(vals_list)
        told = self.new({"needs_consent": True})._describe_strictness()
        for law, vals in zip(laws, vals_list, strict=True):
            if law._is_less_strict_than(()):
                law._post_relaxation(told, vals.get("relaxation_reason"), is_new=True)
        return laws

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Keep what held once: messages were decided by it."""
        raise UserError(self.env._("Archive the law instead, and say why."))

    def _get_strictness(self):
        return tuple(self._to_laws())

    def _is_less_strict_than(self, before):
        """Tell if more is let through: a law that lets is new, one that asks is gone.

        One that asks may stand before an older one that does not.
        """
        after = tuple(self._to_laws())
        return any(law not in before for law in after if not law.needs_consent) or any(
            law not in after for law in before if law.needs_consent
        )

    def _show_strictness_value(self, field):
        if field.type == "date":
            return fields.Date.to_string(self[field.name]) or "–"
        return super()._show_strictness_value(field)

    def _to_laws(self):
        """Return those in use as the rule reads them."""
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
    @ormcache()
    def _get_laws(self):
        """Return all laws: the gate asks for each message, and they seldom change."""
        return tuple(self.sudo().search([])._to_laws())

    @api.model
    def _asks_consent(self, place):
        """Tell if an offer to somebody needs their consent today."""
        countries = [country for country, _state in place.regions if country]
        return asks_consent(self._get_laws(), countries, fields.Date.today())
