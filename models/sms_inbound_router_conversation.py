# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL, plaintext2html

from ..tools import replies, ticket_texts
from .helpdesk_ticket_team import REOPEN_DAYS
from .sms_inbound import CHATTER_LIMIT

_logger = logging.getLogger(__name__)

#: Of so many tickets of a number a text may name one.
NAMED_LIMIT = 200

#: Which tickets of a number a text can go to, and which it goes to rather. Tickets of
#: which we have texted or been texted come first, the newest conversation before all:
#: it is what the customer answers to. Closed ones count for as long as their team says.
FIND_TICKET = """
    SELECT ticket.id
      FROM helpdesk_ticket ticket
 LEFT JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
 LEFT JOIN helpdesk_ticket_team team ON team.id = ticket.team_id
 LEFT JOIN (SELECT message.res_id,
                   max(COALESCE(sms.sent_at, sms.create_date)) AS texted_at
              FROM sms_sms sms
              JOIN mail_message message ON message.id = sms.mail_message_id
             WHERE sms.record_company_id = %(company)s
               AND sms.number = %(number)s
               AND sms.state IN ('process', 'unknown', 'pending', 'sent')
               AND message.model = 'helpdesk.ticket'
          GROUP BY message.res_id) AS talk ON talk.res_id = ticket.id
     WHERE ticket.company_id = %(company)s
       AND ticket.partner_phone_sanitized = %(number)s
       AND ticket.active
       AND NOT %(is_unproven)s
       AND (stage.closed IS NOT TRUE
            OR (ticket.duplicate_id IS NULL
                AND COALESCE(ticket.last_stage_update, ticket.create_date)
                    > %(now)s - make_interval(days =>
                          COALESCE(team.sms_reopen_days, %(days)s))))
  ORDER BY stage.closed IS TRUE,
           CASE WHEN stage.closed THEN ticket.last_stage_update END DESC NULLS LAST,
           GREATEST(ticket.sms_last_inbound_at, talk.texted_at) DESC NULLS LAST,
           ticket.id DESC
     LIMIT 1
"""


