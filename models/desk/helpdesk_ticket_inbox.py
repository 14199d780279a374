# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..ledger.sms_purpose import INTERNAL
from ..message.sms_sms import RECORDED
from ..message.sms_sms_untold import FAILED, MEANT
from .helpdesk_ticket import DESK_GROUP

#: Characters of the last message that the list shows.
WORDS_LIMIT = 120
#: Update tickets from our texts about them, except to colleagues. Rows that would stay
#: the same are left alone: most texts need not wait for a transaction that edits one.
NOTE_TEXTS = """
    WITH texted AS (
        SELECT message.res_id AS ticket_id,
               bool_or(sms.is_personal IS TRUE OR %(failed)s) AS is_conversation
          FROM sms_sms sms
          JOIN mail_message message ON message.id = sms.mail_message_id
         WHERE sms.id = ANY(%(ids)s) AND message.model = %(model)s
           AND sms.purpose_id IS DISTINCT FROM %(internal)s
         GROUP BY message.res_id
    ), noted AS (
        SELECT texted.*, COALESCE(newest.has_failed, FALSE) AS has_failed
          FROM texted
     LEFT JOIN LATERAL (
              SELECT %(failed)s AS has_failed
                FROM mail_message message
                JOIN sms_sms sms ON sms.mail_message_id = message.id
               WHERE message.model = %(model)s AND message.res_id = texted.ticket_id
                 AND sms.purpose_id IS DISTINCT FROM %(internal)s AND %(meant)s
               ORDER BY message.id DESC, sms.id DESC
               LIMIT 1
          ) newest ON TRUE
    )
    UPDATE helpdesk_ticket ticket
       SET sms_is_conversation = sms_is_conversation IS TRUE OR is_conversation,
           sms_last_failed = has_failed
      FROM noted
     WHERE ticket.id = ticket_id AND (
           sms_last_failed IS TRUE <> has_failed
        OR sms_is_conversation IS NOT TRUE AND is_conversation)
    RETURNING ticket.id
"""
#: Channel that a client subscribes to for the list, and the bus message sent there.
INBOX_CHANNEL = "helpdesk_mgmt_sms.inbox"
INBOX_TYPE = "helpdesk_mgmt_sms/inbox"
#: Fields of a ticket that the list shows, sorts by, or filters on.
INBOX_FIELDS = frozenset(
    [
        *("active", "company_id", "name", "stage_id", "team_id", "user_id"),
        *("partner_id", "partner_name", "partner_phone"),
        *("sms_last_inbound_at", "sms_waiting_since"),
        *("sms_snoozed_until", "sms_is_snoozed_for_text"),
    ]
)
#: Fields that decide whom the reply box texts.
RECIPIENT_FIELDS = frozenset(["company_id", "partner_id", "partner_phone"])
LARGEST_ID = 2**31 - 1
#: Other tickets of a number that are shown beside its conversation.
OTHERS_LIMIT = 10
#: Most users that are offered for handing a conversation over.
ASSIGNEE_LIMIT = 200


