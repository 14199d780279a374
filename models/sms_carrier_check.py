# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from dataclasses import asdict

import phonenumbers

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import hmac

from ..providers.base import Finding, LookupFailed

MANAGER_GROUP = "helpdesk_mgmt.group_helpdesk_manager"


class SmsCarrierCheck(models.Model):
    """What the carrier said when somebody last looked if a company's account is right.

    One row for each company and carrier. It holds for the account, the senders and the
    address that were looked at: whatever of them changes makes it void.

    The carrier is asked before anything is written, so that no row is locked while the
    network is waited for.
    """

    _name = "sms.carrier.check"
    _description = "Check of the Text Message Carrier's Account"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    checked_at = fields.Datetime(required=True, readonly=True)
    fingerprint = fields.Char(
        required=True, readonly=True, groups="base.group_system",
        help="Keyed hash of what was looked at.",
    )  # fmt: skip
    findings = fields.Json(readonly=True)

    _company_unique = models.UniqueIndex("(company_id, provider)")

    @api.model
    def _check_user(self, company, group=MANAGER_GROUP):
        """Refuse who may not look after a company's account.

        :param str group: who may besides administrators
        :raises AccessError: for all others, and in a company where they do not work
        """
        user = self.env.user
        if not (user.has_group(group) or user.has_group("base.group_system")):
            raise AccessError(
                self.env._("Helpdesk managers and administrators look after this.")
            )
        company._check_user_works_here()

    # ------------------------------------------------------------------
    # What the carrier is asked
    # ------------------------------------------------------------------

    @api.model
    def _run(self, company):
        """Ask the carrier if a company's account is right, and keep what it says.

        :param company: ``res.company``
        :return: the row; empty where there is nothing to ask (sandbox, Odoo's own
            provider, no credentials yet)
        """
        provider = company._get_sms_provider()
        if not self._can_ask(provider):
            return self.browse()
        url = company._get_sms_url("inbound", provider.code)
        findings = provider.check(url)
        values = {
            "checked_at": fields.Datetime.now(),
            "fingerprint": self._get_fingerprint(company, provider),
            "findings": [asdict(finding) for finding in findings],
        }
        row_sudo = self.sudo()._find(company, provider)
        if row_sudo:
            row_sudo.write(values)
        else:
            keys = {"company_id": company.id, "provider": provider.code}
            row_sudo = self.sudo().create({**keys, **values})
        return row_sudo.with_env(self.env)

    @api.model
    def _set_inbound_url(self, company):
        """Enter our address at the carrier, and look again.

        :raises UserError: with what to do when the carrier does not take it
        """
        provider = self._get_provider(company)
        try:
            provider.set_inbound_url(company._get_sms_url("inbound", provider.code))
        except LookupFailed as error:
            raise UserError(
                self.env._(
                    "The carrier did not take the address. Check the account, then try "
                    "again, or enter the address there by hand."
                )
            ) from error
        return self._run(company)

    @api.model
    def _take_numbers(self, company):
        """Enter the account's numbers as senders, and look again.

        :raises UserError: when the carrier cannot be asked, or has none that can text
        """
        provider = self._get_provider(company)
        try:
            numbers = provider.list_numbers()
        except LookupFailed as error:
            raise UserError(
                self.env._("The carrier did not show its numbers. Check the account.")
            ) from error
        known = company.sudo().sms_twilio_number_ids.mapped("number")
        new = [number for number in numbers if number not in known]
        if not (new or known):
            raise UserError(
                self.env._("The account has no number that can text. Get one there.")
            )
        self.env["sms.twilio.number"].sudo().create(
            [
                {
                    "company_id": company.id,
                    "number": number,
                    "country_id": self._get_country(company, number).id,
                }
                for number in new
            ]
        )
        return self._run(company)

    @api.model
    def _get_provider(self, company):
        """Return the carrier's adapter.

        :raises UserError: where there is no account to ask about
        """
        provider = company._get_sms_provider()
        if not self._can_ask(provider):
            raise UserError(self.env._("Choose a carrier and enter the account first."))
        return provider

    @api.model
    def _can_ask(self, provider):
        """Tell if an account has what is needed to ask about it."""
        return bool(provider and provider.can_check())

    @api.model
    def _get_country(self, company, number):
        """Return the country of one of our numbers, else the company's."""
        parsed = phonenumbers.parse(number)
        code = phonenumbers.region_code_for_number(
            parsed
        ) or phonenumbers.region_code_for_country_code(parsed.country_code)
        countries = self.env["res.country"]
        return countries.search([("code", "=", code)], limit=1) or company.country_id

    # ------------------------------------------------------------------
    # What is known
    # ------------------------------------------------------------------

    @api.model
    def _get_current(self, company):
        """Return the row about a company's account as it is now, or an empty set."""
        provider = company._get_sms_provider()
        if not provider:
            return self.browse()
        row_sudo = self.sudo()._find(company, provider)
        is_valid = row_sudo.fingerprint == self._get_fingerprint(company, provider)
        return row_sudo if is_valid else self.browse()

    @api.model
    def _find(self, company, provider):
        """Return the row of a company and its carrier, or an empty set."""
        domain = [("company_id", "=", company.id), ("provider", "=", provider.code)]
        return self.search(domain, limit=1)

    @api.model
    def _get_fingerprint(self, company, provider):
        """Return a keyed hash of all that a check is about."""
        looked_at = [provider.account, company._get_sms_url("inbound", provider.code)]
        message = json.dumps(looked_at, sort_keys=True)
        return hmac(self.env(su=True), "sms_carrier_check", message)

    def _get_findings(self, about=None):
        """Return what was found, about one thing or all.

        :param str about: as in :class:`providers.base.Finding`
        :rtype: list[Finding]
        """
        found = [Finding(**values) for values in self.findings or []]
        return [finding for finding in found if about in (None, finding.about)]
