# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ...tools.verdicts import BLOCK, HAVE_GOT
from ...tools.verdicts import CALLED_OFF as CALLED_OFF_REASONS
from ...tools.verdicts import CANCELLED as CANCELLED_REASON
from ..core.batch_jobs import DATABASE_FAULTS, lock_next, try_work_off
from ..ledger.sms_purpose import ALERT
from ..message.sms_sms_intake import Recipient
from . import sms_broadcast as states
from . import sms_broadcast_recipient as outcomes

#: Recipients of a batch, which delays an urgent text by up to a second.
BATCH_SIZE = 1000
#: Mails created in one transaction.
MAIL_BATCH = 500
#: Most people who are checked while the user waits; the job checks more.
AT_ONCE = 3000
#: Stages of the progress bar: the states of their messages, and the color.
STAGES = {
    "delivered": (("sent",), "bg-success"),
    "handed_over": (("pending",), "bg-info"),
    "sending": (("process", "unknown"), "bg-primary"),
    "waiting": (("outgoing",), "bg-secondary"),
    "failed": (("error",), "bg-danger"),
    "blocked": (("canceled",), "bg-warning"),
    "cancelled": ((), "bg-dark"),
}
#: Stages of messages that were sent, or may have been.
LEFT = ("delivered", "handed_over", "sending", "failed")
#: States of messages that will still change by themselves.
ON_THE_WAY = ("outgoing", "process", "unknown")
#: Bounds of the interval at which the job checks whether the last text was sent.
SOON, LATER = timedelta(minutes=1), timedelta(minutes=5)
#: The author is notified of the end of a broadcast that takes longer than this.
LONG = timedelta(minutes=10)
#: News this soon after the last text draws a warning.
SHORT_WHILE = timedelta(minutes=30)


