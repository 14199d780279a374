# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import ormcache

from ...providers import PROVIDERS, TelnyxProvider, account, get_provider
from ...tools import business_days, consent, dispatch
from .sms_api import SmsApiGated, SmsApiOutbox

#: An address that was replaced is answered at so long: texts on their way report there.
OVERLAP = timedelta(days=7)
#: System parameter: another address than Twilio's own (a proxy, a loopback peer).
TWILIO_URL_PARAMETER = "helpdesk_mgmt_sms.twilio_api_url"
#: System parameter: addresses, separated by blanks, that pictures may be fetched from
#: though they lie in a private network (a proxy, a loopback peer).
MEDIA_URLS_PARAMETER = "helpdesk_mgmt_sms.media_urls"
#: Path of a company's page to join, before its key.
JOIN_PATH = "/sms/join/"
#: By which carriers texts leave.
CARRIER_FIELDS = {"sms_provider", "sms_backup_provider"}
#: Of these the former values are needed when they change.
FORMER_FIELDS = {"sms_webhook_base_url", "sms_twilio_account_sid"}
#: The way from what texts are posted on to the ticket that they are about.
TICKET_OF = {"helpdesk.ticket": "", "calendar.event": "ticket_id"}


def make_webhook_key():
    """Return a new random key for the addresses that a carrier calls."""
    return secrets.token_urlsafe(32)


