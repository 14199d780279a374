# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ...providers.base import Provider
from ...tools import web
from ...tools.links import is_page
from ...tools.web import IS_GUESS
from .res_company import ACCOUNT_FIELDS, ADMINS_ONLY, REAL, SENDER_FIELDS, TELNYX

_logger = logging.getLogger(__name__)
#: How long a replaced webhook address still works: texts under way report to it.
OVERLAP = timedelta(days=7)
#: Path of a company's sign-up page, without its key.
JOIN_PATH = "/sms/join/"
PAGES = ("sms_privacy_url", "sms_terms_url")
BASE_URL_PARAMETER = "web.base.url"

#: Company fields that an :class:`Endpoint` is built from.
ENDPOINT_FIELDS = {
    "sms_webhook_key",
    "sms_old_webhook_key",
    "sms_old_webhook_key_until",
    "sms_webhook_base_url",
    "sms_former_webhook_base_url",
    *ACCOUNT_FIELDS,
}


class Endpoint(NamedTuple):
    """The data that a carrier's request to an address is checked against.

    :param datetime until: when the address expires (UTC), None: never
    :param list base_urls: public addresses that the carrier may have signed
    :param provider: the carrier's adapter with the company's account
    """

    company_id: int
    until: datetime | None
    base_urls: list
    provider: Provider


def make_webhook_key():
    """Return a new random key for the addresses that a carrier calls."""
    return secrets.token_urlsafe(32)


