# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import chain
from .sms_consent_evidence import PERSONAL_FIELDS

_logger = logging.getLogger(__name__)

BATCH_SIZE = 2000

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

    # ------------------------------------------------------------------
    # The walk
    # ------------------------------------------------------------------

    @api.model
    def _verify(self, company):
        """Walk the company's chain from its first link.

        :param company: ``res.company``
        :return: the new check
        """
        while self.env["sms.consent.link"]._seal(company, look_back=None):
            continue
        verifier = chain.Verifier(self._get_seen_heads(company))
        found, event_id = self._walk(company, verifier)
        check = self.create(
            {
                "company_id": company.id,
                "state": "broken" if found else "intact",
                "link_count": verifier.sequence,
                "head_hash": verifier.hash,
                "unsealed_count": len(
                    self.env["sms.consent.link"]._get_unsealed(company)
                ),
                "broken_sequence": found.sequence if found else 0,
                "broken_reason": found.reason if found else False,
                "broken_event_id": event_id,
            }
        )
        _logger.log(
            logging.CRITICAL if found else logging.INFO,
            "Consent ledger of company %s: %s, link %s, hash %s",
            company.id,
            found.reason if found else "intact",
            found.sequence if found else verifier.sequence,
            verifier.hash,
        )
        return check

    @api.model
    def _walk(self, company, verifier):
        """Check link after link; return the first break and its event, or nothing."""
        while links := self._read_links(company, verifier.sequence):
            event_ids = [link[1] for link in links]
            contents = self.env["sms.consent.event"]._read_content(event_ids)
            for sequence, event_id, previous, own_hash in links:
                found = verifier.check(
                    sequence, previous, own_hash, contents.get(event_id)
                )
                if found:
                    return found, event_id
            if bad_id := self._find_changed_evidence(event_ids):
                sequence = next(link[0] for link in links if link[1] == bad_id)
                return chain.Break(sequence, chain.EVIDENCE_CHANGED), bad_id
        return verifier.finish(), 0

    @api.model
    def _read_links(self, company, after):
        """Return the next links after number ``after``, without the ORM's cache."""
        return self.env.execute_query(
            SQL(
                """
                SELECT sequence, event_id, previous_hash, hash FROM sms_consent_link
                 WHERE company_id = %s AND sequence > %s
              ORDER BY sequence LIMIT %s
                """,
                company.id,
                after,
                BATCH_SIZE,
            )
        )

    @api.model
    def _find_changed_evidence(self, event_ids):
        """Return the first event whose evidence is not what was recorded, if any.

        Erased evidence is gone for good; that it is wholly gone is the trigger's work.
        """
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, event.evidence_digest, evidence.id, %s
                  FROM sms_consent_event event
             LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.id = ANY(%s) AND evidence.erased_at IS NULL
              ORDER BY event.id
                """,
                columns,
                list(event_ids),
            )
        )
        with_files = set()
        read_content = self.env["sms.consent.evidence"]._read_content
        for event_id, digest, evidence_id, *values in rows:
            content = read_content(values)
            if not evidence_id or chain.digest(content) != digest:
                return event_id
            if content["file_digests"]:
                with_files.add((event_id, evidence_id))
        return self._find_changed_files(with_files)

    @api.model
    def _find_changed_files(self, pairs):
        """Return the first event whose scans are not those that were recorded."""
        for event_id, evidence_id in sorted(pairs):
            if not self.env["sms.consent.evidence"].browse(evidence_id)._files_hold():
                return event_id
        return 0

    @api.model
    def _get_seen_heads(self, company):
        """Return the ends of the chain that earlier checks have seen.

        :return: ``{sequence: hash}``, the newest of each number
        """
        checks = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "intact"),
                ("link_count", ">", 0),
            ],
            order="id",
        )
        return {check.link_count: check.head_hash for check in checks}

    # ------------------------------------------------------------------
    # The alarm
    # ------------------------------------------------------------------

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
