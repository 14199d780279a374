# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import automation
from ..automation.sms_automation_engine import Text
from .sms_team_alert import RESOLVED


class SmsAutomation(models.Model):
    """Lets an automation raise a team alert instead of sending a text."""

    _inherit = "sms.automation"

    audience = fields.Selection(
        selection_add=[(automation.ON_CALL, "The person on call, as a team alert")],
        ondelete={automation.ON_CALL: "cascade"},
    )

    @api.model
    def _get_recipients(self, tickets, audience):
        """Return the first person on call now, shown by a dry run."""
        if audience != automation.ON_CALL:
            return super()._get_recipients(tickets, audience)
        now = fields.Datetime.now()
        oncall = self.env["sms.oncall"]
        found = {}
        for ticket in tickets:
            people = oncall._get_people(ticket.team_id, ticket.company_id, now)
            found[ticket.id] = [self._to_recipient(it) for it in people[:1].partner_id]
        return found

    @api.model
    def _text(self, pairs):
        alerts = [pair for pair in pairs if pair[1].audience == automation.ON_CALL]
        texts = super()._text([pair for pair in pairs if pair not in alerts])
        raised = set()  # one change of a ticket is one alert, as it is one text
        for record, rule in alerts:
            work = partial(self._raise_alert, record, rule)
            may_raise = record not in raised and self._may_raise(record, rule)
            if may_raise and self._isolate(work, record):
                raised.add(record)
                texts.append(Text(record, rule, ()))
        return texts

    @api.model
    def _may_raise(self, record, rule):
        """Return whether a rule may raise an alert: none open, and not too often.

        Alerts of the automation that it replaces count too, and those of a deleted one.
        """
        own = {rule.automation_id, rule.shared_id or rule.automation_id}
        domain = Domain("automation_id", "in", own)
        is_deleted = Domain("automation_id", "=", False)
        domain |= is_deleted & Domain("origin", "=", "automation")
        alerts = self.env["sms.team.alert"].sudo()
        last = alerts.search(domain & Domain("ticket_id", "=", record.id), limit=1)
        if last and last.state != RESOLVED:
            return False
        return automation.may_text(rule, last.created_at or None, fields.Datetime.now())

    @api.model
    def _raise_alert(self, record, rule):
        record = record.sudo()
        if not record.team_id:
            raise UserError(
                self.env._("The ticket has no team, so nobody is on call for it.")
            )
        template = record.env["sms.template"].browse(rule.template_id)
        alerts, words = self.env["sms.team.alert"], template._render_text(record)
        values = {"ticket_id": record.id, "automation_id": rule.automation_id}
        return alerts._raise(record.team_id, words, origin="automation", **values)
