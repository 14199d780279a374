# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All public addresses of the addon, each with one that is authorized."""

import inspect
import re

from odoo.http import _generate_routing_rules
from odoo.tools import mute_logger

from ...models.dispatch.ir_http import TAKES
from ...models.dispatch.sms_outbox_watch import HEALTH_TOKEN_PARAMETER
from ...models.message.sms_sms_media import MEDIA_PATH
from ..peer.media import PNG
from ..web import WebCase
from .common import MODULE

LOGGER = "odoo.addons.helpdesk_mgmt_sms.controllers.public"
MEDIA = (
    MEDIA_PATH
    + "/<string:sms_id>/<string:attachment_id>/<string:expires>/<string:signature>"
)
#: By public address, the counter that limits a visitor's attempts. An address without
#: an entry here could be called without a limit.
ENDPOINTS = {
    "/helpdesk_sms/alerts/<string:key>": "refused",
    "/helpdesk_sms/health/<string:token>": "refused",
    MEDIA: "refused",
    "/helpdesk_sms/telnyx/<string:key>/inbound": "refused",
    "/helpdesk_sms/telnyx/<string:key>/status/<string:uuid>": "refused",
    "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>": "refused",
    "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>/<string:asked>": "refused",
    "/helpdesk_sms/twilio/<string:key>/inbound": "refused",
    "/helpdesk_sms/twilio/<string:key>/status/<string:uuid>": "refused",
    "/sms/incident/<string:token>": "incident_visitor",
    "/sms/join/<string:key>": "join_visitor",
    "/sms/p/<string:key>": "preferences_visitor",
    "/sms/preferences/<string:token>": "preferences_visitor",
    "/sms/t/<string:token>": "ticket_visitor",
    "/sms/t/<string:token>/other": "ticket_visitor",
}


class EndpointsCase(WebCase):
    """Call the addon's public addresses as a stranger and as a customer do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_join_page = True
        cls.record_consent()
        cls.incident = cls.env["sms.incident"].create({"name": "No network"})
        cls.env["ir.config_parameter"].set_param(HEALTH_TOKEN_PARAMETER, "right")

    def list_routes(self):
        """Return ``{path: routing}`` of all routes of our controllers."""
        modules = sorted(self.env.registry._init_modules)
        return {
            path: endpoint.routing
            for path, endpoint in _generate_routing_rules(modules, nodb_only=False)
            if inspect.unwrap(endpoint.func).__module__.startswith(
                f"odoo.addons.{MODULE}."
            )
        }

    def list_right(self):
        """Return ``{path: address with a valid token}`` of the routes called by GET."""
        [short] = (
            self.env["sms.preference.link"]
            ._get_urls([(self.company, self.number)])
            .values()
        )
        link = self.env["sms.preference.link"]._find_by_key(short.rpartition("/")[2])
        ticket = self.ticket.with_user(self.own_agent)
        attachment = ticket.env["ir.attachment"].create(
            {
                "name": "a.png",
                "raw": PNG,
                "res_model": ticket._name,
                "res_id": ticket.id,
            }
        )
        ticket._message_sms("Look", attachment_ids=attachment.ids)
        sms = self.messages_to()[-1]
        [media] = sms._to_outbound(sms.sender_id).media
        found = {
            "/helpdesk_sms/health/<string:token>": "/helpdesk_sms/health/right",
            MEDIA: media,
            "/sms/incident/<string:token>": self.incident.status_page,
            "/sms/join/<string:key>": f"/sms/join/{self.company.sms_join_key}",
            "/sms/p/<string:key>": short,
            "/sms/preferences/<string:token>": link._get_path(),
            "/sms/t/<string:token>": self.ticket.sms_ticket_url,
        }
        self.env.flush_all()
        return {
            path: re.sub(r"^https?://[^/]+", "", url) for path, url in found.items()
        }

    def call(self, path, url=None):
        """Call an address as carriers or browsers do, by default with a wrong token."""
        wrong = re.sub(r"<string:\w+>", "wrong", path)
        data = {"Body": "x"} if "POST" in self.routes[path]["methods"] else None
        if data and "GET" in self.routes[path]["methods"]:
            data = None
        kind = self.routes[path].get(TAKES)
        headers = {"Content-Type": kind} if kind else None
        return self.url_open(
            url or wrong, data=data, headers=headers, allow_redirects=False
        )

    def setUp(self):
        super().setUp()
        self.routes = self.list_routes()
        muted = mute_logger(LOGGER)
        self.enterContext(muted)
