# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import ormcache

from ...providers import PROVIDERS, account, faults, get_provider
from ...providers.sandbox import SandboxProvider
from ...providers.telnyx import TelnyxProvider
from ...tools import business_days, consent, dispatch, texts, verdicts
from ..core.bulk_insert import update_all
from ..core.encrypted_field import EncryptedChar
from .sms_api import SmsApiGated, SmsApiOutbox
from .sms_sender import CALLERS

TELNYX = TelnyxProvider.code
#: System parameters: replace the carriers' API addresses (a proxy, a loopback peer).
TWILIO_URL_PARAMETER = "helpdesk_mgmt_sms.twilio_api_url"
TELNYX_URL_PARAMETER = "helpdesk_mgmt_sms.telnyx_api_url"
#: System parameter: addresses, separated by spaces, from which pictures may be fetched
#: although they are in a private network (a proxy, a loopback peer).
MEDIA_URLS_PARAMETER = "helpdesk_mgmt_sms.media_urls"
#: Carriers that reach people.
REAL = tuple(code for code in PROVIDERS if code != SandboxProvider.code)
#: Carriers that this addon adds to Odoo's, and that are removed with it.
LEAVING = (TELNYX, SandboxProvider.code)
#: Fields that name the carriers that texts are sent through.
CARRIER_FIELDS = {"sms_provider", "sms_backup_provider"}
#: Options of fields that only administrators see, and that copies do not get.
ADMINS_ONLY = {"groups": "base.group_system", "copy": False}
#: The secrets of an account, by its carrier.
SECRETS = {
    "twilio": (
        "sms_twilio_auth_token",
        "sms_twilio_second_auth_token",
        "sms_twilio_api_key_secret",
    ),
    TELNYX: ("sms_telnyx_api_key",),
}
#: Fields by which carriers know a company.
ACCOUNT_FIELDS = {
    "sms_twilio_account_sid",
    "sms_twilio_api_key_sid",
    "sms_telnyx_public_key",
    *(name for names in SECRETS.values() for name in names),
}
#: Fields that a company's senders are derived from.
SENDER_FIELDS = CARRIER_FIELDS | {
    "sms_twilio_number_ids",
    "sms_twilio_messaging_service_sid",
    "sms_telnyx_number_ids",
    "sms_telnyx_messaging_profile_id",
}
#: By carrier: the field that tells its accounts apart, and the date of its last change.
ACCOUNT_DATES = {
    "twilio": ("sms_twilio_account_sid", "sms_twilio_account_since"),
    TELNYX: ("sms_telnyx_public_key", "sms_telnyx_account_since"),
}
#: Fields whose former values are needed when they change.
FORMER_FIELDS = {"sms_webhook_base_url", *(it for it, _date in ACCOUNT_DATES.values())}
#: Models that texts are posted on, with the path from the record to its ticket.
TICKET_OF = {"helpdesk.ticket": "", "calendar.event": "ticket_id"}


