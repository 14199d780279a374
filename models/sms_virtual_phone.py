# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..providers import PROVIDERS, SandboxProvider

PHONE_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
#: Names that people know the carriers by; they are not translated.
PROVIDER_NAMES = {
    "iap": "Odoo",
    **{code: cls.name for code, cls in PROVIDERS.items() if cls is not SandboxProvider},
}
MESSAGE_LIMIT = 200
NUMBER_LIMIT = 32
#: A carrier takes no longer text (Twilio: 1,600 characters).
BODY_LIMIT = 1600


class SmsVirtualPhone(models.AbstractModel):
    """The screen that stands in for a customer's phone in sandbox companies.

    It makes the product testable without a carrier's account: it shows the texts that
    a number got, and hands an answer to the code that reads a carrier's webhook. It
    stores nothing of its own. Only helpdesk users may use it, and only while their
    current company is on the sandbox, so that nobody answers for a real customer.
    """

    _name = "sms.virtual.phone"
    _description = "Virtual phone of the sandbox"

    # What the screen calls
    # ------------------------------------------------------------

    @api.model
    def get_phone_data(self, query=""):
        """Return the company and the numbers to pick from.

        :param str query: part of a name or of a number; empty for all
        :return: ``sandbox`` (whether the phone may be used here), ``provider_label``,
            ``company_id``, ``company_name``, ``date`` (now, UTC) and ``contacts`` (at
            most 80, the newest conversation first, see :meth:`_prepare_contact`)
        :rtype: dict
        :raise AccessError: for anybody but helpdesk users
        """
        company = self._check_phone_access(is_sandbox_needed=False)
        is_sandbox = company.sms_provider == SandboxProvider.code
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
        :rtype: dict
        :raise UserError: when it is no phone number, or outside a sandbox company
        """
        company = self._check_phone_access()
        number = self._sanitize_number(company, number)
        names = self._names_by_number(company, [number])
        last_words = self._get_last_words(company, SQL("number = %s", number))
        return self._prepare_contact(number, names, last_words)

    @api.model
    def get_messages(self, number):
        """Return the last 200 texts of a number, oldest first.

        :param str number: the phone's number, as in :meth:`get_contact`
        :return: see :meth:`_prepare_outgoing` and :meth:`_prepare_inbound`
        :rtype: list[dict]
        :raise UserError: when it is no phone number, or outside a sandbox company
        """
        company = self._check_phone_access()
        number = self._sanitize_number(company, number)
        sms_sudo = self.env["sms.sms"].sudo()
        inbound_sudo = self.env["sms.inbound"].sudo()
        number_domain = Domain("number", "=", number)
        sms_sudo = sms_sudo.search(
            self._outgoing_domain(company) & number_domain, limit=MESSAGE_LIMIT
        )
        inbound_sudo = inbound_sudo.search(
            self._inbound_domain(company) & number_domain,
            order="id desc",
            limit=MESSAGE_LIMIT,
        )
        bodies = sms_sudo._get_revealed_bodies()
        rows = [(self._prepare_outgoing(sms, bodies[sms.id]), sms) for sms in sms_sudo]
        rows += [(self._prepare_inbound(inbound), inbound) for inbound in inbound_sudo]
        rows.sort(key=self._message_order)
        return [message for message, _row in rows[-MESSAGE_LIMIT:]]

    @api.model
    def send_text(self, number, body):
        """Text the company from a number, as if a carrier had brought it.

        :param str number: the phone's number, as in :meth:`get_contact`
        :param str body: the words, at most 1,600 characters
        :return: the text as it was received, see :meth:`_prepare_inbound`
        :rtype: dict
        :raise UserError: for a number or words that no carrier would bring, or outside
            a sandbox company
        """
        company = self._check_phone_access()
        event = SandboxProvider.parse_inbound(
            {
                "id": f"SB{uuid4().hex}",
                "from": self._sanitize_number(company, number),
                "body": self._sanitize_body(body),
            }
        )
        # As the webhook does: as nobody in particular, in no particular language.
        public_user = self.env.ref("base.public_user")
        public_env_sudo = self.env(user=public_user, su=True, context={})
        inbound_sudo = public_env_sudo["sms.inbound"]._receive(
            company.with_env(public_env_sudo), event
        )
        return self._prepare_inbound(inbound_sudo)

    # Checks
    # ------------------------------------------------------------

    def _check_phone_access(self, is_sandbox_needed=True):
        """Return the current company, or refuse.

        :raise AccessError: for anybody but helpdesk users
        :raise UserError: when the company is not on the sandbox and that is needed
        """
        if not self.env.user.has_group(PHONE_GROUP):
            raise AccessError(
                self.env._(
                    "The virtual phone is for helpdesk users. Ask your administrator "
                    "for the helpdesk access level."
                )
            )
        company = self.env.company
        if is_sandbox_needed and company.sms_provider != SandboxProvider.code:
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
        """Return a typed number in E.164.

        :raise UserError: when it is no phone number
        """
        typed = str(number or "").strip()[:NUMBER_LIMIT]
        if not typed:
            raise UserError(self.env._("Type a phone number first."))
        sanitized = self.env["res.partner"]._phone_format(
            number=typed, country=company.country_id
        )
        if sanitized:
            return sanitized
        raise UserError(
            self.env._(
                "“%(number)s” is not a number that can text. Type it with its country "
                "code, such as +1 202 555 0123.",
                number=typed,
            )
        )

    def _sanitize_body(self, body):
        """Return the words of a text as a carrier would bring them.

        :raise UserError: when there are none, or too many
        """
        body = str(body or "")
        if not body.strip("\x00 \t\r\n"):
            raise UserError(self.env._("Type a text first."))
        if len(body) > BODY_LIMIT:
            raise UserError(
                self.env._(
                    "This text has %(count)s characters, and carriers take at most "
                    "%(limit)s. Shorten it, or send it in parts.",
                    count=len(body),
                    limit=BODY_LIMIT,
                )
            )
        return body

    @api.model
    def _get_provider_label(self, company):
        """Return the name of the company's carrier, for a sentence."""
        provider = company.sms_provider
        field = company._fields["sms_provider"]
        labels = dict(field._description_selection(self.env))
        return PROVIDER_NAMES.get(provider) or labels.get(provider) or ""
