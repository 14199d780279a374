# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conversion between UTC, as Odoo stores times, and local time; all are naive."""

from datetime import UTC
from zoneinfo import ZoneInfo


def to_local(moment, zone_name):
    """Return a UTC time as local time of a zone (IANA)."""
    aware = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone_name))
    return aware.replace(tzinfo=None)


def to_utc(wall, zone_name, fold=0):
    """Return a local time as UTC.

    :param int fold: in an hour that occurs twice, 0 for the first, 1 for the second
    """
    aware = wall.replace(tzinfo=ZoneInfo(zone_name), fold=fold)
    return aware.astimezone(UTC).replace(tzinfo=None)
