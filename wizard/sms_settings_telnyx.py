# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SmsSettings(models.TransientModel):
    """The account at Telnyx, and which carrier stands in for the other."""

    _inherit = "sms.settings"

    sms_backup_provider = fields.Selection(
        related="company_id.sms_backup_provider", readonly=False
    )
    sms_telnyx_api_key = fields.Char(
        "API Key",
        compute="_compute_secrets",
        readonly=False,
        groups="base.group_system",
        help="It can be replaced, and not read.",
    )
    sms_telnyx_public_key = fields.Char(
        related="company_id.sms_telnyx_public_key", readonly=False
    )
    sms_telnyx_messaging_profile_id = fields.Char(
        related="company_id.sms_telnyx_messaging_profile_id", readonly=False
    )
    sms_telnyx_number_ids = fields.One2many(
        related="company_id.sms_telnyx_number_ids",
        readonly=False,
        groups="base.group_system",
    )
    sms_telnyx_inbound_url = fields.Char(related="company_id.sms_telnyx_inbound_url")
