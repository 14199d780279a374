# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, ormcache

from ...tools import purpose_rules
from ...tools.purpose_rules import OfferLaw, find_duties
from ...tools.quiet_hours import MARKETING
from ...tools.strictness import is_law_less_strict

#: Kinds of authority that make a rule binding: selection values.
AUTHORITIES = [
    ("law", "Law"),
    ("guidance", "Regulator's guidance"),
    ("carrier", "Carriers or trade"),
]

HOURS = "hours"
#: Columns of each source, besides the id.
COLUMNS = SQL(
    "country_id, state_id, company_id, rank, matter, authority, source, source_url,"
    " read_on, effective_from, effective_to, is_confirmed"
)


class SmsDatedLaw(models.AbstractModel):
    """Rules of law: data with their source and dates.

    Laws change on a date and not with a release. Expired rules are kept, because
    messages were decided by them.
    """

    _name = "sms.dated.law"
    _description = "Rules of Law With Their Dates"
    _inherit = ["sms.relaxation.reason", "sms.cached.rules", "sms.dated.rule"]

    active = fields.Boolean(default=True, tracking=True)
    effective_from = fields.Date(tracking=True)
    effective_to = fields.Date(tracking=True)
    source = fields.Text(
        required=True, help="Where the rule is published, and its status."
    )
    source_url = fields.Char("Web Page", help="Where the source can be read.")
    read_on = fields.Date(
        help="When someone last read the source, or where it is quoted word for word. "
        "Empty if nobody did."
    )
    authority = fields.Selection(
        AUTHORITIES, "Kind of Rule", required=True, default="law", tracking=True
    )
    is_confirmed = fields.Boolean(
        "Confirmed",
        tracking=True,
        help="Tick it once someone has read the law itself, and name it in the "
        "source. Until then the rule relies on secondary sources, and applies all the "
        "same.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Archive the rule instead, and say why."))

    def _describe_rule(self):
        """Return what the rule says, in whole sentences."""
        raise NotImplementedError

    def _get_strictness(self):
        return self._to_rules()

    def _to_rules(self):
        """Return the active rules as a list of plain data."""
        raise NotImplementedError

    @api.model
    @ormcache()
    def _get_rules(self):
        """Return all active rules as plain data, cached: each message needs them."""
        return tuple(self.sudo().search([])._to_rules())


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
    _scope_fields = ("country_id", "duty")
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
        if not self.is_required:
            return self.env._("Not required.")
        sentences = {
            purpose_rules.CONSENT: self._describe_consent(),
            purpose_rules.SENDER: self.env._("Each offer names the sender."),
            purpose_rules.ADDRESS: self.env._(
                "Each offer gives the sender's postal address and a contact."
            ),
            purpose_rules.WAY_OUT: self.env._(
                "Each offer says how to opt out, at no charge."
            ),
            purpose_rules.RECORDS: self._describe_records(),
        }
        return sentences[self.duty]

    def _describe_consent(self):
        sentences = [self.env._("Each offer needs express consent.")]
        if self.is_written:
            sentences.append(self.env._("Spoken consent does not count."))
        unused = {
            "customer": self.env._(
                "The law exempts existing customers, which is not made use of."
            ),
            "implied": self.env._(
                "The law accepts implied consent too, which is not made use of."
            ),
        }
        sentences.append(unused.get(self.consent_kind))
        return " ".join(filter(None, sentences))

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
    def _find_duties(self, place):
        """Return the sender's duties for an offer to a place today."""
        countries = tuple(country for country, _state in place.regions if country)
        return find_duties(self._get_rules(), countries, fields.Date.today())


class SmsCountryRule(models.Model):
    """The rules that apply to texts in each country, on one page.

    A query over quiet hours and the other rules of law; nothing is stored.
    """

    _name = "sms.country.rule"
    _description = "Rules by Country"
    _inherit = "sms.dated.rule"
    _auto = False
    _order = "country_id, rank, state_id, effective_from, id"
    _rec_name = "matter"

    country_id = fields.Many2one("res.country")
    state_id = fields.Many2one("res.country.state", "State or Region")
    company_id = fields.Many2one("res.company")
    rank = fields.Integer(help="Rules of the whole country come first.")
    matter = fields.Selection("_get_matters", "About")
    rule = fields.Text(compute="_compute_rule")
    authority = fields.Selection(AUTHORITIES, "Kind of Rule")
    source = fields.Text()
    source_url = fields.Char("Web Page")
    read_on = fields.Date()
    effective_from = fields.Date("Since")
    effective_to = fields.Date("Until")
    is_confirmed = fields.Boolean("Confirmed")

    @property
    def _table_query(self):
        sources = self._get_sources()
        part = "SELECT id * %s + %s AS id, %s FROM (%s) AS part"
        return SQL(" UNION ALL ").join(
            SQL(part, len(sources), place, COLUMNS, query)
            for place, query in enumerate(sources.values())
        )

    @api.model
    def _get_sources(self):
        """Return the models whose rows are shown; their order is part of the row ids.

        Rooms add theirs at the end.

        :return: ``{model: SELECT of its id and the COLUMNS}``
        """
        duties = list(dict(self.env["sms.consent.law"]._fields["duty"].selection))
        hours = """
            SELECT *, %s AS matter,
                   CASE WHEN state_id IS NULL THEN 0 ELSE 99 END AS rank
              FROM sms_quiet_hours
             WHERE active AND quiet_class = %s
        """
        laws = """
            SELECT *, NULL::int4 AS state_id, NULL::int4 AS company_id,
                   duty AS matter, array_position(%s::varchar[], duty) AS rank
              FROM sms_consent_law
             WHERE active
        """
        return {
            "sms.quiet.hours": SQL(hours, HOURS, MARKETING),
            "sms.consent.law": SQL(laws, duties),
        }

    @property
    def _table_sql(self):
        self.env.flush_all()
        return super()._table_sql

    @api.model
    def _get_matters(self):
        duty = self.env["sms.consent.law"]._fields["duty"]
        return [(HOURS, self.env._("Hours")), *duty._description_selection(self.env)]

    def _compute_rule(self):
        models = list(self._get_sources())
        for place, rows in self.grouped(lambda row: row.id % len(models)).items():
            ids = [row.id // len(models) for row in rows]
            sources_sudo = self.env[models[place]].sudo().browse(ids)
            for row, source_sudo in zip(rows, sources_sudo, strict=True):
                row.rule = source_sudo._describe_rule()

    def action_view_source(self):
        """Open the rule; its own access rights apply."""
        self.ensure_one()
        models = list(self._get_sources())
        row_id, place = divmod(self.id, len(models))
        return self.env[models[place]].browse(row_id)._get_records_action()
