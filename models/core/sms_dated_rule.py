# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

#: How long ahead people are told that something ends: time enough to read a law.
NOTICE = timedelta(days=60)


class SmsDatedRule(models.AbstractModel):
    """Mixin for rules that hold from a day on, and to another.

    A rule that ends leaves the stricter ones in its place, so that nothing is let
    through by a date alone. Managers are told ahead (:meth:`_find_ending`).
    """

    _name = "sms.dated.rule"
    _description = "Rules With Dates"

    #: Names of the fields that two rules share if one may follow the other.
    _scope_fields = ()

    effective_from = fields.Date(help="The first day of the rule.")
    effective_to = fields.Date(help="The last day of the rule.")
    standing = fields.Selection(
        [("in_force", "In force"), ("coming", "Not yet"), ("ended", "Ended")],
        "Today",
        compute="_compute_standing",
    )

    @api.depends("effective_from", "effective_to")
    def _compute_standing(self):
        today = fields.Date.context_today(self)
        for rule in self:
            rule.standing = "in_force"
            if rule.effective_from and rule.effective_from > today:
                rule.standing = "coming"
            elif rule.effective_to and rule.effective_to < today:
                rule.standing = "ended"

    @api.constrains("effective_from", "effective_to")
    def _check_dates(self):
        for rule in self:
            start, end = rule.effective_from, rule.effective_to
            if start and end and end < start:
                raise ValidationError(
                    self.env._("“%s” ends before it starts.", rule.display_name)
                )

    @api.model
    def _find_ending(self, company, day):
        """Return the rules in use that end within :data:`NOTICE`, or have ended.

        Without those that another one follows, and those of other companies.

        :param company: ``res.company``
        :param date day: today
        """
        domain = Domain("effective_to", "<=", day + NOTICE)
        if "company_id" in self._fields:
            domain &= Domain("company_id", "in", [False, company.id])
        return self.search(domain).filtered(lambda rule: not rule._is_followed())

    def _is_followed(self):
        """Return whether another rule holds on the day after this one's last."""
        self.ensure_one()
        day = self.effective_to + timedelta(days=1)
        start, end = (
            Domain("effective_from", "<=", day),
            Domain("effective_to", ">=", day),
        )
        domain = start | Domain("effective_from", "=", False)
        domain &= end | Domain("effective_to", "=", False)
        for name in self._scope_fields:
            value = self._fields[name].convert_to_write(self[name], self)
            domain &= Domain(name, "=", value)
        return bool(self.search_count(domain, limit=1))
