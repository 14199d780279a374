# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Quiet hours computed independently, without the addon's code and zone data.

Zones are offsets to UTC and the days of 2026 on which clocks change; rules are hours in
a table; an opening is found minute by minute. It generated those rows of
``quiet_hours.csv`` not written by hand (``python tests/tools/quiet_hours_oracle.py``).
"""

import csv
import random
import sys
from datetime import datetime, timedelta

#: Offset to UTC in winter in hours, and when the clocks change (UTC).
US_2026 = {
    hours: (datetime(2026, 3, 8, 2 - hours), datetime(2026, 11, 1, 1 - hours))
    for hours in (-5, -6, -7, -8)
}
EUROPE_2026 = (datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1))
ZONES = {
    **{
        name: (hours, US_2026[hours])
        for name, hours in zip("ECMP", US_2026, strict=True)
    },
    "Arizona": (-7, None),
    "Hawaii": (-10, None),
    "London": (0, EUROPE_2026),
    "Berlin": (1, EUROPE_2026),
    "Tokyo": (9, None),
}

#: Weekday, Saturday, Sunday: first and last hour in which texts may reach people.
ALWAYS = [(8, 21)] * 3
STATES = {
    **dict.fromkeys(("FL", "WA", "MD", "OR", "NJ", "MA"), [(8, 20)] * 3),
    "LA": [(8, 20), (8, 20), (0, 0)],
    "TX": [(9, 21), (9, 21), (12, 21)],
    "CT": [(9, 20)] * 3,
    "VA": ALWAYS,
    **dict.fromkeys(("CA", "IL", "MI", "MN"), [(9, 21)] * 3),
    "KY": [(10, 21)] * 3,
    "RI": [(9, 18), (10, 17), (0, 0)],
    "SD": [(9, 21), (0, 0), (0, 0)],
}
#: Countries other than the US, by one of their zones.
COUNTRIES = {
    "London": [(9, 20), (9, 20), (0, 0)],
    "Berlin": [(8, 20), (9, 18), (0, 0)],
}
#: Days of 2026 on which these are closed, month by month; a country on those of any
#: of its parts.
HOLIDAYS = {
    "London": "01-01 01-02 03-17 04-03 04-06 05-04 05-25 06-15 07-13 08-03 08-31 11-30"
    " 12-25 12-26 12-28",
    "Berlin": "01-01 01-06 03-08 04-03 04-06 05-01 05-14 05-25 06-04 08-08 08-15 09-20"
    " 10-03 10-31 11-01 11-18 12-25 12-26",
    "LA": "01-01 01-19 02-16 02-17 04-03 05-25 06-19 07-03 07-04 09-07 11-03 11-11"
    " 11-26 12-25",
    "RI": "01-01 01-19 02-16 05-25 06-19 07-03 07-04 08-10 09-07 10-12 11-11 11-26"
    " 12-25",
}
BUSINESS = [(8, 20), (0, 0), (0, 0)]

#: Number, state of its area code, its zones.
NUMBERS = (
    *(("+12125550101", "NY", "E"), ("+13055550101", "FL", "E")),
    *(("+18505550101", "FL", "EC"), ("+16155550101", "TN", "C")),
    *(("+19315550101", "TN", "EC"), ("+13125550101", "IL", "C")),
    *(("+15125550101", "TX", "C"), ("+19155550101", "TX", "M")),
    *(("+13035550101", "CO", "M"), ("+12085550101", "ID", "MP")),
    *(("+16055550101", "SD", "CM"), ("+14155550101", "CA", "P")),
    *(("+12065550101", "WA", "P"), ("+15415550101", "OR", "PM")),
    *(("+14015550101", "RI", "E"), ("+12035550101", "CT", "E")),
    *(("+17035550101", "VA", "E"), ("+13015550101", "MD", "E")),
    *(("+12705550101", "KY", "EC"), ("+13135550101", "MI", "E")),
    *(("+16125550101", "MN", "C"), ("+15045550101", "LA", "C")),
    *(("+12015550101", "NJ", "E"), ("+16175550101", "MA", "E")),
    *(("+16025550101", "AZ", ("Arizona",)), ("+18085550101", "HI", ("Hawaii",))),
    *(("+447400123456", "", ("London",)), ("+4915112345678", "", ("Berlin",))),
    ("+819012345678", "", ("Tokyo",)),
)
#: State of an address, its zones.
ADDRESSES = (("GA", "E"), ("FL", "EC"), ("WA", "P"), ("TX", "CM"), ("CO", "M"))
#: Name of a contact's zone, as above.
CONTACTS = (("America/New_York", "E"), ("America/Los_Angeles", "P"))


def get_local(moment, zone):
    """Return a UTC time as local time of a zone."""
    hours, change = ZONES[zone]
    is_summer = change and change[0] <= moment < change[1]
    return moment + timedelta(hours=hours + bool(is_summer))


def is_open(moment, zones, rules, holidays=""):
    """Tell if every rule is open in every zone, and no zone has a holiday."""
    for zone in zones:
        local = get_local(moment, zone)
        if f"{local:%m-%d}" in holidays:
            return False
        for rule in rules:
            first, last = rule[max(local.weekday() - 4, 0)]
            if not first <= local.hour < last:
                return False
    return True


def get_rules(states, zones, purpose):
    """Return the rules for a message of a purpose to people in some places."""
    if purpose in ("alert", "internal"):
        return []
    if purpose != "marketing":
        return [BUSINESS]
    law = [STATES[state] for state in states if state in STATES]
    if any(states):
        return [ALWAYS, *law]
    return [COUNTRIES.get(zones[0], BUSINESS)]


def expect(now, zones, states, purpose):
    """Return ``send``, or the first minute (UTC) at which it may leave."""
    rules = get_rules(states, zones, purpose)
    is_offer = purpose == "marketing"
    places = [*states, *zones] if is_offer else ()
    holidays = " ".join(HOLIDAYS.get(place, "") for place in places)
    moment = now
    while not is_open(moment, zones, rules, holidays):
        moment += timedelta(minutes=1)
    return "send" if moment == now else f"{moment:%Y-%m-%d %H:%M}"


def make_moment(chance):
    """Return a minute of 2026; about every third is near a change of the clocks."""
    start = datetime(2026, 1, 5)
    minutes = chance.randrange(350 * 1440)
    if chance.random() < 0.33:
        changes = [(3, 8), (11, 1), (3, 29), (10, 25)]
        start = datetime(2026, *chance.choice(changes)) - timedelta(days=1)
        minutes = chance.randrange(3 * 1440)
    # At the edges of rules: at a full hour, and the minute before it.
    minutes -= minutes % 60
    return start + timedelta(minutes=minutes - chance.choice((0, 1, 30)))


def make_case(chance):
    """Return one row of the table."""
    number, state, zones = chance.choice(NUMBERS)
    states, zones = [state], list(zones)
    country = address = contact = ""
    purpose = chance.choice(("marketing",) * 4 + ("ticket", "appointment", "alert"))
    if state and chance.random() < 0.3:
        address, more = chance.choice(ADDRESSES)
        country, states, zones = "US", [*states, address], zones + list(more)
    elif state and chance.random() < 0.2:
        contact, more = chance.choice(CONTACTS)
        zones += list(more)
    now = make_moment(chance)
    note = f"{state or 'abroad'} {address or contact}".strip()
    expected = expect(now, zones, states, purpose)
    row = (note, number, contact, country, address, purpose)
    return ("oracle", *row, f"{now:%Y-%m-%d %H:%M}", expected)


if __name__ == "__main__":
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows(make_case(random.Random(seed)) for seed in range(260))
