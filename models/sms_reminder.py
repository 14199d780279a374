# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.appointments import BOOKED, CALLED_OFF, MOVED, NOTICES

REMINDER, ON_THE_WAY, NO_SHOW = ("reminder", "on_the_way", "no_show")
PLANNED, SENT, CANCELLED, FAILED = ("planned", "sent", "cancelled", "failed")

#: Who drags an appointment to a wrong day drags it back at once: nobody need know.
GRACE = timedelta(minutes=1)
#: What is over is kept so long after the appointment.
KEPT = timedelta(days=365)


class SmsReminder(models.Model):
    """A text about an appointment that is to be sent at a time, or was.

    Planned at the end of the transaction that changes the calendar, and worked off by
    a cron in one of its own. A row is sent once: the message is made in the transaction
    that says so, and a reminder has one row for an occurrence, a person and an offset,
    whatever is planned again. People do not write here; a manager may try a row anew.
    """

    _name = "sms.reminder"
    _description = "Text about an Appointment"
    _order = "due_at desc, id desc"
    _rec_name = "kind"

    kind = fields.Selection(
        [
            (BOOKED, "Booked"),
            (MOVED, "Moved"),
            (CALLED_OFF, "Called off"),
            (REMINDER, "Reminder"),
            (ON_THE_WAY, "On the way"),
            (NO_SHOW, "No-show"),
        ],
        string="Text",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            (PLANNED, "Planned"),
            (SENT, "Handed over"),
            (CANCELLED, "Cancelled"),
            (FAILED, "Failed"),
        ],
        required=True,
        readonly=True,
        default=PLANNED,
    )
    reason = fields.Selection(
        [
            ("moved", "The appointment was moved"),
            ("called_off", "The appointment was called off"),
            ("declined", "The customer has declined"),
            ("uninvited", "The customer is no longer invited"),
            ("switched_off", "Texts are switched off"),
            ("opted_out", "The customer has opted out"),
            ("undone", "The change was undone"),
            ("replaced", "A newer text says it all"),
            ("too_late", "It would have come too late"),
            ("no_text", "No text is set for it"),
            ("bad_text", "Its text cannot be filled in: correct the template"),
        ],
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    event_id = fields.Many2one(
        "calendar.event", "Appointment", readonly=True, ondelete="set null", index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket", readonly=True, ondelete="set null", index="btree_not_null"
    )
    subject_key = fields.Char(
        readonly=True, help="Tells the appointment, or the series that it is of."
    )
    start = fields.Datetime(
        "Starts On", required=True, readonly=True, help="The time that the text tells."
    )
    known_start = fields.Datetime(
        "Moved From", readonly=True, help="The time that the customer knew before."
    )
    is_allday = fields.Boolean(readonly=True)
    count = fields.Integer("Dates", default=1, readonly=True)
    offset_minutes = fields.Integer("Minutes Before", readonly=True)
    due_at = fields.Datetime("Planned For", required=True, readonly=True)
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, ondelete="set null", index="btree_not_null"
    )
    alarm_id = fields.Many2one(
        "calendar.alarm",
        readonly=True,
        ondelete="set null",
        help="Odoo's own reminder by text, which this one stands in for.",
    )
    body = fields.Text(
        readonly=True, help="Filled in already, because the appointment is deleted."
    )
    sms_id = fields.Many2one(
        "sms.sms", "Message", readonly=True, ondelete="set null", index="btree_not_null"
    )
    sms_label = fields.Char("Outcome", compute="_compute_sms_label", compute_sudo=True)

    _reminder_unique = models.UniqueIndex(
        "(event_id, partner_id, start, offset_minutes) WHERE kind = 'reminder'"
    )
    _due_index = models.Index("(due_at, id) WHERE state = 'planned'")
    _notice_index = models.Index(
        "(partner_id, subject_key) WHERE kind IN ('booked', 'moved', 'called_off') "
        "AND state IN ('planned', 'sent')"
    )

    @api.depends("state", "reason", "sms_id.state")
    def _compute_sms_label(self):
        """Say what became of it: of the message, else of the plan."""
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        for row in self:
            sms = row.sms_id
            label = sms.shown_label if row.state == SENT else reasons.get(row.reason)
            if row.state == SENT and sms.shown_reason:
                label = f"{label}: {sms.shown_reason}"
            row.sms_label = label or ""

    def action_try_again(self):
        """Plan anew what failed, after its template was corrected."""
        self.check_access("write")
        failed = self.filtered(lambda row: row.state == FAILED)
        now = fields.Datetime.now()
        failed.write({"state": PLANNED, "reason": False, "due_at": now})
        self._wake()

    @api.model
    def _wake(self, at=None):
        """Wake the cron that works off what is due.

        :param datetime at: UTC, default now; a cron is woken to the full minute
        """
        cron_sudo = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder").sudo()
        if at:
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        cron_sudo._trigger(at)

    @api.model
    def _cancel_for_numbers(self, company, numbers):
        """Cancel what is planned for people who have just opted out.

        :param company: ``res.company``
        :param numbers: E.164
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_reminder SET state = 'cancelled', reason = 'opted_out'
                  FROM res_partner partner
                 WHERE partner.id = sms_reminder.partner_id
                   AND partner.phone_sanitized = ANY(%s)
                   AND sms_reminder.company_id = %s
                   AND sms_reminder.state = 'planned'
                """,
                list(numbers),
                company.id,
            )
        )
        self.invalidate_model()

    @api.model
    def _restore_for_numbers(self, company, numbers):
        """Plan the reminders again of people who have agreed anew.

        Those that quiet hours hold, too: planned anew, they would be too late.

        :param company: ``res.company``
        :param numbers: E.164
        """
        now = fields.Datetime.now()
        rows = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("partner_id.phone_sanitized", "in", list(numbers)),
                *(("state", "=", CANCELLED), ("reason", "=", "opted_out")),
                ("start", ">", now),
            ]
        )
        to_come = rows.filtered(lambda row: row.kind == REMINDER and row.due_at > now)
        to_come.write({"state": PLANNED, "reason": False})
        to_come._wake_for(to_come.mapped("due_at"))
        rows.event_id.with_context(dont_notify=True)._touch_appointments()

    @api.autovacuum
    def _gc_old(self):
        """Forget what is long over."""
        limit = fields.Datetime.now() - KEPT
        self.sudo().search([("start", "<", limit)], limit=10_000).unlink()

    @api.model
    def _is_notice(self, kind):
        """Tell if a text says what has changed, and is no reminder."""
        return kind in NOTICES
