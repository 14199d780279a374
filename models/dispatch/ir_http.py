# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from odoo import models
from odoo.http import request

#: Route parameters: the only content type accepted, and the longest body in bytes.
TAKES, LIMIT = "sms_takes", "max_content_length"


class IrHttp(models.AbstractModel):
    """Refuses requests that no carrier sends before their body is read."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Check the headers before Odoo reads the form.

        A body without a length is cut off by werkzeug at the same limit.

        :raises BadRequest: 400 for a query string that cannot be decoded
        :raises RequestEntityTooLarge: 413 for a longer body than the route takes
        :raises UnsupportedMediaType: 415 for another type
        """
        routing, http = rule.endpoint.routing, request.httprequest
        try:
            _query = http.args
        except UnicodeDecodeError:
            # Odoo would answer with an internal server error.
            raise BadRequest() from None
        super()._pre_dispatch(rule, args)
        if TAKES not in routing:
            return
        if (http.content_length or 0) > routing[LIMIT]:
            raise RequestEntityTooLarge()
        # A body without a content type is not parsed as a form.
        if http.mimetype not in ("", routing[TAKES]):
            raise UnsupportedMediaType()
