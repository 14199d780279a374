# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ...providers.sandbox import SandboxProvider
from ...tools import chain, consent
from ...tools.chain import CONTENT_FIELDS
from ...tools.import_rows import CLOCK_TOLERANCE
from ...tools.phone import canonical
from ..core.bulk_insert import insert_many
from .ledger_guards import ENTERED_AT, ENTERED_BY

EVENT_SELECTION = [
    (consent.REQUESTED, "Asked"),
    (consent.GRANTED, "Agreed"),
    (consent.CONFIRMED, "Confirmed by reply"),
    (consent.REVOKED, "Opted out"),
    (consent.RESTORED, "Rejoined"),
    (consent.EXPIRED, "Expired"),
]
METHOD_SELECTION = [
    ("web", "Web form"),
    ("paper", "Signed paper"),
    ("keyword", "Text message"),
    ("in_person", "Said in person"),
    ("phone", "Said on the phone"),
    ("written", "Email or letter"),
    ("import", "Import"),
    ("api", "API"),
    ("carrier", "Carrier"),
    ("blacklist", "Phone blacklist"),
    ("time", "Automatic expiry"),
    ("reassigned", "Reassigned Numbers Database"),
    ("erasure", "Erasure on request"),
]
#: Methods whose events are never the sandbox's: time has passed, the evidence is gone,
#: the number is on Odoo's blacklist or has another holder, whichever carrier is used.
BY_ITSELF = ("time", "erasure", "blacklist", "reassigned")
#: Context key: a real phone has said it, also while the company tries the sandbox.
IS_REAL = "sms_is_real"
#: Fields that the current answers derive from (``SmsConsent._apply``). All are sealed.
APPLIED_FIELDS = ("number_hash", "purpose_id", "event", "happened_at", "method")
APPLIED_FIELDS += ("wording_digest",)
#: Statements that are written by one set of queries.
CHUNK_SIZE = 5000


def to_said(values):
    """Return an event of the ledger as the rule (``tools.consent``) reads it.

    :param values: the event, or a mapping with ``id`` and :data:`APPLIED_FIELDS`
    """
    said = (values["event"], values["method"], values["happened_at"], values["id"])
    return consent.Said(*said, bool(values["wording_digest"]))


class Statement(NamedTuple):
    """A person's statement: arguments of :meth:`SmsConsentEvent._record`, as a row."""

    number: str
    event: str
    method: str
    purposes: models.BaseModel | None = None
    happened_at: datetime | None = None
    wordings: models.BaseModel | None = None
    facts: dict = {}


