# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class BasePartnerMerge(models.TransientModel):
    """Merges our records of contacts, so that a person is reminded only once."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Keep one of several invitations, reminders and claims to a number.

        In broadcasts they keep one row as a contact, and the others as numbers.
        Reminders are planned again, since the time zone may change.
        """
        sudo = self.sudo().env
        sudo["sms.reminder"]._drop_duplicates(src_partners, dst_partner)
        sudo["calendar.attendee"]._drop_sms_duplicates(src_partners, dst_partner)
        sudo["sms.number.claim"]._drop_duplicates(src_partners, dst_partner)
        sudo["sms.broadcast.recipient"]._part_duplicates(src_partners, dst_partner)
        sudo["sms.area"]._follow_merge(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        sudo["sms.reminder"]._plan_again(dst_partner)
        return result

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Take over a number without vouching for it: nobody has entered it."""
        merged = dst_partner.with_context(sms_is_merge=True)
        return super()._update_values(src_partners, merged)
