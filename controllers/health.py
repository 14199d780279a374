# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from werkzeug.exceptions import NotFound

from odoo.http import Controller, request, route

from . import public


class HealthController(Controller):
    """Tells a monitor how the outbox is: numbers only, nothing about a person."""

    _health_url = "/helpdesk_sms/health/<string:token>"

    @route(_health_url, **public.LOOK)
    @public.guarded
    def health(self, token):
        """Answer 200 if texts leave, 503 if something keeps them.

        :param str token: see ``SmsOutboxWatch._get_health``
        :raises NotFound: 404 for a wrong token
        """
        health = request.env["sms.outbox.watch"].sudo()._get_health(token)
        if health is None:
            raise NotFound()
        status = 200 if health["status"] == "ok" else 503
        return public.bare(json.dumps(health), "application/json", status)
