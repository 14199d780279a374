# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_datetime

from ..models.sms_consent_event import METHOD_SELECTION
from ..tools import consent

#: What an agent can witness. The other ways enter themselves.
AGENT_METHODS = ("in_person", "phone", "written", "paper")


class SmsConsentRecord(models.TransientModel):
    """Where an agent enters what a person has said or signed: a yes or an opt-out."""

    _name = "sms.consent.record"
    _description = "Record Text Message Consent"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    number = fields.Char("Phone Number", required=True)
    decision = fields.Selection(
        [
            (consent.GRANTED, "Agrees to text messages"),
            (consent.REVOKED, "Wants no more text messages"),
        ],
        required=True,
        default=consent.GRANTED,
    )
    purpose_ids = fields.Many2many(
        "sms.purpose",
        string="Purposes",
        help="What the person agreed to. For an opt-out: empty means everything.",
    )
    method = fields.Selection(
        [pair for pair in METHOD_SELECTION if pair[0] in AGENT_METHODS],
        string="How",
        required=True,
        default="in_person",
    )
    happened_at = fields.Datetime("When", required=True, default=fields.Datetime.now)
    wording = fields.Text(
        compute="_compute_wording",
        store=True,
        readonly=False,
        precompute=True,
        help="The words that the person heard or signed. Change them if they differ.",
    )
    note = fields.Text(help="What else should be known: who witnessed it, where.")
    res_model = fields.Char()
    res_id = fields.Integer()

    @api.depends("decision", "purpose_ids", "company_id")
    def _compute_wording(self):
        """Propose the words in which consent is asked for."""
        for record in self:
            if record.decision != consent.GRANTED:
                record.wording = False
                continue
            record.wording = self.env._(
                "I agree that %(company)s sends me text messages about: %(purposes)s. "
                "Message frequency varies. Message and data rates may apply. "
                "I can reply STOP at any time to opt out, HELP for help.",
                company=record.company_id.name,
                purposes=", ".join(record.purpose_ids.mapped("name")) or "…",
            )

    def action_record(self):
        """Enter it into the ledger and close.

        :raises UserError: when the number cannot be read or something is missing
        """
        self.ensure_one()
        record = self._check_rights()
        number = self._get_number()
        self._check_complete()
        self._check_not_overtaken(number)
        purposes = self.purpose_ids or None
        self.env["sms.consent.event"].sudo()._record(
            self.company_id,
            number,
            self.decision,
            self.method,
            purposes,
            happened_at=self.happened_at,
            wording=self.wording,
            note=self.note,
            name=self._get_person(record),
            res_model=self.res_model,
            res_id=self.res_id,
        )
        if self.decision == consent.REVOKED:
            self.env["sms.sms"]._cancel_waiting(self.company_id, number)
        return {"type": "ir.actions.act_window_close"}

    def _check_rights(self):
        """Return the record that this is about, after checking what the user may.

        :raises AccessError: for who is no helpdesk user, may not edit the record, or
            works in another company
        """
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(self.env._("Only helpdesk users may record consent."))
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._("You do not work in %s.", self.company_id.sudo().name)
            )
        if not (self.res_model and self.res_id):
            return None
        if not isinstance(self.env.get(self.res_model), self.pool["sms.consent.mixin"]):
            raise ValidationError(self.env._("Consent cannot be recorded here."))
        record = self.env[self.res_model].browse(self.res_id)
        record.check_access("read")
        return record

    def _get_number(self):
        """Return the number as E.164.

        :raises UserError: when it cannot be read
        """
        country = self.company_id.country_id
        number = self.env["res.partner"]._phone_format_number(self.number, country)
        if not number:
            raise UserError(
                self.env._(
                    "“%s” is not a phone number. Enter it with its country code, for "
                    "example +1 303 555 0100.",
                    self.number,
                )
            )
        return number

    def _check_complete(self):
        """Refuse a consent without purposes or words, and one of the future."""
        if self.decision == consent.GRANTED and not self.purpose_ids:
            raise UserError(self.env._("Choose what the person agreed to."))
        if self.decision == consent.GRANTED and not (self.wording or "").strip():
            raise UserError(self.env._("Enter the words that the person agreed to."))
        if self.happened_at > fields.Datetime.now():
            raise UserError(self.env._("A consent cannot be given in the future."))

    def _check_not_overtaken(self, number):
        """Refuse a consent that the person has taken back since."""
        number_hash = self.env["sms.consent.key"]._hash([number])[number]
        stopped_at = self.env["sms.consent"]._get_stopped_at(
            self.company_id, number_hash, self.purpose_ids
        )
        if consent.is_overtaken(self.decision, self.happened_at, stopped_at):
            raise UserError(
                self.env._(
                    "%(number)s opted out on %(date)s, after this consent. Only a new "
                    "consent counts: ask the person again.",
                    number=number,
                    date=format_datetime(self.env, stopped_at, dt_format="medium"),
                )
            )

    def _get_person(self, record):
        """Return the person's name as the record knows it."""
        if not record:
            return False
        if "sms_customer_name" in record:
            return record.sms_customer_name
        return record.display_name
