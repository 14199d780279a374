# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, fields, models
from odoo.tools import SQL

from ...tools import TICKET_MODEL, automation
from .helpdesk_ticket import DESK_GROUP

#: Waiting texts whose words the desk shows when it asks about them.
SHOWN_LIMIT = 5
WORDS_LIMIT = 80
#: A text that somebody has written, and that is held until a later hour.
IS_WRITTEN_AND_HELD = """
    sms.gate_verdict = 'hold' AND sms.not_before > %(now)s AND sms.ticket_fact IS NULL
    AND sms.exemption IS NULL AND sms.create_uid != %(root)s
"""


class HelpdeskTicket(models.Model):
    """What becomes of waiting texts when their ticket changes.

    An automatic text that has lost its point is cancelled: the gate decides, by what
    must stay the same until the text leaves. What a person has written is never
    cancelled in silence: the desk asks, and all else leaves a note on the ticket.
    """

    _inherit = "helpdesk.ticket"

    # === Automatic texts ===

    def _get_sms_fact(self, trigger):
        """Return what must stay the same until the text of a trigger leaves."""
        self.ensure_one()
        ticket_sudo = self.sudo()
        stage_sudo = ticket_sudo.stage_id
        if not ticket_sudo.active:
            return f"archived:{stage_sudo.id}"
        is_first = trigger in (automation.CREATED, automation.FIRST_STAGE)
        if is_first and not ticket_sudo._is_sms_confirmed():
            return "told otherwise"
        if trigger == automation.FIRST_STAGE:
            return f"first:{stage_sudo.id}"
        if trigger == automation.STAGE:
            return f"stage:{stage_sudo.id}"
        if trigger == automation.ASSIGNED and not stage_sudo.closed:
            return f"user:{ticket_sudo.user_id.id}"
        if trigger in (automation.WROTE, automation.NO_ANSWER):
            return str(ticket_sudo.sms_waiting_since or "")
        return "closed" if stage_sudo.closed else "open"

    def _make_sms_fact(self, trigger):
        """Return what is stored on the text of a trigger (``sms.sms.ticket_fact``)."""
        return f"{trigger} {self._get_sms_fact(trigger)}"

    def _holds_sms_fact(self, fact):
        """Tell if what :meth:`_make_sms_fact` has returned is still so."""
        return self._make_sms_fact(fact.partition(" ")[0]) == fact

    def _on_sms_changes(self, before):
        """Cancel what has lost its point, and note what a person's text waits for."""
        result = super()._on_sms_changes(before)
        changed = self.sudo().filtered(
            lambda it: before[it.id] and before[it.id] != it._get_sms_state()
        )
        changed._end_overtaken_sms()
        closed = changed.filtered(
            lambda it: it.stage_id.closed and not before[it.id][1]
        )
        closed._note_waiting_sms()
        return result

    def _end_overtaken_sms(self):
        """Have the gate cancel the waiting texts that say what is no longer so.

        In the house's name: who has closed the ticket may be its customer.
        """
        waiting_sudo = self._find_waiting_sms(SQL("sms.ticket_fact IS NOT NULL"))
        overtaken_sudo = waiting_sudo._find_overtaken()
        overtaken_sudo.with_user(SUPERUSER_ID)._ask_gate()

    def _find_waiting_sms(self, condition, is_locked=True):
        """Return the waiting texts about the tickets, locked, in sudo.

        What the outbox has locked is about to leave, and is left alone.

        :param SQL condition: on ``sms``
        :param bool is_locked: False: they are only looked at
        """
        if not self:
            return self.env["sms.sms"].sudo()
        self.env["sms.sms"].flush_model()
        self.env["mail.message"].flush_model(["model", "res_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.id
                  FROM mail_message message
                  JOIN sms_sms sms ON sms.mail_message_id = message.id
                 WHERE message.model = %s AND message.res_id = ANY(%s)
                   AND sms.state = 'outgoing' AND %s
              ORDER BY sms.id %s
                """,
                TICKET_MODEL,
                self.ids,
                condition,
                SQL("FOR UPDATE OF sms SKIP LOCKED") if is_locked else SQL(),
            )
        )
        return self.env["sms.sms"].sudo().browse(row[0] for row in rows)

    # === Texts that a person has written ===

    def _find_written_sms(self, is_locked=True):
        """Return the held texts to the customers that somebody has written, locked."""
        now = fields.Datetime.now()
        is_written = SQL(IS_WRITTEN_AND_HELD, now=now, root=SUPERUSER_ID)
        return self._find_waiting_sms(is_written, is_locked)

    def get_sms_waiting(self, stage_id=False):
        """Return which written texts still wait, for tickets about to be closed.

        :param stage_id: to which the tickets are to move; False: to one that closes
        :return: ``count`` and ``texts`` (the first few: ``ticket``, ``author``,
            ``words``, ``label``); False if none waits, if the stage closes nothing,
            and for who is none of the helpdesk
        :raises AccessError: for who may not read the tickets
        """
        self.check_access("read")
        if not self.env.user.has_group(DESK_GROUP):
            return False
        if stage_id and not self._closes_sms_tickets(stage_id):
            return False
        tickets = self.filtered(lambda it: not it.stage_id.closed)
        waiting_sudo = tickets._find_written_sms(is_locked=False)
        if not waiting_sudo:
            return False
        shown = waiting_sudo[:SHOWN_LIMIT]
        return {
            "count": len(waiting_sudo),
            "texts": [tickets._describe_waiting_sms(sms) for sms in shown],
        }

    def _closes_sms_tickets(self, stage_id):
        stages = self.env["helpdesk.ticket.stage"]
        stage_sudo = stages.browse(self._read_sms_id(stage_id)).sudo().exists()
        return stage_sudo.closed

    def _describe_waiting_sms(self, sms_sudo):
        ticket = self.browse(sms_sudo.mail_message_id.res_id)
        words = " ".join((sms_sudo.body or "").split())
        is_long = len(words) > WORDS_LIMIT
        return {
            "id": sms_sudo.id,
            "ticket": ticket.number,
            "author": sms_sudo.create_uid.name,
            "words": words[:WORDS_LIMIT] + "…" * is_long,
            "label": sms_sudo.shown_label,
        }

    def cancel_sms_waiting(self):
        """Cancel the written texts that still wait, since a person wants it.

        :return: how many were cancelled
        :raises AccessError: for who is no helpdesk user or may not edit the tickets
        """
        self._check_sms_inbox()
        waiting_sudo = self._find_written_sms()
        waiting_sudo.cancelled_by_id = self.env.user
        waiting_sudo.action_set_canceled()
        return len(waiting_sudo)

    def _note_waiting_sms(self):
        """Say on closed tickets that a text to the customer waits all the same."""
        counts = {}
        for sms_sudo in self._find_written_sms(is_locked=False):
            ticket_id = sms_sudo.mail_message_id.res_id
            counts[ticket_id] = counts.get(ticket_id, 0) + 1
        if counts:
            tickets = self.browse(counts).with_user(SUPERUSER_ID)
            tickets._message_log_batch(
                bodies={it: self._say_waiting_sms(counts[it]) for it in counts}
            )

    def _say_waiting_sms(self, count):
        if count == 1:
            return self.env._(
                "A text to the customer still waits for its time. It will be sent "
                "although the ticket is closed, unless you cancel it under Text "
                "messages."
            )
        return self.env._(
            "%s texts to the customer still wait for their time. They will be sent "
            "although the ticket is closed, unless you cancel them under Text "
            "messages.",
            count,
        )
