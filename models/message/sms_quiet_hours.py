# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import quiet_hours
from ...tools.business_days import are_holidays_known
from ...tools.quiet_hours import INFORMATIONAL, MARKETING, Rule
from ...tools.strictness import is_less_strict

#: Names of the two hours of each kind of day.
HOUR_FIELDS = {
    "weekdays": ("weekday_from", "weekday_to"),
    "saturday": ("saturday_from", "saturday_to"),
    "sunday": ("sunday_from", "sunday_to"),
}
HOUR_NAMES = [name for pair in HOUR_FIELDS.values() for name in pair]


class CompanyRule(NamedTuple):
    """A rule with the id of its company (False: of all).

    ``replaced_in`` are the ids of the companies that have replaced it by another.
    """

    company_id: int
    rule: Rule
    replaced_in: frozenset = frozenset()

    def holds_for(self, company_id):
        """Return whether it applies to a company, by its id."""
        is_meant = self.company_id in (False, company_id)
        return is_meant and company_id not in self.replaced_in


def to_minutes(hours):
    """Return hours of a day (8.5 is 8:30) as minutes."""
    return round(hours * 60)


def format_minutes(minutes):
    """Return minutes of a day as a clock shows them: 510 is "8:30"."""
    return f"{minutes // 60}:{minutes % 60:02}"


