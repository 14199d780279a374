# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import hmac

from ..providers.account import Finding

MANAGER_GROUP = "helpdesk_mgmt.group_helpdesk_manager"

#: What a carrier is asked to do.
CHECK, SET_INBOUND, TAKE_NUMBERS = ("check", "set_inbound", "take_numbers")


class SmsCarrierCheck(models.Model):
    """What the carrier said when somebody last looked if a company's account is right.

    One row for each company and carrier. It holds for the account, the senders and the
    address that were looked at: whatever of them changes makes it void.

    A button only notes what is wanted. A cron asks the carrier, with no transaction
    open (``sms_carrier_check_run``).
    """

    _name = "sms.carrier.check"
    _description = "Check of the Text Message Carrier's Account"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    checked_at = fields.Datetime(readonly=True)
    fingerprint = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Keyed hash of what was looked at.",
    )
    findings = fields.Json(readonly=True)
    wanted = fields.Selection(
        [
            (CHECK, "Check the account"),
            (SET_INBOUND, "Set our address there"),
            (TAKE_NUMBERS, "Take the account's numbers"),
        ],
        readonly=True,
        help="What the carrier is being asked, empty when it has answered.",
    )
    wanted_at = fields.Datetime(readonly=True)
    claimed_at = fields.Datetime(readonly=True)
    trouble = fields.Char(readonly=True, help="Why what was wanted was not done.")

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
    # What the carrier is to be asked
    # ------------------------------------------------------------------

    @api.model
    def _ask(self, company, wanted):
        """Have the carrier asked by a cron, right after this is committed.

        :param company: ``res.company``
        :param str wanted: :data:`CHECK`, :data:`SET_INBOUND` (enter our address there)
            or :data:`TAKE_NUMBERS` (enter the account's numbers as senders)
        :raises UserError: where there is no account to ask about
        """
        provider = company._get_sms_provider()
        if not (provider and provider.can_check()):
            raise UserError(self.env._("Choose a carrier and enter the account first."))
        row_sudo = self.sudo()._find(company, provider)
        if not row_sudo:
            keys = {"company_id": company.id, "provider": provider.code}
            row_sudo = self.sudo().create(keys)
        row_sudo.write(
            {
                "wanted": wanted,
                "wanted_at": fields.Datetime.now(),
                "claimed_at": False,
                "trouble": False,
            }
        )
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_check")
        cron.sudo()._trigger()

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
    def _get_open(self, company):
        """Return the row of a company whose carrier is being asked, or has not done it.

        That is another question than whether what it said before holds.
        """
        provider = company._get_sms_provider()
        row_sudo = self.sudo()._find(company, provider) if provider else self.browse()
        return row_sudo.filtered(lambda row: row.wanted or row.trouble)

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

        :param str about: as in :class:`providers.account.Finding`
        :rtype: list[Finding]
        """
        found = [Finding(**values) for values in self.findings or []]
        return [finding for finding in found if about in (None, finding.about)]
