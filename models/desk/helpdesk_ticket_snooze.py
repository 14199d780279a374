# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.batch_jobs import try_work_off
from .helpdesk_ticket import DESK_GROUP, NOT_SNOOZED

#: Longest snooze; a later time is taken for a mistake.
SNOOZE_LIMIT = timedelta(days=366)


class HelpdeskTicket(models.Model):
    """Takes conversations out of the list until a time or the customer's next text.

    A snooze applies to the whole team.
    """

    _inherit = "helpdesk.ticket"

    sms_snoozed_until = fields.Datetime(
        "Snoozed Until",
        readonly=True,
        copy=False,
        groups=DESK_GROUP,
        help="A text from the customer ends the snooze early. Empty for a snooze that "
        "only their text ends.",
    )
    sms_is_snoozed_for_text = fields.Boolean(
        "Snoozed Until They Text", readonly=True, copy=False, groups=DESK_GROUP
    )
    sms_is_snoozed = fields.Boolean(
        "Snoozed",
        compute="_compute_sms_is_snoozed",
        search="_search_sms_is_snoozed",
        groups=DESK_GROUP,
    )

    _sms_snooze_index = models.Index(
        "(sms_snoozed_until) WHERE sms_snoozed_until IS NOT NULL"
    )

    @api.depends("sms_snoozed_until", "sms_is_snoozed_for_text")
    def _compute_sms_is_snoozed(self):
        now = fields.Datetime.now()
        for ticket in self:
            until = ticket.sms_snoozed_until
            is_later = bool(until) and until > now
            ticket.sms_is_snoozed = ticket.sms_is_snoozed_for_text or is_later

    @api.model
    def _search_sms_is_snoozed(self, operator, value):
        if operator != "in":
            return NotImplemented
        # The clock decides, even if the cron is late.
        snoozed = Domain("sms_is_snoozed_for_text", "=", True)
        snoozed |= Domain("sms_snoozed_until", ">", fields.Datetime.now())
        return snoozed if True in value else ~snoozed

    def snooze_sms(self, until=False):
        """Take conversations out of the list, until a time or the customer's next text.

        :param str until: UTC, ``YYYY-MM-DD HH:MM:SS``; False: until their next text
        :raises AccessError: unless a helpdesk user who may edit the tickets
        :raises UserError: for a time that has passed, is too far off, or is invalid
        """
        self._check_sms_inbox()
        moment, now = self._read_sms_time(until), fields.Datetime.now()
        if until and not (moment and now < moment < now + SNOOZE_LIMIT):
            raise UserError(
                self.env._(
                    "A conversation is snoozed until a time within a year. Choose one "
                    "that has not passed."
                )
            )
        if moment and self:
            self.env["ir.cron"]._wake_sms("ir_cron_sms_snooze", moment)
        values = {"sms_snoozed_until": moment, "sms_is_snoozed_for_text": not moment}
        self.sudo().write(values)
        return True

    def unsnooze_sms(self):
        """Bring snoozed conversations back into the list.

        :raises AccessError: unless a helpdesk user who may edit the tickets
        """
        self._check_sms_inbox()
        self._end_sms_snooze()
        return True

    def _end_sms_snooze(self):
        tickets_sudo = self.sudo().filtered(
            lambda it: it.sms_snoozed_until or it.sms_is_snoozed_for_text
        )
        if tickets_sudo:
            tickets_sudo.write(NOT_SNOOZED)
        return tickets_sudo

    @api.model
    def _run_sms_snoozes(self):
        domain = [("sms_snoozed_until", "<=", fields.Datetime.now())]
        due = self.with_context(active_test=False).search(domain)
        for done, ticket in enumerate(due, 1):
            try_work_off(ticket, ticket._bring_back_sms)
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(due) - done):
                break

    def _bring_back_sms(self):
        # It may have been snoozed again since it was found.
        if not self.sms_is_snoozed and self._end_sms_snooze().active:
            self._notify_sms_owners({"ticket_id": self.id, "is_back": True})
