# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from werkzeug.exceptions import NotFound

from odoo.http import Controller, request, route

from ..tools import exposition
from . import public

JSON = "application/json"
#: Content types that Prometheus and others that read its format ask for.
METRICS = ("text/plain; version=0.0.4", "text/plain")


class HealthController(Controller):
    """Reports the outbox's health to a monitor: figures only, no personal data."""

    _health_url = "/helpdesk_sms/health/<string:token>"

    @route(_health_url, **public.LOOK)
    @public.guarded
    def health(self, token, **_query):
        """Answer 200 if texts leave, 503 if something keeps them.

        Prometheus always gets 200, since it drops the figures of any other answer. It
        is recognized by its ``Accept`` header, or by ``?format=prometheus``.

        :param str token: see ``SmsOutboxWatch._get_health``
        :raises NotFound: 404 for a wrong token
        """
        watch_sudo = request.env["sms.outbox.watch"].sudo()
        health = watch_sudo._get_health(token)
        if health is None:
            raise NotFound()
        if self._wants_metrics():
            metrics = watch_sudo._make_metrics(health)
            return public.bare(exposition.expose(metrics), exposition.CONTENT_TYPE)
        status = 200 if health["status"] == "ok" else 503
        return public.bare(json.dumps(health), JSON, status)

    @staticmethod
    def _wants_metrics():
        http = request.httprequest
        if asked := http.args.get("format"):
            return asked == "prometheus"
        return http.accept_mimetypes.best_match((JSON, *METRICS)) in METRICS
