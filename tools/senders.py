# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""By which of several numbers of ours a text leaves.

The ticket's team comes first: people answer to the number that they see. Then the
conversation: who texts with us goes on with the same number. Then the country.
"""

from typing import NamedTuple

import phonenumbers


class Candidate(NamedTuple):
    """A sender that a text may leave by.

    :param id: what it is known by
    :param countries: two letters each; those that it is for, else that of its number
    :param team_id: the team whose number it is, 0 for nobody's
    :param is_pool: a service that has several numbers and picks one by itself
    """

    id: int
    countries: tuple = ()
    team_id: int = 0
    is_pool: bool = False


def choose(number, candidates, team_id=0, known_id=0):
    """Return the id of the sender for a text, 0 if there is none.

    :param str number: whom it goes to; E.164, or what could not be brought to it
    :param candidates: :class:`Candidate`, the preferred one first
    :param int team_id: the team of the ticket that it is about, 0 for none
    :param int known_id: the sender of the conversation so far, 0 for none
    """
    known = next((it for it in candidates if it.id == known_id), None)
    own = [it for it in candidates if team_id and it.team_id == team_id]
    if own:
        return known_id if known in own else choose_by_country(number, own)
    # A text by another team's number would bring its answer to that team.
    common = [it for it in candidates if not it.team_id] or list(candidates)
    is_pool = bool(common) and common[0].is_pool
    if known and (known.team_id or not is_pool):
        return known_id
    # A pool keeps to a number by itself.
    return common[0].id if is_pool else choose_by_country(number, common)


def choose_by_country(number, candidates):
    """Return the id of the sender that is nearest to a number, 0 if there is none.

    That of its country, else one under the same country calling code, else the first.
    A number that no country has is the carrier's to refuse.

    :param str number: E.164, or what could not be brought to it
    :param candidates: :class:`Candidate`, the preferred one first
    """
    if len(candidates) > 1:
        for codes in _get_near_countries(number):
            for candidate in candidates:
                if codes.intersection(candidate.countries):
                    return candidate.id
    return candidates[0].id if candidates else 0


def _get_near_countries(number):
    """Return the countries of a number, the nearest ones first, as sets."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    country = phonenumbers.region_code_for_number(parsed)
    neighbours = phonenumbers.region_codes_for_country_code(parsed.country_code)
    return {country}, set(neighbours)


def country_of(number):
    """Return the country of a number as two letters, empty for none or a short code.

    Of several countries with the same calling code, the main one where none fits.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    code = phonenumbers.region_code_for_number(parsed)
    code = code or phonenumbers.region_code_for_country_code(parsed.country_code)
    # What is no country has three digits or stands for "unknown".
    return code if code.isalpha() and code != "ZZ" else ""
