# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .sms_consent_import import is_in_list


class SmsBroadcast(models.Model):
    """Deletes an uploaded list, not checked yet, when a person in it is erased."""

    _name = "sms.broadcast"
    _inherit = ["sms.broadcast", "sms.personal.data"]

    @api.model
    def _find_personal(self, company, numbers):
        drafts = self.search(
            [("company_id", "=", company.id), ("list_file", "!=", False)]
        )
        return drafts.filtered(lambda it: is_in_list(it.list_file, numbers))

    def _describe_personal(self):
        return [(len(self), self.env._("Uploaded lists, which are removed"))]

    def _forget(self):
        """Delete the list, and tell who has uploaded it why."""
        self.list_file = False
        note = self.env._(
            "It contained a person who has been erased since. Remove them from the "
            "list and upload it again."
        )
        for broadcast in self:
            uploader = broadcast.create_uid.partner_id
            broadcast.message_post(body=note, partner_ids=uploader.ids)
