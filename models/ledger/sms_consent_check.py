# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import logging

from markupsafe import Markup
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import chain
from ...tools.chain import CONTENT_FIELDS, GENESIS
from ...tools.evidence import CHAIN_FORMAT, make_reference
from ...tools.texts import is_same
from .ledger_guards import ENTERED_AT
from .sms_consent_evidence import CHAIN, PERSONAL_FIELDS
from .sms_consent_key import ConsentKeyError

_logger = logging.getLogger(__name__)
# Reasons of findings besides those of the chain.
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
#: Most findings of one kind that are named.
NAMED = 10
#: Links that are read at once.
BATCH_SIZE = 2000


class SmsConsentCheck(models.Model):
    """One verification of a company's ledger: what was found, and the chain's end.

    The end that an earlier check has seen must still be there: a chain that was cut
    short, or recomputed as a whole, does not contain it. It is also logged, outside the
    database. Checks are append-only and sealed one after the other.
    """

    _name = "sms.consent.check"
    _description = "Verification of the Consent Ledger"
    _inherit = "sms.ledger.row"
    _rec_name = "checked_at"
    # Odoo's own log columns would be set to NULL when a user is deleted: an update.
    _log_access = False

    company_id = fields.Many2one(index=True, default=lambda self: self.env.company)
    checked_at = fields.Datetime(**ENTERED_AT)
    state = fields.Selection(
        [("intact", "Intact"), ("broken", "Broken")], string="Result"
    )
    link_count = fields.Integer("Links")
    head_hash = fields.Char("End of the Chain")
    unsealed_count = fields.Integer(
        "Not Sealed Yet", help="Events waiting to be sealed."
    )
    broken_sequence = fields.Integer("First Broken Link")
    broken_reason = fields.Selection(REASONS, "Why")
    broken_event_id = fields.Integer("Event (ID)")
    findings = fields.Text("Found", help="Everything that is not as it was sealed.")
    remarks = fields.Text(help="What this verification cannot detect.")
    key_place = fields.Selection(
        [(OUTSIDE, "Outside the database"), (INSIDE, "In the database")], "Key"
    )
    previous_seal = fields.Char()
    seal = fields.Char()

    def action_verify(self):
        """Verify the current company's ledger now, and open the result."""
        self.check_access("read")
        return self.sudo()._verify(self.env.company)._get_records_action()

    @api.model
    def _run_checks(self):
        """Verify every company's ledger, and alert compliance of a break (cron)."""
        for company in self.env["res.company"]._get_sms_all():
            try:
                with self.env.cr.savepoint():
                    check = self.with_company(company)._verify(company)
            except ConsentKeyError as error:
                self._notify(company, str(error))
            except SerializationFailure:
                _logger.info("Company %s is being verified by another", company.id)
            else:
                if check.state == "broken":
                    check._notify(company, check._describe())
            self.env["ir.cron"]._commit_progress(1)
        self.env["sms.consent.key"]._remove_inside()

    @api.model
    def _print_report(self):
        """Verify every company's ledger and print one line for each (command line).

        Run as ``env["sms.consent.check"]._print_report()`` in an ``odoo shell``.
        """
        companies = self.env["res.company"]._get_sms_all()
        checks = self.browse().concat(*map(self._verify, companies))
        for check in checks:
            print(check._describe())  # pylint: disable=print-used
        return set(checks.mapped("state")) <= {"intact"}

    def _describe(self):
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

    @api.model
    def _notify(self, company, text):
        """Notify the compliance officers of a company, or the administrators."""
        users = company._get_sms_users("helpdesk_mgmt_sms.group_sms_compliance")
        users = users or self.env.ref("base.group_system").all_user_ids
        self.env["mail.thread"].message_notify(
            partner_ids=users.partner_id.ids,
            subject=self.env._("The consent ledger is broken"),
            body=Markup("<p>%s</p>") % text,
        )

    # === The chain, with its events and evidence ===

    # Odoo's transactions are repeatable reads: what is recorded meanwhile is not seen,
    # and not mistaken for a change.

    @api.model
    def _verify(self, company):
        """Verify a company's ledger: its chain, and what follows from it."""
        key = self.env["sms.consent.key"]._get()
        while self.env["sms.consent.link"]._seal(company, look_back=None):
            continue
        verifier = chain.Verifier(self._get_seen_heads(company), key, company.id)
        breaks = self._walk(company, verifier)
        findings = [(found.reason, self._say_break(found, it)) for found, it in breaks]
        findings += self._find_others(company, key)
        found, event_id = breaks[0] if breaks else (None, 0)
        values = {
            "state": "broken" if findings else "intact",
            "link_count": verifier.sequence,
            "head_hash": verifier.hash,
            "broken_sequence": found.sequence if found else 0,
            "broken_reason": findings[0][0] if findings else False,
            "broken_event_id": event_id,
            "findings": "\n".join(sentence for _reason, sentence in findings),
            "remarks": "\n".join(self._get_remarks(verifier)),
        }
        check = self._enter(company, key, values)
        _logger.log(
            logging.CRITICAL if findings else logging.INFO,
            "Consent ledger of company %s: %s, link %s, hash %s",
            company.id,
            ", ".join(reason for reason, _sentence in findings) or "intact",
            found.sequence if found else verifier.sequence,
            verifier.hash,
        )
        return check

    @api.model
    def _walk(self, company, verifier):
        """Check link after link, to the end or to where the chain breaks.

        :return: pairs of a :class:`tools.chain.Break` and the id of its event or 0:
            where the chain breaks, then up to :data:`NAMED` events or evidence that
            fail
        """
        broken = []
        while rows := self._read_links(company, verifier.sequence):
            event_ids = [row[1] for row in rows if row[1]]
            entries = self.env["sms.consent.event"]._read_entries(event_ids)
            for row in rows:
                content, entry_seal = entries.get(row[1], (None, None))
                link = self._make_link(row, content)
                if found := verifier.check(link):
                    return [(found, row[1] or 0), *broken[:NAMED]]
                seal = content and chain.entry_seal(verifier.key, content)
                if content and not is_same(entry_seal, seal):
                    broken.append((chain.Break(link.sequence, ENTRY_FORGED), row[1]))
            if len(broken) < NAMED:
                sequences = {row[1]: row[0] for row in rows if row[1]}
                changed = self._find_changed_evidence(sequences, verifier.key)
                broken += [
                    (chain.Break(sequences[event_id], reason), event_id)
                    for event_id, reason in changed
                ]
        if found := verifier.finish():
            broken.insert(0, (found, 0))
        return broken[:NAMED]

    @api.model
    def _read_links(self, company, after, limit=BATCH_SIZE):
        """Return the next links after number ``after``, bypassing the ORM's cache."""
        query = """
            SELECT sequence, event_id, previous_hash, hash, seal, content_version,
                   statement
              FROM sms_consent_link
             WHERE company_id = %s AND sequence > %s
          ORDER BY sequence LIMIT %s
        """
        return self.env.execute_query(SQL(query, company.id, after, limit))

    @api.model
    def _make_link(self, row, content):
        """Return a link as the verifier takes it; ``content`` of its event or None."""
        sequence, _event_id, previous, own_hash, seal, version, statement = row
        if version and version not in chain.CONTENT_VERSIONS:
            content = None
        sealed = content and chain.content_of(content, version)
        return chain.Link(sequence, previous, own_hash, sealed, seal, statement)

    @api.model
    def _find_changed_evidence(self, event_ids, key):
        """Yield the ids of events whose evidence fails, and the reason."""
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        query = """
            SELECT event.id, evidence.id,
                   evidence.company_id IS DISTINCT FROM event.company_id,
                   event.number_hash, event.evidence_digest, evidence.erased_at,
                   evidence.erased_by_id, evidence.erasure_seal, %s
              FROM sms_consent_event event
         LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
             WHERE event.id = ANY(%s)
          ORDER BY event.id
        """
        rows = self.env.execute_query(SQL(query, columns, list(event_ids)))
        for event_id, *row in rows:
            if reason := self._judge_evidence(key, *row):
                yield event_id, reason

    @api.model
    def _judge_evidence(self, key, evidence_id, is_foreign, number_hash, digest, *rest):
        """Return why evidence is not that of its event, or None."""
        erased_at, erased_by_id, erasure_seal, *values = rest
        evidence = self.env["sms.consent.evidence"]
        if not evidence_id:
            return chain.EVIDENCE_CHANGED
        if is_foreign:
            return EVIDENCE_FOREIGN
        if erased_at:
            seal = evidence._seal_erasure(key, evidence_id, erased_at, erased_by_id)
            return None if is_same(erasure_seal, seal) else NOT_ERASED
        content = evidence._read_content(values)
        if chain.number_hash(key, content["number"] or "") != number_hash:
            return EVIDENCE_FOREIGN
        if chain.digest(content) != digest:
            return chain.EVIDENCE_CHANGED
        if content["file_digests"] and not evidence.browse(evidence_id)._files_hold():
            return chain.EVIDENCE_CHANGED
        return None

    @api.model
    def _get_seen_heads(self, company):
        """Return the ends of the chain that were seen earlier: ``{number: hash}``."""
        intact = [("company_id", "=", company.id), ("state", "=", "intact")]
        checks = self.search([*intact, ("link_count", ">", 0)], order="id")
        return {check.link_count: check.head_hash for check in checks}

    # === The file that anybody can verify without Odoo ===

    def action_export(self):
        """Export the company's whole chain to a file, and download it.

        :raises AccessError: without read access to the ledger's links
        """
        self.ensure_one()
        self.check_access("read")
        self.env["sms.consent.link"].check_access("read")
        today = fields.Date.today()
        data = self._export(self.company_id).encode()
        return self.env["sms.evidence.export"]._hand_out(
            self, CHAIN, make_reference(today), f"consent-ledger-{today}.json", data
        )

    @api.model
    def _export(self, company):
        """Return a company's chain as JSON (``docs/evidence.md``), naming nobody."""
        links, after = [], 0
        while rows := self._read_links(company, after):
            contents = self.env["sms.consent.event"]._read_content(
                [row[1] for row in rows if row[1]]
            )
            links += [self._export_link(row, contents.get(row[1])) for row in rows]
            after = rows[-1][0]
        exported = {
            "format": CHAIN_FORMAT,
            "company": company.name,
            "company_id": company.id,
            "exported_at": fields.Datetime.to_string(fields.Datetime.now()),
            "genesis": GENESIS,
            "content_fields": CONTENT_FIELDS,
            "key": chain.fingerprint(self.env["sms.consent.key"]._get()),
            "links": links,
        }
        return json.dumps(exported, ensure_ascii=False, indent=1)

    @api.model
    def _export_link(self, row, content):
        """Return a link as the file has it; ``content`` of its event or None."""
        link = self._make_link(row, content)
        exported = link._asdict()
        exported["content"] = link.content and self._to_json(link.content)
        if link.statement is None:
            del exported["statement"]
        return exported

    @staticmethod
    def _to_json(content):
        return {
            name: value.strftime("%Y-%m-%dT%H:%M:%SZ")
            if name in ("happened_at", "recorded_at")
            else value
            for name, value in content.items()
        }
