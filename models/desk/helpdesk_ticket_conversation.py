# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain


class HelpdeskTicket(models.Model):
    """A ticket is the conversation with its customer: what came, and who waits."""

    _inherit = "helpdesk.ticket"

    sms_last_inbound_at = fields.Datetime(
        "Customer's Last Text", readonly=True, copy=False, help="When it came, in UTC."
    )
    sms_waiting_since = fields.Datetime(
        "Customer Waits Since",
        readonly=True,
        copy=False,
        help="When they texted what nobody has answered yet. Empty once one of us has "
        "texted or mailed them, or when the ticket is closed.",
    )
    sms_unread_count = fields.Integer(
        "Unread Texts",
        compute="_compute_sms_unread_count",
        search="_search_sms_unread_count",
    )
    sms_candidate_ids = fields.Many2many(
        "res.partner",
        string="Who May Have Written",
        compute="_compute_sms_candidate_ids",
        help="The contacts that have the ticket's number, while it has no contact.",
    )

    sms_candidate_note = fields.Char(
        compute="_compute_sms_candidate_ids",
        help="Asks who has texted, while the ticket has no contact.",
    )

    _sms_waiting_index = models.Index(
        "(sms_waiting_since) WHERE sms_waiting_since IS NOT NULL"
    )

    def _compute_sms_unread_count(self):
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = inbound_sudo._get_unread_domain() & Domain("ticket_id", "in", self.ids)
        groups = inbound_sudo._read_group(domain, ["ticket_id"], ["__count"])
        counts = {ticket.id: count for ticket, count in groups}
        for ticket in self:
            ticket.sms_unread_count = counts.get(ticket.id, 0)

    @api.model
    def _search_sms_unread_count(self, operator, value):
        """Find tickets by whether they have unread texts: ``> 0`` or ``= 0``."""
        if (operator, value) not in ((">", 0), ("!=", 0), ("=", 0), ("in", {0})):
            return NotImplemented
        inbound_sudo = self.env["sms.inbound"].sudo()
        unread = inbound_sudo._search(inbound_sudo._get_unread_domain())
        is_none = operator in ("=", "in")
        return [("id", "not in" if is_none else "in", unread.subselect("ticket_id"))]

    @api.depends(
        "partner_id", "partner_phone_sanitized", "company_id", "sms_last_inbound_at"
    )
    def _compute_sms_candidate_ids(self):
        unknown = self.filtered(
            lambda ticket: not ticket.partner_id and ticket.partner_phone_sanitized
        )
        numbers = unknown.mapped("partner_phone_sanitized")
        partners = self.env["res.partner"]
        if numbers:
            # Who has merely typed the number has not shown that they have it.
            claims_sudo = self.env["sms.number.claim"].sudo()
            typed = claims_sudo._search(
                claims_sudo._get_open_domain() & Domain("number", "in", numbers)
            )
            partners = partners.search(
                [
                    ("phone_sanitized", "in", numbers),
                    ("id", "not in", typed.subselect("partner_id")),
                ]
            )
        by_number = partners.grouped("phone_sanitized")
        self.sms_candidate_ids = partners.browse()
        self.sms_candidate_note = False
        for ticket in unknown:
            found = by_number.get(ticket.partner_phone_sanitized, partners.browse())
            companies = (self.env["res.company"], ticket.company_id)
            ticket.sms_candidate_ids = found.filtered(
                lambda partner, companies=companies: partner.company_id in companies
            )
            if ticket.sms_last_inbound_at:
                ticket.sms_candidate_note = ticket._ask_who_wrote()

    def _ask_who_wrote(self):
        """Return the question that a person answers: who has texted?"""
        count = len(self.sms_candidate_ids)
        if not count:
            return self.env._("No contact has this number: who wrote?")
        if count == 1:
            return self.env._("One contact has this number: did they write?")
        return self.env._("%s contacts have this number: who wrote?", count)

    # ------------------------------------------------------------------
    # The customer has texted
    # ------------------------------------------------------------------

    def _note_sms_inbound(self, inbound, waits=True):
        """Note that the customer has texted, and since when they wait.

        :param inbound: ``sms.inbound``, one, posted on this ticket
        """
        self.ensure_one()
        values = {"sms_last_inbound_at": inbound.received_at}
        if waits and not self.sms_waiting_since:
            values["sms_waiting_since"] = inbound.received_at
        self.write(values)
        self._on_sms_received(inbound)

    # ------------------------------------------------------------------
    # One of us has read it, or has answered
    # ------------------------------------------------------------------

    def _mark_sms_read(self):
        """Note that one of us has read the customers' texts.

        For the team, not for a user: what a colleague has read is read.

        :raises AccessError: for who may not read the tickets
        """
        self.check_access("read")
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = inbound_sudo._get_unread_domain() & Domain("ticket_id", "in", self.ids)
        inbound_sudo.search(domain).read_at = fields.Datetime.now()
        self.invalidate_recordset(["sms_unread_count"])
        self._notify_sms_desks(dict.fromkeys(self.ids, []))

    def action_mark_sms_answered(self):
        """Say that the customer's texts need no (further) answer.

        :raises AccessError: for who may not edit the tickets
        """
        self.check_access("write")
        self._mark_sms_read()
        self._end_sms_waiting()
        return True

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        recipients = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        if self.sudo().sms_waiting_since and self._is_sms_answer(message, recipients):
            self._end_sms_waiting()
        return recipients

    def _is_sms_answer(self, message, recipients):
        """Tell if a message of the chatter is an answer that the customer gets.

        :param message: ``mail.message``, one
        """
        users_sudo = message.sudo().author_id.user_ids
        if message.message_type != "comment" or not any(
            user._is_internal() for user in users_sudo
        ):
            return False
        customer = self.sudo().partner_id
        told = {recipient["id"] for recipient in recipients}
        mailed = message.sudo().outgoing_email_to or ""
        address = self.sudo().partner_email
        return customer.id in told if customer else bool(address and address in mailed)

    def _end_sms_waiting(self):
        """Note that nobody waits for an answer any more."""
        self.sudo().filtered("sms_waiting_since").sms_waiting_since = False

    # ------------------------------------------------------------------
    # Who may text from a ticket: helpdesk users who may edit it, within limits
    # ------------------------------------------------------------------

    def _check_may_text(self):
        """Refuse to text from a ticket to who may merely read it.

        :raises AccessError: for who is no helpdesk user or may not edit the ticket
        """
        if self.env.su:
            return
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(
                self.env._("Only helpdesk users may send text messages from a ticket.")
            )
        self.check_access("write")

    def _has_sms_limits(self, company):
        """Tickets are ours: their limits hold under every policy."""
        return True

    def _check_sms_rights(self, partner_ids, numbers, typed):
        self._check_may_text()
        result = super()._check_sms_rights(partner_ids, numbers, typed)
        self._check_sms_team_limit()
        return result

    def _check_sms_team_limit(self):
        """Refuse more than the tickets' teams may send in a day.

        :raises UserError: if its people have sent as many as they may for now
        """
        for team_sudo, tickets in self.sudo().grouped("team_id").items():
            limit = team_sudo.sms_daily_limit
            if limit and team_sudo._count_texts_lately() + len(tickets) > limit:
                raise UserError(
                    self.env._(
                        "The team %(team)s has sent the %(limit)s texts that it may "
                        "send in 24 hours. Call instead, try again later, or ask a "
                        "helpdesk manager to raise the team's limit.",
                        team=team_sudo.name,
                        limit=limit,
                    )
                )
