# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_amount

from ...tools import texts, verdicts
from ..dispatch.sms_price import pick_price
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

(DRAFT, CHECKING, CHECKED, WAITING, QUEUEING, PAUSED, SENT, CANCELLED) = (
    *("draft", "checking", "checked", "waiting", "queueing", "paused", "sent"),
    "cancelled",
)
#: The job is at work.
RUNNING = (CHECKING, QUEUEING)
#: Nothing has left yet.
OPEN = (DRAFT, CHECKING, CHECKED, WAITING)
#: What a user writes. All else is the job's own.
SETUP_FIELDS = {
    *("name", "company_id", "area_ids", "body", "is_emergency", "emergency_reason"),
    *("incident_id", "kind"),
}
#: What the text can say of each person.
BLANKS = ("customer", "area")
#: And, in a text about an incident, where news of it are.
STATUS_PAGE = "status_page"


class SmsBroadcast(models.Model):
    """One text to all whom something concerns: an outage, and what becomes of it.

    First it is checked who would get it and why others would not; then, above a size
    with another manager's approval, it is queued in batches. Written by users only as
    far as it is set up; see :class:`SmsBroadcastJob` for the work.
    """

    _name = "sms.broadcast"
    _description = "Text Message Broadcast"
    _inherit = ["mail.thread", "sms.setup.mixin", "sms.checked.words"]
    _order = "id desc"

    name = fields.Char(
        "Subject", required=True, help="For you. The people do not see it."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    area_ids = fields.Many2many("sms.area", string="Areas")
    body = fields.Text(
        "Text",
        required=True,
        translate=True,
        default=lambda self: self._default_body(),
        help="{customer} and {area} are filled in for each person. Each gets it in "
        "their own language, where it is translated.",
    )
    is_emergency = fields.Boolean(
        "Emergency", tracking=True, help="Leaves at any hour. Else in business hours."
    )
    emergency_reason = fields.Char(
        "Why It Cannot Wait", tracking=True, help="Kept as the reason on record."
    )
    state = fields.Selection(
        [
            (DRAFT, "Draft"),
            (CHECKING, "Checking"),
            (CHECKED, "Checked"),
            (WAITING, "Waits for Approval"),
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
    started_at = fields.Datetime(readonly=True, copy=False)
    cancelled_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    recipient_ids = fields.One2many(
        "sms.broadcast.recipient", "broadcast_id", readonly=True
    )

    concerned_count = fields.Integer("Concerned", compute="_compute_counts")
    checked_count = fields.Integer("Checked", compute="_compute_counts")
    reached_count = fields.Integer("Get It", compute="_compute_counts")
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
        return (*BLANKS, STATUS_PAGE) if self.incident_id else BLANKS

    @api.constrains("body", "incident_id")
    def _check_body(self):
        """Refuse blanks that nothing is filled into: people would read them."""
        for broadcast in self:
            known = broadcast._get_blanks()
            unknown = texts.find_unknown(broadcast.body, known)
            if unknown:
                raise ValidationError(
                    self.env._(
                        "{%(unknown)s} cannot be filled in. There are: %(known)s.",
                        unknown=unknown[0],
                        known=", ".join(f"{{{name}}}" for name in known),
                    )
                )

    @api.constrains("is_emergency", "emergency_reason")
    def _check_emergency(self):
        """Ask why nothing can wait: it is on record who was woken, and why."""
        for broadcast in self:
            if (
                broadcast.is_emergency
                and not (broadcast.emergency_reason or "").strip()
            ):
                raise ValidationError(
                    self.env._("Say why it cannot wait for business hours.")
                )

    # ------------------------------------------------------------------
    # Setting it up
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Let it be sent in companies of the user alone."""
        broadcasts = super().create(vals_list)
        broadcasts._check_works_here()
        return broadcasts

    def write(self, vals):
        """Take a change while nothing has left; what was checked is checked anew."""
        is_setup = bool(SETUP_FIELDS & vals.keys())
        if not self.env.su:
            self.check_access("write")
            self._check_setup(vals)
        if is_setup:
            self._check_open()
            vals = {**vals, "state": DRAFT}
        result = super(SmsBroadcast, self.sudo() if is_setup else self).write(vals)
        self._check_works_here()
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        self._check_open()
        self._check_works_here()
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self.sudo().state = DRAFT
        return result

    def _check_open(self):
        """Refuse to change what has left.

        :raises UserError: then
        """
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(
                self.env._("It has been sent. Make a new one for what is new.")
            )

    @api.model
    def _get_setup_fields(self):
        return SETUP_FIELDS

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        """Keep what was sent: it is on record who was told what."""
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(self.env._("A broadcast that was sent is kept."))

    # ------------------------------------------------------------------
    # What a check says before a broadcast leaves: who gets it, what they read, what it
    # ------------------------------------------------------------------

    # costs. Counted from its rows whenever somebody looks.

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

    # ------------------------------------------------------------------
    # What people do with a broadcast: check, send, approve, pause, go on, cancel
    # ------------------------------------------------------------------

    def _take(self, *states):
        """Check that a button may be pressed now; return the broadcast in sudo.

        :raises UserError: when somebody else was faster, or it is too early
        """
        self.ensure_one()
        self.check_access("write")
        self._check_works_here()
        broadcast_sudo = self.sudo()
        broadcast_sudo._wait_for_row()
        if broadcast_sudo.state not in states:
            raise UserError(self.env._("This cannot be done now: load the page anew."))
        return broadcast_sudo

    def action_check(self):
        """Find out who gets it, and who not and why. Nothing is sent."""
        broadcast_sudo = self._take(DRAFT, CHECKED, WAITING)
        self._check_audience()
        broadcast_sudo.write(
            {"state": CHECKING, "user_id": self.env.uid, "approver_id": False}
        )
        broadcast_sudo._select_recipients()
        broadcast_sudo._wake()
        self._on_recipients_selected()
        return True

    def _on_recipients_selected(self):
        """Do what follows once it is noted who may get it. Extended by other rooms."""

    def _check_audience(self):
        if self._is_follow_up():
            self._check_told()
        elif not self.area_ids:
            raise UserError(self.env._("Choose the areas first: whom does it concern?"))

    def action_send(self):
        """Send what was checked, or ask another manager to approve it."""
        broadcast_sudo = self._take(CHECKED)
        count = broadcast_sudo._count_reached()
        if not count:
            raise UserError(self.env._("Nobody would get it: see below why."))
        limit = broadcast_sudo.company_id.sms_approve_from
        if limit and count > limit:
            broadcast_sudo.state = WAITING
        else:
            broadcast_sudo._start()
        return True

    def action_approve(self):
        """Approve what a colleague has checked: it is sent."""
        broadcast_sudo = self._take(WAITING)
        if broadcast_sudo.user_id == self.env.user:
            raise AccessError(
                self.env._("You have prepared it: another manager must approve it.")
            )
        broadcast_sudo.approver_id = self.env.user
        broadcast_sudo._start()
        return True

    def _start(self):
        self.write({"state": QUEUEING, "started_at": fields.Datetime.now()})
        self._wake()

    def _count_reached(self):
        return self.env["sms.broadcast.recipient"].search_count(
            [("broadcast_id", "=", self.id), ("outcome", "in", REACHED)]
        )

    # ------------------------------------------------------------------
    # Once it leaves
    # ------------------------------------------------------------------

    def action_pause(self):
        """Keep what has not left yet until somebody goes on.

        Whoever takes a message to send it looks at its broadcast's state: that alone
        decides, also on what comes back from the carrier to be tried again.
        """
        self._take(QUEUEING, SENT).state = PAUSED
        return True

    def action_resume(self):
        """Go on with what was paused; the gate is asked anew about each."""
        broadcast_sudo = self._take(PAUSED)
        broadcast_sudo.state = QUEUEING
        broadcast_sudo._change_waiting(
            {"not_before": fields.Datetime.now()},
            SQL("gate_reason = %s", verdicts.PAUSED),
        )
        self.env["sms.dispatcher"].sudo()._wake()
        broadcast_sudo._wake()
        return True

    def action_cancel(self):
        """Call off what has not left yet.

        What is held is called off here, all else by who would send it.
        """
        broadcast_sudo = self._take(*OPEN, QUEUEING, SENT, PAUSED)
        broadcast_sudo.write({"state": CANCELLED, "cancelled_by_id": self.env.uid})
        values = self.env["sms.sms"]._get_standing_values(verdicts.CANCELLED)
        broadcast_sudo._change_waiting(
            {**values, "cancelled_by_id": self.env.uid},
            SQL("not_before > %s", fields.Datetime.now()),
        )
        return True

    def _keep_paused(self):
        """Let nobody go on with what is paused, nor cancel it, before the commit.

        Whoever does it at the same moment is waited for, or starts over then, and finds
        what was put aside meanwhile: else nothing would bring that back. A lock alone
        would not do, since their transaction may be older than what it waits for.
        """
        paused = self.filtered(lambda broadcast: broadcast.state == PAUSED)
        if not paused:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sms_broadcast SET state = state"
                " WHERE id = ANY(%s) AND state = %s",
                paused.ids,
                PAUSED,
            )
        )
        paused.invalidate_recordset(["state"])

    def _change_waiting(self, values, condition):
        """Change messages that wait and that nobody is about to take."""
        changes = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value or None)
            for name, value in values.items()
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms SET %s
                 WHERE broadcast_id = %s AND state = 'outgoing' AND %s
                """,
                changes,
                self.id,
                condition,
            )
        )
        self.env["sms.sms"].invalidate_model()

    # ------------------------------------------------------------------
    # Looking closer
    # ------------------------------------------------------------------

    def action_view_recipients(self):
        """Show everybody whom it concerns, by what becomes of them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_broadcast_recipient_action"
        )
        return {**action, "domain": [("broadcast_id", "=", self.id)]}

    def action_view_messages(self):
        """Show the messages."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_sms_action"
        )
        return {
            **action,
            "domain": [("broadcast_id", "=", self.id)],
            "context": {},
        }

    def action_refresh(self):
        """Wake a job whose server was restarted meanwhile; the client asks."""
        self.check_access("read")
        if any(broadcast.state in (CHECKING, QUEUEING) for broadcast in self):
            self._wake()
        return True
