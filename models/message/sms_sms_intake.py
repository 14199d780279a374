# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, split_every
from odoo.tools.misc import clean_context

from ...tools import advice, links, phone, texts, verdicts
from ...tools.dispatch import NEEDED
from ...tools.geography import read_number
from ...tools.phone import E164, canonical
from ...tools.purpose_rules import ADDRESS, MAILING_MODEL, MessageSource
from ...tools.quiet_hours import MARKETING
from ...tools.segments import count_segments
from ..core.bulk_insert import BULK_FROM, as_array, create_many, is_extended
from ..core.trail import trace
from ..ledger.sms_purpose import PurposeCode
from .res_partner import NOBODY, Readers
from .sms_sms_waiting import WAITING

#: Messages that are created at once; their memory is freed before the next batch.
BATCH_SIZE = 4000
#: Priority of texts that somebody waits for, as of team alerts: those that a user wrote
#: to one person, and answers to a keyword. Lists of thousands come after them.
PERSONAL_PRIORITY = 0
#: Modules whose overrides of ``create`` are taken care of here.
KNOWN_MODULES = ("sms", "sms_twilio", "helpdesk_mgmt_sms")


def get_ids(vals_list, name):
    """Return the distinct ids that a list of values has for a many2one field."""
    return {vals[name] for vals in vals_list if vals.get(name)}


def is_bare(vals):
    """Return whether a message gets no footer: it is an automatic reply or a call."""
    return bool(vals.get("exemption") or vals.get("is_call"))


