# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time

from odoo import api, models
from odoo.tools import SQL

from ..tools import consent, verdicts
from .sms_consent_key import ConsentKeyError
from .sql_array import as_array

#: Seconds between two looks at who has left since their texts were claimed.
RECALL_EVERY = 0.5
#: Seconds from the beginning of a look within which posts may begin. With the way to
#: the carrier it stays below two: no claimed text leaves later after a STOP.
RECALL_WITHIN = 1.2


class SmsDispatcher(models.AbstractModel):
    """What was claimed and has not begun: whoever says STOP meanwhile gets none of it.

    Behind a slow carrier a claimed text may wait for minutes, longer than a STOP may
    take ("at once" is our target; 47 CFR 64.1200(a)(10): a reasonable time). The
    threads do no database work. So the run looks for them, twice a second, and they
    begin nothing more when its last look is too long ago.
    """

    _inherit = "sms.dispatcher"

    @api.model
    def _recall(self, poster, run):
        """Take back what must not leave any more; let the rest begin for a while.

        :param Poster poster: the threads, and what waits for them
        :param DispatchRun run: this one
        """
        looked_at = time.monotonic()
        if looked_at - run.recalled_at < RECALL_EVERY:
            return
        run.recalled_at = looked_at
        calls = [call for call in poster.get_waiting() if call.kind == "send"]
        blocked = calls and self._in_new_transaction(self._find_blocked, calls, run)
        taken = poster.withdraw(blocked) if blocked else []
        poster.allow_until(looked_at + RECALL_WITHIN)
        if taken:
            self._in_new_transaction(self._block_taken, taken)

    @api.model
    def _find_blocked(self, calls, run):
        """Return the calls whose message the gate does not let leave any more.

        The gate is asked about those only whose number has ended something, and once
        about each event of the ledger: some pass it nevertheless, as the confirmation
        of a STOP does.

        :param calls: list of ``Call``, that have not begun
        :param DispatchRun run: remembers what the gate was asked about
        :rtype: set
        """
        ended = self._find_ended(calls)
        doubtful = [call for call in ended if run.asked.get(call) != ended[call]]
        run.asked = ended
        by_id = {call.sms_id: call for call in doubtful}
        messages = self.env["sms.sms"].browse(by_id).exists()
        readers = messages.partner_id._get_sms_readers()
        questions = [it._get_question(readers, sms_id=it.id) for it in messages]
        decisions = self.env["sms.gate"]._decide(questions) if questions else []
        return {
            by_id[sms.id]
            for sms, (decision, _event_id) in zip(messages, decisions, strict=True)
            if decision.verdict == verdicts.BLOCK
        }

    @api.model
    def _find_ended(self, calls):
        """Return the calls to numbers that have ended anything, and by which event.

        Without the ledger's key nobody knows who that is: the gate is asked about all.

        :param calls: list of ``Call``
        :return: ``{call: newest event's id}``
        """
        if not calls:
            return {}
        try:
            hashes = self.env["sms.consent.key"]._hash(call.number for call in calls)
        except ConsentKeyError:
            return dict.fromkeys(calls, 0)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT answer.*
                  FROM unnest(%s) AS wanted (number_hash),
                       LATERAL (
                           SELECT company_id, number_hash, max(event_id)
                             FROM sms_consent
                            WHERE company_id = ANY(%s)
                              AND number_hash = wanted.number_hash
                              AND state IN (%s, %s)
                         GROUP BY company_id, number_hash
                           OFFSET 0
                       ) AS answer
                """,
                as_array(list(set(hashes.values())), "varchar"),
                list({call.company_id for call in calls}),
                consent.OPTED_OUT,
                consent.NONE,
            )
        )
        events = {(company_id, value): event_id for company_id, value, event_id in rows}
        found = {
            call: events.get((call.company_id, hashes.get(call.number)))
            for call in calls
        }
        return {call: event_id for call, event_id in found.items() if event_id}

    @api.model
    def _block_taken(self, calls):
        """Release messages that were taken back, and let the gate say why they end.

        In one transaction: nobody claims them in between. A crash before it leaves them
        claimed; then they are looked up, and meet the gate when they are tried again.

        :param calls: list of ``Call``
        """
        released = self._release(calls)
        released._ask_gate()
        released.mail_message_id._notify_message_notification_update()
