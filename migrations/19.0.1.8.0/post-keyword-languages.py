# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Create keywords of other languages, and set the language of the existing ones."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import create_shipped

NAMES = {
    "es_ES": (
        *("alta", "alto", "ayuda", "baja", "cancelar", "desuscribir", "estado"),
        *("otra", "otro", "parar", "reactivar", "reanudar", "si", "silenciar"),
    ),
    "fr_FR": (
        *("aide", "arret", "arreter", "autre", "desabonner", "desinscrire", "etat"),
        *("fin", "non", "oui", "reinscrire", "reprendre", "retablir", "silence"),
        "statut",
    ),
    "de_DE": (
        *("abbestellen", "abmelden", "anderes", "anmelden", "austragen"),
        *("fortsetzen", "hilfe", "ja", "nein", "stand", "stopp", "stumm", "widerruf"),
    ),
    None: ("no",),
}
#: Shipped before: if they were deleted, they are not created again.
OLD = ("aide", "ayuda", "hilfe")


def migrate(cr, _version):
    """Create the new keywords, and fill the new column."""
    names = [name for names in NAMES.values() for name in names if name not in OLD]
    shipped = [f"sms_keyword_{name}" for name in names]
    create_shipped(api.Environment(cr, SUPERUSER_ID, {}), shipped)
    for lang, names in NAMES.items():
        cr.execute(
            """
            UPDATE sms_keyword own SET lang = %s
              FROM ir_model_data entry
             WHERE entry.module = 'helpdesk_mgmt_sms' AND entry.name = ANY(%s)
               AND entry.res_id = own.id AND own.lang IS NULL
            """,
            [lang, [f"sms_keyword_{name}" for name in names]],
        )
