# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import sql

from ...tools import exemptions, gate, timing, verdicts
from ...tools.moments import to_local
from ...tools.segments import count_segments
from ..core.mixins import NUMBER_GROUPS
from ..core.moments import say_moment
from ..core.trail import trace
from ..ledger.sms_purpose import MARKETING
from .res_partner import NOBODY
from .sms_gate import GateQuestion
from .sms_sms_waiting import FAR, WAITING

#: Longest text that a carrier accepts (Twilio: 1,600 characters, error 21617).
BODY_LIMIT = 1600
UNKNOWN_STATE = "unknown"
#: The carrier has the message, or may have it.
IN_FLIGHT = ("process", UNKNOWN_STATE)
#: The carrier has the message, and no more can be done about it.
LEFT = ("pending", "sent")
#: State shown to agents by state of the row (a blocked row is ``canceled`` too).
SHOWN_STATES = {
    WAITING: "waiting",
    "process": "sending",
    UNKNOWN_STATE: "checking",
    "pending": "sent",
    "sent": "delivered",
    "error": "failed",
    "canceled": "cancelled",
}
#: Fields that the shown state of a message depends on.
SHOWN_FROM = ["state", "failure_type", "fault_id", "carrier_code", "not_before"]
SHOWN_FROM += ["gate_verdict", "gate_reason", "gate_label"]
SHOWN_FROM += ["replaced_by_id", "cancelled_by_id"]
#: Standing reasons of new messages: none, or that their app has refused them.
FREE, REFUSED = frozenset(), frozenset([verdicts.REFUSED_BY_APP])
#: Fields of a message that the gate's question has under the same names.
ASKED_FIELDS = ("number", "exemption", "is_personal", "send_at", "expires_at")
ASKED_FIELDS += ("keeps_hours", "is_unmapped", "is_call")
#: Options of fields that record what became of a message: users do not set them.
RECORDED = {"readonly": True, "copy": False}
#: The gate's reasons, as agents read them: what is the matter, and what helps.
GATE_REASONS = {
    verdicts.CONSENT: "The person agreed",
    verdicts.NOT_OPTED_OUT: "The person has not opted out",
    verdicts.ANSWER: "Answers the person's own text",
    verdicts.CONVERSATION: "Conversation: answers what they have just texted",
    verdicts.REMINDED: "Reminds of a question that is open",
    verdicts.QUESTION_OVER: "The question to confirm joining is over",
    verdicts.NO_NUMBER: "No phone number: add one",
    verdicts.BAD_NUMBER: "Not a usable phone number: correct it",
    verdicts.EXTENSION: "Has an extension, text messages cannot reach it: enter a "
    "direct number",
    verdicts.SHORT_CODE: "A short code: only phone numbers are texted",
    verdicts.EMERGENCY: "An emergency number: it is never texted",
    verdicts.PREMIUM: "A premium-rate number: it is never texted, since that costs "
    "extra",
    verdicts.SERVICE_NUMBER: "A service number (toll-free, pager): text messages "
    "cannot reach it",
    verdicts.LANDLINE: "A landline: text messages cannot reach it, call instead",
    verdicts.UNUSABLE: "The carrier cannot text this number: call instead",
    verdicts.OPTED_OUT: "Opted out: only the person can undo it",
    verdicts.UNDER_REVIEW: "May have opted out: decide it in the review queue",
    verdicts.AWAITING_YES: "The person was asked and has not said YES yet",
    verdicts.NO_CONSENT: "No consent: ask the person and record it",
    verdicts.NO_PROOF: "The consent was not given as this purpose asks (offers: in "
    "writing)",
    verdicts.UNPROVEN: "Typed by the customer, not confirmed yet: it must answer YES, "
    "or you record their consent",
    verdicts.NO_WAY_BACK: "Odoo's own provider cannot receive a STOP",
    verdicts.NO_PROVIDER: "Text messaging is not set up: tell an administrator",
    verdicts.NO_SENDER: "None of your senders may text this country: an administrator "
    "can add one",
    verdicts.ONE_WAY: "It asks for an answer, which your sender for this country "
    "cannot receive: add a number that can",
    verdicts.NO_ADDRESS: "The law there requires your postal address and a contact in "
    "offers: enter them on your company",
    verdicts.LEDGER_UNREADABLE: "The consent ledger's key is wrong: tell an "
    "administrator",
    verdicts.REFUSED_BY_APP: "Refused by the app that made it",
    timing.QUIET_HOURS: "Quiet hours where the person is",
    timing.SCHEDULED: "Scheduled by its author",
    timing.NO_OPENING: "No hour is allowed in all zones where the person may be: "
    "correct the time zone or the address of the contact",
    verdicts.EXPIRED: "It would come too late: call instead",
    verdicts.UNCONFIRMED: "It could not be sent within five minutes of the opt-out, as "
    "required. The opt-out stands",
    verdicts.UNANSWERED: "The answer could not be sent in time: call if it matters",
    verdicts.TOO_MANY: "Too many today: call instead, or send it tomorrow",
}


