# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .helpdesk_ticket_desk import DESK_GROUP, IN, OUT

#: What did not arrive: the carrier refused it, or the gate did.
FAILED = SQL(
    "(sms.state = 'error' OR (sms.state = 'canceled' AND sms.gate_verdict = 'block'))"
)
WORDS_LIMIT = 120
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
    """What the list of conversations shows of each, for all of them at once."""

    _inherit = "helpdesk.ticket"

    sms_last_words = fields.Char(
        "Last Words", compute="_compute_sms_last_text", groups=DESK_GROUP
    )
    sms_last_text_at = fields.Datetime(
        "Last Text", compute="_compute_sms_last_text", groups=DESK_GROUP
    )
    sms_is_conversation = fields.Boolean(
        "Is a Conversation",
        compute="_compute_sms_is_conversation",
        search="_search_sms_is_conversation",
        groups=DESK_GROUP,
        help="The customer or one of us has written, or a text could not be delivered. "
        "What is only sent automatically makes no conversation.",
    )
    sms_last_failed = fields.Boolean(
        "Last Text Failed",
        compute="_compute_sms_last_failed",
        search="_search_sms_last_failed",
        groups=DESK_GROUP,
        help="Our last text to the customer was not delivered, or was blocked.",
    )

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Put those who do not wait, or have never texted, last in either direction."""
        if field_name in ("sms_waiting_since", "sms_last_inbound_at"):
            nulls = SQL("NULLS LAST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends_context("lang")
    def _compute_sms_last_text(self):
        """Read the newest text of each ticket, theirs or ours, in one query."""
        newest = {}
        if stored := self.filtered("id"):
            rows = self.env.execute_query(stored._query_sms_last_texts())
            newest = {ticket_id: rest for ticket_id, *rest in rows}
        for ticket in self:
            direction, body, moment = newest.get(ticket.id) or (False, "", False)
            words = " ".join((body or "").split())[:WORDS_LIMIT]
            ticket.sms_last_text_at = moment
            if direction == OUT:
                words = self.env._("You: %s", words)
            elif direction == IN and not words:
                words = self.env._("A picture or a file")
            ticket.sms_last_words = words

    def _compute_sms_is_conversation(self):
        found = self.search(
            Domain("id", "in", self.ids) & Domain("sms_is_conversation", "=", True)
        )
        for ticket in self:
            ticket.sms_is_conversation = ticket in found

    def _query_sms_last_texts(self):
        """Return the query for ``(ticket_id, direction, body, at)`` of newest texts."""
        return SQL(
            """
            SELECT texts.ticket_id, texts.direction,
                   COALESCE(inbound.body, sms.body), texts.at
              FROM (
                  SELECT DISTINCT ON (ticket_id) ticket_id, direction, id, at
                    FROM (%s) texts
                   ORDER BY ticket_id, at DESC, direction DESC, id DESC
              ) texts
              LEFT JOIN sms_inbound inbound
                ON texts.direction = %s AND inbound.id = texts.id
              LEFT JOIN sms_sms sms ON texts.direction = %s AND sms.id = texts.id
            """,
            self._query_sms_texts(),
            IN,
            OUT,
        )

    @api.model
    def _search_sms_is_conversation(self, operator, value):
        """Find the tickets on which somebody has written, or a text has failed."""
        if operator != "in":
            return NotImplemented
        self.env["sms.sms"].flush_model()
        written = SQL(
            """
            (SELECT message.res_id
               FROM sms_sms sms
               JOIN mail_message message ON message.id = sms.mail_message_id
              WHERE (sms.is_personal OR %s) AND message.model = %s)
            """,
            FAILED,
            self._name,
        )
        texted = Domain("sms_last_inbound_at", "!=", False)
        found = texted | self._get_sms_id_domain(written)
        return found if True in value else ~found

    def _compute_sms_last_failed(self):
        failed = set()
        if stored := self.filtered("id"):
            here = SQL("message.res_id = ANY(%s)", stored.ids)
            rows = self.env.execute_query(self._query_sms_failed(here))
            failed = {ticket_id for (ticket_id,) in rows}
        for ticket in self:
            ticket.sms_last_failed = ticket.id in failed

    @api.model
    def _search_sms_last_failed(self, operator, value):
        if operator != "in":
            return NotImplemented
        query = self._query_sms_failed(SQL("TRUE"))
        found = self._get_sms_id_domain(SQL("(%s)", query))
        return found if True in value else ~found

    @api.model
    def _query_sms_failed(self, condition):
        """Return the query for the ids of tickets whose last text of ours has failed.

        :param SQL condition: on ``message``, the ``mail.message`` of the text
        """
        self.env["sms.sms"].flush_model()
        return SQL(
            """
            SELECT message.res_id
              FROM sms_sms sms
              JOIN mail_message message ON message.id = sms.mail_message_id
             WHERE %s AND message.model = %s AND %s
               AND NOT EXISTS (
                   SELECT 1
                     FROM mail_message later_message
                     JOIN sms_sms later ON later.mail_message_id = later_message.id
                    WHERE later_message.model = message.model
                      AND later_message.res_id = message.res_id
                      AND later.id > sms.id
               )
            """,
            FAILED,
            self._name,
            condition,
        )

    @api.model
    def _get_sms_id_domain(self, ids):
        """Return the domain of the tickets whose id is in a subquery."""
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%s IN %s", SQL.identifier(alias, "id"), ids
            )
        )

    # ------------------------------------------------------------------
    # Conversations are live: open screens are told what has changed
    # ------------------------------------------------------------------

    # They are told which texts, and never what is in them: what they may read they then
    # ask for, under their own rights. So nothing of a person lies in the bus.

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
        """Return the channels of those tickets that the user may read."""
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