class ResCompany(models.Model):
    """A company's accounts at its carriers, its senders and its rule for consent."""

    _inherit = "res.company"

    # Odoo's own, encrypted where a key is given.
    sms_twilio_auth_token = EncryptedChar()
    sms_twilio_second_auth_token = EncryptedChar(
        "Second Auth Token",
        **ADMINS_ONLY,
        help="Only while you change the token at Twilio: requests signed with either "
        "one are accepted. Clear it once the new token is the primary one.",
    )
    sms_twilio_messaging_service_sid = fields.Char(
        "Messaging Service SID",
        groups="base.group_system",
        help="Send through this service instead of a single number. It starts with MG.",
    )
    sms_twilio_api_key_sid = fields.Char(
        "API Key SID",
        groups="base.group_system",
        help="Preferred over the auth token for sending; it can be revoked separately.",
    )
    sms_twilio_api_key_secret = EncryptedChar("API Key Secret", **ADMINS_ONLY)
    sms_provider = fields.Selection(
        selection_add=[
            (TELNYX, "Send via Telnyx"),
            ("sandbox", "Sandbox (nothing leaves this database)"),
        ],
        ondelete=dict.fromkeys(
            LEAVING, lambda companies: companies._leave_sms_carrier()
        ),
    )
    sms_telnyx_api_key = EncryptedChar("Telnyx API Key", **ADMINS_ONLY)
    sms_telnyx_public_key = fields.Char(
        "Public Key",
        **ADMINS_ONLY,
        help="Verifies Telnyx's requests. Found under Keys & Credentials, Public Key.",
    )
    sms_telnyx_messaging_profile_id = fields.Char(
        "Messaging Profile ID",
        **ADMINS_ONLY,
        help="Only to send from this profile's number pool instead of a single number.",
    )
    sms_telnyx_number_ids = fields.One2many(
        "sms.carrier.number",
        "company_id",
        "Telnyx Numbers",
        domain=[("provider", "=", TELNYX)],
        groups="base.group_system",
    )
    sms_backup_provider = fields.Selection(
        selection="_get_sms_backup_providers",
        string="Second Carrier",
        help="Texts the first carrier definitely did not accept are sent through this "
        "one, from a number you have there. Choose which errors count under Errors "
        "and retries.",
    )
    sms_twilio_account_since = fields.Datetime(
        "Twilio Account Since",
        readonly=True,
        copy=False,
        help="Since when the current account has been in use. Empty if always.",
    )
    sms_telnyx_account_since = fields.Datetime(
        "Telnyx Account Since",
        readonly=True,
        copy=False,
        help="Since when the current account has been in use. Empty if always.",
    )
    sms_team_id = fields.Many2one(
        "helpdesk.ticket.team",
        "Team for Texts",
        ondelete="set null",
        check_company=True,
        help="Texts that are not about a ticket create one for this team, unless they "
        "were sent to another team's number. Leave empty for no team.",
    )
    sms_consent_policy = fields.Selection(
        [
            (consent.POLICY_OPT_IN, "Opt-in: no recorded consent, no message"),
            (consent.POLICY_OPT_OUT, "Opt-out: only an opt-out blocks"),
        ],
        string="Consent Policy",
        required=True,
        default=consent.POLICY_OPT_IN,
        help="Opt-out is for companies whose other apps already text their customers.",
    )
    sms_review_days = fields.Integer(
        "Business Days to Review",
        required=True,
        default=business_days.MAX_DAYS,
        help="How long a possible opt-out may wait for review. The law allows ten "
        "business days (47 CFR 64.1200(a)(10)).",
    )
    sms_opt_in_reminder_hours = fields.Integer(
        "Hours Until a Reminder",
        help="People who texted a joining keyword and have not confirmed it are asked "
        "once more after this many hours. 0 for never.",
    )
    sms_consent_months = fields.Integer(
        "Months Until Consent Ends",
        help="Consent expires if the person has not renewed it for this long. 0 for "
        "no expiry.",
    )
    sms_check_seal = fields.Char(
        **ADMINS_ONLY,
        readonly=True,
        help="The seal of the newest verification of the consent ledger.",
    )

    _sms_review_days_limit = models.Constraint(
        "CHECK (sms_review_days BETWEEN 1 AND 10)",
        "A possible opt-out must be reviewed within 1 to 10 business days.",
    )
    _sms_opt_in_reminder_limit = models.Constraint(
        "CHECK (sms_opt_in_reminder_hours BETWEEN 0 AND 144)",
        "A question can be repeated within 6 days; after 7 it has expired.",
    )
    _sms_consent_months_positive = models.Constraint(
        "CHECK (sms_consent_months BETWEEN 0 AND 1200)",
        "Consent can expire after 0 to 1,200 months.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the companies' keys and senders, and store their public address."""
        companies = super().create(vals_list)
        companies._ensure_sms_keys()
        self.env["sms.sender"]._sync(companies)
        companies._drop_sms_backup()
        companies._ensure_sms_base_url()
        return companies

    def _get_sms_before(self, vals):
        before = super()._get_sms_before(vals)
        if "sms_provider" in vals:
            is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
            before["tried"] = self.filtered(is_on_sandbox)
        for name in FORMER_FIELDS & vals.keys():
            before[name] = {company: company.sudo()[name] for company in self}
        return before

    def _after_sms_write(self, before, vals):
        """Sync the senders with the account; stopped ones resume on a new account."""
        result = super()._after_sms_write(before, vals)
        if "sms_provider" in vals:
            self._follow_sms_sandbox(before["tried"])
        if SENDER_FIELDS & vals.keys():
            self.env["sms.sender"]._sync(self)
        if ACCOUNT_FIELDS & vals.keys():
            domain = [("company_id", "in", self.ids), ("stop_count", ">", 0)]
            self.env["sms.sender"].sudo().search(domain)._start()
        if CARRIER_FIELDS & vals.keys():
            self._drop_sms_backup()
        if "sms_webhook_base_url" in vals:
            self._store_former_sms_base_url(before["sms_webhook_base_url"])
        if (CARRIER_FIELDS | {"sms_webhook_base_url"}) & vals.keys():
            # A carrier needs an address: an emptied one becomes Odoo's current one.
            self._ensure_sms_base_url()
        for provider, (name, _date) in ACCOUNT_DATES.items():
            if name in vals:
                self._date_sms_account_change(provider, before[name])
        return result

    def _follow_sms_sandbox(self, tried):
        """Switch the consent of companies that enter or leave the sandbox.

        Consent given in the sandbox counts only there.

        :param tried: ``res.company`` that were in the sandbox before
        :return: the companies of ``self`` that have entered or left it
        """
        is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
        moved = self.filtered(lambda it: is_on_sandbox(it) != (it in tried))
        self.env["sms.consent"].sudo()._follow_sandbox(moved)
        return moved

    def _date_sms_account_change(self, provider, former):
        """Record when companies switch to another account of a carrier.

        The new account does not know the former one's messages. A lookup there would
        find nothing, and the text would be sent twice. Telnyx's accounts have a public
        key each, while API keys come and go:
        https://developers.telnyx.com/docs/development/sdk/python/webhooks

        :param dict former: former value of :data:`ACCOUNT_DATES` by company
        """
        name, date_name = ACCOUNT_DATES[provider]
        changed = self.filtered(lambda it: former[it] not in (False, it.sudo()[name]))
        if changed:
            changed[date_name] = fields.Datetime.now()
            domain = [("company_id", "in", changed.ids), ("provider", "=", provider)]
            # The address of its next page is the former account's.
            self.env["sms.report.fetch"].sudo().search(domain).resume = False

    def _get_sms_api_class(self):
        """Put the gate before Odoo's own API classes: some code calls them directly."""
        self.ensure_one()
        return SmsApiOutbox if self._uses_sms_outbox() else SmsApiGated

    def _get_sms_gate_facts(self):
        """Add the settings that the account lacks."""
        provider, missing = self._get_sms_provider(), ()
        if provider and not self.sudo().active:
            missing = ("active",)
        # Texts of a locked account wait in the outbox until it can be used.
        elif provider and not self._find_sms_account_lock():
            missing = provider.missing()
        return {**super()._get_sms_gate_facts(), "missing": missing}

    # === Accounts (``code`` is a key of ``PROVIDERS``) ===

    @api.model
    def _get_sms_backup_providers(self):
        return [(code, PROVIDERS[code].name) for code in REAL]

    def _leave_sms_carrier(self):
        """Move companies whose carrier is uninstalled to one that sends nothing.

        Odoo's default is its own IAP, which they did not choose: it would really send
        what was tried in the sandbox. Twilio without an account sends nothing and
        reports what is missing. In SQL: code that reacts to a new carrier may be gone.
        """
        update_all(self, sms_provider="twilio", sms_twilio_account_sid=None)
        self.invalidate_recordset()

    def _drop_sms_backup(self):
        """Keep a second carrier only next to a different one that reaches people.

        A company that returns to the sandbox wants nothing to be sent.
        """
        for company in self.filtered("sms_backup_provider"):
            first = company.sms_provider
            if first not in REAL or first == company.sms_backup_provider:
                company.sms_backup_provider = False

    def _get_sms_carriers(self):
        """Return the codes of the carriers in use, the first choice first."""
        self.ensure_one()
        codes = (self.sms_provider, self.sms_backup_provider)
        return tuple(code for code in codes if code in PROVIDERS)

    def _get_sms_provider(self, code=None, with_senders=True):
        """Return the carrier's adapter with this company's account in it.

        :param str code: default: the company's first carrier
        :return: a ``Provider``, or None on Odoo's IAP
        """
        self.ensure_one()
        code = code or self.sms_provider
        # Odoo's IAP has no account of ours to read.
        if code not in PROVIDERS:
            return None
        return get_provider(code, self._get_sms_account(code, with_senders))

    def _get_sms_account(self, code, with_senders=True):
        """Return the account as the adapter needs it: plain data, no records."""
        company_sudo = self.sudo()
        read_secret = company_sudo._read_sms_secret
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        media_urls = parameters_sudo.get_param(MEDIA_URLS_PARAMETER) or ""
        common = {
            "senders": company_sudo._read_sms_numbers(code) if with_senders else [],
            "media_urls": media_urls.split(),
        }
        if code == TELNYX:
            return {
                **common,
                "api_key": read_secret("sms_telnyx_api_key"),
                "public_key": company_sudo.sms_telnyx_public_key,
                "messaging_profile_id": company_sudo.sms_telnyx_messaging_profile_id,
                "api_url": parameters_sudo.get_param(TELNYX_URL_PARAMETER),
            }
        return {
            **common,
            "account_sid": company_sudo.sms_twilio_account_sid,
            "auth_token": read_secret("sms_twilio_auth_token"),
            "second_auth_token": read_secret("sms_twilio_second_auth_token"),
            "api_key_sid": company_sudo.sms_twilio_api_key_sid,
            "api_key_secret": read_secret("sms_twilio_api_key_secret"),
            "messaging_service_sid": company_sudo.sms_twilio_messaging_service_sid,
            "api_url": parameters_sudo.get_param(TWILIO_URL_PARAMETER),
        }

    def _get_sms_numbers(self, code):
        self.ensure_one()
        is_telnyx = code == TELNYX
        return self.sms_telnyx_number_ids if is_telnyx else self.sms_twilio_number_ids

    def _read_sms_numbers(self, code):
        """Return a carrier's numbers as a list of (number, country code) pairs."""
        if self.ids:
            return list(self._get_sms_number_pairs(code))
        return [(it.number, it.country_code) for it in self._get_sms_numbers(code)]

    @ormcache("self.id", "code")
    def _get_sms_number_pairs(self, code):
        """Return these pairs, cached for each message until a number changes."""
        return [(it.number, it.country_code) for it in self._get_sms_numbers(code)]

    def _find_sms_account_lock(self, code=None):
        """Return the fault that locks the account (default: the first carrier's).

        ``faults.COPY`` in a copy of the database, ``faults.LOCKED`` if the key to a
        secret is missing, empty if the account can be used.
        """
        self.ensure_one()
        company_sudo = self.sudo()
        code = code or company_sudo.sms_provider
        if code in REAL and self.env["sms.database"]._is_copy():
            return faults.COPY
        names = SECRETS.get(code, ())
        is_locked = any(company_sudo._read_sms_secret(name) is None for name in names)
        return faults.LOCKED if is_locked else ""

    # === Choice of the sender ===

    def _choose_sms_senders(
        self, numbers, posts, code=None, is_call=False, answers=(), among=None
    ):
        """Choose by rule, team, conversation and country; for calls by country only.

        With one number there is nothing to read; with several, teams and conversations
        are read once for all texts.
        """
        self.ensure_one()
        code = code or self.sms_provider
        candidates = self._get_sms_candidates(code)
        sender_ids = self._get_sms_sender_ids(code)
        if is_call:
            candidates = self._get_sms_callers(code)
        if among is not None:
            candidates = [it for it in candidates if it.id in among]
            sender_ids = {key: it for key, it in sender_ids.items() if it in among}
        if is_call:
            choose = dispatch.choose_by_country
            return [choose(number or "", candidates) or False for number in numbers]
        if len(sender_ids) < 2 and all(it.is_plain for it in candidates):
            only_id = next(iter(sender_ids.values()), False)
            return [only_id] * len(numbers)
        has_teams = any(it.team_id for it in candidates)
        team_ids = self._get_sms_team_ids(posts) if has_teams else {}
        senders_sudo = self.env["sms.sender"].sudo()
        known_ids = senders_sudo._find_conversations(self, numbers, sender_ids)
        answers, chosen = answers or [""] * len(numbers), []
        for number, post, answer in zip(numbers, posts, answers, strict=True):
            known = (team_ids.get(post.id, 0), known_ids.get(number, 0))
            sender_id = dispatch.choose_sender(number or "", candidates, *known, answer)
            chosen.append(sender_id or False)
        return chosen

    def _find_sms_sender_refusal(self, number):
        """Distinguish a country no sender may text from one where none can receive."""
        candidates = self._get_sms_candidates(self.sudo().sms_provider)
        if not candidates:  # the account lacks something, which the gate says
            return ""
        is_texted = bool(dispatch.filter_allowed(number or "", candidates))
        return verdicts.ONE_WAY if is_texted else verdicts.NO_SENDER

    def _get_sms_footer(self, sender_id, footer, lang):
        """Prefer the sender's own footer; one-way senders link to the preferences."""
        address, own = self._get_sms_sender_words(sender_id, lang)
        if not own:
            return footer
        link = self.env["sms.sms"]._get_masked_preference_url(self)
        return texts.fill(own, {"link": link, "sender": address})

    @ormcache("sender_id", "lang")
    def _get_sms_sender_words(self, sender_id, lang):
        """Return a sender's address and its own footer in a language, cached."""
        senders_sudo = self.env["sms.sender"].sudo().with_context(lang=lang or None)
        sender_sudo = senders_sudo.browse(sender_id or ())
        footer = sender_sudo.footer
        if sender_sudo.is_one_way and not footer:
            footer = sender_sudo.env._("No replies. Opt out or get help: {link}")
        return sender_sudo.address, footer

    def _get_sms_team_ids(self, posts):
        """Return the teams of the tickets that posts are about: ``{post id: team id}``.

        For a post on an appointment, that is the ticket that the visit is for.

        :param list posts: ``mail.message`` in sudo; empty for a text without a post
        """
        about = {post.id: (post.model, post.res_id) for post in posts if post.model}
        found = {}
        for model, path in TICKET_OF.items():
            ids = {res_id for name, res_id in about.values() if name == model}
            for record in self.env[model].sudo().browse(ids).exists():
                ticket = record[path] if path else record
                found[model, record.id] = ticket.team_id.id
        return {post_id: found[key] for post_id, key in about.items() if found.get(key)}

    @ormcache("self.id", "code")
    def _get_sms_sender_ids(self, code):
        domain = [("company_id", "=", self.id), ("provider", "=", code)]
        found = self.env["sms.sender"].sudo().search(domain)
        return {sender.address: sender.id for sender in found}

    def _get_sms_candidates(self, code):
        """Return the company's senders at a carrier, as the choice needs them.

        :return: tuple of ``tools.dispatch.Candidate``, in the account's order
        """
        return self._read_sms_candidates(code, fields.Date.today())

    @ormcache("self.id", "code", "today")
    def _read_sms_candidates(self, code, today):
        """Return the candidates under the sender rules of a day, cached."""
        sender_ids = self._get_sms_sender_ids(code)
        senders_sudo = self.env["sms.sender"].sudo()
        get_reach = self.env["sms.sender.rule"]._get_reach
        candidates = []
        for sender in self._get_sms_provider(code).senders():
            row_sudo = senders_sudo.browse(sender_ids.get(sender.address, ()))
            if not row_sudo:
                continue
            countries = row_sudo.country_ids.mapped("code") or [sender.country]
            countries = tuple(filter(None, countries))
            candidate = dispatch.Candidate(
                row_sudo.id,
                countries,
                row_sudo.team_id.id or 0,
                is_pool=sender.kind == account.SERVICE,
                is_one_way=row_sudo.is_one_way,
                reach=get_reach(sender.kind, countries, today),
            )
            candidates.append(candidate)
        return tuple(candidates)

    def _get_sms_callers(self, code):
        """Return the candidates at a carrier that can place calls."""
        if code not in PROVIDERS or not PROVIDERS[code].can_call:
            return ()
        senders_sudo = self.env["sms.sender"].sudo()
        ids = self._get_sms_sender_ids(code).values()
        callers = senders_sudo.browse(ids).filtered(lambda it: it.kind in CALLERS)._ids
        return tuple(it for it in self._get_sms_candidates(code) if it.id in callers)

    def _explain_sms_no_calls(self):
        """Return why the company cannot place calls, empty if it can."""
        self.ensure_one()
        code = self.sudo().sms_provider
        provider = PROVIDERS.get(code)
        if not provider or not provider.can_call:
            return self.env._(
                "%s cannot place calls from here: of the carriers only Twilio can.",
                provider.name if provider else "Odoo",
            )
        if not self._get_sms_callers(code):
            return self.env._(
                "The company has no number that can call. Add a phone number to the "
                "carrier's account: a Messaging Service or a short code cannot call."
            )
        return ""

    def _get_sms_segment_price(self, number=""):
        """Return the price as the segment counter on the screen needs it.

        :param str number: the recipient's, in E.164; may be empty
        :return: ``amount`` per segment (0: unknown), ``media_amount`` per text with
            pictures (0: charged by segment), ``currency_id``
        """
        self.ensure_one()
        price_sudo = self.env["sms.price"]._find(self, number)
        return {
            "amount": price_sudo.amount,
            "media_amount": price_sudo.media_amount,
            "currency_id": price_sudo.currency_id.id,
        }
