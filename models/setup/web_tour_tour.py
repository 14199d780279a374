# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

#: How the names of the guided tours begin (views/setup/sms_guide_views.xml).
GUIDE = "helpdesk_sms_guide_"


class WebTourTour(models.Model):
    """The guided tours of text messages: begun by a person, and no other follows."""

    _inherit = "web_tour.tour"

    @api.model
    def consume(self, tourName):  # pylint: disable=invalid-name
        """Note that a tour was taken; after a guide, begin none of Odoo's own.

        Odoo has switched its tours on for the user, so that the guide goes on when a
        page is loaded anew.
        """
        following = super().consume(tourName)
        if not str(tourName).startswith(GUIDE):
            return following
        self.env.user.switch_tour_enabled(False)
        return False
