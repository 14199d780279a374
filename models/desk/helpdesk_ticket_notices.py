# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .helpdesk_ticket_desk import CHANGE_TYPE, NEWS_TYPE
from .helpdesk_ticket_thread import IN

#: Under this key ``cr.precommit.data`` has what a transaction will tell.
NOTICES = "helpdesk_mgmt_sms.notices"
#: So many conversations are told of one change of numbers; more see it on loading.
NOTICE_LIMIT = 500


class Notices(NamedTuple):
    """What a transaction has to tell screens.

    :param texts: the changed texts (``in-5``, ``out-12``) by ticket id
    :param numbers: those by company id and number, for all tickets of the number
    :param listed: ids of tickets of which lists are told
    :param news: pairs of users and what they are told
    """

    texts: defaultdict
    numbers: defaultdict
    listed: set
    news: list


class HelpdeskTicket(models.Model):
    """What open conversations, lists and people are told, all at once.

    Screens are told which texts, and ask for what is in them under their own rights: so
    nothing of a person lies in the bus. A savepoint divides a transaction: what went
    before it is told apart.
    """

    _inherit = "helpdesk.ticket"

    @api.model
    def _get_sms_notices(self):
        """Return the notices that are sent with the commit, to be added to."""
        precommit = self.env.cr.precommit
        if NOTICES not in precommit.data:
            tables = defaultdict(set), defaultdict(set)
            precommit.data[NOTICES] = Notices(*tables, set(), [])
            precommit.add(self.env[self._name]._send_sms_notices)
        return precommit.data[NOTICES]

    @api.model
    def _notify_sms_desks(self, text_ids):
        """Tell the open conversations, once for each, and the lists.

        :param dict text_ids: the changed texts by ticket id; none: somebody has read
            them
        """
        if text_ids:
            notices = self._get_sms_notices()
            notices.listed.update(text_ids)
            for ticket_id, ids in text_ids.items():
                notices.texts[ticket_id].update(ids)

    @api.model
    def _notify_sms_number_desks(self, text_ids):
        """Tell the open conversations of some numbers, and the lists.

        :param dict text_ids: the changed entries (``event-5``) by company id and number
        """
        for key, ids in text_ids.items():
            if all(key):
                self._get_sms_notices().numbers[key].update(ids)

    @api.model
    def _notify_sms_inbox(self, ticket_ids):
        """Tell the lists, once for each company."""
        if ticket_ids:
            self._get_sms_notices().listed.update(ticket_ids)

    def _notify_sms_owners(self, news):
        """Tell the assignee, or else the whole team."""
        users_sudo = self.sudo().user_id or self.sudo().team_id.user_ids
        users_sudo = users_sudo.filtered(lambda it: it.active and not it.share)
        self._get_sms_notices().news.append((users_sudo, news))

    def _on_sms_received(self, inbound):
        """Show the text on open conversations, and tell who is to answer it.

        Called in sudo, after the text was posted. Extended by other rooms.
        """
        self.ensure_one()
        text_ids = [f"{IN}-{inbound.id}"]
        self._notify_sms_desks({self.id: text_ids})
        self._notify_sms_number_desks({(self.company_id.id, inbound.number): text_ids})
        self._notify_sms_owners({"ticket_id": self.id})

    @api.model
    def _send_sms_notices(self):
        """Send what was noted, with one query for all, and one by the bus."""
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
            self._send_sms_inbox_notice(company_id, ticket_ids)
        for users_sudo, news in notices.news:
            users_sudo._bus_send(NEWS_TYPE, news)

    @api.model
    def _read_sms_told(self, notices):
        """Read what lists show of the noted tickets, and all tickets of the numbers.

        :return: rows of id, company id, number, whether lists show it; by id
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
        return self.env.execute_query(
            SQL("%s ORDER BY id", SQL(" UNION ").join(queries))
        )
