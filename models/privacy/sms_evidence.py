# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain, consent, evidence
from ...tools.chain import CONTENT_FIELDS
from ..ledger.sms_consent_evidence import PERSONAL_FIELDS

#: Model and field with the labels of codes in documents, by key.
LABELED_FIELDS = {
    "event": ("sms.consent.event", "event"),
    "method": ("sms.consent.event", "method"),
    "answer": ("sms.consent", "state"),
    "message": ("sms.sms", "shown_state"),
    "exemption": ("sms.sms", "exemption"),
    "decision": ("sms.sms", "gate_reason"),
    "received": ("sms.inbound", "kind"),
    "check": ("sms.consent.check", "state"),
    "reassigned": ("sms.reassigned.row", "answer"),
}


class SmsEvidence(models.AbstractModel):
    """Gathers the evidence of a person's consent, as plain data.

    PDF, JSON and tables are all generated from the result of :meth:`_gather`, so they
    cannot differ. Read with the rights of the compliance officer, in one company. The
    format is described in ``docs/evidence.md``.
    """

    _name = "sms.evidence"
    _description = "Evidence of Text Message Consent"

    def _check_rights(self, company):
        """Raise an AccessError unless an officer with ``company`` selected."""
        if not self.env.user.has_group("helpdesk_mgmt_sms.group_sms_compliance"):
            raise AccessError(
                self.env._(
                    "Only compliance officers may export evidence or erase a person."
                )
            )
        company.with_env(self.env)._check_sms_user()

    def _gather(self, company, numbers, number_hashes=()):
        """Return all evidence about the numbers (E.164) of one person.

        :param number_hashes: keyed hashes of further, erased numbers
        :return: JSON values, see ``docs/evidence.md``; times in UTC
        :raises AccessError: see :meth:`_check_rights`
        :raises UserError: if the ledger knows none of the numbers
        """
        self._check_rights(company)
        hashes = dict.fromkeys(number_hashes)
        for number, value in self.env["sms.consent.key"]._hash(numbers).items():
            hashes[value] = number
        own = [("company_id", "=", company.id), ("number_hash", "in", list(hashes))]
        event_ids = self.env["sms.consent.event"].search(own, order="id").ids
        if not event_ids:
            raise UserError(
                self.env._(
                    "The consent ledger of %(company)s has nothing about %(numbers)s.",
                    company=company.name,
                    numbers=", ".join(numbers),
                )
            )
        self._seal(company)
        events = self._read_events(event_ids)
        digests = {event["content"]["wording_digest"] for event in events}
        asked = SQL("asked.number_hash = ANY(%s)", list(hashes))
        numbers = list(filter(None, hashes.values()))
        received = Domain("number", "in", numbers)
        # The events also lead to messages whose number was erased.
        messages = received | Domain("consent_event_id", "in", event_ids)
        messages &= Domain("record_company_id", "=", company.id)
        received &= Domain("company_id", "=", company.id)
        return {
            **self._get_head(company, evidence.PERSON),
            "person": self._get_person(hashes, events),
            "answers": self._get_answers(company, hashes),
            "events": events,
            "statements": self._read_statements(company),
            "wordings": self._read_wordings(digests),
            "opt_outs": self._read_opt_outs(events),
            "messages": list(self._iter_messages(messages)),
            "received": list(self._iter_received(received)),
            "reassigned": list(self._iter_reassigned(company, asked)),
            "chain": self._get_chain(company, Counter(it["seal"] for it in events)),
        }

    def _get_head(self, company, segment):
        now = fields.Datetime.now()
        return {
            "format": evidence.FORMAT,
            "reference": evidence.make_reference(now),
            "made_at": evidence.plain(now),
            "made_by": self.env.user.name,
            "company": company.name,
            "company_id": company.id,
            "segment": segment,
            "sandbox": self.env["sms.consent.event"]._is_on_sandbox(company),
            "key": chain.fingerprint(self.env["sms.consent.key"]._get()),
            "content_fields": list(CONTENT_FIELDS),
        }

    def _get_person(self, hashes, events):
        """Return the recorded names, and the numbers with their events.

        Each number lists its events, so that a missing one is detected.
        """
        names = [(event["evidence"] or {}).get("name") for event in events]
        own = {value: [] for value in hashes}
        for event in events:
            own[event["content"]["number_hash"]].append(event)
        return {
            "names": list(dict.fromkeys(filter(None, names))),
            "numbers": [
                {
                    "number": number,
                    "number_hash": value,
                    "event_ids": [it["content"]["event_id"] for it in own[value]],
                    "links": [it["sequence"] for it in own[value]],
                }
                for value, number in hashes.items()
            ],
        }

    def _find_numbers(self, company, partner):
        """Return the numbers (E.164) of a contact that the ledger knows.

        The present number first, then those of consents, texts and tickets.
        """
        numbers = self._find_all_numbers(company, partner)
        hashes = self.env["sms.consent.key"]._hash(numbers)
        own = Domain("company_id", "=", company.id)
        domain = own & Domain("number_hash", "in", list(hashes.values()))
        events_sudo = self.env["sms.consent.event"].sudo()
        events_sudo = events_sudo.search_fetch(domain, ["number_hash"])
        known = set(events_sudo.mapped("number_hash"))
        return [number for number in numbers if hashes[number] in known]

    def _find_all_numbers(self, company, partner):
        """Return the numbers (E.164) of a contact, including those without consent."""
        self._check_rights(company)
        own = Domain("company_id", "=", company.id)
        own &= Domain("res_model", "=", "res.partner")
        own &= Domain("res_id", "=", partner.id)
        recorded = self.env["sms.consent.evidence"].search(own)
        numbers = [partner.phone_sanitized, *recorded.mapped("number")]
        subscribed = ("sms.subscription", "sms.broadcast.recipient")
        for name in ("sms.sms", "sms.inbound", "helpdesk.ticket", *subscribed):
            model_sudo = self.env[name].sudo().with_context(active_test=False)
            domain = Domain(model_sudo._personal_company, "=", company.id)
            found = model_sudo.search(domain & Domain("partner_id", "=", partner.id))
            numbers += found.mapped(model_sudo._personal_number)
        return list(dict.fromkeys(filter(None, numbers)))

    def _get_answers(self, company, hashes):
        """Return the current answer of each number for each purpose.

        :param dict hashes: number (None: erased) by its keyed hash
        """
        consents = self.env["sms.consent"]
        stored, _numbers = consents._read_stored(company, list(hashes), is_locked=False)
        found = {value: {} for value in hashes}
        for (value, purpose_id), (answer, _since) in stored.items():
            found[value][purpose_id or False] = answer
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        rows = []
        for value, number in hashes.items():
            for purpose in purposes:
                answer = consents._get_answer(found[value], purpose.id)
                # A consent interrupted by a STOP for everything counts from its end.
                both = [stored.get((value, key)) for key in (purpose.id, 0)]
                began = [row[1] for row in both if row]
                row = {
                    "number": number,
                    "number_hash": value,
                    "purpose": purpose.code,
                    "purpose_name": purpose.name,
                    "state": answer.state,
                    "since": evidence.plain(answer.event_id and max(began)),
                    "event_id": answer.event_id or None,
                }
                rows.append(row)
        return rows

    def _get_labels(self):
        """Return ``{field: {code: label}}`` in the user's language."""
        labels = {
            "seal": {
                evidence.HOLDS: self.env._("holds"),
                evidence.CHANGED: self.env._("changed"),
                evidence.UNSEALED: self.env._("not sealed yet"),
            }
        }
        get_labels = self.env["sms.consent.details"]._get_labels
        return labels | {key: get_labels(*it) for key, it in LABELED_FIELDS.items()}

    # === Events, wordings and chain ===

    def _seal(self, company):
        """Seal all events, so that the newest one is in the chain.

        If another worker is sealing, the document shows which events have no seal yet.
        """
        links_sudo = self.env["sms.consent.link"].sudo()
        while links_sudo._seal(company, look_back=None):
            continue
        self.env["ir.cron"]._wake_sms("ir_cron_sms_consent_seal")

    def _read_events(self, event_ids):
        """Return events with their evidence and seals, in a fixed number of queries."""
        contents = self.env["sms.consent.event"]._read_content(event_ids)
        columns = [SQL.identifier("evidence", it) for it in PERSONAL_FIELDS]
        query = """
            SELECT event.id, event.purpose_id, event.wording_id, evidence.id,
                   evidence.erased_at, link.sequence, link.previous_hash, link.hash,
                   link.seal, link.content_version, %s
              FROM sms_consent_event event
         LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
         LEFT JOIN sms_consent_link link ON link.event_id = event.id
             WHERE event.id = ANY(%s)
          ORDER BY link.sequence NULLS LAST, event.id
        """
        query = SQL(query, SQL(", ").join(columns), list(event_ids))
        rows = self.env.execute_query(query)
        with_files = {row[3] for row in rows if row[-1]}
        records = self.env["sms.consent.evidence"].browse(with_files)
        with_changed_scans = {it.id for it in records if not it._files_hold()}
        effects = self.env["sms.consent"]._read_effects(event_ids)
        key = self.env["sms.consent.key"]._get()
        events = []
        for row in rows:
            event = self._make_event(key, row, contents[row[0]], with_changed_scans)
            events.append({**event, "effect": effects.get(row[0])})
        return events

    def _make_event(self, key, row, content, with_changed_scans):
        _id, purpose_id, wording_id, evidence_id, erased_at, *rest = row
        sequence, previous, own_hash, link_seal, version, *values = rest
        is_tried, company_id = content["sandbox"], content["company_id"]
        shown = self._get_shown(purpose_id, wording_id, content["user_id"])
        personal = self.env["sms.consent.evidence"]._read_content(values)
        is_whole = erased_at or (
            chain.digest(personal) == content["evidence_digest"]
            and evidence_id not in with_changed_scans
        )
        seal = evidence.UNSEALED
        if sequence:
            content = chain.content_of(content, version)
            holds = chain.link_hash(previous, sequence, content) == own_hash
            expected = chain.link_seal(key, company_id, sequence, own_hash)
            holds = holds and link_seal in (None, expected)  # None: from before seals
            seal = evidence.HOLDS if holds and is_whole else evidence.CHANGED
        return {
            "sequence": sequence,
            "previous": previous,
            "hash": own_hash,
            "link_seal": link_seal,
            "content": self.env["sms.consent.check"]._to_json(content),
            "seal": seal,
            "sandbox": is_tried,
            "evidence": None if erased_at else personal,
            "evidence_id": evidence_id,
            "erased_at": evidence.plain(erased_at),
            "files": [
                {
                    "name": name,
                    "sha256": digest,
                    "path": evidence.file_path(evidence_id, name, digest),
                }
                for name, digest in (personal["file_digests"] or {}).items()
            ],
            "shown": shown,
        }

    def _get_shown(self, purpose_id, wording_id, user_id):
        env_sudo = self.sudo().env
        wording = env_sudo["sms.wording"].browse(wording_id or ())
        return {
            "purpose": env_sudo["sms.purpose"].browse(purpose_id or ()).name or None,
            "user": env_sudo["res.users"].browse(user_id).name,
            "wording_version": wording.version or None,
            "wording_lang": wording.lang or None,
        }

    def _read_statements(self, company):
        """Return the links of a company that seal a statement instead of an event."""
        checks = self.env["sms.consent.check"]
        own = [("company_id", "=", company.id), ("event_id", "=", False)]
        links = self.env["sms.consent.link"].search(own, order="sequence")
        return [
            checks._export_link(row, None)
            for link in links
            for row in checks._read_links(company, link.sequence - 1, limit=1)
        ]

    def _read_wordings(self, digests):
        known = [("digest", "in", list(filter(None, digests)))]
        return [
            {
                "digest": wording.digest,
                "purpose": wording.purpose_id.code,
                "purpose_name": wording.purpose_id.name,
                "lang": wording.lang,
                "version": wording.version,
                "published_at": evidence.plain(wording.published_at),
                "body": wording.body,
            }
            for wording in self.env["sms.wording"].sudo().search(known, order="id")
        ]

    def _get_chain(self, company, seals):
        sequence, own_hash = self.env["sms.consent.link"]._get_head(company)
        own = [("company_id", "=", company.id)]
        check = self.env["sms.consent.check"].search(own, limit=1)
        return {
            "end": {"sequence": sequence, "hash": own_hash},
            "sealed": seals[evidence.HOLDS] + seals[evidence.CHANGED],
            "unsealed": seals[evidence.UNSEALED],
            "changed": seals[evidence.CHANGED],
            "last_check": {
                "checked_at": evidence.plain(check.checked_at),
                "result": check.state or None,
                "links": check.link_count,
                "end": check.head_hash or None,
            },
        }

    # === Opt-outs ===

    def _read_opt_outs(self, events):
        """Return the opt-outs among events, and when each was confirmed.

        Events about several purposes with the same evidence are one opt-out.
        """
        revoked = defaultdict(list)
        for event in events:
            if event["content"]["event"] == consent.REVOKED:
                revoked[event["evidence_id"]].append(event)
        ids = [it["content"]["event_id"] for group in revoked.values() for it in group]
        confirmations = self.env["sms.consent.story"]._read_confirmations(ids)
        return [
            self._make_opt_out(group, confirmations.get(evidence_id))
            for evidence_id, group in revoked.items()
        ]

    def _make_opt_out(self, events, confirmation):
        content = events[0]["content"]
        message_id, sent_at = confirmation or (None, None)
        said_at = evidence.parse_time(content["happened_at"])
        seconds = sent_at and max(0, int((sent_at - said_at).total_seconds()))
        purposes = [event["content"]["purpose"] for event in events]
        return {
            "event_ids": [event["content"]["event_id"] for event in events],
            "number": (events[0]["evidence"] or {}).get("number"),
            "purposes": list(filter(None, purposes)),
            "method": content["method"],
            "said_at": content["happened_at"],
            "recorded_at": content["recorded_at"],
            "message_id": message_id,
            "confirmed_at": evidence.plain(sent_at),
            "seconds": seconds,
        }
