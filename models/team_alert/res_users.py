# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ...tools import escalation
from ...tools.moments import to_local

#: Preferences for team alerts, which users may read and set for themselves.
OWN_FIELDS = ["sms_alert_order", "sms_call_from", "sms_call_to"]


class ResUsers(models.Model):
    """Adds users' own preferences on how team alerts reach them."""

    _inherit = "res.users"

    sms_alert_order = fields.Selection(
        [
            (escalation.TEXT_FIRST, "Text first: a call when the plan says so"),
            (escalation.CALL_FIRST, "Call first: a call at once, with the text"),
            (escalation.ONLY_CALL, "Only call: no texts"),
        ],
        string="Team Alerts by",
        required=True,
        default=escalation.TEXT_FIRST,
    )
    sms_call_from = fields.Float(
        "Calls From",
        default=7.0,
        help="Hours, by your own clock, in which you may be called about alerts that "
        "are not urgent. At others you get a text. The same hour twice: all day.",
    )
    sms_call_to = fields.Float("Calls Until", default=22.0)

    _sms_call_hours = models.Constraint(
        "CHECK (sms_call_from >= 0 AND sms_call_from <= 24"
        " AND sms_call_to >= 0 AND sms_call_to <= 24)",
        "The hours of calls lie between 0:00 and 24:00.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        """Add the preferences for team alerts."""
        return super().SELF_READABLE_FIELDS + OWN_FIELDS

    @property
    def SELF_WRITEABLE_FIELDS(self):
        """Add the preferences for team alerts."""
        return super().SELF_WRITEABLE_FIELDS + OWN_FIELDS

    def write(self, vals):
        """Search for on-call gaps again when somebody leaves or comes back."""
        if {"active", "company_ids"} & vals.keys():
            self.env["sms.oncall"]._wake_watch()
        return super().write(vals)

    def _takes_sms_calls(self, now):
        """Return whether the user takes non-urgent calls at a time (UTC)."""
        local = to_local(now, self.tz or self.company_id._get_sms_zone())
        hour = local.hour + local.minute / 60
        return escalation.is_between(hour, self.sms_call_from, self.sms_call_to)
