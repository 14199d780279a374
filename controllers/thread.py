# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError

from odoo.addons.mail.controllers.thread import ThreadController


class TextThreadController(ThreadController):
    """Odoo's endpoint to the chatter, which refuses texts."""

    def _prepare_message_data(self, post_data, *, thread, **kwargs):
        """Refuse texts: this endpoint posts in sudo, which skips the right to text.

        Odoo's own client texts through the composer.
        """
        data = super()._prepare_message_data(post_data, thread=thread, **kwargs)
        if data.get("message_type") == "sms":
            raise AccessError(self.env._("Text messages are sent by “Send SMS”."))
        return data
