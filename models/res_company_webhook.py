# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

#: An address that was replaced is answered at so long: texts on their way report there.
OVERLAP = timedelta(days=7)


def make_webhook_key():
    """Return a new random key for the addresses that a carrier calls.

    :rtype: str
    """
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
        """Return the company of a public address, or an empty set.

        :param str key: the part of the path that the carrier called
        """
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
        :param str key: that of the address which was called, default the present one
        :param str base: with what it begins, default the company's public address
        """
        self.ensure_one()
        key = key or self.sudo().sms_webhook_key
        base = base or self._get_sms_base_url()
        return f"{base}/helpdesk_sms/{provider}/{key}/{endpoint}"
