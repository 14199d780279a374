# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import time

from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from odoo.exceptions import UserError
from odoo.http import Controller, request, route

from ..models.team_alert.sms_alert_source import PATH
from ..tools import monitoring, texts
from . import public, webhooks


class AlertsController(Controller):
    """The endpoint at which monitoring systems report what is wrong and what is over.

    Find the source by the key in the address (404 without it), check its secret or
    signature before any work (403), then read, hand over, and answer what was done.
    """

    _alerts_url = f"{PATH}<string:key>"

    @route(_alerts_url, **{**webhooks.JSON_WEBHOOK_ROUTE, "auth": "public"})
    @public.guarded
    def report(self, key, **_query):
        """Take in a report: 400 if it cannot be read, 429 for too many.

        503 if no alert can be raised, as without a plan: the system sends it again.
        """
        source_sudo = self._verify(key)
        if public.is_over("alert_source", str(source_sudo.id)):
            return self._refuse(source_sudo, "Too many reports in a minute.", 429)
        locks = request.env["sms.number.lock"].sudo()
        locks._acquire(source_sudo.company_id, f"alert source {source_sudo.id}")
        try:
            report = monitoring.read(source_sudo.system, request.httprequest.get_data())
            with request.env.cr.savepoint():
                return self._answer(source_sudo._take(report))
        except monitoring.UnreadableReport as error:
            return self._refuse(source_sudo, str(error), 400)
        except UserError as error:
            return self._refuse(source_sudo, str(error), 503)

    def _verify(self, key):
        """Return the source of a request, after checking that it is the sender."""
        source_sudo = request.env["sms.alert.source"]._find_by_key(texts.clean(key))
        if not source_sudo:
            raise NotFound("no monitoring system has this address")
        if request.env["sms.database"]._is_copy():
            raise ServiceUnavailable("a copy of the database")
        http, known = request.httprequest, (source_sudo.system, source_sudo.secret)
        given = (http.get_data(), http.headers, time.time())
        if not monitoring.is_authentic(*known, *given):
            source_sudo._note_refusal("The secret or the signature is wrong.")
            raise Forbidden("a report without the right secret")
        return source_sudo

    def _refuse(self, source_sudo, reason, status):
        source_sudo._note_refusal(reason)
        response = self._answer({"error": reason}, status)
        if status == 429:
            response.headers["Retry-After"] = "60"
        return response

    def _answer(self, content, status=200):
        return public.bare(json.dumps(content), "application/json", status)
