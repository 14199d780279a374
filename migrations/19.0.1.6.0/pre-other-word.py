# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keeps the keyword OTHER of a company where the same one ships now."""


def migrate(cr, _version):
    """Give a word that is there already the name of the one that ships.

    A second one would be refused, and the upgrade with it.
    """
    cr.execute(
        """
        INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
        SELECT 'helpdesk_mgmt_sms', 'sms_keyword_other', 'sms.keyword', id, TRUE
          FROM sms_keyword
         WHERE word = 'OTHER'
      ORDER BY company_id NULLS FIRST, id
         LIMIT 1
        ON CONFLICT (module, name) DO NOTHING
        """
    )
