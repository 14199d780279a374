# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import NotFound

from odoo.http import Controller, request, route

from ..models.message.sms_sms_media import MEDIA_PATH
from . import public


class MediaController(Controller):
    """The endpoint from which carriers fetch a text's pictures and files."""

    _media_url = (
        MEDIA_PATH
        + "/<string:sms_id>/<string:attachment_id>/<string:expires>/<string:signature>"
    )

    @route(_media_url, **public.LOOK)
    @public.guarded
    def media(self, sms_id, attachment_id, expires, signature):
        """Return one picture or file.

        :raises NotFound: 404 for an address that is forged or expired, or a file that
            was erased or never existed
        """
        ids = public.read_id(sms_id), public.read_id(attachment_id)
        end = public.read_id(expires, 10**public.MOST_DIGITS)
        if None in (*ids, end):
            raise NotFound()
        found = request.env["sms.sms"]._find_media(*ids, end, signature)
        if not found:
            raise NotFound()
        data, mimetype = found
        return public.bare(data, mimetype)
