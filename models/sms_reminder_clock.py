# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ..tools import appointments
from ..tools.quiet_hours import URGENT
from .sms_reminder_whereabouts import Whereabouts


class ReminderClock:
    """When the customers of one company are reminded, by the clock where they are.

    The hours that a place keeps are looked up once.
    """

    def __init__(self, company, now):
        """Prepare for the appointments of one transaction.

        :param company: ``res.company`` that texts
        :param datetime now: UTC
        """
        self._env = company.env
        self._company = company
        self._now = now
        self._keeps_hours = company._keeps_quiet_hours()
        self._whereabouts = Whereabouts(company)
        self._hours = {}

    def find_due(self, appointment, partner, rule):
        """Return when a reminder leaves (UTC), or None: see ``tools.appointments``.

        :param sms_reminder_appointment.Appointment appointment: what it is about
        :param partner: ``res.partner``, who is reminded
        :param sms_reminder_rules.TextRule rule: how long before, for what purpose
        """
        zone = self._whereabouts.get_zone(partner)
        place = self._whereabouts.get_place(partner)
        return appointments.find_due(
            appointments.get_anchor(appointment.start, appointment.is_allday, zone),
            rule.offset,
            self._now,
            place.zones,
            self._get_hours(place, rule.purpose_id),
            f"{appointment.event_id}/{appointment.partner_id}",
        )

    def _get_hours(self, place, purpose_id):
        """Return the quiet hours of a place for a purpose, as the gate knows them."""
        if not self._keeps_hours:
            return ()
        key = place, purpose_id
        if key not in self._hours:
            self._hours[key] = self._select_hours(place, purpose_id)
        return self._hours[key]

    def _select_hours(self, place, purpose_id):
        purpose = self._env["sms.purpose"].browse(purpose_id)
        quiet_class = purpose._get_rules(self._env.lang, self._company).quiet_class
        if quiet_class == URGENT:
            return ()
        hours = self._env["sms.quiet.hours"]
        return tuple(hours._select(self._company, place, quiet_class))
