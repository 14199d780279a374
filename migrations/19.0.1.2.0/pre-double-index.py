# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drops an index that another begins with: Odoo keeps what no model names."""


def migrate(cr, _version):
    """Drop the index; ``sms_sms_number_index`` answers what it was for."""
    cr.execute("DROP INDEX IF EXISTS sms_sms_evidence_index")
