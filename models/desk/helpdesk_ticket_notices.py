# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .helpdesk_ticket_desk import CHANGE_TYPE, NEWS_TYPE
from .helpdesk_ticket_inbox import INBOX_TYPE
from .helpdesk_ticket_thread import IN

#: Key in ``cr.precommit.data`` of the notices that a transaction will send.
NOTICES = "helpdesk_mgmt_sms.notices"
#: Most conversations that are notified by number; further ones see it on loading.
NOTICE_LIMIT = 500
#: With more changed conversations than this, none is named and the list is reloaded.
NAMED_LIMIT = 100


class Notices(NamedTuple):
    """Notices that a transaction has to send to screens.

    :param texts: the changed texts (``in-5``, ``out-12``) by ticket id
    :param numbers: those by company id and number, for all tickets of the number
    :param listed: ids of tickets to report to the lists
    :param news: pairs of users and the payload for them
    """

    texts: defaultdict
    numbers: defaultdict
    listed: set
    news: list


class HelpdeskTicket(models.Model):
    """Notifies open conversations, lists and users once per transaction.

    Screens are told which texts have changed, and read them with their user's rights,
    so the bus holds no personal data. A savepoint divides a transaction: notices from
    before it are sent separately.
    """

    _inherit = "helpdesk.ticket"

    @api.model
    def _get_sms_notices(self):
        """Return the notices to add to; they are sent with the commit."""
        precommit = self.env.cr.precommit
        if NOTICES not in precommit.data:
            tables = defaultdict(set), defaultdict(set)
            precommit.data[NOTICES] = Notices(*tables, set(), [])
            precommit.add(self.env[self._name]._send_sms_notices)
        return precommit.data[NOTICES]

    @api.model
    def _notify_sms_desks(self, text_ids):
        """Notify open conversations, once each, and the lists.

        :param dict text_ids: the changed texts by ticket id; an empty list: they were
            merely read
        """
        if text_ids:
            notices = self._get_sms_notices()
            notices.listed.update(text_ids)
            for ticket_id, ids in text_ids.items():
                notices.texts[ticket_id].update(ids)

    @api.model
    def _notify_sms_number_desks(self, text_ids):
        """Notify conversations of entries by company id and number, and the lists."""
        for key, ids in text_ids.items():
            if all(key):
                self._get_sms_notices().numbers[key].update(ids)

    def _notify_sms_owners(self, news):
        """Notify the assignee, or else the whole team; also if the assignee left.

        Who works for another company now cannot read the ticket.
        """
        company_id = self.sudo().company_id.id
        for users_sudo in (self.sudo().user_id, self.sudo().team_id.user_ids):
            users_sudo = users_sudo.filtered(lambda it: it.active and not it.share)
            if users_sudo := users_sudo.filtered(
                lambda it: company_id in it._get_company_ids()
            ):
                self._get_sms_notices().news.append((users_sudo, news))
                return

    def _on_sms_received(self, inbound):
        """Show the text on open conversations, and notify whoever is to answer it.

        Called in sudo, after the text was posted. Extended by other rooms.
        """
        self.ensure_one()
        text_ids = [f"{IN}-{inbound.id}"]
        self._notify_sms_desks({self.id: text_ids})
        self._notify_sms_number_desks({(self.company_id.id, inbound.number): text_ids})
        self._notify_sms_owners({"ticket_id": self.id})

    @api.model
    def _send_sms_notices(self):
        """Send the collected notices, with one query of ours and one of the bus."""
        notices = self.env.cr.precommit.data.pop(NOTICES)
        listed = defaultdict(list)
        for ticket_id, company_id, number, is_listed in self._read_sms_told(notices):
            if ids := notices.numbers.get((company_id, number)):
                notices.texts[ticket_id].update(ids)
            if is_listed:
                listed[company_id].append(ticket_id)
        bus = self.env["bus.bus"]
        for ticket_id, ids in notices.texts.items():
            payload = {"ticket_id": ticket_id, "ids": sorted(ids)}
            bus._sendone(self._get_sms_bus_channel(ticket_id), CHANGE_TYPE, payload)
        for company_id, ticket_ids in listed.items():
            named = ticket_ids if len(ticket_ids) <= NAMED_LIMIT else []
            channel = self._get_sms_inbox_channel(company_id)
            bus._sendone(channel, INBOX_TYPE, {"ticket_ids": named})
        for users_sudo, news in notices.news:
            users_sudo._bus_send(NEWS_TYPE, news)

    @api.model
    def _read_sms_told(self, notices):
        """Read the noted tickets that lists show, and all tickets of the numbers.

        :return: rows of id, company id, number, whether lists show it; ordered by id
        """
        names = ["company_id", "partner_phone_sanitized", "sms_is_conversation"]
        self.flush_model(["active", *names])
        columns = SQL("id, %s, %s, %s IS TRUE", *map(SQL.identifier, names))
        queries = [
            SQL(
                "SELECT %s FROM helpdesk_ticket"
                " WHERE id = ANY(%s) AND sms_is_conversation IS TRUE",
                columns,
                list(notices.listed),
            )
        ]
        if notices.numbers:
            pairs = zip(*notices.numbers, strict=True)
            company_ids, numbers = (list(set(it)) for it in pairs)
            queries.append(
                SQL(
                    "(SELECT %s FROM helpdesk_ticket WHERE active"
                    " AND company_id = ANY(%s) AND partner_phone_sanitized = ANY(%s)"
                    " ORDER BY id DESC LIMIT %s)",
                    columns,
                    company_ids,
                    numbers,
                    NOTICE_LIMIT,
                )
            )
        query = SQL("%s ORDER BY id", SQL(" UNION ").join(queries))
        return self.env.execute_query(query)
