# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import TICKET_MODEL, automation
from .sms_purpose import INTERNAL

SLA_MODEL = "helpdesk.ticket.sla"


class SmsAutomation(models.Model):
    """A text that the helpdesk sends by itself: when, about what, to whom, how often.

    Written by managers. What happens, for which records, to whom and when are fields
    of their own, and the rule that joins them is :mod:`tools.automation`. Automations
    are asked in their order, and of those that fit one change the first texts.
    """

    _name = "sms.automation"
    _description = "Text Message Automation"
    _inherit = ["sms.shared.copy", "mail.thread", "sms.cached.rules"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(
        default=50, help="Of several that fit one change the first one texts."
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        tracking=True,
        help="Empty: all companies.",
    )
    shared_id = fields.Many2one(
        "sms.automation",
        "In Place Of",
        ondelete="restrict",
        domain=[("company_id", "=", False)],
        help="The shared automation that does not text for the company any more.",
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
    team_ids = fields.Many2many(
        "helpdesk.ticket.team", string="Teams", ondelete="restrict"
    )
    stage_ids = fields.Many2many(
        "helpdesk.ticket.stage", string="Stages", ondelete="restrict"
    )
    category_ids = fields.Many2many(
        "helpdesk.ticket.category", string="Categories", ondelete="restrict"
    )
    min_priority = fields.Selection("_selection_priority", string="Priority (at Least)")
    domain = fields.Char(
        "More Conditions",
        tracking=True,
        help="The tickets that this is about. Empty: all.",
    )

    template_id = fields.Many2one(
        "sms.template",
        "Text",
        domain=[("model", "=", TICKET_MODEL)],
        ondelete="set null",
        tracking=True,
        help="Without one, because it was deleted, nothing is sent.",
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
        ondelete="restrict",
        tracking=True,
        help="Which consent the recipient must have given, and at which hours it may "
        "leave. What colleagues get is internal.",
    )
    is_urgent = fields.Boolean(
        "Leaves First",
        help="Before other messages. Whether it keeps quiet hours is said by "
        "its purpose.",
    )
    delay_number = fields.Integer(
        "After", help="0: at once. Else if the condition still holds by then."
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
        help="For one ticket and one person. A customer can close a ticket by a plain "
        "link, and open it again by an answer.",
    )
    in_force_since = fields.Datetime(
        readonly=True,
        copy=False,
        default=fields.Datetime.now,
        help="What a clock finds counts from then on, and not what is long past.",
    )

    _copy_unique = models.UniqueIndex(
        "(shared_id, company_id) WHERE shared_id IS NOT NULL",
        "The company has an automation in place of this one already.",
    )
    _wait_hours_positive = models.Constraint(
        "CHECK (wait_hours BETWEEN 1 AND 8760)",
        "The hours must be more than none, and at most a year.",
    )
    # A time beyond all calendars would fail with each change of a ticket.
    _delay_not_negative = models.Constraint(
        "CHECK (delay_number BETWEEN 0 AND CASE delay_unit WHEN 'minutes' THEN 525600"
        " WHEN 'hours' THEN 8760 ELSE 365 END)",
        "The delay cannot be less than none, nor more than a year.",
    )

    @api.model
    def _selection_trigger(self):
        """Return what can happen; a missed deadline only where deadlines are known."""
        found = [
            (automation.CREATED, self.env._("A ticket is created")),
            (automation.ASSIGNED, self.env._("A ticket is assigned")),
            (automation.STAGE, self.env._("A ticket reaches a stage")),
            (automation.CLOSED, self.env._("A ticket is closed")),
            (automation.REOPENED, self.env._("A ticket is reopened")),
            (automation.WROTE, self.env._("The customer has texted")),
            (automation.NO_ANSWER, self.env._("The customer waits for an answer")),
        ]
        if self._get_deadline_source():
            words = self.env._("A deadline (SLA) comes near")
            found.append((automation.SLA, words))
        return found

    @api.model
    def _selection_priority(self):
        return (
            self.env[TICKET_MODEL]._fields["priority"]._description_selection(self.env)
        )

    @api.model
    def _get_deadline_source(self):
        """Return where deadlines stand: a model, ``ticket`` or empty if nowhere.

        ``helpdesk_mgmt_sla`` has a row for each deadline of a ticket; its older
        versions have one date on the ticket.
        """
        if SLA_MODEL in self.env:
            return SLA_MODEL
        field = self.env[TICKET_MODEL]._fields.get("sla_deadline")
        return TICKET_MODEL if field and field.store else ""

    @api.depends("audience", "trigger")
    def _compute_purpose_id(self):
        for rule in self:
            rule.purpose_id = rule._get_purpose()

    def _get_purpose(self):
        """Return the purpose: the internal one for colleagues, or else the ticket's.

        Another one stays that somebody has chosen. Extended by other rooms.
        """
        if self.audience in automation.STAFF:
            return self.env["sms.purpose"]._get(INTERNAL)
        if self.purpose_id and self.purpose_id.code != INTERNAL:
            return self.purpose_id
        return self._find_purpose(TICKET_MODEL)

    def _find_purpose(self, model):
        """Return what the company's texts about records of a model are for."""
        company = self.company_id or self.env.company
        return self.env["sms.purpose.rule"]._find_for_model(company, model)

    @api.constrains("audience", "purpose_id")
    def _check_purpose(self):
        """Keep what is internal to colleagues, and colleagues to what is internal."""
        for rule in self:
            is_internal = rule.purpose_id.code == INTERNAL
            if is_internal != (rule.audience in automation.STAFF):
                raise ValidationError(
                    self.env._(
                        "“%s”: what colleagues get is internal, and nothing internal "
                        "goes to customers.",
                        rule.name,
                    )
                )

    @api.constrains("trigger", "template_id")
    def _check_template(self):
        """Refuse a template of other records: it could not be filled in."""
        for rule in self:
            template_sudo = rule.template_id.sudo()
            if template_sudo and template_sudo.model != rule._get_record_model():
                raise ValidationError(rule._explain_template())

    def _get_record_model(self):
        """Return of which model the records are that it is about. Extended."""
        return TICKET_MODEL

    def _explain_template(self):
        """Return what is wrong with a template of other records. Extended."""
        return self.env._("“%s” is no template for tickets.", self.template_id.name)
