# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models

from ..tools import TICKET_MODEL, automation


class SmsAutomationReplay(models.TransientModel):
    """The past of tickets, as Odoo has kept it."""

    _inherit = "sms.automation.replay"

    @api.model
    def _read_changes(self, since):
        """Return the kept changes of stage and user: ``{ticket id: [Change]}``."""
        values_sudo = self.env["mail.tracking.value"].sudo()
        found = values_sudo.search(
            [
                ("mail_message_id.model", "=", TICKET_MODEL),
                ("mail_message_id.date", ">=", since),
                ("field_id.name", "in", ("stage_id", "user_id")),
            ]
        )
        merged = defaultdict(dict)
        for value in found:
            name = f"old_{value.field_id.name}"
            merged[value.mail_message_id][name] = value.old_value_integer or 0
        changes = defaultdict(list)
        for message, old in merged.items():
            changes[message.res_id].append(automation.Change(message.date, **old))
        return changes

    @api.model
    def _read_inbound(self, since):
        """Return when the customers texted: ``{ticket id: times}``."""
        found = self.env["sms.inbound"].search(
            [
                ("ticket_id", "!=", False),
                ("kind", "=", "conversation"),
                ("received_at", ">=", since),
            ],
            order="received_at",
        )
        times = defaultdict(list)
        for inbound in found:
            times[inbound.ticket_id.id].append(inbound.received_at)
        return times

    @api.model
    def _read_answers(self, tickets, since):
        """Return when one of us wrote on each ticket: ``{ticket id: times}``."""
        messages_sudo = self.env["mail.message"].sudo()
        found = messages_sudo.search(
            [
                ("model", "=", TICKET_MODEL),
                ("res_id", "in", tickets.ids),
                ("date", ">=", since),
                ("message_type", "in", ("comment", "sms")),
                ("author_id.user_ids.share", "=", False),
            ]
        )
        times = defaultdict(list)
        for message in found:
            times[message.res_id].append(message.date)
        return times
