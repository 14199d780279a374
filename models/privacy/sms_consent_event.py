# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsConsentEvent(models.Model):
    """Events, whose readers are logged."""

    _name = "sms.consent.event"
    _inherit = ["sms.consent.event", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "wording", "note"))
