# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import html2plaintext


class HelpdeskTicket(models.Model):
    """A ticket about an incident: linked automatically when new, or by hand."""

    _inherit = "helpdesk.ticket"

    sms_incident_id = fields.Many2one(
        "sms.incident",
        "Incident",
        index="btree_not_null",
        ondelete="set null",
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
        ondelete="set null",
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
                raise ValidationError(
                    self.env._(
                        "The incident of “%s” is another company's.", ticket.name
                    )
                )

    def _on_sms_created(self):
        result = super()._on_sms_created()
        for ticket_sudo in self.sudo():
            ticket_sudo._join_sms_incident()
        return result

    def _join_sms_incident(self):
        """Link a new ticket, and tell its customer that we know of the incident.

        The router tells those who opened it by text, in answer to that.
        """
        number = self.partner_phone_sanitized
        if not self.sms_incident_id:
            self.sms_incident_id = self._find_sms_incident(number)
        incident_sudo = self.sms_incident_id
        if not incident_sudo:
            return
        channel = self.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_channel_sms", raise_if_not_found=False
        )
        is_by_text = channel and self.channel_id == channel
        if is_by_text:
            return
        if incident_sudo._is_to_be_told(number):
            self._tell_sms_incident(incident_sudo, number, exemption=False)
        else:
            self._note_sms_incident_told(incident_sudo, number)

    def _tell_sms_incident(self, incident_sudo, number, **values):
        """Tell a customer that we know of the incident that their ticket is about.

        :param str number: E.164
        :param values: of the message
        """
        purpose = self.env["sms.purpose"]._get("ticket")
        values["purpose_id"] = purpose.id
        incident_sudo._tell_we_know(number, self.partner_id, **values)
        self._note_sms_incident_told(incident_sudo, number)

    def _note_sms_incident_told(self, incident_sudo, number):
        """Note on a linked ticket that its customer knows, and confirm it no more.

        Not if it has been told for another ticket either; nor does a confirmation leave
        that still waits.
        """
        if self.sms_incident_id != incident_sudo or self.sms_incident_told_at:
            return
        if number and incident_sudo._has_texted(number, by_broadcast=False):
            self.sms_incident_told_at = fields.Datetime.now()
            self._end_overtaken_sms()

    def _find_sms_incident(self, number, words=""):
        """Return the incident that the ticket, or a text about it, is about, or none.

        :param str number: E.164 by which the customer is known, may be empty
        :param str words: of the text; the ticket's own, if there are none
        """
        self.ensure_one()
        incidents = self.env["sms.incident"]
        if self.sms_is_no_incident or not incidents._get_going_on_ids(
            self.company_id.id
        ):
            return incidents
        words = words or f"{self.name} {html2plaintext(self.description or '')}"
        return incidents._find_concerning(
            self.company_id, self.partner_id, number, words, self.category_id
        )

    def _began_in_sms_incident(self, incident_sudo):
        """Return whether a ticket was opened since the incident began, or in its own words.

        Who was the first to say so did before there was an incident.
        """
        is_newer = self.create_date >= incident_sudo.opened_at
        number = self.partner_phone_sanitized
        return is_newer or self._find_sms_incident(number) == incident_sudo

    # === Something else ===

    def _is_sms_confirmed(self):
        """Confirm no ticket whose customer was told that we know of its incident."""
        is_told = self.sms_incident_id and self.sms_incident_told_at
        return super()._is_sms_confirmed() and not is_told

    def action_sms_not_incident(self):
        """Take the ticket out of its incident; it is confirmed as any other."""
        self._check_sms_desk()
        self.check_access("write")
        self.sudo()._deny_sms_incident(self.env._("by %s", self.env.user.name))
        return True

    def _deny_sms_incident(self, who):
        """Make the ticket an ordinary one. Once: what is none any more stays as it is.

        :param str who: has said so, for the ticket's chatter
        :return: whether the customer is told that the ticket was received
        """
        self.ensure_one()
        incident = self.sms_incident_id
        if not incident:
            return False
        was_told = bool(self.sms_incident_told_at)
        self._call_off_sms_known()
        self.write(
            {
                "sms_incident_id": False,
                "sms_incident_told_at": False,
                "sms_is_no_incident": True,
            }
        )
        self._message_log(
            body=self.env._(
                "This is not about the incident “%(incident)s” (%(who)s).",
                incident=incident.name,
                who=who,
            )
        )
        return was_told and self._on_sms_ordinary()

    def _call_off_sms_known(self):
        """Cancel the answer that we know which still waits, if it is for no other."""
        incident, number = self.sms_incident_id, self.partner_phone_sanitized
        others = [
            ("id", "!=", self.id),
            ("sms_incident_id", "=", incident.id),
            ("partner_phone_sanitized", "=", number),
        ]
        if number and not self.search_count(others, limit=1):
            incident._lock_known(number).action_set_canceled()
