# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import consent
from .sms_evidence_lookup import STORY


class SmsConsent(models.Model):
    """A number is forgotten when its evidence is; its answer stays by its hash."""

    _name = "sms.consent"

    _inherit = ["sms.consent", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "partner_ids", "wording"))

    def _describe_personal(self):
        """Say what was agreed to or asked: that ends. An opt-out stays by its hash."""
        standing = self.filtered(lambda answer: answer.state == consent.OPTED_IN)
        asked = self.filtered(lambda answer: answer.state == consent.PENDING)
        return [
            (len(standing), self.env._("Consents, which end")),
            (len(asked), self.env._("Open questions to join, which end")),
        ]

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Mean the numbers of which no evidence is left: the hash is what blocks."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("number", "!=", False)
            & Domain.custom(to_sql=self._get_unproven_sql)
        )

    @api.model
    def _get_unproven_sql(self, _model, alias, _query):
        """Return the SQL condition that all evidence of a number is erased."""
        return SQL(
            """
            NOT EXISTS (
                SELECT 1 FROM sms_consent_event event
                  JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.company_id = %s AND event.number_hash = %s
                   AND evidence.erased_at IS NULL)
            """,
            SQL.identifier(alias, "company_id"),
            SQL.identifier(alias, "number_hash"),
        )

    def _forget(self):
        """Forget the number; the answer stays under its keyed hash."""
        self.write({"number": False})

    def action_erase_person(self):
        """Open the form in which a compliance officer erases the person.

        :return: the action that opens it
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_erasure_wizard_action"
        )
        action["context"] = {
            "default_number": self.number,
            "default_company_id": self.company_id.id,
        }
        return action

    # ------------------------------------------------------------------
    # Answers, and the story behind them, are looked up on the record
    # ------------------------------------------------------------------

    def get_story(self, before=False):
        """Record who reads the story; see the method that this extends."""
        story = super().get_story(before)
        if not before:
            self.env["sms.evidence.lookup"]._note(self, STORY)
        return story
