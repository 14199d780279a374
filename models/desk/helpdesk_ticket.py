# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize, email_normalize_all

from ...tools.names import tidy_name, tidy_title
from ..consent.sms_consent_mixin import SubjectColumns
from ..ledger.sms_purpose import INTERNAL
from ..message.sms_sms import RECORDED

DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
NOT_SNOOZED = {"sms_snoozed_until": False, "sms_is_snoozed_for_text": False}
#: A portal user has entered the ticket's number, and no YES from it has confirmed it.
IS_UNPROVEN = """
    EXISTS (SELECT 1 FROM sms_number_claim claim
             WHERE claim.partner_id = %(partner)s AND claim.number = %(number)s
               AND claim.typed_at IS NOT NULL AND claim.confirmed_at IS NULL)
"""


class HelpdeskTicket(models.Model):
    """The customer's number on a ticket, their texts, and since when they wait."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.consent.mixin", "sms.short.link"]
    _short_link_path = "/sms/t/"
    _short_link_scope = "helpdesk_mgmt_sms.ticket"

    partner_phone = fields.Char(
        string="Phone",
        compute="_compute_partner_phone",
        store=True,
        readonly=False,
        precompute=True,
        help="The number for this ticket. Taken from the contact unless entered here.",
    )
    # In a form, the contact chosen before: a new ticket does not know it.
    sms_filled_partner_id = fields.Many2one("res.partner", "Person", store=False)
    partner_phone_sanitized = fields.Char(
        string="Phone (E.164)",
        compute="_compute_partner_phone_sanitized",
        store=True,
        precompute=True,
    )
    sms_phone_is_unproven = fields.Boolean(
        "Number Not Confirmed",
        compute="_compute_sms_phone_is_unproven",
        compute_sudo=True,
        search="_search_sms_phone_is_unproven",
        help="Entered by the customer in the portal. No automatic text is sent to it "
        "until they reply YES.",
    )
    sms_customer_name = fields.Char(
        compute="_compute_sms_words",
        compute_sudo=True,
        help="How texts greet them: “there” if their name is unknown.",
    )
    sms_technician_name = fields.Char(compute="_compute_sms_words", compute_sudo=True)
    sms_title = fields.Char(
        "Subject for Texts", compute="_compute_sms_words", compute_sudo=True
    )
    sms_ticket_url = fields.Char(
        "Link to the Ticket",
        compute="_compute_sms_ticket_url",
        compute_sudo=True,
        groups=DESK_GROUP,
        help="Short link where the customer sees number, title and stage without "
        "logging in. It expires after the number of days in the settings.",
    )
    sms_last_inbound_at = fields.Datetime("Customer's Last Text", **RECORDED)
    sms_waiting_since = fields.Datetime(
        "Customer Waiting Since",
        **RECORDED,
        help="Time of their oldest unanswered text. Empty once a colleague has texted "
        "or emailed them, or the ticket is closed.",
    )
    sms_unread_count = fields.Integer(
        "Unread Texts",
        compute="_compute_sms_unread_count",
        search="_search_sms_unread_count",
    )
    sms_candidate_ids = fields.Many2many(
        "res.partner",
        string="Possible Contacts",
        compute="_compute_sms_candidate_ids",
        help="The contacts with the ticket's number, as long as it has no contact.",
    )
    sms_candidate_note = fields.Char(
        compute="_compute_sms_candidate_ids",
        help="Asks who texted, as long as the ticket has no contact.",
    )

    _partner_phone_index = models.Index(
        "(partner_phone_sanitized, company_id) "
        "WHERE partner_phone_sanitized IS NOT NULL"
    )
    _sms_waiting_index = models.Index(
        "(sms_waiting_since) WHERE sms_waiting_since IS NOT NULL"
    )

    @api.depends("partner_id")
    def _compute_partner_phone(self):
        for ticket in self:
            phone = ticket.partner_phone
            # In a form the stored ticket still knows its former contact.
            if ticket._origin._has_former_sms_number(ticket.partner_id):
                phone = False
            # A customer is answered at the number that they texted from.
            if not (phone and ticket._origin.sms_last_inbound_at):
                phone = ticket.partner_id.phone or phone
            ticket.partner_phone = phone

    @api.onchange("partner_id")
    def _onchange_sms_filled_partner_id(self):
        """Drop the number that a contact chosen before has filled in."""
        former, phone = self.sms_filled_partner_id, self.partner_phone
        if former and phone == former.phone and phone != self._origin.partner_phone:
            self.partner_phone = self.partner_id.phone
        self.sms_filled_partner_id = self.partner_id

    def _has_former_sms_number(self, partner):
        """Return whether the number belongs to a contact that ``partner`` replaces.

        If kept, that number would get texts about somebody else's ticket; so would
        one that was never confirmed. Other numbers entered for the ticket stay.
        """
        former = self.partner_id
        if not former or former == partner:
            return False
        number = self.partner_phone_sanitized or self.partner_phone
        is_theirs = number == (former.phone_sanitized or former.phone)
        return is_theirs or self.sms_phone_is_unproven

    @api.depends("partner_phone", "partner_id.country_id", "company_id.country_id")
    def _compute_partner_phone_sanitized(self):
        for ticket in self:
            number = ticket.partner_phone
            country = ticket.partner_id.country_id or ticket.company_id.country_id
            sanitized = number and ticket._phone_format_number(number, country)
            ticket.partner_phone_sanitized = sanitized or False

    @api.depends("partner_id", "partner_phone_sanitized")
    def _compute_sms_phone_is_unproven(self):
        numbers = list(filter(None, self.mapped("partner_phone_sanitized")))
        found = self.env["sms.number.claim"]._find_unproven(self.partner_id, numbers)
        unproven = {(claim.partner_id, claim.number) for claim in found}
        for ticket in self:
            key = (ticket.partner_id._origin, ticket.partner_phone_sanitized)
            ticket.sms_phone_is_unproven = key in unproven

    @api.model
    def _search_sms_phone_is_unproven(self, operator, value):
        if operator != "in" or list(value) not in ([True], [False]):
            return NotImplemented
        unproven = Domain.custom(to_sql=self._get_sms_unproven_sql)
        return unproven if True in value else ~unproven

    @api.model
    def _get_sms_unproven_sql(self, _model, alias, _query):
        return SQL(
            IS_UNPROVEN,
            partner=SQL.identifier(alias, "partner_id"),
            number=SQL.identifier(alias, "partner_phone_sanitized"),
        )

    @api.depends("partner_id.name", "partner_name", "user_id.name", "name")
    def _compute_sms_words(self):
        """Clean up names and titles for use in a text, see ``tools.names``."""
        for ticket in self:
            name = tidy_name(ticket.partner_id.name)
            ticket.sms_customer_name = name or tidy_name(ticket.partner_name)
            ticket.sms_technician_name = tidy_name(ticket.user_id.name)
            ticket.sms_title = tidy_title(ticket.name)

    @api.depends("partner_phone_sanitized", "company_id.sms_ticket_link_days")
    def _compute_sms_ticket_url(self):
        today = fields.Date.today()
        for ticket in self:
            life = timedelta(days=ticket.company_id.sms_ticket_link_days)
            ticket.sms_ticket_url = ticket.id and ticket._make_short_link(today + life)

    def _compute_sms_unread_count(self):
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = inbound_sudo._get_unread_domain() & Domain("ticket_id", "in", self.ids)
        counts = dict(inbound_sudo._read_group(domain, ["ticket_id"], ["__count"]))
        for ticket in self:
            ticket.sms_unread_count = counts.get(ticket, 0)

    @api.model
    def _search_sms_unread_count(self, operator, value):
        """Support ``> 0`` and ``= 0``."""
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
        self.sms_candidate_ids = self.sms_candidate_note = False
        unknown = self.filtered(
            lambda ticket: not ticket.partner_id and ticket.partner_phone_sanitized
        )
        if not unknown:
            return
        numbers = unknown.mapped("partner_phone_sanitized")
        # Merely typing a number does not prove that it is theirs.
        typed = self.env["sms.number.claim"]._query_unproven(*numbers)
        partners = self.env["res.partner"].search(
            [("phone_sanitized", "in", numbers), ("id", "not in", typed)]
        )
        by_number = partners.grouped("phone_sanitized")
        for ticket in unknown:
            found = by_number.get(ticket.partner_phone_sanitized, partners.browse())
            own = Domain("company_id", "in", [False, ticket.company_id.id])
            ticket.sms_candidate_ids = found.filtered_domain(own)
            if ticket.sms_last_inbound_at:
                ticket.sms_candidate_note = ticket._ask_sms_author()

    def _ask_sms_author(self):
        count = len(self.sms_candidate_ids)
        if not count:
            return self.env._("No contact has this number: who wrote?")
        if count == 1:
            return self.env._("One contact has this number: did they write?")
        return self.env._("%s contacts have this number: who wrote?", count)

    # === Numbers and consent ===

    @api.model
    def _phone_get_number_fields(self):
        return ["partner_phone"]

    def _get_sms_typed_number(self):
        return self.partner_phone

    def _get_short_link_facts(self):
        """Return the number, so that links sent to a former customer stop working."""
        return (self.partner_phone_sanitized or "",)

    def _get_sms_subject_fields(self):
        return ("partner_phone_sanitized", "company_id")

    def _get_sms_subjects(self):
        """Return the ticket's own number, with the purpose for tickets."""
        rules = self.env["sms.purpose.rule"]
        return {
            ticket.id: (
                ticket.company_id,
                ticket.partner_phone_sanitized,
                rules._find_for_model(ticket.company_id, self._name),
            )
            for ticket in self
        }

    def _get_sms_subject_columns(self, alias):
        company = SQL.identifier(alias, "company_id")
        number = SQL.identifier(alias, "partner_phone_sanitized")
        return SubjectColumns(company, number, self._get_sms_purpose_sql(company))

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Add the expressions that are safe to tell a customer, for managers."""
        return super().mail_allowed_qweb_expressions() + (
            "object.number",
            "object.sms_customer_name",
            "object.sms_technician_name",
            "object.sms_title",
            "object.sms_preference_url",
            "object.sms_ticket_url",
            "object.partner_name",
            "object.partner_id.lang",
            "object.stage_id.name",
            "object.team_id.name",
            "object.category_id.name",
            "object.company_id.name",
        )

    # === Changes ===

    @api.model_create_multi
    def create(self, vals_list):
        """Run the hooks for new tickets, and note numbers entered by customers."""
        tickets = super().create(vals_list)
        tickets._on_sms_changes(dict.fromkeys(tickets.ids))
        if not self._is_sms_history():
            tickets._on_sms_created()
        tickets._note_sms_typed_numbers()
        return tickets

    def write(self, vals):
        """Clear a replaced contact's number, and run the hooks for changes.

        Texts that wait for a number or company of before are cancelled.
        """
        lines = {ticket.id: ticket._get_sms_line() for ticket in self.sudo()}
        if "partner_id" in vals and "partner_phone" not in vals:
            partner = self.env["res.partner"].browse(vals["partner_id"])
            former = self.filtered(lambda it: it._has_former_sms_number(partner))
            super(HelpdeskTicket, former).write({"partner_phone": False})
        before = {ticket.id: ticket._get_sms_state() for ticket in self.sudo()}
        shown = self.filtered("active")
        result = super().write(vals)
        self.sudo()._end_misdirected_sms(lines)
        archived = shown.filtered(lambda it: not (it.active or it.stage_id.closed))
        archived._note_waiting_sms()
        if vals.get("stage_id"):
            self.filtered("stage_id.closed")._end_sms_waiting()
        self._on_sms_changes(before)
        if vals.keys() & {"stage_id", "team_id"}:
            self.sudo().filtered("sms_waiting_since")._end_sms_snooze()
            self._update_sms_rating(before)
        if "partner_phone" in vals:
            self._note_sms_typed_numbers()
        return result

    @api.model
    def _is_sms_history(self):
        """Return whether tickets are being imported that nobody is to be told about.

        Odoo sends no mails about them either, unless its box is ticked to track them.
        """
        context = self.env.context
        return bool(context.get("import_file") and context.get("tracking_disable"))

    def _get_sms_state(self):
        """Return the facts whose change may cause texts: stage, its closing, user."""
        stage = self.stage_id
        return stage.id, stage.closed, self.user_id.id

    def _on_sms_changes(self, before):
        """Handle new or changed tickets. Extended by other rooms.

        Cancel outdated automatic texts, note those that still wait on closed tickets,
        and end the snooze of closed tickets and of those that wait for us.

        :param dict before: :meth:`_get_sms_state` by id; None for new tickets
        """
        changed_sudo = self.sudo().filtered(
            lambda it: before[it.id] and before[it.id] != it._get_sms_state()
        )
        changed_sudo._end_overtaken_sms()
        closed_sudo = changed_sudo.filtered("stage_id.closed")
        closed_sudo.filtered(lambda it: not before[it.id][1])._note_waiting_sms()
        (closed_sudo | changed_sudo.filtered("sms_waiting_since"))._end_sms_snooze()

    def _on_sms_created(self):
        """Handle new tickets, after ``_on_sms_changes``. Extended by other rooms."""

    def _is_sms_confirmed(self):
        """Return whether the customer of a new ticket gets a confirmation of receipt.

        Other rooms extend it, to return False when they send another text instead.
        """
        return True

    def _on_sms_ordinary(self):
        """Confirm a ticket that was first taken for something else, as an outage.

        Extended by other rooms.

        :return: whether the customer is told
        """
        return False

    def _note_sms_typed_numbers(self):
        if not self.env.user.share:
            return
        claims_sudo = self.env["sms.number.claim"].sudo()
        for ticket in self.sudo():
            partner, number = ticket.partner_id, ticket.partner_phone_sanitized
            if partner and number and number != partner.phone_sanitized:
                claims_sudo._note(ticket.company_id, partner, number)

    # === The customer's texts ===

    def _prepare_sms_received(self, inbound, waits):
        """Return the ticket values that a text from the customer changes."""
        values = {"sms_last_inbound_at": inbound.received_at}
        if waits and not self.sms_waiting_since:
            values["sms_waiting_since"] = inbound.received_at
        if not self.sms_is_conversation:
            values["sms_is_conversation"] = True
        if self.sms_snoozed_until or self.sms_is_snoozed_for_text:
            values |= NOT_SNOOZED
        return values

    def _move_by_sms(self):
        """Move a closed or waiting ticket to where its team wants it after a text."""
        self.ensure_one()
        team = self.team_id.with_company(self.company_id)
        if self.stage_id.closed:
            is_reopened = team.sms_reopen if team else True
            stage = team._get_sms_reopen_stage() if is_reopened else None
        else:
            stage = team and team._get_sms_answered_stage(self.stage_id)
        if stage and stage != self.stage_id:
            # As OdooBot: the webhook's user must not appear in the chatter.
            self.with_user(SUPERUSER_ID).stage_id = stage.id

    def _mark_sms_read(self):
        self.check_access("read")
        inbound_sudo = self.env["sms.inbound"].sudo()
        domain = inbound_sudo._get_unread_domain() & Domain("ticket_id", "in", self.ids)
        inbound_sudo.search(domain).read_at = fields.Datetime.now()
        self.invalidate_recordset(["sms_unread_count"])
        self._notify_sms_desks(dict.fromkeys(self.ids, []))

    def action_mark_sms_answered(self):
        """Mark the customers' texts as needing no (further) answer.

        :raises AccessError: if the user may not edit the tickets
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
        """Return whether a chatter message is an answer that the customer gets."""
        is_comment = message.message_type == "comment"
        if not (is_comment and self._is_sms_staff(message.sudo().author_id)):
            return False
        if customer := self.sudo().partner_id:
            return any(
                it["id"] == customer.id
                and (it["notif"] != "email" or customer.email_normalized)
                for it in recipients
            )
        address = email_normalize(self.sudo().partner_email)
        mailed = email_normalize_all(message.sudo().outgoing_email_to)
        mailed += [recipient["email_normalized"] for recipient in recipients]
        return bool(address) and address in mailed

    def _find_sms_comments(self, post):
        """Return the answers by mail that followed a chatter message."""
        domain = Domain("model", "=", self._name) & Domain("res_id", "=", self.id)
        domain &= Domain("id", ">", post.id) & Domain("message_type", "=", "comment")
        domain &= Domain("subtype_id", "=", self.env.ref("mail.mt_comment").id)
        posts_sudo = self.env["mail.message"].sudo().search(domain)
        return posts_sudo.filtered(lambda it: self._is_sms_staff(it.author_id))

    @api.model
    def _is_sms_staff(self, author_sudo):
        """Return whether the author of a chatter message is one of us."""
        return any(user._is_internal() for user in author_sudo.user_ids)

    def _end_sms_waiting(self):
        """Note that the customer no longer waits for an answer."""
        self.sudo().filtered("sms_waiting_since").sms_waiting_since = False

    # === The customer, where only a number has texted ===

    def action_choose_sms_customer(self, partner_id):
        """Make one of :attr:`sms_candidate_ids` the ticket's customer.

        :raises AccessError: if the user may not edit the ticket
        """
        self.ensure_one()
        self.check_access("write")
        partner = self.sms_candidate_ids.filtered(lambda it: it.id == partner_id)
        self._set_sms_customer(partner)
        return True

    def action_link_sms_contact(self):
        """Open the form to enter whose number it is."""
        self.ensure_one()
        self.check_access("write")
        return self.env["sms.ticket.contact"]._get_records_action(
            name=self.env._("Who texted from %s?", self.partner_phone),
            target="new",
            context={"default_ticket_id": self.id},
        )

    def action_create_sms_contact(self):
        """Open the same form, to make a new contact with the number."""
        action = self.action_link_sms_contact()
        action["context"]["default_is_new"] = True
        return action

    def _set_sms_customer(self, partner):
        """Make a contact the customer of a ticket and its texts, at the same number."""
        if not partner:
            return
        self.write(
            {
                "partner_id": partner.id,
                "partner_name": partner.name,
                "partner_email": partner.email,
                "partner_phone": self.partner_phone,
            }
        )
        nobodys = [("ticket_id", "=", self.id), ("partner_id", "=", False)]
        texts_sudo = self.env["sms.inbound"].sudo().search(nobodys)
        texts_sudo.partner_id = partner
        posts_sudo = texts_sudo.mail_message_id.filtered(lambda it: not it.author_id)
        posts_sudo.author_id = partner

    # === The right to text ===

    def action_send_sms(self):
        """Open Odoo's SMS composer with the template for a ticket update."""
        self.ensure_one()
        self._check_may_send_sms()
        template = self.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_update", raise_if_not_found=False
        )
        return self.env["sms.composer"]._get_records_action(
            name=self.env._("Send SMS"),
            target="new",
            context={
                "default_composition_mode": "comment",
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_sms_ticket_number": self.partner_phone,
                "default_template_id": template.id if template else False,
            },
        )

    def _check_may_send_sms(self):
        """Raise an AccessError unless a helpdesk user who may edit the ticket."""
        if not self.env.su:
            self._check_sms_inbox()

    def _has_sms_limits(self, company):
        """Apply the limits to tickets under every policy."""
        return True

    def _check_sms_rights(self, partner_ids, numbers, typed):
        self._check_may_send_sms()
        result = super()._check_sms_rights(partner_ids, numbers, typed)
        self._check_sms_team_limit()
        return result

    def _check_sms_team_limit(self):
        """Raise a UserError if a team would exceed its limit for 24 hours."""
        for team_sudo, tickets in self.sudo().grouped("team_id").items():
            limit = team_sudo.sms_daily_limit
            if limit and team_sudo._count_sms_lately() + len(tickets) > limit:
                raise UserError(
                    self.env._(
                        "The team %(team)s has sent the %(limit)s texts that it may "
                        "send in 24 hours. Call instead, try again later, or ask a "
                        "helpdesk manager to raise the team's limit.",
                        team=team_sudo.name,
                        limit=limit,
                    )
                )

    # === The customer's page ===

    def _get_sms_last_update(self):
        """Return the time (UTC) of the last change that the customer may know."""
        self.ensure_one()
        to_us = Domain("mail_message_id.res_id", "=", self.id)
        to_us &= Domain("purpose_id.code", "=", INTERNAL)
        posts = self.env["sms.sms"].sudo().search(to_us).mail_message_id
        is_text = Domain("message_type", "=", "sms") & Domain("id", "not in", posts.ids)
        shown = ("comment", "email", "email_outgoing", "auto_comment")
        is_public = Domain("message_type", "in", shown)
        is_public &= Domain("is_internal", "=", False)
        is_public &= Domain("subtype_id.internal", "=", False)
        domain = Domain("model", "=", self._name) & Domain("res_id", "=", self.id)
        domain &= is_text | is_public
        messages_sudo = self.env["mail.message"].sudo()
        last = messages_sudo.search(domain, order="date desc", limit=1)
        return max(filter(None, (self.last_stage_update, self.create_date, last.date)))

    def _get_sms_stages(self):
        """Return the stages of the ticket's team, or of tickets without one."""
        self.ensure_one()
        if self.team_id:
            return self.team_id._get_applicable_stages()
        domain = Domain("company_id", "in", [False, self.company_id.id])
        stages = self.env["helpdesk.ticket.stage"]
        return stages.search(domain & Domain("team_ids", "=", False))


class ResPartner(models.Model):
    """Takes unconfirmed numbers off the tickets of contacts that are deleted."""

    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_sms_unproven(self):
        """Clear them: without its contact, a ticket's number would count as proven."""
        tickets_sudo = self.env["helpdesk.ticket"].sudo()
        tickets_sudo = tickets_sudo.with_context(active_test=False)
        own = Domain("partner_id", "in", self.ids)
        own &= Domain("sms_phone_is_unproven", "=", True)
        tickets_sudo.search(own).partner_phone = False