class SmsInboundRouter(models.AbstractModel):
    """Where a text goes that is no command: to a ticket of its number, or a new one."""

    _inherit = "sms.inbound.router"

    @api.model
    def _converse(self, inbound, **place):
        """Post a text on the ticket that it belongs to, or make one of it.

        What fails here must not undo that the text came in.

        :param place: where, if that is known: arguments of :meth:`_place`
        """
        super()._converse(inbound, **place)
        if not inbound._is_from_phone():
            return  # a name or a short code: nobody who could be answered
        self._meet(inbound)
        try:
            with self.env.cr.savepoint():
                self._place(inbound, **place)
                self._after_place(inbound)
        except OperationalError:
            raise  # a conflict with another transaction: Odoo starts the request over
        except Exception as error:  # whatever another module's chatter hook raises
            _logger.exception("Incoming text %s was not posted", inbound.id)
            inbound.ticket_id = False
            inbound.error = str(error)

    @api.model
    def _meet(self, inbound):
        """Let two texts of one number be worked off one after the other.

        Odoo's retry lets the later one start over, and find what the first has made.
        """
        key = f"{inbound.company_id.id}:{inbound.number}"
        self.env["sms.rate.limit"]._is_over("texts", key)

    @api.model
    def _place(self, inbound, ticket=None, team=None, is_new=False):
        """Find or make the ticket of a text, and post it there.

        :param ticket: ``helpdesk.ticket`` to which it is known to belong
        :param team: ``helpdesk.ticket.team`` of a new one
        :param bool is_new: make a new one in any case
        """
        if not ticket and not is_new:
            ticket = self._find_named_ticket(inbound) or self._find_ticket(inbound)
        inbound.has_made_ticket = not ticket
        inbound.ticket_id = ticket or self._make_ticket(inbound, team)
        self._post(inbound)
        # Who thanks for a ticket that is closed wants nothing more of it.
        is_over = inbound.ticket_id.closed and replies.is_thanks(inbound.body)
        if not is_over:
            inbound.ticket_id._move_by_sms()
        inbound.ticket_id._note_sms_inbound(inbound, waits=not is_over)

    @api.model
    def _after_place(self, inbound):
        """Do what follows from a text that has come to its ticket."""

    @api.model
    def _get_own_domain(self, inbound):
        """Return the domain of the sender's tickets: nobody else's are ever told.

        Those to which somebody else has typed the sender's number are not theirs.
        """
        return [
            ("company_id", "=", inbound.company_id.id),
            ("partner_phone_sanitized", "=", inbound.number),
            ("sms_phone_is_unproven", "=", False),
        ]

    # ------------------------------------------------------------------
    # Which ticket
    # ------------------------------------------------------------------

    @api.model
    def _find_named_ticket(self, inbound):
        """Return the ticket of the sender that a text names by its number, if any.

        Of the sender's own tickets alone: nobody writes into another's by naming it.
        """
        tickets = self.env["helpdesk.ticket"]
        if not any(char.isdigit() for char in inbound.body or ""):
            return tickets
        tickets = tickets.search_fetch(
            self._get_own_domain(inbound),
            ["number"],
            order="id desc",
            limit=NAMED_LIMIT,
        )
        by_number = {ticket.number: ticket for ticket in reversed(tickets)}
        found = ticket_texts.find_ticket_number(inbound.body, list(reversed(by_number)))
        return by_number.get(found, tickets.browse())

    @api.model
    def _find_ticket(self, inbound):
        """Return the ticket of the sender to which a text goes that names none."""
        tickets = self.env["helpdesk.ticket"]
        tickets.flush_model()
        self.env["sms.sms"].flush_model(
            ["state", "number", "record_company_id", "sent_at"]
        )
        query = SQL(
            FIND_TICKET,
            company=inbound.company_id.id,
            number=inbound.number,
            days=REOPEN_DAYS,
            now=inbound.received_at,
            is_unproven=tickets._get_unproven_phone_sql(None, "ticket", None),
        )
        return tickets.browse(row[0] for row in self.env.execute_query(query))

    # ------------------------------------------------------------------
    # A new ticket
    # ------------------------------------------------------------------

    @api.model
    def _make_ticket(self, inbound, team=None):
        """Make a ticket of a text: by nobody, for nobody yet.

        :param team: ``helpdesk.ticket.team``; default: that of the number texted
        """
        senders = self.env["sms.sender"]
        team = team or senders._find_team(inbound.company_id, inbound._get_addresses())
        house = self.env["helpdesk.ticket"].with_user(SUPERUSER_ID)
        house = house.with_company(inbound.company_id)
        # Nobody follows it for having brought the text.
        house = house.with_context(mail_create_nosubscribe=True)
        return house.create(self._prepare_ticket(inbound, team)).with_env(self.env)

    @api.model
    def _prepare_ticket(self, inbound, team):
        """Return the values of a ticket out of a text."""
        channel = self.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_channel_sms", raise_if_not_found=False
        )
        partner = inbound.partner_id
        return {
            **inbound._get_ticket_words(),
            "company_id": inbound.company_id.id,
            "team_id": team.id,
            "user_id": False,
            "channel_id": channel.id if channel else False,
            "priority": team.sms_priority or "1",
            "partner_id": partner.id,
            "partner_name": partner.name,
            "partner_email": partner.email,
            "partner_phone": inbound.number,
        }

    # ------------------------------------------------------------------
    # The chatter
    # ------------------------------------------------------------------

    @api.model
    def _post(self, inbound):
        """Show a text in the ticket's chatter, as said by who sent it."""
        ticket = inbound.ticket_id.with_context(mail_create_nosubscribe=True)
        words = inbound._get_words()
        inbound.mail_message_id = ticket.message_post(
            body=plaintext2html(words[:CHATTER_LIMIT], with_paragraph=False),
            message_type="sms",
            subtype_xmlid="mail.mt_note",
            author_id=inbound.partner_id.id or False,
            email_from=inbound.partner_id.email_formatted or inbound.number,
        )
