# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ledger for many statements at once: the same result as one by one, set-based."""

import secrets
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import split_every

from ..tools import chain, consent
from ..tools.phone import canonical
from .bulk_insert import insert_many
from .encrypted_field import get_box
from .sms_consent_event import METHOD_SELECTION
from .sms_consent_evidence import ENCRYPTED_FIELDS, PERSONAL_FIELDS

#: Statements that are written by one set of queries.
CHUNK_SIZE = 5000

#: What a caller gives of the evidence. There are no scans on this way in.
FACTS = tuple(
    name for name in PERSONAL_FIELDS if name not in ("salt", "number", "file_digests")
)


class Statement(NamedTuple):
    """One thing that a person said: what ``_record`` takes, as a row."""

    number: str
    event: str
    method: str
    purposes: models.BaseModel | None = None
    happened_at: datetime | None = None
    wordings: models.BaseModel | None = None
    facts: dict = {}


class SmsConsentEvent(models.Model):
    """The ledger's way in for lists: what :meth:`_record` does, set-based."""

    _inherit = "sms.consent.event"

    @api.model
    def _record_many(self, company, statements):
        """Enter many statements, in order, as :meth:`_record` does one by one.

        A fixed number of queries for each :data:`CHUNK_SIZE` statements.

        :param company: ``res.company``, one
        :param statements: iterable of :class:`Statement`
        :return: how many events were entered
        :raises ValueError: as :meth:`_record`; then nothing of its chunk is entered
        """
        count = 0
        for chunk in split_every(CHUNK_SIZE, statements):
            count += self._record_chunk(company, list(chunk))
        if count:
            self.env["sms.consent.link"]._wake_sealer()
        return count

    @api.model
    def _record_chunk(self, company, statements):
        """Enter some statements; return how many events that makes."""
        self._check_statements(statements)
        for model_name in ("sms.consent", "sms.consent.evidence", self._name):
            self.env[model_name].flush_model()
        statements = [row._replace(number=canonical(row.number)) for row in statements]
        hashes = self.env["sms.consent.key"]._hash(row.number for row in statements)
        evidence = self.env["sms.consent.evidence"].sudo()
        evidence_rows = evidence._insert_many(company, statements)
        now = fields.Datetime.now()
        get_purpose_values = self._make_purpose_reader()
        rows = [
            {
                "company_id": company.id,
                "number_hash": hashes[row.number],
                "event": row.event,
                "method": row.method,
                "happened_at": row.happened_at or now,
                "recorded_at": now,
                "user_id": self.env.uid,
                "evidence_id": evidence_id,
                "evidence_digest": digest,
                **values,
            }
            for row, (evidence_id, digest) in zip(
                statements, evidence_rows, strict=True
            )
            for values in get_purpose_values(row)
        ]
        self._check_many(rows)
        events = self._complete_entries(rows)
        insert_many(self, events)
        numbers = {value: number for number, value in hashes.items()}
        self.env["sms.consent"]._apply(company, events, numbers)
        self.invalidate_model()
        evidence.invalidate_model()
        return len(events)

    @api.model
    def _make_purpose_reader(self):
        """Return a function from a statement to the values of each of its events.

        Many statements share few sets of purposes and wordings: each is read once.
        """
        known = {}
        no_purpose, no_wording = self.env["sms.purpose"], self.env["sms.wording"].sudo()

        def read(row):
            """Return the values of a statement's events."""
            purposes = [no_purpose] if row.purposes is None else row.purposes
            wordings = no_wording if row.wordings is None else row.wordings
            key = (row.purposes and row.purposes._ids, wordings._ids)
            if key not in known:
                known[key] = [
                    self._get_purpose_values(purpose, wordings.sudo())
                    for purpose in purposes
                ]
            return known[key]

        return read

    @api.model
    def _check_statements(self, statements):
        """Refuse as :meth:`_check_statement`, what many have in common once."""
        now = fields.Datetime.now()
        latest = {}
        for row in statements:
            key = (row.event, row.method, row.purposes)
            said = fields.Datetime.to_datetime(row.happened_at) or now
            latest[key] = max(said, latest.get(key, datetime.min))
        for key, happened_at in latest.items():
            self._check_statement(*key, happened_at)

    @api.model
    def _check_many(self, events):
        """Refuse what the ORM and the ledger would refuse one by one."""
        methods = {method for method, _label in METHOD_SELECTION}
        for values in events:
            if values["method"] not in methods:
                raise ValueError(f"no such way to consent: {values['method']!r}")
            consent.next_state(
                consent.NONE, values["event"], not values["purpose_id"]
            )  # raises for an event that there is not


class SmsConsentEvidence(models.Model):
    """The evidence of many statements, written at once."""

    _inherit = "sms.consent.evidence"

    @api.model
    def _insert_many(self, company, statements):
        """Keep the evidence of many statements.

        :return: pairs of an id and the digest for the ledger, in the same order
        """
        rows = []
        for statement in statements:
            facts = {name: statement.facts.get(name) or None for name in FACTS}
            if unknown := statement.facts.keys() - facts.keys():
                raise ValueError(f"not evidence: {sorted(unknown)}")
            facts.update(number=statement.number, salt=secrets.token_hex(16))
            rows.append(facts)
        digests = [chain.digest({**facts, "file_digests": None}) for facts in rows]
        # What many rows share, such as a wording, is encrypted once.
        encrypt = lru_cache(maxsize=None)(get_box().encrypt)
        for row in rows:
            row.update(
                {name: encrypt(row[name]) for name in ENCRYPTED_FIELDS if row[name]},
                company_id=company.id,
            )
        return list(zip(insert_many(self, rows), digests, strict=True))