class SmsConsentEvent(models.Model):
    """The consent ledger: who agreed to what, in which words, when, and when it ended.

    Append-only for every role, so a row must not point at anything whose deletion would
    change it. It names nobody: the number is a keyed hash, the rest is in
    ``sms.consent.evidence`` and can be erased. ``sms.consent.link`` seals each row into
    the company's chain. Written by :meth:`_record` and :meth:`_record_many` alone.
    """

    _name = "sms.consent.event"
    _description = "Text Message Consent Event"
    _inherit = ["sms.ledger.row", "sms.searched.number"]
    # Odoo's own log columns would be set to NULL when a user is deleted: an update.
    _log_access = False

    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        help="Stands for the number, even after the person's data is erased.",
    )
    purpose_id = fields.Many2one(
        "sms.purpose",
        ondelete="restrict",
        help="Empty: the event is about all purposes.",
    )
    event = fields.Selection(EVENT_SELECTION, required=True)
    method = fields.Selection(METHOD_SELECTION, "How", required=True)
    happened_at = fields.Datetime(
        string="When",
        required=True,
        help="When the person said so. It may be earlier than when it was recorded.",
    )
    recorded_at = fields.Datetime(**ENTERED_AT)
    user_id = fields.Many2one(string="Entered By", **ENTERED_BY)
    wording_id = fields.Many2one(
        "sms.wording",
        "Wording Version",
        ondelete="restrict",
        help="The version of the wording that the person agreed to.",
    )
    wording_digest = fields.Char(help="SHA-256 of that version.")
    evidence_id = fields.Many2one("sms.consent.evidence", required=True)
    evidence_digest = fields.Char(
        required=True, help="SHA-256 of the evidence as it was given."
    )
    sandbox = fields.Boolean(
        help="Given while the company used the sandbox. It does not count anywhere "
        "else."
    )
    seal = fields.Char(
        groups="helpdesk_mgmt_sms.group_sms_compliance",
        help="Keyed: shows that the ledger entered it, and nobody else.",
    )
    number = fields.Char(related="evidence_id.number")
    name = fields.Char(related="evidence_id.name")
    wording = fields.Text(related="evidence_id.wording")
    note = fields.Text(related="evidence_id.note")
    message_ref = fields.Char(related="evidence_id.message_ref")
    res_model = fields.Char(related="evidence_id.res_model")
    res_id = fields.Many2oneReference(related="evidence_id.res_id")
    erased_at = fields.Datetime(related="evidence_id.erased_at")
    link_ids = fields.One2many("sms.consent.link", "event_id")
    sequence = fields.Integer(
        "No.",
        related="link_ids.sequence",
        help="Its number in the company's chain. 0 until it is sealed.",
    )

    _number_index = models.Index("(company_id, number_hash, id)")
    _evidence_index = models.Index("(evidence_id)")
    #: For counts by day: events are stored in order, so few pages need to be read.
    _recorded_index = models.Index(
        "USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on)"
    )
    _sandbox_index = models.Index("(company_id, number_hash) WHERE sandbox")

    @api.depends("evidence_id", "event")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["event"]._description_selection(self.env))
        for event in self:
            number = event.number or self.env._("erased number")
            event.display_name = f"{labels.get(event.event)} · {number}"

    @api.model
    def _complete_entries(self, company, vals_list):
        """Add the sandbox flag and the seal to the values of new events."""
        key, is_real = self.env["sms.consent.key"]._get(), self.env.context.get(IS_REAL)
        is_tried = self._is_on_sandbox(company) and not is_real
        purpose_ids = {values["purpose_id"] for values in vals_list} - {False}
        purposes_sudo = self.env["sms.purpose"].sudo().browse(purpose_ids)
        codes = {purpose.id: purpose.code for purpose in purposes_sudo}
        for values in vals_list:
            # To the second, as it is sealed and exported.
            said_at = fields.Datetime.to_datetime(values["happened_at"])
            values["happened_at"] = said_at.replace(microsecond=0)
            values["sandbox"] = is_tried and values["method"] not in BY_ITSELF
            content = {name: values.get(name) or None for name in CONTENT_FIELDS}
            content["purpose"] = codes.get(values["purpose_id"])
            content["sandbox"] = values["sandbox"]
            values["seal"] = chain.entry_seal(key, content)

    @staticmethod
    def _is_on_sandbox(company):
        return company.sudo().sms_provider == SandboxProvider.code

    # === The way in ===

    @api.model
    def _record(
        self,
        company,
        number,
        event,
        method,
        purposes=None,
        happened_at=None,
        wordings=None,
        **facts,
    ):
        """Record what a person said, and update the current answers.

        :param company: ``res.company``, one
        :param str number: E.164 (for an opt-out also what the carrier calls the sender)
        :param purposes: ``sms.purpose`` records, or None for all purposes at once
        :param datetime happened_at: when it was said (UTC), default now
        :param wordings: the published ``sms.wording`` records that were shown
        :param facts: the evidence, see ``sms_consent_evidence.FACTS``; ``wording`` are
            the words as they were shown, ``files`` scans as pairs of a name and bytes
        :raises ValueError: for an empty set of purposes, which would record nothing
        :raises UserError: for an opt-in in the future, or one that proves nothing
        """
        statement = Statement(
            number, event, method, purposes, happened_at, wordings, facts
        )
        events_sudo = self._record_chunk(company, [statement])
        self.env["ir.cron"]._wake_sms("ir_cron_sms_consent_seal")
        self._after_record(canonical(number), event, facts)
        return events_sudo.sudo(self.env.su)

    @api.model
    def _record_many(self, company, statements):
        """Record many statements, in order, in a fixed number of queries per chunk.

        :param statements: iterable of :class:`Statement`
        :return: number of events created
        :raises ValueError: as :meth:`_record`; then nothing of its chunk is recorded
        """
        count = 0
        for chunk in split_every(CHUNK_SIZE, statements):
            count += len(self._record_chunk(company, list(chunk)))
        if count:
            self.env["ir.cron"]._wake_sms("ir_cron_sms_consent_seal")
        return count

    @api.model
    def _record_chunk(self, company, statements):
        self._check_statements(statements)
        for model_name in ("sms.consent", "sms.consent.evidence", self._name):
            self.env[model_name].flush_model()
        statements = [row._replace(number=canonical(row.number)) for row in statements]
        hashes = self.env["sms.consent.key"]._hash(row.number for row in statements)
        evidence_sudo = self.env["sms.consent.evidence"].sudo()
        evidence_rows = evidence_sudo._insert_many(company, statements)
        now = fields.Datetime.now()
        # Many statements share few sets of purposes and wordings.
        get_purpose_values = lru_cache(maxsize=None)(self._get_purpose_values)
        events = [
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
            for values in get_purpose_values(
                None if row.purposes is None else row.purposes._ids,
                row.wordings._ids if row.wordings else (),
            )
        ]
        self._complete_entries(company, events)
        ids = insert_many(self, events)
        numbers = {value: number for number, value in hashes.items()}
        self.env["sms.consent"]._apply(company, events, numbers)
        self.invalidate_model()
        evidence_sudo.invalidate_model()
        return self.sudo().browse(ids)

    @api.model
    def _after_record(self, number, event, facts):
        """Hook after a single statement. Extended by other rooms.

        What follows from new answers is done by :meth:`SmsConsent._after_answers`.
        """

    @api.model
    def _check_statements(self, statements):
        """Refuse statements that are impossible, and opt-ins that prove nothing.

        Properties that many share are checked once. Statements by text are recorded in
        any case: the gate checks later what they prove.
        """
        now = fields.Datetime.now()
        methods = {method for method, _label in METHOD_SELECTION}
        latest = {}
        for row in statements:
            key = (row.event, row.method, row.purposes)
            said = fields.Datetime.to_datetime(row.happened_at) or now
            latest[key] = max(said, latest.get(key, datetime.min))
        for (event, method, purposes), happened_at in latest.items():
            if purposes is not None and not purposes:
                raise ValueError("a consent event without a purpose records nothing")
            if method not in methods:
                raise ValueError(f"no such way to consent: {method!r}")
            # Raises for an unknown event.
            consent.next_state(consent.NONE, event, purposes is None)
            if event not in consent.YESES:
                continue
            if happened_at > now + CLOCK_TOLERANCE:
                raise UserError(self.env._("A consent cannot be given in the future."))
            if purposes and method != consent.TEXT:
                purposes._check_proof(method)

    @api.model
    def _get_purpose_values(self, purpose_ids, wording_ids):
        """Return the values of each event of a statement, one per purpose."""
        wordings_sudo = self.env["sms.wording"].sudo().browse(wording_ids)
        wording_of = {it.purpose_id.id: it for it in reversed(wordings_sudo)}
        values = []
        for purpose_id in [False] if purpose_ids is None else purpose_ids:
            wording_sudo = wording_of.get(purpose_id, wordings_sudo.browse())
            own = {"wording_id": wording_sudo.id, "wording_digest": wording_sudo.digest}
            values.append({"purpose_id": purpose_id, **own})
        return values

    @api.model
    def _number_domain(self, company, number):
        number_hash = self.env["sms.consent.key"]._hash([number]).get(number, "")
        is_its = Domain("number_hash", "=", number_hash)
        return self._get_counting_domain(company) & is_its

    @api.model
    def _get_counting_domain(self, company):
        """Return the domain of a company's events that count with its carrier.

        Statements in the sandbox, by whoever held the virtual phone, count only there.
        """
        domain = Domain("company_id", "=", company.id)
        if not self._is_on_sandbox(company):
            domain &= Domain("sandbox", "=", False)
        return domain

    @api.model
    def _find_newest(self, company, hashes, domain):
        """Return when the newest events that count happened, of those in a domain.

        :param hashes: keyed hashes of numbers
        :return: ``{number_hash: datetime}`` (UTC), without the other numbers
        """
        domain = self._get_counting_domain(company) & Domain(domain)
        domain &= Domain("number_hash", "in", hashes)
        newest = self.sudo()._read_group(domain, ["number_hash"], ["happened_at:max"])
        return dict(newest)

    @api.model
    def _read_content(self, event_ids):
        """Return what the chain seals of some events: ``{event id: content}``."""
        entries = self._read_entries(event_ids).items()
        return {event_id: content for event_id, (content, _seal) in entries}

    @api.model
    def _read_entries(self, event_ids):
        """Return ``{event id: (what the chain seals of it, its seal or None)}``."""
        self.flush_model()
        query = """
            SELECT event.seal, event.id, event.company_id, event.number_hash,
                   purpose.code, event.event, event.method, event.happened_at,
                   event.recorded_at, event.user_id, event.wording_digest,
                   event.evidence_digest, COALESCE(event.sandbox, FALSE)
              FROM sms_consent_event event
         LEFT JOIN sms_purpose purpose ON purpose.id = event.purpose_id
             WHERE event.id = ANY(%s)
        """
        rows = self.env.execute_query(SQL(query, list(event_ids)))
        return {
            row[0]: (dict(zip(CONTENT_FIELDS, row, strict=True)), seal)
            for seal, *row in rows
        }
