# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...providers import PROVIDERS, SandboxProvider, voice
from ...providers.faults import BUSY, UNANSWERED
from ...providers.outbound import UNDELIVERED, DeliveryReport
from ...tools.texts import clean

PHONE_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
#: Names of the carriers, not translated.
PROVIDER_NAMES = {
    "iap": "Odoo",
    **{code: cls.name for code, cls in PROVIDERS.items() if cls is not SandboxProvider},
}
SANDBOX = SandboxProvider.code
MESSAGE_LIMIT = 200
NUMBER_LIMIT = 32
CONTACT_LIMIT = 80
QUERY_LIMIT = 64
BUS_CHANNEL = "helpdesk_mgmt_sms.virtual_phone"
NOTIFICATION_TYPE = "helpdesk_mgmt_sms/virtual_phone"
#: States of ``sms.sms`` in which the text has reached the phone.
REACHED_STATES = ("pending", "sent")
#: Direction of a text as seen by the phone's owner.
RECEIVED, SENT = "received", "sent"

PHONE_MENU = "helpdesk_mgmt_sms.sms_menu_virtual_phone"

#: Longest call id accepted from a client, and the keys of a phone.
ID_LENGTH, KEYS = 32, frozenset("0123456789*#")


class SmsVirtualPhone(models.AbstractModel):
    """A screen that simulates a customer's phone in sandbox companies.

    It allows testing without a carrier's account: it shows the texts to a number, and
    passes replies to the code that handles a carrier's webhook. It stores nothing
    itself. Only helpdesk users may use it, and only while their current company uses
    the sandbox, so that nobody answers for a real customer.
    """

    _name = "sms.virtual.phone"
    _description = "Virtual phone of the sandbox"

    # === What the screen asks for ===

    @api.model
    def get_phone_data(self, query=""):
        """Return the company and the numbers to pick from.

        :param str query: part of a name or of a number; empty for all
        :return: ``sandbox`` (whether the phone may be used here), ``provider_label``,
            ``company_id``, ``company_name``, ``date`` (now, UTC) and ``contacts`` (at
            most 80, the newest conversation first, see :meth:`_prepare_contact`)
        :raises AccessError: unless a helpdesk user
        """
        company = self._check_phone_access(is_sandbox_needed=False)
        is_sandbox = company.sms_provider == SANDBOX
        return {
            "sandbox": is_sandbox,
            "provider_label": self._get_provider_label(company),
            "company_id": company.id,
            "company_name": company.name,
            "date": fields.Datetime.to_string(fields.Datetime.now()),
            "contacts": self._get_contacts(company, query) if is_sandbox else [],
        }

    @api.model
    def get_contact(self, number):
        """Return the entry of one number, which need not be known to Odoo.

        :param str number: as a person types it; without a country code it is read as
            a number of the company's country
        :return: see :meth:`_prepare_contact`
        :raises UserError: if it is not a phone number, or outside a sandbox company
        """
        company = self._check_phone_access()
        number = self._sanitize_number(company, number)
        names = self._get_names_of(company, [number])
        last_words = self._get_last_words(company, Domain("number", "=", number))
        return self._prepare_contact(number, names, last_words)

    @api.model
    def get_messages(self, number):
        """Return the last 200 texts of a number, oldest first.

        :param str number: the phone's number, as in :meth:`get_contact`
        :return: see :meth:`_prepare_outgoing` and :meth:`_prepare_inbound`
        :raises UserError: if it is not a phone number, or outside a sandbox company
        """
        company = self._check_phone_access()
        number = self._sanitize_number(company, number)
        own = Domain("number", "=", number)
        outgoing, incoming = self._get_text_domains(company, own)
        texts = self._prepare_texts(
            self.env["sms.sms"].sudo().search(outgoing, limit=MESSAGE_LIMIT),
            self.env["sms.inbound"].sudo().search(incoming, limit=MESSAGE_LIMIT),
        )
        return [message for message, _row in texts[-MESSAGE_LIMIT:]]

    @api.model
    def send_text(self, number, body):
        """Text the company from a number, as if a carrier had delivered it.

        :param str number: the phone's number, as in :meth:`get_contact`
        :param str body: the text, at most 1,600 characters
        :return: the text as it was received, see :meth:`_prepare_inbound`
        :raises UserError: for a number or text that no carrier would deliver, or
            outside a sandbox company
        """
        company = self._check_phone_access()
        number, body = self._sanitize_number(company, number), self._sanitize_body(body)
        sent = {"id": f"SB{uuid4().hex}", "from": number, "body": body}
        event = SandboxProvider.parse_inbound(sent)
        # Like the webhook: as the public user, without a language.
        env_sudo = self.env(user=self.env.ref("base.public_user"), su=True, context={})
        company_sudo = company.with_env(env_sudo)
        inbound_sudo = env_sudo["sms.inbound"]._receive(company_sudo, event)
        return self._prepare_inbound(inbound_sudo)

    # === Checks ===

    def _check_phone_access(self, is_sandbox_needed=True):
        """Return the current company if its virtual phone may be used.

        :raises AccessError: unless a helpdesk user
        :raises UserError: outside a sandbox company, if one is needed
        """
        if not self.env.user.has_group(PHONE_GROUP):
            raise AccessError(
                self.env._(
                    "The virtual phone is for helpdesk users. Ask your administrator "
                    "for the helpdesk access level."
                )
            )
        company = self.env.company
        if is_sandbox_needed and company.sms_provider != SANDBOX:
            raise UserError(
                self.env._(
                    "This company sends through %(carrier)s. The virtual phone works "
                    "in sandbox companies only, so that nobody answers for a real "
                    "customer.",
                    carrier=self._get_provider_label(company),
                )
            )
        return company

    def _sanitize_number(self, company, number):
        """Return a typed number as E.164; raise a UserError if it is invalid."""
        typed = str(number or "").strip()[:NUMBER_LIMIT]
        if not typed:
            raise UserError(self.env._("Enter a phone number first."))
        phone_format = self.env["res.partner"]._phone_format
        if sanitized := phone_format(number=typed, country=company.country_id):
            return sanitized
        raise UserError(
            self.env._(
                "“%(number)s” is not a number that can text. Enter it with its "
                "country code, such as +1 202 555 0123.",
                number=typed,
            )
        )

    def _sanitize_body(self, body):
        """Return a text as a carrier would deliver it; raise a UserError if invalid."""
        body = str(body or "")
        if not body.strip("\x00 \t\r\n"):
            raise UserError(self.env._("Enter a text first."))
        self.env["sms.sms"]._check_length(body)
        return body

    def _get_provider_label(self, company):
        provider = company.sms_provider
        labels = dict(company._fields["sms_provider"]._description_selection(self.env))
        return PROVIDER_NAMES.get(provider) or labels.get(provider) or ""

    # === Contacts, open tickets, conversations ===

    # Names are read with the user's own rights, texts with those of the company.

    def _get_contacts(self, company, query):
        query = str(query or "").strip()[:QUERY_LIMIT]
        # The leading zeros of national and 00 numbers are not part of E.164.
        is_number = re.fullmatch(r"[\d\s()+./-]+", query)
        digits = re.sub(r"\D", "", query).lstrip("0") if is_number else ""
        partners = tickets = Domain.TRUE
        if digits:
            partners = Domain("phone_sanitized", "like", digits)
            tickets = Domain("partner_phone_sanitized", "like", digits)
        elif query:
            partners = Domain("complete_name", "ilike", query)
            tickets = Domain("partner_name", "ilike", query)
        names = self._get_names(company, partners, tickets)
        numbers = Domain("number", "!=", False)
        if query:
            numbers = Domain("number", "in", list(names))
        if digits:
            numbers |= Domain("number", "like", digits)
        last_words = self._get_last_words(company, numbers)
        unnamed = [number for number in last_words if number not in names]
        names.update(self._get_names_of(company, unnamed))
        numbers = list(dict.fromkeys([*last_words, *names]))[:CONTACT_LIMIT]
        return [self._prepare_contact(number, names, last_words) for number in numbers]

    def _prepare_contact(self, number, names, last_words):
        """Return the list entry of a number.

        :return: ``number`` (E.164), ``label`` (the same, readable), ``name``,
            ``last_body``, ``last_date`` (UTC or False)
        """
        last = last_words.get(number, {})
        phone_format = self.env["res.partner"]._phone_format
        label = phone_format(number=number, force_format="INTERNATIONAL")
        return {
            "number": number,
            "label": label or number,
            "name": names.get(number, ""),
            "last_body": last.get("body") or "",
            "last_date": last.get("date", False),
        }

    def _get_names(self, company, partner_domain, ticket_domain):
        """Return names by number, from contacts or else from open tickets."""
        domain = partner_domain & Domain("phone_sanitized", "!=", False)
        domain &= Domain("company_id", "in", [company.id, False])
        domain &= Domain("id", "!=", company.partner_id.id)
        partners = self.env["res.partner"].search_fetch(
            domain, ["name", "complete_name", "phone_sanitized"], limit=CONTACT_LIMIT
        )
        domain = ticket_domain & Domain("partner_phone_sanitized", "!=", False)
        domain &= Domain("company_id", "=", company.id) & Domain("closed", "=", False)
        tickets = self.env["helpdesk.ticket"].search_fetch(
            domain, ["partner_name", "partner_phone_sanitized"], limit=CONTACT_LIMIT
        )
        # Reversed, so that the newest ticket's name remains.
        names = {
            it.partner_phone_sanitized: it.partner_name or ""
            for it in reversed(tickets)
        }
        for number, same in partners.grouped("phone_sanitized").items():
            names[number] = ", ".join(it.name or it.complete_name or "" for it in same)
        return names

    def _get_names_of(self, company, numbers):
        return self._get_names(
            company,
            Domain("phone_sanitized", "in", numbers),
            Domain("partner_phone_sanitized", "in", numbers),
        )

    def _get_last_words(self, company, numbers):
        """Return the newest text of each number, the newest number first.

        :param Domain numbers: condition on the field ``number``
        :return: ``{number: text as the phone shows it}``
        """
        outgoing, incoming = self._get_text_domains(company, numbers)
        sms_sudo = self._find_newest(
            "sms.sms", outgoing & Domain("is_call", "=", False)
        )
        inbound_sudo = self._find_newest("sms.inbound", incoming)
        newest = {}
        for message, row in reversed(self._prepare_texts(sms_sudo, inbound_sudo)):
            newest.setdefault(row.number, message)
        return newest

    def _find_newest(self, model, domain):
        """Return the last row of each number, in sudo."""
        rows_sudo = self.env[model].sudo()
        last = {"order": "id:max desc", "limit": CONTACT_LIMIT}
        groups = rows_sudo._read_group(domain, ["number"], ["id:max"], **last)
        return rows_sudo.browse(last_id for _number, last_id in groups)

    # === Texts ===

    def _notify_outgoing(self, sms_records):
        """Show the sandbox's sent texts on open virtual phones, and let calls ring."""
        for sms in sms_records.filtered_domain(self._outgoing_domain()):
            if not sms.is_call:
                message = self._prepare_outgoing(sms)
                self._notify(sms.record_company_id, sms.number, message)
        self._notify_calls(sms_records)

    def _notify_inbound(self, inbound_records):
        """Show texts received by the sandbox on all open virtual phones."""
        for inbound in inbound_records.filtered(lambda it: it.provider == SANDBOX):
            message = self._prepare_inbound(inbound)
            self._notify(inbound.company_id, inbound.number, message)

    def _notify(self, company, number, message, **others):
        """Notify a company's screens of a text or call, after the commit."""
        told = {"company_id": company.id, "number": number, "message": message}
        self.env["bus.bus"]._sendone(
            self._get_bus_channel(company), NOTIFICATION_TYPE, {**told, **others}
        )

    def _get_bus_channel(self, company):
        """Return a company's channel: a tuple, which no client can subscribe to."""
        return (self.env.cr.dbname, BUS_CHANNEL, company.id)

    def _get_user_bus_channels(self):
        """Return the channels that the current user may subscribe to."""
        user = self.env.user
        if not user.has_group(PHONE_GROUP):
            return []
        own = user.company_ids.filtered(lambda it: it.sms_provider == SANDBOX)
        return [self._get_bus_channel(company) for company in own]

    def _get_text_domains(self, company, numbers):
        """Return the domains of a company's texts to numbers, and from them."""
        outgoing = self._outgoing_domain() & Domain(
            "record_company_id", "=", company.id
        )
        incoming = Domain("provider", "=", SANDBOX)
        incoming &= Domain("company_id", "=", company.id)
        return outgoing & numbers, incoming & numbers

    def _prepare_texts(self, sms_records, inbound_records):
        """Return texts as the phone shows them, each with its row, the oldest first."""
        bodies = sms_records._get_revealed_bodies()
        # The person's own texts first: a reply created in the same transaction has the
        # same time.
        rows = [(self._prepare_inbound(it), it) for it in inbound_records.sorted("id")]
        for sms in sms_records.sorted("id"):
            rows.append((self._prepare_outgoing(sms, bodies[sms.id]), sms))
        return sorted(rows, key=lambda it: (it[0]["date"], it[1].create_date))

    def _outgoing_domain(self):
        reached = Domain("state", "in", REACHED_STATES)
        reached |= Domain("is_call", "=", True) & Domain("sent_at", "!=", False)
        return reached & Domain("provider", "=", SANDBOX)

    def _prepare_outgoing(self, sms, body=None):
        """Return an ``sms.sms`` row as the phone shows it.

        :return: ``id`` (``out-12``), ``direction`` (``received``: by the phone),
            ``body``, ``date`` (UTC, ``YYYY-MM-DD HH:MM:SS``), ``state``, ``media``
            (paths of pictures and files), ``is_call`` (then ``body`` is the outcome)
        """
        if sms.is_call:
            body = self._describe_call(sms)
        elif body is None:
            body = sms._get_revealed_bodies()[sms.id]
        return {
            "id": f"out-{sms.id}",
            "direction": RECEIVED,
            "body": body,
            "is_call": bool(sms.is_call),
            "date": fields.Datetime.to_string(sms.sent_at or sms.create_date),
            "state": sms.state,
            "media": sms._get_media_paths() if sms.media_count else [],
        }

    def _prepare_inbound(self, inbound):
        """Return an ``sms.inbound`` row in the format of :meth:`_prepare_outgoing`."""
        return {
            "id": f"in-{inbound.id}",
            "direction": SENT,
            "body": inbound.body or "",
            "date": fields.Datetime.to_string(inbound.received_at),
            "state": SENT,
            "media": [],
            "is_call": False,
        }

    # === Calls: it rings, is answered and has keys ===

    @api.model
    def get_calls(self):
        """Return the company's ringing calls, see :meth:`_prepare_call`."""
        own = Domain("record_company_id", "=", self._check_phone_access().id)
        domain = own & self._get_ringing_domain()
        calls_sudo = self.env["sms.sms"].sudo().search(domain, order="id")
        return [self._prepare_call(call_sudo) for call_sudo in calls_sudo]

    @api.model
    def answer_call(self, call_id):
        """Answer a ringing call; return what is said, see :meth:`_prepare_spoken`.

        :param str call_id: ``id`` of :meth:`_prepare_call`
        :raises UserError: if it no longer rings
        """
        call = self._find_call(call_id)
        if not call.filtered_domain(self._get_ringing_domain()):
            raise UserError(self.env._("It does not ring any more."))
        report = SandboxProvider.parse_answer({"id": call.carrier_id})
        spoken = call._answer_call(call.record_company_id, call.uuid, report, SANDBOX)
        self._notify_calls(call)
        return self._prepare_spoken(spoken)

    @api.model
    def press_key(self, call_id, key, asked=1):
        """Press a key in a call; return what is said then.

        :param str key: a digit, star or hash; empty: none was pressed in time
        :param int asked: how often the keys have been explained
        """
        call = self._find_call(call_id)
        pressed = key if isinstance(key, str) and key in KEYS else ""
        key = SandboxProvider.parse_key({"key": pressed})
        is_last = not isinstance(asked, int) or asked >= voice.ROUNDS
        spoken = call._press_call_key(call.record_company_id, call.uuid, key, is_last)
        return self._prepare_spoken(spoken)

    @api.model
    def hang_up(self, call_id, is_declined=False):
        """End a call; a declined one was never answered."""
        call = self._find_call(call_id)
        report = DeliveryReport(
            call.carrier_id,
            UNDELIVERED,
            failure_type="sms_not_delivered",
            fault=BUSY if is_declined is True else UNANSWERED,
        )
        call._record_report(report)
        return True

    def _find_call(self, call_id):
        """Return a call of the company, in sudo, as the public user.

        :raises UserError: if there is no such call
        """
        company = self._check_phone_access()
        env_sudo = self.env(user=self.env.ref("base.public_user"), su=True, context={})
        call_sudo = env_sudo["sms.sms"].search(
            [
                ("uuid", "=", clean(str(call_id or "")[:ID_LENGTH])),
                ("record_company_id", "=", company.id),
                ("is_call", "=", True),
                ("provider", "=", SANDBOX),
                ("carrier_id", "!=", False),
            ]
        )
        if not call_sudo:
            raise UserError(self.env._("There is no such call any more."))
        return call_sudo

    def _get_ringing_domain(self):
        return (
            Domain("is_call", "=", True)
            & Domain("provider", "=", SANDBOX)
            & Domain("state", "=", "pending")
            & Domain("call_ended_at", "=", False)
        )

    def _prepare_call(self, call):
        """Return a ringing call as the phone shows it.

        :return: ``id``, ``number`` (E.164), ``date`` (UTC)
        """
        return {
            "id": call.uuid,
            "number": call.number,
            "date": fields.Datetime.to_string(call.sent_at or call.create_date),
        }

    def _describe_call(self, call):
        """Return a call's label in the phone's list."""
        if call.delivered_at:
            return self.env._("Answered call")
        if call.filtered_domain(self._get_ringing_domain()):
            return self.env._("Incoming call")
        return self.env._("Missed call")

    def _prepare_spoken(self, spoken):
        """Return what is said in a call: ``words``, and ``asks`` (awaits a key)."""
        words = spoken.words if spoken else ""
        return {"words": words, "asks": bool(spoken and spoken.asks)}

    def _notify_calls(self, calls):
        """Tell open virtual phones to ring, or to stop ringing."""
        for call in calls.filtered("is_call"):
            if call.provider != SANDBOX or not call.number:
                continue
            is_ringing = bool(call.filtered_domain(self._get_ringing_domain()))
            self._notify(
                call.record_company_id,
                call.number,
                self._prepare_outgoing(call),
                call={**self._prepare_call(call), "is_ringing": is_ringing},
            )


