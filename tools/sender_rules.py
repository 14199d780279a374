# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which kinds of senders may text which countries.

The rules are data (``sms.sender.rule``), each with its source; this file evaluates
them. A kind without a rule may text anywhere. A rule for a country comes before one for
all countries; of several in force the strictest counts.

Alphanumeric senders are not supported in the United States and Canada, and nobody can
answer them: https://www.twilio.com/guidelines/us/sms,
https://www.twilio.com/docs/api/errors/21401. Short codes text only their own country:
https://www.twilio.com/docs/api/errors/21659. All were read on 2026-11-27.
"""

import re
from datetime import date
from typing import NamedTuple

from .dispatch import Reach
from .quiet_hours import Rule

#: Any sender may text the country; only senders for the country; none.
ALLOWED, OWN, REFUSED = RULINGS = ("allowed", "own", "refused")

#: An alphanumeric sender: 2 to 11 letters, digits, blanks and "+&_-", with at least one
#: letter. https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 +&_-]{0,9}[A-Za-z0-9]\Z")


def is_name(address):
    """Tell if a sender's address is a name rather than a number."""
    return bool(_NAME.match(address))


class SenderRule(NamedTuple):
    """A rule for a kind of senders.

    :param country: ISO code of the recipient's country, empty for all other countries
    :param ruling: one of :data:`RULINGS`
    """

    kind: str
    country: str
    ruling: str
    effective_from: date | None = None
    effective_to: date | None = None

    is_in_force = Rule.is_in_force


def get_rulings(rules, kind, day):
    """Return the rulings for a kind by ISO code; the empty one is for all others."""
    rulings = {}
    for rule in rules:
        if rule.kind == kind and rule.is_in_force(day):
            rivals = (rule.ruling, rulings.get(rule.country, ALLOWED))
            rulings[rule.country] = max(rivals, key=RULINGS.index)
    return rulings


def find_reach(rulings, countries, is_named):
    """Return the countries that a sender may text as ``Reach``, None for all.

    :param dict rulings: of its kind (:func:`get_rulings`)
    :param countries: ISO codes of the countries that it is for, by default its own
    :param bool is_named: it is a name; a code without a country is left to its carrier
    """
    other = rulings.get("", ALLOWED)
    own = {code for code in countries if rulings.get(code, other) != REFUSED}
    if other == ALLOWED or (other == OWN and not (countries or is_named)):
        barred = {code for code, it in rulings.items() if it != ALLOWED} - own - {""}
        return Reach(frozenset(barred), True) if barred else None
    allowed = {code for code, it in rulings.items() if it == ALLOWED}
    return Reach(frozenset(own | allowed))
