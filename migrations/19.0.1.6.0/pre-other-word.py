# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep a keyword OTHER that exists already and is shipped now."""


def migrate(cr, _version):
    """Give an existing keyword the XML id of the shipped one.

    Otherwise the upgrade would fail on the duplicate.
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
