# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep opt-outs in force that were recorded under an unusual spelling of the number.

The ledger now looks up only the canonical spelling: "+447911…", not "+4407911…". An
event under another one would not be found, so opt-outs are recorded again.
"""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.tools import consent
from odoo.addons.helpdesk_mgmt_sms.tools.phone import canonical

NOTE = "Entered again under the usual spelling of the number."


def migrate(cr, version):
    """Record such opt-outs again, unless the canonical number is opted out already."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    cr.execute(
        "SELECT id, number FROM sms_consent"
        " WHERE number IS NOT NULL AND state = %s ORDER BY id",
        [consent.OPTED_OUT],
    )
    odd_ids = [
        row_id for row_id, number in cr.fetchall() if canonical(number) != number
    ]
    for answer in env["sms.consent"].browse(odd_ids):
        found = env["sms.consent"]._get_found(answer.company_id, answer.number)
        known = found.get(answer.purpose_id.id or False)
        if known and known.state == consent.OPTED_OUT:
            continue
        env["sms.consent.event"]._record(
            answer.company_id,
            answer.number,
            consent.REVOKED,
            "import",
            answer.purpose_id or None,
            happened_at=answer.since,
            note=NOTE,
        )
