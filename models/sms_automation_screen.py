# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools import automation


class SmsAutomation(models.Model):
    """What a manager sees of an automation: a sentence, its messages, a dry run."""

    _inherit = "sms.automation"

    summary = fields.Char("In a Sentence", compute="_compute_summary")
    message_sms_count = fields.Integer("Texts", compute="_compute_message_sms_count")

    @api.depends(
        *("trigger", "wait_hours", "team_ids", "stage_ids", "category_ids", "domain"),
        *("min_priority", "template_id", "audience", "delay_number", "delay_unit"),
        "at_most",
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for rule in self:
            rule.summary = self.env._(
                "%(when)s%(which)s: send “%(template)s” to %(whom)s%(delay)s, "
                "%(at_most)s.",
                when=rule._describe_trigger(),
                which=rule._describe_filter(),
                template=rule.template_id.name or "…",
                whom=rule._describe("audience").lower(),
                delay=rule._describe_delay(),
                at_most=rule._describe_at_most(),
            )

    def _describe(self, name):
        """Return the value of a selection in words."""
        options = self._fields[name]._description_selection(self.env)
        return dict(options).get(self[name], "…")

    def _describe_trigger(self):
        """Return when it texts, in words. Extended by other rooms."""
        if self.trigger == automation.NO_ANSWER:
            return self.env._(
                "When the customer has waited %s hours for an answer", self.wait_hours
            )
        if self.trigger == automation.SLA:
            return self.env._("%s hours before a deadline", self.wait_hours)
        words = self._describe("trigger")
        return self.env._("When %s", words[:1].lower() + words[1:])

    def _describe_filter(self):
        """Return for which tickets, in words; empty for all."""
        parts = []
        for records, words in (
            (self.team_ids, self.env._("team %s")),
            (self.stage_ids, self.env._("stage %s")),
            (self.category_ids, self.env._("category %s")),
        ):
            if records:
                names = self.env._(" or ").join(records.mapped("name"))
                parts.append(words % names)
        if self.min_priority:
            words = self._describe("min_priority")
            parts.append(self.env._("priority %s or higher", words))
        if self.domain and self.domain != "[]":
            parts.append(self.env._("more conditions"))
        return f" ({', '.join(parts)})" if parts else ""

    def _describe_delay(self):
        """Return how long it waits, in words; empty for what has a time of its own."""
        if self.trigger not in automation.TRIGGERS or self.trigger in automation.TIMED:
            return ""
        if not self.delay_number:
            return self.env._(" at once")
        return self.env._(
            " after %(number)s %(unit)s",
            number=self.delay_number,
            unit=self._describe("delay_unit"),
        )

    def _describe_at_most(self):
        words = self._describe("at_most").lower()
        if self.at_most == "each":
            return words
        return self.env._("at most %s for each ticket", words)

    def _compute_message_sms_count(self):
        messages = self.env["sms.sms"]
        groups = messages._read_group(
            [("automation_id", "in", self.ids)], ["automation_id"], ["__count"]
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.message_sms_count = counts.get(rule.id, 0)

    def action_view_messages(self):
        """Open the messages that these automations have made."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_sms_action"
        )
        return {
            **action,
            "domain": [("automation_id", "in", self.ids)],
            "context": {"create": False},
        }

    def action_dry_run(self):
        """Show who would have got what last week.

        :raises AccessError: for who may not edit automations
        """
        chosen = self or self.search([("trigger", "in", automation.TRIGGERS)])
        chosen.check_access("read")
        self.browse().check_access("write")
        wizard = self.env["sms.automation.replay"].create(
            {"automation_ids": [fields.Command.set(chosen.ids)]}
        )
        return wizard.action_replay()
