# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class HelpdeskTicket(models.Model):
    """Offers in a conversation what can be done about texts that did not arrive."""

    _inherit = "helpdesk.ticket"

    def _get_sms_ways(self, sms):
        offered = sms.sudo(False)._get_ways()
        labels = offered and sms._get_way_labels()
        found = [{"name": name, "label": labels[name]} for name in offered]
        return super()._get_sms_ways(sms) + found

    def _take_sms_way(self, sms, name):
        text = sms.sudo(False)
        if name in text._get_ways():
            return text._take_way(name)
        return super()._take_sms_way(sms, name)
