# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats times for the user of an environment, the same on all screens."""

from odoo import fields
from odoo.tools.translate import code_translations

from ...tools import languages, moments

MODULE = "helpdesk_mgmt_sms"


def get_spoken_lang(env):
    """Return the code of the language in which the addon addresses a user.

    In a language without translations of the addon its texts are English, so its dates
    are English too: never two languages in one text.
    """
    lang = env.lang or "en_US"
    is_spoken = languages.get_language(lang) == "en"
    is_spoken = is_spoken or code_translations.get_python_translations(MODULE, lang)
    return lang if is_spoken else "en_US"


def say_moment(env, moment, zone="", lasting=False):
    """Return a time (UTC) in words for the user: "tomorrow 8:00", "3 May 8:00".

    In the user's own time zone. If another zone's time differs, it is named: "tomorrow
    8:00, Denver time".

    :param str zone: name of the time zone; empty: the user's own
    :param bool lasting: for stored or printed texts: the full date, never "today"
    """
    if not moment:
        return ""
    own, lang = str(env.tz), get_spoken_lang(env)
    near_days = (env._("yesterday"), env._("today"), env._("tomorrow"))
    said = moments.say(
        moment, fields.Datetime.now(), zone or own, lang, near_days, lasting
    )
    if not zone or moments.is_same_clock(moment, zone, own):
        return said
    place = moments.say_place(zone, moments.get_locale(lang))
    return env._("%(moment)s, %(place)s time", moment=said, place=place)
