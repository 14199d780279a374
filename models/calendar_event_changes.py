# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from odoo import SUPERUSER_ID, api, models

#: Where a transaction keeps which events it has changed, until it is about to end.
TOUCHED_KEY = "helpdesk_mgmt_sms.appointments"

#: Context of who moves an appointment as its customer asked: they wait for the answer.
AT_ONCE_KEY = "sms_tell_at_once"

#: In whose name texts leave, and to whom: the user must have a right to both.
VISIT_FIELDS = {"ticket_id", "res_model_id", "res_id", "sms_enabled", "partner_ids"}
#: What decides about texts to customers; other changes of an event are none of ours.
WATCHED_FIELDS = {
    *("start", "stop", "start_date", "stop_date", "allday", "duration", "active"),
    *("partner_ids", "attendee_ids", "user_id", "technician_id", "ticket_id"),
    *("res_id", "res_model_id", "alarm_ids", "sms_enabled", "recurrency"),
}


@dataclass
class Touched:
    """What a transaction has changed of appointments.

    :param dict events: whether a change is to be announced, by event id
    :param list gone: see :meth:`SmsReminder._note_gone`
    :param set at_once: ids of the events whose change is told without delay
    """

    events: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)
    at_once: set = field(default_factory=set)


class CalendarEvent(models.Model):
    """Notes what a transaction changes, and has it looked at once, when it ends.

    A calendar throws away a series and makes it anew in the middle of a change: who
    hangs on each step would text two hundred times, and what never happened. Nothing
    is sent here: rows of ``sms.reminder`` are planned, which a cron works off.
    """

    _inherit = "calendar.event"

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts about new appointments; those booked by OCA's bookings too."""
        for vals in vals_list:
            if vals.get("resource_booking_ids"):
                vals.setdefault("sms_enabled", True)
            if vals.get("recurrency"):
                vals.setdefault("sms_series_key", uuid4().hex)
        events = super().create(vals_list).with_env(self.env)
        # No constraint: those are checked in sudo here.
        events._check_ticket_and_customers()
        events._touch_appointments()
        return events

    def write(self, vals):
        """Plan anew what hangs on the changed appointments.

        Whose technician is the organizer has the new organizer for one.
        """
        if "user_id" in vals and "technician_id" not in vals:
            own = self.filtered(lambda event: event.technician_id == event.user_id)
            own.with_context(dont_notify=True).write({"technician_id": vals["user_id"]})
        # Odoo takes values out of it.
        is_watched = bool(WATCHED_FIELDS & vals.keys())
        is_visit = bool(VISIT_FIELDS & vals.keys())
        result = super().write(vals)
        if is_visit:
            self._check_ticket_and_customers()
        if is_watched:
            self._touch_appointments()
        return result

    def unlink(self):
        """Remember who knows of the appointments, while they are there."""
        self.env["sms.reminder"].sudo()._note_gone(self.sudo().attendee_ids)
        return super().unlink()

    def web_read(self, specification):
        """Show who saves a form what has been planned by it.

        It is read before the transaction ends, which is when that is done.
        """
        if TOUCHED_KEY in self.env.cr.precommit.data:
            self._plan_touched(self.env(user=SUPERUSER_ID, su=True, context={}))
        return super().web_read(specification)

    def _apply_recurrence_values(self, values, future=True):
        """Let the occurrences of a new series be known by one key."""
        for event in self.filtered(lambda event: values and not event.sms_series_key):
            event.sms_series_key = uuid4().hex
        return super()._apply_recurrence_values(values, future=future)

    def _touch_appointments(self):
        """Have these events looked at when the transaction is about to end.

        What a synchronisation with another calendar brings is not announced: its
        changes have the context ``dont_notify``.
        """
        if not self.ids:
            return
        touched = self._get_touched_appointments()
        is_loud = not self.env.context.get("dont_notify")
        for event_id in self.ids:
            touched.events[event_id] = touched.events.get(event_id) or is_loud
        if self.env.context.get(AT_ONCE_KEY):
            touched.at_once.update(self.ids)

    @api.model
    def _get_touched_appointments(self):
        """Return what this transaction has changed so far.

        :rtype: Touched
        """
        precommit = self.env.cr.precommit
        if TOUCHED_KEY not in precommit.data:
            precommit.data[TOUCHED_KEY] = Touched()
            env = self.env(user=SUPERUSER_ID, su=True, context={})
            precommit.add(partial(self._plan_touched, env))
        return precommit.data[TOUCHED_KEY]

    @staticmethod
    def _plan_touched(env):
        """Plan the texts about all that the transaction has changed."""
        touched = env.cr.precommit.data.pop(TOUCHED_KEY, None)
        if touched:
            env["sms.reminder"]._plan(touched)
