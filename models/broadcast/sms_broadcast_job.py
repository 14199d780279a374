# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.verdicts import HAVE_GOT
from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..core.bulk_insert import as_arrays
from ..ledger.sms_purpose import ALERT
from ..message.sms_sms_intake import BATCH_SIZE, Recipient
from .sms_broadcast import CHECKED, CHECKING, DRAFT, PAUSED, QUEUEING, RUNNING, SENT
from .sms_broadcast_recipient import HELD, NEW, QUEUED, WILL

#: What a message's state counts as, in the order of the bar; its colour.
STAGES = {
    "delivered": (("sent",), "bg-success"),
    "handed_over": (("pending",), "bg-info"),
    "waiting": (("outgoing", "process", "unknown"), "bg-secondary"),
    "failed": (("error",), "bg-danger"),
    "stopped": (("canceled",), "bg-dark"),
}
#: News that come sooner after the last text are hardly substantial.
SHORT_WHILE = timedelta(minutes=30)


class SmsBroadcastJob(models.Model):
    """The work of a broadcast: asks the gate about everybody, then queues the texts.

    What a batch queues and whom it marks as queued is committed together, so a job
    that was killed goes on where it stood, and nobody is texted twice.
    """

    _inherit = "sms.broadcast"

    progress_html = fields.Html(compute="_compute_progress", sanitize=False)
    is_live = fields.Boolean(
        compute="_compute_progress", help="Something still changes by itself."
    )

    discipline_note = fields.Char(compute="_compute_discipline_note")

    @api.model
    def _wake(self):
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast").sudo()._trigger()

    @api.model
    def _run_broadcasts(self):
        """Go on with every broadcast that is running, batch by batch (cron).

        Emergencies first.
        """
        running = [("state", "in", RUNNING)]
        while broadcast := self.search(running, order="is_emergency DESC, id", limit=1):
            done = try_work_off(broadcast, broadcast._work_off, DATABASE_FAULTS)
            if done is None:
                done = broadcast._stop_for_fault()
            left = self.search_count(running)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) and left:
                return

    def _stop_for_fault(self):
        """Stop what cannot go on, so that it keeps no other broadcast waiting.

        Not where a button was faster: what was cancelled meanwhile stays so.
        """
        self._wait_for_row()
        if self.state not in RUNNING:
            return 0
        self.state = DRAFT if self.state == CHECKING else PAUSED
        self.message_post(
            body=self.env._(
                "It was stopped by a fault of the server, which an administrator finds "
                "in its log. Nobody gets it twice: go on when it is mended."
            ),
            partner_ids=self.user_id.partner_id.ids,
        )
        return 1

    def _work_off(self):
        """Check or queue the next recipients, and move on when there are none.

        Nothing, where a button was faster that paused or cancelled it.
        """
        self.ensure_one()
        self._wait_for_row()
        if self.state not in RUNNING:
            return 0
        job = self.with_company(self.company_id)
        if job.state == CHECKING:
            batch = job._get_batch([NEW])
            job._judge(batch)
            if len(batch) < BATCH_SIZE:
                job.write({"state": CHECKED, "checked_at": fields.Datetime.now()})
        else:
            batch = job._get_batch([WILL, HELD])
            job._queue(batch)
            if len(batch) < BATCH_SIZE:
                job.state = SENT
        return len(batch)

    def _wait_for_row(self):
        """Let the job and a button have the broadcast one after the other.

        Waits, where Odoo's own lock gives up: a pause must get in between two batches.
        Who comes after a change starts over, as with every conflict.
        """
        self.env.cr.execute(
            SQL("SELECT 1 FROM sms_broadcast WHERE id = %s FOR NO KEY UPDATE", self.id)
        )

    def _get_batch(self, outcomes):
        return self.env["sms.broadcast.recipient"].search(
            [("broadcast_id", "=", self.id), ("outcome", "in", outcomes)],
            order="id",
            limit=BATCH_SIZE,
        )

    def _get_message_values(self):
        return {
            "broadcast_id": self.id,
            "incident_id": self.incident_id.id,
            "keeps_hours": not self.is_emergency,
        }

    def _queue(self, recipients):
        """Make the messages to some recipients. The gate has the last word on each.

        News replace what still waits.
        """
        recipients = self._leave_out_muted(recipients)
        if not recipients:
            return
        words = self._get_words(set(recipients.mapped("lang")))
        recipients.partner_id.fetch(["name"])
        [messages] = self.env["sms.sms"]._queue_many(
            self.company_id,
            self.env["sms.purpose"]._get(ALERT),
            [
                Recipient(
                    recipient.partner_id.id,
                    recipient.number,
                    self._fill_in(words[recipient.lang], recipient),
                )
                for recipient in recipients
            ],
            **self._get_message_values(),
        )
        self.env.flush_all()
        pairs = zip(recipients.ids, messages.ids, strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_broadcast_recipient own
                   SET outcome = %s, sms_id = new.sms_id
                  FROM unnest(%s) AS new (id, sms_id)
                 WHERE own.id = new.id
                """,
                QUEUED,
                as_arrays(pairs, "int4", "int4"),
            )
        )
        recipients.invalidate_recordset()
        if self._is_follow_up():
            self._replace_waiting(recipients)

    # ------------------------------------------------------------------
    # How far a broadcast has come, counted from its rows whenever somebody looks
    # ------------------------------------------------------------------

    @api.depends("state")
    def _compute_progress(self):
        counts = self._origin._count_messages()
        for broadcast in self:
            found = counts.get(broadcast._origin.id, {})
            waiting = found.get("waiting", 0)
            broadcast.is_live = broadcast.state in RUNNING or (
                broadcast.state in (SENT, PAUSED) and bool(waiting)
            )
            broadcast.progress_html = (
                broadcast._origin._render_progress(found) if found else False
            )

    def _count_messages(self):
        """Return how many messages are where.

        :return: ``{broadcast id: {stage: count}}``, the stages of :data:`STAGES`
        """
        stage_of = {
            state: stage for stage, (states, _c) in STAGES.items() for state in states
        }
        self.env["sms.sms"].flush_model(["state", "broadcast_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT broadcast_id, state, count(*) FROM sms_sms
                 WHERE broadcast_id = ANY(%s) GROUP BY broadcast_id, state
                """,
                self.ids,
            )
        )
        found = {}
        for broadcast_id, state, count in rows:
            counts = found.setdefault(broadcast_id, dict.fromkeys(STAGES, 0))
            counts[stage_of[state]] += count
        return found

    def _count_answers(self):
        """Return how many of the people have texted since, and how many have left.

        :return: ``(answered, opted out)``
        """
        query = SQL(
            """
            SELECT count(*) FILTER (WHERE EXISTS (
                       SELECT 1 FROM sms_inbound text
                        WHERE text.company_id = %(company)s AND text.number = own.number
                          AND text.kind = 'conversation'
                          AND text.received_at >= %(since)s)),
                   count(*) FILTER (WHERE EXISTS (
                       SELECT 1 FROM sms_consent answer
                        WHERE answer.company_id = %(company)s
                          AND answer.number = own.number
                          AND answer.state = 'opted_out' AND answer.since >= %(since)s))
              FROM sms_broadcast_recipient own
             WHERE own.broadcast_id = %(broadcast)s AND own.outcome = 'queued'
            """,
            company=self.company_id.id,
            broadcast=self.id,
            since=self.started_at,
        )
        return self.env.execute_query(query)[0]

    def _render_progress(self, found):
        """Return the bar, and the numbers below it."""
        labels = {
            "delivered": self.env._("delivered"),
            "handed_over": self.env._("sent"),
            "waiting": self.env._("waiting"),
            "failed": self.env._("not delivered"),
            "stopped": self.env._("blocked or cancelled"),
        }
        total = sum(found.values()) + self._count_to_queue()
        bars, notes = Markup(""), []
        for stage, (_states, colour) in STAGES.items():
            count = found[stage] + (self._count_to_queue() if stage == "waiting" else 0)
            if not count:
                continue
            bars += Markup(
                "<div class='progress-bar %s' style='width: %.2f%%'></div>"
            ) % (
                colour,
                100 * count / total,
            )
            notes.append(f"{count:,} {labels[stage]}")
        answered, left = self._count_answers()
        notes.append(self.env._("%s have texted back", f"{answered:,}"))
        notes.append(self.env._("%s have opted out", f"{left:,}"))
        return Markup(
            "<div class='progress o_sms_progress'>%s</div><div class='mt-2'>%s</div>"
        ) % (bars, " · ".join(notes))

    def _count_to_queue(self):
        if self.state not in (QUEUEING, PAUSED):
            return 0
        return self.env["sms.broadcast.recipient"].search_count(
            [("broadcast_id", "=", self.id), ("outcome", "in", (WILL, HELD))]
        )

    # ------------------------------------------------------------------
    # A warning before people get too many texts about one incident
    # ------------------------------------------------------------------

    # At the beginning, at substantial news, at the end: more is noise, and ends in
    # STOP.

    @api.depends("state", "incident_id.text_limit", "recipient_ids.outcome")
    def _compute_discipline_note(self):
        for broadcast in self:
            notes = broadcast._origin._get_discipline_notes()
            broadcast.discipline_note = " ".join(notes)

    def _get_discipline_notes(self):
        """Return what speaks against another text about the incident now."""
        incident_sudo = self.incident_id.sudo()
        if not incident_sudo or self.started_at:
            return []
        notes = []
        if people := self._count_told_enough():
            notes.append(
                self.env._(
                    "%(people)s people have had %(limit)s texts about this incident or "
                    "more. Is this news worth another one?",
                    people=f"{people:,}",
                    limit=incident_sudo.text_limit,
                )
            )
        begun = incident_sudo.broadcast_ids.filtered("started_at").mapped("started_at")
        passed = fields.Datetime.now() - max(begun) if begun else SHORT_WHILE
        if passed < SHORT_WHILE:
            notes.append(
                self.env._(
                    "The last text about it was sent less than half an hour ago. The "
                    "status page tells small news without a text."
                )
            )
        return notes

    def _count_told_enough(self):
        """Return how many of those who would get it have had as many texts already."""
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        [[count]] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM sms_broadcast_recipient own
                 WHERE own.broadcast_id = %s AND own.outcome IN (%s, %s)
                   AND (SELECT count(*) FROM sms_sms had
                         WHERE had.incident_id = %s AND had.number = own.number
                           AND had.state = ANY(%s)) >= %s
                """,
                self.id,
                WILL,
                HELD,
                self.incident_id.id,
                list(HAVE_GOT),
                self.incident_id.sudo().text_limit,
            )
        )
        return count
