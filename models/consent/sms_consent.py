# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import consent


class SmsConsent(models.Model):
    """Shows an answer's contacts, purpose and wording."""

    _inherit = "sms.consent"

    partner_ids = fields.Many2many(
        "res.partner",
        string="Contacts",
        compute="_compute_partner_ids",
        search="_search_partner_ids",
        help="Contacts who have this number now. Consent belongs to the number, not "
        "to the contact.",
    )
    purpose_label = fields.Char("For", compute="_compute_purpose_label")
    wording_id = fields.Many2one(related="event_id.wording_id")
    wording = fields.Text(related="event_id.wording")

    @api.depends("number")
    def _compute_display_name(self):
        for answer in self:
            answer.display_name = answer.number or self.env._("Erased number")

    @api.depends("purpose_id")
    def _compute_purpose_label(self):
        for answer in self:
            answer.purpose_label = answer.purpose_id.name or self.env._("All purposes")

    @api.depends("number", "company_id")
    def _compute_partner_ids(self):
        """Find the contacts of all numbers at once, with the user's rights."""
        numbers = list(filter(None, self.mapped("number")))
        partners = self.env["res.partner"].search([("phone_sanitized", "in", numbers)])
        by_number = partners.grouped("phone_sanitized")
        for answer in self:
            found = by_number.get(answer.number, partners.browse())
            domain = [("company_id", "in", (False, answer.company_id.id))]
            answer.partner_ids = found.filtered_domain(domain)

    @api.model
    def _search_partner_ids(self, operator, value):
        """Find the answers whose number a matching contact has now."""
        if operator not in ("in", "any"):
            return NotImplemented
        nobody = Domain.FALSE
        if operator == "in" and False in value:
            nobody = ~self._search_partner_ids("any", Domain.TRUE)
        domain = Domain("id", "in", value) if operator == "in" else Domain(value)
        partners = self.env["res.partner"]._search(domain)
        numbers = partners.subselect(SQL.identifier(partners.table, "phone_sanitized"))

        def to_sql(model, alias, query):
            return SQL("%s IN %s", SQL.identifier(alias, "number"), numbers)

        return nobody | Domain.custom(to_sql=to_sql)

    @api.model
    def _after_answers(self, change):
        result = super()._after_answers(change)
        self.env["sms.consent.mixin"]._invalidate_sms_consent_state()
        if change.left or change.back:
            self.env["phone.blacklist"]._follow_sms_ledger(change.left, change.back)
            self.env["sms.carrier.opt.out"].sudo()._queue(change)
        return result

    def get_story(self, before=False):
        """Return a page of the number's history, see :meth:`SmsConsentStory._tell`.

        :param before: the value of ``before`` that an earlier call has returned
        :raises AccessError: if the user may not read the answer or the events
        """
        self.ensure_one()
        self.check_access("read")
        self.env["sms.consent.event"].check_access("read")
        return self.env["sms.consent.story"]._tell(
            self.company_id, self.number_hash, int(before) if before else False
        )

    def action_record_sms_consent(self):
        """Open the form to record a statement of the number's owner."""
        self.ensure_one()
        subject = (self.company_id, self.number, self.purpose_id)
        # Somebody who has opted out themselves can only be recorded as opting out
        # again.
        is_bound = bool(self._find_bound([subject]))
        defaults = {"decision": consent.REVOKED} if is_bound else {}
        return self.env["sms.consent.record"]._get_action(*subject, **defaults)
