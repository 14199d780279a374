# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools import texts

#: Who texts and calls people, and so needs their numbers in the lists of texts.
NUMBER_GROUPS = "helpdesk_mgmt.group_helpdesk_user_own,base.group_system"


class SmsMaskedNumber(models.AbstractModel):
    """A list in which only who texts people sees their numbers.

    Compliance officers who are no helpdesk users see the last two digits, and can
    neither search nor group nor export by the number. Whose consent they must prove or
    erase they find in full where that is done: consents, events, evidence, reviews.
    """

    _name = "sms.masked.number"
    _description = "Numbers That Not Everybody Sees"

    number = fields.Char(groups=NUMBER_GROUPS)
    shown_number = fields.Char(
        "Masked Number", compute="_compute_shown_number", compute_sudo=True
    )

    @api.depends("number")
    @api.depends_context("uid")
    def _compute_shown_number(self):
        sees_all = self.env.user.has_groups(NUMBER_GROUPS)
        for record in self:
            number = record.number or False
            shown = number if sees_all or not number else texts.mask_number(number)
            record.shown_number = shown

    @api.depends("shown_number")
    def _compute_display_name(self):
        """Name a record by its number, as far as the reader sees it."""
        masked = self.filtered(lambda record: record._rec_name == "number")
        for record in masked:
            record.display_name = record.shown_number
        return super(SmsMaskedNumber, self - masked)._compute_display_name()


class SmsSms(models.Model):
    """Messages."""

    _name = "sms.sms"
    _inherit = ["sms.sms", "sms.masked.number"]

    number = fields.Char(groups=NUMBER_GROUPS)
