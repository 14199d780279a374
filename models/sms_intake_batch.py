# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import fields

from ..tools import advice, links, texts
from ..tools.quiet_hours import MARKETING
from ..tools.segments import count_segments
from .res_partner_reader import NOBODY, Readers


def get_ids(vals_list, name):
    """Return the distinct ids that some values give for a many2one field."""
    return {vals[name] for vals in vals_list if vals.get(name)}


class IntakeBatch:
    """What the new messages of one batch share, looked up once.

    Most of a batch are alike: of one company, for one purpose, in few languages.
    """

    def __init__(self, sms_model, vals_list):
        """Read with one query each what all messages ask.

        :param sms_model: ``sms.sms``, with the context that the messages are made in
        :param vals_list: their values
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
        self._langs = {}
        self._rules = {}
        self._words = {}
        self._known_numbers = set()
        self._company_names = {}
        #: What rooms remember until the batch is prepared.
        self.memo = defaultdict(dict)

    def _read_messages(self, vals_list):
        """Return the ``mail.message`` of some values, by id; an empty one for no id."""
        none_sudo = self._env["mail.message"].sudo()
        messages_sudo = none_sudo.browse(get_ids(vals_list, "mail_message_id"))
        messages_sudo.fetch(["model", "record_company_id"])
        found = {message.id: message for message in messages_sudo}
        return {**found, None: none_sudo, False: none_sudo}

    def _get_readers(self, vals_list):
        """Return the contacts of some values; who made a list has read them already.

        :rtype: Readers
        """
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
        """Return the purpose of messages for which nobody has named one.

        :return: its id, and if no rule speaks of them
        """
        key = company.id, message.model if message else False
        if key not in self._purpose_ids:
            purpose = self._sms._get_default_purpose(company, key[1], self._source)
            is_unmapped = self._sms._is_unmapped(company, key[1], self._source)
            self._purpose_ids[key] = (purpose.id, is_unmapped)
        return self._purpose_ids[key]

    def get_lang(self, reader, company):
        """Return the code of the reader's language, may be empty."""
        if reader.lang:
            return reader.lang
        if company.id not in self._langs:
            self._langs[company.id] = company.sudo().partner_id.lang
        return self._langs[company.id]

    def get_rules(self, purpose_id, lang, company):
        """Return what a message asks of its purpose (``PurposeRules``)."""
        key = purpose_id, lang, company.id
        if key not in self._rules:
            purpose = self._env["sms.purpose"].browse(purpose_id)
            self._rules[key] = purpose._get_rules(lang, company)
        return self._rules[key]

    def read_known_numbers(self, vals_list):
        """Find out whom the companies have texted before, with one query for all.

        Whoever leaves by Odoo's own provider is left as they were.

        :param vals_list: values with company, purpose and number
        """
        pairs = {
            (vals["record_company_id"], vals["number"])
            for vals in vals_list
            if vals["number"]
            and not vals.get("exemption")
            and self.companies[vals["record_company_id"]]._uses_sms_outbox()
        }
        self._known_numbers = self._sms._find_known_numbers(pairs)

    def get_footer(self, vals, rules):
        """Return what is added to a message: how to stop, and who sends.

        The sender is named in the first text to a number and in every offer, unless
        its words name them already (47 CFR 64.1200(b)(1), CPCE art. L34-5, CTIA 5.1.2).

        :param dict vals: of the message, with company and number
        :param PurposeRules rules: of its purpose, in the reader's language
        """
        company = self.companies[vals["record_company_id"]]
        # Where an administrator has taken the footer away, nothing is added.
        if not rules.footer or not company._uses_sms_outbox():
            return rules.footer
        is_known = (company.id, vals["number"]) in self._known_numbers
        if is_known and rules.quiet_class != MARKETING:
            return rules.footer
        if company.id not in self._company_names:
            self._company_names[company.id] = company.sudo().name
        name = self._company_names[company.id]
        return advice.sign(vals.get("body"), rules.footer, name)

    def get_words(self, body, footer):
        """Return the fields that hold a message's text.

        Counted here, its segments cost a quarter of what computing them before storage
        does.

        :param str body: the text without its footer, may be empty
        :param str footer: may be empty
        """
        key = body, footer
        if key not in self._words:
            text = links.hide_keys(texts.clean(body))
            text = texts.add_footer(text, footer)
            segments = count_segments(text)
            self._words[key] = {
                "body": text,
                "segment_count": segments.count,
                "encoding": segments.encoding,
            }
        return self._words[key]

    def choose_senders(self, vals_list):
        """Enter by which sender each message leaves that goes to the outbox."""
        by_company = {}
        for vals in vals_list:
            by_company.setdefault(vals["record_company_id"], []).append(vals)
        for company_id, own in by_company.items():
            company = self.companies[company_id]
            if not company._uses_sms_outbox():
                continue
            sender_ids = company._choose_sms_senders(
                [vals["number"] for vals in own],
                [self.messages[vals.get("mail_message_id")] for vals in own],
            )
            for vals, sender_id in zip(own, sender_ids, strict=True):
                vals["sender_id"] = sender_id
