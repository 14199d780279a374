# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from .sms_broadcast import PAUSED, QUEUEING, RUNNING, SENT
from .sms_broadcast_recipient import HELD, WILL

#: What a message's state counts as, in the order of the bar; its colour.
STAGES = {
    "delivered": (("sent",), "bg-success"),
    "handed_over": (("pending",), "bg-info"),
    "waiting": (("outgoing", "process", "unknown"), "bg-secondary"),
    "failed": (("error",), "bg-danger"),
    "stopped": (("canceled",), "bg-dark"),
}


class SmsBroadcast(models.Model):
    """How far a broadcast has come, counted from its rows whenever somebody looks."""

    _inherit = "sms.broadcast"

    progress_html = fields.Html(compute="_compute_progress", sanitize=False)
    is_live = fields.Boolean(
        compute="_compute_progress", help="Something still changes by itself."
    )

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
        """Return how many will get it whose message is not made yet."""
        if self.state not in (QUEUEING, PAUSED):
            return 0
        return self.env["sms.broadcast.recipient"].search_count(
            [("broadcast_id", "=", self.id), ("outcome", "in", (WILL, HELD))]
        )
