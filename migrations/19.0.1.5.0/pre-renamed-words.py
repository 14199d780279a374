# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rename what Odoo keeps of models that have other names now."""

#: Models by their former names.
MODELS = {"sms.line": "sms.number.lock"}


def migrate(cr, _version):
    """Rename models, with their fields and XML ids."""
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
