# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo.http import Controller, request, route

from ..models.broadcast.sms_incident import CALLED_OFF, PLANNED
from ..models.core.moments import get_spoken_lang
from ..tools.moments import get_locale, say_place
from . import public


class IncidentController(Controller):
    """The public page of an incident: its state, its areas, and what is new.

    The same for everybody: it does not know who has been texted.
    """

    _url = "/sms/incident/<string:token>"

    @route(_url, **public.LOOK)
    def incident(self, token, **_query):
        """Show an incident; its token is a signed address of ``tools.links``."""
        if public.is_over("incident_visitor"):
            return public.too_many()
        incident_sudo = request.env["sms.incident"]._find_by_short_link(token)
        if not incident_sudo:
            return public.not_found()
        public.speak(company=incident_sudo.company_id)
        incident_sudo = incident_sudo.with_env(request.env(su=True))
        return public.answer("public_incident", self._get_values(incident_sudo))

    def _get_values(self, incident_sudo):
        company = incident_sudo.company_id
        tz = company._get_sms_zone()
        env = request.env
        say = partial(public.say_moment, env, tz=tz)
        place = say_place(tz, get_locale(get_spoken_lang(env)))
        is_begun = incident_sudo.state not in (PLANNED, CALLED_OFF)
        return {
            "company_name": company.name,
            "clock": env._("All times are %s time.", place),
            "name": incident_sudo.name,
            "state": incident_sudo.state,
            "areas": ", ".join(incident_sudo.area_ids.mapped("name")),
            "planned": incident_sudo.planned_from
            and incident_sudo._get_planned_words(),
            "since": is_begun and say(incident_sudo.opened_at),
            "until": incident_sudo.resolved_at and say(incident_sudo.resolved_at),
            "news": [
                (entry.state, say(entry.published_at), entry.body)
                for entry in incident_sudo.news_ids
            ],
        }
