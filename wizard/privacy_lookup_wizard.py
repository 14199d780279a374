# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

#: Adds one line per company and number: its consent, or else a text that the lookup has
#: not already found by its contact.
ADD_NUMBERS = """
    %(query)s
    UNION ALL
    SELECT res_model_id, res_id, TRUE AS is_active
      FROM (
        WITH known AS (
            SELECT phone_sanitized AS number FROM res_partner
             WHERE id IN (SELECT id FROM indirect_references)
             UNION
            SELECT number FROM sms_sms
             WHERE partner_id IN (SELECT id FROM indirect_references)
             UNION
            SELECT number FROM sms_inbound
             WHERE partner_id IN (SELECT id FROM indirect_references)
             UNION
            SELECT unnest(%(named)s::varchar[])
        ), held AS (
            SELECT 1 AS rank, %(consent)s AS res_model_id, id AS res_id,
                   company_id, number, NULL::int AS partner_id
              FROM sms_consent JOIN known USING (number)
             UNION ALL
            SELECT 2, %(sent)s, id, record_company_id, number, partner_id
              FROM sms_sms JOIN known USING (number)
             UNION ALL
            SELECT 2, %(received)s, id, company_id, number, partner_id
              FROM sms_inbound JOIN known USING (number)
        )
        SELECT DISTINCT ON (company_id, number) *
          FROM held
     LEFT JOIN indirect_references found ON found.id = held.partner_id
      ORDER BY company_id, number, rank, found.id NULLS LAST, res_id DESC
      ) AS line
     WHERE line.id IS NULL
"""


class PrivacyLookupWizard(models.TransientModel):
    """Extends Odoo's privacy lookup to phone numbers."""

    _inherit = "privacy.lookup.wizard"

    def _get_query(self):
        """Add a line for each number of the person.

        That is numbers of the contacts found, of texts to and from them, and of
        consents given under the name.
        """
        ir_models = self.env["ir.model"]
        evidence_sudo = self.env["sms.consent.evidence"].sudo()
        return SQL(
            ADD_NUMBERS,
            query=super()._get_query(),
            named=evidence_sudo._find_named(self.name.strip()),
            consent=ir_models._get_id("sms.consent"),
            sent=ir_models._get_id("sms.sms"),
            received=ir_models._get_id("sms.inbound"),
        )
