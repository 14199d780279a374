# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import TICKET_MODEL, broadcast_replies
from ...tools.verdicts import HAVE_GOT

#: A text that comes later than this after a broadcast is not a reply to it.
REPLY_TIME = timedelta(days=7)
#: Most tickets that are answered at once.
MANY = 200


class SmsInbound(models.Model):
    """Links a text to the broadcast or incident that it replies to."""

    _inherit = "sms.inbound"

    broadcast_id = fields.Many2one(
        "sms.broadcast", readonly=True, index="btree_not_null"
    )
    incident_id = fields.Many2one("sms.incident", readonly=True, index="btree_not_null")
    reply_kind = fields.Selection(
        [
            (broadcast_replies.QUESTION, "Question"),
            (broadcast_replies.OTHER, "Other"),
            (broadcast_replies.OPT_OUT, "Opt-out"),
            (broadcast_replies.THANKS, "Thanks"),
        ],
        "Reply",
        readonly=True,
    )

    def _query_broadcast(self):
        """Return SQL: ids of the last text's broadcast and incident, or NULL."""
        return SQL(
            """
            (SELECT ARRAY[broadcast_id, incident_id] FROM sms_sms
              WHERE record_company_id = %s AND number = %s AND state = ANY(%s)
                AND (broadcast_id IS NOT NULL OR incident_id IS NOT NULL)
                AND COALESCE(sent_at, create_date) >= %s
           ORDER BY id DESC LIMIT 1)
            """,
            self.company_id.id,
            self.number or None,
            list(HAVE_GOT),
            self.received_at - REPLY_TIME,
        )

    def _link_to_broadcast(self, broadcast_id, incident_id):
        kind = broadcast_replies.classify(self.kind, self.body)
        about = {"broadcast_id": broadcast_id, "incident_id": incident_id}
        self.write({**about, "reply_kind": kind})

    def action_answer_replies(self):
        """Open the composer to answer on the tickets of the chosen texts.

        :raises UserError: if none has a ticket, or there are too many
        """
        self.check_access("read")
        tickets = self.ticket_id
        if not tickets:
            raise UserError(
                self.env._("None of these has a ticket on which it can be answered.")
            )
        if len(tickets) > MANY:
            raise UserError(self.env._("Choose at most %s to answer at once.", MANY))
        is_one = len(tickets) == 1
        context = {
            "sms_answers": True,
            "default_res_model": TICKET_MODEL,
            "default_res_id": is_one and tickets.id,
            "default_res_ids": not is_one and repr(tickets.ids),
            "default_composition_mode": "comment" if is_one else "mass",
            "active_model": TICKET_MODEL,
            "active_id": tickets[0].id,
            "active_ids": tickets.ids,
        }
        return self.env["sms.composer"]._get_records_action(
            name=self.env._("Reply"), target="new", context=context
        )
