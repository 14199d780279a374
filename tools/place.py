# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A place where somebody may be, as far as the hour there and its law matter."""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

#: How a place was found.
CONTACT, ADDRESS, NUMBER, COMPANY = SOURCES = (
    "contact",
    "address",
    "number",
    "company",
)

#: Countries of their own for the post and the phone, parts of the US for its law.
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")


@dataclass(frozen=True)
class Place:
    """Where somebody may be.

    :param zones: names of time zones (IANA), the best known first
    :param regions: pairs of ISO codes, country and state (may be empty)
    :param sources: how it was found, of :data:`SOURCES`
    :param is_exact: it names more than a country
    """

    zones: tuple = ()
    regions: tuple = ()
    sources: tuple = ()
    is_exact: bool = True


#: What says nothing.
NOWHERE = Place()


@lru_cache(maxsize=1024)
def is_zone(name):
    """Tell if ``name`` is a time zone that can be reckoned with; anything may be asked.

    :param name: what a field of a contact holds
    """
    if not name or not isinstance(name, str):
        return False
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False
