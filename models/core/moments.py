# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Says a time to the user of an environment: all screens say it by this."""

from odoo import fields
from odoo.tools.misc import get_lang

from ...tools import moments
from ...tools.quiet_hours import place_name


def say_moment(env, moment, zone="", lasting=False):
    """Return a time (UTC) as the user says it: "tomorrow 8:00", "3 May 8:00".

    The clock is the user's own. Where it is another place's it names the place:
    "tomorrow 8:00, Denver time".

    :param str zone: name of the zone whose clock is meant; empty: the user's own
    :param bool lasting: for what is kept or printed: the full date, never "today"
    """
    if not moment:
        return ""
    own = str(env.tz)
    near_days = (env._("yesterday"), env._("today"), env._("tomorrow"))
    said = moments.say(
        moment,
        fields.Datetime.now(),
        zone or own,
        get_lang(env).code,
        near_days,
        lasting,
    )
    if not zone or moments.is_same_clock(moment, zone, own):
        return said
    return env._("%(moment)s, %(place)s time", moment=said, place=place_name(zone))