class HelpdeskTicket(models.Model):
    """The inbox: the list of conversations, and what is done from it."""

    _inherit = "helpdesk.ticket"

    sms_contact_label = fields.Char(
        "Who",
        compute="_compute_sms_contact_label",
        compute_sudo=True,
        groups=DESK_GROUP,
        help="The customer's name, or their number if they are unknown.",
    )
    sms_last_words = fields.Char(
        "Last Message", compute="_compute_sms_last_words", groups=DESK_GROUP
    )
    sms_last_words_at = fields.Datetime(
        "Last Message On", compute="_compute_sms_last_words", groups=DESK_GROUP
    )
    sms_is_conversation = fields.Boolean(
        "Is a Conversation",
        **RECORDED,
        groups=DESK_GROUP,
        help="The customer or a colleague has written, or a text could not be "
        "delivered. Automatic texts alone do not make a conversation.",
    )
    sms_last_failed = fields.Boolean(
        "Last Text Failed",
        **RECORDED,
        groups=DESK_GROUP,
        help="Our last text to the customer was not delivered, or was blocked.",
    )
    sms_is_held = fields.Boolean(
        "Text Held",
        compute="_compute_sms_is_held",
        search="_search_sms_is_held",
        groups=DESK_GROUP,
        help="A text to the customer is held until a later hour.",
    )
    sms_other_ticket_ids = fields.Many2many(
        "helpdesk.ticket",
        string="Other Open Tickets",
        compute="_compute_sms_other_ticket_ids",
        groups=DESK_GROUP,
        help="Of the same number, in the same company.",
    )
    # In the order of the list.
    _sms_inbox_index = models.Index(
        "(sms_waiting_since, sms_last_inbound_at DESC NULLS LAST, id DESC) "
        "WHERE sms_is_conversation IS TRUE"
    )
    _sms_failed_index = models.Index("(id) WHERE sms_last_failed IS TRUE")

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort customers who do not wait, or never texted, last either way."""
        if field_name in ("sms_waiting_since", "sms_last_inbound_at"):
            nulls = SQL("NULLS LAST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    # === What the list shows ===

    @api.depends(
        *("partner_id.name", "partner_name", "partner_email"),
        *("partner_phone", "partner_phone_sanitized"),
    )
    def _compute_sms_contact_label(self):
        for ticket in self:
            ticket.sms_contact_label = (
                ticket.partner_id.name
                or ticket.partner_name
                or ticket._get_sms_number_label()
                or ticket.partner_email
            )

    def _get_sms_number_label(self):
        """Return the ticket's number as people write it, or what was typed for it."""
        number = self.partner_phone_sanitized
        label = number and self._phone_format(
            number=number, force_format="INTERNATIONAL"
        )
        return label or self.partner_phone

    @api.depends_context("lang")
    def _compute_sms_last_words(self):
        """Read in one query each customer's last text, or else our last one."""
        rows = {}
        if stored := self.filtered("id"):
            found = self.env.execute_query(stored._query_sms_last_words())
            rows = {ticket_id: rest for ticket_id, *rest in found}
        for ticket in self:
            moment, body, has_media, sent_at, sent = rows.get(ticket.id) or [None] * 5
            words = " ".join((body or sent or "").split())
            if not moment and sent_at:
                words = self.env._("You: %s", words)
            elif has_media and not words:
                words = self.env._("A picture or a file")
            ticket.sms_last_words = words[:WORDS_LIMIT]
            ticket.sms_last_words_at = moment or sent_at

    def _query_sms_last_words(self):
        """Return the query for their and our last text, one row per ticket."""
        for name in ("sms.sms", "sms.inbound", "mail.message"):
            self.env[name].flush_model()
        return SQL(
            """
            SELECT ticket.id, theirs.received_at, theirs.body, theirs.has_media,
                   ours.create_date, ours.body
              FROM unnest(%(ids)s) AS ticket(id)
              LEFT JOIN LATERAL (
                  SELECT received_at, body,
                         media_count > 0 AND erased_at IS NULL AS has_media
                    FROM sms_inbound
                   WHERE ticket_id = ticket.id
                   ORDER BY id DESC
                   LIMIT 1
              ) theirs ON TRUE
              LEFT JOIN LATERAL (
                  SELECT sms.create_date, sms.body
                    FROM mail_message message
                    JOIN sms_sms sms ON sms.mail_message_id = message.id
                   WHERE theirs.received_at IS NULL AND sms.is_personal
                     AND message.model = %(model)s AND message.res_id = ticket.id
                   ORDER BY message.id DESC
                   LIMIT 1
              ) ours ON TRUE
            """,
            ids=self.ids,
            model=self._name,
        )

    def _compute_sms_other_ticket_ids(self):
        for ticket in self:
            number = ticket.partner_phone_sanitized
            domain = [
                ("partner_phone_sanitized", "=", number),
                ("company_id", "=", ticket.company_id.id),
                ("closed", "=", False),
                ("id", "!=", ticket._origin.id),
            ]
            ticket.sms_other_ticket_ids = number and self.search(
                domain, limit=OTHERS_LIMIT
            )

    def _compute_sms_is_held(self):
        tickets_sudo = self.sudo().with_context(active_test=False)
        domain = Domain("id", "in", self.ids) & Domain("sms_is_held", "=", True)
        held_sudo = tickets_sudo.search(domain, order="id")
        for ticket in self:
            ticket.sms_is_held = ticket in held_sudo

    @api.model
    def _search_sms_is_held(self, operator, value):
        if operator != "in":
            return NotImplemented
        texts = Domain("state", "=", "outgoing") & Domain("gate_verdict", "=", "hold")
        texts &= Domain("not_before", ">", fields.Datetime.now())
        texts &= Domain("purpose_id.code", "!=", INTERNAL)
        query = self.env["sms.sms"].sudo()._search(texts)
        posts = Domain("id", "in", query.subselect("mail_message_id"))
        held = Domain("message_ids", "any", posts)
        return held if True in value else ~held

    # === What is noted on tickets ===

    @api.model
    def _note_sms_texts(self, sms_ids):
        """Update tickets from new or changed texts of ours about them."""
        names = ["sms_is_conversation", "sms_last_failed"]
        self.flush_model(names)
        self.env["sms.sms"].flush_model()
        internal_id = self.env["sms.purpose"]._get(INTERNAL).id
        terms = {"failed": FAILED, "ids": list(sms_ids), "internal": internal_id}
        query = SQL(NOTE_TEXTS, model=self._name, meant=MEANT, **terms)
        tickets = self.browse(row[0] for row in self.env.execute_query(query))
        tickets.invalidate_recordset(names, flush=False)

    # === Rights ===

    @api.model
    def _read_sms_id(self, value):
        """Return an id from a client; raise a UserError if it cannot be one."""
        is_id = isinstance(value, int) and not isinstance(value, bool)
        if not is_id or not 0 < value <= LARGEST_ID:
            raise UserError(self.env._("This is no longer there. Reload the page."))
        return value

    @api.model
    def _read_sms_time(self, value):
        """Return a time (UTC) from a client; raise a UserError if it cannot be one."""
        try:
            return fields.Datetime.to_datetime(value or False)
        except (TypeError, ValueError):
            raise UserError(
                self.env._("This is no longer there. Reload the page.")
            ) from None

    def _check_sms_inbox(self):
        """Raise an AccessError unless a helpdesk user who may edit the tickets."""
        self._check_sms_user()
        self.check_access("write")

    @api.model
    def _check_sms_user(self):
        if not self.env.user.has_group(DESK_GROUP):
            raise AccessError(
                self.env._("Only helpdesk users can work with conversations.")
            )

    # === Handing over and closing, one or many at once ===

    @api.model
    @api.readonly
    def get_sms_assignees(self, ticket_id):
        """Return the users to whom a conversation can be handed over.

        :return: list of ``id`` and ``name``
        :raises AccessError: unless a helpdesk user who may edit the ticket
        """
        ticket = self.browse(self._read_sms_id(ticket_id))
        ticket._check_sms_inbox()
        users_sudo = self.env["res.users"].sudo()
        domain = ticket._get_sms_assignee_domain()
        return users_sudo.search_read(
            domain, ["name"], limit=ASSIGNEE_LIMIT, order="name, id"
        )

    def _get_sms_assignee_domain(self):
        """Return the domain of users who may own the ticket, in its team if any.

        The same as on the ticket's form and for OCA's button *Assign to me*.
        """
        self.ensure_one()
        domain = (
            Domain("share", "=", False)
            & Domain("all_group_ids", "in", self.env.ref(DESK_GROUP).ids)
            & Domain("company_ids", "in", self.sudo().company_id.ids)
        )
        if team_sudo := self.sudo().team_id:
            domain &= Domain("id", "in", team_sudo.user_ids.ids)
        return domain

    def assign_sms(self, user_id=None):
        """Assign conversations to a user, whom Odoo notifies as usual.

        :param user_id: id of a user of :meth:`get_sms_assignees`; False: nobody;
            None (as a button calls it): the caller
        :raises AccessError: unless a helpdesk user who may edit the tickets
        :raises UserError: if the user may not own one of them
        """
        self._check_sms_inbox()
        if user_id is None:
            user_id = self.env.uid
        elif user_id is not False:
            user_id = self._read_sms_id(user_id)
        users_sudo = self.env["res.users"].sudo()
        for ticket, *_others in self._group_sms_by_team() if user_id else ():
            domain = ticket._get_sms_assignee_domain() & Domain("id", "=", user_id)
            if not users_sudo.search_count(domain, limit=1):
                raise UserError(ticket._explain_sms_assignee())
        self.write({"user_id": user_id})
        return True

    def _explain_sms_assignee(self):
        ticket_sudo = self.sudo()
        if ticket_sudo.team_id:
            return self.env._(
                "This user cannot take ticket %(ticket)s. Choose a member of the team "
                "%(team)s who works in %(company)s.",
                ticket=ticket_sudo.number,
                team=ticket_sudo.team_id.name,
                company=ticket_sudo.company_id.name,
            )
        return self.env._(
            "This user cannot take ticket %(ticket)s. Choose a helpdesk user who works "
            "in %(company)s.",
            ticket=ticket_sudo.number,
            company=ticket_sudo.company_id.name,
        )

    def close_sms(self):
        """Mark conversations as answered, and move them to their teams' closing stage.

        :raises AccessError: unless a helpdesk user who may edit the tickets
        :raises UserError: if a team has no stage that closes
        """
        self._check_sms_inbox()
        self.action_mark_sms_answered()
        tickets = self.filtered(lambda ticket: not ticket.closed)
        for alike in tickets._group_sms_by_team():
            stage = alike[0]._get_sms_stages().filtered("closed")[:1]
            if not stage:
                raise UserError(alike[0]._explain_sms_closing())
            alike.write({"stage_id": stage.id})
        return True

    def _explain_sms_closing(self):
        if self.team_id:
            return self.env._(
                "The team %s has no stage that closes a ticket. Ask a helpdesk manager "
                "to add one.",
                self.team_id.name,
            )
        return self.env._(
            "Ticket %s has no team, and there is no stage for tickets without a team "
            "that closes one. Choose a team first.",
            self.number,
        )

    def _group_sms_by_team(self):
        return self.grouped(lambda it: (it.company_id, it.team_id)).values()

    # === What waits for me ===

    @api.model
    def get_sms_inbox_count(self):
        """Count the conversations with unread texts that the user should answer.

        Their own, and those of their teams that are unassigned, or whose assignee has
        left, unless snoozed.

        :raises AccessError: if the user is not a helpdesk user
        """
        self._check_sms_user()
        is_mine = Domain("user_id", "=", self.env.uid)
        is_ours = Domain("user_id", "=", False) | Domain("user_id.active", "=", False)
        is_ours &= Domain("team_id", "in", self.env.user.helpdesk_team_ids.ids)
        return self.search_count(
            Domain("sms_unread_count", ">", 0)
            & Domain("sms_is_snoozed", "=", False)
            & (is_mine | is_ours)
        )

    # === Bus ===

    # Lists are told which conversations have changed, and read them with their user's
    # rights, so the bus holds no personal data.

    def write(self, vals):
        """Notify the lists when a field that they show changes.

        Open conversations are notified when somebody else is to be texted.
        """
        result = super().write(vals)
        if vals.keys() & RECIPIENT_FIELDS:
            self._notify_sms_desks(dict.fromkeys(self.ids, []))
        if vals.keys() & INBOX_FIELDS:
            self._get_sms_notices().listed.update(self.ids)
        return result

    @api.model
    def _get_sms_inbox_channel(self, company_id):
        """Return a company's channel: a tuple, which no client can subscribe to."""
        return (self.env.cr.dbname, INBOX_CHANNEL, company_id)

    @api.model
    def _get_sms_bus_channels(self, names):
        """Replace the inbox's name with the channels of the user's companies."""
        # The server adds records to the names.
        others = [it for it in names if not isinstance(it, str) or it != INBOX_CHANNEL]
        own, rest = super()._get_sms_bus_channels(others)
        user = self.env.user
        if len(others) != len(names) and user.has_group(DESK_GROUP):
            own = own + [self._get_sms_inbox_channel(it) for it in user.company_ids.ids]
        return own, rest
