# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from odoo import models
from odoo.http import request

#: Of a route: the only content type that it takes, and how long a body may be (bytes).
TAKES, LIMIT = "sms_takes", "max_content_length"


class IrHttp(models.AbstractModel):
    """Refuses requests that no carrier sends before anything of them is read."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Look at the headers before Odoo reads the form.

        A body without a length is cut off by werkzeug at the same limit.

        :raises BadRequest: 400 for a query that is no text, to any route of Odoo's
        :raises RequestEntityTooLarge: 413 for a longer body than the route takes
        :raises UnsupportedMediaType: 415 for another type
        """
        routing, http = rule.endpoint.routing, request.httprequest
        try:
            _query = http.args
        except UnicodeDecodeError:
            # Odoo's own look at it would end in an error of the server.
            raise BadRequest() from None
        super()._pre_dispatch(rule, args)
        if TAKES not in routing:
            return
        if (http.content_length or 0) > routing[LIMIT]:
            raise RequestEntityTooLarge()
        # What says nothing of its type is not read as a form.
        if http.mimetype not in ("", routing[TAKES]):
            raise UnsupportedMediaType()
