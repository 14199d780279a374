# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drop indexes that the inbox no longer uses or that better ones replace."""


def migrate(cr, _version):
    """Drop the indexes; the new ones are made when the module is loaded."""
    cr.execute(
        "DROP INDEX IF EXISTS sms_sms_conversation_index, sms_inbound__ticket_id_index"
    )
