# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import api, fields, models

from ..providers import PROVIDERS, TelnyxProvider, get_provider
from ..tools import business_days, consent
from .res_company_webhook import make_webhook_key
from .sms_api import SmsApiGated, SmsApiOutbox

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


class ResCompany(models.Model):
    """Adds the company's carrier and its rule for consent."""

    _inherit = "res.company"

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
        companies._keep_sms_base_url()
        return companies

    def _get_sms_before(self, vals):
        """Add who tries it in the sandbox, the public address and the account."""
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
            self._keep_former_sms_base_url(before["sms_webhook_base_url"], url)
        if (CARRIER_FIELDS | {"sms_webhook_base_url"}) & vals.keys():
            # A carrier needs one: emptied, it is what Odoo's own address is now.
            self._keep_sms_base_url()
        if "sms_twilio_account_sid" in vals:
            self._note_sms_account_change(before["sms_twilio_account_sid"])
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
        """Give random keys to the companies that have none."""
        for company_sudo in self.sudo():
            if not company_sudo.sms_webhook_key:
                company_sudo.sms_webhook_key = make_webhook_key()
            if not company_sudo.sms_join_key:
                company_sudo.sms_join_key = secrets.token_hex(6)

    @api.model
    def _find_by_sms_join_key(self, key):
        """Return the company whose page to join is called, or an empty set.

        :param str key: the part of the path that a visitor called
        """
        domain = [("sms_join_key", "=", key), ("sms_join_page", "=", True)]
        return self.sudo().search(domain, limit=1) if key else self.browse()

    def _uses_sms_outbox(self):
        """Tell if messages of this company leave through our outbox."""
        return self.sms_provider in PROVIDERS

    def _get_sms_provider(self, code=None, with_senders=True):
        """Return the carrier's adapter with this company's account in it.

        :param str code: a key of ``PROVIDERS``; default: the company's own provider
        :param bool with_senders: False for who only verifies requests
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
        """Return the fields that a company's senders follow from.

        :rtype: set
        """
        return {
            "sms_provider",
            "sms_twilio_number_ids",
            "sms_twilio_messaging_service_sid",
            "sms_backup_provider",
            "sms_telnyx_number_ids",
            "sms_telnyx_messaging_profile_id",
        }

    def _get_sms_gate_facts(self):
        """Return what the gate needs to know of the company (see ``gate.Facts``)."""
        self.ensure_one()
        provider = self._get_sms_provider()
        if provider and not self.sudo().active:
            missing = ("active",)
        elif provider and not self._has_locked_sms_account():
            missing = provider.missing()
        else:
            # What cannot be read now waits in the outbox until it can.
            missing = ()
        return {
            "policy": self.sudo().sms_consent_policy,
            "provider": self.sudo().sms_provider,
            "missing": missing,
        }

    def _get_sms_api_class(self):
        """Put the gate before Odoo's own API classes: some code calls them directly."""
        self.ensure_one()
        if self._uses_sms_outbox():
            return SmsApiOutbox
        return SmsApiGated
