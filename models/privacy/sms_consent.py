# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import consent
from .sms_evidence_lookup import STORY


class SmsConsent(models.Model):
    """Erases the number of answers, which stay under its keyed hash; logs readers.

    The number is erased together with its evidence.
    """

    _name = "sms.consent"
    _inherit = ["sms.consent", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "partner_ids", "wording"))

    @api.model
    def _find_outdated(self, company, hashes):
        """Add erasures: nothing that was said before them is proved any more."""
        found = super()._find_outdated(company, hashes)
        own = [("company_id", "=", company.id), ("number_hash", "in", hashes)]
        erasures_sudo = self.env["sms.erasure"].sudo()
        erased = erasures_sudo._read_group(own, ["number_hash"], ["erased_at:max"])
        latest = {it: max(at, found.get(it, at)) for it, at in erased}
        return {**found, **latest}

    def _describe_personal(self):
        standing = self.filtered(lambda answer: answer.state == consent.OPTED_IN)
        asked = self.filtered(lambda answer: answer.state == consent.PENDING)
        return [
            (len(standing), self.env._("Consents, which end")),
            (len(asked), self.env._("Open questions to join, which end")),
        ]

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Return the domain of answers whose evidence is erased."""
        known = Domain("company_id", "=", company.id) & Domain("number", "!=", False)
        return known & Domain.custom(to_sql=self._get_unproven_sql)

    @api.model
    def _get_unproven_sql(self, _model, alias, _query):
        condition = """
            NOT EXISTS (
                SELECT 1 FROM sms_consent_event event
                  JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.company_id = %s AND event.number_hash = %s
                   AND evidence.erased_at IS NULL)
        """
        names = ("company_id", "number_hash")
        return SQL(condition, *(SQL.identifier(alias, it) for it in names))

    def _forget(self):
        self.write({"number": False})

    def action_erase_person(self):
        """Open the form to erase the person."""
        self.ensure_one()
        xmlid = "helpdesk_mgmt_sms.sms_erasure_wizard_action"
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        own = {"default_number": self.number, "default_company_id": self.company_id.id}
        return {**action, "context": own}

    def get_story(self, before=False):
        """Log who reads the history."""
        if not before:
            self.env["sms.evidence.lookup"]._note(self, STORY)
        return super().get_story(before)