class SmsQuietHours(models.Model):
    """A window in which texts may reach people, by law or by a company's choice.

    All rules that match a message must be open. So a company's own rule can only make
    things stricter, unless it replaces a shared one.
    """

    _name = "sms.quiet.hours"
    _description = "Text Message Quiet Hours"
    _inherit = ["sms.shared.copy", "sms.dated.law"]
    _strictness_fields = frozenset(
        ["active", "quiet_class", "country_id", "state_id", "company_id", *HOUR_NAMES]
        + ["is_closed_on_holidays", "max_per_day", "effective_from", "effective_to"]
    )
    _scope_fields = ("quiet_class", "country_id", "state_id", "company_id")
    _order = "quiet_class desc, country_id, state_id, id"

    name = fields.Char(required=True, translate=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies.",
    )
    shared_id = fields.Many2one(
        "sms.quiet.hours",
        "Replaces",
        copy=False,
        ondelete="restrict",
        domain=[("company_id", "=", False)],
        help="The shared rule that this one replaces for the company.",
    )
    copy_ids = fields.One2many("sms.quiet.hours", "shared_id", readonly=True)
    quiet_class = fields.Selection(
        [(MARKETING, "Offers"), (INFORMATIONAL, "Informational messages")],
        string="Kind of Messages",
        required=True,
        default=MARKETING,
        tracking=True,
        help="Urgent messages and answers to a person's own text ignore quiet hours.",
    )
    country_id = fields.Many2one(
        "res.country",
        ondelete="restrict",
        tracking=True,
        help="Where the person is. Leave empty for everywhere.",
    )
    state_id = fields.Many2one(
        "res.country.state",
        "State or Region",
        ondelete="restrict",
        domain="[('country_id', '=', country_id)]",
        tracking=True,
        help="Leave empty for the whole country.",
    )
    weekday_from = fields.Float("Monday to Friday From", default=8, tracking=True)
    weekday_to = fields.Float("Monday to Friday Until", default=20, tracking=True)
    saturday_from = fields.Float(default=8, tracking=True)
    saturday_to = fields.Float("Saturday Until", default=20, tracking=True)
    sunday_from = fields.Float(default=8, tracking=True)
    sunday_to = fields.Float("Sunday Until", default=20, tracking=True)
    weekday_hours = fields.Char(compute="_compute_hours")
    saturday_hours = fields.Char(compute="_compute_hours")
    sunday_hours = fields.Char(compute="_compute_hours")
    is_closed_on_holidays = fields.Boolean(
        "Not on Public Holidays",
        tracking=True,
        help="Public holidays of the country and the state.",
    )
    max_per_day = fields.Integer(
        "Messages in 24 Hours",
        tracking=True,
        help="To one number, for one purpose. 0 for no limit.",
    )

    _hours_valid = models.Constraint(
        "CHECK (weekday_from >= 0 AND saturday_from >= 0 AND sunday_from >= 0 AND "
        "weekday_from <= weekday_to AND saturday_from <= saturday_to AND "
        "sunday_from <= sunday_to AND "
        "weekday_to <= 24 AND saturday_to <= 24 AND sunday_to <= 24)",
        "Hours must be between 0:00 and 24:00, and start before they end. The same "
        "hour twice closes the day.",
    )
    _max_per_day_positive = models.Constraint(
        "CHECK (max_per_day >= 0)", "The messages in 24 hours cannot be negative."
    )
    _copy_unique = models.UniqueIndex(
        "(shared_id, company_id) WHERE shared_id IS NOT NULL",
        "The company already has a rule that replaces this one.",
    )

    @api.depends(*HOUR_NAMES)
    def _compute_hours(self):
        for rule in self:
            for start, end in HOUR_FIELDS.values():
                opens, closes = to_minutes(rule[start]), to_minutes(rule[end])
                hours = f"{format_minutes(opens)}–{format_minutes(closes)}"
                is_closed = opens >= closes
                name = start.replace("_from", "_hours")
                rule[name] = self.env._("Closed") if is_closed else hours

    @api.constrains("country_id", "state_id")
    def _check_state(self):
        for rule in self:
            if rule.state_id and rule.state_id.country_id != rule.country_id:
                raise ValidationError(
                    self.env._("“%s”: the state lies in another country.", rule.name)
                )

    def _get_usual_strictness(self):
        """Compare with the shared rule that it replaces."""
        shared, company_id = self.shared_id.sudo(), self.company_id.id
        terms = [it._replace(company_id=company_id) for it in shared._to_rules()]
        return terms, shared

    def _is_less_strict_than(self, before):
        [after] = self._to_rules() or [CompanyRule(False, None)]
        return any(
            (after.company_id and after.company_id != it.company_id)
            or is_less_strict(it.rule, after.rule)
            for it in before
        )

    def _describe_rule(self):
        sentences = [
            self.env._(
                "Monday to Friday %(weekdays)s, Saturday %(saturday)s, Sunday "
                "%(sunday)s.",
                weekdays=self.weekday_hours,
                saturday=self.saturday_hours,
                sunday=self.sunday_hours,
            )
        ]
        if self.is_closed_on_holidays:
            sentences.append(self.env._("Not on public holidays."))
        if self.max_per_day:
            sentences.append(
                self.env._("At most %s messages in 24 hours.", self.max_per_day)
            )
        return " ".join(sentences)

    def _show_strictness_value(self, field):
        if field.type == "float":
            return format_minutes(to_minutes(self[field.name]))
        return super()._show_strictness_value(field)

    def _to_rules(self):
        """Return the active rules as a list of :class:`CompanyRule`."""
        return [
            CompanyRule(
                rule.company_id.id,
                Rule(
                    rule.quiet_class,
                    rule.country_id.code or "",
                    rule.state_id.code or "",
                    **{
                        day: (to_minutes(rule[start]), to_minutes(rule[end]))
                        for day, (start, end) in HOUR_FIELDS.items()
                    },
                    is_closed_on_holidays=rule.is_closed_on_holidays,
                    effective_from=rule.effective_from or None,
                    effective_to=rule.effective_to or None,
                    max_per_day=rule.max_per_day,
                ),
                frozenset(rule.with_context(active_test=False).copy_ids.company_id.ids),
            )
            for rule in self
            if rule.active
        ]

    @api.model
    def _select(self, company, place, quiet_class):
        """Return the rules for messages of a class to a place.

        Informational messages also keep the company's own hours. So do offers to places
        where no rule is in force: a missing rule is no permission to text at night.

        :return: tuple of ``tools.quiet_hours.Rule``
        """
        rules = [it.rule for it in self._get_rules() if it.holds_for(company.id)]
        found = quiet_hours.select(rules, place, quiet_class)
        is_silent = not quiet_hours.are_in_force(found, fields.Datetime.now())
        if quiet_class == INFORMATIONAL or (quiet_class == MARKETING and is_silent):
            found += (company._get_sms_courtesy_rule(quiet_class),)
        return found

    @api.model
    def _find_unknown_holidays(self, company, year):
        """Return the countries of whose holidays a rule knows nothing in a year.

        Of a rule for everywhere, those where contacts are. There each day counts as a
        holiday, until the library is updated.

        :return: ``res.country`` records, in sudo
        """
        rules = [it.rule for it in self._get_rules() if it.holds_for(company.id)]
        codes = {rule.country for rule in rules if rule.is_closed_on_holidays}
        contacts_sudo = self.env["res.partner"].sudo()

        def is_concerned(country):
            if country.code in codes or "" not in codes:
                return country.code in codes
            domain = [("country_id", "=", country.id)]
            return bool(contacts_sudo.search_count(domain, limit=1))

        countries_sudo = self.env["res.country"].sudo().search([])
        return countries_sudo.filtered(
            lambda it: not are_holidays_known(it.code, year) and is_concerned(it)
        )
