# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..providers import PROVIDERS


class SmsSender(models.Model):
    """Of several senders: for which countries one is, and who texts with it."""

    _inherit = "sms.sender"

    country_ids = fields.Many2many(
        "res.country",
        "sms_sender_country_rel",
        string="For Countries",
        help="Texts to these countries leave by it. Empty: to its own country, and to "
        "those for which there is no other.",
    )

    carrier_name = fields.Char("Carried By", compute="_compute_carrier_name")

    @api.depends("provider")
    def _compute_carrier_name(self):
        for sender in self:
            known = PROVIDERS.get(sender.provider)
            sender.carrier_name = known.name if known else sender.provider

    def _find_conversations(self, company, numbers, sender_ids):
        """Return by which sender each of some people has texted with us last.

        Who texts in is known to the rooms above, which extend this.

        :param company: ``res.company``
        :param numbers: of people, E.164
        :param dict sender_ids: the ids of the senders that it may be, by address
        :return: id of a sender by number, without those who have not texted with any
        :rtype: dict
        """
        return {}
