# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from odoo import models
from odoo.http import request

#: Of a route: the only content type that it takes, and how long a body may be (bytes).
TAKES, LIMIT = "sms_takes", "max_content_length"


class IrHttp(models.AbstractModel):
    """Refuses what no carrier sends before anything of it is read."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Look at the headers before Odoo reads the form.

        A body without a length is cut off by werkzeug at the same limit.

        :raises RequestEntityTooLarge: 413 for a longer body than the route takes
        :raises UnsupportedMediaType: 415 for another type
        """
        super()._pre_dispatch(rule, args)
        routing, http = rule.endpoint.routing, request.httprequest
        if TAKES not in routing:
            return
        if (http.content_length or 0) > routing[LIMIT]:
            raise RequestEntityTooLarge()
        # What says nothing of its type is not read as a form.
        if http.mimetype not in ("", routing[TAKES]):
            raise UnsupportedMediaType()