class ResCompany(models.Model):
    """The public addresses of a company, and their secret part.

    Odoo rewrites ``web.base.url`` whenever an administrator logs in under another host
    name. The carrier signs the address that it was given, so every STOP would be
    refused. Therefore the address is stored when the first carrier that reaches phones
    is entered, and then changes on purpose only.
    """

    _inherit = "res.company"

    sms_webhook_key = fields.Char(
        "Webhook Key", **ADMINS_ONLY, help="Random part of the webhook addresses."
    )
    sms_old_webhook_key = fields.Char("Former Webhook Key", **ADMINS_ONLY)
    sms_old_webhook_key_until = fields.Datetime(
        "Former Address Valid Until", **ADMINS_ONLY
    )
    sms_inbound_url = fields.Char(
        "Address for Incoming Messages",
        compute="_compute_sms_inbound_url",
        groups="base.group_system",
        help="Enter it at Twilio as the webhook for incoming messages (HTTP POST).",
    )
    sms_telnyx_inbound_url = fields.Char(
        "Telnyx Webhook",
        compute="_compute_sms_inbound_url",
        groups="base.group_system",
        help="Enter it at Telnyx in the messaging profile, under Inbound.",
    )
    sms_webhook_base_url = fields.Char(
        "Public Address",
        **ADMINS_ONLY,
        help="The carrier calls this address, and links in texts start with it. It is "
        "set when the carrier is chosen and does not follow the address "
        "administrators log in at.",
    )
    sms_former_webhook_base_url = fields.Char(
        "Former Public Address",
        **ADMINS_ONLY,
        readonly=True,
        help="Still accepted from the carrier until the next change.",
    )
    sms_has_refusals = fields.Boolean(
        **ADMINS_ONLY,
        readonly=True,
        help="Requests at its webhooks were refused since the last that was signed.",
    )
    sms_webhook_base_since = fields.Datetime(
        "Public Address Since", **ADMINS_ONLY, readonly=True
    )
    sms_join_page = fields.Boolean(
        "Sign-up Page",
        help="A public page where anyone can ask to join. The number entered there "
        "gets one text asking to confirm, and joins by replying YES.",
    )
    sms_join_key = fields.Char(
        readonly=True,
        copy=False,
        help="Identifies the company in the address of its sign-up page. It is not "
        "secret.",
    )
    sms_join_url = fields.Char(
        "Sign-up Page Address",
        compute="_compute_sms_join_url",
        compute_sudo=True,
        help="Link to it from your website.",
    )
    sms_privacy_url = fields.Char(
        "Privacy Policy", help="Web address of the page. Wordings and forms link to it."
    )
    sms_terms_url = fields.Char(
        "Terms of Text Messages",
        help="Web address of the page. Wordings and forms link to it.",
    )

    _sms_webhook_key_unique = models.UniqueIndex("(sms_webhook_key)")
    _sms_join_key_unique = models.UniqueIndex("(sms_join_key)")

    @api.constrains(*PAGES)
    def _check_sms_pages(self):
        """Accept http and https pages only: a browser would run ``javascript:``."""
        for company in self:
            for name in PAGES:
                if company[name] and not is_page(company[name]):
                    raise ValidationError(
                        self.env._(
                            "%(address)s is not a page that people can open. Enter "
                            "“%(field)s” as https://www.example.com/page.",
                            address=company[name],
                            field=company._fields[name]._description_string(self.env),
                        )
                    )

    @api.depends("sms_webhook_key", "sms_webhook_base_url")
    def _compute_sms_inbound_url(self):
        for company in self:
            company.sms_inbound_url = company._get_sms_url("inbound")
            company.sms_telnyx_inbound_url = company._get_sms_url("inbound", TELNYX)

    @api.depends("sms_join_key", "sms_webhook_base_url")
    def _compute_sms_join_url(self):
        for company in self:
            company.sms_join_url = (
                f"{company._get_sms_base_url()}{JOIN_PATH}{company.sms_join_key}"
            )

    def _prepare_sms_values(self, vals):
        """Normalize the public address; refuse an invalid one."""
        vals = super()._prepare_sms_values(vals)
        if "sms_webhook_base_url" not in vals:
            return vals
        typed = vals["sms_webhook_base_url"]
        url = web.normalize_address(typed) or False
        if typed and not url:
            raise ValidationError(
                self.env._(
                    "%s is not an address that a carrier can call. Enter it as "
                    "https://odoo.example.com.",
                    typed,
                )
            )
        return {**vals, "sms_webhook_base_url": url}

    # === Keys ===

    def action_rotate_sms_webhook_key(self):
        """Replace the webhook key; the former one stays valid for :data:`OVERLAP`.

        The new address must be entered at the carrier, and reports on texts sent before
        still come to the former one. Rotating again ends that one at once.
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

    def _ensure_sms_keys(self):
        for company_sudo in self.sudo():
            if not company_sudo.sms_webhook_key:
                company_sudo.sms_webhook_key = make_webhook_key()
            if not company_sudo.sms_join_key:
                company_sudo.sms_join_key = secrets.token_hex(6)

    @api.model
    def _find_by_sms_webhook_key(self, key):
        """Return the company that a webhook key belongs to, or an empty recordset.

        Its former key may be over (:meth:`_get_sms_key_end`).
        """
        if not key:
            return self.browse()
        # Fetch only the fields that an endpoint needs.
        names = ENDPOINT_FIELDS | SENDER_FIELDS | {"sms_has_refusals"}
        names = [name for name in names if self._fields[name].column_type]
        domain = Domain("sms_webhook_key", "=", key)
        domain |= Domain("sms_old_webhook_key", "=", key)
        # Archived companies too: a STOP still counts, and texts are still under way.
        all_sudo = self.sudo().with_context(active_test=False)
        found_sudo = all_sudo.search_fetch(domain, names, limit=1)
        return found_sudo.with_env(self.sudo().env)

    @api.model
    @ormcache("key", "code")
    def _get_sms_endpoint(self, key, code):
        """Return the :class:`Endpoint` of a webhook key, cached.

        Before refusing a request, read the company itself: this process may not know of
        a recent change yet.

        :raises LookupError: if there is none, or an account is locked; not cached
        """
        company_sudo = self._find_by_sms_webhook_key(key)
        if not company_sudo or company_sudo._find_sms_account_lock(code):
            raise LookupError(code)
        until = company_sudo._get_sms_key_end(key)
        urls = company_sudo._get_sms_base_urls()
        provider = company_sudo._get_sms_provider(code, with_senders=False)
        return Endpoint(company_sudo.id, until, urls, provider)

    def _get_sms_key_end(self, key):
        """Return the end of a webhook key of the company (UTC), None: it has none."""
        is_current = key == self.sms_webhook_key
        return None if is_current else self.sms_old_webhook_key_until

    @api.private
    def cache_invalidation_fields(self):
        """Clear the cached endpoints when a field that they are built from changes."""
        return super().cache_invalidation_fields() | ENDPOINT_FIELDS

    @api.model
    def _find_by_sms_join_key(self, key):
        """Return the company of a sign-up page in use, or an empty recordset."""
        domain = [("sms_join_key", "=", key), ("sms_join_page", "=", True)]
        return self.sudo().search(domain, limit=1) if key else self.browse()

    # === Addresses ===

    # ``endpoint`` is ``inbound``, or ``status/<uuid>``.

    def _get_sms_base_url(self):
        """Return the public address that the carrier calls, if there is one."""
        self.ensure_one()
        return self.sudo().sms_webhook_base_url or super()._get_sms_base_url()

    def _get_sms_url(self, endpoint, provider="twilio", key=None, base=None):
        """Return a webhook or callback address of this company.

        Built from the stored address, never from a request's headers: signatures are
        checked against it.
        """
        self.ensure_one()
        key = key or self.sudo().sms_webhook_key
        base = base or self._get_sms_base_url()
        return f"{base}/helpdesk_sms/{provider}/{key}/{endpoint}"

    def _store_former_sms_base_url(self, former):
        """Store the addresses (``former``, by company) that a new one replaces."""
        for company, known in former.items():
            if known != company.sms_webhook_base_url:
                if known:  # else it was emptied, and its former one stays
                    company.sms_former_webhook_base_url = known
                # Requests within this second were still signed for the former address.
                since = fields.Datetime.now() + timedelta(seconds=1)
                company.sms_webhook_base_since = since

    def _ensure_sms_base_url(self):
        for company_sudo in self.sudo():
            carriers = {company_sudo.sms_provider, company_sudo.sms_backup_provider}
            if company_sudo.sms_webhook_base_url or not carriers & set(REAL):
                continue
            if url := web.normalize_address(company_sudo.get_base_url()):
                company_sudo.sms_webhook_base_url = url

    def _get_sms_base_urls(self):
        """Return the addresses that a carrier may sign, the current one first."""
        former = self.sudo().sms_former_webhook_base_url
        return list(filter(None, (self._get_sms_base_url(), former)))

    def _has_proven_sms_base_url(self, code):
        """Return whether the carrier has signed a request for the current address."""
        self.ensure_one()
        company_sudo = self.sudo()
        since = company_sudo.sms_webhook_base_since
        if not (since and company_sudo.sms_webhook_base_url):
            return False
        return company_sudo._has_sms_webhook_calls(code, since)

    def _has_sms_webhook_calls(self, code, since):
        """Return whether a carrier has called; rooms with other webhooks extend this.

        Reports that were fetched, or looked up, prove nothing: nobody has called.

        :param datetime since: UTC
        """
        recent = Domain("company_id", "=", self.id) & Domain("received_at", ">=", since)
        reported = recent & Domain("sms_id.is_report_fetched", "=", False)
        reported &= Domain("raw", "!=", False) & Domain("sms_id.provider", "=", code)
        recent &= Domain("provider", "=", code)
        return bool(
            self.env["sms.webhook.event"].search_count(recent, limit=1)
            or self.env["sms.report"].search_count(reported, limit=1)
        )

    def _adopt_sms_base_url(self, base):
        """Adopt ``web.base.url``, which was signed: the stored one was never proven."""
        self.ensure_one()
        _logger.info("The carrier of company %s calls %s", self.id, base)
        company_sudo = self.sudo()
        company_sudo.sms_webhook_base_url = base
        company_sudo.sms_webhook_base_since = fields.Datetime.now()

    @api.model
    def _follow_sms_base_url(self, before, after):
        """Follow ``web.base.url`` when an administrator has changed it by hand."""
        before, after = map(web.normalize_address, (before, after))
        if before and after and before != after:
            all_sudo = self.sudo().with_context(active_test=False)
            found_sudo = all_sudo.search([("sms_webhook_base_url", "=", before)])
            found_sudo.sms_webhook_base_url = after


class IrConfigParameter(models.Model):
    """Follows ``web.base.url`` when it is edited by hand, but not after a login."""

    _inherit = "ir.config_parameter"

    def write(self, vals):
        """Update companies' public address when ``web.base.url`` is edited by hand."""
        own = self.filtered(lambda it: it.key == BASE_URL_PARAMETER)
        before = own.value if "value" in vals else False
        result = super().write(vals)
        if before and not self.env.context.get(IS_GUESS):
            self.env["res.company"]._follow_sms_base_url(before, own.value)
        return result