class SmsBroadcastJob(models.Model):
    """The job of a broadcast: asks the gate about everybody, then queues the texts.

    An incident's news is e-mailed to those who may not be texted. A batch's messages
    and marks are committed together, so a killed job resumes where it stopped, and
    nobody is texted twice.
    """

    _inherit = "sms.broadcast"

    finished_at = fields.Datetime(
        "Finished On", readonly=True, copy=False, help="Nothing waits any more."
    )
    progress_html = fields.Html(compute="_compute_progress", sanitize=False)
    is_live = fields.Boolean(
        compute="_compute_progress", help="Something still changes by itself."
    )
    waiting_count = fields.Integer(
        compute="_compute_progress", help="What can still be held or cancelled."
    )
    shown_state = fields.Selection(
        lambda self: self._fields["state"]._description_selection(self.env),
        "Status",
        compute="_compute_progress",
    )
    standing_note = fields.Char(compute="_compute_progress")
    cancel_note = fields.Char(compute="_compute_progress")
    discipline_note = fields.Char(compute="_compute_discipline_note")

    @api.model
    def _run_broadcasts(self):
        """Process the running broadcasts in batches, emergencies first (cron)."""
        running = self._get_running_domain()
        while broadcast := self.search(running, order="is_emergency DESC, id", limit=1):
            done = try_work_off(broadcast, broadcast._work_off, DATABASE_FAULTS)
            if done is None:
                done = broadcast._stop_for_fault()
            left = self.search_count(running)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) and left:
                return
        is_sent = Domain("state", "=", states.SENT)
        for broadcast in self.search(is_sent & Domain("finished_at", "=", False)):
            try_work_off(broadcast, broadcast._finish, DATABASE_FAULTS)
            self.env["ir.cron"]._commit_progress()

    @api.model
    def _get_running_domain(self):
        is_due = Domain("leaves_at", "<=", fields.Datetime.now())
        has_texts = Domain([("started_at", "!=", False), ("finished_at", "=", False)])
        return (
            Domain("state", "in", states.RUNNING)
            | Domain("state", "=", states.PLANNED) & is_due
            | Domain("state", "=", states.CANCELLED) & has_texts
        )

    def _stop_for_fault(self):
        """Stop a broadcast that fails, unless its state was changed meanwhile."""
        self._wait_for_row()
        if self.state == states.CANCELLED:
            self.finished_at = fields.Datetime.now()  # the gate does the rest
            return 1
        if self.state not in (*states.RUNNING, states.PLANNED):
            return 0
        state = states.PAUSED if self.state == states.QUEUEING else states.DRAFT
        self.write({"state": state, "paused_by_id": False})
        self._tell_author(
            self.env._(
                "It was stopped by a server error, which an administrator finds in "
                "the log. Nobody gets it twice: resume it once the error is fixed."
            )
        )
        return 1

    def _work_off(self):
        """Check or queue the next batch unless paused or cancelled; return its size."""
        self._wait_for_row()
        if self.state == states.CANCELLED and not self.finished_at:
            return self._cancel_next()
        if self.state not in (*states.RUNNING, states.PLANNED):
            return 0
        job = self.with_company(self.company_id)
        if job.state == states.PLANNED:
            return job._leave()
        if job.state in (states.CHECKING, states.LEAVING):
            batch = job._get_batch("outcome", [outcomes.NEW], BATCH_SIZE)
            job._judge(job._address(batch))
            if len(batch) < BATCH_SIZE:
                job._end_check()
        else:
            batch = job._get_batch("outcome", outcomes.UNTEXTED, BATCH_SIZE)
            job._queue(batch)
            if len(batch) < BATCH_SIZE and not job._add_told():
                if job._is_overtaken():
                    job._call_off_recipients()
                mailed = job._mail_next() if job._tells_news() else 0
                if mailed < MAIL_BATCH:
                    job.state = states.SENT
                return len(batch) + mailed
        return len(batch)

    def _cancel_next(self):
        """Cancel a batch of texts; the gate cancels those locked by the outbox."""
        waiting = SQL("broadcast_id = %s AND state = 'outgoing'", self.id)
        messages_sudo = self.env["sms.sms"].sudo()
        messages_sudo = lock_next(messages_sudo, waiting, SQL("id"), BATCH_SIZE)
        values = self.env["sms.sms"]._get_standing_values(CANCELLED_REASON)
        values["cancelled_by_id"] = self.cancelled_by_id.id
        self._change_waiting(values, SQL("id = ANY(%s)", messages_sudo.ids))
        if len(messages_sudo) < BATCH_SIZE:
            self.finished_at = fields.Datetime.now()
        return len(messages_sudo)

    def _wait_for_row(self):
        """Lock the broadcast against buttons, or against its job.

        Waits, unlike Odoo's own lock: a pause must get in between two batches. If the
        row was changed meanwhile, Odoo retries this transaction.
        """
        self.env.cr.execute(
            "SELECT 1 FROM sms_broadcast WHERE id = %s FOR NO KEY UPDATE", [self.id]
        )

    def _get_batch(self, name, values, limit):
        own = [("broadcast_id", "=", self.id), (name, "in", values)]
        return self.env["sms.broadcast.recipient"].search(own, order="id", limit=limit)

    def _queue(self, recipients):
        """Queue the messages to a batch; news replaces texts that still wait."""
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
                    words[recipient.lang].lang,
                )
                for recipient, send_at in zip(recipients, send_times, strict=True)
            ],
            broadcast_id=self.id,
            incident_id=self.incident_id.id,
            keeps_hours=not self.is_emergency,
        )
        queued = [outcomes.QUEUED] * len(messages)
        rows = zip(recipients.ids, queued, messages.ids, strict=True)
        recipients._write_rows(rows, "outcome", "sms_id")
        if self._is_follow_up():
            self._replace_waiting(recipients)

    def _finish(self):
        """Record and announce that the last text was sent, or check again later."""
        self._wait_for_row()
        if self.state != states.SENT or self.finished_at or not self.started_at:
            return 0
        now = fields.Datetime.now()
        took = now - self.started_at
        waiting = [("broadcast_id", "=", self.id), ("state", "in", ON_THE_WAY)]
        if self.env["sms.sms"].search_count(waiting, limit=1):
            again_at = now + min(max(took / 10, SOON), LATER)
            self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast", again_at)
            return 0
        self.finished_at = now
        notes = self._name_counts(self._count_stages()[self.id])
        self.message_post(
            body=self.env._("All texts have left: %s", " · ".join(notes)),
            partner_ids=self.user_id.partner_id.ids if took > LONG else None,
        )
        return 1

    def _check_now(self):
        """Check recipients: a few at once, many by the job."""
        self.action_check()
        broadcast_sudo = self.sudo()
        if broadcast_sudo.concerned_count > AT_ONCE:
            return
        while broadcast_sudo.state == states.CHECKING:
            broadcast_sudo._work_off()
        self.invalidate_recordset()

    # === Mails ===

    def _mark_mails(self):
        """Mark who gets it by e-mail instead of a text, and why others do not."""
        self.env["res.partner"].flush_model(["email_normalized"])
        self.env["mail.blacklist"].flush_model()
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient own SET mail_outcome = found.outcome
              FROM (SELECT untold.id,
                           CASE WHEN COALESCE(partner.email_normalized, '') = ''
                                THEN 'no_address'
                                WHEN listed.id IS NOT NULL THEN 'excluded'
                                WHEN row_number() OVER (
                                     PARTITION BY partner.email_normalized
                                     ORDER BY untold.id) > 1 THEN 'same_address'
                                ELSE 'mail' END AS outcome
                      FROM sms_broadcast_recipient untold
                 LEFT JOIN res_partner partner ON partner.id = untold.partner_id
                 LEFT JOIN mail_blacklist listed
                        ON listed.email = partner.email_normalized
                       AND listed.active
                     WHERE untold.broadcast_id = %s
                       AND untold.outcome IN ('blocked', 'no_number')
                   ) AS found
             WHERE own.id = found.id AND own.mail_outcome IS NULL
            """,
            [self.id],
        )
        self.env["sms.broadcast.recipient"].invalidate_model(["mail_outcome"])
        self.invalidate_recordset(["needs_approval"])

    def _mail_next(self):
        """Queue a batch of mails, which Odoo's queue sends.

        Their recipients are marked in the same transaction, so nobody gets two.

        :return: the number of recipients
        """
        recipients = self._get_batch("mail_outcome", [outcomes.MAIL], MAIL_BATCH)
        if not recipients:
            return 0
        excluded = recipients.filtered("partner_id.is_blacklisted")
        mailed = recipients - excluded
        for lang, group in mailed.grouped("lang").items():
            values = self._prepare_mail(lang)
            self.env["mail.mail"].sudo().create(
                [{**values, "recipient_ids": [(4, it.id)]} for it in group.partner_id]
            )
        rows = [(it.id, outcomes.MAILED) for it in mailed]
        rows += [(it.id, outcomes.EXCLUDED) for it in excluded]
        recipients._write_rows(rows, "mail_outcome")
        self.env["sms.incident"]._wake_mails()
        return len(recipients)

    def _prepare_mail(self, lang):
        """Return the values of the mail in a language, without its recipient."""
        company_sudo = self.company_id.sudo()
        told = self._get_told_langs()
        it = self.with_context(lang=company_sudo._pick_sms_told_lang(told, lang))
        incident_sudo = it.incident_id.sudo()
        return {
            "subject": f"{company_sudo.name}: {incident_sudo.name}",
            "body_html": incident_sudo._render_news(it._get_shared_words()[states.NEWS])
            + Markup("<p>%s</p>") % company_sudo.name,
            "email_from": company_sudo.email_formatted or self.env.user.email_formatted,
            "auto_delete": True,
        }

    # === Progress ===

    @api.depends("state", "started_at", "finished_at")
    @api.depends_context("lang")
    def _compute_progress(self):
        counts = self._origin._count_stages()
        for broadcast in self:
            it = broadcast._origin
            found = counts.get(it.id) or dict.fromkeys(STAGES, 0)
            is_moving = bool(found["waiting"] or found["sending"])
            if broadcast.state == states.CANCELLED:
                # The gate will cancel these.
                found["cancelled"] += found.pop("waiting")
            waiting = broadcast.waiting_count = found.get("waiting", 0)
            left_off = (states.SENT, states.PAUSED, states.CANCELLED)
            is_on = broadcast.state in left_off and is_moving
            broadcast.is_live = broadcast.state in states.RUNNING or is_on
            is_leaving = broadcast.state == states.SENT and is_moving
            broadcast.shown_state = states.QUEUEING if is_leaving else broadcast.state
            is_shown = any(found.values())
            broadcast.progress_html = it._render_progress(found) if is_shown else False
            left = sum(found[stage] for stage in LEFT)
            broadcast.standing_note = it._describe_standing(left, waiting)
            broadcast.cancel_note = it._describe_cancel(left, waiting)

    def _describe_standing(self, left, waiting):
        left, waiting = formatLang(self.env, left, 0), formatLang(self.env, waiting, 0)
        if self.state == states.PAUSED:
            counts = {"left": left, "waiting": waiting}
            notes = [
                self.env._("%(left)s sent, %(waiting)s waiting.", **counts),
                self.env._("Resume sends the rest, and nobody gets it twice."),
            ]
            if self.paused_by_id:
                notes.insert(0, self.env._("Paused by %s.", self.paused_by_id.name))
            return " ".join(notes)
        if self.state != states.CANCELLED:
            return False
        who = self.env._("Cancelled by %s.", self.cancelled_by_id.name or "")
        if not self.started_at:
            return f"{who} {self.env._('Nothing was sent.')}"
        return f"{who} {self.env._('%s had been sent by then.', left)}"

    def _describe_cancel(self, left, waiting):
        if not self.started_at:
            return self.env._("Nothing has been sent. Nobody will get it.")
        return self.env._(
            "Sent: %(left)s, which cannot be taken back. Not sent yet: %(waiting)s, "
            "which will be cancelled.",
            left=formatLang(self.env, left, 0),
            waiting=formatLang(self.env, waiting, 0),
        )

    def _count_stages(self):
        """Return ``{broadcast id: {stage of STAGES: people}}``, by their messages."""
        stage_of = {
            state: stage for stage, (states, _c) in STAGES.items() for state in states
        }
        found = {it.id: dict.fromkeys(STAGES, 0) for it in self}
        mine = Domain("broadcast_id", "in", self.filtered("started_at").ids)
        last = mine & Domain("sent_again_id", "=", False)
        columns = ["broadcast_id", "state", "gate_verdict", "gate_reason"]
        groups = self.env["sms.sms"].sudo()._read_group(last, columns, ["__count"])
        for broadcast, state, verdict, reason, count in groups:
            is_called_off = verdict != BLOCK or reason in CALLED_OFF_REASONS
            is_cancelled = state == "canceled" and is_called_off
            stage = "cancelled" if is_cancelled else stage_of[state]
            found[broadcast.id][stage] += count
        is_untexted = (*outcomes.UNTEXTED, outcomes.CALLED_OFF)
        untexted = mine & Domain("outcome", "in", is_untexted)
        recipients = self.env["sms.broadcast.recipient"]
        columns = ["broadcast_id", "outcome"]
        groups = recipients._read_group(untexted, columns, ["__count"])
        for broadcast, outcome, count in groups:
            stage = "cancelled" if outcome == outcomes.CALLED_OFF else "waiting"
            found[broadcast.id][stage] += count
        return found

    def _count_answers(self):
        """Return how many recipients have texted since, and how many opted out.

        Of erased texts, those on one ticket are one person's. None for the opt-outs:
        all numbers were erased.
        """
        if not self.started_at:
            return 0, 0
        self.env.cr.execute(
            """
            SELECT (SELECT count(DISTINCT COALESCE(number, ticket_id::varchar))
                      FROM sms_inbound
                     WHERE broadcast_id = %(broadcast)s AND kind = 'conversation'),
                   CASE WHEN count(own.number) > 0
                        THEN count(DISTINCT consent.number) END
              FROM sms_broadcast_recipient own
         LEFT JOIN sms_consent consent
                ON consent.number = own.number AND consent.company_id = %(company)s
               AND consent.state = 'opted_out' AND consent.since >= %(since)s
             WHERE own.broadcast_id = %(broadcast)s AND own.outcome = 'queued'
            """,
            {
                "company": self.company_id.id,
                "broadcast": self.id,
                "since": self.started_at,
            },
        )
        return self.env.cr.fetchone()

    @api.model
    def _name_counts(self, found):
        labels = {
            "delivered": self.env._("delivered"),
            "handed_over": self.env._("sent"),
            "sending": self.env._("being sent"),
            "waiting": self.env._("waiting"),
            "failed": self.env._("not delivered"),
            "blocked": self.env._("blocked"),
            "cancelled": self.env._("cancelled"),
        }
        return [
            f"{formatLang(self.env, found[it], 0)} {labels[it]}"
            for it in STAGES
            if found.get(it)
        ]

    def _render_progress(self, found):
        total = sum(found.values())
        bar = Markup("<div class='progress-bar %s' style='width: %.2f%%'></div>")
        bars = Markup("").join(
            bar % (color, 100 * found[stage] / total)
            for stage, (_states, color) in STAGES.items()
            if found.get(stage)
        )
        answered, left = self._count_answers()
        notes = [
            *self._name_counts(found),
            self.env._("%s have texted back", formatLang(self.env, answered, 0)),
        ]
        if left is not None:
            left = formatLang(self.env, left, 0)
            notes.append(self.env._("%s have opted out", left))
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
        """Return warnings against another text about the incident now.

        An announcement, important news and the end are enough; more texts annoy people
        into replying STOP.
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
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        incident_sudo = self.incident_id.sudo()
        limits = [incident_sudo.id, list(HAVE_GOT), incident_sudo.text_limit]
        self.env.cr.execute(
            """
            SELECT count(*) FROM sms_broadcast_recipient own
             WHERE own.broadcast_id = %s AND own.outcome IN %s
               AND (SELECT count(*) FROM sms_sms had
                     WHERE had.incident_id = %s AND had.number = own.number
                       AND had.state = ANY(%s)) >= %s
            """,
            [self.id, outcomes.UNTEXTED, *limits],
        )
        return self.env.cr.fetchone()[0]
