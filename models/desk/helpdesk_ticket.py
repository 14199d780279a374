# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.names import tidy_name, tidy_title
from ..consent.sms_consent_mixin import SubjectColumns

#: That a login has typed the number of a ticket, and that it has not said YES to it.
IS_UNPROVEN = """
    EXISTS (SELECT 1 FROM sms_number_claim claim
             WHERE claim.partner_id = %(partner)s AND claim.number = %(number)s
               AND claim.typed_at IS NOT NULL AND claim.confirmed_at IS NULL)
"""


class HelpdeskTicket(models.Model):
    """A ticket knows its customer's number and texts them."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.consent.mixin", "sms.short.link"]

    partner_phone = fields.Char(
        string="Phone",
        compute="_compute_partner_phone",
        store=True,
        readonly=False,
        precompute=True,
        help="The number for this ticket. Taken from the contact unless entered here.",
    )
    partner_phone_sanitized = fields.Char(
        string="Phone (E.164)",
        compute="_compute_partner_phone_sanitized",
        compute_sudo=True,
        store=True,
        precompute=True,
    )
    sms_customer_name = fields.Char(compute="_compute_sms_words")
    sms_technician_name = fields.Char(compute="_compute_sms_words")
    sms_title = fields.Char("Subject for Texts", compute="_compute_sms_words")

    _partner_phone_index = models.Index(
        "(partner_phone_sanitized, company_id) "
        "WHERE partner_phone_sanitized IS NOT NULL"
    )
    _short_link_path = "/sms/t/"
    _short_link_scope = "helpdesk_mgmt_sms.ticket"

    sms_ticket_url = fields.Char(
        "Link to the Ticket",
        compute="_compute_sms_ticket_url",
        compute_sudo=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
        help="Short address on which the customer sees number, title and stage without "
        "a login. It ends after the days in the settings.",
    )

    sms_phone_is_unproven = fields.Boolean(
        "Number Not Confirmed",
        compute="_compute_sms_phone_is_unproven",
        compute_sudo=True,
        search="_search_sms_phone_is_unproven",
        help="The customer typed it in the portal. No automatic text goes there until "
        "it has answered YES.",
    )

    @api.depends("partner_id")
    def _compute_partner_phone(self):
        for ticket in self:
            phone = ticket.partner_phone
            # In a form the stored ticket still knows its former contact.
            if ticket._origin._has_phone_of_former(ticket.partner_id):
                phone = False
            # Who texts from a number is answered there, whatever their contact has.
            is_texting = phone and ticket._origin.sms_last_inbound_at
            if not is_texting:
                phone = ticket.partner_id.phone or phone
            ticket.partner_phone = phone

    def _has_phone_of_former(self, partner):
        """Tell if the number is that of a contact whom ``partner`` replaces.

        Kept, it would get the texts about somebody else's ticket. So would one that
        was never confirmed for them. Any other that was entered for the ticket stays.
        """
        former = self.partner_id
        if not former or former == partner:
            return False
        return self.partner_phone == former.phone or self.sms_phone_is_unproven

    @api.depends("partner_phone", "partner_id.country_id", "company_id.country_id")
    def _compute_partner_phone_sanitized(self):
        for ticket in self:
            number = ticket.partner_phone
            country = ticket.partner_id.country_id or ticket.company_id.country_id
            sanitized = number and ticket._phone_format_number(number, country)
            ticket.partner_phone_sanitized = sanitized or False

    @api.depends("partner_id.name", "partner_name", "user_id.name", "name")
    def _compute_sms_words(self):
        """Make fit for a text what people have typed: see ``tools.names``."""
        for ticket in self:
            ticket.sms_customer_name = (
                tidy_name(ticket.partner_id.name)
                or tidy_name(ticket.partner_name)
                or self.env._("there")
            )
            ticket.sms_technician_name = tidy_name(ticket.user_id.name)
            ticket.sms_title = tidy_title(ticket.name)

    @api.model
    def _phone_get_number_fields(self):
        return ["partner_phone"]

    def _get_sms_subject_fields(self):
        return ("partner_phone_sanitized", "company_id")

    def _get_sms_subjects(self):
        """Mean the ticket's own number, for texts about tickets."""
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
        company_column = SQL.identifier(alias, "company_id")
        rules = self.env["sms.purpose.rule"]
        cases = [
            SQL(
                "WHEN %s THEN %s",
                company.id,
                rules._find_for_model(company, self._name).id,
            )
            for company in self.env["res.company"].sudo().search([])
        ]
        return SubjectColumns(
            company_column,
            SQL.identifier(alias, "partner_phone_sanitized"),
            SQL("CASE %s %s END", company_column, SQL(" ").join(cases)),
        )

    def _get_sms_typed_number(self):
        return self.partner_phone

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let managers write templates with what is safe to tell a customer."""
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

    # ------------------------------------------------------------------
    # What changes
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Tell of new tickets, and note the numbers that customers type for them."""
        tickets = super().create(vals_list)
        tickets._on_sms_changes(dict.fromkeys(tickets.ids))
        tickets._on_sms_created()
        tickets._note_typed_phones()
        return tickets

    def write(self, vals):
        """Forget the number of a contact whom another one replaces, and tell the rest.

        The waiting ends with the ticket, its customer is asked how it went, and the
        numbers that customers type are noted.
        """
        if "partner_id" in vals and "partner_phone" not in vals:
            partner = self.env["res.partner"].browse(vals["partner_id"])
            self.filtered(
                lambda ticket: ticket._has_phone_of_former(partner)
            ).partner_phone = False
        before = {ticket.id: ticket._get_sms_state() for ticket in self.sudo()}
        result = super().write(vals)
        if vals.get("stage_id"):
            self.filtered("stage_id.closed")._end_sms_waiting()
        self._on_sms_changes(before)
        if vals.keys() & {"stage_id", "team_id"}:
            self._update_sms_rating(before)
        if "partner_phone" in vals:
            self._note_typed_phones()
        return result

    def _get_sms_state(self):
        """Return what texts follow from: stage, whether it is closed, user."""
        stage = self.stage_id
        return stage.id, stage.closed, self.user_id.id

    def _on_sms_changes(self, before):
        """Do what follows from new or changed tickets. Extended by other rooms.

        :param dict before: :meth:`_get_sms_state` by id; None: the ticket is new
        """

    def _on_sms_created(self):
        """Do what else follows from new tickets, when :meth:`_on_sms_changes` is done.

        Extended by other rooms.
        """

    # ------------------------------------------------------------------
    # A person texts
    # ------------------------------------------------------------------

    def action_send_sms(self):
        """Open Odoo's composer with the template for an update."""
        self.ensure_one()
        self._check_may_text()
        template = self.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_update", raise_if_not_found=False
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send SMS"),
            "res_model": "sms.composer",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_composition_mode": "comment",
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_template_id": template.id if template else False,
            },
        }

    # ------------------------------------------------------------------
    # A ticket has a short address for a text, on which its customer sees how it is
    # ------------------------------------------------------------------

    @api.depends("partner_phone_sanitized", "company_id.sms_ticket_link_days")
    def _compute_sms_ticket_url(self):
        today = fields.Date.today()
        for ticket in self:
            life = timedelta(days=ticket.company_id.sms_ticket_link_days)
            url = ticket.id and ticket._make_short_link(today + life)
            ticket.sms_ticket_url = url

    def _get_short_link_facts(self):
        """Return the number: who was the customer before is none any more."""
        return (self.partner_phone_sanitized or "",)

    def _has_portal_account(self):
        self.ensure_one()
        return bool(self.sudo().partner_id.user_ids.filtered("active"))

    def _get_last_update(self):
        """Return when something last happened that the customer may know (UTC)."""
        self.ensure_one()
        message_sudo = self.env["mail.message"].sudo()
        last = message_sudo.search(
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                "|",
                ("message_type", "=", "sms"),
                "&",
                ("message_type", "in", ("comment", "email")),
                ("is_internal", "=", False),
                ("subtype_id.internal", "=", False),
            ],
            order="date desc",
            limit=1,
        )
        moments = (self.last_stage_update, self.create_date, last.date)
        return max(moment for moment in moments if moment)

    # ------------------------------------------------------------------
    # What a customer's text does to a ticket, and whose ticket it is
    # ------------------------------------------------------------------

    def _move_by_sms(self):
        """Move the ticket to where its team wants it when the customer texts.

        A closed one is opened again if the team says so; one that waits for the
        customer goes back to the team.
        """
        self.ensure_one()
        team = self.team_id
        if self.stage_id.closed:
            is_reopened = team.sms_reopen if team else True
            stage = team._get_sms_reopen_stage() if is_reopened else None
        else:
            stage = team and team._get_sms_answered_stage(self.stage_id)
        if stage and stage != self.stage_id:
            # In the house's name: whose webhook it is must not stand in the chatter.
            self.with_user(SUPERUSER_ID).stage_id = stage.id

    # ------------------------------------------------------------------
    # Who wrote?
    # ------------------------------------------------------------------

    def action_choose_sms_customer(self, partner_id):
        """Make one of the contacts that have the number the ticket's customer.

        :param int partner_id: id of one of :attr:`sms_candidate_ids`
        :raises AccessError: for who may not edit the ticket
        """
        self.ensure_one()
        self.check_access("write")
        partner = self.sms_candidate_ids.filtered(lambda it: it.id == partner_id)
        self._set_sms_customer(partner)
        return True

    def action_link_sms_contact(self):
        """Open the form that says to whom the number belongs."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who texted from %s?", self.partner_phone),
            "res_model": "sms.ticket.contact",
            "view_mode": "form",
            "target": "new",
            "context": {"default_ticket_id": self.id},
        }

    def action_create_sms_contact(self):
        """Open the same form, to make a new contact with the number."""
        action = self.action_link_sms_contact()
        action["context"]["default_is_new"] = True
        return action

    def _set_sms_customer(self, partner):
        """Make a contact the ticket's customer, also of what they have texted.

        The number stays the one that was texted from.

        :param partner: ``res.partner``, at most one
        """
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
        inbounds_sudo = self.env["sms.inbound"].sudo()
        inbounds_sudo = inbounds_sudo.search(
            [("ticket_id", "=", self.id), ("partner_id", "=", False)]
        )
        inbounds_sudo.partner_id = partner
        unsigned_sudo = inbounds_sudo.mail_message_id.filtered(
            lambda message: not message.author_id
        )
        unsigned_sudo.author_id = partner

    # ------------------------------------------------------------------
    # A ticket knows if its number is proven to be its customer's
    # ------------------------------------------------------------------

    @api.depends("partner_id", "partner_phone_sanitized")
    def _compute_sms_phone_is_unproven(self):
        claims_sudo = self.env["sms.number.claim"].sudo()
        numbers = set(filter(None, self.mapped("partner_phone_sanitized")))
        found = claims_sudo.search(
            claims_sudo._get_open_domain()
            & Domain("number", "in", list(numbers))
            & Domain("partner_id", "in", self.partner_id.ids)
        )
        unproven = {(claim.partner_id, claim.number) for claim in found}
        for ticket in self:
            key = (ticket.partner_id._origin, ticket.partner_phone_sanitized)
            ticket.sms_phone_is_unproven = key in unproven

    @api.model
    def _search_sms_phone_is_unproven(self, operator, value):
        if operator != "in" or list(value) not in ([True], [False]):
            return NotImplemented
        unproven = Domain.custom(to_sql=self._get_unproven_phone_sql)
        return unproven if True in value else ~unproven

    @api.model
    def _get_unproven_phone_sql(self, _model, alias, _query):
        return SQL(
            IS_UNPROVEN,
            partner=SQL.identifier(alias, "partner_id"),
            number=SQL.identifier(alias, "partner_phone_sanitized"),
        )

    def _note_typed_phones(self):
        if not self.env.user.share:
            return
        claims_sudo = self.env["sms.number.claim"].sudo()
        for ticket in self.sudo():
            partner, number = ticket.partner_id, ticket.partner_phone_sanitized
            if partner and number and number != partner.phone_sanitized:
                claims_sudo._note(ticket.company_id, partner, number)

    # ------------------------------------------------------------------
    # Which stages a customer may close a ticket to
    # ------------------------------------------------------------------

    def _get_sms_closing_stages(self):
        """Return the stages that the ticket's page in the portal offers to close to.

        :return: ``helpdesk.ticket.stage``
        """
        self.ensure_one()
        stages = self.env["helpdesk.ticket.stage"]
        if self.team_id:
            stages = self.team_id._get_applicable_stages()
        else:
            domain = Domain("company_id", "in", [False, self.company_id.id])
            stages = stages.search(domain & Domain("team_ids", "=", False))
        return stages.filtered("close_from_portal")
