# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

#: Prefix of the names of our guided tours (views/setup/sms_guide_views.xml).
GUIDE = "helpdesk_sms_guide_"


class WebTourTour(models.Model):
    """Keeps Odoo's own tours from starting after one of our guided tours."""

    _inherit = "web_tour.tour"

    @api.model
    def consume(self, tourName):  # pylint: disable=invalid-name
        """Record that a tour was taken; after a guide, start none of Odoo's own.

        Odoo has enabled its tours for the user, so that the guide continues when a page
        is reloaded.
        """
        following = super().consume(tourName)
        if not str(tourName).startswith(GUIDE):
            return following
        self.env.user.switch_tour_enabled(False)
        return False
