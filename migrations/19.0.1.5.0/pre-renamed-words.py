# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rename models, fields and XML ids in Odoo's tables about them.

The messages that hold reasons refer to their subtype, which stays the same record.
"""

#: Models by their former names.
MODELS = {
    "sms.line": "sms.number.lock",
    "sms.lax.reason": "sms.relaxation.reason",
    "sms.footer": "sms.purpose.terms",
}


def migrate(cr, _version):
    """Rename models with their fields, and what is named ``lax_reason``."""
    for former, name in MODELS.items():
        cr.execute("UPDATE ir_model SET model = %s WHERE model = %s", [name, former])
        cr.execute(
            "UPDATE ir_model_fields SET model = %s WHERE model = %s", [name, former]
        )
        former, name = (it.replace(".", "_") for it in (former, name))
        cr.execute(
            """
            UPDATE ir_model_data SET name = replace(name, %(former)s, %(name)s)
             WHERE module = 'helpdesk_mgmt_sms' AND (
                   name = 'model_' || %(former)s
                OR starts_with(name, 'field_' || %(former)s || '__'))
            """,
            {"former": former, "name": name},
        )
    cr.execute(
        """
        UPDATE ir_model_fields SET name = replace(name, 'lax_', 'relaxation_')
         WHERE name IN ('lax_reason', 'sms_lax_reason') AND id IN (
            SELECT res_id FROM ir_model_data
             WHERE module = 'helpdesk_mgmt_sms' AND model = 'ir.model.fields')
        """
    )
    cr.execute(
        """
        UPDATE ir_model_data
           SET name = replace(name, 'lax_reason', 'relaxation_reason')
         WHERE module = 'helpdesk_mgmt_sms' AND name ~ '(^|_)lax_reason'
        """
    )
