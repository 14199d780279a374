# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import models
from odoo.fields import Domain

from ...tools import consent
from ..consent import sms_consent_form as forms
from ..ledger.sms_purpose import ALERT
from .sms_subscription import PENDING, PORTAL

AREA_FIELD = "sms_area_%s"


class Offer(NamedTuple):
    """The content of the portal's page about outages.

    :param number: the customer's, E.164 or empty
    :param chosen: their ``sms.subscription`` records, including pending ones
    :param areas: other ``sms.area`` records, which they may choose
    :param choice: :class:`sms_consent_form.Choice` of the consent to alerts
    """

    number: str
    chosen: models.BaseModel
    areas: models.BaseModel
    choice: object


class SmsConsentForm(models.AbstractModel):
    """Adds the portal's page where customers subscribe to news of outages.

    Ticking a box is also an opt-in to texts about outages, so the form posts the id of
    the wording beside it.
    """

    _inherit = "sms.consent.form"

    def _get_area_offer(self, company, partner):
        number = partner.phone_sanitized or ""
        subscriptions = self.env["sms.subscription"]
        domain = subscriptions._get_current_domain(company, number)
        if not self._is_own(company, number, partner):
            domain &= Domain("partner_id", "=", partner.id)
        chosen = subscriptions.search(domain)
        areas = self.env["sms.area"]._get_offered(company)._leave_out(chosen.area_id)
        purpose = self.env["sms.purpose"]._get(ALERT)
        [choice] = self._get_portal_choices(company, partner, purpose)
        return Offer(number, chosen, areas.sorted("kind"), choice)

    def _take_areas(self, company, partner, form, trace):
        """Subscribe to the areas that a customer has ticked, or end a subscription.

        A form that is posted twice subscribes once and returns the same result.

        :param dict form: the posted values: ``sms_area_<id>`` is the id of the wording,
            ``stop`` the id of a subscription
        :return: code of the result
        """
        offer = self._get_area_offer(company, partner)
        if form.get("stop"):
            offer.chosen.filtered(lambda it: str(it.id) == form["stop"])._end()
            return forms.SAVED
        areas = offer.areas | offer.chosen.area_id
        ticked = areas.filtered(lambda area: form.get(AREA_FIELD % area.id))
        wording = str(offer.choice.wording.id)
        if not ticked:
            return forms.NOT_TICKED
        if any(form[AREA_FIELD % area.id] != wording for area in ticked):
            return forms.OUTDATED
        if not offer.number:
            return forms.NO_NUMBER
        if refusal := self._refuse_number(company, offer.number, trace):
            return refusal
        chosen = offer.chosen.filtered(lambda it: it.area_id in ticked)
        is_waiting = PENDING in chosen.mapped("state")
        if chosen.area_id == ticked and (is_waiting or offer.choice.is_sent):
            return forms.ASKED if is_waiting else forms.SAVED
        number = offer.number
        result = self._agree_in_portal(company, number, partner, [offer.choice], trace)
        self._subscribe_in_portal(company, partner, number, ticked, result)
        return result

    def _agree(self, company, number, choices, trace, **facts):
        """Start subscriptions that wait for a YES, in the portal the login's own."""
        result = super()._agree(company, number, choices, trace, **facts)
        if ALERT in [choice.purpose.code for choice in choices]:
            own = [("partner_id", "=", facts["res_id"])] if "res_id" in facts else []
            self.env["sms.subscription"]._take_yes(company, number, Domain(own))
        return result

    def _subscribe_in_portal(self, company, partner, number, areas, result):
        """Subscribe a confirmed number, or wait for the YES of one just asked."""
        subscriptions = self.env["sms.subscription"]
        if result == forms.AGREED:
            subscriptions._subscribe(company, number, areas, PORTAL, partner)
            return
        ledger = self.env["sms.consent.event"]
        newest = ledger.search(ledger._number_domain(company, number), limit=1)
        # A YES to somebody else's question does not cover these areas.
        is_own = (newest.res_model, newest.res_id) == (partner._name, partner.id)
        if is_own and newest.event == consent.REQUESTED:
            question = newest.evidence_id
            subscriptions._subscribe(company, number, areas, PORTAL, partner, question)
