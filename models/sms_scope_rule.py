# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..tools.quiet_hours import MARKETING

SCOPE_ALL, SCOPE_PURPOSE = ("all", "purpose")

INFORMATIONAL, PROMOTIONAL, ANY_CLASS = ("informational", "marketing", "any")


class SmsScopeRule(models.Model):
    """What a STOP ends, from one day to another: everything, or what it answered.

    Rules of law change on a day and not with a release, so they are data with their
    source. Without a rule in force a STOP ends everything.
    """

    _name = "sms.scope.rule"
    _description = "Text Message Opt-out Scope"
    _order = "effective_from desc, id desc"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    effective_from = fields.Date(required=True, help="The first day of the rule.")
    effective_to = fields.Date(help="The last day. Empty: until another rule follows.")
    purpose_class = fields.Selection(
        [
            (ANY_CLASS, "Any message"),
            (INFORMATIONAL, "Informational messages"),
            (PROMOTIONAL, "Offers and messages of other apps"),
        ],
        string="Answer To",
        required=True,
        default=ANY_CLASS,
        help="Which message the STOP answers: the last one that the person got.",
    )
    scope = fields.Selection(
        [
            (SCOPE_ALL, "Ends everything"),
            (SCOPE_PURPOSE, "Ends messages of the same kind"),
        ],
        required=True,
        default=SCOPE_ALL,
        help="The same kind: the purpose of an informational message; all offers.",
    )
    source = fields.Text(required=True, help="Where the rule stands, and its state.")

    @api.constrains("effective_from", "effective_to")
    def _check_dates(self):
        """Refuse a rule that ends before it begins."""
        for rule in self:
            if rule.effective_to and rule.effective_to < rule.effective_from:
                raise ValidationError(
                    self.env._("“%s” ends before it begins.", rule.name)
                )

    @api.model
    def _find(self, purpose, day):
        """Return the rule for an answer to a message of ``purpose`` on a day.

        The newest in force rules; of those of one day, the one for the purpose's class.

        :param purpose: ``sms.purpose``, one
        :param date day: a date
        :return: ``sms.scope.rule``, one or empty
        """
        purpose_class = self._get_class(purpose)
        domain = (
            Domain("effective_from", "<=", day)
            & (Domain("effective_to", "=", False) | Domain("effective_to", ">=", day))
            & Domain("purpose_class", "in", (purpose_class, ANY_CLASS))
        )
        rules = self.sudo().search(domain)
        return rules.sorted(
            lambda rule: (rule.effective_from, rule.purpose_class != ANY_CLASS),
            reverse=True,
        )[:1]

    @api.model
    def _get_class(self, purpose):
        """Return the class of a purpose: what is no offer is informational."""
        is_offer = purpose.quiet_class == MARKETING
        return PROMOTIONAL if is_offer else INFORMATIONAL

    @api.model
    def _get_ended_purposes(self, purpose, day):
        """Return what a STOP to a message of ``purpose`` ends on a day.

        :return: ``sms.purpose`` records, or None for everything
        """
        if self._find(purpose, day).scope != SCOPE_PURPOSE:
            return None
        if self._get_class(purpose) == INFORMATIONAL:
            return purpose
        purposes_sudo = self.env["sms.purpose"].sudo().with_context(active_test=False)
        return purposes_sudo.search([]).filtered(
            lambda other: self._get_class(other) == PROMOTIONAL
        )
