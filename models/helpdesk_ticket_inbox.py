# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .helpdesk_ticket_desk import DESK_GROUP
from .helpdesk_ticket_desk_texts import IN, OUT

#: What did not arrive: the carrier refused it, or the gate did.
FAILED = SQL(
    "(sms.state = 'error' OR (sms.state = 'canceled' AND sms.gate_verdict = 'block'))"
)
WORDS_LIMIT = 120


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
        """Return the domain of the tickets whose id is in a subquery.

        :param SQL ids: in brackets
        """
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%s IN %s", SQL.identifier(alias, "id"), ids
            )
        )
