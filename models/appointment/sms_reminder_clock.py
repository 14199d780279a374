# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Time zones and quiet hours of people who are texted about appointments."""

from ...tools import appointments, geography
from ...tools.geography import read_number
from ...tools.quiet_hours import URGENT


class Whereabouts:
    """Places and time zones of one company's customers, located as by the gate.

    Many people live in few places, so each place is looked up once.
    """

    def __init__(self, company):
        self._env = company.env
        self._company_place = company._get_sms_place()
        #: Name of the company's time zone.
        self.here = self._company_place.zones[0]
        self._known = {}

    def get_zone(self, partner):
        """Return the name of the time zone in which to tell a customer times."""
        return self.find(partner)[1]

    def find(self, partner):
        """Return place and time zone of a customer."""
        number = partner.phone_sanitized or ""
        tz, country, state = partner.tz, partner.country_id.id, partner.state_id.id
        key = tz, country, state, read_number(number)
        if key not in self._known:
            get_code = self._env["sms.gate"]._get_code
            place = geography.locate(
                number,
                tz or "",
                get_code("res.country", country),
                get_code("res.country.state", state),
                self._company_place,
            )
            zone = appointments.pick_zone(tz, place.zones, self.here)
            self._known[key] = place, zone
        return self._known[key]


class ReminderClock:
    """Calculates when one company's customers are reminded, in local time.

    The quiet hours of a place are looked up once.
    """

    def __init__(self, company, now):
        self._company = company
        self._now = now
        self._keeps_hours = company._keeps_sms_quiet_hours()
        self._whereabouts = Whereabouts(company)
        self._hours = {}

    def find_due(self, appointment, partner, rule):
        """Return when a reminder is due (UTC), or None: see ``tools.appointments``.

        :param Appointment appointment: what it is about
        :param partner: ``res.partner`` to remind
        :param TextRule rule: how long before, for what purpose
        """
        place, zone = self._whereabouts.find(partner)
        return appointments.find_due(
            appointments.get_anchor(appointment.start, appointment.is_allday, zone),
            rule.offset,
            self._now,
            place.zones,
            self._get_hours(place, rule.purpose_id) if self._keeps_hours else (),
            f"{appointment.event_id}/{appointment.partner_id}",
        )

    def _get_hours(self, place, purpose_id):
        key = place, purpose_id
        if key not in self._hours:
            env = self._company.env
            purpose = env["sms.purpose"].browse(purpose_id)
            quiet_class = purpose._get_rules(env.lang, self._company).quiet_class
            self._hours[key] = ()
            if quiet_class != URGENT:
                hours = env["sms.quiet.hours"]
                found = hours._select(self._company, place, quiet_class)
                self._hours[key] = tuple(found)
        return self._hours[key]
