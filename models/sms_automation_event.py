# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..tools import EVENT_MODEL, TICKET_MODEL, automation
from ..tools.appointments import BOOKED, CALLED_OFF, MOVED
from .sms_reminder import NO_SHOW, ON_THE_WAY, REMINDER
from .sms_reminder_rules import TextRule

#: What happens to appointments: a trigger for each kind of text.
EVENT_TRIGGERS = {
    "event_booked": BOOKED,
    "event_reminder": REMINDER,
    "event_on_the_way": ON_THE_WAY,
    "event_moved": MOVED,
    "event_called_off": CALLED_OFF,
    "event_no_show": NO_SHOW,
}


class SmsAutomation(models.Model):
    """Automations about appointments: their texts are planned as ``sms.reminder``.

    They go to the customers who are invited. Teams, categories and priority are those
    of the ticket that a visit is about.
    """

    _inherit = "sms.automation"

    is_for_events = fields.Boolean(compute="_compute_is_for_events")
    template_model = fields.Char(compute="_compute_is_for_events")
    template_id = fields.Many2one(domain="[('model', '=', template_model)]")

    @api.depends("trigger")
    def _compute_is_for_events(self):
        for rule in self:
            rule.is_for_events = rule.trigger in EVENT_TRIGGERS
            rule.template_model = EVENT_MODEL if rule.is_for_events else TICKET_MODEL

    @api.model
    def _selection_trigger(self):
        """Add what happens to appointments."""
        return [
            *super()._selection_trigger(),
            ("event_booked", self.env._("An appointment is booked")),
            ("event_reminder", self.env._("An appointment comes near")),
            ("event_on_the_way", self.env._("The technician is on the way")),
            ("event_moved", self.env._("An appointment is moved")),
            ("event_called_off", self.env._("An appointment is called off")),
            ("event_no_show", self.env._("The customer was not there")),
        ]

    def _describe_trigger(self):
        if self.trigger == "event_reminder":
            return self.env._("%s hours before an appointment", self.wait_hours)
        return super()._describe_trigger()

    @api.depends("trigger")
    def _compute_purpose_id(self):
        """Take the purpose of appointments for texts about them."""
        about_events = self.filtered("is_for_events")
        result = super(SmsAutomation, self - about_events)._compute_purpose_id()
        rules = self.env["sms.purpose.rule"]
        for rule in about_events:
            company = rule.company_id or self.env.company
            rule.purpose_id = rules._find_for_model(company, EVENT_MODEL)
        return result

    @api.constrains("trigger", "template_id")
    def _check_template(self):
        """Refuse a template of tickets for an appointment."""
        about_events = self.filtered("is_for_events")
        result = super(SmsAutomation, self - about_events)._check_template()
        for rule in about_events:
            template_sudo = rule.template_id.sudo()
            if template_sudo and template_sudo.model != EVENT_MODEL:
                raise ValidationError(
                    self.env._(
                        "“%s” is no template for appointments.", rule.template_id.name
                    )
                )
        return result

    @api.constrains("trigger", "audience", "domain", "stage_ids", "delay_number")
    def _check_event_filters(self):
        """Refuse what has no meaning for an appointment."""
        for rule in self.filtered("is_for_events"):
            is_plain = rule.audience == automation.CUSTOMER and not (
                rule.domain or rule.stage_ids or rule.delay_number
            )
            if not is_plain:
                raise ValidationError(
                    self.env._(
                        "“%s”: texts about appointments go to the customer, and have "
                        "no stages, no further conditions and no delay.",
                        rule.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the reminders of what is booked already."""
        rules = super().create(vals_list)
        rules._plan_events_again()
        return rules

    def write(self, vals):
        """Plan the reminders of what is booked already, as they are now."""
        self._plan_events_again()
        result = super().write(vals)
        self._plan_events_again()
        return result

    def unlink(self):
        """Cancel the reminders that it would have sent."""
        self._plan_events_again()
        return super().unlink()

    def _plan_events_again(self):
        """Look at all appointments that are to come when the transaction ends."""
        if not self.filtered(lambda rule: rule.trigger == "event_reminder"):
            return
        events = (
            self.env[EVENT_MODEL]
            .sudo()
            .search([("start", ">", fields.Datetime.now()), ("sms_enabled", "=", True)])
        )
        events.with_context(dont_notify=True)._touch_appointments()

    def _to_rule(self):
        """Count the hours of a reminder before its appointment."""
        rule = super()._to_rule()
        if self.trigger == "event_reminder":
            return rule._replace(lead=timedelta(hours=self.wait_hours))
        return rule

    @api.model
    @ormcache("company.id")
    def _get_appointment_rules(self, company):
        """Return the texts that a company sends about appointments, in their order.

        Cached, as :meth:`_get_rules`: every change of the calendar asks.

        :rtype: tuple[TextRule]
        """
        purposes = self.env["sms.purpose"]
        return tuple(
            TextRule(
                EVENT_TRIGGERS[rule.trigger],
                rule.lead,
                rule.template_id,
                purposes._get(rule.purpose_code).id,
                rule.automation_id,
                conditions=rule,
            )
            for rule in self._get_rules()
            if rule.trigger in EVENT_TRIGGERS
            and automation.is_of_company(rule, company.id)
        )