class IntakeBatch:
    """Facts that the new messages of one batch share, looked up once.

    Most of a batch are alike: of one company, for one purpose, in few languages.
    """

    def __init__(self, sms_model, vals_list):
        """Read the facts that all messages need.

        :param sms_model: ``sms.sms``, in the context that the messages are created in
        """
        self._sms = sms_model
        env = sms_model.env
        self._env = env
        self._source = sms_model._get_source()
        self.template_id = self._source.template_id or False
        self.now = fields.Datetime.now()
        self.messages = self._read_messages(vals_list)
        self._readers = self._get_readers(vals_list)
        self.companies = {}
        self._purpose_ids = {}
        #: Languages by company id and number, for people without a known one.
        self._langs = {}
        self._active_langs = env["res.company"]._get_sms_active_langs()
        self._told_langs = {}
        self._words = {}
        self._known_numbers = set()
        #: Why no sender may take a message, by its ``uuid``.
        self.sender_refusals = {}
        self._signatures = {}
        #: Cache for other rooms until the batch is prepared.
        self.memo = defaultdict(dict)

    def _read_messages(self, vals_list):
        """Return the values' ``mail.message`` by id; an empty one for no id."""
        none_sudo = self._env["mail.message"].sudo()
        messages_sudo = none_sudo.browse(get_ids(vals_list, "mail_message_id"))
        messages_sudo.fetch(["model", "record_company_id"])
        found = {message.id: message for message in messages_sudo}
        return {**found, None: none_sudo, False: none_sudo}

    def _get_readers(self, vals_list):
        """Return the contacts of the values; for lists they were read before."""
        partner_ids = get_ids(vals_list, "partner_id")
        readers = self._env.context.get("sms_readers")
        if isinstance(readers, Readers) and partner_ids <= readers.keys():
            return readers
        return self._env["res.partner"].browse(partner_ids)._get_sms_readers()

    def get_reader(self, vals):
        """Return the recipient of a message (``Reader``)."""
        return self._readers.get(vals.get("partner_id"), NOBODY)

    def get_company(self, vals, message):
        """Return the company of a message: that of its post, else its own."""
        company_id = message.record_company_id.id if message else None
        company_id = company_id or vals.get("record_company_id") or self._env.company.id
        company = self._env["res.company"].browse(company_id)
        return self.companies.setdefault(company_id, company)

    def get_purpose(self, company, message):
        """Return the id of a default purpose, and True if no rule has named it."""
        key = company.id, message.model if message else False
        if key not in self._purpose_ids:
            found = self._sms._get_default_purpose(company, key[1], self._source)
            self._purpose_ids[key] = (found[0].id, found[1])
        return self._purpose_ids[key]

    def read_langs(self, vals_list):
        """Look up the languages for people who have none of their own.

        With one query per company. Messages without a footer need no language.
        """
        silent = defaultdict(dict)
        for vals in vals_list:
            lang = self.get_reader(vals).lang
            is_known = vals.get("lang") or lang in self._active_langs
            if not is_known and not is_bare(vals):
                silent[vals["record_company_id"]][vals["number"]] = lang
        for company_id, langs in silent.items():
            found = self.companies[company_id]._find_sms_langs(langs)
            self._langs.update({(company_id, it): found[it] for it in found})

    def get_lang(self, vals):
        """Return the language code of a message's footer: that of its words."""
        company = self.companies[vals["record_company_id"]]
        lang = vals.get("lang") or self.get_reader(vals).lang
        if lang not in self._active_langs:
            lang = self._langs.get((company.id, vals["number"]))
            lang = lang or company._pick_sms_lang()
        template_id = vals.get("template_id")
        if not template_id or is_bare(vals):
            return lang
        key = template_id, lang, company.id
        if key not in self._told_langs:
            template = self._env["sms.template"].sudo().browse(template_id)
            told_lang = self._sms._get_template_lang(template, lang, company)
            self._told_langs[key] = told_lang
        return self._told_langs[key]

    def read_known_numbers(self, vals_list):
        """Look up whom the companies have texted before, with one query for all.

        Companies on Odoo's own provider are left out: their texts get no signature.
        """
        pairs = {
            (vals["record_company_id"], vals["number"])
            for vals in vals_list
            if vals["number"]
            and not vals.get("exemption")
            and self.companies[vals["record_company_id"]]._uses_sms_outbox()
        }
        self._known_numbers = self._sms._find_known_numbers(pairs)

    def get_footer(self, vals, rules, lang):
        """Return what is added to a message: how to opt out, and who sends it.

        The sender is named in the first text to a number and in every offer, unless
        its words name them already (47 CFR 64.1200(b)(1), CPCE art. L34-5, CTIA 5.1.2);
        in an offer with their address where the recipient's law requires it.

        :param PurposeRules rules: of its purpose, in the recipient's language
        """
        company = self.companies[vals["record_company_id"]]
        # If an administrator has removed the footer, nothing is added.
        if not rules.footer or not company._uses_sms_outbox():
            return rules.footer
        footer = company._get_sms_footer(vals.get("sender_id"), rules.footer, lang)
        is_known = (company.id, vals["number"]) in self._known_numbers
        is_offer = rules.quiet_class == MARKETING
        if is_known and not is_offer:
            return footer
        key, number, reader = company.id, None, self.get_reader(vals)
        if is_offer:
            number = vals["number"]
            key = company.id, read_number(number), reader.address
        if key not in self._signatures:
            self._signatures[key] = self._sms._get_signature(company, number, reader)
        signature = self._signatures[key]
        return advice.sign(vals.get("body"), footer, *signature, lang=lang or "")

    def get_words(self, body, footer, is_call=False):
        """Return the fields that hold a message's text.

        Counting the segments here costs a quarter of computing the fields before
        storage. A call has none.
        """
        key = body, footer, is_call
        if key not in self._words:
            text = texts.add_footer(links.hide_keys(texts.clean(body)), footer)
            encoding, _units, count = count_segments(text)
            if is_call:
                encoding, count = False, 0
            words = {"body": text, "segment_count": count, "encoding": encoding}
            self._words[key] = words
        return self._words[key]

    def choose_senders(self, vals_list):
        """Set the sender of each message that goes to the outbox.

        ``asks_answer`` is not a field, but a requirement on the sender: a text that
        makes no sense without an answer is sent by one that can receive it, or by none
        (``dispatch.NEEDED``).
        """
        by_company = defaultdict(list)
        for vals in vals_list:
            key = vals["record_company_id"], bool(vals.get("is_call"))
            by_company[key].append(vals)
        for (company_id, is_call), own in by_company.items():
            company = self.companies[company_id]
            answers = [self._pop_answer(vals) for vals in own]
            if not company._uses_sms_outbox():
                continue
            sender_ids = company._choose_sms_senders(
                [vals["number"] for vals in own],
                [self.messages[vals.get("mail_message_id")] for vals in own],
                is_call=is_call,
                answers=answers,
            )
            for vals, sender_id in zip(own, sender_ids, strict=True):
                vals["sender_id"] = sender_id
                if not sender_id and not is_call:
                    refusal = company._find_sms_sender_refusal(vals["number"])
                    self.sender_refusals[vals["uuid"]] = refusal

    def _pop_answer(self, vals):
        """Pop from a message's values whether it needs or wants an answer.

        Automatic replies need one: they tell people what to text (YES, STOP, START).
        """
        answer = vals.pop("asks_answer", "") or self._source.asks_answer
        return NEEDED if vals.get("exemption") else answer


