# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models

from ..tools import chain

REASONS = [
    (chain.MISSING, "A link is missing"),
    (chain.REORDERED, "A link does not follow the one before it"),
    (chain.CHANGED, "The event is not what was sealed"),
    (chain.EVENT_GONE, "The event of a link is missing"),
    (chain.SHORTENED, "The end of the chain that was seen earlier is missing"),
    (chain.EVIDENCE_CHANGED, "The evidence is not what was recorded"),
]


class SmsConsentCheck(models.Model):
    """One verification of a company's ledger: what was found, and the chain's end.

    The end that an earlier check has seen must still be there: a chain that was cut
    short, or computed anew as a whole, does not hold it. It is also written into the
    server's log, which lies outside the database.
    """

    _name = "sms.consent.check"
    _description = "Verification of the Consent Ledger"
    _order = "id desc"
    _rec_name = "checked_at"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
        default=lambda self: self.env.company,
    )
    checked_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now
    )
    state = fields.Selection(
        [("intact", "Intact"), ("broken", "Broken")], readonly=True, string="Result"
    )
    link_count = fields.Integer("Links", readonly=True)
    head_hash = fields.Char("End of the Chain", readonly=True)
    unsealed_count = fields.Integer(
        "Not Sealed Yet", readonly=True, help="Events that wait for their link."
    )
    broken_sequence = fields.Integer("First Broken Link", readonly=True)
    broken_reason = fields.Selection(REASONS, "Why", readonly=True)
    broken_event_id = fields.Integer("Event (ID)", readonly=True)

    def action_verify(self):
        """Verify the current company's ledger now; open what was found.

        :return: the action that shows the check
        """
        self.check_access("read")
        check = self.sudo()._verify(self.env.company)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": check.id,
            "view_mode": "form",
            "target": "current",
        }

    @api.model
    def _run_checks(self):
        """Verify every company's ledger and tell who must know of a break (cron)."""
        for company in self.env["res.company"].search([]):
            check = self.with_company(company)._verify(company)
            if check.state == "broken":
                check._alert()
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _print_report(self):
        """Verify every company's ledger and print one line for each (command line).

        Run as ``env["sms.consent.check"]._print_report()`` in an ``odoo shell``.

        :return: whether all ledgers are intact
        :rtype: bool
        """
        checks = self.browse()
        for company in self.env["res.company"].search([]):
            checks += self._verify(company)
        for check in checks:
            print(check._describe())  # pylint: disable=print-used
        return set(checks.mapped("state")) <= {"intact"}

    def _describe(self):
        """Return the result in one line."""
        self.ensure_one()
        company = self.company_id.name
        if self.state == "intact":
            return self.env._(
                "%(company)s: intact, %(count)s links, end %(hash)s, %(open)s not "
                "sealed yet",
                company=company,
                count=self.link_count,
                hash=self.head_hash,
                open=self.unsealed_count,
            )
        return self.env._(
            "%(company)s: BROKEN at link %(sequence)s (event %(event)s): %(reason)s",
            company=company,
            sequence=self.broken_sequence,
            event=self.broken_event_id,
            reason=dict(self._fields["broken_reason"]._description_selection(self.env))[
                self.broken_reason
            ],
        )

    def _alert(self):
        """Tell the compliance officers, or else the administrators, by message."""
        self.ensure_one()
        group = self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        users = group.all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids
        )
        users = users or self.env.ref("base.group_system").all_user_ids
        self.env["mail.thread"].message_notify(
            partner_ids=users.partner_id.ids,
            subject=self.env._("The consent ledger is broken"),
            body=Markup("<p>%s</p>") % self._describe(),
        )
