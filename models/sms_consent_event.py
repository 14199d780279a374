# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import consent

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
]


class SmsConsentEvent(models.Model):
    """The consent ledger: who agreed to what, in which words, when, and when it ended.

    Rows are only ever added. A database trigger refuses every change, also by SQL,
    so the row must not point at anything whose deletion would change it: contacts and
    records are named without a foreign key. Written by :meth:`_record` alone.
    """

    _name = "sms.consent.event"
    _description = "Text Message Consent Event"
    _order = "id desc"
    _rec_name = "number"
    # Odoo's own log columns would be set to NULL when a user is deleted: an update.
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    number = fields.Char(required=True, readonly=True, help="E.164")
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
    wording = fields.Text(
        readonly=True, help="The words that the person agreed to, as they were shown."
    )
    note = fields.Text(readonly=True)
    name = fields.Char(
        string="Person", readonly=True, help="The name as it was known at that time."
    )
    message_ref = fields.Char(
        string="Message",
        readonly=True,
        help="The carrier's id of the text that said so.",
    )
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )

    _number_index = models.Index("(company_id, number, id)")

    def init(self):
        """Install the trigger that makes the table append-only for every role."""
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION sms_consent_event_append_only()
            RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION
                    'The consent ledger is append-only: % refused', TG_OP
                    USING ERRCODE = 'restrict_violation';
            END $$;
            DROP TRIGGER IF EXISTS sms_consent_event_append_only ON sms_consent_event;
            CREATE TRIGGER sms_consent_event_append_only
                BEFORE UPDATE OR DELETE OR TRUNCATE ON sms_consent_event
                FOR EACH STATEMENT EXECUTE FUNCTION sms_consent_event_append_only();
            """
        )
        return super().init()

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
    def _record(self, company, number, event, method, purposes=None, **facts):
        """Enter what a person said, and bring the current answers up to date.

        :param company: ``res.company``, one
        :param str number: E.164 (for an opt-out also what the carrier calls the sender)
        :param str event: one of :data:`tools.consent.EVENTS`
        :param str method: a key of :data:`METHOD_SELECTION`
        :param purposes: ``sms.purpose`` records, or None for all purposes at once
        :param facts: further fields: ``happened_at`` (UTC; default now), ``wording``,
            ``note``, ``name``, ``message_ref``, ``res_model``, ``res_id``
        :return: the events, one for each purpose
        :raises ValueError: for a set of no purposes, which would record nothing
        """
        if purposes is not None and not purposes:
            raise ValueError("a consent event without a purpose records nothing")
        values = {
            "company_id": company.id,
            "number": number,
            "event": event,
            "method": method,
            "user_id": self.env.uid,
            "happened_at": fields.Datetime.now(),
            **facts,
        }
        purpose_ids = [False] if purposes is None else purposes.ids
        events_sudo = self.sudo().create(
            [{**values, "purpose_id": purpose_id} for purpose_id in purpose_ids]
        )
        self.env["sms.consent"]._apply(events_sudo)
        return events_sudo.sudo(self.env.su)
