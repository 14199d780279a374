# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_team_alert_entry import TOLD


class SmsSms(models.Model):
    """Calls of team alerts: the alert says what is said in them, and what keys do."""

    _inherit = "sms.sms"

    def _get_alert_entry(self):
        """Return the line of an alert's timeline that the call is, in sudo."""
        entries_sudo = self.env["sms.team.alert.entry"].sudo()
        domain = [("sms_id", "=", self.id), ("kind", "=", TOLD)]
        return entries_sudo.search(domain, order="id", limit=1)

    def _say_on_answer(self):
        entry_sudo = self._get_alert_entry()
        if not entry_sudo:
            return super()._say_on_answer()
        return entry_sudo.alert_id._greet(entry_sudo)

    def _say_on_key(self, key, is_last):
        entry_sudo = self._get_alert_entry()
        if not entry_sudo:
            return super()._say_on_key(key, is_last)
        return entry_sudo.alert_id._take_key(entry_sudo, key, is_last)

    def _end_call(self):
        """Wake the escalation: if nobody took the call, the next one is told now."""
        ended = super()._end_call()
        if ended:
            cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_team_alert")
            cron.sudo()._trigger()
        return ended
