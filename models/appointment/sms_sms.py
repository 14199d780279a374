# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..message.sms_sms_waiting import APPOINTMENT_MODEL
from .sms_reminder import CALLED_OFF, GRACE


class SmsSms(models.Model):
    """Keeps outdated texts about appointments from being sent again."""

    _inherit = "sms.sms"

    def _get_over_reason(self):
        """Add texts about an appointment that was moved, called off or deleted since.

        A cancellation notice stays true.
        """
        reason = super()._get_over_reason()
        # Other texts take no query.
        if reason or self.sudo().mail_message_id.model != APPOINTMENT_MODEL:
            return reason
        has_changed = any(
            row.kind != CALLED_OFF
            and not (
                row.event_id.active
                and row.event_id.start == row.start
                and row.event_id.allday == row.is_allday
            )
            for row in self._find_reminders()
        )
        return has_changed and self.env._(
            "The appointment has changed since: it would tell the old time."
        )

    def _record_decisions(self, decided):
        """Write reminders anew that were held overnight and say "tomorrow"."""
        ready, now = super()._record_decisions(decided), fields.Datetime.now()
        held = ready.filtered(lambda it: it.expires_at and now - it.create_date > GRACE)
        rows = held._find_reminders()
        return ready - rows.filtered(lambda it: it._is_past_tomorrow())._write_again()

    @api.model
    def _get_expiry(self, record):
        """Return the end of its day for texts about an all-day appointment."""
        return super()._get_expiry(record) and record.sudo()._get_sms_end()

    def _find_reminders(self):
        """Return the planned texts (``sms.reminder``) that became these, in sudo."""
        return self.env["sms.reminder"].sudo().search([("sms_id", "in", self.ids)])

    def _hand_on_to(self, new):
        """Link the new text to its appointment, and open its question."""
        result = super()._hand_on_to(new)
        rows_sudo = self._find_reminders()
        rows_sudo.sms_id = new
        for row_sudo in rows_sudo.filtered("event_id"):
            rules = row_sudo._find_own_rules()
            if rules[row_sudo.id]:
                row_sudo._await_answers(row_sudo._find_asking(rules), new)
        return result

    @api.model
    def _get_untold_limits(self):
        """Leave out appointments that are over, or confirmed by the customer."""
        self.env["calendar.event"].flush_model()
        limit = SQL(
            """(post.model != 'calendar.event' OR EXISTS (
                SELECT FROM calendar_event event
                 WHERE event.id = post.res_id AND event.stop > %s
                   AND NOT (event.active
                            AND event.sms_confirmation IS NOT DISTINCT FROM 'confirmed')
                OFFSET 0))""",
            fields.Datetime.now(),
        )
        return [*super()._get_untold_limits(), limit]
