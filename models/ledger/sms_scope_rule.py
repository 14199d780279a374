# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools.quiet_hours import MARKETING
from ...tools.strictness import (
    SCOPE_ALL,
    SCOPE_PURPOSE,
    ScopeTerms,
    is_scope_less_strict,
)

INFORMATIONAL, PROMOTIONAL, ANY_CLASS = ("informational", "marketing", "any")


class SmsScopeRule(models.Model):
    """The scope of a STOP in a period of time: everything, or what it answered.

    Rules of law change on a date and not with a release, so they are data with their
    source. Without a rule in force a STOP ends everything. A company's own rule that is
    in force takes precedence over the shared ones.
    """

    _name = "sms.scope.rule"
    _description = "Text Message Opt-out Scope"
    _inherit = ["sms.shared.row", "sms.relaxation.reason", "sms.cached.rules"]
    _strictness_fields = frozenset(ScopeTerms._fields)
    _order = "effective_from desc, id desc"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies without their own rule.",
    )
    effective_from = fields.Date(
        required=True, tracking=True, help="The first day of the rule."
    )
    effective_to = fields.Date(
        tracking=True, help="The last day. Leave empty if another rule will follow."
    )
    purpose_class = fields.Selection(
        [
            (ANY_CLASS, "Any message"),
            (INFORMATIONAL, "Informational messages"),
            (PROMOTIONAL, "Offers and messages of other apps"),
        ],
        string="In Reply To",
        required=True,
        default=ANY_CLASS,
        tracking=True,
        help="The kind of message that the STOP answers: the last one that the person "
        "got.",
    )
    scope = fields.Selection(
        [
            (SCOPE_ALL, "Ends everything"),
            (SCOPE_PURPOSE, "Ends messages of the same kind"),
        ],
        required=True,
        default=SCOPE_ALL,
        tracking=True,
        help="The same kind: the purpose of an informational message; all offers.",
    )
    source = fields.Text(
        required=True, help="Where the rule is published, and its status."
    )

    @api.constrains("effective_from", "effective_to")
    def _check_dates(self):
        for rule in self:
            if rule.effective_to and rule.effective_to < rule.effective_from:
                raise ValidationError(
                    self.env._("“%s” ends before it starts.", rule.name)
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_less_strict(self):
        """Keep a rule by which a STOP ends everything: else an older one may apply."""
        if any(rule.active and rule.scope == SCOPE_ALL for rule in self):
            raise UserError(self.env._("Archive the rule instead, and say why."))

    def _get_strictness(self):
        return ScopeTerms(
            self.active,
            self.purpose_class,
            self.scope,
            self.effective_from or None,
            self.effective_to or None,
            self.company_id.id,
        )

    def _get_usual_strictness(self):
        """Compare with the matching shared rule; without one a STOP ends all."""
        shared = self._find_shared()
        terms = shared and shared._get_strictness()._replace(
            company_id=self.company_id.id
        )
        return terms or None, self.new({"scope": SCOPE_ALL, "active": True})

    def _is_less_strict_than(self, before):
        return is_scope_less_strict(before, self._get_strictness())

    def _get_copy_domain(self):
        return [
            ("purpose_class", "=", self.purpose_class),
            ("effective_from", "=", self.effective_from),
        ]

    def _find_shared(self):
        domain = [*self._get_copy_domain(), ("company_id", "=", False)]
        return self.sudo().search(domain, limit=1) if self.company_id else self.browse()

    @api.model
    def _find(self, purpose, day, company=None):
        """Return the rule for an answer to a message of ``purpose`` on a day, if any.

        A company's own rules come first, then the newest one; of the same date, the one
        for the purpose's class.

        :param company: ``res.company``; None: by the shared rules alone
        """
        purpose_class = self._get_class(purpose)
        domain = (
            Domain("effective_from", "<=", day)
            & (Domain("effective_to", "=", False) | Domain("effective_to", ">=", day))
            & Domain("purpose_class", "in", (purpose_class, ANY_CLASS))
            & Domain("company_id", "in", [False, *(company.ids if company else ())])
        )
        rules = self.sudo().search(domain)
        return rules.sorted(
            lambda rule: (
                bool(rule.company_id),
                rule.effective_from,
                rule.purpose_class != ANY_CLASS,
            ),
            reverse=True,
        )[:1]

    @api.model
    def _get_class(self, purpose):
        return PROMOTIONAL if purpose.quiet_class == MARKETING else INFORMATIONAL

    @api.model
    def _get_ended_purposes(self, purpose, day, company=None):
        """Return what a STOP to a message of ``purpose`` ends on a day.

        :return: ``sms.purpose`` records, or None for everything
        """
        company_id = company.id if company else False
        ids = self._get_ended_ids(purpose.id, fields.Date.to_date(day), company_id)
        return None if ids is None else purpose.browse(ids)

    @api.model
    @ormcache("purpose_id", "day", "company_id")
    def _get_ended_ids(self, purpose_id, day, company_id):
        """Return the ids of :meth:`_get_ended_purposes`, cached."""
        purposes_sudo = self.env["sms.purpose"].sudo().with_context(active_test=False)
        purpose_sudo = purposes_sudo.browse(purpose_id)
        company = self.env["res.company"].browse(company_id or ())
        if self._find(purpose_sudo, day, company).scope != SCOPE_PURPOSE:
            return None
        if self._get_class(purpose_sudo) == INFORMATIONAL:
            return purpose_sudo._ids
        promotional_sudo = purposes_sudo.search([]).filtered(
            lambda other: self._get_class(other) == PROMOTIONAL
        )
        return promotional_sudo._ids
