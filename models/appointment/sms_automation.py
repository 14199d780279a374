# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools import EVENT_MODEL, TICKET_MODEL, automation
from ...tools.appointments import BOOKED, CALLED_OFF, MOVED
from .sms_reminder import NO_SHOW, ON_THE_WAY, REMINDER, TextRule

#: Triggers about appointments, each with its kind of text.
EVENT_TRIGGERS = {
    "event_booked": BOOKED,
    "event_reminder": REMINDER,
    "event_on_the_way": ON_THE_WAY,
    "event_moved": MOVED,
    "event_called_off": CALLED_OFF,
    "event_no_show": NO_SHOW,
}


class SmsAutomation(models.Model):
    """Adds triggers about appointments, whose texts are planned as ``sms.reminder``.

    They go to the invited customers; filters apply to the visit's ticket.
    """

    _inherit = "sms.automation"

    is_for_events = fields.Boolean(compute="_compute_is_for_events")
    template_model = fields.Char(compute="_compute_is_for_events")
    template_id = fields.Many2one(domain="[('model', '=', template_model)]")

    @api.depends("trigger")
    def _compute_is_for_events(self):
        for rule in self:
            rule.is_for_events = rule.trigger in EVENT_TRIGGERS
            rule.template_model = rule._get_record_model()

    @api.onchange("trigger")
    def _onchange_trigger(self):
        """Drop the options that the form hides for an appointment, and its template."""
        if self.is_for_events:
            self.update({"audience": automation.CUSTOMER, "delay_number": 0})
            self.update({"stage_ids": False, "domain": False})
        if self.template_id.model != self.template_model:
            self.template_id = False

    def _get_record_model(self):
        return EVENT_MODEL if self.is_for_events else super()._get_record_model()

    @api.model
    def _selection_trigger(self):
        return [
            *super()._selection_trigger(),
            ("event_booked", self.env._("An appointment is booked")),
            ("event_reminder", self.env._("An appointment approaches")),
            ("event_on_the_way", self.env._("The technician is on the way")),
            ("event_moved", self.env._("An appointment is moved")),
            ("event_called_off", self.env._("An appointment is cancelled")),
            ("event_no_show", self.env._("The customer was not there")),
        ]

    def _describe_trigger(self):
        if self.trigger == "event_reminder":
            return self.env._("%s hours before an appointment", self.wait_hours)
        return super()._describe_trigger()

    def _get_purpose(self):
        if self.is_for_events:
            return self._find_purpose(EVENT_MODEL)
        purpose = super()._get_purpose()
        is_theirs = purpose == self._find_purpose(EVENT_MODEL)
        return self._find_purpose(TICKET_MODEL) if is_theirs else purpose

    def _explain_template(self):
        if not self.is_for_events:
            return super()._explain_template()
        return self.env._(
            "“%s” is not a template for appointments.", self.template_id.name
        )

    @api.constrains("trigger", "audience", "domain", "stage_ids", "delay_number")
    def _check_event_filters(self):
        """Refuse options that have no meaning for an appointment."""
        for rule in self.filtered("is_for_events"):
            is_filtered = rule.domain or rule.stage_ids or rule.delay_number
            if is_filtered or rule.audience != automation.CUSTOMER:
                raise ValidationError(
                    self.env._(
                        "“%s”: texts about appointments go to the customer, and have "
                        "no stages, no further conditions and no delay.",
                        rule.name,
                    )
                )

    def _on_rules_change(self):
        result = super()._on_rules_change()
        if "event_reminder" in self.mapped("trigger"):
            self.env[EVENT_MODEL].sudo()._plan_sms_again(Domain.TRUE)
        return result

    def _is_timed(self):
        return super()._is_timed() or self.trigger == "event_reminder"

    @api.model
    @ormcache("company.id")
    def _get_appointment_rules(self, company):
        """Return a company's :class:`TextRule` items about appointments, in order.

        Cached, like :meth:`_get_rules`: every change of the calendar needs them.
        """
        return tuple(
            TextRule(
                EVENT_TRIGGERS[rule.trigger],
                rule.lead,
                rule.template_id,
                self.env["sms.purpose"]._get(rule.purpose_code).id,
                rule.automation_id,
                conditions=rule,
            )
            for rule in self._get_rules()
            if rule.trigger in EVENT_TRIGGERS
            and automation.is_of_company(rule, company.id)
        )
