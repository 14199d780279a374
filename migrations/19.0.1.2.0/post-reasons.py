# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Move the reasons why quiet hours were relaxed to the chatter, where they stay.

The reason was a field of the rule, so that each one overwrote the one before.
"""

from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists

from odoo.addons.helpdesk_mgmt_sms.models.core.sms_relaxation_reason import (
    REASON_SUBTYPE,
)


def migrate(cr, _version):
    """Post each reason in the chatter of its rule, and drop the column."""
    if not column_exists(cr, "sms_quiet_hours", "lax_reason"):
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("SELECT id, lax_reason FROM sms_quiet_hours WHERE lax_reason <> ''")
    for rule_id, reason in cr.fetchall():
        rule = env["sms.quiet.hours"].browse(rule_id)
        rule.message_post(body=reason, subtype_xmlid=REASON_SUBTYPE)
    cr.execute("ALTER TABLE sms_quiet_hours DROP COLUMN lax_reason")
