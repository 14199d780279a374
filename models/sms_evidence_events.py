# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

from ..tools import chain, evidence
from .sms_consent_evidence import PERSONAL_FIELDS


class SmsEvidence(models.AbstractModel):
    """What was said: events with their evidence, wordings, and the chain."""

    _inherit = "sms.evidence"

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
        """Return events with all that is known of them, in a fixed number of queries.

        :param list event_ids: ids in the companies that were checked
        :return: rows in the order of the chain, those not sealed last
        :rtype: list[dict]
        """
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
        """Return one event as the documents have it.

        :param str key: the ledger's secret
        :param row: of :meth:`_read_events`' query
        :param dict content: what the chain seals of it
        :param dict shown: names for people, see :meth:`_get_shown`
        :param set with_changed_scans: ids of evidence
        """
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
        """Return the ids of evidence whose scans are not those that were recorded."""
        with_files = {row[3] for row in rows if row[-1]}
        return {
            record.id
            for record in self.env["sms.consent.evidence"].browse(with_files)
            if not record._files_hold()
        }

    @api.model
    def _read_statements(self, company):
        """Return the links of a company that seal no event: what they say themselves.

        :return: as the file of the whole chain has them
        """
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
        """Return where events stand in the company's chain, and its last check.

        :param Counter seals: how many events have which seal
        """
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
