# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools import topics
from .sms_area import PLACE


class SmsIncident(models.Model):
    """Matches tickets with an incident by its areas, categories and words."""

    _inherit = "sms.incident"

    category_ids = fields.Many2many(
        "helpdesk.ticket.category",
        string="Ticket Categories",
        help="New tickets in these categories are about it.",
    )
    words = fields.Char(
        compute="_compute_words",
        store=True,
        readonly=False,
        precompute=True,
        help="New tickets that have one of these words are about it. Separate them by "
        "commas. Without words and categories all new tickets of its areas are.",
    )

    @api.depends("name")
    def _compute_words(self):
        """Suggest the words of the name, and those that people use for outages."""
        for incident in self.filtered(lambda it: not it.words):
            lang = incident.company_id.sudo().partner_id.lang
            own = incident.with_context(lang=lang)
            usual = own.env._(
                "down, outage, offline, not working, nothing works, not reachable, "
                "cannot connect, disconnected"
            )
            # People do use the name of a service, but not that of a place.
            places = own.sudo().area_ids.filtered(lambda it: it.kind == PLACE)
            left_out = places.mapped("name")
            incident.words = own.name and topics.suggest(own.name, left_out, usual)

    def _is_about(self, partner, number, words, category):
        """Return whether a new ticket is about it.

        The words or category must match, if any are set, since people in its areas may
        write about something else. An incident without areas is everywhere.

        :param str number: E.164, may be empty, as may ``partner``
        :param str words: of the ticket, or of the incoming text
        :param category: ``helpdesk.ticket.category``, may be empty
        """
        self.ensure_one()
        self = self.with_context(active_test=False)  # archived areas are places too
        is_named = category in self.category_ids if category else False
        is_named = is_named or topics.mentions(words, self.words)
        if not is_named and (self.words or self.category_ids):
            return False
        is_anywhere = is_named and not self.area_ids
        return is_anywhere or self._concerns(partner, number)
