# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..providers import PROVIDERS
from ..providers.base import E164, REPORT_RANKS
from ..tools import gate, texts
from ..tools.segments import count_segments
from .sms_gate import GateQuestion
from .sms_purpose import MARKETING

UNKNOWN_STATE = "unknown"

#: The carrier has the message, or may have it.
IN_FLIGHT = ("process", UNKNOWN_STATE)

#: What the chatter and mass mailings are told of a state that Odoo does not know.
NATIVE_STATES = {UNKNOWN_STATE: "process"}
#: What mass mailings (``mailing.trace``) are told of our failure types.
NATIVE_FAILURE_TYPES = {"sms_no_consent": "sms_optout", "sms_no_provider": "sms_acc"}

#: Reported by a carrier (``providers.base.REPORT_RANKS``): state of the row.
REPORT_STATES = {
    "queued": "pending",
    "sent": "pending",
    "canceled": "canceled",
    "undelivered": "error",
    "delivered": "sent",
    "read": "sent",
}

FAILURE_SELECTION = [
    ("sms_no_consent", "No consent"),
    ("sms_no_provider", "Text messaging is not set up"),
    ("sms_expired", "Expired"),
    ("sms_invalid_destination", "Unreachable number"),
    ("sms_not_allowed", "Landline or no carrier"),
    ("sms_not_delivered", "Not delivered"),
    ("sms_rejected", "Rejected by the carrier"),
]


