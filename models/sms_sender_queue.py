# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..tools import dispatch


class SmsSender(models.Model):
    """What the outbox holds for a sender: the queue as a manager watches it."""

    _inherit = "sms.sender"

    waiting_count = fields.Integer("Waiting", compute="_compute_queue")
    held_count = fields.Integer(
        "Held", compute="_compute_queue", help="Not before a time that is yet to come."
    )
    sending_count = fields.Integer("Sending", compute="_compute_queue")
    checking_count = fields.Integer(
        "Checking", compute="_compute_queue", help="The carrier is asked about them."
    )
    oldest_at = fields.Datetime(
        "Waiting Since", compute="_compute_queue", help="The longest of those waiting."
    )
    sent_count = fields.Integer(
        "Sent", compute="_compute_outcome", help="Within the last 24 hours."
    )
    failed_count = fields.Integer(
        "Not Delivered", compute="_compute_outcome", help="Within the last 24 hours."
    )
    failed_reasons = fields.Char(
        "Why Not Delivered",
        compute="_compute_outcome",
        help="Within the last 24 hours.",
    )
    current_rate = fields.Float(
        "Rate Now",
        compute="_compute_current_rate",
        digits=(8, 2),
        help="Segments a second: what is set, or less after the carrier said that it "
        "is too fast. 0: no limit.",
    )

    rate_label = fields.Char(
        "Speed Now",
        compute="_compute_current_rate",
        help="Segments a second: what is set, or less after the carrier said that it "
        "is too fast.",
    )

    def _compute_queue(self):
        """Count what is open in one query; the indexes hold open rows only."""
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sender_id, count(*) FILTER (WHERE not_before <= %(now)s),
                       count(*) FILTER (WHERE not_before > %(now)s),
                       min(not_before) FILTER (WHERE not_before <= %(now)s)
                  FROM sms_sms WHERE state = 'outgoing' AND sender_id = ANY(%(ids)s)
              GROUP BY sender_id
                """,
                now=fields.Datetime.now(),
                ids=self.ids,
            )
        )
        waiting = {row[0]: row[1:] for row in rows}
        open_counts = self._count_by_state(["process", "unknown"])
        for sender in self:
            (
                sender.waiting_count,
                sender.held_count,
                sender.oldest_at,
            ) = waiting.get(sender.id, (0, 0, False))
            sender.sending_count = open_counts.get((sender.id, "process"), 0)
            sender.checking_count = open_counts.get((sender.id, "unknown"), 0)

    def _compute_outcome(self):
        """Count what has ended within the last day."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        counts = self._count_by_state(["pending", "sent", "error"], since)
        for sender in self:
            sender.sent_count = counts.get((sender.id, "pending"), 0)
            sender.sent_count += counts.get((sender.id, "sent"), 0)
            sender.failed_count = counts.get((sender.id, "error"), 0)
        reasons = self._get_failed_reasons(since)
        for sender in self:
            sender.failed_reasons = reasons.get(sender.id, "")

    def _get_failed_reasons(self, claimed_since):
        """Return in words why messages of these senders were not delivered.

        :param claimed_since: UTC datetime
        :return: ``{sender id: "3 × reason · 1 × other reason"}``, the most first
        """
        domain = [
            ("sender_id", "in", self.ids),
            ("state", "=", "error"),
            ("claimed_at", ">=", claimed_since),
        ]
        groups = self.env["sms.sms"]._read_group(
            domain, ["sender_id", "fault_id"], ["__count"], order="__count desc"
        )
        reasons = {}
        for sender, fault, count in groups:
            name = fault.name or self.env._("Not known")
            reasons.setdefault(sender.id, []).append(f"{count} × {name}")
        return {sender_id: " · ".join(words) for sender_id, words in reasons.items()}

    def _count_by_state(self, states, claimed_since=None):
        """Return how many messages of these senders are in some states.

        :param claimed_since: UTC datetime; default: whenever
        :return: ``{(sender id, state): count}``
        """
        domain = [("sender_id", "in", self.ids), ("state", "in", states)]
        if claimed_since:
            domain.append(("claimed_at", ">=", claimed_since))
        groups = self.env["sms.sms"]._read_group(
            domain, ["sender_id", "state"], ["__count"]
        )
        return {(sender.id, state): count for sender, state, count in groups}

    def _compute_current_rate(self):
        rows_sudo = self.env["sms.sender.pace"].sudo()
        rows = rows_sudo.search([("sender_id", "in", self.ids)])
        slowed = {row.sender_id.id: row for row in rows}
        now = fields.Datetime.now()
        for sender in self:
            row = slowed.get(sender.id)
            sender.current_rate = sender.rate
            if row and row.slowed_at:
                seconds = (now - row.slowed_at).total_seconds()
                sender.current_rate = dispatch.current_rate(
                    sender.rate, row.slowed_to, seconds
                )
            rate = self.env._("%s a second", f"{sender.current_rate:.4g}")
            sender.rate_label = rate if sender.current_rate else self.env._("No limit")
            if sender._is_stopped():
                sender.rate_label = self.env._("Stopped")

    def action_view_messages(self):
        """Show the messages of this sender that are not over yet."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_sms_action"
        )
        action["domain"] = [("sender_id", "=", self.id)]
        action["context"] = {"search_default_waiting": 1}
        return action

    def action_view_failed(self):
        """Show what was not delivered, by reason."""
        action = self.action_view_messages()
        action["context"] = {
            "search_default_failed": 1,
            "search_default_group_fault": 1,
        }
        return action
