# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class MailNotification(models.Model):
    """Reasons that the chatter shows for texts that were not sent.

    Odoo's own ``sms_optout`` and ``sms_blacklist`` are missing there: canceling a
    notified message with them raises an error.
    """

    _inherit = "mail.notification"

    failure_type = fields.Selection(
        selection_add=[
            ("sms_optout", "Opted out"),
            ("sms_blacklist", "Blacklisted"),
            ("sms_duplicate", "Duplicate"),
            ("sms_no_consent", "No consent"),
            ("sms_no_provider", "Text messaging is not set up"),
            ("sms_too_many", "Too many today"),
            ("sms_replaced", "Replaced by a newer text"),
        ]
    )
    sms_answered_at = fields.Datetime(
        "Answers Text Received On",
        readonly=True,
        help="When the text was received that this one answers without recorded "
        "consent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Store when the answered text was received: the chatter needs no query."""
        for vals in vals_list:
            if sms_id := vals.get("sms_id_int"):
                sms_sudo = self.env["sms.sms"].sudo().browse(sms_id)
                vals["sms_answered_at"] = sms_sudo.inbound_id.received_at
        return super().create(vals_list)

    def _to_store_defaults(self, target):
        return [*super()._to_store_defaults(target), "sms_answered_at"]