def _ids(vals_list, name):
    """Return the distinct ids that some values give for a many2one field."""
    return {vals[name] for vals in vals_list if vals.get(name)}


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
            ("start", "Answers START"),
        ],
        readonly=True,
        copy=False,
        help="Answers the person's own text, so it passes without consent.",
    )
    gate_verdict = fields.Selection(
        [(gate.SEND, "Send"), (gate.HOLD, "Hold"), (gate.BLOCK, "Blocked")],
        string="Decision",
        readonly=True,
        copy=False,
    )
    gate_reason = fields.Selection(
        [
            (gate.CONSENT, "The person agreed"),
            (gate.NOT_OPTED_OUT, "The person has not opted out"),
            (gate.ANSWER, "Answers the person's own text"),
            (gate.NO_NUMBER, "No phone number: add one"),
            (gate.BAD_NUMBER, "Not a usable phone number: correct it"),
            (gate.OPTED_OUT, "Opted out: only the person can undo it"),
            (gate.AWAITING_YES, "The person was asked and has not said YES yet"),
            (gate.NO_CONSENT, "No consent: ask the person and record it"),
            (gate.NO_WAY_BACK, "Odoo's own provider cannot bring a STOP back"),
            (gate.NO_PROVIDER, "Text messaging is not set up: tell an administrator"),
            (gate.REFUSED_BY_APP, "Refused by the app that made it"),
        ],
        string="Reason",
        readonly=True,
        copy=False,
    )
    gate_label = fields.Char(compute="_compute_gate_label")
    gate_checked_at = fields.Datetime("Decided On", readonly=True, copy=False)
    consent_event_id = fields.Many2one(
        "sms.consent.event",
        string="Consent Event",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="What the person said that allows this message, or forbids it.",
    )
    segment_count = fields.Integer(
        "Segments", compute="_compute_segments", store=True, precompute=True
    )
    encoding = fields.Char(compute="_compute_segments", store=True, precompute=True)
    provider = fields.Char(
        readonly=True, copy=False, help="Who carried it. Empty until it is claimed."
    )
    carrier_id = fields.Char(
        "Carrier's ID", readonly=True, copy=False, index="btree_not_null"
    )
    carrier_code = fields.Char("Carrier's Error Code", readonly=True, copy=False)
    carrier_detail = fields.Char("Carrier's Words", readonly=True, copy=False)
    report_rank = fields.Integer(readonly=True, copy=False)
    claimed_at = fields.Datetime(readonly=True, copy=False)
    sent_at = fields.Datetime("Handed Over On", readonly=True, copy=False)
    not_before = fields.Datetime(readonly=True, copy=False)
    attempts = fields.Integer(readonly=True, copy=False)

    _outbox_index = models.Index(
        "(record_company_id, number) WHERE state = 'outgoing'"
    )
    _claimed_index = models.Index("(claimed_at) WHERE state = 'process'")

    @api.depends("gate_reason")
    def _compute_gate_label(self):
        selection = self._fields["gate_reason"]._description_selection(self.env)
        labels = dict(selection)
        for sms in self:
            sms.gate_label = labels.get(sms.gate_reason, "")

    @api.depends("body")
    def _compute_segments(self):
        for sms in self:
            segments = count_segments(sms.body)
            sms.segment_count = segments.count
            sms.encoding = segments.encoding

    # ------------------------------------------------------------------
    # Intake
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Decide every message before it is stored.

        Whatever made it, no row comes to be without a purpose and a decision.
        """
        vals_list = [dict(vals) for vals in vals_list]
        self._prepare_intake(vals_list)
        self._prepare_gate(vals_list)
        messages = super().create(vals_list)
        blocked = messages.filtered(
            lambda sms: sms.gate_verdict == gate.BLOCK and sms.state == "canceled"
        )
        blocked._update_trackers()
        messages._filter_outbox()._wake_dispatcher()
        return messages

    @api.model
    def _prepare_intake(self, vals_list):
        """Complete the values of new messages: company, purpose, number, footer.

        Contexts: ``sms_purpose`` (a code) and ``sms_template_id`` say for what and out
        of which template the messages are made, where the caller cannot set values.
        """
        message_sudo = self.env["mail.message"].sudo()
        partner_sudo = self.env["res.partner"].sudo()
        # One query for all: the loops below then find everything in the cache.
        message_sudo.browse(_ids(vals_list, "mail_message_id")).fetch(
            ["model", "record_company_id"]
        )
        partner_sudo.browse(_ids(vals_list, "partner_id")).fetch(["lang", "country_id"])
        purposes = {}
        for vals in vals_list:
            message = message_sudo.browse(vals.get("mail_message_id") or ())
            partner = partner_sudo.browse(vals.get("partner_id") or ())
            company = message.record_company_id or self.env["res.company"].browse(
                vals.get("record_company_id") or self.env.company.id
            )
            if message.model not in purposes:
                purposes[message.model] = self._get_default_purpose(message.model)
            vals.setdefault("purpose_id", purposes[message.model].id)
            vals.setdefault("template_id", self.env.context.get("sms_template_id"))
            vals["record_company_id"] = company.id
            vals["number"] = self._to_e164(vals.get("number"), partner, company)
            if not vals.get("exemption"):
                lang = partner.lang or company.sudo().partner_id.lang
                vals["body"] = self._with_footer(vals, lang)

    @api.model
    def _get_default_purpose(self, model_name):
        """Return the purpose of messages for which nobody has named one."""
        purpose_sudo = self.env["sms.purpose"].sudo()
        if code := self.env.context.get("sms_purpose"):
            return purpose_sudo._get(code)
        return purpose_sudo._get_for_model(model_name)

    @api.model
    def _with_footer(self, vals, lang):
        """Return the body with its purpose's footer in the reader's language."""
        purpose_sudo = self.env["sms.purpose"].sudo().with_context(lang=lang)
        purpose = purpose_sudo.browse(vals["purpose_id"])
        return texts.add_footer(vals.get("body"), purpose.footer)

    @api.model
    def _to_e164(self, number, partner, company):
        """Return ``number`` as E.164 where that can be done, else as it is."""
        if not number or E164.match(number):
            return number
        country = partner.country_id or company.sudo().country_id
        return company._phone_format_number(number, country) or number

    @api.model
    def _prepare_gate(self, vals_list):
        """Ask the gate about new messages and put its answers into their values."""
        waiting = []
        for vals in vals_list:
            if vals.get("state", "outgoing") == "outgoing":
                waiting.append(vals)
            else:
                vals.update(
                    gate_verdict=gate.BLOCK,
                    gate_reason=gate.REFUSED_BY_APP,
                    gate_checked_at=fields.Datetime.now(),
                )
        questions = [
            GateQuestion(
                self.env["res.company"].browse(vals["record_company_id"]),
                vals.get("number"),
                self.env["sms.purpose"].sudo().browse(vals["purpose_id"]),
                vals.get("exemption"),
            )
            for vals in waiting
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        for vals, (decision, event_id) in zip(waiting, decisions, strict=True):
            vals.update(self._get_gate_values(decision, event_id))

    @api.model
    def _get_gate_values(self, decision, event_id):
        """Return the fields that store a decision on a row."""
        values = {
            "gate_verdict": decision.verdict,
            "gate_reason": decision.reason,
            "gate_checked_at": fields.Datetime.now(),
            "consent_event_id": event_id,
        }
        if decision.verdict == gate.BLOCK:
            values["state"] = "canceled"
            values["failure_type"] = gate.FAILURE_TYPES[decision.reason]
        return values

    def _ask_gate(self):
        """Ask the gate again about waiting messages; store what it says.

        :return: those that may leave now
        """
        questions = [
            GateQuestion(
                sms._get_sms_company(),
                sms.number,
                sms.purpose_id or self.env["sms.purpose"]._get(MARKETING),
                sms.exemption,
            )
            for sms in self
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        blocked = self.browse()
        for sms, (decision, event_id) in zip(self, decisions, strict=True):
            sms.write(self._get_gate_values(decision, event_id))
            if decision.verdict == gate.BLOCK:
                blocked |= sms
        blocked._update_trackers()
        return self - blocked

    # ------------------------------------------------------------------
    # Odoo's own sending loop
    # ------------------------------------------------------------------

    def send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Leave the outbox's messages to the outbox; send the others as Odoo does."""
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        return super(SmsSms, self - outbox).send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Let nothing past the gate, and nothing of the outbox into Odoo's loop."""
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        allowed = (self - outbox)._ask_gate()
        if not allowed:
            return None
        return super(SmsSms, allowed)._send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )

    @api.model
    def _process_queue(self):
        """Send what Odoo's own loop has to send, one company at a time.

        Odoo's method fails on a batch of two companies and would find the rows of the
        outbox for ever, since it may not send them.
        """
        domain = Domain("state", "=", "outgoing") & Domain("to_delete", "!=", True)
        domain &= Domain("record_company_id.sms_provider", "not in", list(PROVIDERS))
        batch_size = self._get_send_batch_size()
        found = self.search(domain, limit=batch_size, order="id")
        batch = found.try_lock_for_update()
        for company, messages in batch.grouped(
            lambda sms: sms._get_sms_company()
        ).items():
            messages.with_company(company)._send()
        remaining = self.search_count(domain) if len(found) == batch_size else 0
        self.env["ir.cron"]._commit_progress(len(batch), remaining=remaining)

    def _filter_outbox(self):
        """Return the messages whose company uses our outbox."""
        return self.filtered(lambda sms: sms._get_sms_company()._uses_sms_outbox())

    def _wake_dispatcher(self, at=None):
        """Wake the outbox when there is something to do.

        :param at: UTC datetime, default now
        """
        if self:
            cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
            cron.sudo()._trigger(at)

    @api.autovacuum
    def _gc_device(self):
        """Keep the rows of the outbox from Odoo's daily clean-up: they are records.

        ``sms_twilio``'s own route marks rows for deletion that we have carried.
        """
        self.env.cr.execute(
            "UPDATE sms_sms SET to_delete = FALSE WHERE to_delete AND provider IS NOT NULL"
        )
        return super()._gc_device()

    # ------------------------------------------------------------------
    # What becomes of a message
    # ------------------------------------------------------------------

    def _update_sms_state_and_trackers(self, new_state, failure_type=None):
        """Send a message again only if the gate lets it.

        A message that was blocked when it was made has no tracker; it gets one, so
        that its notification in the chatter follows.
        """
        if new_state == "outgoing" and any(sms.state in IN_FLIGHT for sms in self):
            raise UserError(
                self.env._(
                    "The carrier may have sent this message already. It is being "
                    "checked; send a new message if it cannot wait."
                )
            )
        if new_state != "outgoing":
            return super()._update_sms_state_and_trackers(
                new_state, failure_type=failure_type
            )
        self._ensure_trackers()
        retried = self.filtered(lambda sms: sms.state in ("error", "canceled"))
        retried.write({"report_rank": 0, "attempts": 0, "not_before": False})
        result = super()._update_sms_state_and_trackers(new_state, failure_type)
        self._ask_gate()._filter_outbox()._wake_dispatcher()
        return result

    def _ensure_trackers(self):
        """Tie messages to their notification where Odoo did not."""
        orphans = self.filtered(lambda sms: not sms.sms_tracker_id)
        notifications_sudo = (
            self.env["mail.notification"]
            .sudo()
            .search([("sms_id_int", "in", orphans.ids)])
        )
        uuids = {sms.id: sms.uuid for sms in orphans}
        self.env["sms.tracker"].sudo().create(
            [
                {
                    "sms_uuid": uuids[notification.sms_id_int],
                    "mail_notification_id": notification.id,
                }
                for notification in notifications_sudo
            ]
        )
        self.invalidate_recordset(["sms_tracker_id"])

    def _update_trackers(self):
        """Tell the chatter and mass mailings what has become of the messages."""
        for sms in self:
            tracker_sudo = sms.sms_tracker_id.sudo()
            failure_type = sms.failure_type
            if not tracker_sudo.mail_notification_id:
                failure_type = NATIVE_FAILURE_TYPES.get(failure_type, failure_type)
            tracker_sudo._action_update_from_sms_state(
                NATIVE_STATES.get(sms.state, sms.state),
                failure_type=failure_type,
                failure_reason=sms.carrier_detail or sms.gate_label,
            )

    def _apply_report(self, report):
        """Move a message forward by what its carrier says; never backward.

        Reports come late, twice and out of order. The rank alone decides.

        :param DeliveryReport report: in our words
        """
        for sms in self:
            rank = REPORT_RANKS[report.report]
            if not sms.provider or rank <= sms.report_rank:
                continue
            state = REPORT_STATES[report.report]
            sms.write(
                {
                    "report_rank": rank,
                    "state": state,
                    "carrier_id": sms.carrier_id or report.carrier_id,
                    "carrier_code": report.code,
                    "failure_type": report.failure_type if state == "error" else False,
                    "not_before": False,
                }
            )
            sms._update_trackers()
            if report.is_opt_out:
                sms._record_carrier_opt_out(report.code)

    def _record_carrier_opt_out(self, code):
        """Enter into the ledger that the carrier knows of an opt-out, if we do not.

        Source: Twilio error 21610, https://www.twilio.com/docs/api/errors/21610
        """
        self.ensure_one()
        company = self._get_sms_company()
        answers = self.env["sms.consent"]._get_answers([company.id], [self.number])
        found = answers.get((company.id, self.number), {})
        if self.env["sms.consent"]._is_stopped(found):
            return
        self.env["sms.consent.event"]._record(
            company,
            self.number,
            "revoked",
            "carrier",
            note=self.env._("The carrier refused the message: error %s", code),
            message_ref=self.carrier_id or self.uuid,
        )
        self._cancel_waiting(company, self.number)

    @api.model
    def _cancel_waiting(self, company, number):
        """Block what waits for a person who has just opted out.

        :param company: ``res.company``
        :param str number: E.164
        """
        waiting = self.sudo().search(
            [
                ("state", "=", "outgoing"),
                ("record_company_id", "=", company.id),
                ("number", "=", number),
                ("exemption", "=", False),
            ]
        )
        waiting._ask_gate()
