# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain, consent, evidence
from ...tools.chain import CONTENT_FIELDS
from ...tools.consent import Answer
from ..ledger.sms_consent_evidence import PERSONAL_FIELDS

COMPLIANCE_GROUP = "helpdesk_mgmt_sms.group_sms_compliance"


class SmsEvidence(models.AbstractModel):
    """Gathers what proves a person's consent, as plain data.

    The PDF, the JSON and the tables are all made of what :meth:`_gather` returns, so
    that they cannot differ. Read with the rights of the compliance officer who asks,
    in one company. The format is described in ``docs/evidence.md``.
    """

    _name = "sms.evidence"
    _description = "Evidence of Text Message Consent"

    @api.model
    def _check_rights(self, company):
        """Refuse who is no compliance officer of ``company``, or is not in it now.

        :raises AccessError: then
        """
        if not self.env.user.has_group(COMPLIANCE_GROUP):
            raise AccessError(
                self.env._("Only compliance officers may take evidence out.")
            )
        company.with_env(self.env)._check_sms_user()

    @api.model
    def _gather(self, company, numbers, number_hashes=()):
        """Return all evidence about some numbers of one person.

        :param company: ``res.company``, one
        :param numbers: E.164
        :return: JSON values, see ``docs/evidence.md``; times in UTC
        :raises AccessError: as :meth:`_check_rights`
        :raises UserError: when the ledger knows none of the numbers
        """
        self._check_rights(company)
        hashes = dict.fromkeys(number_hashes)
        for number, value in self.env["sms.consent.key"]._hash(numbers).items():
            hashes[value] = number
        event_ids = self._find_event_ids(company, list(hashes))
        if not event_ids:
            raise UserError(
                self.env._(
                    "The consent ledger of %(company)s knows nothing of %(numbers)s.",
                    company=company.name,
                    numbers=", ".join(numbers),
                )
            )
        self._seal(company)
        events = self._read_events(event_ids)
        numbers = list(filter(None, hashes.values()))
        messages = self._get_messages_domain(company, numbers, event_ids)
        received = Domain("company_id", "=", company.id) & Domain(
            "number", "in", numbers
        )
        return {
            **self._get_head(company, evidence.PERSON),
            "person": self._get_person(hashes, events),
            "answers": self._get_answers(company, hashes),
            "events": events,
            "statements": self._read_statements(company),
            "wordings": self._read_wordings(
                {event["content"]["wording_digest"] for event in events}
            ),
            "opt_outs": self._read_opt_outs(events),
            "messages": list(self._iter_messages(messages)),
            "received": list(self._iter_received(received)),
            "chain": self._get_chain(
                company, Counter(event["seal"] for event in events)
            ),
        }

    @api.model
    def _get_head(self, company, segment):
        """Return what every document of evidence begins with."""
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
            "key": self.env["sms.consent.check"]._get_fingerprint(),
            "content_fields": list(CONTENT_FIELDS),
        }

    @api.model
    def _get_person(self, hashes, events):
        """Return whose numbers these are, by what was recorded with the events."""
        names = [(event["evidence"] or {}).get("name") for event in events]
        return {
            "names": list(dict.fromkeys(filter(None, names))),
            "numbers": [
                {
                    "number": number,
                    "number_hash": value,
                    **self._list_events(events, value),
                }
                for value, number in hashes.items()
            ],
        }

    @staticmethod
    def _list_events(events, number_hash):
        """Return which events a number has, so that none can be left out unseen."""
        own = [it for it in events if it["content"]["number_hash"] == number_hash]
        return {
            "event_ids": [event["content"]["event_id"] for event in own],
            "links": [event["sequence"] for event in own],
        }

    @api.model
    def _find_event_ids(self, company, hashes):
        return (
            self.env["sms.consent.event"]
            .search(
                [("company_id", "=", company.id), ("number_hash", "in", hashes)],
                order="id",
            )
            .ids
        )

    @api.model
    def _find_numbers(self, company, partner):
        """Return the numbers of a contact that the ledger knows, the present one first.

        Its own, those that consent was recorded for on it, and those of its tickets.

        :param company: ``res.company``
        :param partner: ``res.partner``
        :return: E.164
        """
        self._check_rights(company)
        recorded = self.env["sms.consent.evidence"].search(
            [
                ("company_id", "=", company.id),
                ("res_model", "=", "res.partner"),
                ("res_id", "=", partner.id),
            ]
        )
        received_sudo = self.env["sms.inbound"].sudo()
        received_sudo = received_sudo.search(
            [("company_id", "=", company.id), ("partner_id", "=", partner.id)]
        )
        tickets_sudo = self.env["helpdesk.ticket"].sudo()
        tickets_sudo = tickets_sudo.search(
            [("company_id", "=", company.id), ("partner_id", "=", partner.id)]
        )
        candidates = [
            partner.phone_sanitized,
            *recorded.mapped("number"),
            *received_sudo.mapped("number"),
            *tickets_sudo.mapped("partner_phone_sanitized"),
        ]
        numbers = list(dict.fromkeys(filter(None, candidates)))
        hashes = self.env["sms.consent.key"]._hash(numbers)
        known = self._filter_known(company, list(hashes.values()))
        return [number for number in numbers if hashes[number] in known]

    @api.model
    def _filter_known(self, company, hashes):
        """Return which hashes of numbers the ledger has events of."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT number_hash FROM sms_consent_event
                 WHERE company_id = %s AND number_hash = ANY(%s)
                """,
                company.id,
                hashes,
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _get_answers(self, company, hashes):
        """Return the current answer of each number for each purpose.

        :param dict hashes: numbers, or None, by their keyed hash
        """
        found = {value: {} for value in hashes}
        since = {value: {} for value in hashes}
        consents = self.env["sms.consent"].search(
            [("company_id", "=", company.id), ("number_hash", "in", list(hashes))]
        )
        for row in consents:
            answer = Answer(row.state, row.event_id.id)
            found[row.number_hash][row.purpose_id.id] = answer
            since[row.number_hash][row.purpose_id.id] = row.since
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        rows = []
        for value, number in hashes.items():
            for purpose in purposes:
                answer = consents._get_answer(found[value], purpose.id)
                # A yes that a STOP for everything interrupted counts since its end.
                began = [since[value].get(purpose.id), since[value].get(False)]
                rows.append(
                    {
                        "number": number,
                        "number_hash": value,
                        "purpose": purpose.code,
                        "purpose_name": purpose.name,
                        "state": answer.state,
                        "since": evidence.plain(
                            answer.event_id and max(filter(None, began))
                        ),
                        "event_id": answer.event_id or None,
                    }
                )
        return rows

    @api.model
    def _get_labels(self):
        """Return the words for the codes, in the reader's language.

        :return: ``{field: {code: words}}``
        """

        def words(model, name):
            """Return the words of a field's codes."""
            field = self.env[model]._fields[name]
            return dict(field._description_selection(self.env))

        return {
            "event": words("sms.consent.event", "event"),
            "method": words("sms.consent.event", "method"),
            "answer": words("sms.consent", "state"),
            "message": words("sms.sms", "shown_state"),
            "exemption": words("sms.sms", "exemption"),
            "decision": words("sms.sms", "gate_reason"),
            "received": words("sms.inbound", "kind"),
            "check": words("sms.consent.check", "state"),
            "seal": {
                evidence.HOLDS: self.env._("holds"),
                evidence.CHANGED: self.env._("changed"),
                evidence.UNSEALED: self.env._("not sealed yet"),
            },
        }

    # ------------------------------------------------------------------
    # What was said: events with their evidence, wordings, and the chain
    # ------------------------------------------------------------------

    @api.model
    def _seal(self, company):
        """Seal what waits, so that the newest event is in the chain already.

        Where another worker is at it, the document says which events have no seal yet.
        """
        links_sudo = self.env["sms.consent.link"].sudo()
        while links_sudo._seal(company, look_back=None):
            continue
        links_sudo._wake_sealer()  # for what it could not seal while we did

    @api.model
    def _read_events(self, event_ids):
        """Return events with their evidence and seals, in a fixed number of queries."""
        contents = self.env["sms.consent.event"]._read_content(event_ids)
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, event.purpose_id, event.wording_id, evidence.id,
                       evidence.erased_at, link.sequence, link.previous_hash, link.hash,
                       link.seal, link.content_version, %s
                  FROM sms_consent_event event
             LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
             LEFT JOIN sms_consent_link link ON link.event_id = event.id
                 WHERE event.id = ANY(%s)
              ORDER BY link.sequence NULLS LAST, event.id
                """,
                columns,
                list(event_ids),
            )
        )
        shown = self._get_shown(rows, contents)
        with_changed_scans = self._find_changed_scans(rows)
        effects = self.env["sms.consent"]._read_effects(event_ids)
        key = self.env["sms.consent.key"]._get()
        return [
            {
                **self._make_event(
                    key, row, contents[row[0]], shown[row[0]], with_changed_scans
                ),
                "effect": effects.get(row[0]),
            }
            for row in rows
        ]

    @api.model
    def _make_event(self, key, row, content, shown, with_changed_scans):
        """Return one event as the documents have it."""
        _id, _purpose, _wording, evidence_id, erased_at, *rest = row
        sequence, previous, own_hash, link_seal, version, *values = rest
        is_tried, company_id = content["sandbox"], content["company_id"]
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

    @api.model
    def _get_shown(self, rows, contents):
        """Return what people know events by: names instead of ids.

        :return: ``{event id: {"purpose", "user", "wording_version", "wording_lang"}}``
        """
        users_sudo = self.env["res.users"].sudo()
        users_sudo.browse({content["user_id"] for content in contents.values()}).fetch(
            ["name"]
        )
        purposes_sudo = self.env["sms.purpose"].sudo()
        wordings_sudo = self.env["sms.wording"].sudo()
        wordings_sudo.browse({row[2] for row in rows if row[2]}).fetch(
            ["version", "lang"]
        )
        shown = {}
        for event_id, purpose_id, wording_id, *_rest in rows:
            wording = wordings_sudo.browse(wording_id or ())
            user = users_sudo.browse(contents[event_id]["user_id"])
            shown[event_id] = {
                "purpose": purposes_sudo.browse(purpose_id or ()).name or None,
                "user": user.name,
                "wording_version": wording.version or None,
                "wording_lang": wording.lang or None,
            }
        return shown

    @api.model
    def _find_changed_scans(self, rows):
        with_files = {row[3] for row in rows if row[-1]}
        return {
            record.id
            for record in self.env["sms.consent.evidence"].browse(with_files)
            if not record._files_hold()
        }

    @api.model
    def _read_statements(self, company):
        """Return the links of a company that seal a statement instead of an event."""
        checks = self.env["sms.consent.check"]
        links = self.env["sms.consent.link"].search(
            [("company_id", "=", company.id), ("event_id", "=", False)],
            order="sequence",
        )
        return [
            checks._export_link(row, None)
            for link in links
            for row in checks._read_links(company, link.sequence - 1, limit=1)
        ]

    @api.model
    def _read_wordings(self, digests):
        """Return the versions of wordings with some digests, word for word."""
        wordings_sudo = self.env["sms.wording"].sudo()
        wordings_sudo = wordings_sudo.search(
            [("digest", "in", list(filter(None, digests)))]
        )
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
            for wording in wordings_sudo.sorted("id")
        ]

    @api.model
    def _get_chain(self, company, seals):
        """Return where events stand in the company's chain, and its last check."""
        sequence, own_hash = self.env["sms.consent.link"]._get_head(company)
        check = self.env["sms.consent.check"].search(
            [("company_id", "=", company.id)], limit=1
        )
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

    # ------------------------------------------------------------------
    # Opt-outs, and how long it took until each was confirmed
    # ------------------------------------------------------------------

    @api.model
    def _read_opt_outs(self, events):
        """Return the opt-outs among some events, and when each was confirmed.

        What was said at once about several purposes is one opt-out.
        """
        revoked = defaultdict(list)
        for event in events:
            if event["content"]["event"] == consent.REVOKED:
                revoked[event["evidence_id"]].append(event)
        confirmations = self.env["sms.consent.story"]._read_confirmations(
            [
                event["content"]["event_id"]
                for group in revoked.values()
                for event in group
            ]
        )
        return [
            self._make_opt_out(group, confirmations.get(evidence_id))
            for evidence_id, group in revoked.items()
        ]

    @api.model
    def _make_opt_out(self, events, confirmation):
        """Return one opt-out: what it ended, and how long its confirmation took."""
        content = events[0]["content"]
        message_id, sent_at = confirmation or (None, None)
        said_at = evidence.parse_time(content["happened_at"])
        return {
            "event_ids": [event["content"]["event_id"] for event in events],
            "number": (events[0]["evidence"] or {}).get("number"),
            "purposes": [
                event["content"]["purpose"]
                for event in events
                if event["content"]["purpose"]
            ],
            "method": content["method"],
            "said_at": content["happened_at"],
            "recorded_at": content["recorded_at"],
            "message_id": message_id,
            "confirmed_at": evidence.plain(sent_at),
            "seconds": max(0, int((sent_at - said_at).total_seconds()))
            if sent_at
            else None,
        }
