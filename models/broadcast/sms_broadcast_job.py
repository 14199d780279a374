# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ...tools.verdicts import HAVE_GOT
from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..ledger.sms_purpose import ALERT
from ..message.sms_sms_intake import BATCH_SIZE, Recipient
from .sms_broadcast import (
    CHECKING,
    DRAFT,
    LEAVING,
    PAUSED,
    PLANNED,
    QUEUEING,
    RUNNING,
    SENT,
)
from .sms_broadcast_recipient import HELD, NEW, QUEUED, WILL

#: The stages of the progress bar: states of their messages, and color.
STAGES = {
    "delivered": (("sent",), "bg-success"),
    "handed_over": (("pending",), "bg-info"),
    "waiting": (("outgoing", "process", "unknown"), "bg-secondary"),
    "failed": (("error",), "bg-danger"),
    "stopped": (("canceled",), "bg-dark"),
}
#: News sooner after the last text are hardly substantial.
SHORT_WHILE = timedelta(minutes=30)


class SmsBroadcastJob(models.Model):
    """The job of a broadcast: asks the gate about everybody, then queues the texts.

    A batch's messages and marks are committed together, so a job that was killed goes
    on where it stood, and nobody is texted twice.
    """

    _inherit = "sms.broadcast"

    progress_html = fields.Html(compute="_compute_progress", sanitize=False)
    is_live = fields.Boolean(
        compute="_compute_progress", help="Something still changes by itself."
    )
    discipline_note = fields.Char(compute="_compute_discipline_note")

    @api.model
    def _wake(self, at=None):
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast").sudo()._trigger(at)

    @api.model
    def _run_broadcasts(self):
        """Work off the running broadcasts in batches, emergencies first (cron)."""
        running = self._get_running_domain()
        while broadcast := self.search(running, order="is_emergency DESC, id", limit=1):
            done = try_work_off(broadcast, broadcast._work_off, DATABASE_FAULTS)
            if done is None:
                done = broadcast._stop_for_fault()
            left = self.search_count(running)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) and left:
                return

    @api.model
    def _get_running_domain(self):
        """Return the domain of those with work to do: running, or due by now."""
        is_due = Domain("leaves_at", "<=", fields.Datetime.now())
        return Domain("state", "in", RUNNING) | Domain("state", "=", PLANNED) & is_due

    def _stop_for_fault(self):
        """Stop a broadcast that fails, unless a button was faster."""
        self._wait_for_row()
        if self.state not in (*RUNNING, PLANNED):
            return 0
        self.state = PAUSED if self.state == QUEUEING else DRAFT
        self.message_post(
            body=self.env._(
                "It was stopped by a server error, which an administrator finds in "
                "the log. Nobody gets it twice: resume it once the error is fixed."
            ),
            partner_ids=self.user_id.partner_id.ids,
        )
        return 1

    def _work_off(self):
        """Check or queue the next batch, unless it was paused or cancelled meanwhile.

        :return: the number of recipients
        """
        self.ensure_one()
        self._wait_for_row()
        if self.state not in (*RUNNING, PLANNED):
            return 0
        job = self.with_company(self.company_id)
        if job.state == PLANNED:
            return job._leave()
        if job.state in (CHECKING, LEAVING):
            batch = job._get_batch([NEW])
            job._judge(job._address(batch))
            if len(batch) < BATCH_SIZE:
                job._end_check()
        else:
            batch = job._get_batch([WILL, HELD])
            job._queue(batch)
            if len(batch) < BATCH_SIZE:
                job.state = SENT
        return len(batch)

    def _wait_for_row(self):
        """Lock the broadcast against buttons, or against its job.

        It waits, where Odoo's own lock gives up: a pause must get in between two
        batches. After a change the other transaction starts over.
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

    def _queue(self, recipients):
        """Queue the messages to a batch; news replace what still waits."""
        recipients = self._leave_out_muted(recipients)
        if not recipients:
            return
        words = self._get_words(set(recipients.mapped("lang")))
        recipients.partner_id.fetch(["name"])
        send_times = self._get_send_times(recipients)
        [messages] = self.env["sms.sms"]._queue_many(
            self.company_id,
            self.env["sms.purpose"]._get(ALERT),
            [
                Recipient(
                    recipient.partner_id.id,
                    recipient.number,
                    self._fill_in(words[recipient.lang], recipient),
                    send_at,
                )
                for recipient, send_at in zip(recipients, send_times, strict=True)
            ],
            broadcast_id=self.id,
            incident_id=self.incident_id.id,
            keeps_hours=not self.is_emergency,
        )
        recipients._write_rows(
            zip(recipients.ids, [QUEUED] * len(messages), messages.ids, strict=True),
            outcome="varchar",
            sms_id="int4",
        )
        if self._is_follow_up():
            self._replace_waiting(recipients)

    # === Progress ===

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
        """Return ``{broadcast id: {stage of STAGES: count of messages}}``."""
        stage_of = {
            state: stage for stage, (states, _c) in STAGES.items() for state in states
        }
        groups = (
            self.env["sms.sms"]
            .sudo()
            ._read_group(
                [("broadcast_id", "in", self.ids), ("sent_again_id", "=", False)],
                ["broadcast_id", "state"],
                ["__count"],
            )
        )
        found = {}
        for broadcast, state, count in groups:
            counts = found.setdefault(broadcast.id, dict.fromkeys(STAGES, 0))
            counts[stage_of[state]] += count
        return found

    def _count_answers(self):
        """Return how many recipients have texted since, and how many opted out."""
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
        counts = dict(found)
        if self.state in (QUEUEING, PAUSED):
            counts["waiting"] += self.env["sms.broadcast.recipient"].search_count(
                [("broadcast_id", "=", self.id), ("outcome", "in", (WILL, HELD))]
            )
        total = sum(counts.values())
        bar = Markup("<div class='progress-bar %s' style='width: %.2f%%'></div>")
        bars, notes = Markup(""), []
        for stage, (_states, color) in STAGES.items():
            if count := counts[stage]:
                bars += bar % (color, 100 * count / total)
                notes.append(f"{formatLang(self.env, count, 0)} {labels[stage]}")
        answered, left = self._count_answers()
        notes.append(
            self.env._("%s have texted back", formatLang(self.env, answered, 0))
        )
        notes.append(self.env._("%s have opted out", formatLang(self.env, left, 0)))
        return Markup(
            "<div class='progress o_sms_progress'>%s</div><div class='mt-2'>%s</div>"
        ) % (bars, " · ".join(notes))

    # === Warning of too many texts about one incident ===

    @api.depends("state", "incident_id.text_limit", "recipient_ids.outcome")
    def _compute_discipline_note(self):
        for broadcast in self:
            notes = broadcast._origin._get_discipline_notes()
            broadcast.discipline_note = " ".join(notes)

    def _get_discipline_notes(self):
        """Return what speaks against another text about the incident now.

        The beginning, substantial news, the end: more is noise, and ends in STOP.
        """
        incident_sudo = self.incident_id.sudo()
        if not incident_sudo or self.started_at:
            return []
        notes = []
        if people := self._count_told_enough():
            notes.append(
                self.env._(
                    "%(people)s people have already had %(limit)s texts or more about "
                    "this incident. Is this news worth another one?",
                    people=formatLang(self.env, people, 0),
                    limit=incident_sudo.text_limit,
                )
            )
        begun = incident_sudo.broadcast_ids.filtered("started_at").mapped("started_at")
        passed = fields.Datetime.now() - max(begun) if begun else SHORT_WHILE
        if passed < SHORT_WHILE:
            notes.append(
                self.env._(
                    "The last text about it was sent less than half an hour ago. "
                    "Minor news can go on the status page without a text."
                )
            )
        return notes

    def _count_told_enough(self):
        """Count the people it would reach who have had as many texts as the limit."""
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
