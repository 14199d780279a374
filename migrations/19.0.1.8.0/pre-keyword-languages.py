# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep keywords that exist already and are shipped now."""

NAMES = (
    *("baja", "cancelar", "parar", "alto", "desuscribir", "alta", "reanudar", "si"),
    *("no", "estado", "silenciar", "reactivar", "otro", "otra", "arret", "arreter"),
    *("fin", "desabonner", "desinscrire", "reprendre", "reinscrire", "oui", "non"),
    *("statut", "etat", "silence", "retablir", "autre", "stopp", "abmelden"),
    *("abbestellen", "austragen", "widerruf", "anmelden", "fortsetzen", "ja"),
    *("nein", "stand", "stumm", "anderes", "aide", "ayuda", "hilfe", "other"),
)


def migrate(cr, _version):
    """Give existing keywords the XML ids of the shipped ones.

    Otherwise the upgrade would fail on the duplicates.
    """
    cr.execute(
        """
        INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
        SELECT 'helpdesk_mgmt_sms', 'sms_keyword_' || own.name, 'sms.keyword', own.id,
               TRUE
          FROM (SELECT DISTINCT ON (name) name, id
                  FROM (SELECT lower(translate(word, 'ÁÉÍÓÚÊÈ', 'AEIOUEE')) AS name,
                               company_id, id
                          FROM sms_keyword) word
                 WHERE name = ANY(%s)
              ORDER BY name, company_id NULLS FIRST, id) own
        ON CONFLICT (module, name) DO NOTHING
        """,
        [list(NAMES)],
    )