class SmsSms(models.Model):
    """Makes virtual phones stop ringing when a call is over."""

    _inherit = "sms.sms"

    def _end_call(self):
        ended = super()._end_call()
        self.env["sms.virtual.phone"]._notify_calls(ended)
        return ended


class SmsDispatcher(models.AbstractModel):
    """Shows sent texts on open virtual phones."""

    _inherit = "sms.dispatcher"

    def _after_outcomes(self, messages):
        result = super()._after_outcomes(messages)
        self.env["sms.virtual.phone"]._notify_outgoing(messages)
        return result


class SmsInbound(models.Model):
    """Shows received texts on open virtual phones."""

    _inherit = "sms.inbound"

    def _after_receiving(self):
        result = super()._after_receiving()
        self.env["sms.virtual.phone"]._notify_inbound(self)
        return result


class IrWebsocket(models.AbstractModel):
    """Subscribes clients to the bus channels that their user may read.

    The virtual phone to the texts of the user's sandbox companies, a conversation to
    the texts of its ticket.
    """

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Replace the names sent by the client with channels that the user may read.

        Users who are not helpdesk users, or have no sandbox company, get no channel for
        the name.
        """
        others = [it for it in channels if not isinstance(it, str) or it != BUS_CHANNEL]
        if len(others) != len(channels):
            others += self.env["sms.virtual.phone"]._get_user_bus_channels()
        own, others = self.env["helpdesk.ticket"]._get_sms_bus_channels(others)
        return super()._build_bus_channel_list(others + own)


class IrUiMenu(models.Model):
    """Hides the virtual phone from users without a sandbox company."""

    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        hidden = super()._load_menus_blacklist()
        if SANDBOX not in self.env.user.sudo().company_ids.mapped("sms_provider"):
            hidden = [*hidden, self.env["ir.model.data"]._xmlid_to_res_id(PHONE_MENU)]
        return hidden