class ResCompany(models.Model):
    """The addresses at which the carriers call a company, and their secret part."""

    _inherit = "res.company"

    sms_webhook_key = fields.Char(
        "Webhook Key",
        groups="base.group_system",
        copy=False,
        help="Random part of the addresses that the carrier calls.",
    )
    sms_old_webhook_key = fields.Char(
        "Former Webhook Key", groups="base.group_system", copy=False
    )
    sms_old_webhook_key_until = fields.Datetime(
        "Former Address Works Until", groups="base.group_system", copy=False
    )
    sms_inbound_url = fields.Char(
        "Address for Incoming Messages",
        compute="_compute_sms_inbound_url",
        groups="base.group_system",
        help="Enter it at Twilio as the webhook for incoming messages (HTTP POST).",
    )

    _sms_webhook_key_unique = models.UniqueIndex("(sms_webhook_key)")

    sms_provider = fields.Selection(
        selection_add=[("sandbox", "Sandbox (nothing leaves this database)")],
        ondelete={"sandbox": "set default"},
    )
    sms_join_page = fields.Boolean(
        "Page to Join",
        help="A public page on which anybody can ask to join. A number that is typed "
        "there gets one text with a question, and joins by answering YES.",
    )
    sms_join_key = fields.Char(
        readonly=True,
        copy=False,
        help="Names the company in the address of its page to join. It is no secret.",
    )
    sms_join_url = fields.Char(
        "Address of the Page to Join",
        compute="_compute_sms_join_url",
        compute_sudo=True,
        help="Link to it from your website.",
    )
    sms_team_id = fields.Many2one(
        "helpdesk.ticket.team",
        "Team for Texts",
        ondelete="set null",
        check_company=True,
        help="Texts that are about no ticket make one for this team, unless they came "
        "to a number that is another team's. Empty: the ticket has no team.",
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
        help="How long a text that may be an opt-out may wait for a person. Ten "
        "business days is what the law allows (47 CFR 64.1200(a)(10)).",
    )
    sms_opt_in_reminder_hours = fields.Integer(
        "Hours Until a Reminder",
        help="A person who was asked to confirm joining and has not answered is asked "
        "once more after so many hours. 0: never.",
    )
    sms_consent_months = fields.Integer(
        "Months Until Consent Ends",
        help="A consent that the person has not given again for so long has expired. "
        "0: it does not end by itself.",
    )

    sms_privacy_url = fields.Char(
        "Privacy Policy", help="Address of the page; wordings and forms name it."
    )
    sms_terms_url = fields.Char(
        "Terms of Text Messages",
        help="Address of the page; wordings and forms name it.",
    )

    sms_check_seal = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
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
        "The months until a consent ends are from none to 1,200.",
    )
    _sms_join_key_unique = models.UniqueIndex("(sms_join_key)")

    @api.depends("sms_webhook_key", "sms_webhook_base_url")
    def _compute_sms_inbound_url(self):
        for company in self:
            company.sms_inbound_url = company._get_sms_url("inbound")

    def action_rotate_sms_webhook_key(self):
        """Replace the webhook key; the former one works on for :data:`OVERLAP`.

        The carrier must be given the new address, and reports on what was sent before
        still come to the former one. To do it twice ends that one at once.
        """
        self.ensure_one()
        self.check_access("write")
        return self.write(
            {
                "sms_old_webhook_key": self.sms_webhook_key,
                "sms_old_webhook_key_until": fields.Datetime.now() + OVERLAP,
                "sms_webhook_key": make_webhook_key(),
            }
        )

    @api.model
    def _find_by_sms_webhook_key(self, key):
        """Return the company of a public address, or an empty set."""
        if not key:
            return self.browse()
        # All that an endpoint asks of a company, and not all of its fields.
        names = ["sms_webhook_key", "sms_webhook_base_url"]
        names += ["sms_former_webhook_base_url", "sms_has_refusals"]
        names += self._get_sms_sender_fields()
        names += self._get_sms_account_fields()
        names = [name for name in names if self._fields[name].column_type]
        former = Domain("sms_old_webhook_key", "=", key) & Domain(
            "sms_old_webhook_key_until", ">", fields.Datetime.now()
        )
        domain = Domain("sms_webhook_key", "=", key) | former
        # Of a company that was archived as well: a no is a no, and texts are under way.
        companies_sudo = self.sudo()
        all_sudo = companies_sudo.with_context(active_test=False)
        found_sudo = all_sudo.search_fetch(domain, names, limit=1)
        return found_sudo.with_env(companies_sudo.env)

    def _get_sms_url(self, endpoint, provider="twilio", key=None, base=None):
        """Return a public address of this company for the carrier.

        Built from the address that is kept, never from a request's headers: signatures
        are checked over it.

        :param str endpoint: ``inbound``, or ``status/<uuid>``
        """
        self.ensure_one()
        key = key or self.sudo().sms_webhook_key
        base = base or self._get_sms_base_url()
        return f"{base}/helpdesk_sms/{provider}/{key}/{endpoint}"

    # ------------------------------------------------------------------
    # Adds the company's carrier and its rule for consent
    # ------------------------------------------------------------------

    def init(self):
        """Give the companies that were there before the joining page a key."""
        self.env.cr.execute(
            """
            UPDATE res_company
               SET sms_join_key =
                       left(replace(gen_random_uuid()::text, '-', ''), 12)
             WHERE sms_join_key IS NULL
            """
        )
        return super().init()

    @api.depends("sms_join_key", "sms_webhook_base_url")
    def _compute_sms_join_url(self):
        for company in self:
            company.sms_join_url = (
                f"{company._get_sms_base_url()}{JOIN_PATH}{company.sms_join_key}"
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Give companies keys and senders of their own, and keep their address."""
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
        """Let the senders follow the account, and let them try a new one at once."""
        result = super()._after_sms_write(before, vals)
        if "sms_provider" in vals:
            self._follow_sms_sandbox(before["tried"])
        if self._get_sms_sender_fields() & vals.keys():
            self.env["sms.sender"]._sync(self)
        if self._get_sms_account_fields() & vals.keys():
            senders_sudo = self.env["sms.sender"].sudo()
            stopped = senders_sudo.search(
                [("company_id", "in", self.ids), ("stop_count", ">", 0)]
            )
            stopped._start()
        if CARRIER_FIELDS & vals.keys():
            self._drop_sms_backup()
        if "sms_webhook_base_url" in vals:
            url = vals["sms_webhook_base_url"]
            self._store_former_sms_base_url(before["sms_webhook_base_url"], url)
        if (CARRIER_FIELDS | {"sms_webhook_base_url"}) & vals.keys():
            # A carrier needs one: emptied, it is what Odoo's own address is now.
            self._ensure_sms_base_url()
        if "sms_twilio_account_sid" in vals:
            self._date_sms_account_change(before["sms_twilio_account_sid"])
        return result

    def _follow_sms_sandbox(self, tried):
        """Let other answers count for who leaves the sandbox, or comes back to it.

        What was agreed to there counts there alone.

        :param tried: ``res.company`` that were in it
        :return: those of ``self`` that have left it or come back
        """
        is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
        moved = self.filtered(lambda it: is_on_sandbox(it) != (it in tried))
        self.env["sms.consent"].sudo()._follow_sandbox(moved)
        return moved

    def _ensure_sms_keys(self):
        for company_sudo in self.sudo():
            if not company_sudo.sms_webhook_key:
                company_sudo.sms_webhook_key = make_webhook_key()
            if not company_sudo.sms_join_key:
                company_sudo.sms_join_key = secrets.token_hex(6)

    @api.model
    def _find_by_sms_join_key(self, key):
        """Return the company whose page to join is called, or an empty set."""
        domain = [("sms_join_key", "=", key), ("sms_join_page", "=", True)]
        return self.sudo().search(domain, limit=1) if key else self.browse()

    def _get_sms_provider(self, code=None, with_senders=True):
        """Return the carrier's adapter with this company's account in it.

        :param str code: a key of ``PROVIDERS``; default: the company's own provider
        :return: a ``Provider``, or None on Odoo's IAP
        """
        self.ensure_one()
        code = code or self.sms_provider
        # Odoo's IAP has no account of ours to read.
        if code not in PROVIDERS:
            return None
        return get_provider(code, self._get_sms_account(code, with_senders))

    def _get_sms_numbers(self, code):
        """Return the numbers that are entered for a carrier, as rows of its own list.

        :param str code: a key of ``PROVIDERS``
        """
        self.ensure_one()
        if code == TelnyxProvider.code:
            return self.sms_telnyx_number_ids
        return self.sms_twilio_number_ids

    @api.model
    def _get_sms_sender_fields(self):
        """Return the fields that a company's senders follow from."""
        return {
            "sms_provider",
            "sms_twilio_number_ids",
            "sms_twilio_messaging_service_sid",
            "sms_backup_provider",
            "sms_telnyx_number_ids",
            "sms_telnyx_messaging_profile_id",
        }

    def _get_sms_gate_facts(self):
        """Add what the account lacks."""
        provider = self._get_sms_provider()
        if provider and not self.sudo().active:
            missing = ("active",)
        elif provider and not self._has_locked_sms_account():
            missing = provider.missing()
        else:
            # What cannot be read now waits in the outbox until it can.
            missing = ()
        return {**super()._get_sms_gate_facts(), "missing": missing}

    def _get_sms_api_class(self):
        """Put the gate before Odoo's own API classes: some code calls them directly."""
        self.ensure_one()
        if self._uses_sms_outbox():
            return SmsApiOutbox
        return SmsApiGated

    # ------------------------------------------------------------------
    # Says by which of its senders a company's texts leave
    # ------------------------------------------------------------------

    def _choose_sms_senders(self, numbers, posts, code=None):
        """Choose by teams, countries and conversations.

        A company with one sender costs nothing; with several, what is to be known of
        teams and conversations is read at once for all texts.
        """
        self.ensure_one()
        code = code or self.sms_provider
        sender_ids = self._get_sms_sender_ids(code)
        if len(sender_ids) < 2:
            only_id = next(iter(sender_ids.values()), False)
            return [only_id] * len(numbers)
        candidates = self._get_sms_candidates(code)
        team_ids = {}
        if any(it.team_id for it in candidates):
            team_ids = self._get_sms_team_ids(posts)
        senders_sudo = self.env["sms.sender"].sudo()
        known_ids = senders_sudo._find_conversations(self, numbers, sender_ids)
        return [
            dispatch.choose_sender(
                number or "",
                candidates,
                team_ids.get(post.id, 0),
                known_ids.get(number, 0),
            )
            or False
            for number, post in zip(numbers, posts, strict=True)
        ]

    def _get_sms_team_ids(self, posts):
        """Return the id of the team of the ticket that each of some posts is about.

        Of a post on an appointment it is the ticket that is visited for.

        :param list posts: ``mail.message``, in sudo, empty for none
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
        senders_sudo = self.env["sms.sender"].sudo()
        found = senders_sudo.search(
            [("company_id", "=", self.id), ("provider", "=", code)]
        )
        return {sender.address: sender.id for sender in found}

    @ormcache("self.id", "code")
    def _get_sms_candidates(self, code):
        """Return the company's senders at a carrier as the rule asks for them.

        :return: tuple of ``tools.dispatch.Candidate``, in the account's order
        """
        sender_ids = self._get_sms_sender_ids(code)
        senders_sudo = self.env["sms.sender"].sudo()
        candidates = []
        for sender in self._get_sms_provider(code).senders():
            row_sudo = senders_sudo.browse(sender_ids.get(sender.address, ()))
            if row_sudo:
                countries = row_sudo.country_ids.mapped("code") or [sender.country]
                candidates.append(
                    dispatch.Candidate(
                        row_sudo.id,
                        tuple(filter(None, countries)),
                        row_sudo.team_id.id or 0,
                        sender.kind == account.SERVICE,
                    )
                )
        return tuple(candidates)

    # ------------------------------------------------------------------
    # What a segment costs, so that who writes a text sees what it will cost
    # ------------------------------------------------------------------

    def _get_sms_segment_price(self, number=""):
        """Return the price as the segment counter on a screen wants it.

        :param str number: E.164 of who gets the text, may be empty
        :return: ``amount`` of a segment (0: unknown), ``media_amount`` of a text with
            pictures (0: by its segments), ``currency_id``
        """
        self.ensure_one()
        price_sudo = self.env["sms.price"]._find(self, number)
        return {
            "amount": price_sudo.amount,
            "media_amount": price_sudo.media_amount,
            "currency_id": price_sudo.currency_id.id,
        }
