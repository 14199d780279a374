# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Create keywords of other languages, and set the language of the existing ones."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import create_shipped, read_shipped

#: New as well, but a word of no particular language.
NO = "sms_keyword_no"
#: Shipped before: if they were deleted, they are not created again.
OLD = {"sms_keyword_aide", "sms_keyword_ayuda", "sms_keyword_hilfe"}


def migrate(cr, _version):
    """Create the new keywords, and fill the new column."""
    keywords = read_shipped("sms.keyword")
    langs = {name: it["lang"] for name, it in keywords.items() if "lang" in it}
    create_shipped(api.Environment(cr, SUPERUSER_ID, {}), langs.keys() - OLD | {NO})
    for name, lang in langs.items():
        cr.execute(
            """
            UPDATE sms_keyword own SET lang = %s
              FROM ir_model_data entry
             WHERE entry.module = 'helpdesk_mgmt_sms' AND entry.name = %s
               AND entry.res_id = own.id AND own.lang IS NULL
            """,
            [lang, name],
        )
