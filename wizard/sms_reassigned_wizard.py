# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL, formatLang

from ..models.broadcast.sms_broadcast_recipient import REACHED
from ..models.consent.sms_reassigned_file import CONSENT_DAY, VERIFIED_DAY
from ..tools import reassigned

#: The Reassigned Numbers Database is updated once a month.
DEFAULT_DAYS = 30
MAX_DAYS = 3650


class SmsReassignedWizard(models.TransientModel):
    """Form to create a query to the Reassigned Numbers Database, for officers.

    About all old consents of a company, chosen ones, or those of a broadcast's
    recipients. The file contains personal data, so it is deleted with the form.
    """

    _name = "sms.reassigned.wizard"
    _inherit = "sms.personal.data"
    _is_counted = False
    _description = "Query of the Reassigned Numbers Database"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    consent_ids = fields.Many2many("sms.consent", string="Consents", readonly=True)
    broadcast_id = fields.Many2one("sms.broadcast", readonly=True)
    days = fields.Integer(
        "Not Verified for (Days)",
        required=True,
        default=DEFAULT_DAYS,
        help="Consents that were given or verified since are left out.",
    )
    day_kind = fields.Selection(
        [(CONSENT_DAY, "Date of consent"), (VERIFIED_DAY, "Date last verified")],
        "Ask Since",
        required=True,
        default=CONSENT_DAY,
        help="The safe harbor (47 CFR 64.1200(m)) is about the date of consent.",
    )
    company_code = fields.Char(
        "Your Company ID",
        default=lambda self: self._default_company_code(),
        help="What the Reassigned Numbers Database calls your company: 3 to 10 letters "
        "and digits. Leave empty for a file without that column.",
    )
    has_header = fields.Boolean(
        "First Row Names the Columns",
        default=True,
        help="Clear it if the database takes no such row.",
    )
    ask_count = fields.Integer("Rows of the Query", compute="_compute_counts")
    other_count = fields.Integer("Left Out", compute="_compute_counts")
    left_count = fields.Integer(compute="_compute_counts")

    @api.model
    def _default_company_code(self):
        domain = [("company_id", "=", self.env.company.id), ("kind", "=", "query")]
        return self.env["sms.reassigned.file"].search(domain, limit=1).company_code

    @api.model
    def default_get(self, fields_list):
        """Default to the active consents or broadcast, and their company."""
        values = super().default_get(fields_list)
        model_name = self.env.context.get("active_model")
        names = {"sms.consent": "consent_ids", "sms.broadcast": "broadcast_id"}
        if model_name in names:
            ids = self.env.context.get("active_ids") or ()
            records = self.env[model_name].browse(ids).exists()
            if company := records.company_id[:1]:
                # A query is one company's, so the form does not show others' consents.
                own = records.filtered(lambda it: it.company_id == company)
                name = names[model_name]
                is_many = name == "consent_ids"
                values[name] = [Command.set(own.ids)] if is_many else own[0].id
                values["company_id"] = company.id
        return values

    @api.constrains("company_code", "days")
    def _check_values(self):
        for wizard in self:
            code = wizard.company_code
            if code and not reassigned.COMPANY_CODE.match(code):
                raise ValidationError(
                    self.env._("The Company ID has 3 to 10 letters and digits.")
                )
            if not 0 <= wizard.days <= MAX_DAYS:
                raise ValidationError(
                    self.env._("Enter a number of days from 0 to %s.", MAX_DAYS)
                )

    @api.depends("company_id", "days", "day_kind", "consent_ids", "broadcast_id")
    def _compute_counts(self):
        """Count the rows that would be asked about, and those left out."""
        files = self.env["sms.reassigned.file"]
        for wizard in self:
            known, others = 0, 0
            if wizard.company_id and 0 <= wizard.days <= MAX_DAYS:
                known, others = files._count(wizard._get_selection())
            wizard.ask_count = min(known, reassigned.MAX_ROWS)
            wizard.left_count = known - wizard.ask_count
            wizard.other_count = others

    def _get_selection(self):
        """Check the user's rights, and return the query for what is asked."""
        files = self.env["sms.reassigned.file"]
        files._check_officer()
        self.company_id._check_sms_user()
        condition = SQL("TRUE")
        if self.consent_ids:
            condition = SQL("consent.id = ANY(%s)", self.consent_ids._origin.ids)
        elif self.broadcast_id:
            condition = SQL("consent.number IN %s", self._query_audience())
        return files._select(self.company_id, self.days, self.day_kind, condition)

    def _query_audience(self):
        recipients_sudo = self.env["sms.broadcast.recipient"].sudo()
        domain = [
            ("broadcast_id", "=", self.broadcast_id._origin.id),
            ("broadcast_id.company_id", "=", self.company_id.id),
            ("outcome", "in", REACHED),
            ("number", "!=", False),
        ]
        return recipients_sudo._search(domain).subselect("number")

    def action_make(self):
        """Create the query and its file, and download it.

        :raises AccessError: if the user is not a compliance officer of the company
        :raises UserError: if there is nothing to ask
        """
        self.ensure_one()
        query, data = self.env["sms.reassigned.file"]._ask(
            self.company_id,
            self._get_selection(),
            self._describe_scope(),
            self.company_code or "",
            self.has_header,
        )
        if not query:
            raise UserError(
                self.env._(
                    "There is nothing to ask: no consent of a number of the United "
                    "States is that old. Choose fewer days."
                )
            )
        exports = self.env["sms.evidence.export"]
        return {**exports._offer(self, query.file_name, data), "close": True}

    def _describe_scope(self):
        """Return a description of the query's scope, to be stored."""
        days = formatLang(self.env, self.days, 0)
        if self.consent_ids:
            return self.env._("Chosen consents, not verified for %s days", days)
        if self.broadcast_id:
            return self.env._(
                "Recipients of the broadcast %(name)s, not verified for %(days)s days",
                name=self.broadcast_id.name,
                days=days,
            )
        if not self.days:
            return self.env._("All consents")
        return self.env._("Consents not verified for %s days", days)

    @api.model
    def _find_personal(self, company, numbers):
        return self.search([("company_id", "=", company.id)])
