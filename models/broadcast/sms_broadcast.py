# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, formatLang

from ...tools import verdicts
from ...tools.figures import render_counts
from ..core.mixins import open_linked
from ..dispatch.sms_price import pick_price
from . import sms_broadcast_recipient as outcomes

DRAFT, CHECKING, CHECKED, WAITING = ("draft", "checking", "checked", "waiting")
PLANNED, LEAVING = ("planned", "leaving")
QUEUEING, PAUSED, SENT, CANCELLED = ("queueing", "paused", "sent", "cancelled")
#: States in which nothing was sent, and it can be changed.
OPEN = (DRAFT, CHECKING, CHECKED, WAITING, PLANNED)
#: Of these, states in which its words were shown, and maybe approved.
SHOWN = (CHECKED, WAITING, PLANNED)
#: States in which the job is working.
RUNNING = (CHECKING, LEAVING, QUEUEING)
#: States in which some may have its words already, and others not yet.
UNDER_WAY = (LEAVING, QUEUEING, PAUSED)
#: Placeholders of every text, and those added for an incident.
BLANKS = ("customer", "area")
STATUS_PAGE, NEWS = ABOUT_INCIDENT = ("status_page", "news")
#: Audiences: areas, a filter on one of two models, or an uploaded list.
AREAS, CONTACTS, TICKETS, LIST = ("areas", "res.partner", "helpdesk.ticket", "list")


