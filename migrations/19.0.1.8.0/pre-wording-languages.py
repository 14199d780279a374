# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep wordings in force that were published in a language that is shipped now."""


def migrate(cr, _version):
    """Give them the XML ids of the shipped ones.

    Only one wording of a purpose and language can be published for all companies.
    """
    cr.execute(
        """
        INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
        SELECT entry.module,
               replace(entry.name, 'purpose', 'wording') || '_' || shipped.language,
               'sms.wording', own.id, TRUE
          FROM sms_wording own
          JOIN (VALUES ('es_ES', 'es'), ('fr_FR', 'fr'), ('de_DE', 'de'))
               AS shipped (code, language) ON shipped.code = own.lang
          JOIN ir_model_data entry ON entry.module = 'helpdesk_mgmt_sms'
                                  AND entry.model = 'sms.purpose'
                                  AND entry.name LIKE 'sms\\_purpose\\_%'
                                  AND entry.res_id = own.purpose_id
         WHERE own.state = 'published' AND own.company_id IS NULL
            ON CONFLICT DO NOTHING
        """
    )
