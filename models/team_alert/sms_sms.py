# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_team_alert_entry import TOLD


class SmsSms(models.Model):
    """Delegates the script and keys of team alerts' calls to the alerts."""

    _inherit = "sms.sms"

    def _get_alert_entries(self):
        """Return the timeline entries that belong to calls, in sudo.

        One per alert: a call can be about several alerts, and people share numbers.
        """
        entries_sudo = self.env["sms.team.alert.entry"].sudo()
        domain = [("sms_id", "in", self.ids), ("kind", "=", TOLD)]
        by_alert = entries_sudo.search(domain, order="id").grouped("alert_id")
        return entries_sudo.union(*(own[0] for own in by_alert.values()))

    def _say_on_answer(self):
        if entries_sudo := self._get_alert_entries():
            return entries_sudo.alert_id._greet(entries_sudo)
        return super()._say_on_answer()

    def _say_on_key(self, key, is_last):
        if entries_sudo := self._get_alert_entries():
            return entries_sudo.alert_id._take_key(entries_sudo, key, is_last)
        return super()._say_on_key(key, is_last)

    def _end_call(self):
        """Wake the escalation, which alerts the next person if nobody took the call."""
        if ended := super()._end_call():
            self.env["ir.cron"]._wake_sms("ir_cron_sms_team_alert")
        return ended
