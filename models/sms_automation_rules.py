# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import ormcache

from ..tools import automation
from ..tools.automation import Rule

#: What starts the time of what a clock finds anew.
CLOCK_FIELDS = ("active", "trigger", "wait_hours")


class SmsAutomation(models.Model):
    """What the engine asks with every change of a ticket: all automations, cached."""

    _inherit = "sms.automation"

    @api.model_create_multi
    def create(self, vals_list):
        """Tell of the new automations."""
        rules = super().create(vals_list)
        rules._on_rules_change()
        return rules

    def write(self, vals):
        """Start the time of a clock anew where what it waits for is changed."""
        if any(name in vals for name in CLOCK_FIELDS):
            vals = {"in_force_since": fields.Datetime.now(), **vals}
        self._on_rules_change()
        result = super().write(vals)
        self._on_rules_change()
        return result

    def unlink(self):
        """Tell of the automations that there are no more."""
        self._on_rules_change()
        return super().unlink()

    def _on_rules_change(self):
        """Plan anew what follows from the automations. Extended by other rooms.

        Called before and after a change, after a creation and before a deletion.
        """

    @api.model
    @ormcache()
    def _get_rules(self):
        """Return the active automations in their order, as :class:`Rule`.

        Cached: every change of a ticket asks.

        :rtype: tuple
        """
        found = self.sudo().search([("template_id", "!=", False)])
        return tuple(rule._to_rule() for rule in found)

    def _to_rule(self):
        """Return the automation as the engine reads it."""
        self.ensure_one()
        is_timed = self._is_timed()
        number = 0 if is_timed else self.delay_number
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
            delay=timedelta(**{self.delay_unit: number}),
            lead=timedelta(hours=self.wait_hours if is_timed else 0),
            pause=automation.PAUSES[self.at_most],
            shared_id=self.shared_id.id or 0,
            replaced_in=frozenset(
                self.with_context(active_test=False).copy_ids.company_id.ids
            ),
        )

    def _is_timed(self):
        """Tell if its hours count to or from a point of time. Extended."""
        return self.trigger in automation.TIMED