class SmsBroadcast(models.Model):
    """One text to everybody whom an outage concerns.

    A check first finds who would get it and why others would not. Then it is queued in
    batches, above a certain size only with another manager's approval. Users write only
    its set-up; the job is in ``sms_broadcast_job.py``.
    """

    _name = "sms.broadcast"
    _description = "Text Message Broadcast"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "sms.setup.mixin",
        "sms.checked.words",
        "sms.send.at",
        "sms.emergency.mixin",
        "sms.replied.mixin",
    ]
    _reply_field = "broadcast_id"
    _order = "id desc"

    name = fields.Char(
        "Subject", required=True, help="Internal name, not shown to recipients."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    area_ids = fields.Many2many("sms.area", string="Areas", ondelete="restrict")
    body = fields.Text(
        "Text",
        required=True,
        translate=True,
        default=lambda self: self._default_body(),
        help="{customer} and {area} are filled in for each person, who gets the text "
        "in their own language if it is translated.",
    )
    is_emergency = fields.Boolean(tracking=True)
    emergency_reason = fields.Char(tracking=True)
    state = fields.Selection(
        [
            (DRAFT, "Draft"),
            (CHECKING, "Checking"),
            (CHECKED, "Checked"),
            (WAITING, "Waiting for Approval"),
            (PLANNED, "Planned"),
            (LEAVING, "Checking Again"),
            (QUEUEING, "Sending"),
            (PAUSED, "Paused"),
            (SENT, "Sent"),
            (CANCELLED, "Cancelled"),
        ],
        default=DRAFT,
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users", "Prepared By", readonly=True, copy=False, tracking=True
    )
    approver_id = fields.Many2one(
        "res.users", "Approved By", readonly=True, copy=False, tracking=True
    )
    checked_at = fields.Datetime(readonly=True, copy=False)
    longest = fields.Json(
        readonly=True,
        copy=False,
        help="Of each language whose text is the longest, noted by the check.",
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    paused_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    cancelled_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    recipient_ids = fields.One2many(
        "sms.broadcast.recipient", "broadcast_id", readonly=True
    )

    concerned_count = fields.Integer("Concerned", compute="_compute_counts")
    checked_count = fields.Integer("Checked", compute="_compute_counts")
    reached_count = fields.Integer("Recipients", compute="_compute_counts")
    check_html = fields.Html(compute="_compute_counts", sanitize=False)
    needs_approval = fields.Boolean(compute="_compute_counts")
    sample_html = fields.Html(compute="_compute_sample_html", sanitize=False)
    estimate = fields.Char(compute="_compute_sample_html")

    @api.model
    def _default_body(self):
        return self.env._(
            "[System Alert] A major network outage is affecting the {area} region. Our "
            "team is investigating, and we will send updates."
        )

    def _get_blanks(self):
        """Return the placeholders that its text may have."""
        has_area = self.audience == AREAS or self._is_follow_up()
        blanks = BLANKS if has_area else BLANKS[:1]
        return (*blanks, *ABOUT_INCIDENT) if self.incident_id else blanks

    @api.constrains("body", "incident_id", "audience", "kind")
    def _check_body(self):
        """Refuse unknown placeholders, which recipients would see as they are."""
        for broadcast in self:
            known = broadcast._get_blanks()
            if fault := self._find_unknown_placeholder(broadcast.body, known):
                raise ValidationError(fault)

    def write(self, vals):
        """Refuse changes once it is being sent; require a new check after others.

        Approvers are asked, and a request is withdrawn once it is decided or changed.
        """
        is_setup = bool(self._get_setup_fields() & vals.keys())
        if is_setup:
            self._check_open()
        before = {broadcast: broadcast.state for broadcast in self.sudo()}
        result = super().write(vals)
        if is_setup and "state" not in vals:
            super(SmsBroadcast, self.sudo()).write({"state": DRAFT})
        for broadcast_sudo, state in before.items():
            if broadcast_sudo.state != state:
                broadcast_sudo._on_state_changed(state)
        return result

    def _update_field_translations(self, *args, **options):
        self._check_open()
        self._check_works_here()
        result = super()._update_field_translations(*args, **options)
        self.sudo().state = DRAFT
        return result

    def _check_open(self):
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(
                self.env._("It has been sent. Create a new broadcast for further news.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        """Refuse to delete sent broadcasts: they record who was told what."""
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(self.env._("A broadcast that was sent cannot be deleted."))

    # === Check: recipients, samples, estimate ===

    @api.depends("state", "recipient_ids.outcome", "recipient_ids.mail_outcome")
    def _compute_counts(self):
        """Count recipients; mails count towards the limit of approval as well."""
        counts = self._origin._count_outcomes()
        reached = (*outcomes.REACHED, outcomes.CALLED_OFF)
        for broadcast in self:
            found = counts[broadcast._origin.id]
            by_outcome = Counter()
            for (outcome, _reason), count in found.items():
                by_outcome[outcome] += count
            broadcast.concerned_count = by_outcome.total()
            unchecked = by_outcome[outcomes.NEW]
            broadcast.checked_count = broadcast.concerned_count - unchecked
            told = broadcast.reached_count = sum(by_outcome[it] for it in reached)
            limit = broadcast.company_id.sudo().sms_approve_from
            if limit and broadcast._tells_news():
                told = broadcast._origin._count_told()
            broadcast.needs_approval = bool(limit and told > limit)
            broadcast.check_html = broadcast._render_check(found, by_outcome)

    def _count_outcomes(self):
        """Return ``{broadcast id: {(outcome, reason): count}}``."""
        found, own = defaultdict(dict), [("broadcast_id", "in", self.ids)]
        columns = ["broadcast_id", "outcome", "reason"]
        recipients = self.env["sms.broadcast.recipient"]
        groups = recipients._read_group(own, columns, ["__count"])
        for broadcast, outcome, reason, count in groups:
            found[broadcast.id][outcome, reason or ""] = count
        return found

    def _render_check(self, found, by_outcome):
        """Return an HTML table of who gets it, who does not, and why."""
        recipient = self.env["sms.broadcast.recipient"]
        labels = dict(recipient._fields["outcome"]._description_selection(self.env))
        reasons = dict(recipient._selection_reason())
        others = formatLang(self.env, self.concerned_count - self.reached_count, 0)
        reached = formatLang(self.env, self.reached_count, 0)
        counts = {"reached": reached, "others": others}
        if self.started_at or self.state == CANCELLED:
            rows = [(self.reached_count, self.env._("Recipients"), "text-success")]
            title = self.env._("%(reached)s recipients, %(others)s left out.", **counts)
        else:
            will = by_outcome[outcomes.WILL] + by_outcome[outcomes.QUEUED]
            rows = [(will, labels[outcomes.WILL], "text-success")]
            if held := by_outcome[outcomes.HELD]:
                rows.append((held, labels[outcomes.HELD], "text-info"))
            title = self.env._(
                "%(reached)s will get it, %(others)s will not.", **counts
            )
        blocked = [
            (count, reasons.get(reason, labels[outcomes.BLOCKED]), "text-danger")
            for (outcome, reason), count in found.items()
            if outcome == outcomes.BLOCKED
        ]
        rows += sorted(blocked, key=lambda row: -row[0])
        rows += [
            (by_outcome[name], labels[name], "o_sms_muted")
            for name in (outcomes.NO_NUMBER, outcomes.DUPLICATE, outcomes.MUTED)
            if by_outcome[name]
        ]
        return Markup("<p class='fw-bold'>%s</p>%s") % (title, render_counts(rows))

    @api.depends("state", "body", "area_ids", "recipient_ids.outcome")
    def _compute_sample_html(self):
        """Show the longest text in each language, with its segments."""
        for broadcast in self:
            samples = broadcast._origin._get_samples() if broadcast._origin else []
            broadcast.sample_html = self._render_samples(samples)
            is_ahead = samples and not broadcast.started_at
            broadcast.estimate = broadcast._estimate(samples) if is_ahead else False

    @api.model
    def _render_samples(self, samples):
        card = Markup(
            "<div class='mb-3'><div class='o_sms_muted small'>%s</div>"
            "<div class='o_sms_sample'>%s</div></div>"
        )
        cards = []
        for it in samples:
            segments = self._describe_segments(it.segments)
            values = {"language": it.language, "segments": segments}
            title = self.env._("%(language)s, longest text: %(segments)s", **values)
            cards.append(card % (title, it.text))
        return Markup("").join(cards) or False

    @api.model
    def _describe_segments(self, segments):
        if segments.count == 1:
            return self.env._("1 segment · %s", segments.encoding)
        values = {"count": segments.count, "encoding": segments.encoding}
        return self.env._("%(count)s segments · %(encoding)s", **values)

    def _estimate(self, samples):
        """Return a description of its segments, costs and duration.

        Without a duration if a sender of the company has no known throughput. Those of
        its second carrier send only what the first one refuses.
        """
        count = sum(sample.segments.count * sample.count for sample in samples)
        parts = [self.env._("About %s segments", formatLang(self.env, count, 0))]
        costs, priced = self._estimate_costs(samples)
        parts += [
            format_amount(self.env, it, currency) for currency, it in costs.items()
        ]
        if costs and priced < count:
            unpriced = formatLang(self.env, count - priced, 0)
            parts.append(self.env._("segments without a price: %s", unpriced))
        company = self.company_id.sudo()
        own = [("company_id", "=", company.id), ("provider", "=", company.sms_provider)]
        rates = self.env["sms.sender"].sudo().search(own).mapped("rate")
        if rates and all(rates):
            minutes = formatLang(self.env, max(1, round(count / sum(rates) / 60)), 0)
            parts.append(self.env._("%s minutes at your senders' speed", minutes))
        return " · ".join(parts)

    def _estimate_costs(self, samples):
        """Return the costs by ``res.currency``, and how many segments have a price."""
        segments = {sample.lang: sample.segments.count for sample in samples}
        price_id = pick_price(
            company=SQL("%s", self.company_id.id),
            provider=SQL("%s", self.company_id.sudo().sms_provider),
            number=SQL("own.number"),
            day=SQL("%s", (self.send_at or fields.Datetime.now()).date()),
        )
        query = SQL(
            """
            WITH own AS (
                SELECT lang, count(*),
                       left(number, (SELECT max(length(prefix)) FROM sms_price))
                       AS number
                  FROM sms_broadcast_recipient
                 WHERE broadcast_id = %s AND outcome IN %s
              GROUP BY 1, 3
            )
            SELECT own.lang, price.currency_id, sum(own.count)::int,
                   sum(own.count * price.amount)
              FROM own
              JOIN sms_price price ON price.id = (%s)
          GROUP BY own.lang, price.currency_id
            """,
            self.id,
            outcomes.REACHED,
            price_id,
        )
        costs, priced = Counter(), 0
        for lang, currency_id, people, amount in self.env.execute_query(query):
            its_segments = segments.get(lang or False, 0)
            currency = self.env["res.currency"].browse(currency_id)
            costs[currency] += its_segments * float(amount)
            priced += its_segments * people
        return costs, priced

    # === Buttons ===

    def _take(self, *states):
        """Lock and return it for a button, in sudo; refuse other ``states``."""
        self.ensure_one()
        self.check_access("write")
        broadcast_sudo = self.sudo()
        broadcast_sudo._wait_for_row()
        is_over = broadcast_sudo.state == SENT and not broadcast_sudo.is_live
        if broadcast_sudo.state in states and not is_over:
            return broadcast_sudo
        raise UserError(self.env._("This is not possible anymore. Reload the page."))

    def action_check(self):
        """Start the check of recipients. Nothing is sent."""
        broadcast_sudo = self._take(DRAFT, CHECKED, WAITING)
        if self._is_follow_up():
            self._check_told()
        else:
            self._check_audience()
        values = {"state": CHECKING, "leaves_at": self.send_at, "approver_id": False}
        # Who merely checks again has not prepared it, and may still approve it.
        if broadcast_sudo.state == DRAFT or not broadcast_sudo.user_id.active:
            values["user_id"] = self.env.uid
        broadcast_sudo.write(values)
        broadcast_sudo._check_time()
        broadcast_sudo._select_recipients()
        self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast")
        self._on_recipients_selected()
        return True

    def _on_recipients_selected(self):
        """Hook for other rooms: runs after recipients were selected."""

    def action_send(self):
        """Send the checked broadcast, or ask another manager to approve it.

        :raises UserError: if it would reach nobody, or its news is not published
        """
        if self._tells_news() and not self._get_news():
            raise UserError(
                self.env._("Publish the news on the incident: that texts them too.")
            )
        broadcast_sudo = self._take(CHECKED)
        if not self._count_told():
            raise UserError(self.env._("Nobody would get it. See the reasons below."))
        broadcast_sudo._check_time()
        broadcast_sudo._check_news()
        if self.needs_approval:
            broadcast_sudo.state = WAITING
        else:
            broadcast_sudo._start()
        return True

    def _count_told(self):
        """Count who would get it, by text or by e-mail."""
        own = Domain("broadcast_id", "=", self.id)
        told = Domain("outcome", "in", outcomes.REACHED)
        told |= Domain("mail_outcome", "=", outcomes.MAIL)
        return self.env["sms.broadcast.recipient"].search_count(own & told)

    def action_pause(self):
        """Hold the messages that have not been sent yet.

        The gate reads the broadcast's state before each message is sent, also on a
        retry after a carrier's error.
        """
        broadcast_sudo = self._take(QUEUEING, SENT)
        broadcast_sudo.write({"state": PAUSED, "paused_by_id": self.env.uid})
        return True

    def action_resume(self):
        """Resume a paused broadcast; the gate decides anew on each message."""
        broadcast_sudo = self._take(PAUSED)
        broadcast_sudo.state = QUEUEING
        is_held = SQL("gate_reason = %s", verdicts.PAUSED)
        broadcast_sudo._change_waiting({"not_before": fields.Datetime.now()}, is_held)
        self.env["sms.dispatcher"].sudo()._wake()
        self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast")
        return True

    def action_cancel(self):
        """Cancel the messages that have not been sent yet, by the job and the gate."""
        broadcast_sudo = self._take(*OPEN, LEAVING, QUEUEING, SENT, PAUSED)
        broadcast_sudo.write({"state": CANCELLED, "cancelled_by_id": self.env.uid})
        broadcast_sudo._call_off_recipients()
        self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast")
        return True

    def _call_off_recipients(self):
        """Mark the recipients who have no message yet, and no mail, as cancelled."""
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient SET outcome = 'cancelled'
             WHERE broadcast_id = %(id)s AND outcome IN ('will', 'held');
            UPDATE sms_broadcast_recipient SET mail_outcome = 'cancelled'
             WHERE broadcast_id = %(id)s AND mail_outcome = 'mail'
            """,
            {"id": self.id},
        )
        self.env["sms.broadcast.recipient"].invalidate_model()

    def _keep_paused(self):
        """Keep paused broadcasts from being resumed or cancelled before the commit.

        A concurrent resume or cancel either commits first, or is retried by Odoo and
        then sees the messages held here, which nothing else would release. A mere lock
        is not enough, since the other snapshot may be older: hence the update.
        """
        paused = self.filtered(lambda broadcast: broadcast.state == PAUSED)
        if not paused:
            return
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_broadcast SET state = state WHERE id = ANY(%s) AND state = %s",
            [paused.ids, PAUSED],
        )
        paused.invalidate_recordset(["state"])

    def _change_waiting(self, values, condition):
        """Write values to the waiting messages that match an SQL condition."""
        changes = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value or None)
            for name, value in values.items()
        )
        own = SQL("broadcast_id = %s AND state = 'outgoing'", self.id)
        query = SQL("UPDATE sms_sms SET %s WHERE %s AND %s", changes, own, condition)
        self.env.flush_all()
        self.env.cr.execute(query)
        self.env["sms.sms"].invalidate_model()

    def action_view_recipients(self):
        """Open the people whom it concerns, grouped by outcome."""
        xmlid = "helpdesk_mgmt_sms.sms_broadcast_recipient_action"
        is_list = self.audience == LIST
        shown = {"search_default_group_outcome": 1, "sms_is_list": is_list}
        return open_linked(self, xmlid, "broadcast_id", **shown)

    def action_view_messages(self):
        """Open the messages."""
        return open_linked(self, "helpdesk_mgmt_sms.sms_sms_action", "broadcast_id")

    def action_refresh(self):
        """Wake the job, in case its server was restarted (called by the client)."""
        self.check_access("read")
        if any(broadcast.state in RUNNING for broadcast in self):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast")
        return True
