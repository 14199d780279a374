# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Times in UTC, as Odoo stores them, and by the clock of a zone, none with a zone."""

from datetime import UTC
from zoneinfo import ZoneInfo


def to_local(moment, zone_name):
    """Return a UTC time by the clock of a zone (IANA)."""
    aware = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone_name))
    return aware.replace(tzinfo=None)


def to_utc(wall, zone_name, fold=0):
    """Return a local time as UTC.

    :param int fold: of an hour that comes twice 0 for the first, 1 for the second
    """
    aware = wall.replace(tzinfo=ZoneInfo(zone_name), fold=fold)
    return aware.astimezone(UTC).replace(tzinfo=None)