class PersonalText(NamedTuple):
    """A text that a user wrote to one person, in the context ``sms_personal``.

    Only server code can put it there, as with :class:`PurposeCode`. It is compared in
    full, so that nothing else that is sent meanwhile (by a rule, or to another record)
    passes as written by a person; its record is compared where texts are sent
    (``MailThread._notify_thread_by_sms``).
    """

    model: str
    res_id: int
    user_id: int
    body: str


class SmsSms(models.Model):
    """The intake: every new row gets a purpose, a footer and a decision.

    Many at once are inserted in SQL, with the same result.
    """

    _inherit = "sms.sms"

    @api.model_create_multi
    def create(self, vals_list):
        """Decide every message before it is stored.

        Defaults in a client's context are dropped: they would apply after the decision.
        """
        vals_list = [dict(vals) for vals in vals_list]
        # Replacing the whole context is intended.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        batch = IntakeBatch(self, vals_list)
        self._prepare_intake(vals_list, batch)
        self._prepare_gate(vals_list, batch)
        in_outbox = all(it._uses_sms_outbox() for it in batch.companies.values())
        sms_model = self.with_context(sms_in_outbox=in_outbox)
        if self._is_for_bulk(vals_list):
            # As ``sms`` does; ``sms_twilio`` adds the company, which is set already.
            sms_model.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()
            messages = create_many(self, vals_list)
        else:
            messages = super(SmsSms, sms_model).create(vals_list).with_env(self.env)
        trace(messages, "%s: taken in, %s (%s)", "gate_verdict", "gate_reason")
        messages._after_intake(vals_list)
        return messages

    def _after_intake(self, vals_list):
        """Handle new messages: replace older ones, report blocks, wake the outbox.

        Rooms add to it.
        """
        self._take_places(vals_list)
        blocked, replacing, held = {}, [], []
        for sms_id, vals in zip(self._ids, vals_list, strict=True):
            if vals.get("state", WAITING) != WAITING:
                is_blocked = vals["gate_verdict"] == verdicts.BLOCK
                if is_blocked and vals["state"] == "canceled":
                    blocked[sms_id] = vals["uuid"]
                continue
            if vals["template_id"] and vals.get("mail_message_id"):
                replacing.append(sms_id)
            if vals["gate_verdict"] == verdicts.HOLD:
                held.append(vals)
        if blocked:
            self._tell_of_refusals(blocked)
        self.browse(replacing)._replace_older()
        company_ids = get_ids(vals_list, "record_company_id")
        companies = self.env["res.company"].browse(company_ids)
        outbox_ids = {it.id for it in companies if it._uses_sms_outbox()}
        if outbox_ids:
            self._wake_dispatcher()
        due = {True: [], False: []}  # by whether the outbox sends it
        for vals in held:
            due[vals["record_company_id"] in outbox_ids].append(vals["not_before"])
        self._wake_at(due[True], due[False])

    @api.model
    def _tell_of_refusals(self, uuids):
        """Update the chatter and mailings for new messages that the gate blocks."""
        domain = [("sms_uuid", "in", list(uuids.values()))]
        tracked = set(self.env["sms.tracker"].sudo().search(domain).mapped("sms_uuid"))
        ids = [sms_id for sms_id, uuid in uuids.items() if uuid in tracked]
        self.browse(ids)._update_trackers()

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Complete the values of new messages: company, purpose, number, footer.

        Rooms add to it. Context keys for callers that cannot set values:
        ``sms_purpose`` (a ``PurposeCode``) is the messages' purpose, ``sms_source`` (a
        ``MessageSource``) what creates them, ``sms_personal`` (a ``PersonalText``) who
        wrote them.
        """
        if any(vals.get("is_call") for vals in vals_list) and not self.env.su:
            raise AccessError(self.env._("Only team alerts can call people."))
        self._prepare_media(vals_list)
        self._prepare_times(vals_list)
        is_alone = len(vals_list) == 1
        for vals in vals_list:
            message = batch.messages[vals.get("mail_message_id")]
            reader = batch.get_reader(vals)
            company = batch.get_company(vals, message)
            vals.setdefault("template_id", batch.template_id)
            vals["is_unmapped"] = False
            if not vals.get("purpose_id"):
                found = batch.get_purpose(company, message)
                vals["purpose_id"], vals["is_unmapped"] = found
            body = vals.get("body")
            vals["is_personal"] = is_alone and self._is_personal(message, body)
            vals["record_company_id"] = company.id
            vals["uuid"] = vals.get("uuid") or uuid4().hex
            vals["number"] = self._to_e164(vals.get("number"), reader, company)
            vals["not_before"] = vals.get("not_before") or batch.now
        batch.read_known_numbers(vals_list)
        batch.choose_senders(vals_list)
        batch.read_langs(vals_list)
        for vals in vals_list:
            company = batch.companies[vals["record_company_id"]]
            lang = batch.get_lang(vals)
            vals.pop("lang", None)
            purpose = self.env["sms.purpose"].browse(vals["purpose_id"])
            rules = purpose._get_rules(lang, company)
            vals["priority"] = rules.priority
            if vals["is_personal"] or vals.get("exemption"):
                vals["priority"] = min(rules.priority, PERSONAL_PRIORITY)
            footer = "" if is_bare(vals) else batch.get_footer(vals, rules, lang)
            body = self._prepare_body(vals, batch)
            vals.update(batch.get_words(body, footer, bool(vals.get("is_call"))))

    @api.model
    def _get_template_lang(self, template, lang, company):
        """Return the language of a template's text to a recipient. Rooms extend it.

        :param str lang: of the recipient
        """
        return lang

    @api.model
    def _get_source(self):
        source = self.env.context.get("sms_source")
        return source if isinstance(source, MessageSource) else MessageSource()

    @api.model
    def _get_default_purpose(self, company, model_name, source):
        """Return the purpose of messages for which the caller has named none.

        :param str model_name: the model that they are posted on, unless in ``source``
        :return: ``sms.purpose``, and True if it is marketing only because no rule
            applies; mailings are offers by definition
        """
        purpose = self.env.context.get("sms_purpose")
        if isinstance(purpose, PurposeCode):
            return self.env["sms.purpose"]._get(purpose.code), False
        source = source._replace(model_name=source.model_name or model_name or "")
        rules = self.env["sms.purpose.rule"]
        is_mailing = source.model_name == MAILING_MODEL
        is_unmapped = not is_mailing and not rules._find_id(company, source)
        return rules._find_purpose(company, source), is_unmapped

    @api.model
    def _is_personal(self, message, body):
        """Return whether a user wrote a text, posted by a message, to one person."""
        written = self.env.context.get("sms_personal")
        return (
            isinstance(written, PersonalText)
            and written.model == message.model
            and (written.user_id, written.body) == (self.env.uid, body)
        )

    @api.model
    def _prepare_body(self, vals, batch):
        """Return a message's text without its footer. Rooms extend it."""
        return vals.get("body")

    @api.model
    def _get_signature(self, company, number, reader=NOBODY):
        """Return a company's name, and its address where an offer must give it.

        :param number: of the recipient of an offer; None: it is no offer
        """
        name, address = company.sudo().name, ""
        if number is not None:
            place = self.env["sms.gate"]._locate(company, number, reader)
            if ADDRESS in self.env["sms.consent.law"]._find_duties(place):
                address = company._get_sms_postal_address()
        return name, address

    @api.model
    def _get_footer_for(self, purpose, lang, company, number, record=None):
        """Return the footer of a text that a user is about to write.

        :param str number: E.164, or as given if it cannot be converted
        :param record: what it is about; its team may have a number of its own
        """
        vals = {"record_company_id": company.id, "number": number or "", "uuid": ""}
        batch = IntakeBatch(self, [vals])
        batch.companies[company.id] = company
        batch.read_known_numbers([vals])
        if record:
            about = {"model": record._name, "res_id": record.id}
            batch.messages[None] = self.env["mail.message"].sudo().new(about)
        batch.choose_senders([vals])
        return batch.get_footer(vals, purpose._get_rules(lang, company), lang)

    @api.model
    def _find_known_numbers(self, pairs):
        """Return the pairs of company id and number that had a text, or will get one.

        Not if it was blocked, called off or has failed, or was shown on the virtual
        phone only.
        """
        if not pairs:
            return set()
        names = ("record_company_id", "number", "gate_verdict", "state", "provider")
        self.flush_model(names)
        self.env["res.company"].flush_model(["sms_provider"])
        company_ids, numbers = zip(*pairs, strict=True)
        query = """
            SELECT wanted.company_id, wanted.number
              FROM unnest(%s, %s) AS wanted (company_id, number)
              JOIN res_company company ON company.id = wanted.company_id
             WHERE EXISTS (SELECT 1 FROM sms_sms
                            WHERE number = wanted.number
                              AND record_company_id = wanted.company_id
                              AND gate_verdict != 'block'
                              AND state NOT IN ('canceled', 'error')
                              AND (provider != 'sandbox'
                                   OR company.sms_provider = 'sandbox') IS NOT FALSE
                              AND is_call IS NOT TRUE)
        """
        columns = as_array(company_ids, "int4"), as_array(numbers, "varchar")
        return set(self.env.execute_query(SQL(query, *columns)))

    @api.model
    def _to_e164(self, number, reader, company):
        """Return ``number`` in E.164 if it can be converted, else as it is."""
        if not number:
            return number
        number = texts.clean(number)
        if phone.has_extension(phone.tidy(number)):
            return number  # the gate says why it is not texted
        number = canonical(number)
        if E164.match(number):
            return number
        country = self.env["res.country"].sudo().browse(reader.country_id or ())
        country = country or company.sudo().country_id
        return company._phone_format_number(number, country) or number

    # === Lists of people ===

    @api.model
    def _queue_many(self, company, purpose, recipients, bodies=(), **values):
        """Create a message to each recipient, batch by batch, each number once.

        Each is decided as by :meth:`create`. Recipients without a number, or with the
        number of an earlier one, get a row that says so. A generator: the caller may
        commit between two batches.

        :param recipients: iterable of :class:`Recipient`, or ``res.partner``
        :param values: other fields of all messages, as ``create`` takes them
        :return: yields the ``sms.sms`` of each batch
        """
        values.update(record_company_id=company.id, purpose_id=purpose.id)
        if isinstance(recipients, models.BaseModel):
            recipients = map(Recipient, recipients._ids)
        seen = set()
        messages_sudo = self.sudo().with_company(company)
        for batch in split_every(BATCH_SIZE, recipients, list):
            partner_ids = {row.partner_id for row in batch if row.partner_id}
            readers = self.env["res.partner"].browse(partner_ids)._get_sms_readers()
            vals_list = self._address_many(company, batch, readers, dict(bodies), seen)
            vals_list = [{**values, **vals} for vals in vals_list]
            messages = messages_sudo.with_context(sms_readers=readers).create(vals_list)
            yield messages.with_env(messages_sudo.env)
            # Nothing that was read for this batch is needed by the next.
            self.env.flush_all()
            self.env.invalidate_all(flush=False)

    @api.model
    def _address_many(self, company, recipients, readers, bodies, seen):
        """Return the values of messages to recipients.

        :param set seen: numbers (E.164) that already have a message; extended here
        """
        default = next(iter(bodies.values()), "")
        vals_list = []
        for row in recipients:
            reader = readers.get(row.partner_id, NOBODY)
            number = row.number or reader.number
            vals = {
                "partner_id": reader.partner_id,
                "number": self._to_e164(number, reader, company),
                "body": row.body or bodies.get(reader.lang, default),
            }
            if row.send_at:
                vals["send_at"] = row.send_at
            if row.lang:
                vals["lang"] = row.lang
            if vals["number"] in seen:
                vals.update(state="canceled", failure_type="sms_duplicate")
            elif vals["number"]:
                seen.add(vals["number"])
            vals_list.append(vals)
        return vals_list

    @api.model
    def _is_for_bulk(self, vals_list):
        """Return whether to insert in bulk: many messages, created by our own code.

        The ORM checks users' rights row by row, and imports give rows external ids.
        """
        is_plain = self.env.su and not self.env.context.get("_import_current_module")
        is_many = is_plain and len(vals_list) >= BULK_FROM
        return is_many and not is_extended(self, KNOWN_MODULES)


class Recipient(NamedTuple):
    """A recipient of one of many messages: a contact, a number, or both.

    The default of ``number`` is the contact's, that of ``body`` the text in the
    contact's language. It leaves at ``send_at`` (UTC), by default now. ``lang`` is the
    language of its text if that is not the contact's.
    """

    partner_id: int = 0
    number: str = ""
    body: str = ""
    send_at: datetime | None = None
    lang: str = ""
