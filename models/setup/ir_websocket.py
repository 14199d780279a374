# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_virtual_phone import BUS_CHANNEL


class IrWebsocket(models.AbstractModel):
    """Subscribes screens to what their user may read.

    The virtual phone to the texts of the user's sandbox companies, a conversation to
    the texts of its ticket.
    """

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Put the user's own channels in the place of the name that the client sent.

        The name alone gives nothing: who is no helpdesk user, or has no sandbox
        company, listens to no texts.
        """
        others = [
            channel
            for channel in channels
            if not (isinstance(channel, str) and channel == BUS_CHANNEL)
        ]
        if len(others) != len(channels):
            others += self.env["sms.virtual.phone"]._get_user_bus_channels()
        own, others = self.env["helpdesk.ticket"]._get_sms_bus_channels(others)
        return super()._build_bus_channel_list(others + own)
