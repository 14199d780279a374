# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, models

from .helpdesk_ticket_desk import DESK_GROUP
from .helpdesk_ticket_desk_texts import IN

#: With the ticket's id behind it, what a screen asks to listen to.
BUS_CHANNEL = "helpdesk_mgmt_sms.ticket"
#: Tells open conversations which texts are new or have changed.
CHANGE_TYPE = "helpdesk_mgmt_sms/texts"
#: Tells people that a customer has texted.
NEWS_TYPE = "helpdesk_mgmt_sms/news"
#: A screen shows one conversation; nobody listens to more tickets than this.
CHANNEL_LIMIT = 20
_CHANNEL = re.compile(re.escape(BUS_CHANNEL) + r"_([0-9]{1,9})")


class HelpdeskTicket(models.Model):
    """Conversations are live: open screens are told what has changed.

    They are told which texts, and never what is in them: what they may read they then
    ask for, under their own rights. So nothing of a person lies in the bus.
    """

    _inherit = "helpdesk.ticket"

    @api.model
    def _notify_sms_desks(self, text_ids):
        """Tell the open conversations of some tickets, after the commit.

        What changes until the transaction is flushed makes one notice a ticket.

        :param dict text_ids: the changed texts (``in-5``, ``out-12``) by ticket id;
            none: that somebody has read them
        """
        precommit = self.env.cr.precommit
        if text_ids and CHANGE_TYPE not in precommit.data:
            precommit.data[CHANGE_TYPE] = {}
            precommit.add(self.env[self._name]._send_sms_notices)
        for ticket_id, ids in text_ids.items():
            precommit.data[CHANGE_TYPE].setdefault(ticket_id, set()).update(ids)

    @api.model
    def _send_sms_notices(self):
        """Hand the notices that have gathered to the bus."""
        bus = self.env["bus.bus"]
        for ticket_id, ids in self.env.cr.precommit.data.pop(CHANGE_TYPE).items():
            payload = {"ticket_id": ticket_id, "ids": sorted(ids)}
            bus._sendone(self._get_sms_bus_channel(ticket_id), CHANGE_TYPE, payload)

    @api.model
    def _get_sms_bus_channel(self, ticket_id):
        """Return a ticket's channel. No client can name it: it is not a string."""
        return (self.env.cr.dbname, BUS_CHANNEL, ticket_id)

    @api.model
    def _get_sms_bus_channels(self, names):
        """Return the channels of those tickets that the user may read.

        :param list names: what a screen has asked for
        :return: the channels, and the names that are none of this addon's
        :rtype: tuple[list, list]
        """
        found = {
            name: _CHANNEL.fullmatch(name) for name in names if isinstance(name, str)
        }
        others = [name for name in names if not found.get(name)]
        ids = [int(match[1]) for match in found.values() if match][:CHANNEL_LIMIT]
        if not ids or not self.env.user.has_group(DESK_GROUP):
            return [], others
        tickets = self.with_context(active_test=False).search([("id", "in", ids)])
        return [self._get_sms_bus_channel(ticket.id) for ticket in tickets], others

    def _on_sms_received(self, inbound):
        """Show the text on open conversations, and tell who is to answer it.

        Called in sudo, in the transaction of the webhook, after the text was posted.
        Extended by other rooms.

        :param inbound: ``sms.inbound``, one
        """
        self.ensure_one()
        self._notify_sms_desks({self.id: [f"{IN}-{inbound.id}"]})
        for user in self._get_sms_readers():
            user._bus_send(NEWS_TYPE, {"ticket_id": self.id})

    def _on_sms_media(self, inbound):
        """Show a picture on open conversations, or why it will not come.

        Called in sudo, by the cron that fetches.

        :param inbound: ``sms.inbound``, one, with its ``attachment_ids``
        """
        self._notify_sms_desks({self.id: [f"{IN}-{inbound.id}"]})

    def _get_sms_readers(self):
        """Return whom a new text concerns: the assignee, or else the whole team."""
        self.ensure_one()
        users_sudo = self.sudo().user_id or self.sudo().team_id.user_ids
        return users_sudo.filtered(lambda user: user.active and not user.share)

    def get_sms_news(self):
        """Return what a notification says of the text that nobody has read yet.

        :return: ``title``, ``body``; False once somebody has read it
        :raises AccessError: for who is no helpdesk user or may not read the ticket
        """
        self._check_sms_desk()
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = [("ticket_id", "=", self.id), *inbound_sudo._get_unread_domain()]
        inbound_sudo = inbound_sudo.search(domain, limit=1)
        if not inbound_sudo:
            return False
        return {
            "title": self.env._(
                "%(customer)s, ticket %(number)s",
                customer=self.sms_customer_name,
                number=self.number,
            ),
            "body": inbound_sudo.body or self.env._("A picture or a file"),
        }
