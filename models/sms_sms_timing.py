# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import timing, verdicts

APPOINTMENT_MODEL = "calendar.event"
#: Until when is kept what has no time yet: until somebody goes on.
FAR = datetime(9999, 12, 31)


def _to_minutes(moments):
    """Return the full minutes by which all of some times are over, each once.

    A cron is woken to the minute, so each is rounded up.
    """
    return sorted(
        {moment.replace(second=0) + timedelta(minutes=1) for moment in moments}
    )


class SmsSms(models.Model):
    """When a message leaves: held, scheduled, expired.

    A held message waits like others (``state`` is ``outgoing``), but not before
    ``not_before``. What was known of the recipient's hour is stored with the decision.
    """

    _inherit = "sms.sms"

    send_at = fields.Datetime(
        readonly=True, copy=False, help="Not before this, as its author wants it."
    )
    keeps_hours = fields.Boolean(
        readonly=True,
        copy=False,
        help="It waits for business hours, though its purpose may leave at any hour.",
    )
    expires_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="From then on it has lost its point: a reminder after its appointment, an "
        "answer long after the question.",
    )
    gate_reason = fields.Selection(
        selection_add=[
            (timing.QUIET_HOURS, "Quiet hours where the person is"),
            (timing.SCHEDULED, "Scheduled by its author"),
            (
                timing.NO_OPENING,
                "No hour is allowed in all zones where the person may be: correct the "
                "time zone or the address of the contact",
            ),
            (verdicts.EXPIRED, "It would come too late: call instead"),
            (
                verdicts.UNCONFIRMED,
                "It could not leave within five minutes of the opt-out, and later it "
                "may not. The opt-out stands",
            ),
            (
                verdicts.UNANSWERED,
                "The answer could not leave in time, and would answer nothing any "
                "more: call if it matters",
            ),
            (verdicts.TOO_MANY, "Too many today: call instead, or send it tomorrow"),
        ]
    )
    gate_timing = fields.Selection(
        [
            (timing.IN_WINDOW, "Within the hours where the person is"),
            (timing.URGENT, "Urgent: leaves at any hour"),
            (timing.ANSWER, "Answers the person's own text"),
            (timing.NOT_KEPT, "The company keeps no quiet hours"),
        ],
        string="Hour",
        readonly=True,
        copy=False,
        help="Why it could leave at that hour.",
    )
    zone_names = fields.Char(
        "Zones",
        readonly=True,
        copy=False,
        help="All in which the person may be (IANA names).",
    )
    zone_source = fields.Char(
        "Zones Found By",
        readonly=True,
        copy=False,
        help="contact: its time zone; address; number: its area code or country; "
        "company: nothing better is known.",
    )
    local_time = fields.Char(
        "Their Local Time",
        readonly=True,
        copy=False,
        help="When it was decided, in each of those zones.",
    )
    replaced_by_id = fields.Many2one(
        "sms.sms",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    cancelled_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    _expiry_index = models.Index(
        "(expires_at) WHERE state = 'outgoing' AND expires_at IS NOT NULL"
    )

    @api.model
    def _prepare_times(self, vals_list):
        """Enter when new messages may leave, and until when they make sense.

        The context ``sms_send_at`` holds a datetime (UTC); what a client could send in
        its place is none. A message about an appointment that is to come ends with it.
        """
        send_at = self.env.context.get("sms_send_at")
        send_at = send_at if isinstance(send_at, datetime) else None
        for vals in vals_list:
            if send_at:
                vals.setdefault("send_at", send_at)
            if vals.get("mail_message_id") and "expires_at" not in vals:
                posts_sudo = self.env["mail.message"].sudo()
                post_sudo = posts_sudo.browse(vals["mail_message_id"])
                if post_sudo.model == APPOINTMENT_MODEL:
                    event = self.env[APPOINTMENT_MODEL].browse(post_sudo.res_id)
                    vals["expires_at"] = self._get_end_of_point(event)
            for name in ("send_at", "expires_at"):
                if moment := vals.get(name):
                    # Code and clients give times as text too.
                    vals[name] = fields.Datetime.to_datetime(moment)

    @api.model
    def _get_end_of_point(self, record):
        """Return from when on a message has lost its point: an appointment's beginning.

        :param record: what the message is about
        :return: datetime (UTC), or None if it is about no appointment that is to come
        """
        if record._name != APPOINTMENT_MODEL:
            return None
        start = record.sudo().exists().start
        return start if start and start > fields.Datetime.now() else None

    @api.model
    def _get_time_values(self, decision):
        """Return the fields that store why a message may leave at some hour."""
        values = {"gate_timing": decision.timing or False}
        if decision.when:
            names = ("zone_names", "zone_source", "local_time")
            values.update(zip(names, decision.when.describe(), strict=True))
        return values

    def _get_first_try(self, until):
        """Return from when on a message that is held now counts as tried.

        By as much later as it is held: nothing was tried meanwhile. Else what met a
        busy carrier on Friday evening would be given up at its first try on Monday.

        :param datetime until: when it may leave (UTC)
        :return: datetime (UTC), False if it has not been tried
        """
        self.ensure_one()
        if not self.tried_at:
            return False
        return min(self.tried_at + (until - fields.Datetime.now()), until)

    def _wake_when_due(self):
        """Wake who sends the held messages, when they are due."""
        held = self.filtered(
            lambda sms: sms.gate_verdict == verdicts.HOLD and sms.state == "outgoing"
        )
        outbox = held._filter_outbox()
        self._wake_at(outbox.mapped("not_before"), (held - outbox).mapped("not_before"))

    @api.model
    def _wake_at(self, of_outbox, of_others):
        """Wake who sends, once for each minute in which something is due.

        :param of_outbox: when messages of the outbox may leave (UTC)
        :param of_others: when messages of Odoo's own loop may leave (UTC)
        """
        if of_outbox:
            self._wake_outbox(_to_minutes(of_outbox))
        if of_others:
            cron = self.env.ref("sms.ir_cron_sms_scheduler_action")
            cron.sudo()._trigger(_to_minutes(of_others))

    @api.model
    def _get_due_domain(self):
        """Return the domain of messages whose time has come."""
        not_before = Domain("not_before", "<=", fields.Datetime.now())
        return Domain("not_before", "=", False) | not_before
