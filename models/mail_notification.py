# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class MailNotification(models.Model):
    """Lets the chatter say why a text was not sent.

    Odoo's own ``sms_optout`` and ``sms_blacklist`` are missing here: to cancel a
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
        ]
    )
