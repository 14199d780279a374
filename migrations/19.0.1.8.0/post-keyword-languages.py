# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Say of the words that shipped before of which language they are."""

LANGUAGES = {
    "sms_keyword_aide": "fr_FR",
    "sms_keyword_ayuda": "es_ES",
    "sms_keyword_hilfe": "de_DE",
}


def migrate(cr, _version):
    """Fill the new column of words that are still there."""
    for name, lang in LANGUAGES.items():
        cr.execute(
            """
            UPDATE sms_keyword own SET lang = %s
              FROM ir_model_data entry
             WHERE entry.module = 'helpdesk_mgmt_sms' AND entry.name = %s
               AND entry.res_id = own.id AND own.lang IS NULL
            """,
            [lang, name],
        )
