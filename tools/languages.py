# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Choose the active language that is nearest to a reader's own.

Codes are Odoo's, such as ``es_MX``; the code of a language alone is ``es``.
"""

from functools import lru_cache

from babel.languages import get_official_languages

from .geography import TERRITORIES, read_number

#: Languages in which all texts to customers ship.
SHIPPED = {"en": "en_US", "es": "es_ES", "fr": "fr_FR", "de": "de_DE"}


def get_language(code):
    """Return the language of a code, without its country."""
    return (code or "").partition("@")[0].partition("_")[0]


@lru_cache(maxsize=1024)
def find_nearest(wanted, active):
    """Return the active code that is nearest to a wanted one, empty if none is near.

    :param str wanted: such as ``es_MX``, ``es-MX`` or ``es``, may be empty
    :param tuple active: codes of the active languages
    """
    wanted = (wanted or "").replace("-", "_")
    if wanted in active:
        return wanted
    language = get_language(wanted)
    near = [code for code in active if get_language(code) == language]
    usual = SHIPPED.get(language)
    return usual if usual in near else next(iter(near), "")


@lru_cache(maxsize=4096)
def find_of_number(number, own, active):
    """Return the language for texts to a number without a known contact.

    The main official language of its country, if it ships. Where several are official,
    a company that speaks one of them uses its own: French in Quebec or Geneva.

    :param str number: E.164, may be empty
    :param str own: code of the company's language
    :param tuple active: codes of the active languages
    """
    regions = read_number(number).regions
    if not regions:
        return own
    country, part = regions[0]
    if part in TERRITORIES:  # they have their own official languages
        country = part
    official = get_official_languages(country, de_facto=True)
    if not official or official[0] not in SHIPPED or get_language(own) in official:
        return own
    return find_nearest(f"{official[0]}_{country}", active) or own
