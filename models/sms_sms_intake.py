# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple
from uuid import uuid4

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from ..tools import texts, verdicts
from ..tools.phone import E164, canonical
from ..tools.purpose_rules import MAILING_MODEL, MessageSource
from .sms_intake_batch import IntakeBatch, get_ids
from .sms_purpose import PurposeCode
from .sql_array import as_array

WAITING = "outgoing"


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
        batch = IntakeBatch(self, vals_list)
        self._prepare_intake(vals_list, batch)
        self._prepare_gate(vals_list, batch)
        if self._is_for_bulk(vals_list):
            messages = self._insert_many(vals_list)
        else:
            messages = super().create(vals_list)
        messages._after_intake(vals_list)
        return messages

    def _after_intake(self, vals_list):
        """Do what follows from new messages: replace, tell of refusals, wake.

        Rooms add to it.

        :param vals_list: their completed values, in order. To read thousands of rows
            again would cost more than to write them did.
        """
        self._take_places(vals_list)
        blocked, replacing, held = [], [], []
        for sms_id, vals in zip(self._ids, vals_list, strict=True):
            if vals.get("state", WAITING) != WAITING:
                if (vals["gate_verdict"], vals["state"]) == (
                    verdicts.BLOCK,
                    "canceled",
                ):
                    blocked.append((sms_id, vals["uuid"]))
                continue
            if vals["template_id"] and vals.get("mail_message_id"):
                replacing.append(sms_id)
            if vals["gate_verdict"] == verdicts.HOLD:
                held.append(vals)
        if blocked:
            self._tell_of_refusals(dict(blocked))
        self.browse(replacing)._replace_older()
        companies = self.env["res.company"].browse(
            get_ids(vals_list, "record_company_id")
        )
        outbox_ids = {it.id for it in companies if it._uses_sms_outbox()}
        if outbox_ids:
            self._wake_dispatcher()
        self._wake_at(
            [it["not_before"] for it in held if it["record_company_id"] in outbox_ids],
            [
                it["not_before"]
                for it in held
                if it["record_company_id"] not in outbox_ids
            ],
        )

    @api.model
    def _tell_of_refusals(self, uuids):
        """Tell the chatter and mailings of new messages that the gate has refused.

        :param dict uuids: the messages' own, by id
        """
        trackers_sudo = self.env["sms.tracker"].sudo()
        found = trackers_sudo.search([("sms_uuid", "in", list(uuids.values()))])
        tracked = set(found.mapped("sms_uuid"))
        ids = [sms_id for sms_id, uid in uuids.items() if uid in tracked]
        self.browse(ids)._update_trackers()

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Complete the values of new messages: company, purpose, number, footer.

        Rooms add to it.
        Contexts, where the caller cannot set values: ``sms_purpose`` (a
        ``PurposeCode``) and ``sms_source`` (a ``MessageSource``) say for what and by
        what the messages are made, ``sms_personal`` (a ``PersonalText``) by whom.

        :param IntakeBatch batch: what they share
        """
        self._prepare_media(vals_list)
        self._prepare_times(vals_list)
        for vals in vals_list:
            message = batch.messages[vals.get("mail_message_id")]
            reader = batch.get_reader(vals)
            company = batch.get_company(vals, message)
            vals.setdefault("template_id", batch.template_id)
            vals["is_unmapped"] = False
            if not vals.get("purpose_id"):
                vals["purpose_id"], vals["is_unmapped"] = batch.get_purpose(
                    company, message
                )
            vals["is_personal"] = len(vals_list) == 1 and self._is_personal(
                message, vals.get("body")
            )
            vals["record_company_id"] = company.id
            vals["uuid"] = vals.get("uuid") or uuid4().hex
            vals["number"] = self._to_e164(vals.get("number"), reader, company)
            vals["not_before"] = vals.get("not_before") or batch.now
        batch.read_known_numbers(vals_list)
        for vals in vals_list:
            company = batch.companies[vals["record_company_id"]]
            lang = batch.get_lang(batch.get_reader(vals), company)
            rules = batch.get_rules(vals["purpose_id"], lang, company)
            self._apply_purpose(vals, rules, batch)
        batch.choose_senders(vals_list)

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
    def _is_unmapped(self, company, model_name, source):
        """Tell if nobody has said what messages are for, so that they are marketing.

        With the arguments of :meth:`_get_default_purpose`. Mailings are offers.
        """
        if isinstance(self.env.context.get("sms_purpose"), PurposeCode):
            return False
        source = source._replace(model_name=source.model_name or model_name or "")
        rules = self.env["sms.purpose.rule"]
        return source.model_name != MAILING_MODEL and not rules._find_id(
            company, source
        )

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
    def _apply_purpose(self, vals, rules, batch):
        """Give a message what its purpose asks for: its urgency, its footer.

        :param PurposeRules rules: in the reader's language
        :param IntakeBatch batch: what the messages share
        """
        vals["priority"] = rules.priority
        footer = "" if vals.get("exemption") else batch.get_footer(vals, rules)
        vals.update(batch.get_words(self._prepare_body(vals, batch), footer))

    @api.model
    def _prepare_body(self, vals, batch):
        """Return a message's text as it leaves, before its footer. Rooms change it.

        :param IntakeBatch batch: what the messages share
        """
        return vals.get("body")

    @api.model
    def _get_footer_for(self, purpose, lang, company, number):
        """Return what goes under a text that somebody is about to write.

        :param purpose: ``sms.purpose``
        :param str lang: code of the reader's language, may be empty
        :param company: ``res.company`` that sends
        :param str number: the reader's, E.164; may be empty
        """
        vals = {"record_company_id": company.id, "number": number or ""}
        batch = IntakeBatch(self, [vals])
        batch.companies[company.id] = company
        batch.read_known_numbers([vals])
        return batch.get_footer(vals, purpose._get_rules(lang, company))

    @api.model
    def _find_known_numbers(self, pairs):
        """Return which numbers companies have texted before, or are about to.

        One query for all. What was blocked does not count: nobody has had it.

        :param pairs: set of ``(company id, number)``
        :return: those that are known
        :rtype: set
        """
        if not pairs:
            return set()
        self.flush_model(["record_company_id", "number", "gate_verdict"])
        company_ids, numbers = zip(*pairs, strict=True)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT wanted.company_id, wanted.number
                  FROM unnest(%s, %s) AS wanted (company_id, number)
                 WHERE EXISTS (SELECT 1 FROM sms_sms
                                WHERE number = wanted.number
                                  AND record_company_id = wanted.company_id
                                  AND gate_verdict != 'block')
                """,
                as_array(company_ids, "int4"),
                as_array(numbers, "varchar"),
            )
        )
        return set(rows)

    @api.model
    def _to_e164(self, number, reader, company):
        """Return ``number`` as E.164 where that can be done, else as it is.

        :param Reader reader: whose number it is
        :param company: ``res.company`` whose country holds for who has none
        """
        if not number:
            return number
        number = canonical(texts.clean(number))
        if E164.match(number):
            return number
        country = self.env["res.country"].sudo().browse(reader.country_id or ())
        country = country or company.sudo().country_id
        return company._phone_format_number(number, country) or number
