# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..ledger.sms_purpose import ALERT


class SmsKeyword(models.Model):
    """Lets joining keywords also subscribe to areas."""

    _inherit = "sms.keyword"

    area_ids = fields.Many2many(
        "sms.area",
        "sms_keyword_area_rel",
        "keyword_id",
        "area_id",
        string="Areas",
        domain=[("takes_subscribers", "=", True)],
        help="The areas people subscribe to by texting this word.",
    )

    @api.constrains("action", "purpose_ids", "area_ids")
    def _check_areas(self):
        """Require that the keyword also opts in to the alerts of its areas."""
        for keyword in self.filtered("area_ids"):
            codes = keyword.purpose_ids.mapped("code")
            if keyword.action != "join" or ALERT not in codes:
                raise ValidationError(
                    self.env._(
                        "%s subscribes people to an area, so it must join them to "
                        "outage alerts.",
                        keyword.word,
                    )
                )
