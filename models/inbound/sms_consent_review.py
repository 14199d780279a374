# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import plaintext2html

from ...tools import business_days
from ...tools.appointments import to_local

OPEN, OPT_OUT, CONVERSATION = STATES = ("open", "opt_out", "conversation")
#: Business days before the deadline on which the compliance officers are reminded.
WARNING_DAYS = 2


class SmsConsentReview(models.Model):
    """A text that may be an opt-out, until a person has decided.

    47 CFR 64.1200(a)(10): any reasonable way of opting out counts, within ten business
    days at most. Created by ``sms.inbound.router`` for texts that ``tools.phrases``
    finds doubtful. While one is open, the gate lets only answers pass to its number. A
    text to a number from which several companies send has a review in each: the text
    belongs to the company that received it, and the others see only its words.
    """

    _name = "sms.consent.review"
    _description = "Text Message Opt-out Review"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "sms.setup.mixin",
        "sms.personal.data",
    ]
    _order = "is_decided, deadline, id"
    _rec_name = "number"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    inbound_id = fields.Many2one("sms.inbound", "Received Text", readonly=True)
    body = fields.Text("Message", readonly=True)
    reason = fields.Char(
        "Reason Flagged", readonly=True, help="The words that weighed most."
    )
    received_at = fields.Datetime("Received", required=True, readonly=True)
    deadline = fields.Date(
        required=True,
        readonly=True,
        help="The last day to honor an opt-out. Weekends and federal holidays do not "
        "count.",
    )
    state = fields.Selection(
        [(OPEN, "To decide"), (OPT_OUT, "Opt-out"), (CONVERSATION, "Conversation")],
        required=True,
        readonly=True,
        default=OPEN,
    )
    is_decided = fields.Boolean(compute="_compute_is_decided", store=True)
    is_overdue = fields.Boolean(
        compute="_compute_is_overdue", search="_search_is_overdue"
    )
    decided_by = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    decided_at = fields.Datetime("Decided", readonly=True)
    note = fields.Text(help="Why it was decided this way.")
    partner_id = fields.Many2one("res.partner", "Contact", compute="_compute_of_text")
    ticket_id = fields.Many2one("helpdesk.ticket", compute="_compute_of_text")

    _open_index = models.Index("(company_id, number) WHERE state = 'open'")
    _number_index = models.Index("(company_id, number)")

    @api.depends("state")
    def _compute_is_decided(self):
        for review in self:
            review.is_decided = review.state != OPEN

    @api.depends("state", "deadline")
    def _compute_is_overdue(self):
        late = self.filtered_domain(self._get_late_domain(self.company_id))
        for review in self:
            review.is_overdue = review in late

    @api.model
    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = self._get_late_domain(self.env.companies)
        return late if True in value else ~late

    @api.model
    def _get_late_domain(self, companies):
        """Return the domain of the reviews whose last day is over in their company."""
        now = fields.Datetime.now()
        late = (
            Domain("company_id", "=", company.id)
            & Domain("deadline", "<", self._get_day(company, now))
            for company in companies
        )
        return Domain("state", "=", OPEN) & Domain.OR(late)

    @api.depends("inbound_id", "company_id")
    def _compute_of_text(self):
        for review in self:
            text_sudo = review.sudo()._get_own_text()
            review.partner_id = text_sudo.partner_id
            review.ticket_id = text_sudo.ticket_id

    def write(self, vals):
        """Drop the answers that the gate has read; users write only their note."""
        self.env["sms.consent"]._forget_answers()
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        """Drop the answers that the gate has read: it must see the review now."""
        self.env["sms.consent"]._forget_answers()
        return super().create(vals_list)

    # === Opening ===

    @api.model
    def _open(self, inbound, company, reason):
        """Create a review of a text, in one of the companies that it concerns."""
        day = self._get_day(company, inbound.received_at)
        days = company.sudo().sms_review_days
        # Nobody follows it, above all not the webhook's user.
        silent = {"mail_create_nosubscribe": True, "mail_create_nolog": True}
        vals = {
            "company_id": company.id,
            "number": inbound.number,
            "inbound_id": inbound.id,
            "body": inbound.body,
            "reason": reason,
            "received_at": inbound.received_at,
            "deadline": business_days.add_business_days(day, days),
        }
        return self.sudo().with_context(**silent).create(vals)

    @api.model
    def _get_day(self, company, moment):
        """Return the date of a time (UTC) in a company's time zone."""
        return to_local(moment, company._get_sms_zone()).date()

    @api.model
    def _find_open(self, companies, number):
        domain = Domain("company_id", "in", companies.ids)
        domain &= Domain("number", "=", number) & Domain("state", "=", OPEN)
        return self.sudo().search(domain)

    def _get_own_text(self):
        self.ensure_one()
        text = self.inbound_id
        return text if text.company_id == self.company_id else text.browse()

    # === Deciding ===

    def action_opt_out(self):
        """Record the text in the ledger as an opt-out by the person.

        This closes all open reviews of the number. If several companies send from the
        number that was texted, it applies to all of them, like a STOP.

        :raises UserError: if it was decided before
        """
        self._check_open()
        for review_sudo in self.sudo():
            twins = Domain("inbound_id", "in", review_sudo.inbound_id.ids)
            twins |= Domain("id", "=", review_sudo.id)
            for twin_sudo in review_sudo.search(Domain("state", "=", OPEN) & twins):
                self.env["sms.inbound.router"].sudo()._stop_reviewed(twin_sudo)
                siblings = self._find_open(twin_sudo.company_id, twin_sudo.number)
                siblings._close(OPT_OUT, self.env.user)
        return True

    def action_conversation(self):
        """Decide that it is no opt-out: messages to the number may leave again.

        :raises UserError: if it was decided before
        """
        self._check_open()
        self.sudo()._close(CONVERSATION, self.env.user)
        return True

    def _check_open(self):
        """Check that the user may decide, and that nobody has decided before."""
        self.check_access("write")
        self.lock_for_update()
        self.invalidate_recordset(["state"])
        if any(review.state != OPEN for review in self):
            raise UserError(self.env._("This has been decided already."))

    def _close(self, state, user=None, note=None):
        """Close reviews, as decided by a user, or by a later text without a user."""
        values = {"state": state, "decided_at": fields.Datetime.now()}
        values["decided_by"] = user.id if user else False
        for review in self:
            review.write({**values, "note": review.note or note})
        self.activity_unlink(["mail.mail_activity_data_todo"])

    # === Reminding ===

    @api.model
    def _get_reviewers(self, company):
        officers = company._get_sms_users("helpdesk_mgmt_sms.group_sms_compliance")
        return officers or company._get_sms_managers()

    @api.model
    def _remind(self):
        """Give the reviewers one activity for each review that is due soon (a cron).

        A deadline that passes unseen is a violation, so all of them are notified.
        """
        last = business_days.add_business_days(fields.Date.today(), WARNING_DAYS)
        domain = Domain("state", "=", OPEN) & Domain("deadline", "<=", last)
        domain &= Domain("activity_ids", "=", False)
        for review_sudo in self.sudo().search(domain):
            for user in self._get_reviewers(review_sudo.company_id):
                own_sudo = review_sudo.with_context(lang=user.lang)
                own_sudo.activity_schedule(
                    "mail.mail_activity_data_todo",
                    review_sudo.deadline,
                    summary=own_sudo.env._("Is this text an opt-out?"),
                    note=plaintext2html(review_sudo.body or ""),
                    user_id=user.id,
                )
