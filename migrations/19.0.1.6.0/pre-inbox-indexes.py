# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drop indexes that nothing uses any more or that better ones replace.

Odoo keeps indexes that no model declares any more.
"""


def migrate(cr, _version):
    """Drop the indexes; the new ones are made when the module is loaded."""
    cr.execute(
        "DROP INDEX IF EXISTS sms_sms_evidence_index, sms_sms_conversation_index,"
        " sms_inbound__ticket_id_index"
    )
