# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ..tools import appointments, geography
from ..tools.geography import read_number


class Whereabouts:
    """Where the customers of one company are, as the gate sees it, and by which clock.

    Of many people few live in different places: each place is looked up once.
    """

    def __init__(self, company):
        """Prepare for customers of a company.

        :param company: ``res.company`` that texts
        """
        self._env = company.env
        place = company._get_sms_place()
        self._company_place = place
        #: Name of the zone in which the company is.
        self.here = place.zones[0]
        self._known, self._of_partner = {}, {}

    def get_place(self, partner):
        """Return where a customer may be.

        :param partner: ``res.partner``
        :rtype: tools.geography.Place
        """
        return self._find(partner)[0]

    def get_zone(self, partner):
        """Return the name of the zone by whose clock a customer is told times."""
        return self._find(partner)[1]

    def _find(self, partner):
        """Return where a customer may be, and by which clock they are told times."""
        if partner.id not in self._of_partner:
            of_number = read_number(partner.phone_sanitized)
            key = partner.tz, partner.country_id.id, partner.state_id.id, of_number
            if key not in self._known:
                self._known[key] = self._locate(partner)
            self._of_partner[partner.id] = self._known[key]
        return self._of_partner[partner.id]

    def _locate(self, partner):
        get_code = self._env["sms.gate"]._get_code
        place = geography.locate(
            partner.phone_sanitized or "",
            partner.tz or "",
            get_code("res.country", partner.country_id.id),
            get_code("res.country.state", partner.state_id.id),
            self._company_place,
        )
        return place, appointments.pick_zone(partner.tz, place.zones, self.here)
