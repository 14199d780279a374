# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where an offer needs the recipient's consent beforehand, whatever a company's policy.

Opt-out is a policy for what other apps send. For offers most laws ask for consent: 47
CFR 64.1200(a)(2) and (f)(9) (US), Directive 2002/58/EC art. 13 (EU), PECR reg. 22 (UK),
CASL s. 6 (Canada). The laws are data (``sms.consent.law``); silence of the table is no
leave to text.
"""

from datetime import date
from typing import NamedTuple


class OfferLaw(NamedTuple):
    """What the law of a country asks for.

    :param str country: ISO code
    :param bool needs_consent: an offer needs consent beforehand
    :param effective_from: its first day, or None
    :param effective_to: its last day, or None
    """

    country: str
    needs_consent: bool
    effective_from: date | None = None
    effective_to: date | None = None

    def is_in_force(self, day):
        """Tell if it is the law on a day."""
        starts = self.effective_from or date.min
        return starts <= day <= (self.effective_to or date.max)


def asks_consent(laws, countries, day):
    """Tell if an offer to somebody needs their consent.

    :param laws: of :class:`OfferLaw`
    :param countries: ISO codes of where they may be; none: nobody knows
    :param date day: when it would leave
    """
    return not countries or any(
        _asks_in(laws, country, day) for country in set(countries)
    )


def _asks_in(laws, country, day):
    """Tell what the newest law of a country says; without one it is yes."""
    found = [law for law in laws if law.country == country and law.is_in_force(day)]
    found.sort(key=lambda law: law.effective_from or date.min)
    return found[-1].needs_consent if found else True
