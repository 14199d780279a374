# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_list, ormcache

from ...tools import TICKET_MODEL, automation
from ...tools.automation import Rule
from ...tools.verdicts import BLOCK, CALLED_OFF, HAVE_GOT
from ..core.mixins import open_linked
from ..ledger.sms_purpose import INTERNAL

SLA_MODEL = "helpdesk.ticket.sla"
MANAGER_GROUP = "helpdesk_mgmt.group_helpdesk_manager"
#: Options of the filters. An archived record still limits: else all tickets would fit.
FILTER = {"ondelete": "restrict", "context": {"active_test": False}}
#: Errors of conditions that cannot be used.
UNUSABLE = (AccessError, UserError, ValueError, TypeError, KeyError, OverflowError)


class SmsAutomation(models.Model):
    """A rule for automatic texts: when, about which tickets, to whom, how often.

    Written by managers; :mod:`tools.automation` evaluates the fields. Automations are
    ordered, and the first one that fits a change sends its text.
    """

    _name = "sms.automation"
    _description = "Text Message Automation"
    _inherit = ["sms.shared.copy", "mail.thread", "sms.cached.rules"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(
        default=50,
        help="If several automations match a change, only the first one sends.",
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        tracking=True,
        help="Leave empty for all companies.",
    )
    shared_id = fields.Many2one(
        "sms.automation",
        "Replaces",
        copy=False,
        ondelete="restrict",
        domain=[("company_id", "=", False)],
        help="The shared automation that this one replaces for the company.",
    )
    copy_ids = fields.One2many("sms.automation", "shared_id", readonly=True)

    trigger = fields.Selection(
        "_selection_trigger",
        string="When",
        required=True,
        default=automation.STAGE,
        tracking=True,
    )
    wait_hours = fields.Integer(
        "Hours",
        default=4,
        help="How long a customer has waited, or how long before the deadline.",
    )
    team_ids = fields.Many2many("helpdesk.ticket.team", string="Teams", **FILTER)
    stage_ids = fields.Many2many("helpdesk.ticket.stage", string="Stages", **FILTER)
    category_ids = fields.Many2many(
        "helpdesk.ticket.category", string="Categories", **FILTER
    )
    min_priority = fields.Selection("_selection_priority", string="Priority (at Least)")
    domain = fields.Char(
        "More Conditions",
        tracking=True,
        help="The tickets it applies to. Leave empty for all.",
    )

    template_id = fields.Many2one(
        "sms.template",
        "Text",
        domain=[("model", "=", TICKET_MODEL)],
        check_company=True,
        tracking=True,
        help="If the template was deleted, nothing is sent.",
    )
    audience = fields.Selection(
        [
            (automation.CUSTOMER, "The customer"),
            (automation.FOLLOWERS, "The contacts that follow the ticket"),
            (automation.ASSIGNEE, "The technician"),
            (automation.TEAM, "All members of the team"),
        ],
        string="To",
        required=True,
        default=automation.CUSTOMER,
        tracking=True,
    )
    purpose_id = fields.Many2one(
        "sms.purpose",
        compute="_compute_purpose_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        help="Defines which consent the recipient must have given, and at which hours "
        "the text may be sent. Texts to colleagues are internal.",
    )
    is_urgent = fields.Boolean(
        "Send First",
        help="Sent before other messages. Whether quiet hours apply depends on its "
        "purpose.",
    )
    delay_number = fields.Integer(
        "After",
        help="0 to send immediately. Otherwise it is only sent if the "
        "conditions still apply by then.",
    )
    delay_unit = fields.Selection(
        [("minutes", "minutes"), ("hours", "hours"), ("days", "days")],
        required=True,
        default="hours",
    )
    at_most = fields.Selection(
        [
            ("each", "Each time"),
            ("hour", "Once an hour"),
            ("day", "Once a day"),
            ("week", "Once a week"),
            ("once", "Once"),
        ],
        required=True,
        default="day",
        tracking=True,
        help="Per ticket and person. A customer can close a ticket with a link, and "
        "reopen it with a reply.",
    )
    in_force_since = fields.Datetime(
        readonly=True,
        copy=False,
        default=fields.Datetime.now,
        help="Time-based events count from then on.",
    )

    summary = fields.Char(compute="_compute_summary")
    message_sms_count = fields.Integer(
        "Sent", compute="_compute_message_sms_counts", help="Texts that were sent."
    )
    message_sms_blocked_count = fields.Integer(
        "Blocked", compute="_compute_message_sms_counts"
    )

    _copy_unique = models.UniqueIndex(
        "(shared_id, company_id) WHERE shared_id IS NOT NULL",
        "The company already has an automation that replaces this one.",
    )
    _wait_hours_positive = models.Constraint(
        "CHECK (wait_hours BETWEEN 1 AND 8760)",
        "The hours must be positive, and at most a year.",
    )
    # A date out of range would raise an error on each change of a ticket.
    _delay_not_negative = models.Constraint(
        "CHECK (delay_number BETWEEN 0 AND CASE delay_unit WHEN 'minutes' THEN 525600"
        " WHEN 'hours' THEN 8760 ELSE 365 END)",
        "The delay cannot be negative, nor exceed a year.",
    )

    @api.model
    def _selection_trigger(self):
        """Offer the trigger for deadlines only if tickets have deadlines."""
        found = [
            (automation.CREATED, self.env._("A ticket is created")),
            (automation.ASSIGNED, self.env._("A ticket is assigned")),
            (automation.STAGE, self.env._("A ticket reaches a stage")),
            (automation.CLOSED, self.env._("A ticket is closed")),
            (automation.REOPENED, self.env._("A ticket is reopened")),
            (automation.WROTE, self.env._("The customer has texted")),
            (automation.NO_ANSWER, self.env._("The customer is waiting for an answer")),
        ]
        if self._get_deadline_source():
            found.append((automation.SLA, self.env._("A deadline (SLA) approaches")))
        return found

    @api.model
    def _selection_priority(self):
        field = self.env[TICKET_MODEL]._fields["priority"]
        return field._description_selection(self.env)

    @api.model
    def _get_deadline_source(self):
        """Return the model with SLA deadlines: in older OCA versions the ticket."""
        if SLA_MODEL in self.env:
            return SLA_MODEL
        field = self.env[TICKET_MODEL]._fields.get("sla_deadline")
        return TICKET_MODEL if field and field.store else ""

    @api.depends("audience", "trigger")
    def _compute_purpose_id(self):
        for rule in self:
            rule.purpose_id = rule._get_purpose()

    def _get_purpose(self):
        """Return the internal purpose for colleagues, else the chosen or usual one."""
        if self.audience in automation.STAFF:
            return self.env["sms.purpose"]._get(INTERNAL)
        if self.purpose_id and self.purpose_id.code != INTERNAL:
            return self.purpose_id
        return self._find_purpose(TICKET_MODEL)

    def _find_purpose(self, model):
        company = self.company_id or self.env.company
        return self.env["sms.purpose.rule"]._find_for_model(company, model)

    @api.constrains("audience", "purpose_id")
    def _check_purpose(self):
        """Require the internal purpose for colleagues, and forbid it for others."""
        for rule in self:
            is_internal = rule.purpose_id.code == INTERNAL
            if is_internal != (rule.audience in automation.STAFF):
                raise ValidationError(
                    self.env._(
                        "“%s”: texts to colleagues must be internal, and internal "
                        "texts cannot go to customers.",
                        rule.name,
                    )
                )

    @api.constrains("trigger", "template_id", "audience")
    def _check_template(self):
        """Refuse a template of another model, and internal ones for customers."""
        for rule in self:
            template_sudo = rule.template_id.sudo()
            if template_sudo and template_sudo.model != rule._get_record_model():
                raise ValidationError(rule._explain_template())
            if rule.audience not in automation.STAFF:
                template_sudo._check_for_customers()

    def _get_record_model(self):
        return TICKET_MODEL

    def _explain_template(self):
        return self.env._("“%s” is not a template for tickets.", self.template_id.name)

    # === Changes and the cached rules ===

    @api.model_create_multi
    def create(self, vals_list):
        """Plan dependent texts again; what is due by now is what they replace."""
        if any(vals.get("shared_id") for vals in vals_list):
            self.env["sms.automation.run"].sudo()._find_timed()
        rules = super().create(vals_list)
        rules._on_rules_change()
        return rules

    def write(self, vals):
        """Restart the period in force when a time-based rule changes."""
        if vals.keys() & {"active", "trigger", "wait_hours"}:
            vals = {"in_force_since": fields.Datetime.now(), **vals}
        self._on_rules_change()
        result = super().write(vals)
        self._on_rules_change()
        return result

    def unlink(self):
        """Plan dependent texts again; what was replaced applies from now on."""
        replaced_sudo = self.sudo().shared_id - self.sudo()
        if replaced_sudo:
            self.env["sms.automation.run"].sudo()._find_timed()
        self._on_rules_change()
        result = super().unlink()
        replaced_sudo.in_force_since = fields.Datetime.now()
        return result

    def _on_rules_change(self):
        """Hook for other rooms: runs before and after a change of automations."""

    @api.model
    @ormcache()
    def _get_rules(self):
        """Return the active rules in order, cached for every change of a ticket."""
        found = self.sudo().search([("template_id", "!=", False)])
        return tuple(rule._to_rule() for rule in found)

    def _to_rule(self):
        is_timed = self._is_timed()
        return Rule(
            automation_id=self.id,
            trigger=self.trigger,
            template_id=self.template_id.id,
            audience=self.audience,
            company_id=self.company_id.id or 0,
            team_ids=frozenset(self.team_ids.ids),
            stage_ids=frozenset(self.stage_ids.ids),
            category_ids=frozenset(self.category_ids.ids),
            priority=self.min_priority or "",
            domain=self._parse_domain(),
            purpose_code=self.purpose_id.code,
            is_urgent=self.is_urgent,
            delay=timedelta(**{self.delay_unit: 0 if is_timed else self.delay_number}),
            lead=timedelta(hours=self.wait_hours if is_timed else 0),
            pause=automation.PAUSES[self.at_most],
            shared_id=self.shared_id.id or 0,
            replaced_in=frozenset(
                self.with_context(active_test=False).copy_ids.company_id.ids
            ),
        )

    def _is_timed(self):
        return self.trigger in automation.TIMED

    # === Conditions: only on what a manager may read ===

    # Whether a text is sent reveals whether a condition holds, so a condition on a
    # secret would reveal it letter by letter. Managers' rights are checked, whoever
    # saves the condition: managers may copy the automation and edit it.

    def _parse_domain(self):
        """Return the conditions; raise a ValueError unless they are literals."""
        try:
            domain = ast.literal_eval(self.domain or "[]")
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not isinstance(domain, list):
            raise ValueError("no list")
        return domain

    @api.constrains("domain")
    def _check_domain(self):
        """Refuse invalid conditions, and those on fields managers may not read."""
        for rule in self.filtered("domain"):
            try:
                domain = Domain(rule._parse_domain())
                rule._check_paths(domain, TICKET_MODEL)
                # Odoo's own check of the user's rights, fields, operators and values.
                tickets = self.env[TICKET_MODEL].with_context(active_test=False)
                tickets.search(domain, limit=1)
            except UNUSABLE as error:
                raise ValidationError(
                    self.env._(
                        "The conditions of “%(name)s” cannot be used: a part of them "
                        "is unknown, is not a plain value, or is about data that "
                        "helpdesk managers may not read (%(error)s).",
                        name=rule.name,
                        error=error,
                    )
                ) from error

    @api.model
    def _check_paths(self, domain, model_name):
        """Raise a ValueError if a path contains a field managers may not read."""
        for condition in domain.iter_conditions():
            model = self.env[model_name]
            for name in condition.field_expr.split("."):
                field = model._fields.get(name)
                if field is None:
                    break  # a part of a date or of a property, which Odoo checks
                if not self._is_readable(field, model._name):
                    raise ValueError(condition.field_expr)
                if field.relational:
                    model = self.env[field.comodel_name]
            if isinstance(condition.value, (Domain, list, tuple)) and "any" in (
                condition.operator
            ):
                self._check_paths(Domain(condition.value), model._name)

    @api.model
    def _is_readable(self, field, model_name):
        """Return whether helpdesk managers may read a field and its model."""
        managers = self.env.ref(MANAGER_GROUP).sudo().all_implied_ids
        allowed = set((field.groups or "").replace(" ", "").split(","))
        if field.groups and not allowed & set(managers.get_external_id().values()):
            return False
        domain = Domain("model_id.model", "=", model_name)
        domain &= Domain("perm_read", "=", True)
        domain &= Domain("group_id", "in", [False, *managers.ids])
        return bool(self.env["ir.model.access"].sudo().search_count(domain, limit=1))

    # === Descriptions ===

    @api.depends(
        "trigger",
        "wait_hours",
        "team_ids",
        "stage_ids",
        "category_ids",
        "domain",
        "min_priority",
        "template_id",
        "audience",
        "delay_number",
        "delay_unit",
        "at_most",
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for rule in self:
            head = self.env._(
                "%(when)s%(which)s: “%(template)s”",
                when=rule._describe_trigger(),
                which=rule._describe_filter(),
                template=rule.template_id.name or "…",
            )
            whom = rule._describe("audience")
            facts = (head, whom, rule._describe_delay(), rule._describe_at_most())
            rule.summary = " · ".join(filter(None, facts))

    def _describe(self, name):
        options = self._fields[name]._description_selection(self.env)
        return dict(options).get(self[name], "…")

    def _describe_trigger(self):
        if self.trigger == automation.NO_ANSWER:
            return self.env._(
                "The customer has waited %s hours for an answer", self.wait_hours
            )
        if self.trigger == automation.SLA:
            return self.env._("%s hours before a deadline", self.wait_hours)
        return self._describe("trigger")

    def _describe_filter(self):
        """Return the ticket filters in words; empty for all tickets."""
        parts = []
        for records, words in (
            (self.team_ids, self.env._("team %s")),
            (self.stage_ids, self.env._("stage %s")),
            (self.category_ids, self.env._("category %s")),
        ):
            if records:
                names = format_list(self.env, records.mapped("name"), style="or")
                parts.append(words % names)
        if self.min_priority:
            words = self._describe("min_priority")
            parts.append(self.env._("priority %s or higher", words))
        if self.domain and self.domain != "[]":
            parts.append(self.env._("more conditions"))
        return f" ({', '.join(parts)})" if parts else ""

    def _describe_delay(self):
        """Return the delay in words; empty for time-based triggers."""
        if self.trigger not in automation.TRIGGERS or self.trigger in automation.TIMED:
            return ""
        if not self.delay_number:
            return self.env._("At once")
        return self.env._(
            "After %(number)s %(unit)s",
            number=self.delay_number,
            unit=self._describe("delay_unit"),
        )

    def _describe_at_most(self):
        words = self._describe("at_most")
        if self.at_most == "each":
            return words
        return self.env._("%s, for each ticket", words)

    def _compute_message_sms_counts(self):
        sent = self._count_messages(Domain("state", "in", HAVE_GOT))
        blocked = self._count_messages(
            Domain("state", "=", "canceled")
            & Domain("gate_verdict", "=", BLOCK)
            & Domain("gate_reason", "not in", CALLED_OFF)
        )
        for rule in self:
            rule.message_sms_count = sent.get(rule, 0)
            rule.message_sms_blocked_count = blocked.get(rule, 0)

    def _count_messages(self, domain):
        domain &= Domain("automation_id", "in", self.ids)
        messages = self.env["sms.sms"]
        return dict(messages._read_group(domain, ["automation_id"], ["__count"]))

    def action_view_messages(self):
        """Open the messages that the automation has created."""
        xmlid = "helpdesk_mgmt_sms.sms_sms_action"
        return open_linked(self, xmlid, "automation_id", create=False)

    def action_dry_run(self):
        """Show who would have got which text last week.

        :raises AccessError: if the user may not edit automations
        """
        in_use = [("trigger", "in", automation.TRIGGERS), ("active", "=", True)]
        chosen = self or self.search(in_use)
        chosen.check_access("read")
        self.browse().check_access("write")
        wizard = self.env["sms.automation.replay"].create(
            {"automation_ids": [fields.Command.set(chosen.ids)]}
        )
        return wizard.action_replay()


class SmsTemplate(models.Model):
    """Stays what automations need that send it."""

    _inherit = "sms.template"

    @api.constrains("is_internal", "model_id", "company_id")
    def _check_uses(self):
        result = super()._check_uses()
        rules_sudo = self.env["sms.automation"].sudo().with_context(active_test=False)
        rules_sudo = rules_sudo.search([("template_id", "in", self.ids)])
        rules_sudo._check_template()
        rules_sudo._check_company(["template_id"])
        return result
