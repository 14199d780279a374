# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..tools import consent, reply_codes
from .sms_subscription import KEYWORD, PENDING


class SmsInboundRouter(models.AbstractModel):
    """Joining an area by its word."""

    _inherit = "sms.inbound.router"

    @api.model
    def _ask_to_join(self, inbound, keyword):
        """Subscribe who has agreed to alerts already; else ask, and wait for YES."""
        areas = self._get_areas_of(inbound, keyword)
        if not areas:
            return super()._ask_to_join(inbound, keyword)
        self._meet(inbound)
        if keyword.purpose_ids - self._get_purposes_in(inbound, consent.OPTED_IN):
            before = self._get_open_question(inbound)
            result = super()._ask_to_join(inbound, keyword)
            # One YES to the newest question is about both words.
            areas |= self._get_waiting_areas(inbound, before)
            self._subscribe(inbound, areas, self._get_open_question(inbound))
            return result
        self._subscribe(inbound, areas)
        inbound.kind = "join"
        lang = self.env["sms.reply"]._get_lang(inbound.company_id, inbound.partner_id)
        names = areas.with_context(lang=lang).mapped("name")
        code = reply_codes.SUBSCRIBED
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
    def _get_waiting_areas(self, inbound, question):
        """Return for which areas the sender's own words wait for an answer.

        :param question: ``sms.consent.event`` records that ask, may be empty
        """
        subscriptions_sudo = self.env["sms.subscription"].sudo()
        domain = subscriptions_sudo._get_current_domain(
            inbound.company_id, inbound.number
        )
        domain &= Domain("question_id", "in", question.sudo().evidence_id.ids)
        domain &= Domain("state", "=", PENDING) & Domain("method", "=", KEYWORD)
        return subscriptions_sudo.search(domain).area_id

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
    def _after_yes(self, inbound, asked):
        """Make subscriptions of what waits for the YES."""
        result = super()._after_yes(inbound, asked)
        self.env["sms.subscription"].sudo()._take_yes(
            inbound.company_id, inbound.number, asked.sudo().evidence_id
        )
        return result
