# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keeps the words for help that managers have added, where the same ones ship now."""

#: Words that ship from this version on.
WORDS = ("AIDE", "AYUDA", "HILFE")


def migrate(cr, _version):
    """Give a word that is there already the name of the one that ships.

    A second one would be refused, and the upgrade with it.
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
