# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import html2plaintext

from .sms_incident import GOING_ON


class HelpdeskTicket(models.Model):
    """A ticket about an incident: linked automatically when new, or by hand."""

    _inherit = "helpdesk.ticket"

    sms_incident_id = fields.Many2one(
        "sms.incident",
        "Incident",
        index="btree_not_null",
        copy=False,
        help="The outage that the ticket is about. New tickets of customers in its "
        "areas that name it are linked by themselves.",
    )
    sms_incident_told_at = fields.Datetime(
        "Known-issue Replies",
        readonly=True,
        copy=False,
        help="When the customer was told this instead of the ticket's confirmation.",
    )
    sms_incident_news_id = fields.Many2one(
        "sms.incident.news",
        "Posted News",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The last news of its incident that was posted here.",
    )
    sms_is_no_incident = fields.Boolean(
        "About Something Else",
        readonly=True,
        copy=False,
        help="The customer or an agent said so. No incident is linked automatically "
        "anymore.",
    )

    @api.constrains("sms_incident_id", "company_id")
    def _check_sms_incident(self):
        for ticket in self.filtered("sms_incident_id").sudo():
            if ticket.sms_incident_id.company_id != ticket.company_id:
                words = self.env._(
                    "The incident of “%s” is another company's.", ticket.name
                )
                raise ValidationError(words)

    def _on_sms_created(self):
        result = super()._on_sms_created()
        for ticket_sudo in self.sudo():
            ticket_sudo._join_sms_incident()
        return result

    def _join_sms_incident(self):
        """Link a new ticket to its incident, and tell the customer that we know.

        If a text opened the ticket, the router tells the customer in its reply.
        """
        number = self.partner_phone_sanitized
        if not self.sms_incident_id:
            self.sms_incident_id = self._find_sms_incident(number)
        incident_sudo = self.sms_incident_id
        if not incident_sudo:
            return
        by_text = "helpdesk_mgmt_sms.helpdesk_ticket_channel_sms"
        channel = self.env.ref(by_text, raise_if_not_found=False)
        if channel and self.channel_id == channel:
            return
        if incident_sudo._is_to_be_told(number):
            self._tell_sms_incident(incident_sudo, number, exemption=False)
        else:
            self._note_sms_incident_told(incident_sudo, number)

    def _tell_sms_incident(self, incident_sudo, number, **values):
        """Tell a customer that we know of the incident that their ticket is about."""
        values["purpose_id"] = self.env["sms.purpose"]._get("ticket").id
        incident_sudo._tell_we_know(number, self.partner_id, **values)
        self._note_sms_incident_told(incident_sudo, number)

    def _note_sms_incident_told(self, incident_sudo, number):
        """Note on a linked ticket that its customer knows, if they were texted so.

        The text may have been about another ticket of theirs. A waiting confirmation of
        receipt is cancelled, and none is sent any more.
        """
        if self.sms_incident_id != incident_sudo or self.sms_incident_told_at:
            return
        if number and incident_sudo._has_texted(number, by_broadcast=False):
            self.sms_incident_told_at = fields.Datetime.now()
            self._end_overtaken_sms()

    def _find_sms_incident(self, number, words=""):
        """Return the newest incident that the ticket or a text on it is about, if any.

        :param str number: the customer's number (E.164), may be empty
        :param str words: of the text; default: the ticket's title and description
        """
        incidents_sudo = self.env["sms.incident"].sudo()
        going_on_ids = incidents_sudo._get_going_on_ids(self.company_id.id)
        if self.sms_is_no_incident or not going_on_ids:
            return incidents_sudo
        words = words or f"{self.name} {html2plaintext(self.description or '')}"
        about = (self.partner_id, number, words, self.category_id)
        for incident_sudo in incidents_sudo.browse(going_on_ids):
            if incident_sudo.state in GOING_ON and incident_sudo._is_about(*about):
                return incident_sudo
        return incidents_sudo

    def _began_in_sms_incident(self, incident_sudo):
        """Return whether a ticket is newer than the incident, or itself mentions it.

        The first customer to report an outage does so before there is an incident.
        """
        is_newer = self.create_date >= incident_sudo.opened_at
        number = self.partner_phone_sanitized
        return is_newer or self._find_sms_incident(number) == incident_sudo

    # === Something else ===

    def _is_sms_confirmed(self):
        """Send no confirmation if the customer was told that we know."""
        is_told = self.sms_incident_id and self.sms_incident_told_at
        return super()._is_sms_confirmed() and not is_told

    def action_sms_not_incident(self):
        """Unlink the ticket from its incident; it is then confirmed as any other."""
        self._check_sms_desk()
        self.check_access("write")
        who = self.env._("by %s", self.env.user.name)
        self.sudo()._deny_sms_incident(who, is_customer=False)
        return True

    def _deny_sms_incident(self, who, is_customer=True):
        """Unlink the ticket from its incident, if any; a customer's word reopens it.

        :param str who: who has said so, for the ticket's chatter
        :return: whether the customer gets a confirmation of receipt
        """
        incident = self.sms_incident_id
        if not incident:
            return False
        was_told = bool(self.sms_incident_told_at)
        self._call_off_sms_known()
        unlinked = {"sms_incident_id": False, "sms_incident_told_at": False}
        self.write({**unlinked, "sms_is_no_incident": True})
        values = {"incident": incident.name, "who": who}
        words = self.env._(
            "This is not about the incident “%(incident)s” (%(who)s).", **values
        )
        self._message_log(body=words)
        if is_customer:
            self._move_by_sms()
        return was_told and not self.closed and self._on_sms_ordinary()

    def _call_off_sms_known(self):
        """Cancel the waiting known-issue reply, unless another ticket needs it."""
        incident, number = self.sms_incident_id, self.partner_phone_sanitized
        others = [("id", "!=", self.id), ("sms_incident_id", "=", incident.id)]
        others += [("partner_phone_sanitized", "=", number)]
        if number and not self.search_count(others, limit=1):
            incident._lock_known(number).action_set_canceled()
