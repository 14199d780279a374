# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Forget the switchboards' numbers that were read out of numbers with an extension."""

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from odoo.addons.helpdesk_mgmt_sms.tools import phone

#: What was read, by its model: a switchboard is not whom the text is for.
FIELDS = {
    "res.partner": ("phone", "phone_sanitized"),
    "helpdesk.ticket": ("partner_phone", "partner_phone_sanitized"),
}


def migrate(cr, _version):
    """Read those numbers anew."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for model, (typed, read) in FIELDS.items():
        # No extension without other characters between digits.
        records = env[model].browse(
            record_id
            for [record_id] in env.execute_query(
                SQL(
                    "SELECT id FROM %s WHERE %s IS NOT NULL AND %s ~ %s",
                    SQL.identifier(env[model]._table),
                    SQL.identifier(read),
                    SQL.identifier(typed),
                    "[0-9].*[^0-9[:space:]()+./-].*[0-9]",
                )
            )
        )
        records = records.filtered(
            lambda it, typed=typed: phone.has_extension(phone.tidy(it[typed] or ""))
        )
        env.add_to_compute(records._fields[read], records)
        records.flush_recordset([read])
