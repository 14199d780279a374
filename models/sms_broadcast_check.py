# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_amount

from .sms_broadcast_recipient import (
    BLOCKED,
    DUPLICATE,
    HELD,
    MUTED,
    NEW,
    NO_NUMBER,
    QUEUED,
    REACHED,
    WILL,
)
from .sms_price import pick_price


class SmsBroadcast(models.Model):
    """What a check says before a broadcast leaves: who gets it, what they read, what it
    costs. Counted from its rows whenever somebody looks.
    """

    _inherit = "sms.broadcast"

    concerned_count = fields.Integer("Concerned", compute="_compute_counts")
    checked_count = fields.Integer("Checked", compute="_compute_counts")
    reached_count = fields.Integer("Get It", compute="_compute_counts")
    check_html = fields.Html(compute="_compute_counts", sanitize=False)
    needs_approval = fields.Boolean(compute="_compute_counts")
    sample_html = fields.Html(compute="_compute_sample_html", sanitize=False)
    estimate = fields.Char(compute="_compute_sample_html")

    @api.depends("state", "recipient_ids.outcome")
    def _compute_counts(self):
        counts = self._origin._count_outcomes()
        for broadcast in self:
            found = counts.get(broadcast._origin.id, {})
            by_outcome = {}
            for (outcome, _reason), count in found.items():
                by_outcome[outcome] = by_outcome.get(outcome, 0) + count
            broadcast.concerned_count = sum(by_outcome.values())
            broadcast.checked_count = broadcast.concerned_count - by_outcome.get(NEW, 0)
            reached = sum(by_outcome.get(name, 0) for name in (WILL, HELD, QUEUED))
            broadcast.reached_count = reached
            limit = broadcast.company_id.sudo().sms_approve_from
            broadcast.needs_approval = bool(limit and reached > limit)
            broadcast.check_html = broadcast._render_check(found, by_outcome)

    def _count_outcomes(self):
        """Return how many have which outcome, and why.

        :return: ``{broadcast id: {(outcome, reason): count}}``
        """
        found = {}
        groups = self.env["sms.broadcast.recipient"]._read_group(
            [("broadcast_id", "in", self.ids)],
            ["broadcast_id", "outcome", "reason"],
            ["__count"],
        )
        for broadcast, outcome, reason, count in groups:
            found.setdefault(broadcast.id, {})[outcome, reason or ""] = count
        return found

    def _render_check(self, found, by_outcome):
        """Return the numbers of a check: who gets it, and who not, and why."""
        recipient = self.env["sms.broadcast.recipient"]
        labels = dict(recipient._fields["outcome"]._description_selection(self.env))
        reasons = dict(recipient._selection_reason())
        will = by_outcome.get(WILL, 0) + by_outcome.get(QUEUED, 0)
        rows = [(will, labels[WILL], "text-success")]
        if by_outcome.get(HELD):
            rows.append((by_outcome[HELD], labels[HELD], "text-info"))
        blocked = [
            (count, reasons.get(reason, labels[BLOCKED]), "text-danger")
            for (outcome, reason), count in found.items()
            if outcome == BLOCKED
        ]
        rows += sorted(blocked, key=lambda row: -row[0])
        rows += [
            (by_outcome[name], labels[name], "text-muted")
            for name in (NO_NUMBER, DUPLICATE, MUTED)
            if by_outcome.get(name)
        ]
        line = Markup(
            "<tr><td class='text-end fw-bold pe-3 %s'>%s</td><td>%s</td></tr>"
        )
        body = Markup("").join(
            line % (colour, f"{count:,}", label) for count, label, colour in rows
        )
        title = self.env._(
            "%(reached)s will get it, %(others)s will not.",
            reached=f"{self.reached_count:,}",
            others=f"{self.concerned_count - self.reached_count:,}",
        )
        return Markup(
            "<p class='fw-bold'>%s</p><table class='o_sms_counts'><tbody>%s</tbody>"
            "</table>"
        ) % (title, body)

    @api.depends("state", "body", "area_ids", "recipient_ids.outcome")
    def _compute_sample_html(self):
        """Show what people read, one of each language, with segments."""
        card = Markup(
            "<div class='mb-3'><div class='text-muted small'>%s · %s</div>"
            "<div class='o_sms_sample'>%s</div></div>"
        )
        for broadcast in self:
            samples = broadcast._origin._get_samples() if broadcast._origin else []
            cards = (
                card % (sample.language, self._describe_segments(sample), sample.text)
                for sample in samples
            )
            broadcast.sample_html = Markup("").join(cards) if samples else False
            broadcast.estimate = broadcast._estimate(samples) if samples else False

    @api.model
    def _describe_segments(self, sample):
        """Return in words how long a text is."""
        if sample.segments.count == 1:
            return self.env._("1 segment · %s", sample.segments.encoding)
        return self.env._(
            "%(count)s segments · %(encoding)s",
            count=sample.segments.count,
            encoding=sample.segments.encoding,
        )

    def _estimate(self, samples):
        """Return in words how much it is, what it costs and how long it takes.

        By the speed of all senders of the company; a sender without one is not slow.
        """
        count = sum(sample.segments.count * sample.count for sample in samples)
        parts = [self.env._("About %s segments", f"{count:,}")]
        parts += [
            format_amount(self.env, cost, currency)
            for currency, cost in self._estimate_costs(samples).items()
        ]
        senders_sudo = self.env["sms.sender"].sudo()
        senders_sudo = senders_sudo.search([("company_id", "=", self.company_id.id)])
        rates = senders_sudo.mapped("rate")
        if rates and all(rates):
            minutes = max(1, round(count / sum(rates) / 60))
            parts.append(
                self.env._("%s minutes at your senders' speed", f"{minutes:,}")
            )
        return " · ".join(parts)

    def _estimate_costs(self, samples):
        """Return what it costs by the table of prices, each person's by their number.

        :return: amounts by ``res.currency``, without those to whom no price is known
        """
        segments = {sample.lang: sample.segments.count for sample in samples}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.lang, price.currency_id, sum(price.amount)
                  FROM sms_broadcast_recipient own
                  JOIN sms_price price ON price.id = (%s)
                 WHERE own.broadcast_id = %s AND own.outcome = ANY(%s)
                   AND price.amount > 0
              GROUP BY own.lang, price.currency_id
                """,
                pick_price(
                    company=SQL("%s", self.company_id.id),
                    provider=SQL("%s", self.company_id.sudo().sms_provider),
                    number=SQL("own.number"),
                    day=SQL("%s", fields.Date.today()),
                ),
                self.id,
                list(REACHED),
            )
        )
        costs = {}
        for lang, currency_id, amount in rows:
            currency = self.env["res.currency"].browse(currency_id)
            cost = segments.get(lang or False, 0) * float(amount)
            costs[currency] = costs.get(currency, 0) + cost
        return costs
