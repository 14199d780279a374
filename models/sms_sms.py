# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools import exemptions, verdicts
from ..tools.segments import count_segments

UNKNOWN_STATE = "unknown"

#: The carrier has the message, or may have it.
IN_FLIGHT = ("process", UNKNOWN_STATE)

#: The carrier has the message, and no more can be done about it.
LEFT = ("pending", "sent")

FAILURE_SELECTION = [
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


class SmsSms(models.Model):
    """Every outgoing text: where it is decided, kept and followed.

    All paths of Odoo end in :meth:`create` and then in :meth:`send`. Here the purpose
    is set, the number brought to E.164, the footer added, the gate asked. A company on
    ``twilio`` or ``sandbox`` then leaves the row to the outbox (``sms.dispatcher``);
    on IAP Odoo's own loop sends what the gate lets through.
    """

    _inherit = "sms.sms"

    state = fields.Selection(
        selection_add=[(UNKNOWN_STATE, "Checking with the carrier"), ("error",)],
        ondelete={UNKNOWN_STATE: lambda rows: rows.write({"state": "error"})},
    )
    failure_type = fields.Selection(selection_add=FAILURE_SELECTION)
    purpose_id = fields.Many2one("sms.purpose", ondelete="restrict", readonly=True)
    template_id = fields.Many2one("sms.template", readonly=True, index="btree_not_null")
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
        readonly=True,
        copy=False,
        help="Answers the person's own text, so it passes without consent.",
    )
    gate_verdict = fields.Selection(
        [(verdicts.SEND, "Send"), (verdicts.HOLD, "Hold"), (verdicts.BLOCK, "Blocked")],
        string="Decision",
        readonly=True,
        copy=False,
    )
    gate_reason = fields.Selection(
        [
            (verdicts.CONSENT, "The person agreed"),
            (verdicts.NOT_OPTED_OUT, "The person has not opted out"),
            (verdicts.ANSWER, "Answers the person's own text"),
            (verdicts.CONVERSATION, "Conversation: answers what they have just texted"),
            (verdicts.REMINDED, "Reminds of a question that is open"),
            (verdicts.QUESTION_OVER, "The question to confirm joining is over"),
            (verdicts.NO_NUMBER, "No phone number: add one"),
            (verdicts.BAD_NUMBER, "Not a usable phone number: correct it"),
            (verdicts.UNUSABLE, "The carrier cannot text this number: call instead"),
            (verdicts.OPTED_OUT, "Opted out: only the person can undo it"),
            (
                verdicts.UNDER_REVIEW,
                "May have opted out: decide it in the review queue",
            ),
            (verdicts.AWAITING_YES, "The person was asked and has not said YES yet"),
            (verdicts.NO_CONSENT, "No consent: ask the person and record it"),
            (
                verdicts.NO_PROOF,
                "The consent was not given as this purpose asks (offers: in writing)",
            ),
            (
                verdicts.UNPROVEN,
                "Typed by the customer, not confirmed yet: it must answer YES, or you "
                "record their consent",
            ),
            (verdicts.NO_WAY_BACK, "Odoo's own provider cannot bring a STOP back"),
            (
                verdicts.NO_PROVIDER,
                "Text messaging is not set up: tell an administrator",
            ),
            (
                verdicts.LEDGER_UNREADABLE,
                "The consent ledger's key is wrong: tell an administrator",
            ),
            (verdicts.REFUSED_BY_APP, "Refused by the app that made it"),
        ],
        string="Reason",
        readonly=True,
        copy=False,
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
    gate_checked_at = fields.Datetime("Decided On", readonly=True, copy=False)
    consent_event_id = fields.Many2one(
        "sms.consent.event",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="What the person said that allows this message, or forbids it.",
    )
    is_personal = fields.Boolean(
        "Written by a Person",
        readonly=True,
        copy=False,
        help="One of us wrote it to this person alone, so it may be an answer to what "
        "they have texted.",
    )
    is_unmapped = fields.Boolean(
        readonly=True,
        copy=False,
        help="No rule says what it is for, so it is taken for an offer.",
    )
    inbound_id = fields.Many2one(
        "sms.inbound",
        "Answers",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The person's own text that allows this answer without recorded consent.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "sms_sms_attachment_rel",
        string="Pictures and Files",
        copy=False,
        help="Sent along (MMS). The carrier fetches them by a signed address.",
    )
    # Not read-only, only so that the intake can give what it has counted.
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
        readonly=True, copy=False, help="Who carried it. Empty until it is claimed."
    )
    carrier_id = fields.Char("Carrier's ID", readonly=True, copy=False)
    carrier_code = fields.Char("Carrier's Error Code", readonly=True, copy=False)
    carrier_detail = fields.Char("Carrier's Words", readonly=True, copy=False)
    report_rank = fields.Integer(readonly=True, copy=False)
    claimed_at = fields.Datetime(readonly=True, copy=False)
    sent_at = fields.Datetime("Handed Over On", readonly=True, copy=False)
    not_before = fields.Datetime(readonly=True, copy=False)
    attempts = fields.Integer(readonly=True, copy=False)
    tried_at = fields.Datetime("First Tried On", readonly=True, copy=False)
    fault_id = fields.Many2one(
        "sms.fault",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="What the carrier's last refusal means.",
    )
    sender_id = fields.Many2one(
        "sms.sender", readonly=True, copy=False, ondelete="set null"
    )
    priority = fields.Integer(
        readonly=True, copy=False, help="Its purpose's: a lower number leaves first."
    )
    lookup_at = fields.Datetime(
        readonly=True, copy=False, help="When the carrier is asked what became of it."
    )
    lookups = fields.Integer(readonly=True, copy=False)
    report_ids = fields.One2many(
        "sms.report",
        "sms_id",
        "Delivery Reports",
        groups="helpdesk_mgmt.group_helpdesk_manager,"
        "helpdesk_mgmt_sms.group_sms_compliance",
    )

    _day_index = models.Index("(number, record_company_id, create_date)")
    # What people have sent lately, for the limits of users and of teams.
    _author_index = models.Index("(create_uid, create_date) WHERE create_uid <> 1")
    _people_index = models.Index("(create_date) WHERE create_uid <> 1")
    _outbox_index = models.Index("(record_company_id, number) WHERE state = 'outgoing'")
    _urgency_index = models.Index(
        "(sender_id, priority, not_before, id) WHERE state = 'outgoing'"
    )
    _patience_index = models.Index(
        "(sender_id, not_before, id) WHERE state = 'outgoing'"
    )
    _lookup_index = models.Index("(lookup_at) WHERE lookup_at IS NOT NULL")
    _number_index = models.Index("(record_company_id, number, id)")
    _carrier_unique = models.UniqueIndex(
        "(provider, carrier_id) WHERE carrier_id IS NOT NULL"
    )
    _claimed_index = models.Index("(claimed_at) WHERE state = 'process'")
    # What has left lately; messages are claimed in about the order in which they lie.
    _lately_index = models.Index("USING brin (claimed_at) WITH (pages_per_range = 32)")

    @api.depends("gate_reason", "inbound_id")
    @api.depends_context("tz", "lang")
    def _compute_gate_label(self):
        selection = self._fields["gate_reason"]._description_selection(self.env)
        labels = dict(selection)
        for sms in self:
            sms.gate_label = labels.get(sms.gate_reason, "")
            if sms.gate_reason == verdicts.CONVERSATION and sms.inbound_id:
                sms.gate_label = sms.inbound_id.sudo()._get_answer_label()

    def _explain_fault(self):
        """Return why the carrier did not deliver, and what to do, in plain words."""
        self.ensure_one()
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
            sms.segment_count = segments.count
            sms.encoding = segments.encoding

    def _filter_outbox(self):
        """Return the messages whose company uses our outbox."""
        return self.filtered(lambda sms: sms._get_sms_company()._uses_sms_outbox())

    def _wake_dispatcher(self, at=None):
        """Wake the outbox when there is something to do, be it one message.

        :param at: UTC datetime, default now
        """
        if self:
            self._wake_outbox(at)

    @api.model
    def _wake_outbox(self, at=None):
        """Wake the worker that sends; the outbox extends this.

        :param at: UTC datetime, or several; default now
        """
