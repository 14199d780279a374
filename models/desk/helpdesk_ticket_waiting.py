# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import SUPERUSER_ID, fields, models
from odoo.tools import SQL

from ...tools import TICKET_MODEL, automation
from ...tools.phone import canonical
from ...tools.texts import shorten
from ..inbound.sms_question import CANCELLED
from .helpdesk_ticket import DESK_GROUP

#: Waiting texts that the desk shows when it asks what to do with them.
SHOWN_LIMIT = 5
WORDS_LIMIT = 80
#: Fact of texts to a number, or from a company, that the ticket no longer has: one that
#: never holds.
FORMER = "former recipient"
#: Condition of a text by a person.
IS_WRITTEN = SQL(
    "(sms.ticket_fact IS NULL AND sms.exemption IS NULL"
    " AND sms.create_uid IS DISTINCT FROM %s)",
    SUPERUSER_ID,
)


class HelpdeskTicket(models.Model):
    """Handles waiting texts when their ticket changes.

    The gate cancels an automatic text once its fact, which must hold until the text is
    sent, no longer does. A text written by a person is never cancelled silently: the
    desk asks, and any other way of closing the ticket leaves a note on it.
    """

    _inherit = "helpdesk.ticket"

    # === Automatic texts ===

    def _get_sms_line(self):
        """Return the number that is texted about the ticket, and the company."""
        return canonical(self.partner_phone_sanitized), self.company_id

    def _end_misdirected_sms(self, before):
        """Have the gate cancel waiting texts to numbers that were replaced.

        Also those that wait only since their carrier cannot be reached. The authors of
        those that a person has written are told on the ticket. Whoever has such a
        number rates the ticket no more.

        :param dict before: :meth:`_get_sms_line` by id
        """
        changed = self.filtered(lambda it: before[it.id] != it._get_sms_line())
        is_either = SQL("(sms.ticket_fact IS NOT NULL OR %s)", IS_WRITTEN)
        former_sudo = changed._find_waiting_sms(is_either).filtered(
            lambda it: (
                (it.number, it.record_company_id) == before[it.mail_message_id.res_id]
            )
        )
        written_sudo = former_sudo.filtered(lambda sms: not sms.ticket_fact)
        former_sudo.ticket_fact = FORMER
        former_sudo.with_user(SUPERUSER_ID)._ask_gate()
        for sms_sudo in written_sudo:
            self._tell_sms_author(sms_sudo)
        moved = changed.filtered(lambda it: before[it.id][0] != it._get_sms_line()[0])
        self.env["sms.question"]._end("rating", moved, CANCELLED)

    def _tell_sms_author(self, sms_sudo):
        """Notify on the ticket who wrote a text that was cancelled, and why it was."""
        author = sms_sudo.create_uid.partner_id
        sms_sudo = sms_sudo.with_context(lang=author.lang)
        about = self._describe_waiting_sms(sms_sudo)
        note = f"{about['label']}: “{about['words']}”. {sms_sudo.shown_reason}."
        ticket = self.browse(sms_sudo.mail_message_id.res_id)
        ticket.with_user(SUPERUSER_ID).message_post(
            body=note, partner_ids=author.ids, subtype_xmlid="mail.mt_note"
        )

    def _get_sms_fact(self, trigger):
        """Return the fact that must hold until the text of a trigger is sent."""
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
        """Return a trigger and its fact, as stored in ``sms.sms.ticket_fact``."""
        return f"{trigger} {self._get_sms_fact(trigger)}"

    def _end_overtaken_sms(self):
        """Have the gate cancel waiting texts whose fact no longer holds.

        As OdooBot: the customer may have closed the ticket.
        """
        waiting_sudo = self._find_waiting_sms(SQL("sms.ticket_fact IS NOT NULL"))
        waiting_sudo._find_overtaken().with_user(SUPERUSER_ID)._ask_gate()

    def _find_waiting_sms(self, condition, is_locked=True):
        """Return the waiting texts about the tickets, in sudo, locked by default.

        Texts locked by the outbox are about to be sent, and are skipped.

        :param SQL condition: on ``sms``
        :param bool is_locked: False to read without locking or skipping
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
        """Return the held texts written by people, locked by default."""
        is_held = "%s AND sms.gate_verdict = 'hold' AND sms.not_before > %s"
        is_held = SQL(is_held, IS_WRITTEN, fields.Datetime.now())
        return self._find_waiting_sms(is_held, is_locked)

    def get_sms_waiting(self, stage_id=False):
        """Return the texts by people that still wait, for tickets about to be closed.

        :param stage_id: stage that the tickets move to; False: one that closes
        :return: ``count`` and ``texts`` (the first few: ``id``, ``ticket``, ``author``,
            ``words``, ``label``); False if none waits, if the stage does not close,
            or if the user is not a helpdesk user
        :raises AccessError: if the user may not read the tickets
        """
        self.check_access("read")
        if not self.env.user.has_group(DESK_GROUP):
            return False
        if stage_id:
            stages_sudo = self.env["helpdesk.ticket.stage"].sudo()
            if not stages_sudo.browse(self._read_sms_id(stage_id)).exists().closed:
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

    def _describe_waiting_sms(self, sms_sudo):
        return {
            "id": sms_sudo.id,
            "ticket": self.browse(sms_sudo.mail_message_id.res_id).number,
            "author": sms_sudo.create_uid.name,
            "words": shorten(sms_sudo.body, WORDS_LIMIT),
            "label": sms_sudo.shown_label,
        }

    def cancel_sms_waiting(self):
        """Cancel the waiting texts by people, at the user's request.

        :return: how many were cancelled
        :raises AccessError: unless a helpdesk user who may edit the tickets
        """
        self._check_sms_inbox()
        waiting_sudo = self._find_written_sms()
        waiting_sudo.cancelled_by_id = self.env.user
        waiting_sudo.action_set_canceled()
        return len(waiting_sudo)

    def _note_waiting_sms(self):
        """Note on closed or archived tickets that texts still wait."""
        waiting_sudo = self._find_written_sms(is_locked=False)
        if counts := Counter(it.mail_message_id.res_id for it in waiting_sudo):
            bodies = {
                ticket_id: self.env._(
                    "Texts to the customer that still wait for their time: %s. They "
                    "will be sent all the same, unless you cancel them under Text "
                    "messages.",
                    count,
                )
                for ticket_id, count in counts.items()
            }
            tickets = self.browse(counts).with_user(SUPERUSER_ID)
            tickets._message_log_batch(bodies=bodies)
