# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import consent
from . import sms_reply_subscription
from .sms_subscription import KEYWORD


class SmsInboundRouter(models.AbstractModel):
    """Joining an area by its word."""

    _inherit = "sms.inbound.router"

    @api.model
    def _join(self, inbound, keyword):
        """Subscribe who has agreed to alerts already; else ask, and wait for YES."""
        areas = self._get_areas_of(inbound, keyword)
        if not areas:
            return super()._join(inbound, keyword)
        self._meet(inbound)
        if keyword.purpose_ids - self._get_purposes_in(inbound, consent.OPTED_IN):
            result = super()._join(inbound, keyword)
            self._subscribe(inbound, areas, self._get_open_question(inbound))
            return result
        self._subscribe(inbound, areas)
        inbound.kind = "join"
        lang = self.env["sms.reply"]._get_lang(inbound.company_id, inbound.partner_id)
        names = areas.with_context(lang=lang).mapped("name")
        code = sms_reply_subscription.SUBSCRIBED
        return self._say_reply(inbound, code, areas=", ".join(names))

    @api.model
    def _get_areas_of(self, inbound, keyword):
        """Return the areas of a word that the company offers."""
        companies = (inbound.company_id, inbound.company_id.browse())
        return keyword.sudo().area_ids.filtered(
            lambda area: (
                area.active and area.takes_subscribers and area.company_id in companies
            )
        )

    @api.model
    def _subscribe(self, inbound, areas, question=None):
        """Subscribe the sender, at once or by the YES to a question.

        :param question: ``sms.consent.event`` records that ask, or None
        """
        self.env["sms.subscription"].sudo()._subscribe(
            inbound.company_id,
            inbound.number,
            areas,
            KEYWORD,
            inbound.partner_id,
            question and question[:1].sudo().evidence_id,
        )

    @api.model
    def _confirm(self, inbound):
        """Let a YES make subscriptions of what waits for it."""
        question = self._get_open_question(inbound)
        result = super()._confirm(inbound)
        if result and question:
            self.env["sms.subscription"].sudo()._take_yes(
                inbound.company_id, inbound.number, question.sudo().evidence_id
            )
        return result