class SmsSms(models.Model):
    """Outgoing texts: decided, kept and followed.

    All paths of Odoo end in :meth:`create` and then in :meth:`send`. Here the purpose
    is set, the number converted to E.164, the footer added, the gate asked. A company
    on one of ``PROVIDERS`` then leaves the row to the outbox (``sms.dispatcher``); on
    IAP Odoo's own loop sends what the gate lets through.

    A held message waits like others (``state`` is ``outgoing``), but does not leave
    before ``not_before``. The recipient's local time is stored with the decision.
    """

    _name = "sms.sms"
    _inherit = ["sms.sms", "sms.masked.number", "sms.own.defaults"]

    number = fields.Char(groups=NUMBER_GROUPS)
    state = fields.Selection(
        selection_add=[(UNKNOWN_STATE, "Checking with the carrier"), ("error",)],
        ondelete={UNKNOWN_STATE: "set process"},
    )
    failure_type = fields.Selection(
        selection_add=[
            ("sms_no_consent", "No consent"),
            ("sms_no_provider", "Text messaging is not set up"),
            ("sms_too_many", "Too many today"),
            ("sms_replaced", "Replaced by a newer text"),
            ("sms_expired", "Expired"),
            ("sms_invalid_destination", "Unreachable number"),
            ("sms_not_allowed", "Landline or no carrier"),
            ("sms_not_delivered", "Not delivered"),
            ("sms_rejected", "Rejected by the carrier"),
        ]
    )
    purpose_id = fields.Many2one("sms.purpose", ondelete="restrict", readonly=True)
    template_id = fields.Many2one("sms.template", readonly=True, index="btree_not_null")
    is_call = fields.Boolean(
        "Call",
        readonly=True,
        help="Its words are spoken in a call. Only team alerts call people.",
    )
    exemption = fields.Selection(
        [
            ("opt_out_confirmation", "Confirms an opt-out"),
            ("help", "Answers HELP"),
            ("opt_in_question", "Asks to confirm joining"),
            ("opt_in_confirmation", "Confirms joining"),
            (exemptions.REMINDER, "Reminds of the question to confirm joining"),
            ("start", "Answers START"),
            ("service", "Answers a customer's command"),
        ],
        **RECORDED,
        help="Answers the person's own text, so it passes without consent.",
    )
    gate_verdict = fields.Selection(
        [(verdicts.SEND, "Send"), (verdicts.HOLD, "Hold"), (verdicts.BLOCK, "Blocked")],
        string="Decision",
        **RECORDED,
    )
    gate_reason = fields.Selection(
        list(GATE_REASONS.items()), string="Reason", **RECORDED
    )
    gate_label = fields.Char(compute="_compute_gate_label")
    shown_state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sending", "Sending"),
            ("checking", "Checking with the carrier"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("failed", "Not delivered"),
            ("blocked", "Blocked"),
            ("cancelled", "Cancelled"),
            ("held", "Held"),
            ("replaced", "Replaced"),
            ("expired", "Expired"),
        ],
        string="State",
        compute="_compute_shown_state",
    )
    shown_reason = fields.Char("Why", compute="_compute_shown_state")
    shown_label = fields.Char("Status", compute="_compute_shown_label")
    is_movable = fields.Boolean(compute="_compute_is_movable")
    gate_checked_at = fields.Datetime("Decided On", **RECORDED)
    consent_event_id = fields.Many2one(
        "sms.consent.event",
        **RECORDED,
        ondelete="restrict",
        help="What the person said that allows this message, or forbids it.",
    )
    is_personal = fields.Boolean(
        "Written by a Person",
        **RECORDED,
        help="Written by a user to this person only, so it may be an answer to their "
        "text.",
    )
    is_unmapped = fields.Boolean(
        **RECORDED, help="No rule says what it is for, so it counts as an offer."
    )
    inbound_id = fields.Many2one(
        "sms.inbound",
        "Answers",
        **RECORDED,
        index="btree_not_null",
        ondelete="set null",
        help="The person's own text that allows this answer without recorded consent.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "sms_sms_attachment_rel",
        string="Pictures and Files",
        copy=False,
        help="Sent along as MMS. The carrier downloads them from a signed address.",
    )
    # A column of its own: a text without media costs no query for them.
    media_count = fields.Integer("Pictures and Files Sent", **RECORDED)
    # Not read-only, so that the intake can store its own count.
    segment_count = fields.Integer(
        "Segments",
        compute="_compute_segments",
        store=True,
        precompute=True,
        readonly=False,
    )
    encoding = fields.Char(
        compute="_compute_segments", store=True, precompute=True, readonly=False
    )
    provider = fields.Char(
        **RECORDED, help="The carrier that sent it. Empty until it is being sent."
    )
    carrier_id = fields.Char("Carrier's ID", **RECORDED)
    carrier_code = fields.Char("Carrier's Error Code", **RECORDED)
    carrier_detail = fields.Char("Carrier's Message", **RECORDED)
    report_rank = fields.Integer(**RECORDED)
    claimed_at = fields.Datetime(**RECORDED)
    sent_at = fields.Datetime("Sent On", **RECORDED)
    not_before = fields.Datetime(**RECORDED)
    attempts = fields.Integer(**RECORDED)
    tried_at = fields.Datetime("First Tried On", **RECORDED)
    fault_id = fields.Many2one(
        "sms.fault",
        **RECORDED,
        ondelete="restrict",
        help="What the carrier's last refusal means.",
    )
    sender_id = fields.Many2one("sms.sender", **RECORDED, ondelete="set null")
    priority = fields.Integer(
        **RECORDED,
        help="Set by its purpose: a lower number is sent first. What a person wrote to "
        "one other passes lists.",
    )
    lookup_at = fields.Datetime(
        **RECORDED, help="When the carrier is asked for its status."
    )
    lookups = fields.Integer(**RECORDED)
    report_ids = fields.One2many(
        "sms.report",
        "sms_id",
        "Delivery Reports",
        groups="helpdesk_mgmt.group_helpdesk_manager,"
        "helpdesk_mgmt_sms.group_sms_compliance",
    )
    send_at = fields.Datetime(
        **RECORDED, help="Not sent before this time, as chosen by its author."
    )
    keeps_hours = fields.Boolean(
        **RECORDED,
        help="It waits for business hours, although its purpose may be sent at any "
        "hour.",
    )
    expires_at = fields.Datetime(
        **RECORDED,
        help="After this it is no longer worth sending: a reminder after its "
        "appointment, an answer long after the question.",
    )
    gate_timing = fields.Selection(
        [
            (timing.IN_WINDOW, "Within the hours where the person is"),
            (timing.URGENT, "Urgent: sent at any hour"),
            (timing.ANSWER, "Answers the person's own text"),
            (timing.NOT_KEPT, "The company keeps no quiet hours"),
        ],
        string="Hour",
        **RECORDED,
        help="Why it could be sent at that hour.",
    )
    zone_names = fields.Char(
        "Zones", **RECORDED, help="All zones the person may be in (IANA names)."
    )
    zone_source = fields.Char(
        "Zones Found By",
        **RECORDED,
        help="contact: its time zone; address; number: its area code or country; "
        "company: nothing better is known.",
    )
    local_time = fields.Char(
        "Their Local Time",
        **RECORDED,
        help="When it was decided, in each of those zones.",
    )
    replaced_by_id = fields.Many2one(
        "sms.sms", **RECORDED, index="btree_not_null", ondelete="set null"
    )
    cancelled_by_id = fields.Many2one("res.users", **RECORDED)

    _day_index = models.Index("(number, record_company_id, create_date)")
    # Recent texts by users, for the limits of users and of teams.
    _author_index = models.Index("(create_uid, create_date) WHERE create_uid <> 1")
    _people_index = models.Index("(create_date) WHERE create_uid <> 1")
    # Messages that wait or are on their way: the older ones of a number leave first.
    _outbox_index = models.Index(
        "(record_company_id, number) WHERE state IN ('outgoing', 'process', 'unknown')"
    )
    _urgency_index = models.Index(
        "(sender_id, priority, not_before, id) WHERE state = 'outgoing'"
    )
    _patience_index = models.Index(
        "(sender_id, not_before, id) WHERE state = 'outgoing'"
    )
    _lookup_index = models.Index("(lookup_at) WHERE lookup_at IS NOT NULL")
    _expiry_index = models.Index(
        "(expires_at) WHERE state = 'outgoing' AND expires_at IS NOT NULL"
    )
    _number_index = models.Index("(record_company_id, number, id)")
    _carrier_unique = models.UniqueIndex(
        "(provider, carrier_id) WHERE carrier_id IS NOT NULL"
    )
    _claimed_index = models.Index("(claimed_at) WHERE state = 'process'")
    # Recently claimed; messages are claimed in about their physical order.
    _lately_index = models.Index(
        "USING brin (claimed_at) WITH (pages_per_range = 32, autosummarize = on)"
    )

    def _auto_init(self):
        """Create the columns that the installation fills (``hooks.adopt_messages``).

        If Odoo created them, it would read and compute all existing messages.
        """
        columns = sql.table_columns(self.env.cr, self._table)
        for name in ("segment_count", "encoding"):
            if columns and name not in columns:
                kind = self._fields[name].column_type[1]
                sql.create_column(self.env.cr, self._table, name, kind)
        return super()._auto_init()

    @api.depends("gate_reason", "inbound_id")
    @api.depends_context("tz", "lang")
    def _compute_gate_label(self):
        labels = dict(self._fields["gate_reason"]._description_selection(self.env))
        for sms in self:
            sms.gate_label = labels.get(sms.gate_reason, "")
            if sms.gate_reason == verdicts.CONVERSATION and sms.inbound_id:
                sms.gate_label = sms._describe_answered_text()

    def _describe_answered_text(self):
        """Return which text of the person it answers; the inbound room extends this."""
        return ""

    def _update_trackers(self):
        """Update everything that shows the messages' outcomes. Rooms add to it."""
        self._notify_changed()

    def _explain_fault(self):
        selection = self._fields["failure_type"]._description_selection(self.env)
        failure = self.fault_id.name or dict(selection).get(self.failure_type, "")
        code = self.carrier_code and f"({self.carrier_code})"
        words = " ".join(filter(None, (failure, code)))
        advice = words and self.fault_id.advice
        return f"{words}. {advice}" if advice else words

    @api.depends("body")
    def _compute_segments(self):
        for sms in self:
            segments = count_segments(sms.body)
            sms.segment_count = 0 if sms.is_call else segments.count
            sms.encoding = False if sms.is_call else segments.encoding

    @api.depends(*SHOWN_FROM)
    def _compute_shown_state(self):
        for sms in self:
            sms.shown_state = sms._get_shown_state()
            sms.shown_reason = sms._get_shown_reason()

    def _get_shown_state(self):
        is_waiting = self.state == WAITING and self.gate_verdict == verdicts.HOLD
        later = self.not_before and self.not_before > fields.Datetime.now()
        if is_waiting and later:
            return "held"
        if self.state == "canceled":
            if self.replaced_by_id:
                return "replaced"
            if self.gate_reason in exemptions.TOO_LATE:
                return "expired"
            is_called_off = self.gate_reason in verdicts.CALLED_OFF
            if self.gate_verdict == verdicts.BLOCK and not is_called_off:
                return "blocked"
        return SHOWN_STATES.get(self.state)

    def _get_shown_reason(self):
        if self.shown_state == "cancelled" and self.cancelled_by_id:
            return self.env._("by %s", self.cancelled_by_id.sudo().name)
        is_refused = self.gate_verdict == verdicts.BLOCK and self.state == "canceled"
        if is_refused or self.shown_state == "held":
            return self.gate_label
        is_answer = self.gate_reason == verdicts.CONVERSATION
        return self._explain_fault() or (self.gate_label if is_answer else "")

    @api.depends("shown_state")
    @api.depends_context("lang", "tz", "uid")
    def _compute_shown_label(self):
        labels = dict(self._fields["shown_state"]._description_selection(self.env))
        call_labels = {**labels, **self._get_call_labels()}
        for sms in self:
            if sms.shown_state == "held":
                sms.shown_label = sms._get_held_label()
            else:
                own = call_labels if sms.is_call else labels
                sms.shown_label = own.get(sms.shown_state, "")

    @api.model
    def _get_call_labels(self):
        """Return the labels of a call's states that differ from a text's."""
        return {
            "waiting": self.env._("To be called"),
            "sending": self.env._("Calling"),
            "sent": self.env._("Ringing"),
            "delivered": self.env._("Answered"),
            "failed": self.env._("Not reached"),
        }

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_is_movable(self):
        for sms in self:
            sms.is_movable = sms.state == WAITING and sms._may_move()

    def _get_held_label(self):
        zone = (self.zone_names or "").split(",")[0]
        return self.env._("Held until %s", say_moment(self.env, self.not_before, zone))

    @api.model
    def _get_zone_note(self, moment, zone_names):
        """Return a time (UTC or empty) in the local times where a person may be."""
        clocks = {}
        for zone in zone_names if moment else ():
            clocks.setdefault(to_local(moment, zone), zone)
        return "; ".join(say_moment(self.env, moment, it) for it in clocks.values())

    # === Decisions ===

    @api.model
    def _prepare_gate(self, vals_list, batch):
        """Ask the gate about new messages and put its answers into their values."""
        now = fields.Datetime.now()
        questions = [
            GateQuestion(
                company_id=vals["record_company_id"],
                purpose_id=vals["purpose_id"],
                reader=batch.get_reader(vals),
                key=vals.get("number") or vals["uuid"],
                sender_refusal=batch.sender_refusals.get(vals["uuid"], ""),
                standing=FREE if vals.get("state", WAITING) == WAITING else REFUSED,
                **{name: vals.get(name) for name in ASKED_FIELDS},
            )
            for vals in vals_list
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        known = {}
        for vals, (decision, event_id) in zip(vals_list, decisions, strict=True):
            key = (id(decision), event_id)  # messages that are alike share one
            if key not in known:
                known[key] = self._get_gate_values(decision, event_id, now)
            vals.update(known[key])

    @api.model
    def _get_gate_values(self, decision, event_id, now):
        """Return the fields that store a decision on a row. Nothing else writes them.

        A message that its app has refused keeps the app's state and failure type.

        :param event_id: consent event or False; None: the ledger was not asked, and
            its former answer stays
        :param datetime now: when the decision was made (UTC)
        """
        values = {"gate_verdict": decision.verdict, "gate_reason": decision.reason}
        values["gate_checked_at"] = now
        if event_id is not None:
            values["consent_event_id"] = event_id
            values["inbound_id"] = decision.text and decision.text.inbound_id
            values["gate_timing"] = decision.timing or False
            if decision.when:
                names = ("zone_names", "zone_source", "local_time")
                values.update(zip(names, decision.when.describe(), strict=True))
        if decision.verdict == verdicts.HOLD:
            values["not_before"] = decision.until or FAR
        is_ours = decision.reason != verdicts.REFUSED_BY_APP
        if decision.verdict == verdicts.BLOCK and is_ours:
            values["state"] = "canceled"
            values["failure_type"] = verdicts.FAILURE_TYPES.get(decision.reason, False)
        return values

    @api.model
    def _check_length(self, body):
        """Refuse a text that is too long for carriers.

        :raises UserError: with what to do instead
        """
        if len(body) > BODY_LIMIT:
            message = self.env._(
                "This text has %(count)s characters, and carriers accept at most "
                "%(limit)s. Shorten it, or send it in parts.",
                count=len(body),
                limit=BODY_LIMIT,
            )
            raise UserError(message)

    @api.model
    def _get_standing_values(self, reason):
        """Return the fields that store a decision by a standing reason alone."""
        decision = gate.decide(gate.Facts(standing=frozenset([reason])))
        return self._get_gate_values(decision, None, fields.Datetime.now())

    def _get_question(self, readers, **others):
        self.ensure_one()
        return GateQuestion(
            company_id=self._get_sms_company().id,
            purpose_id=self.purpose_id.id or self.env["sms.purpose"]._get(MARKETING).id,
            # Not cached for a message that was just created: read only where needed.
            written_at=self.create_date if self.is_personal or self.exemption else None,
            reader=readers.get(self.partner_id.id, NOBODY),
            key=self.number or self.uuid,
            sender_refusal=self._find_sender_refusal(),
            **{name: self[name] for name in ASKED_FIELDS},
            **others,
        )

    def _find_sender_refusal(self):
        """Return why no sender may take a message that has none; the outbox extends it.

        :return: a reason of ``verdicts``, or empty
        """
        return ""

    def _get_gate_standing(self):
        """Return reasons that decide on messages to any recipient. Rooms add to it.

        :return: ``{message id: set of reasons of verdicts.STANDING}``
        """
        return {sms.id: set() for sms in self}

    def _ask_gate(self):
        """Ask the gate again about waiting messages, and store its decisions.

        :return: the messages that may be sent
        """
        return self._record_decisions(self._decide_again())

    def _decide_again(self):
        """Return the gate's decisions, and their events, in the order of messages."""
        standing = self._get_gate_standing()
        readers = self.filtered(lambda sms: not standing[sms.id]).partner_id
        readers = readers._get_sms_readers()
        questions = []
        for sms in self:
            others = {"sms_id": sms.id, "standing": frozenset(standing[sms.id])}
            questions.append(sms._get_question(readers, **others))
        return self.env["sms.gate"]._decide(questions)

    def _record_decisions(self, decided):
        """Store the gate's decisions on messages, and do what follows from them.

        :param decided: as from :meth:`_decide_again`
        :return: the messages that may be sent
        """
        self._store_decisions(decided)
        trace(self, "%s: the gate says %s (%s)", "gate_verdict", "gate_reason")
        decisions = dict(zip(self._ids, (it[0] for it in decided), strict=True))
        self._after_decision(decisions)
        return self._filter_decided(decisions, verdicts.SEND)

    def _store_decisions(self, decided):
        """Store the gate's decisions on messages; mostly they have not changed."""
        now = fields.Datetime.now()
        self.gate_checked_at = now
        alike = defaultdict(list)
        for sms, (decision, event_id) in zip(self, decided, strict=True):
            values = self._get_gate_values(decision, event_id, now)
            if until := decision.until:
                # Shifted by the hold, as nothing is tried meanwhile. Otherwise a text
                # that met a busy carrier on Friday would be given up on Monday.
                tried_at = sms.tried_at
                values["tried_at"] = tried_at and min(tried_at + (until - now), until)
            changed = tuple(
                (name, value)
                for name, value in values.items()
                if (sms._fields[name].convert_to_write(sms[name], sms) or False)
                != (value or False)
            )
            alike[changed].append(sms.id)
        for changed, sms_ids in alike.items():
            if changed:
                self.browse(sms_ids).write(dict(changed))

    def _filter_decided(self, decisions, verdict):
        """Return the messages with a verdict by ``{id: Decision}``."""
        return self.filtered(lambda sms: decisions[sms.id].verdict == verdict)

    def _after_decision(self, decisions):
        """Handle the decisions on messages (by message id). Rooms add to it."""
        self._filter_decided(decisions, verdicts.BLOCK)._update_trackers()
        held = self._filter_decided(decisions, verdicts.HOLD)
        timed = held.filtered(lambda sms: decisions[sms.id].until)
        outbox = timed._filter_outbox()
        others = timed - outbox
        self._wake_at(outbox.mapped("not_before"), others.mapped("not_before"))
        held._notify_changed()

    def _notify_changed(self):
        """Notify the screens that show these messages. Rooms add to it."""
