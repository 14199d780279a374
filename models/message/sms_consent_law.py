# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools import purpose_rules
from ...tools.purpose_rules import OfferLaw, find_duties, find_years_to_keep
from ...tools.strictness import is_law_less_strict


class SmsConsentLaw(models.Model):
    """A country's requirement for offers that are texted to people there.

    One row per duty: prior consent, contents of the text, records to keep. The policy
    *opt-out* applies to offers only where the law of the recipient's country allows it:
    a country that is not in this table requires written consent. All companies share
    the rows, so only administrators write them.
    """

    _name = "sms.consent.law"
    _description = "Rule for Offers in a Country"
    _inherit = "sms.dated.law"
    _strictness_fields = frozenset(
        {"active", "country_id", "duty", "is_required", "is_written"}
        | {"effective_from", "effective_to", "keep_years"}
    )
    _order = "country_id, duty, effective_from"
    _rec_name = "country_id"

    country_id = fields.Many2one(
        "res.country", required=True, tracking=True, help="Where the person is."
    )
    duty = fields.Selection(
        [
            (purpose_rules.CONSENT, "Consent beforehand"),
            (purpose_rules.SENDER, "Name the sender"),
            (purpose_rules.ADDRESS, "Give a postal address"),
            (purpose_rules.WAY_OUT, "Say how to opt out"),
            (purpose_rules.RECORDS, "Keep records"),
        ],
        required=True,
        default=purpose_rules.CONSENT,
        tracking=True,
        help="What the rule is about.",
    )
    is_required = fields.Boolean(
        "Required",
        default=True,
        tracking=True,
        help="Consent is then required even in companies with the opt-out policy.",
    )
    consent_kind = fields.Selection(
        [
            ("express", "Express"),
            ("customer", "Express, or existing customer"),
            ("implied", "Express, or implied"),
        ],
        "Kind of Consent",
        required=True,
        default="express",
        help="What the law accepts. Offers need express consent all the same: "
        "existing customers and implied consent are not made use of.",
    )
    is_written = fields.Boolean(
        "In Writing",
        default=True,
        tracking=True,
        help="Spoken consent does not count, whatever the purpose accepts.",
    )
    keep_years = fields.Integer(
        "Years to Keep",
        tracking=True,
        help="How long proof of consent must be kept after it has ended, even in "
        "companies that keep it for less. 0 if no time is set.",
    )

    _keep_years_positive = models.Constraint(
        "CHECK (keep_years >= 0)", "The years to keep records cannot be negative."
    )

    @api.depends("country_id", "duty")
    def _compute_display_name(self):
        duties = dict(self._fields["duty"]._description_selection(self.env))
        for law in self:
            law.display_name = f"{law.country_id.name}: {duties.get(law.duty, '')}"

    def _describe_rule(self):
        self.ensure_one()
        if not self.is_required:
            return self.env._("Not required.")
        sentences = {
            purpose_rules.CONSENT: self._describe_consent,
            purpose_rules.SENDER: lambda: self.env._("Each offer names the sender."),
            purpose_rules.ADDRESS: lambda: self.env._(
                "Each offer gives the sender's postal address and a contact."
            ),
            purpose_rules.WAY_OUT: lambda: self.env._(
                "Each offer says how to opt out, at no charge."
            ),
            purpose_rules.RECORDS: self._describe_records,
        }
        return sentences[self.duty]()

    def _describe_consent(self):
        sentences = [self.env._("Each offer needs express consent.")]
        if self.is_written:
            sentences.append(self.env._("Spoken consent does not count."))
        if self.consent_kind == "customer":
            sentences.append(
                self.env._(
                    "The law exempts existing customers, which is not made use of."
                )
            )
        elif self.consent_kind == "implied":
            sentences.append(
                self.env._(
                    "The law accepts implied consent too, which is not made use of."
                )
            )
        return " ".join(sentences)

    def _describe_records(self):
        if self.keep_years:
            return self.env._("Keep proof of consent for %s years.", self.keep_years)
        return self.env._("Keep proof of consent as long as it is relied on.")

    def _get_usual_strictness(self):
        """Compare with a country that is not in the table."""
        is_assumed = self.duty in purpose_rules.ASSUMED
        return (), self.new({"duty": self.duty, "is_required": is_assumed})

    def _is_less_strict_than(self, before):
        [before] = before or [None]
        [after] = self._to_rules() or [None]
        return is_law_less_strict(before, after)

    def _to_rules(self):
        return [
            OfferLaw(
                law.country_id.code,
                law.is_required,
                law.effective_from or None,
                law.effective_to or None,
                law.duty,
                law.is_written,
                law.keep_years,
            )
            for law in self
            if law.active
        ]

    @api.model
    def _get_years_to_keep(self):
        """Return how long proof of consent must be kept: ``{ISO code: years}``."""
        return find_years_to_keep(self._get_rules(), fields.Date.today())

    @api.model
    def _find_duties(self, place):
        """Return the sender's duties for an offer to a place today."""
        countries = tuple(country for country, _state in place.regions if country)
        return find_duties(self._get_rules(), countries, fields.Date.today())
