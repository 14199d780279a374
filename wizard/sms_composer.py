# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import clean_context

from ..models.consent.sms_consent_mixin import READER_GROUPS
from ..models.core.mixins import NUMBER_GROUPS
from ..models.core.moments import say_moment
from ..models.ledger.sms_consent import STATE_SELECTION
from ..models.message.sms_gate import GateQuestion
from ..models.message.sms_sms_intake import PersonalText
from ..models.message.sms_sms_media import SentMedia
from ..tools import TICKET_MODEL, consent, phone, timing, verdicts
from ..tools.conversation import CONVERSATION_TIME
from ..tools.purpose_rules import MAILING_MODEL, MessageSource

#: Reasons of the gate that depend on the time of sending.
TIME_REASONS = {verdicts.EXPIRED, verdicts.TOO_MANY}


class Sent(list):
    """Collects the records a composer has created; hashable, to be in a context."""

    __hash__ = object.__hash__


class SmsComposer(models.TransientModel):
    """Extends Odoo's composer: asks the gate beforehand, and checks rights."""

    _name = "sms.composer"
    _inherit = ["sms.composer", "sms.send.at", "sms.personal.data"]
    _is_counted = False

    sms_block_reason = fields.Char(
        compute="_compute_sms_block_reason",
        help="Why this message would be blocked. Empty if it would be sent.",
    )
    sms_answer_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="Says that this message counts as an answer to their text, and until "
        "when.",
    )
    sms_time_note = fields.Char(
        compute="_compute_sms_block_reason",
        help="When it would be sent, in the recipient's local time, if not "
        "immediately.",
    )
    # True if no consent can be recorded, as they have opted out themselves.
    is_bound = fields.Boolean(compute="_compute_sms_block_reason")
    is_time_wrong = fields.Boolean(
        compute="_compute_sms_block_reason",
        help="It cannot be sent at this time, but can be at another.",
    )
    send_at = fields.Datetime(
        help="Leave empty to send as soon as possible. Quiet hours may delay it."
    )
    sms_ticket_number = fields.Char(
        "Ticket's Number", help="The number on the ticket when the form was opened."
    )
    sms_footer = fields.Char(
        compute="_compute_sms_footer",
        help="Added below the text when it is sent, in the recipient's language.",
    )
    sms_consent_state = fields.Selection(
        STATE_SELECTION,
        string="Consent",
        compute="_compute_sms_consent_state",
        help="Of the record's own number. Empty while another one is typed.",
    )
    sms_price = fields.Json("Price", compute="_compute_sms_price")
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "sms_composer_attachment_rel",
        string="Pictures and Files",
        bypass_search_access=True,
        help="JPEG, PNG, GIF or PDF; at most ten, and 5 MB together.",
    )
    may_send_media = fields.Boolean(compute="_compute_may_send_media")
    desk_key = fields.Char(
        readonly=True,
        copy=False,
        help="Made up by the conversation's screen for one text, so that it is sent "
        "once however often it is asked for.",
    )
    _desk_key_unique = models.UniqueIndex(
        "(create_uid, desk_key) WHERE desk_key IS NOT NULL"
    )

    def _compute_sanitized_numbers(self):
        """Name each number once, however often it was typed."""
        result = super()._compute_sanitized_numbers()
        for composer in self.filtered("sanitized_numbers"):
            numbers = composer.sanitized_numbers.split(",")
            composer.sanitized_numbers = ",".join(dict.fromkeys(numbers))
        return result

    # The purpose depends on the template, and on whether its text was edited.
    @api.depends(
        *("recipient_single_number_itf", "res_model", "res_id", "send_at"),
        *("template_id", "body"),
    )
    @api.depends_context("tz", "lang")
    def _compute_sms_block_reason(self):
        """Ask the gate about a single recipient, before anybody writes in vain."""
        self.sms_block_reason = self.sms_answer_note = self.sms_time_note = False
        self.is_time_wrong = self.is_bound = False
        may_know = self.env.user.has_groups(NUMBER_GROUPS)
        for composer in self:
            if not (composer.comment_single_recipient and composer.res_model):
                continue
            if fault := composer._get_send_at_fault():
                composer.sms_block_reason = fault
                composer.is_time_wrong = True
                continue
            own_number = composer.recipient_single_number
            if not may_know and composer.recipient_single_number_itf != own_number:
                continue  # its owner's answers are not for everybody
            decision = composer._ask_gate(composer._get_records())
            if decision.verdict == verdicts.BLOCK:
                composer._explain_block(decision)
            elif decision.reason == verdicts.CONVERSATION:
                composer.sms_answer_note = composer._describe_answer(decision.text)
            if decision.verdict == verdicts.HOLD:
                composer.sms_time_note = composer._get_time_note(decision)

    def _explain_block(self, decision):
        """Store why the gate blocks and, for an opt-out, what undoes it."""
        self.sms_block_reason = self.env["sms.sms"]._get_gate_label(decision.reason)
        self.is_time_wrong = decision.reason in TIME_REASONS
        if decision.reason != verdicts.OPTED_OUT:
            return
        stop = self.env["sms.consent"]._find_obstacle(
            self._get_sms_company(),
            self._get_sms_number(),
            consent.Said(consent.GRANTED, "", fields.Datetime.now()),
            self._get_sms_purpose(),
        )
        self.is_bound = bool(stop and stop.is_own)
        if stop and self.env.user.has_groups(READER_GROUPS):
            self.sms_block_reason = self.env["sms.consent.details"]._tell_way_back(stop)

    def _describe_answer(self, text):
        return self.env._(
            "You may answer their text of %(received)s without recorded consent, until "
            "%(end)s.",
            received=say_moment(self.env, text.received_at),
            end=say_moment(self.env, text.received_at + CONVERSATION_TIME),
        )

    def _get_time_note(self, decision):
        messages = self.env["sms.sms"]
        note = messages._get_zone_note(decision.until, decision.when.place.zones)
        if decision.reason == timing.SCHEDULED:
            return note
        label = messages._get_gate_label(decision.reason)
        return f"{note}: {label}" if note else label

    @api.depends(
        "res_model",
        "res_id",
        "comment_single_recipient",
        "recipient_single_number_itf",
        "template_id",
        "body",
    )
    def _compute_sms_footer(self):
        for composer in self:
            company, number = composer._get_sms_company(), composer._get_sms_number()
            partner, record = self.env["res.partner"], None
            if composer.comment_single_recipient:
                record = composer._get_records()
                partner = record._mail_get_partners()[record.id][:1].sudo()
            lang = company._find_sms_lang(partner.lang, number)
            messages, template_sudo = self.env["sms.sms"], composer.template_id.sudo()
            if template_sudo:
                lang = messages._get_template_lang(template_sudo, lang, company)
            composer.sms_footer = messages._get_footer_for(
                composer._get_sms_purpose(), lang, company, number, record
            )

    @api.depends("recipient_single_number_itf", "res_model", "res_id")
    def _compute_sms_consent_state(self):
        for composer in self:
            composer.sms_consent_state = False
            record = composer.comment_single_recipient and composer._get_records()
            if not isinstance(record, self.pool["sms.consent.mixin"]):
                continue
            _company, number, _purpose = record._get_sms_subjects()[record.id]
            typed = composer.recipient_single_number_itf or number
            if number and record._phone_format(number=typed) == number:
                composer.sms_consent_state = record.sms_consent_state

    @api.depends(
        "res_model", "res_id", "comment_single_recipient", "recipient_single_number_itf"
    )
    def _compute_sms_price(self):
        """Tell what the text to one recipient costs; lists may be of any countries."""
        for composer in self:
            company, number = composer._get_sms_company(), composer._get_sms_number()
            is_one = composer.comment_single_recipient
            composer.sms_price = is_one and company._get_sms_segment_price(number)

    @api.depends("res_model", "res_id", "composition_mode")
    def _compute_may_send_media(self):
        for composer in self:
            composer.may_send_media = (
                composer.comment_single_recipient
                and composer._get_sms_company()._uses_sms_outbox()
            )

    @api.constrains("attachment_ids")
    def _check_attachments(self):
        for composer in self.filtered("attachment_ids"):
            if not composer.may_send_media:
                raise ValidationError(
                    self.env._("Pictures can be sent to one person at a time.")
                )
            self.env["sms.sms"]._check_media(composer.attachment_ids)

    # Not a constraint, which would be checked in sudo.

    @api.model_create_multi
    def create(self, vals_list):
        """Check the user's access to the records, which are read in sudo."""
        composers = super().create(vals_list)
        for composer in composers:
            self._check_may_read(composer.res_model, composer.res_id)
        # Computed now if another user would do it later, who may not read the form.
        if self.env.transaction.default_env.user != self.env.user:
            composers.mapped("recipient_single_number_itf")
        return composers

    def write(self, vals):
        """Check it for other records."""
        result = super().write(vals)
        if {"res_model", "res_id"} & vals.keys():
            for composer in self:
                self._check_may_read(composer.res_model, composer.res_id)
        return result

    def onchange(self, values, field_names, fields_spec):
        """Check it before the form is filled in."""
        names = ["res_model", "res_id"]
        asked = {**({} if self else self.default_get(names)), **values}
        self._check_may_read(*map(asked.get, names))
        return super().onchange(values, field_names, fields_spec)

    def _check_may_read(self, model_name, record_id):
        if model_name and record_id:
            self.env[model_name].browse(record_id).check_access("read")

    # === Message ===

    def _get_sms_source(self):
        """Return the source of the messages: a server action, a template, an app."""
        source = self.env["sms.sms"]._get_source()
        return MessageSource(
            model_name=MAILING_MODEL if self._is_mailing() else self.res_model or "",
            template_id=self.template_id.id or 0,
            action_id=source.action_id,
            is_own_text=self._is_own_text(),
            fact=source.fact,
        )

    def _is_mailing(self):
        """Return whether a mailing is being sent; its app may not be installed."""
        return bool("mailing_id" in self._fields and self.mailing_id)

    def _is_own_text(self):
        """Return whether the text of a template that purpose rules use was edited."""
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
        """Return the purpose of the messages: set by our code, else by the rules."""
        return self._get_default_sms_purpose()[0]

    def _get_default_sms_purpose(self):
        return self.env["sms.sms"]._get_default_purpose(
            self._get_sms_company(), self.res_model, self._get_sms_source()
        )

    def _get_sms_company(self):
        record = self._get_records() if self.comment_single_recipient else None
        if record and "company_id" in record and record.company_id:
            return record.company_id
        return self.env.company

    def _is_personal(self):
        """Return whether a helpdesk user writes to the person of a single record."""
        is_one = self.comment_single_recipient and not self.res_ids
        is_person = not self.env.su and not self.env.context.get("sms_automated")
        return (
            is_one
            and is_person
            and isinstance(self._get_records(), self.pool["sms.consent.mixin"])
            and self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own")
        )

    def _get_sms_number(self):
        """Return the single recipient's number, as E.164 if possible; else empty."""
        record = self._get_records() if self.comment_single_recipient else None
        number = self.recipient_single_number_itf or self.recipient_single_number
        return record._phone_format(number=number) or number if record else ""

    def _ask_gate(self, record):
        """Return the gate's decision on a message to the composer's recipient."""
        purpose, is_unmapped = self._get_default_sms_purpose()
        company, number = self._get_sms_company(), self._get_sms_number()
        [sender_refusal] = company._find_sms_sender_refusals([number])
        question = GateQuestion(
            company.id,
            number,
            purpose.id,
            is_personal=self._is_personal(),
            is_unmapped=is_unmapped,
            reader=record._mail_get_partners()[record.id][:1]._get_sms_reader(),
            send_at=self.send_at,
            sender_refusal=sender_refusal,
            expires_at=self.env["sms.sms"]._get_expiry(record),
        )
        return self.env["sms.gate"].sudo()._decide([question])[0][0]

    def action_record_sms_consent(self):
        """Open the form to record consent for the number of this message.

        It leads back to this composer, unchanged.
        """
        self.ensure_one()
        record = self._get_records()
        return self.env["sms.consent.record"]._get_action(
            self._get_sms_company(),
            self._get_sms_number(),
            self._get_sms_purpose(),
            res_model=record._name,
            res_id=record.id,
            back_model=self._name,
            back_id=self.id,
        )

    # === Sending ===

    def action_send_sms(self):
        """Send, close the dialog, and show the outcome, if our outbox sends."""
        if not self.env.company.sudo()._uses_sms_outbox():
            return super().action_send_sms()
        sent = Sent()
        super(SmsComposer, self.with_context(sms_sent=sent)).action_send_sms()
        return self._find_sent(sent)._get_outcome_notice()

    def _find_sent(self, made):
        """Return the texts from created ``sms.sms`` or ``mail.message`` records."""
        texts_sudo = self.env["sms.sms"].sudo()
        found_sudo = texts_sudo.browse()
        for records in made:
            if records._name == "sms.sms":
                found_sudo |= records.sudo().exists()
            else:
                domain = [("mail_message_id", "in", records.ids)]
                found_sudo |= texts_sudo.search(domain)
        return found_sudo

    def _action_send_sms(self):
        """Check the user's rights, and pass on the source of the messages.

        Attached pictures and files are moved to the record, like the message.
        """
        is_many = self.composition_mode == "mass" and self.res_model == TICKET_MODEL
        if is_many and self.env.context.get("sms_answers"):
            return self._answer_each()
        if not self.env.su:
            self._check_sms_rights()
        if self.composition_mode != "mass":
            whole = "\n".join(filter(None, (self.body, self.sms_footer)))
            self.env["sms.sms"]._check_length(whole)
        sent = self._hand_over_attachments()
        if self.res_model == TICKET_MODEL:
            self._get_records()._check_may_send_sms()
            self.template_id._check_for_customers()
            self._check_sms_ticket_number()
        personal = PersonalText(self.res_model, self.res_id, self.env.uid, self.body)
        composer = self.with_context(
            sms_source=self._get_sms_source(),
            sms_personal=personal if self._is_personal() else None,
            sms_send_at=self.send_at or None,
            **({"sms_media": sent} if sent else {}),
        )
        made = super(SmsComposer, composer)._action_send_sms()
        sent = self.env.context.get("sms_sent")
        if isinstance(sent, Sent) and isinstance(made, models.BaseModel):
            sent.append(made)
        return made

    def _answer_each(self):
        """Answer replies to a broadcast one by one, so the gate treats them as answers.

        Each is posted on its ticket, like one that an agent writes there.
        """
        self._check_sms_rights()
        # The form's defaults would make each of them a mass message.
        context = {
            name: value
            for name, value in clean_context(self.env.context).items()
            if not name.startswith("active_")
        }
        # pylint: disable-next=context-overridden
        composers = self.with_context(context)
        tickets = self._get_records()
        bodies = self._prepare_body_values(tickets)
        for ticket in tickets:
            composers.create(
                {
                    "composition_mode": "comment",
                    "res_model": TICKET_MODEL,
                    "res_id": ticket.id,
                    # Without it Odoo would text a ticket without a contact twice over:
                    # by field and by number.
                    "number_field_name": "partner_phone",
                    "template_id": self.template_id.id,
                    "body": bodies[ticket.id],
                }
            )._action_send_sms()

    def _prepare_body_values(self, records):
        """Never render the text of a single message a second time.

        It is rendered when the composer opens. Rendered again, placeholders in a
        ticket's title could have any field texted.
        """
        if self.comment_single_recipient:
            return dict.fromkeys(records.ids, self.body)
        return super()._prepare_body_values(records)

    def _check_sms_rights(self):
        """Check the user's rights to typed numbers and long lists.

        :raises AccessError: without the right to text any number, or so many people
        :raises UserError: if the user's daily limit would be exceeded
        """
        company, records = self._get_sms_company(), self._get_records()
        user, mode = self.env.user, self.composition_mode
        is_posted = isinstance(records, self.pool["mail.thread"])
        has_limits = (records if is_posted else self.env["mail.thread"])._has_sms_limits
        # The mailing app has its own groups and limits.
        is_own_mailing = self._is_mailing() and user.has_group(
            "mass_mailing.group_mass_mailing_user"
        )
        if is_own_mailing:
            return
        if mode == "numbers" or (mode != "mass" and not is_posted):
            if has_limits(company):
                user._check_sms_free_right(company)
                typed = (self.sanitized_numbers or "-").split(",")
                user._check_sms_limits(company, len(typed))
        elif mode == "mass" or len(records) > 1:
            is_one = len(self.env.companies) == 1
            owners = {} if is_one else records._mail_get_companies(default=company)
            for owner in set(owners.values()) or company:
                if has_limits(owner):
                    user._check_sms_limits(owner, len(records))
            if self.res_model == TICKET_MODEL:
                records._check_sms_team_limit()

    def _check_sms_ticket_number(self):
        """Refuse a text to a replaced customer, whose number the ticket would get."""
        number = self._get_records()[:1].partner_phone
        if self.sms_ticket_number and self.sms_ticket_number != number:
            raise UserError(
                self.env._(
                    "The ticket's number has changed since you opened this form. Close "
                    "it, and open it again."
                )
            )

    def _hand_over_attachments(self):
        # For a mass message nothing is read.
        if not self.comment_single_recipient or not self.attachment_ids:
            return None
        self.attachment_ids.check_access("read")
        record = self._get_records()
        own_sudo = self.attachment_ids.sudo().filtered(
            lambda it: it.res_model == self._name and it.create_uid == self.env.user
        )
        own_sudo.write({"res_model": record._name, "res_id": record.id})
        return SentMedia(0, tuple(self.attachment_ids.ids))

    # A used composer stays in the database for a while.

    @api.model
    def _find_personal(self, company, numbers):
        """Return the forms with one of the numbers, or about records texted there."""
        messages = self.env["sms.sms"]._find_personal(company, numbers).mail_message_id
        records = {(message.model, message.res_id) for message in messages}

        def is_about(composer):
            typed = [composer.recipient_single_number_itf, composer.sms_ticket_number]
            typed = ",".join(filter(None, [*typed, composer.numbers])).split(",")
            named = any(phone.is_written(text, n) for text in typed for n in numbers)
            texted = composer._get_records()
            return named or any((r._name, r.id) in records for r in texted or ())

        return self.search([]).filtered(is_about)
