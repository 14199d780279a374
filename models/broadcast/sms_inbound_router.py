# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from functools import partial

from odoo import models
from odoo.fields import Domain

from ...tools import consent, keywords, reply_codes
from ..core.batch_jobs import contain
from ..desk.sms_inbound_router import SERVICE
from .sms_subscription import KEYWORD, WAITING

_logger = logging.getLogger(__name__)


class SmsInboundRouter(models.AbstractModel):
    """Handles texts about an incident, and keywords that subscribe to an area.

    Texts about an incident are MUTE, UNMUTE, the word for something else, and reports.
    """

    _inherit = "sms.inbound.router"

    def _route(self, inbound):
        """Also link the text to what it replies to, once all else is done."""
        result = super()._route(inbound)
        if replied_to := self._get_sender(inbound)["replied_to"]:
            link = partial(inbound._link_to_broadcast, *replied_to)
            failure = "%s: not linked to what it replies to"
            contain(self.env, link, _logger, failure, inbound)
        return result

    def _get_sender_columns(self, inbound):
        columns = super()._get_sender_columns(inbound)
        return {**columns, "replied_to": inbound._query_broadcast()}

    def _serve(self, inbound, keyword):
        if keyword.action == keywords.MUTE:
            return self._mute_incident(inbound)
        if keyword.action == keywords.UNMUTE:
            return self._unmute_incident(inbound)
        if keyword.action == keywords.OTHER:
            return self._deny_incident(inbound)
        return super()._serve(inbound, keyword)

    def _mute_incident(self, inbound):
        """Mute the incident of the newest text to the number; this is no opt-out."""
        self._serialize_by_number(inbound)
        inbound.kind = SERVICE
        company, number = inbound.company_id, inbound.number
        if incident := self.env["sms.incident"]._find_newest_text(company, number):
            self.env["sms.incident.mute"]._mute(incident, number, inbound.partner_id)
            self._say_of_incident(inbound, incident, reply_codes.INCIDENT_MUTED)
        else:
            self._say_reply(inbound, reply_codes.INCIDENT_MUTE_NOTHING)

    def _unmute_incident(self, inbound):
        """Undo the number's newest MUTE."""
        self._serialize_by_number(inbound)
        inbound.kind = SERVICE
        incidents = self.env["sms.incident"]
        going_on = incidents.browse(incidents._get_going_on_ids(inbound.company_id.id))
        mutes_sudo = self.env["sms.incident.mute"].sudo()
        if mute_sudo := mutes_sudo._search_standing(going_on, inbound.number)[:1]:
            mute_sudo._end()
            code, incident = reply_codes.INCIDENT_UNMUTED, mute_sudo.incident_id
            self._say_of_incident(inbound, incident, code)
        else:
            self._say_reply(inbound, reply_codes.INCIDENT_UNMUTE_NOTHING)

    def _deny_incident(self, inbound):
        """Unlink the sender's ticket from the incident that we told them about.

        Without such a ticket the text is conversation, for a person to read.
        """
        self._serialize_by_number(inbound)
        tickets_sudo = self.env["helpdesk.ticket"].sudo()
        domain = Domain(self._get_own_domain(inbound))
        domain &= Domain("sms_incident_told_at", "!=", False)
        domain &= Domain("sms_incident_id", "!=", False)
        newest_first = "sms_incident_told_at desc, id desc"
        ticket_sudo = tickets_sudo.search(domain, order=newest_first, limit=1)
        if not ticket_sudo:
            self._converse(inbound)
            return
        inbound.write({"kind": SERVICE, "ticket_id": ticket_sudo.id})
        incident = ticket_sudo.sms_incident_id
        is_confirmed = ticket_sudo._deny_sms_incident(self.env._("customer, by text"))
        if ticket_sudo.closed:  # its team does not reopen: a person is to read it
            self._converse(inbound, ticket=ticket_sudo)
        # Without consent the confirmation is blocked, so reply to their text instead.
        if not is_confirmed or ticket_sudo.sms_consent_state != consent.OPTED_IN:
            self._say_of_incident(
                inbound, incident, reply_codes.INCIDENT_OTHER, ticket=ticket_sudo.number
            )

    def _say_of_incident(self, inbound, incident, code, **fillers):
        lang = self._get_lang(inbound)
        self._say_reply(inbound, code, **incident._get_fillers(lang), **fillers)

    def _after_place(self, inbound):
        """Acknowledge a known incident, and link a ticket opened since it began.

        Senders who have opted out, or may have, get no automatic answer.
        """
        result = super()._after_place(inbound)
        ticket_sudo, number = inbound.ticket_id.sudo(), inbound.number
        incident_sudo = ticket_sudo.sms_incident_id
        if not incident_sudo:
            incident_sudo = ticket_sudo._find_sms_incident(number, inbound.body)
            if incident_sudo and ticket_sudo._began_in_sms_incident(incident_sudo):
                ticket_sudo.sms_incident_id = incident_sudo
        if incident_sudo._is_to_be_told(number) and self._may_be_told(inbound):
            values = {"exemption": SERVICE, "asked_at": inbound.received_at}
            ticket_sudo._tell_sms_incident(incident_sudo, number, **values)
        elif incident_sudo:
            ticket_sudo._note_sms_incident_told(incident_sudo, number)
        return result

    def _may_be_told(self, inbound):
        """Return whether a sender gets automatic answers: no (possible) opt-out."""
        reviews = self.env["sms.consent.review"]
        return (
            not self._is_stopped(inbound)
            and not reviews._find_open(inbound.company_id, inbound.number)
            and self._may_answer(inbound, SERVICE)
        )

    # === Subscription by keyword ===

    def _ask_to_join(self, inbound, keyword):
        """Subscribe senders who have agreed to alerts; ask others for a YES."""
        areas = self._get_areas_of(inbound, keyword)
        if not areas:
            return super()._ask_to_join(inbound, keyword)
        self._serialize_by_number(inbound)
        if keyword.purpose_ids - self._get_purposes_in(inbound, consent.OPTED_IN):
            before = self._get_open_question(inbound)
            result = super()._ask_to_join(inbound, keyword)
            # One YES to the newest question covers both keywords.
            areas |= self._get_waiting_areas(inbound, before)
            self._subscribe(inbound, areas, self._get_open_question(inbound))
            return result
        self._subscribe(inbound, areas)
        inbound.kind = "join"
        names = areas.with_context(lang=self._get_lang(inbound)).mapped("name")
        return self._say_reply(inbound, reply_codes.SUBSCRIBED, areas=", ".join(names))

    def _get_areas_of(self, inbound, keyword):
        named_sudo = keyword.sudo().area_ids
        offered_sudo = named_sudo and named_sudo._get_offered(inbound.company_id)
        return offered_sudo - offered_sudo._leave_out(named_sudo)

    def _get_waiting_areas(self, inbound, question):
        """Return the areas of the sender's keywords that wait for a YES."""
        found_sudo = self.env["sms.subscription"].sudo()
        domain = found_sudo._get_current_domain(inbound.company_id, inbound.number)
        domain &= Domain("question_id", "in", question.sudo().evidence_id.ids)
        domain &= WAITING & Domain("method", "=", KEYWORD)
        return found_sudo.search(domain).area_id

    def _subscribe(self, inbound, areas, question=None):
        """Subscribe the sender, at once or upon the YES to a question."""
        self.env["sms.subscription"].sudo()._subscribe(
            inbound.company_id,
            inbound.number,
            areas,
            KEYWORD,
            inbound.partner_id,
            question and question[:1].sudo().evidence_id,
        )

    def _after_yes(self, inbound, asked):
        result = super()._after_yes(inbound, asked)
        answered = Domain("question_id", "in", asked.sudo().evidence_id.ids)
        subscriptions_sudo = self.env["sms.subscription"].sudo()
        subscriptions_sudo._take_yes(asked.company_id, inbound.number, answered)
        return result
