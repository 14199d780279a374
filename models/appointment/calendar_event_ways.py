# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools.appointments import BOOKED, CALLED_OFF, MOVED

DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"


class CalendarEvent(models.Model):
    """Shows which text about an appointment was never received, and what to do."""

    _inherit = "calendar.event"

    sms_untold_id = fields.Many2one(
        "sms.sms",
        "Text That Never Arrived",
        compute="_compute_sms_untold",
        compute_sudo=True,
        groups=DESK_GROUP,
    )
    sms_untold_note = fields.Char(
        compute="_compute_sms_untold", compute_sudo=True, groups=DESK_GROUP
    )
    sms_untold_ways = fields.Char(compute="_compute_sms_untold_ways", groups=DESK_GROUP)

    # Not on fields of texts: each change of a text would trigger a search here.
    @api.depends("sms_customer_id")
    @api.depends_context("lang")
    def _compute_sms_untold(self):
        """Find the newest text of each event that its recipient never got."""
        self.sms_untold_id = self.sms_untold_note = False
        stored = self.filtered(lambda event: event.id and event.sms_customer_id)
        if not stored:
            return
        texts_sudo = self.env["sms.sms"].search(
            [
                ("mail_message_id.model", "=", self._name),
                ("mail_message_id.res_id", "in", stored.ids),
            ],
            order="id",
        )
        untold_sudo = texts_sudo._filter_untold()
        newest = {sms.mail_message_id.res_id: sms for sms in untold_sudo}
        for event in stored:
            if sms := newest.get(event.id):
                event.sms_untold_id = sms
                event.sms_untold_note = event._tell_sms_untold(sms)

    @api.depends("sms_untold_id")
    @api.depends_context("uid")
    def _compute_sms_untold_ways(self):
        for event in self:
            event.sms_untold_ways = event.sudo().sms_untold_id.ways

    def _tell_sms_untold(self, sms):
        """Return what a customer was not told, and why."""
        row = self.sms_reminder_ids.filtered(lambda it: it.sms_id == sms)[:1]
        name = sms.partner_id.name or sms.number or self.env._("The customer")
        facts = {"customer": name, "reason": sms.shown_reason or sms.shown_label}
        if row.kind == BOOKED:
            return self.env._(
                "%(customer)s was not told about the booking. %(reason)s", **facts
            )
        if row.kind == MOVED:
            return self.env._(
                "%(customer)s was not told about the new time. %(reason)s", **facts
            )
        if row.kind == CALLED_OFF:
            return self.env._(
                "%(customer)s was not told about the cancellation. %(reason)s", **facts
            )
        return self.env._("%(customer)s did not get the last text. %(reason)s", **facts)

    def _get_sms_untold(self):
        """Return the text with the user's rights; empty if the page is outdated."""
        self.ensure_one()
        self.check_access("read")
        return self.sms_untold_id.sudo(False)

    def action_sms_untold_record(self):
        """Record the customer's consent, and send the text that they never got."""
        return self._get_sms_untold()._take_way("record")

    def action_sms_untold_again(self):
        """Send the text again that the customer never got."""
        return self._get_sms_untold()._take_way("again")

    def action_sms_untold_other(self):
        """Send it to another number."""
        return self._get_sms_untold()._take_way("other")

    def action_sms_untold_call(self):
        """Call the customer instead."""
        return self._get_sms_untold()._take_way("call")

    def action_sms_untold_told(self):
        """Note that the customer was told in another way."""
        return self._get_sms_untold()._note_told()
