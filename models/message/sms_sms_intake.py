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
from .sms_sms_timing import WAITING

#: Messages that are made at once: what they need in memory is gone before the next.
BATCH_SIZE = 4000
#: The priority of what somebody waits for, next to team alerts: what one of us wrote to
#: one person, and what answers a word of theirs. Lists of thousands come after it.
PERSONAL_PRIORITY = 0
#: Modules whose additions to ``create`` are seen to here.
KNOWN_MODULES = ("sms", "sms_twilio", "helpdesk_mgmt_sms")


def get_ids(vals_list, name):
    """Return the distinct ids that some values give for a many2one field."""
    return {vals[name] for vals in vals_list if vals.get(name)}


def is_bare(vals):
    """Tell if a message gets no footer: it is an answer of ours, or spoken."""
    return bool(vals.get("exemption") or vals.get("is_call"))


class IntakeBatch:
    """Facts that the new messages of one batch share, looked up once.

    Most of a batch are alike: of one company, for one purpose, in few languages.
    """

    def __init__(self, sms_model, vals_list):
        """Read what all messages ask.

        :param sms_model: ``sms.sms``, with the context that the messages are made in
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
        #: Languages of numbers by company, of those of whom none is known.
        self._langs = {}
        self._active_langs = env["res.company"]._get_sms_active_langs()
        self._told_langs = {}
        self._rules = {}
        self._words = {}
        self._known_numbers = set()
        #: Why no sender may take a message, by its ``uuid``.
        self.sender_refusals = {}
        self._signatures = {}
        #: Memory of other rooms until the batch is prepared.
        self.memo = defaultdict(dict)

    def _read_messages(self, vals_list):
        """Return the ``mail.message`` of some values, by id; an empty one for no id."""
        none_sudo = self._env["mail.message"].sudo()
        messages_sudo = none_sudo.browse(get_ids(vals_list, "mail_message_id"))
        messages_sudo.fetch(["model", "record_company_id"])
        found = {message.id: message for message in messages_sudo}
        return {**found, None: none_sudo, False: none_sudo}

    def _get_readers(self, vals_list):
        """Return the contacts of some values; who made a list has read them already."""
        partner_ids = get_ids(vals_list, "partner_id")
        readers = self._env.context.get("sms_readers")
        if isinstance(readers, Readers) and partner_ids <= readers.keys():
            return readers
        return self._env["res.partner"].browse(partner_ids)._get_sms_readers()

    def get_reader(self, vals):
        """Return who reads a message (``Reader``)."""
        return self._readers.get(vals.get("partner_id"), NOBODY)

    def get_company(self, vals, message):
        """Return the company of a message: of what it is posted by, else its own."""
        company_id = message.record_company_id.id if message else None
        company_id = company_id or vals.get("record_company_id") or self._env.company.id
        if company_id not in self.companies:
            company = self._env["res.company"].browse(company_id)
            self.companies[company_id] = company
        return self.companies[company_id]

    def get_purpose(self, company, message):
        """Return the id of a default purpose, and True if no rule has named it."""
        key = company.id, message.model if message else False
        if key not in self._purpose_ids:
            found = self._sms._get_default_purpose(company, key[1], self._source)
            self._purpose_ids[key] = (found[0].id, found[1])
        return self._purpose_ids[key]

    def read_langs(self, vals_list):
        """Find out in which languages to speak to those who have none of their own.

        With one query for all of a company. What has no footer of ours says itself in
        which it is.
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
        """Return the code of the language of a message's footer: that of its words."""
        lang = vals.get("lang") or self.get_reader(vals).lang
        if lang not in self._active_langs:
            company_id = vals["record_company_id"]
            lang = self._langs.get((company_id, vals["number"]))
            lang = lang or self.companies[company_id]._pick_sms_lang()
        template_id = vals.get("template_id")
        if not template_id or is_bare(vals):
            return lang
        key = template_id, lang, vals["record_company_id"]
        if key not in self._told_langs:
            company = self.companies[vals["record_company_id"]]
            template = self._env["sms.template"].sudo().browse(template_id)
            find = self._sms._get_template_lang
            self._told_langs[key] = find(template, lang, company)
        return self._told_langs[key]

    def get_rules(self, purpose_id, lang, company):
        """Return what a message asks of its purpose (``PurposeRules``)."""
        key = purpose_id, lang, company.id
        if key not in self._rules:
            purpose = self._env["sms.purpose"].browse(purpose_id)
            self._rules[key] = purpose._get_rules(lang, company)
        return self._rules[key]

    def read_known_numbers(self, vals_list):
        """Find out whom the companies have texted before, with one query for all.

        Companies on Odoo's own provider are left as they were.
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
        """Return what is added to a message: how to stop, and who sends.

        The sender is named in the first text to a number and in every offer, unless
        its words name them already (47 CFR 64.1200(b)(1), CPCE art. L34-5, CTIA 5.1.2);
        in an offer with their address where the reader's law asks for it.

        :param PurposeRules rules: of its purpose, in the reader's language
        """
        company = self.companies[vals["record_company_id"]]
        # Where an administrator has taken the footer away, nothing is added.
        if not rules.footer or not company._uses_sms_outbox():
            return rules.footer
        footer = company._get_sms_footer(vals.get("sender_id"), rules.footer, lang)
        is_known = (company.id, vals["number"]) in self._known_numbers
        if is_known and rules.quiet_class != MARKETING:
            return footer
        key = company.id
        reader = self.get_reader(vals)
        is_offer = rules.quiet_class == MARKETING
        if is_offer:
            address = (reader.tz, reader.country_id, reader.state_id)
            key = company.id, read_number(vals["number"]), address
        if key not in self._signatures:
            number = vals["number"] if is_offer else None
            self._signatures[key] = self._sms._get_signature(company, number, reader)
        signature = self._signatures[key]
        return advice.sign(vals.get("body"), footer, *signature, lang=lang or "")

    def get_words(self, body, footer, is_call=False):
        """Return the fields that hold a message's text.

        Counted here, its segments cost a quarter of what computing them before storage
        does. What is spoken has none.
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
        """Enter by which sender each message leaves that goes to the outbox.

        ``asks_answer`` is no field, but says what is wanted of the sender: a text that
        makes no sense without its answer is sent by one that can receive it, or by
        none (``dispatch.NEEDED``).
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
            for vals, sender_id, answer in zip(own, sender_ids, answers, strict=True):
                vals["sender_id"] = sender_id
                if not sender_id and not is_call:
                    refusal = company._find_sms_sender_refusal(vals["number"], answer)
                    self.sender_refusals[vals["uuid"]] = refusal

    def _pop_answer(self, vals):
        """Return what a message wants of an answer, and take it out of its values.

        Automatic replies tell their readers what to text: YES, STOP, START.
        """
        answer = vals.pop("asks_answer", "") or self._source.asks_answer
        return NEEDED if vals.get("exemption") else answer


class PersonalText(NamedTuple):
    """A text that one of us wrote to one person, in the context ``sms_personal``.

    Our own code alone can put it there, as with :class:`PurposeCode`. It is compared in
    full, so that nothing else that is sent meanwhile (by a rule, or to another record)
    passes as written by a person; the record where its text is sent
    (``MailThread._notify_thread_by_sms``).
    """

    model: str
    res_id: int
    user_id: int
    body: str


class SmsSms(models.Model):
    """The intake: each row gets a purpose, a footer and a decision, whatever makes it.

    Many at once are written past the ORM, as the same rows.
    """

    _inherit = "sms.sms"

    @api.model_create_multi
    def create(self, vals_list):
        """Decide every message before it is stored.

        Defaults of a client's context are dropped: they would come after the decision.
        """
        vals_list = [dict(vals) for vals in vals_list]
        # A context that replaces the old one is what is wanted here.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        batch = IntakeBatch(self, vals_list)
        self._prepare_intake(vals_list, batch)
        self._prepare_gate(vals_list, batch)
        in_outbox = all(it._uses_sms_outbox() for it in batch.companies.values())
        sms_model = self.with_context(sms_in_outbox=in_outbox)
        if self._is_for_bulk(vals_list):
            # As ``sms`` does; what ``sms_twilio`` adds, the company, is there already.
            sms_model.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()
            messages = create_many(self, vals_list)
        else:
            messages = super(SmsSms, sms_model).create(vals_list).with_env(self.env)
        trace(messages, "%s: taken in, %s (%s)", "gate_verdict", "gate_reason")
        messages._after_intake(vals_list)
        return messages

    def _after_intake(self, vals_list):
        """Do what follows from new messages: replace, tell of refusals, wake.

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
        """Tell the chatter and mailings of new messages that the gate has refused."""
        trackers_sudo = self.env["sms.tracker"].sudo()
        found = trackers_sudo.search([("sms_uuid", "in", list(uuids.values()))])
        tracked = set(found.mapped("sms_uuid"))
        ids = [sms_id for sms_id, uid in uuids.items() if uid in tracked]
        self.browse(ids)._update_trackers()

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Complete the values of new messages: company, purpose, number, footer.

        Rooms add to it. Contexts, where the caller cannot set values: ``sms_purpose``
        (a ``PurposeCode``) and ``sms_source`` (a ``MessageSource``) say for what and by
        what the messages are made, ``sms_personal`` (a ``PersonalText``) by whom.
        """
        if any(vals.get("is_call") for vals in vals_list) and not self.env.su:
            raise AccessError(self.env._("Only team alerts can call people."))
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
        batch.choose_senders(vals_list)
        batch.read_langs(vals_list)
        for vals in vals_list:
            company = batch.companies[vals["record_company_id"]]
            lang = batch.get_lang(vals)
            vals.pop("lang", None)
            rules = batch.get_rules(vals["purpose_id"], lang, company)
            vals["priority"] = rules.priority
            if vals["is_personal"] or vals.get("exemption"):
                vals["priority"] = min(rules.priority, PERSONAL_PRIORITY)
            footer = "" if is_bare(vals) else batch.get_footer(vals, rules, lang)
            body = self._prepare_body(vals, batch)
            vals.update(batch.get_words(body, footer, bool(vals.get("is_call"))))

    @api.model
    def _get_template_lang(self, template, lang, company):
        """Return in which language a template speaks to a reader. Rooms extend it.

        :param str lang: of the reader
        """
        return lang

    @api.model
    def _get_source(self):
        source = self.env.context.get("sms_source")
        return source if isinstance(source, MessageSource) else MessageSource()

    @api.model
    def _get_default_purpose(self, company, model_name, source):
        """Return the purpose of messages for which nobody has named one.

        :param str model_name: the model that they are posted on, unless ``source`` says
        :return: ``sms.purpose``, and True if it is marketing only because no rule
            speaks of them; mailings are offers by themselves
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
        """Tell if one of us wrote a text to this one person, posted by a message."""
        written = self.env.context.get("sms_personal")
        return (
            isinstance(written, PersonalText)
            and written.model == message.model
            and (written.user_id, written.body) == (self.env.uid, body)
        )

    @api.model
    def _prepare_body(self, vals, batch):
        """Return a message's text as it leaves, before its footer. Rooms change it."""
        return vals.get("body")

    @api.model
    def _get_signature(self, company, number, reader=NOBODY):
        """Return a company's name, and its address where an offer must give it.

        :param number: of the reader of an offer; None: it is no offer
        """
        name, address = company.sudo().name, ""
        if number is not None:
            place = self.env["sms.gate"]._locate(company, number, reader)
            if ADDRESS in self.env["sms.consent.law"]._find_duties(place):
                address = company._get_sms_postal_address()
        return name, address

    @api.model
    def _get_footer_for(self, purpose, lang, company, number, record=None):
        """Return what goes under a text that somebody is about to write.

        :param str number: E.164, or what could not be brought to it
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
        """Return which pairs of company id and number have had a text, or will.

        Blocked texts do not count.
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
                                  AND gate_verdict != 'block'
                                  AND is_call IS NOT TRUE)
                """,
                as_array(company_ids, "int4"),
                as_array(numbers, "varchar"),
            )
        )
        return set(rows)

    @api.model
    def _to_e164(self, number, reader, company):
        """Return ``number`` as E.164 where that can be done, else as it is."""
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
        """Make a message to each recipient, batch by batch, each number once.

        What :meth:`create` decides for one is decided for each. Who has no number, or
        that of somebody before them, gets a row that says so. A generator: the caller
        commits between two batches, or not.

        :param recipients: iterable of :class:`Recipient`, or ``res.partner``
        :param values: other fields of all messages, as ``create`` takes them
        :return: yields the ``sms.sms`` of one batch after the other
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
            messages = messages_sudo.with_context(sms_readers=readers).create(
                [{**values, **vals} for vals in vals_list]
            )
            yield messages.with_env(messages_sudo.env)
            # Nothing that was read for this batch is of use to the next.
            self.env.flush_all()
            self.env.invalidate_all(flush=False)

    @api.model
    def _address_many(self, company, recipients, readers, bodies, seen):
        """Return who gets what, as the values of messages.

        :param set seen: the numbers (E.164) that have a message already, to be extended
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
        """Tell if new messages are written at once: many, made by our own code.

        The ORM checks the rights of others row by row, and imports name their rows.
        """
        is_plain = self.env.su and not self.env.context.get("_import_current_module")
        is_many = is_plain and len(vals_list) >= BULK_FROM
        return is_many and not is_extended(self, KNOWN_MODULES)


class Recipient(NamedTuple):
    """A reader of one of many messages: a contact, a number, or both.

    Without a number it is the contact's own. Without a text of its own it gets that of
    its reader's language. It leaves at ``send_at`` (UTC), by default now. ``lang`` is
    the language of its text where that is not the reader's.
    """

    partner_id: int = 0
    number: str = ""
    body: str = ""
    send_at: datetime | None = None
    lang: str = ""
