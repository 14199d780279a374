# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import consent
from ..tools.chain import CONTENT_FIELDS
from ..tools.numbers import canonical
from .ledger_guards import make_append_only

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
    ("written", "E-mail or letter"),
    ("import", "Import"),
    ("api", "API"),
    ("carrier", "Carrier"),
    ("blacklist", "Phone blacklist"),
    ("time", "By itself, with time"),
    ("erasure", "Erasure on request"),
]


#: What the current answers follow from (``SmsConsent._apply``).
APPLIED_FIELDS = ("number_hash", "purpose_id", "event", "happened_at")


class SmsConsentEvent(models.Model):
    """The consent ledger: who agreed to what, in which words, when, and when it ended.

    Rows are only ever added. A database trigger refuses every change, also by SQL,
    so the row must not point at anything whose deletion would change it. It holds
    nothing that names a person: the number is a keyed hash, the rest lies in
    ``sms.consent.evidence`` and can be erased. ``sms.consent.link`` seals each row into
    the company's chain. Written by :meth:`_record` alone.
    """

    _name = "sms.consent.event"
    _description = "Text Message Consent Event"
    _order = "id desc"
    # Odoo's own log columns would be set to NULL when a user is deleted: an update.
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        readonly=True,
        help="Stands for the number, also when the person's data is erased.",
    )
    purpose_id = fields.Many2one(
        "sms.purpose",
        readonly=True,
        ondelete="restrict",
        help="Empty: the event is about all purposes.",
    )
    event = fields.Selection(EVENT_SELECTION, required=True, readonly=True)
    method = fields.Selection(
        METHOD_SELECTION, string="How", required=True, readonly=True
    )
    happened_at = fields.Datetime(
        string="When",
        required=True,
        readonly=True,
        help="When the person said so. It may be earlier than its entry.",
    )
    recorded_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now
    )
    user_id = fields.Many2one(
        "res.users",
        string="Entered By",
        required=True,
        readonly=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
    )
    wording_id = fields.Many2one(
        "sms.wording",
        "Wording Version",
        readonly=True,
        ondelete="restrict",
        help="The version of the wording that the person agreed to.",
    )
    wording_digest = fields.Char(readonly=True, help="SHA-256 of that version.")
    evidence_id = fields.Many2one(
        "sms.consent.evidence", required=True, readonly=True, ondelete="restrict"
    )
    evidence_digest = fields.Char(
        required=True, readonly=True, help="SHA-256 of the evidence as it was given."
    )
    number = fields.Char(related="evidence_id.number")
    name = fields.Char(related="evidence_id.name")
    wording = fields.Text(related="evidence_id.wording")
    note = fields.Text(related="evidence_id.note")
    message_ref = fields.Char(related="evidence_id.message_ref")
    res_model = fields.Char(related="evidence_id.res_model")
    res_id = fields.Many2oneReference(related="evidence_id.res_id")
    erased_at = fields.Datetime(related="evidence_id.erased_at")
    link_ids = fields.One2many("sms.consent.link", "event_id", readonly=True)
    sequence = fields.Integer(
        "No.",
        compute="_compute_sequence",
        compute_sudo=True,
        help="Its number in the company's chain. 0 until it is sealed.",
    )

    _number_index = models.Index("(company_id, number_hash, id)")
    _evidence_index = models.Index("(evidence_id)")

    def init(self):
        """Install the trigger that makes the table append-only for every role."""
        make_append_only(self.env.cr, self._table)
        return super().init()

    @api.depends("evidence_id", "event")
    def _compute_display_name(self):
        labels = dict(self._fields["event"]._description_selection(self.env))
        for event in self:
            number = event.number or self.env._("erased number")
            event.display_name = f"{labels.get(event.event)}: {number}"

    @api.depends("link_ids")
    def _compute_sequence(self):
        for event in self:
            event.sequence = event.link_ids[:1].sequence

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: what was said stays said. A new event says what changed."""
        raise UserError(
            self.env._(
                "The consent record cannot be changed. Record a new event instead."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Refuse: the record must outlast the message."""
        raise UserError(self.env._("The consent record cannot be deleted."))

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
        """Enter what a person said, and bring the current answers up to date.

        :param company: ``res.company``, one
        :param str number: E.164 (for an opt-out also what the carrier calls the sender)
        :param str event: one of :data:`tools.consent.EVENTS`
        :param str method: a key of :data:`METHOD_SELECTION`
        :param purposes: ``sms.purpose`` records, or None for all purposes at once
        :param datetime happened_at: when it was said (UTC), default now
        :param wordings: the published ``sms.wording`` records that were shown
        :param facts: the evidence, see :meth:`SmsConsentEvidence._store`: ``wording``
            (the words as they were shown), ``note``, ``name``, ``address``, ``device``,
            ``page``, ``witness``, ``message_ref``, ``res_model``, ``res_id``, ``files``
        :return: the events, one for each purpose
        :raises ValueError: for a set of no purposes, which would record nothing
        """
        if purposes is not None and not purposes:
            raise ValueError("a consent event without a purpose records nothing")
        number = canonical(number)
        values = {
            **self._store_evidence(company, number, facts),
            "event": event,
            "method": method,
            "user_id": self.env.uid,
            "happened_at": happened_at or fields.Datetime.now(),
        }
        events_sudo = self.sudo()._create_for(purposes, wordings, values)
        self.env["sms.consent"]._apply(
            company,
            events_sudo.read(APPLIED_FIELDS, load=None),
            {values["number_hash"]: number},
        )
        self.env["sms.consent.link"]._wake_sealer()
        return events_sudo.sudo(self.env.su)

    @api.model
    def _store_evidence(self, company, number, facts):
        """Keep the evidence of what was said; return the event's values about it."""
        evidence_sudo = self.env["sms.consent.evidence"].sudo()
        evidence_sudo = evidence_sudo._store(company, number, **facts)
        return {
            "company_id": company.id,
            "number_hash": self.env["sms.consent.key"]._hash([number])[number],
            "evidence_id": evidence_sudo.id,
            "evidence_digest": evidence_sudo._digest(),
        }

    @api.model
    def _create_for(self, purposes, wordings, values):
        """Create an event for each purpose, or the one for all; in the table at once.

        :param dict values: of each
        """
        wordings_sudo = (wordings or self.env["sms.wording"]).sudo()
        events = self.create(
            [
                {**values, **self._get_purpose_values(purpose, wordings_sudo)}
                for purpose in (purposes or [self.env["sms.purpose"]])
            ]
        )
        events.flush_recordset()
        return events

    @api.model
    def _get_purpose_values(self, purpose, wordings):
        """Return the values of an event that depend on its purpose."""
        wording = wordings.filtered(lambda wording: wording.purpose_id == purpose)[:1]
        return {
            "purpose_id": purpose.id,
            "wording_id": wording.id,
            "wording_digest": wording.digest,
        }

    @api.model
    def _number_domain(self, company, number):
        """Return the domain of a number's events, also of those that were erased."""
        hashes = self.env["sms.consent.key"]._hash([number])
        return Domain("company_id", "=", company.id) & Domain(
            "number_hash", "=", hashes.get(number, "")
        )

    @api.model
    def _read_content(self, event_ids):
        """Return what the chain seals of some events, in one query.

        :param list event_ids: ids, also of events that are not there any more
        :return: ``{event id: {field of tools.chain.CONTENT_FIELDS: value}}``
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, event.company_id, event.number_hash, purpose.code,
                       event.event, event.method, event.happened_at, event.recorded_at,
                       event.user_id, event.wording_digest, event.evidence_digest
                  FROM sms_consent_event event
             LEFT JOIN sms_purpose purpose ON purpose.id = event.purpose_id
                 WHERE event.id = ANY(%s)
                """,
                list(event_ids),
            )
        )
        return {row[0]: dict(zip(CONTENT_FIELDS, row, strict=True)) for row in rows}
