# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from markupsafe import Markup
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models

from ..tools import chain
from .ledger_guards import APPEND_ONLY_GUARD, install_guards
from .sms_consent_key import ConsentKeyError

_logger = logging.getLogger(__name__)

# What may be wrong beside the chain.
ENTRY_FORGED = "entry_forged"
ENTRY_COPIED = "entry_copied"
EVIDENCE_FOREIGN = "evidence_foreign"
EVIDENCE_ALONE = "evidence_alone"
NOT_ERASED = "not_erased"
ANSWER = "answer"
TRIGGER = "trigger"
CHECK = "check"

REASONS = [
    (chain.MISSING, "A link is missing"),
    (chain.REORDERED, "A link does not follow the one before it"),
    (chain.CHANGED, "The event is not what was sealed"),
    (chain.EVENT_GONE, "The event of a link is missing"),
    (chain.SHORTENED, "The end of the chain that was seen earlier is missing"),
    (chain.EVIDENCE_CHANGED, "The evidence is not what was recorded"),
    (chain.FORGED, "The link was not sealed by the key"),
    (chain.NOT_SEALED, "The chain is not sealed by the key"),
    (chain.NOT_CARRIED, "The link takes over another chain than this one"),
    (ENTRY_FORGED, "The event was not entered by the ledger"),
    (ENTRY_COPIED, "An event is there twice"),
    (EVIDENCE_FOREIGN, "The evidence is that of another number or company"),
    (EVIDENCE_ALONE, "The event of a piece of evidence is missing"),
    (NOT_ERASED, "The evidence is marked as erased, and the ledger has not erased it"),
    (ANSWER, "An answer does not follow from the events"),
    (TRIGGER, "A trigger that protects the ledger is not as it was installed"),
    (CHECK, "The record of verifications was changed"),
]

INSIDE, OUTSIDE = ("inside", "outside")

#: So many things of one kind are named.
NAMED = 10


class SmsConsentCheck(models.Model):
    """One verification of a company's ledger: what was found, and the chain's end.

    The end that an earlier check has seen must still be there: a chain that was cut
    short, or computed anew as a whole, does not hold it. It is also written into the
    server's log, which lies outside the database. The checks are append-only and sealed
    one after the other like the ledger itself (``sms_consent_check_record``).
    """

    _name = "sms.consent.check"
    _description = "Verification of the Consent Ledger"
    _order = "id desc"
    _rec_name = "checked_at"
    # Odoo's own log columns would be set to NULL when a user is deleted: an update.
    _log_access = False
    _ledger_guards = (APPEND_ONLY_GUARD,)

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
    findings = fields.Text("Found", readonly=True, help="All that is not as it was.")
    remarks = fields.Text(
        readonly=True, help="What this verification could not have found."
    )
    key_place = fields.Selection(
        [(OUTSIDE, "Outside the database"), (INSIDE, "In the database")],
        "Key",
        readonly=True,
    )
    previous_seal = fields.Char(readonly=True)
    seal = fields.Char(readonly=True)

    def init(self):
        """Install the trigger that makes the table append-only for every role."""
        install_guards(self)
        return super().init()

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
            try:
                with self.env.cr.savepoint():
                    check = self.with_company(company)._verify(company)
            except ConsentKeyError as error:
                self._notify(company, str(error))
            except SerializationFailure:
                _logger.info("Company %s is being verified by another", company.id)
            else:
                if check.state == "broken":
                    check._alert()
            self.env["ir.cron"]._commit_progress(1)
        self.env["sms.consent.key"]._remove_inside()

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
        remarks = (self.remarks or "").splitlines()
        if self.state == "intact":
            result = self.env._(
                "%(company)s: intact, %(count)s links, end %(hash)s, %(open)s not "
                "sealed yet",
                company=company,
                count=self.link_count,
                hash=self.head_hash,
                open=self.unsealed_count,
            )
            return f"{result}. {' '.join(remarks)}" if remarks else result
        findings = (self.findings or "").splitlines()
        if self.broken_sequence:
            result = self.env._(
                "%(company)s: BROKEN at link %(sequence)s (event %(event)s)",
                company=company,
                sequence=self.broken_sequence,
                event=self.broken_event_id,
            )
        else:
            result = self.env._("%(company)s: BROKEN", company=company)
        return f"{result}: {' '.join([*findings, *remarks])}"

    def _alert(self):
        """Tell the compliance officers, or else the administrators, by message."""
        self.ensure_one()
        self._notify(self.company_id, self._describe())

    @api.model
    def _notify(self, company, text):
        """Send who must know of a break a message.

        :param str text: what was found
        """
        group = self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        users = group.all_user_ids.filtered(lambda user: company in user.company_ids)
        users = users or self.env.ref("base.group_system").all_user_ids
        self.env["mail.thread"].message_notify(
            partner_ids=users.partner_id.ids,
            subject=self.env._("The consent ledger is broken"),
            body=Markup("<p>%s</p>") % text,
        )
