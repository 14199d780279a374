# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.http import request

from ...tools import web
from ...tools.links import is_page
from ...tools.web import IS_GUESS
from .res_company_account import REAL

_logger = logging.getLogger(__name__)
PAGES = ("sms_privacy_url", "sms_terms_url")
BASE_URL_PARAMETER = "web.base.url"
#: Of a route: the only content type that it takes, and how long a body may be (bytes).
TAKES, LIMIT = "sms_takes", "max_content_length"


class ResCompany(models.Model):
    """The public address at which the carriers call a company.

    Odoo writes ``web.base.url`` anew whenever an administrator logs in under another
    name of the host. The carrier signs the address that it was given, so with that
    every STOP would be refused. So the address is kept from when the first carrier
    that reaches phones is entered, and is changed on purpose only.
    """

    _inherit = "res.company"

    sms_webhook_base_url = fields.Char(
        "Public Address",
        groups="base.group_system",
        copy=False,
        help="The carrier calls this address and signs it, and links in texts begin "
        "with it. Kept from when the carrier was chosen, whatever address "
        "administrators log in at.",
    )
    sms_former_webhook_base_url = fields.Char(
        "Former Public Address",
        groups="base.group_system",
        copy=False,
        readonly=True,
        help="The carrier may still sign it: it is known until the next change.",
    )
    sms_has_refusals = fields.Boolean(
        groups="base.group_system",
        copy=False,
        readonly=True,
        help="Requests at its webhooks were refused since the last that was signed.",
    )
    sms_webhook_base_since = fields.Datetime(
        "Public Address Since", groups="base.group_system", copy=False, readonly=True
    )

    def _prepare_sms_values(self, vals):
        """Make the public address fit to be kept.

        :raises ValidationError: for an address that is none
        """
        vals = super()._prepare_sms_values(vals)
        if "sms_webhook_base_url" in vals:
            url = self._check_sms_base_url(vals["sms_webhook_base_url"])
            vals = {**vals, "sms_webhook_base_url": url}
        return vals

    def _store_former_sms_base_url(self, former, url):
        """Keep the addresses that were replaced."""
        for company, known in former.items():
            if known == url:
                continue
            company.sms_former_webhook_base_url = known
            # What came within this second was signed for the former one.
            since = fields.Datetime.now() + timedelta(seconds=1)
            company.sms_webhook_base_since = since

    def _check_sms_base_url(self, typed):
        """Return a public address as it is kept.

        :param str typed: may be empty
        :raises ValidationError: for what is no address
        """
        url = web.normalize_address(typed)
        if typed and not url:
            raise ValidationError(
                self.env._(
                    "%s is no address that a carrier can call. Write it as "
                    "https://odoo.example.com.",
                    typed,
                )
            )
        return url or False

    def _ensure_sms_base_url(self):
        for company_sudo in self.sudo():
            carriers = {company_sudo.sms_provider, company_sudo.sms_backup_provider}
            if company_sudo.sms_webhook_base_url or not carriers & set(REAL):
                continue
            if url := web.normalize_address(company_sudo.get_base_url()):
                company_sudo.sms_webhook_base_url = url

    def _get_sms_base_url(self):
        """Return the public address that the carrier calls, if there is one."""
        self.ensure_one()
        return self.sudo().sms_webhook_base_url or super()._get_sms_base_url()

    # ------------------------------------------------------------------
    # What the carrier signs
    # ------------------------------------------------------------------

    def _get_signed_sms_urls(self, endpoint, key, code):
        """Return the addresses that a carrier may have signed, the present one first.

        :param str endpoint: ``inbound``, or ``status/<uuid>``
        :param str code: a key of ``PROVIDERS``
        """
        self.ensure_one()
        former = self.sudo().sms_former_webhook_base_url
        bases = filter(None, (self._get_sms_base_url(), former))
        return [self._get_sms_url(endpoint, code, key, base) for base in bases]

    def _has_proven_sms_base_url(self, code):
        """Tell if a signed request has come since the address is what it is.

        :param str code: a key of ``PROVIDERS``
        """
        self.ensure_one()
        company_sudo = self.sudo()
        since = company_sudo.sms_webhook_base_since
        if not (since and company_sudo.sms_webhook_base_url):
            return False
        return company_sudo._has_sms_webhook_calls(code, since)

    def _has_sms_webhook_calls(self, code, since):
        """Tell if a carrier has called; who takes other calls extends this.

        :param str code: a key of ``PROVIDERS``
        :param datetime since: UTC
        """
        recent = Domain("company_id", "=", self.id) & Domain("received_at", ">=", since)
        return bool(self.env["sms.report"].search_count(recent, limit=1))

    def _adopt_sms_base_url(self, base):
        """Take the address that the carrier was seen to sign: it was never proven.

        :param str base: ``web.base.url``
        """
        self.ensure_one()
        _logger.info("The carrier of company %s calls %s", self.id, base)
        company_sudo = self.sudo()
        company_sudo.sms_webhook_base_url = base
        company_sudo.sms_webhook_base_since = fields.Datetime.now()

    @api.model
    def _follow_base_url(self, before, after):
        """Follow Odoo's own address where an administrator has changed it by hand.

        :param str before: the value of ``web.base.url``
        """
        before, after = map(web.normalize_address, (before, after))
        if before and after and before != after:
            domain = [("sms_webhook_base_url", "=", before)]
            self.sudo().with_context(active_test=False).search(domain).write(
                {"sms_webhook_base_url": after}
            )

    # ------------------------------------------------------------------
    # The pages that wordings and forms name: a person can open them safely
    # ------------------------------------------------------------------

    @api.constrains(*PAGES)
    def _check_sms_pages(self):
        """Refuse what is no page on the web: a browser would run it.

        :raises ValidationError: for anything but http and https
        """
        for company in self:
            for name in PAGES:
                if company[name] and not is_page(company[name]):
                    raise ValidationError(
                        self.env._(
                            "%(address)s is no page that people can open. Write "
                            "“%(field)s” as https://www.example.com/page.",
                            address=company[name],
                            field=company._fields[name]._description_string(self.env),
                        )
                    )


class IrConfigParameter(models.Model):
    """Odoo's own address: what an administrator enters, and what a login leaves."""

    _inherit = "ir.config_parameter"

    def write(self, vals):
        """Let companies' public address follow what was entered by hand."""
        own = self.filtered(lambda it: it.key == BASE_URL_PARAMETER)
        before = own.value if "value" in vals else False
        result = super().write(vals)
        if before and not self.env.context.get(IS_GUESS):
            self.env["res.company"]._follow_base_url(before, own.value)
        return result


class IrHttp(models.AbstractModel):
    """Refuses what no carrier sends before anything of it is read."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Look at the headers before Odoo reads the form.

        A body without a length is cut off by werkzeug at the same limit.

        :raises RequestEntityTooLarge: 413 for a longer body than the route takes
        :raises UnsupportedMediaType: 415 for another type
        """
        super()._pre_dispatch(rule, args)
        routing, http = rule.endpoint.routing, request.httprequest
        if TAKES not in routing:
            return
        if (http.content_length or 0) > routing[LIMIT]:
            raise RequestEntityTooLarge()
        # What says nothing of its type is not read as a form.
        if http.mimetype not in ("", routing[TAKES]):
            raise UnsupportedMediaType()
