# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drop a redundant index: Odoo keeps indexes that no model declares any more."""


def migrate(cr, _version):
    """Drop the index; ``sms_sms_number_index`` begins with the same columns."""
    cr.execute("DROP INDEX IF EXISTS sms_sms_evidence_index")
