# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools import purpose_rules, quiet_hours, strictness
from ...tools.purpose_rules import MessageSource
from ...tools.strictness import SCOPE_ALL, SCOPE_PURPOSE, ScopeTerms
from .sms_purpose import MARKETING

#: Field that names what a rule is about, by its level.
TARGET_FIELDS = {
    purpose_rules.ACTION: "action_id",
    purpose_rules.TEMPLATE: "template_id",
    purpose_rules.MODEL: "model",
}

INFORMATIONAL, PROMOTIONAL, ANY_CLASS = ("informational", "marketing", "any")


class SmsPurposeRule(models.Model):
    """The purpose of text messages of an app, a template or a server action.

    Messages without a rule are marketing, the purpose with the strictest consent. A
    rule can relax that, so rules are archived, never deleted, and changes are tracked.
    """

    _name = "sms.purpose.rule"
    _description = "Purpose of Other Apps' Text Messages"
    _inherit = ["sms.shared.row", "sms.relaxation.reason", "sms.cached.rules"]
    _strictness_fields = frozenset(
        {"active", "level", "company_id", "purpose_id", *TARGET_FIELDS.values()}
    )
    _order = "name, id"

    name = fields.Char(
        "Applies To",
        compute="_compute_name",
        store=True,
        help="Kept when what it names is deleted: the rule then applies to nothing.",
    )
    active = fields.Boolean(default=True, tracking=True)
    level = fields.Selection(
        [
            (purpose_rules.MODEL, "Messages on the records of an app"),
            (purpose_rules.TEMPLATE, "Messages out of a template"),
            (purpose_rules.ACTION, "Messages of a server action"),
        ],
        string="For",
        required=True,
        default=purpose_rules.MODEL,
        tracking=True,
        help="The most specific rule decides: a server action comes before a template, "
        "and a template before the app.",
    )
    model = fields.Selection("_selection_model", string="Records", tracking=True)
    template_id = fields.Many2one(
        "sms.template",
        "SMS Template",
        tracking=True,
        help="Applies while its text is sent unchanged.",
    )
    action_id = fields.Many2one(
        "ir.actions.server",
        "Server Action",
        domain=[("state", "=", "sms")],
        tracking=True,
    )
    purpose_id = fields.Many2one(
        "sms.purpose",
        required=True,
        ondelete="restrict",
        tracking=True,
        help="The consent that the messages need. An offer stays an offer, whoever "
        "sends it: mapped to another purpose, it would be sent to people who never "
        "agreed to offers.",
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        tracking=True,
        help="Leave empty for all companies. A company's own rule takes precedence.",
    )

    _model_unique = models.UniqueIndex(
        "(model, COALESCE(company_id, 0)) WHERE active AND level = 'model'",
        "There is already a rule for these records. Edit that one.",
    )
    _template_unique = models.UniqueIndex(
        "(template_id, COALESCE(company_id, 0)) WHERE active AND level = 'template'",
        "There is already a rule for this template. Edit that one.",
    )
    _action_unique = models.UniqueIndex(
        "(action_id, COALESCE(company_id, 0)) WHERE active AND level = 'action'",
        "There is already a rule for this server action. Edit that one.",
    )

    @api.model
    def _selection_model(self):
        """Return the models whose records can be texted.

        No relation to ``ir.model``: managers may not read it.
        """
        domain = [("is_mail_thread", "=", True), ("transient", "=", False)]
        found = self.env["ir.model"].sudo().search(domain)
        usable = found.filtered(lambda model: self._is_textable(model.model))
        return [(it.model, it.name) for it in usable.sorted(lambda it: it.name)]

    @api.model
    def _is_textable(self, model_name):
        """Return whether a model's records have people or numbers, or are mailings."""
        if model_name not in self.env or model_name.startswith(("ir.", "sms.")):
            return False
        model = self.env[model_name]
        people = model._mail_get_partner_fields() or model._phone_get_number_fields()
        has_people = people or model_name == purpose_rules.MAILING_MODEL
        return bool(has_people) and not model._abstract

    @api.depends("level", "model", "template_id.name", "action_id.name")
    def _compute_name(self):
        labels = dict(self._selection_model())
        for rule in self:
            target = rule[TARGET_FIELDS[rule.level]] if rule.level else False
            if rule.level == purpose_rules.MODEL:
                rule.name = labels.get(target, target)
            else:
                rule.name = target.display_name if target else rule.name

    def _get_target(self):
        """Return the rule's target: a model's name or an id, False for none."""
        target = self[TARGET_FIELDS[self.level]]
        return target if self.level == purpose_rules.MODEL else target.id

    @api.constrains("level", *TARGET_FIELDS.values())
    def _check_target(self):
        if not all(rule._get_target() for rule in self):
            raise ValidationError(self.env._("Choose what the rule applies to."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Refuse: it must stay on record who mapped what."""
        raise UserError(
            self.env._("Rules are kept on record. Archive it to end its effect.")
        )

    # === A less strict purpose needs a reason ===

    def _get_usual_strictness(self):
        """Compare with marketing, the purpose of messages without a rule."""
        return None, self.new({"purpose_id": self.env["sms.purpose"]._get(MARKETING)})

    def _needs_reason(self):
        """Require a reason of users only, not of the superuser."""
        return super()._needs_reason() and self.env.uid != SUPERUSER_ID

    def _get_strictness(self):
        """Return ``((level, target, company id), purpose id)``, None without effect."""
        target = self._get_target()
        if not self.active or not target:
            return None
        return (self.level, target, self.company_id.id), self.purpose_id.id

    def _is_less_strict_than(self, before):
        """Compare the purpose of the rule's messages with their purpose before."""
        after = self._get_strictness()
        # Not from the cache: a refusal rolls back what would be cached.
        rules = self._read_rules()
        former = dict(rules)
        if after:
            former.pop(after[0], None)
        if before:
            former[before[0]] = before[1]
        keys = {it[0] for it in (before, after) if it}
        return any(
            strictness.is_mapping_less_strict(
                self._get_terms(former, key), self._get_terms(rules, key)
            )
            for key in keys
        )

    @api.model
    def _get_terms(self, rules, key):
        """Return the terms of a key (level, target, company id) by given rules."""
        found = rules.get(key) or rules.get((*key[:2], False))
        purposes = self.env["sms.purpose"].sudo()
        purpose = purposes.browse(found) if found else purposes._get(MARKETING)
        return purpose._get_strictness()

    def _get_copy_domain(self):
        field = TARGET_FIELDS[self.level]
        return [("level", "=", self.level), (field, "=", self._get_target())]

    def _creation_message(self):
        """Return the note on a new rule; later changes are tracked."""
        return self.env._(
            "Messages of “%(target)s” are for “%(purpose)s”.",
            target=self.name,
            purpose=self.purpose_id.name,
        )

    # === Lookup by messages ===

    @api.model
    def _find_purpose(self, company, source):
        """Return the purpose of a :class:`MessageSource`; marketing without a rule."""
        purposes = self.env["sms.purpose"]
        purpose_id = self._find_id(company, source)
        return purposes.browse(purpose_id) if purpose_id else purposes._get(MARKETING)

    @api.model
    def _find_id(self, company, source):
        """Return the id of the purpose that a rule names, or None without a rule."""
        source = self._name_shared_template(source)
        return purpose_rules.find_purpose(self._get_rules(), source, company.id)

    @api.model
    def _name_shared_template(self, source):
        """Replace a company's own template by the shared one, unless rules name it."""
        template = self.env["sms.template"].browse(source.template_id or ())
        shared = {own: it for (it, _company), own in template._get_copies().items()}
        shared_id = shared.get(template.id)
        if not shared_id or self._knows_template(template):
            return source
        return source._replace(template_id=shared_id)

    @api.model
    def _find_for_model(self, company, model_name):
        return self._find_purpose(company, MessageSource(model_name))

    @api.model
    def _knows_template(self, template):
        own = (purpose_rules.TEMPLATE, template.id)
        return any(key[:2] == own for key in self._get_rules())

    @api.model
    @ormcache()
    def _get_rules(self):
        """Return :meth:`_read_rules`, cached, as every message needs them."""
        return self._read_rules()

    @api.model
    def _read_rules(self):
        """Return all rules as :func:`tools.purpose_rules.find_purpose` reads them."""
        terms = (rule._get_strictness() for rule in self.sudo().search([]))
        return dict(it for it in terms if it)


class SmsScopeRule(models.Model):
    """The scope of a STOP in a period of time: everything, or what it answered.

    Rules of law change on a date and not with a release, so they are data with their
    source. Without a rule in force a STOP ends everything. A company's own rule that is
    in force takes precedence over the shared ones.
    """

    _name = "sms.scope.rule"
    _description = "Text Message Opt-out Scope"
    _inherit = [
        "sms.shared.row",
        "sms.relaxation.reason",
        "sms.cached.rules",
        "sms.dated.rule",
    ]
    _strictness_fields = frozenset(ScopeTerms._fields)
    _scope_fields = ("purpose_class", "company_id")
    _order = "effective_from desc, id desc"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies without their own rule.",
    )
    effective_from = fields.Date(required=True, tracking=True)
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
        terms = None
        domain = [*self._get_copy_domain(), ("company_id", "=", False)]
        if self.company_id and (shared := self.sudo().search(domain, limit=1)):
            terms = shared._get_strictness()._replace(company_id=self.company_id.id)
        return terms, self.new({"scope": SCOPE_ALL, "active": True})

    def _is_less_strict_than(self, before):
        return strictness.is_scope_less_strict(before, self._get_strictness())

    def _get_copy_domain(self):
        return [
            ("purpose_class", "=", self.purpose_class),
            ("effective_from", "=", self.effective_from),
        ]

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

        def rank(rule):
            is_for_class = rule.purpose_class != ANY_CLASS
            return bool(rule.company_id), rule.effective_from, is_for_class

        return rules.sorted(rank, reverse=True)[:1]

    @api.model
    def _get_class(self, purpose):
        is_promotional = purpose.quiet_class == quiet_hours.MARKETING
        return PROMOTIONAL if is_promotional else INFORMATIONAL

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
        offers = [("quiet_class", "=", quiet_hours.MARKETING)]
        return purposes_sudo.search(offers)._ids
