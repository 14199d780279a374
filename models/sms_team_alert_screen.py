# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ..tools import replies, texts
from .sms_team_alert import OPEN, RESOLVED
from .sms_team_alert_entry import TOLD

#: Characters of an alert in a list of several.
SHORT = 40


class SmsTeamAlert(models.Model):
    """What the board shows of an alert: who has it, how long it took, what is next."""

    _inherit = "sms.team.alert"

    is_live = fields.Boolean(compute="_compute_is_live")
    codes_label = fields.Char("Codes", compute="_compute_codes_label")
    status_label = fields.Char("How It Stands", compute="_compute_status_label")
    told_label = fields.Char("Told", compute="_compute_counts", compute_sudo=True)
    call_count = fields.Integer(
        "To Be Called", compute="_compute_counts", compute_sudo=True
    )
    call_ids = fields.One2many(
        "sms.team.alert.entry", compute="_compute_counts", compute_sudo=True
    )

    @api.depends("state")
    def _compute_is_live(self):
        for alert in self:
            alert.is_live = alert.state != RESOLVED

    @api.depends("code_block", "state")
    def _compute_codes_label(self):
        for alert in self:
            codes = alert._get_codes()
            alert.codes_label = self.env._(
                "%(acknowledge)s takes it, %(resolve)s resolves it, %(escalate)s "
                "passes it on",
                **codes,
            )

    def _describe_codes(self):
        """Return the codes with the beginning of what is wrong, for a text."""
        self.ensure_one()
        codes = self._get_codes()
        return self.env._(
            "%(acknowledge)s take, %(resolve)s resolve, %(escalate)s pass on: "
            "%(alert)s",
            acknowledge=codes[replies.ACKNOWLEDGE],
            resolve=codes[replies.RESOLVE],
            escalate=codes[replies.ESCALATE],
            alert=texts.shorten(self.name, SHORT, sign="..."),
        )

    @api.depends("entry_ids.kind", "entry_ids.needs_call", "entry_ids.user_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_counts(self):
        for alert in self:
            told = alert.entry_ids.filtered(lambda it: it.kind == TOLD)
            calls = alert.entry_ids.filtered("needs_call")
            alert.told_label = alert._describe_told(told)
            alert.call_ids = calls
            alert.call_count = len(calls.user_id)

    def _describe_told(self, told):
        """Return who was told, in this order, and when last.

        :param told: ``sms.team.alert.entry``
        """
        last = {}
        for entry in told:
            name = entry.user_id.name or self.env._("somebody")
            last[name] = self.env["sms.sms"]._format_local(entry.at, "")
        return ", ".join(f"{name} {at}" for name, at in last.items())

    @api.depends(
        *("state", "created_at", "acknowledged_at", "acknowledged_by_id"),
        *("resolved_at", "resolved_by_id", "next_at"),
    )
    @api.depends_context("lang", "tz")
    def _compute_status_label(self):
        now = fields.Datetime.now()
        for alert in self:
            if alert.state == OPEN:
                alert.status_label = alert._describe_open(now)
                continue
            is_over = alert.state == RESOLVED
            who = alert.resolved_by_id if is_over else alert.acknowledged_by_id
            at = alert.resolved_at if is_over else alert.acknowledged_at
            words = (
                self.env._("Resolved by %(name)s after %(time)s")
                if is_over
                else self.env._("Taken by %(name)s after %(time)s")
            )
            alert.status_label = words % {
                "name": who.sudo().name or self.env._("somebody"),
                "time": self._format_duration(at - alert.created_at),
            }

    def _describe_open(self, now):
        """Return for how long nobody has taken it, and when who is told next."""
        waited = self._format_duration(now - self.created_at)
        if not self.next_at:
            return self.env._("Nobody has taken it for %s. All were told.", waited)
        left = self.next_at - now
        if left <= timedelta(minutes=1):
            return self.env._(
                "Nobody has taken it for %s. The next are told now.", waited
            )
        return self.env._(
            "Nobody has taken it for %(waited)s. The next are told in %(left)s.",
            waited=waited,
            left=self._format_duration(left),
        )

    @api.model
    def _format_duration(self, duration):
        """Return how long something took, as people say it."""
        minutes = max(int(duration.total_seconds() // 60), 0)
        if not minutes:
            return self.env._("less than a minute")
        if minutes < 120:
            return self.env._("%s min", minutes)
        hours, minutes = divmod(minutes, 60)
        if hours < 48:
            return self.env._(
                "%(hours)s h %(minutes)s min", hours=hours, minutes=minutes
            )
        return self.env._("%s days", hours // 24)
