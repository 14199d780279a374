# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple
from uuid import uuid4

from odoo import api, fields, models
from odoo.tools.misc import clean_context

from ..providers.base import E164
from ..tools import gate, texts
from ..tools.purposes import MessageSource
from ..tools.segments import count_segments
from .sms_gate import GateQuestion
from .sms_purpose import MARKETING, PurposeCode


class PersonalText(NamedTuple):
    """A text that one of us wrote to one person, in the context ``sms_personal``.

    Our own code alone can put it there, as with :class:`PurposeCode`. It is compared
    with the message in full, so that nothing else that is sent meanwhile (by a rule, or
    to another record) passes as written by a person. The record is compared where its
    text is sent (``MailThread._notify_thread_by_sms``).
    """

    model: str
    res_id: int
    user_id: int
    body: str


def _ids(vals_list, name):
    """Return the distinct ids that some values give for a many2one field."""
    return {vals[name] for vals in vals_list if vals.get(name)}


class SmsSms(models.Model):
    """The way in: no row comes to be without a purpose, a footer and a decision."""

    _inherit = "sms.sms"

    @api.model_create_multi
    def create(self, vals_list):
        """Decide every message before it is stored.

        Whatever made it, no row comes to be without a purpose and a decision. Defaults
        of a client's context are dropped: they would come after the decision.
        """
        vals_list = [dict(vals) for vals in vals_list]
        # A context that replaces the old one is what is wanted here.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        self._prepare_intake(vals_list)
        self._prepare_gate(vals_list)
        messages = super().create(vals_list)
        blocked = messages.filtered(
            lambda sms: sms.gate_verdict == gate.BLOCK and sms.state == "canceled"
        )
        blocked._update_trackers()
        messages._replace_older()
        companies = self.env["res.company"].browse(_ids(vals_list, "record_company_id"))
        if any(company._uses_sms_outbox() for company in companies):
            messages._wake_dispatcher()
        messages._wake_when_due()
        return messages

    @api.model
    def _prepare_intake(self, vals_list):
        """Complete the values of new messages: company, purpose, number, footer.

        Contexts, where the caller cannot set values: ``sms_purpose`` (a
        ``PurposeCode``) and ``sms_source`` (a ``MessageSource``) say for what and by
        what the messages are made, ``sms_personal`` (a ``PersonalText``) by whom.
        """
        message_sudo = self.env["mail.message"].sudo()
        partner_sudo = self.env["res.partner"].sudo()
        # One query for all: the loops below then find everything in the cache.
        message_sudo.browse(_ids(vals_list, "mail_message_id")).fetch(
            ["model", "res_id", "record_company_id"]
        )
        partner_sudo.browse(_ids(vals_list, "partner_id")).fetch(
            ["lang", "country_id", "state_id", "tz"]
        )
        self._prepare_times(vals_list)
        source = self._get_source()
        # Most of a batch are alike: what is the same for them is looked up once.
        purpose_of, lang_of = {}, {}
        for vals in vals_list:
            message = message_sudo.browse(vals.get("mail_message_id") or ())
            partner = partner_sudo.browse(vals.get("partner_id") or ())
            company = message.record_company_id or self.env["res.company"].browse(
                vals.get("record_company_id") or self.env.company.id
            )
            vals.setdefault("template_id", source.template_id or False)
            if not vals.get("purpose_id"):
                key = company, message.model
                if key not in purpose_of:
                    purpose_of[key] = self._get_default_purpose(*key, source)
                vals["purpose_id"] = purpose_of[key].id
            vals["is_personal"] = len(vals_list) == 1 and self._is_personal(
                message, vals.get("body")
            )
            self._address(vals, partner, company)
            if not partner.lang and company not in lang_of:
                lang_of[company] = company.sudo().partner_id.lang
            self._apply_purpose(vals, partner.lang or lang_of[company])

    @api.model
    def _address(self, vals, partner, company):
        """Say to which number, by which sender and when at the earliest it leaves."""
        vals["record_company_id"] = company.id
        vals["uuid"] = vals.get("uuid") or uuid4().hex
        vals["number"] = self._to_e164(vals.get("number"), partner, company)
        vals["body"] = texts.clean(vals.get("body"))
        vals["not_before"] = vals.get("not_before") or fields.Datetime.now()
        if company._uses_sms_outbox():
            vals["sender_id"] = company._get_sms_sender_id(vals["number"])

    @api.model
    def _get_source(self):
        """Return what our own code says of what makes the messages."""
        source = self.env.context.get("sms_source")
        return source if isinstance(source, MessageSource) else MessageSource()

    @api.model
    def _get_default_purpose(self, company, model_name, source):
        """Return the purpose of messages for which nobody has named one.

        :param str model_name: the model that they are posted on, unless ``source`` says
        :param MessageSource source: what makes them
        """
        purpose = self.env.context.get("sms_purpose")
        if isinstance(purpose, PurposeCode):
            return self.env["sms.purpose"]._get(purpose.code)
        source = source._replace(model_name=source.model_name or model_name or "")
        return self.env["sms.purpose.rule"]._find_purpose(company, source)

    @api.model
    def _is_personal(self, message, body):
        """Tell if one of us wrote a text to this one person.

        :param message: the ``mail.message`` that it is posted by
        :param str body: the text, before anything is added to it
        """
        written = self.env.context.get("sms_personal")
        return (
            isinstance(written, PersonalText)
            and written.model == message.model
            and (written.user_id, written.body) == (self.env.uid, body)
        )

    @api.model
    def _apply_purpose(self, vals, lang):
        """Give a message what its purpose asks for: its urgency, its footer.

        :param str lang: code of the reader's language, may be empty
        """
        purpose = self.env["sms.purpose"].browse(vals["purpose_id"])
        rules = purpose._get_rules(lang)
        vals["priority"] = rules.priority
        if not vals.get("exemption"):
            vals["body"] = texts.add_footer(vals["body"], rules.footer)
        # Given here, they cost a quarter of what computing them before storage does.
        segments = count_segments(vals["body"])
        vals.update(segment_count=segments.count, encoding=segments.encoding)

    @api.model
    def _to_e164(self, number, partner, company):
        """Return ``number`` as E.164 where that can be done, else as it is."""
        if not number or E164.match(number):
            return number
        number = texts.clean(number)
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
                vals["is_personal"],
                partner=self.env["res.partner"].browse(vals.get("partner_id") or ()),
                send_at=vals.get("send_at"),
                expires_at=vals.get("expires_at"),
                key=vals["uuid"],
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
            "inbound_id": decision.text and decision.text.inbound_id,
            **self._get_time_values(decision),
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
                sms.is_personal,
                # Not in the cache of a message that was just made: no query for others.
                sms.create_date if sms.is_personal else None,
                partner=sms.partner_id,
                send_at=sms.send_at,
                expires_at=sms.expires_at,
                key=sms.uuid,
                sms_id=sms.id,
            )
            for sms in self
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        self.gate_checked_at = fields.Datetime.now()
        verdicts = {gate.SEND: [], gate.HOLD: [], gate.BLOCK: []}
        for sms, (decision, event_id) in zip(self, decisions, strict=True):
            # Mostly it says what it has said before.
            values = {
                name: value
                for name, value in self._get_gate_values(decision, event_id).items()
                if (sms._fields[name].convert_to_write(sms[name], sms) or False)
                != (value or False)
            }
            if values:
                sms.write(values)
            verdicts[decision.verdict].append(sms.id)
        self.browse(verdicts[gate.BLOCK])._update_trackers()
        self.browse(verdicts[gate.HOLD])._wake_when_due()
        return self.browse(verdicts[gate.SEND])
