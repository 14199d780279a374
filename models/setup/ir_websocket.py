# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .sms_virtual_phone import BUS_CHANNEL


class IrWebsocket(models.AbstractModel):
    """Subscribes clients to the bus channels that their user may read.

    The virtual phone to the texts of the user's sandbox companies, a conversation to
    the texts of its ticket.
    """

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Replace the names sent by the client with channels that the user may read.

        Users who are not helpdesk users, or have no sandbox company, get no channel for
        the name.
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
