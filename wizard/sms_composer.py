# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.ledger.sms_consent import STATE_SELECTION
from ..models.message.sms_gate import GateQuestion
from ..models.message.sms_sms_intake import PersonalText
from ..tools import consent, phone, timing, verdicts
from ..tools.conversation import CONVERSATION_TIME
from ..tools.purpose_rules import MAILING_MODEL, MessageSource

#: Why the gate blocks what it would let pass at another time.
TIME_REASONS = {verdicts.EXPIRED, verdicts.TOO_MANY}


class SmsComposer(models.TransientModel):
    """Odoo's composer: asks the gate first, and keeps tickets to who may text them."""

    _name = "sms.composer"
    _inherit = ["sms.composer", "sms.send.at", "sms.personal.data"]

    sms_block_reason = fields.Char(
        compute="_compute_sms_block_reason",
        help="Why the gate would not let this message pass. Empty if it would.",
    )

    sms_answer_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="Says that the gate takes this message as an answer to what they have "
        "texted, and until when.",
    )
    is_bound = fields.Boolean(compute="_compute_sms_block_reason")
    sms_footer = fields.Char(
        compute="_compute_sms_footer",
        help="Goes under the text when it is sent, in the recipient's language.",
    )
    sms_consent_state = fields.Selection(
        STATE_SELECTION,
        string="Consent",
        compute="_compute_sms_consent_state",
        help="Of the record's own number. Empty while another one is typed.",
    )
    desk_key = fields.Char(
        readonly=True,
        copy=False,
        help="Made up by the conversation's screen for one text, so that it is sent "
        "once however often it is asked for.",
    )
    sms_segment_price = fields.Float(compute="_compute_sms_segment_price")
    sms_segment_currency_id = fields.Many2one(
        "res.currency", compute="_compute_sms_segment_price"
    )
    _desk_key_unique = models.UniqueIndex(
        "(create_uid, desk_key) WHERE desk_key IS NOT NULL"
    )
    send_at = fields.Datetime(
        help="Leave it empty to send as soon as possible. Quiet hours may hold it."
    )
    sms_time_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="When it would leave, by the clock where the person is, if not at once.",
    )
    is_time_wrong = fields.Boolean(
        compute="_compute_sms_block_reason",
        help="It would not be sent at this time, and may be at another.",
    )

    @api.depends(
        "res_model",
        "res_id",
        "comment_single_recipient",
        "recipient_single_number_itf",
    )
    def _compute_sms_footer(self):
        for composer in self:
            purpose = composer._get_sms_purpose()
            lang, company = composer._get_sms_lang(), composer._get_sms_company()
            composer.sms_footer = self.env["sms.sms"]._get_footer_for(
                purpose, lang, company, composer.recipient_single_number_itf
            )

    def _get_sms_lang(self):
        partner = self.env["res.partner"]
        if self.comment_single_recipient:
            record = self._get_records()
            partner = record._mail_get_partners()[record.id][:1].sudo()
        return partner.lang or self._get_sms_company().sudo().partner_id.lang

    @api.depends("recipient_single_number_itf", "res_model", "res_id", "send_at")
    @api.depends_context("tz", "lang")
    def _compute_sms_block_reason(self):
        """Ask the gate about the one recipient, so that nobody writes in vain."""
        labels = dict(self._fields_gate_labels())
        for composer in self:
            composer.sms_block_reason = False
            composer.sms_answer_note = composer.sms_time_note = False
            composer.is_time_wrong = composer.is_bound = False
            if not (composer.comment_single_recipient and composer.res_model):
                continue
            if fault := composer._get_send_at_fault():
                composer.sms_block_reason = fault
                composer.is_time_wrong = True
                continue
            record = composer._get_records()
            decision = composer._ask_gate(record)
            if decision.verdict == verdicts.BLOCK:
                composer.sms_block_reason = composer._explain_block(
                    record, decision, labels
                )
                composer.is_bound = composer._is_bound(record, decision)
                composer.is_time_wrong = decision.reason in TIME_REASONS
            elif decision.reason == verdicts.CONVERSATION:
                composer.sms_answer_note = composer._describe_answer(decision.text)
            if decision.verdict == verdicts.HOLD:
                composer.sms_time_note = composer._get_time_note(decision, labels)

    def _explain_block(self, record, decision, labels):
        """Return why the gate blocks; of an opt-out also how it is undone."""
        reason = labels[decision.reason]
        if decision.reason != verdicts.OPTED_OUT:
            return reason
        stop = self._find_stop(record)
        details = self.env["sms.consent.details"]
        return details._tell_way_back(stop) if stop else reason

    def _is_bound(self, record, decision):
        """Tell if no consent can be recorded: they have opted out themselves."""
        stop = decision.reason == verdicts.OPTED_OUT and self._find_stop(record)
        return bool(stop and stop.is_own)

    def _find_stop(self, record):
        said = consent.Said(consent.GRANTED, "", fields.Datetime.now())
        return self.env["sms.consent"]._find_obstacle(
            self._get_sms_company(),
            self._get_sms_number(record),
            said,
            self._get_sms_purpose(),
        )

    def _describe_answer(self, text):
        inbound_model = self.env["sms.inbound"]
        return self.env._(
            "You may answer their text of %(received)s without recorded consent, until "
            "%(end)s.",
            received=inbound_model._format_moment(text.received_at),
            end=inbound_model._format_moment(text.received_at + CONVERSATION_TIME),
        )

    # ------------------------------------------------------------------
    # What the messages are
    # ------------------------------------------------------------------

    def _get_sms_source(self):
        """Return what makes the messages: a server action, a template, an app."""
        source = self.env["sms.sms"]._get_source()
        is_mailing = "mailing_id" in self._fields and self.mailing_id
        return MessageSource(
            model_name=MAILING_MODEL if is_mailing else self.res_model or "",
            template_id=self.template_id.id or 0,
            action_id=source.action_id,
            is_own_text=self._is_own_text(),
        )

    def _is_own_text(self):
        """Tell if somebody has written another text over the template's.

        Rendering costs, so only a template that a rule is about is looked at.
        """
        template = self.template_id
        if not self.env["sms.purpose.rule"]._knows_template(template):
            return False
        if template.model != self.res_model:
            return True
        if not self.comment_single_recipient:
            return self.body != template.body
        rendered = template._render_field("body", [self.res_id], compute_lang=True)
        return self.body != rendered[self.res_id]

    def _get_sms_purpose(self):
        """Return what the messages are for: our own code's word, else the rules'."""
        return self.env["sms.sms"]._get_default_purpose(
            self._get_sms_company(), self.res_model, self._get_sms_source()
        )

    def _get_sms_company(self):
        record = self._get_records() if self.comment_single_recipient else None
        if record and "company_id" in record and record.company_id:
            return record.company_id
        return self.env.company

    def _is_personal(self):
        """Tell if a helpdesk user writes to the one person of one record.

        Nothing that runs by itself counts, and no list of records or numbers.
        """
        is_one = self.comment_single_recipient and not self.res_ids
        is_person = not self.env.su and not self.env.context.get("sms_automated")
        return (
            is_one
            and is_person
            and isinstance(self._get_records(), self.pool["sms.consent.mixin"])
            and self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own")
        )

    def _fields_gate_labels(self):
        field = self.env["sms.sms"]._fields["gate_reason"]
        return field._description_selection(self.env)

    def _get_sms_number(self, record):
        """Return the one recipient's number, as E.164 where that can be done."""
        number = self.recipient_single_number_itf or self.recipient_single_number
        return record._phone_format(number=number) or number

    def _ask_gate(self, record):
        """Return the gate's decision on a message to the composer's recipient."""
        question = GateQuestion(
            self._get_sms_company().id,
            self._get_sms_number(record),
            self._get_sms_purpose().id,
            is_personal=self._is_personal(),
            is_unmapped=self.env["sms.sms"]._is_unmapped(
                self._get_sms_company(), self.res_model, self._get_sms_source()
            ),
            reader=record._mail_get_partners()[record.id][:1]._get_sms_reader(),
            send_at=self.send_at,
            expires_at=self.env["sms.sms"]._get_end_of_point(record),
        )
        return self.env["sms.gate"].sudo()._decide([question])[0][0]

    def action_record_sms_consent(self):
        """Open the form to record a consent, for the record of this message."""
        self.ensure_one()
        return self._get_records().action_record_sms_consent()

    def _action_send_sms(self):
        """Check the rights that it needs, and say what makes the messages.

        The record owns the pictures and files that go along, as it owns the message.
        """
        if not self.env.su:
            self._check_sms_rights()
        sent = self._hand_over_attachments()
        if self.res_model == "helpdesk.ticket":
            self._get_records()._check_may_send_sms()
        personal = None
        if self._is_personal():
            personal = PersonalText(
                self.res_model, self.res_id, self.env.uid, self.body
            )
        composer = self.with_context(
            sms_source=self._get_sms_source(),
            sms_personal=personal,
            sms_send_at=self.send_at or None,
            **({"sms_media": sent} if sent else {}),
        )
        return super(SmsComposer, composer)._action_send_sms()

    def _prepare_body_values(self, records):
        """Send what the person saw: never render a text a second time.

        In a single message the body is rendered when the composer opens. Rendered
        again, a ticket's own title could name any field and have it texted.
        """
        if self.comment_single_recipient:
            return dict.fromkeys(records.ids, self.body)
        return super()._prepare_body_values(records)

    # ------------------------------------------------------------------
    # The composer shows the consent of whom it is about to text
    # ------------------------------------------------------------------

    @api.depends("recipient_single_number_itf", "res_model", "res_id")
    def _compute_sms_consent_state(self):
        for composer in self:
            composer.sms_consent_state = False
            model = self.env.get(composer.res_model)
            is_single = composer.comment_single_recipient and composer.res_id
            if not is_single or not isinstance(model, self.pool["sms.consent.mixin"]):
                continue
            record = composer._get_records()
            _company, number, _purpose = record._get_sms_subjects()[record.id]
            typed = composer.recipient_single_number_itf or number
            if number and record._phone_format(number=typed) == number:
                composer.sms_consent_state = record.sms_consent_state

    # ------------------------------------------------------------------
    # The composer counts what a text costs, and serves the agent's desk once
    # ------------------------------------------------------------------

    @api.depends("res_model", "res_id", "recipient_single_number_itf")
    def _compute_sms_segment_price(self):
        for composer in self:
            number = ""
            if composer.comment_single_recipient and composer.res_model:
                number = composer._get_sms_number(composer._get_records())
            price = composer._get_sms_company()._get_sms_segment_price(number)
            composer.sms_segment_price = price["amount"]
            composer.sms_segment_currency_id = price["currency_id"]

    # ------------------------------------------------------------------
    # Sends later: at a time that its author chooses, or when quiet hours end
    # ------------------------------------------------------------------

    def _get_time_note(self, decision, labels):
        note = self.env["sms.sms"]._get_zone_note(
            decision.until, decision.when.place.zones
        )
        if decision.reason == timing.SCHEDULED:
            return note
        return f"{note}: {labels[decision.reason]}" if note else labels[decision.reason]

    # ------------------------------------------------------------------
    # Keeps lists of people and typed numbers to who may text them
    # ------------------------------------------------------------------

    def _check_sms_rights(self):
        """Refuse typed numbers and long lists to who has no right to them.

        :raises AccessError: without the right to text any number, or so many people
        :raises UserError: over the user's daily limit
        """
        company = self._get_sms_company()
        records = self._get_records()
        is_posted = isinstance(records, self.pool["mail.thread"])
        is_typed = self.composition_mode == "numbers" or not is_posted
        if not self._has_sms_limits(company, records) or self._is_own_mailing():
            return
        user = self.env.user
        if is_typed and self.composition_mode != "mass":
            user._check_may_text_any_number(company)
            user._check_may_text_many(company, self._count_typed_numbers())
        elif self.composition_mode == "mass" or len(records) > 1:
            user._check_may_text_many(company, len(records))
            if self.res_model == "helpdesk.ticket":
                records._check_sms_team_limit()

    def _has_sms_limits(self, company, records):
        thread = self.env["mail.thread"]
        is_thread = isinstance(records, self.pool["mail.thread"])
        return (records if is_thread else thread)._has_sms_limits(company)

    def _is_own_mailing(self):
        """Tell if the list is a mailing's: its app has groups and counts of its own."""
        group = "mass_mailing.group_mass_mailing_user"
        is_mailing = "mailing_id" in self._fields and self.mailing_id
        return bool(is_mailing) and self.env.user.has_group(group)

    def _count_typed_numbers(self):
        return len((self.sanitized_numbers or "-").split(","))

    # ------------------------------------------------------------------
    # A composer lies in the database for a while after it was used: it forgets too
    # ------------------------------------------------------------------

    @api.model
    def _find_personal(self, company, numbers):
        """Return the forms that have texted some numbers and are not cleared away yet.

        They name the number, or else the record that it was texted from.
        """
        sms_model = self.env["sms.sms"]
        messages = sms_model._find_personal(company, numbers).mail_message_id
        records = {(message.model, message.res_id) for message in messages}

        def is_about(composer):
            """Tell if one of the numbers, or of their messages, is in a composer."""
            typed = [composer.recipient_single_number_itf or ""]
            typed += (composer.numbers or "").split(",")
            named = any(phone.is_written(text, n) for text in typed for n in numbers)
            texted = composer._get_records()
            return named or any((r._name, r.id) in records for r in texted or ())

        return self.search([]).filtered(is_about)

    def _describe_personal(self):
        """Say nothing: Odoo deletes them within a day anyway."""
        return []

    def _forget(self):
        """Delete the forms: what was sent is a message."""
        self.unlink()
