# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rename ``needs_consent``: rules for offers are no longer about consent alone."""

from odoo.tools.sql import column_exists, rename_column


def migrate(cr, _version):
    """Rename the column and its entries, so that its values are kept."""
    if not column_exists(cr, "sms_consent_law", "needs_consent"):
        return
    rename_column(cr, "sms_consent_law", "needs_consent", "is_required")
    cr.execute(
        """
        UPDATE ir_model_fields SET name = 'is_required'
         WHERE model = 'sms.consent.law' AND name = 'needs_consent'
        """
    )
    cr.execute(
        """
        UPDATE ir_model_data SET name = 'field_sms_consent_law__is_required'
         WHERE module = 'helpdesk_mgmt_sms'
           AND name = 'field_sms_consent_law__needs_consent'
        """
    )
