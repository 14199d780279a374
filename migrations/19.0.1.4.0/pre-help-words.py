# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep HELP keywords that managers have added and that are shipped now."""

#: Keywords shipped from this version on.
WORDS = ("AIDE", "AYUDA", "HILFE")


def migrate(cr, _version):
    """Give an existing keyword the XML id of the shipped one.

    Otherwise the upgrade would fail on the duplicate.
    """
    for word in WORDS:
        cr.execute(
            """
            INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
            SELECT 'helpdesk_mgmt_sms', 'sms_keyword_' || lower(word), 'sms.keyword',
                   id, TRUE
              FROM sms_keyword
             WHERE word = %s
          ORDER BY company_id NULLS FIRST, id
             LIMIT 1
            ON CONFLICT (module, name) DO NOTHING
            """,
            [word],
        )
