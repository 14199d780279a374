# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.names import tidy_name, tidy_title
from .sms_consent_search import SubjectColumns


class HelpdeskTicket(models.Model):
    """A ticket knows its customer's number and texts them."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.consent.mixin"]

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
        """Return what texts follow from: stage, whether it is closed, user.

        :rtype: tuple[int, bool, int]
        """
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
