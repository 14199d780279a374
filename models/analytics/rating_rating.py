# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class RatingRating(models.Model):
    """Ratings, whose changes mark the figures of old days as stale."""

    _inherit = "rating.rating"

    def _write_multi(self, vals_list):
        with self.env["sms.day.stale"]._marking("rating", self, "write_date", None):
            return super()._write_multi(vals_list)
