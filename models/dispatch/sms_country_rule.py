# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

SENDERS = "senders"


class SmsCountryRule(models.Model):
    """Adds the rules on which kinds of sender may text a country."""

    _inherit = "sms.country.rule"

    @api.model
    def _get_sources(self):
        query = """
            SELECT *, NULL::int4 AS state_id, NULL::int4 AS company_id,
                   %s AS matter, 50 AS rank
              FROM sms_sender_rule
             WHERE active
        """
        return {**super()._get_sources(), "sms.sender.rule": SQL(query, SENDERS)}

    @api.model
    def _get_matters(self):
        return [*super()._get_matters(), (SENDERS, self.env._("Senders"))]
