# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import keywords, reply_codes
from .sms_inbound_router_commands import SERVICE


class SmsInboundRouter(models.AbstractModel):
    """What people text about an incident: MUTE, UNMUTE, or that something is down."""

    _inherit = "sms.inbound.router"

    @api.model
    def _serve(self, inbound, keyword):
        """Do what MUTE and UNMUTE say."""
        if keyword.action == keywords.MUTE:
            return self._mute_incident(inbound)
        if keyword.action == keywords.UNMUTE:
            return self._unmute_incident(inbound)
        return super()._serve(inbound, keyword)

    @api.model
    def _mute_incident(self, inbound):
        """Mute the incident of the newest text to the number. It is no opt-out."""
        self._meet(inbound)
        inbound.kind = SERVICE
        incident = self.env["sms.incident"]._find_newest_text(
            inbound.company_id, inbound.number
        )
        if incident:
            mutes = self.env["sms.incident.mute"]
            mutes._mute(incident, inbound.number, inbound.partner_id)
            self._say_of_incident(inbound, incident, reply_codes.INCIDENT_MUTED)
        else:
            self._say_reply(inbound, reply_codes.INCIDENT_MUTE_NOTHING)

    @api.model
    def _unmute_incident(self, inbound):
        """Take the newest MUTE of the number back."""
        self._meet(inbound)
        inbound.kind = SERVICE
        mute_sudo = self.env["sms.incident.mute"].sudo()
        going_on = self.env["sms.incident"]._get_going_on_ids(inbound.company_id.id)
        mute_sudo = mute_sudo.search(
            [
                ("incident_id", "in", going_on),
                ("number", "=", inbound.number),
                ("ended_at", "=", False),
            ],
            limit=1,
        )
        if mute_sudo:
            mute_sudo._end()
            self._say_of_incident(
                inbound, mute_sudo.incident_id, reply_codes.INCIDENT_UNMUTED
            )
        else:
            self._say_reply(inbound, reply_codes.INCIDENT_UNMUTE_NOTHING)

    @api.model
    def _say_of_incident(self, inbound, incident, code):
        """Answer with a wording that names an incident."""
        lang = self.env["sms.reply"]._get_lang(inbound.company_id, inbound.partner_id)
        self._say_reply(inbound, code, **incident._get_fillers(lang))

    @api.model
    def _after_place(self, inbound):
        """Acknowledge a known incident to who texts in about it.

        Their ticket is linked if it was opened since it began. Whoever has stopped, or
        may have, is answered by a person.
        """
        result = super()._after_place(inbound)
        ticket_sudo = inbound.ticket_id.sudo()
        incident_sudo = ticket_sudo.sms_incident_id
        if not incident_sudo:
            incident_sudo = ticket_sudo._find_incident(inbound.number)
            if incident_sudo and ticket_sudo.create_date >= incident_sudo.opened_at:
                ticket_sudo.sms_incident_id = incident_sudo
        is_to_be_told = incident_sudo._is_to_be_told(inbound.number)
        if is_to_be_told and self._may_be_told(inbound):
            incident_sudo._tell_we_know(
                inbound.number,
                inbound.partner_id,
                purpose_id=self.env["sms.purpose"]._get("ticket").id,
                exemption=SERVICE,
            )
        return result

    @api.model
    def _may_be_told(self, inbound):
        """Tell if a number gets automatic answers: not after a no, or a possible no."""
        if self._is_stopped(inbound):
            return False
        reviews_sudo = self.env["sms.consent.review"].sudo()
        is_read = not reviews_sudo.search_count(
            [
                ("company_id", "=", inbound.company_id.id),
                ("number", "=", inbound.number),
                ("state", "=", "open"),
            ],
            limit=1,
        )
        return is_read and self._may_answer(inbound, SERVICE)
