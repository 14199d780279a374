# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsTwilioNumber(models.Model):
    """Twilio's numbers are senders."""

    _name = "sms.twilio.number"
    _inherit = ["sms.twilio.number", "sms.sender.number"]
