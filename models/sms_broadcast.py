# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import texts

(DRAFT, CHECKING, CHECKED, WAITING, QUEUEING, PAUSED, SENT, CANCELLED) = (
    *("draft", "checking", "checked", "waiting", "queueing", "paused", "sent"),
    "cancelled",
)
#: The job is at work.
RUNNING = (CHECKING, QUEUEING)
#: Nothing has left yet.
OPEN = (DRAFT, CHECKING, CHECKED, WAITING)

#: What a user writes. All else is the job's own.
SETUP_FIELDS = {
    *("name", "company_id", "area_ids", "body", "is_emergency", "emergency_reason"),
    *("incident_id", "kind"),
}
#: What the text can say of each person.
BLANKS = ("customer", "area")
#: And, in a text about an incident, where news of it are.
STATUS_PAGE = "status_page"


class SmsBroadcast(models.Model):
    """One text to all whom something concerns: an outage, and what becomes of it.

    First it is checked who would get it and why others would not; then, above a size
    with another manager's approval, it is queued in batches. Written by users only as
    far as it is set up; see :class:`SmsBroadcastJob` for the work.
    """

    _name = "sms.broadcast"
    _description = "Text Message Broadcast"
    _inherit = ["mail.thread", "sms.setup.mixin", "sms.checked.words"]
    _order = "id desc"

    name = fields.Char(
        "Subject", required=True, help="For you. The people do not see it."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    area_ids = fields.Many2many("sms.area", string="Areas")
    body = fields.Text(
        "Text",
        required=True,
        translate=True,
        default=lambda self: self._default_body(),
        help="{customer} and {area} are filled in for each person. Each gets it in "
        "their own language, where it is translated.",
    )
    is_emergency = fields.Boolean(
        "Emergency", tracking=True, help="Leaves at any hour. Else in business hours."
    )
    emergency_reason = fields.Char(
        "Why It Cannot Wait", tracking=True, help="Kept as the reason on record."
    )
    state = fields.Selection(
        [
            (DRAFT, "Draft"),
            (CHECKING, "Checking"),
            (CHECKED, "Checked"),
            (WAITING, "Waits for Approval"),
            (QUEUEING, "Sending"),
            (PAUSED, "Paused"),
            (SENT, "Sent"),
            (CANCELLED, "Cancelled"),
        ],
        default=DRAFT,
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users", "Prepared By", readonly=True, copy=False, tracking=True
    )
    approver_id = fields.Many2one(
        "res.users", "Approved By", readonly=True, copy=False, tracking=True
    )
    checked_at = fields.Datetime(readonly=True, copy=False)
    started_at = fields.Datetime(readonly=True, copy=False)
    cancelled_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    recipient_ids = fields.One2many(
        "sms.broadcast.recipient", "broadcast_id", readonly=True
    )

    @api.model
    def _default_body(self):
        """Return the house's words for an outage."""
        return self.env._(
            "[System Alert] A major network outage is affecting the {area} region. Our "
            "team is investigating, and we will send updates."
        )

    def _get_blanks(self):
        """Return the names of the blanks that are filled in."""
        return (*BLANKS, STATUS_PAGE) if self.incident_id else BLANKS

    @api.constrains("body", "incident_id")
    def _check_body(self):
        """Refuse blanks that nothing is filled into: people would read them."""
        for broadcast in self:
            known = broadcast._get_blanks()
            unknown = texts.find_unknown(broadcast.body, known)
            if unknown:
                raise ValidationError(
                    self.env._(
                        "{%(unknown)s} cannot be filled in. There are: %(known)s.",
                        unknown=unknown[0],
                        known=", ".join(f"{{{name}}}" for name in known),
                    )
                )

    @api.constrains("is_emergency", "emergency_reason")
    def _check_emergency(self):
        """Ask why nothing can wait: it is on record who was woken, and why."""
        for broadcast in self:
            if (
                broadcast.is_emergency
                and not (broadcast.emergency_reason or "").strip()
            ):
                raise ValidationError(
                    self.env._("Say why it cannot wait for business hours.")
                )

    # ------------------------------------------------------------------
    # Setting it up
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Let it be sent in companies of the user alone."""
        broadcasts = super().create(vals_list)
        broadcasts._check_works_here()
        return broadcasts

    def write(self, vals):
        """Take a change while nothing has left; what was checked is checked anew."""
        is_setup = bool(SETUP_FIELDS & vals.keys())
        if not self.env.su:
            self.check_access("write")
            self._check_setup(vals)
        if is_setup:
            self._check_open()
            vals = {**vals, "state": DRAFT}
        result = super(SmsBroadcast, self.sudo() if is_setup else self).write(vals)
        self._check_works_here()
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Take a translation as the change of the text that it is."""
        self._check_open()
        self._check_works_here()
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self.sudo().state = DRAFT
        return result

    def _check_open(self):
        """Refuse to change what has left.

        :raises UserError: then
        """
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(
                self.env._("It has been sent. Make a new one for what is new.")
            )

    @api.model
    def _get_setup_fields(self):
        return SETUP_FIELDS

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        """Keep what was sent: it is on record who was told what."""
        if any(broadcast.state not in OPEN for broadcast in self):
            raise UserError(self.env._("A broadcast that was sent is kept."))
